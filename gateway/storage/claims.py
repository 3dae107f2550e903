"""Claims as rows: a message with all that it claims in one, and each claim in one of its own. Pure."""

from collections.abc import Iterable

from dedup.caps import Claim
from dedup.keys import MessageKey, VoterKey
from gateway.storage.store import Batch, ClaimRow

#: A message and what it claims: voter, campaign, message, uses of caps, channel, log, seq. Both are plain
#: tuples, for every vote makes some.
Claiming = tuple[VoterKey, int, MessageKey, tuple[Claim, ...], str, int, int]
#: A claim as it is stored, in the order of its key: voter, campaign, cap, contest, period, ordinal; then
#: candidate, channel, log and seq.
Row = tuple[VoterKey, int, str, str, str, int, str, str, int, int]
SHAPE = "(?,?,?,?,?,?,?,?,?,?)"


def claiming(batch: Batch) -> list[Claiming]:
    """The messages of a batch, with what they claim."""
    campaign, log = batch.head.campaign_id, batch.head.log_id
    return [
        (voter, campaign, message, uses, channel, log, seq)
        for voter, message, seq, channel, uses in batch.messages
    ]


def of_messages(messages: Iterable[Claiming]) -> list[Row]:
    """Every claim of messages, in no order: of each its id, and its uses of caps."""
    found: list[Row] = []
    for voter, campaign, message, uses, channel, log, seq in messages:
        found.append((voter, campaign, "message", "", message, 1, "", "", log, seq))
        for contest, cap, period, ordinal, candidate in uses:
            found.append((voter, campaign, cap, contest, period, ordinal, candidate, channel, log, seq))
    return found


def of_rulings(claims: Iterable[ClaimRow], campaign: int, log: int) -> list[Row]:
    """What rulings claim for messages of a log."""
    return [
        (voter, campaign, cap, contest, period, ordinal, candidate, channel, log, seq)
        for voter, contest, cap, period, ordinal, candidate, channel, seq in claims
    ]


def of_batch(batch: Batch) -> list[Row]:
    """What a batch claims, in its log and, by rulings, in earlier ones of the node."""
    campaign = batch.head.campaign_id
    found = of_messages(claiming(batch)) + of_rulings(batch.claims, campaign, batch.head.log_id)
    for log, earlier in batch.earlier.items():
        found += of_rulings(earlier.claims, campaign, log)
    return found
