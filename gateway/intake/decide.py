"""From prepared messages and what is remembered, to ledger entries and outcomes. Pure, in the given order.

What people do to a message later is judged in `revise.py`.
"""

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, NamedTuple

from dedup import judge, keys
from dedup.caps import CampaignCaps
from dedup.judge import History
from dedup.keys import VoterKey
from gateway.intake import replies
from gateway.intake.inbound import Form
from gateway.intake.journey import Prepared
from gateway.outbox.letter import Letter
from gateway.outbox.outbox import Outbox
from gateway.storage.store import (
    Batch,
    CaseRow,
    ClaimRow,
    Head,
    Heard,
    HeldClaim,
    MessageRow,
    Minute,
    Place,
    Recall,
    ReceiptRow,
    ReplyRow,
)
from tally import count, entry, merkle, receipt
from tally.entry import Selected
from tally.outcome import MessageOutcome, Selection, SelectionOutcome
from tally.seal import Sealer
from tally.verify import Stored


class Verdict(NamedTuple):
    """How a message ended, where its entry stands, and whether this was a redelivery of it.

    `selections` are (contest, candidate, outcome); `receipt` is the number of the message's receipt, None
    where the campaign gives none.
    """

    outcome: MessageOutcome
    selections: Selected
    place: Place
    redelivered: bool = False
    receipt: int | None = None


class Vote(NamedTuple):
    """Whose vote is judged, the channel it came by, the entry that holds it, and the day that decides."""

    voter: VoterKey
    channel: str
    seq: int
    day: str


class Ending(NamedTuple):
    """By which source and channel messages came, and how they ended."""

    source: str
    channel: str
    outcome: MessageOutcome
    selections: Selected


@dataclass(slots=True)
class Decided:
    """A batch to append, and a verdict for each item: a place where it must be looked up because the message
    was recorded in an earlier batch. `endings` counts the new messages, `redelivered` those that were known,
    by source; `posted` the replies by outbox, `unposted` those that were too many, by source."""

    batch: Batch
    verdicts: list[Verdict | Place] = field(default_factory=list)
    endings: Counter[Ending] = field(default_factory=Counter)
    redelivered: Counter[str] = field(default_factory=Counter)
    posted: Counter[Outbox] = field(default_factory=Counter)
    unposted: Counter[str] = field(default_factory=Counter)


_MINUTE_MS: Final = 60_000


def decide(
    head: Head, sealer: Sealer, items: Sequence[Prepared], recall: Recall, randomness: bytes
) -> Decided:
    """Judge messages of one campaign in order. `randomness` is 32 fresh random bytes a message."""
    batch = Batch(head, head)
    decided = Decided(batch)
    histories = _histories(recall.claims)
    fresh: dict[Heard, Verdict] = {}
    for index, item in enumerate(items):
        seq = head.size + len(batch.entries)
        known = recall.heard.get(item.heard) or fresh.get(item.heard)
        if known is not None:
            decided.redelivered[item.source.name] += 1
            decided.verdicts.append(known if isinstance(known, Place) else known._replace(redelivered=True))
            continue
        verdict, voids = _settle(batch, Place(head.log_id, seq), item, histories)
        blinding = randomness[index * entry.BLINDING_BYTES : (index + 1) * entry.BLINDING_BYTES]
        _append_message(batch, sealer, seq, item, verdict, voids, blinding)
        if item.source.running.receipts:
            verdict = _with_receipt(batch, verdict)
        fresh[item.heard] = verdict
        decided.verdicts.append(verdict)
        source = item.source
        if source.outbox is not None:
            _post(decided, source.outbox, seq, item, verdict)
        decided.endings[Ending(source.name, source.channel, verdict.outcome, verdict.selections)] += 1
        minute_ms = item.received_ms // _MINUTE_MS * _MINUTE_MS
        batch.tempo[Minute(minute_ms, source.name, verdict.outcome is MessageOutcome.COUNTED)] += 1
    for ending, messages in decided.endings.items():
        count.add_messages(batch.totals, ending.channel, ending.outcome, ending.selections, messages)
    finish(batch)
    return decided


def _with_receipt(batch: Batch, verdict: Verdict) -> Verdict:
    """The verdict with the receipt of the entry that was appended last, which is to be found again."""
    stored = batch.entries[-1]
    code = receipt.number(stored.leaf_hash)
    batch.receipts.append(ReceiptRow(code, stored.seq))
    return verdict._replace(receipt=code)


def _post(decided: Decided, outbox: Outbox, seq: int, item: Prepared, verdict: Verdict) -> None:
    """Put the reply to a new message into the batch, if one is due and there is room for it."""
    source, to = item.source, item.caller.line
    words = replies.words(source, verdict.outcome, verdict.selections, verdict.receipt)
    if not (words.text and to):
        return
    if not outbox.has_room(decided.posted[outbox]):
        decided.unposted[source.name] += 1
        return
    reference = outbox.envelope.reference(source.name, item.inbound.message_id)
    letter = Letter(reference, to, verdict.outcome.value, *words)
    sealed = outbox.envelope.seal(decided.batch.head.log_id, seq, letter)
    row = ReplyRow(item.heard.voter, seq, source.name, item.received_ms, item.received_ms, sealed)
    decided.batch.replies.append(row)
    decided.posted[outbox] += 1


def finish(batch: Batch) -> None:
    """Work out what log the batch makes of the log before."""
    head = batch.head
    hashes = [stored.leaf_hash for stored in batch.entries]
    size, frontier = merkle.extend(head.size, head.frontier, hashes)
    edition = head.edition + bool(batch.acts)
    batch.after = replace(head, size=size, frontier=frontier, edition=edition)


def _histories(claims: Sequence[HeldClaim]) -> dict[VoterKey, History]:
    histories: dict[VoterKey, History] = {}
    for voter, claim, channel in claims:
        histories.setdefault(voter, History()).add((claim,), channel)
    return histories


def _settle(
    batch: Batch, place: Place, item: Prepared, histories: dict[VoterKey, History]
) -> tuple[Verdict, tuple[str, ...]]:
    """Judge one message, its claims going into the batch: the verdict, and the contests it voids."""
    batch.messages.append(MessageRow(*item.heard, place.seq))
    if item.ended is not None:
        outcome = "pending" if item.pending else "withdrawn"
        if item.pending:
            # Of what could not be read, `text` says only why: alike are the same bytes.
            unread = item.inbound.form is Form.UNPARSED
            words = item.raw_sha256 if unread else item.inbound.text
            text_key = keys.text_key(item.source.running.keys.message, words)
            batch.cases.append(CaseRow(place.seq, "waiting", text_key))
            batch.totals[count.waiting(item.source.channel, item.ended)] += 1
        return Verdict(item.ended, _selected(item.selections, (outcome,) * len(item.selections)), place), ()
    voter = item.heard.voter
    history = histories.get(voter)
    if history is None:
        history = histories[voter] = History()
    vote = Vote(voter, item.source.channel, place.seq, item.day)
    outcomes, voids = cast_vote(
        batch, vote, item.selections, item.withdrawn, history, item.source.running.caps
    )
    ended = MessageOutcome.COUNTED if "counted" in outcomes else MessageOutcome.REPEAT
    return Verdict(ended, _selected(item.selections, outcomes), place), voids


def cast_vote(
    batch: Batch,
    vote: Vote,
    chosen: Sequence[Selection],
    withdrawn: frozenset[Selection],
    history: History,
    caps: CampaignCaps,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Judge selections, their claims going into the batch: an outcome each, and the contests they void."""
    judged = [one for one in chosen if one not in withdrawn] if withdrawn else chosen
    judgement = judge.judge(judged, history, caps, vote.day)
    for contest in judgement.voids:
        _void(batch, history, contest, caps)
    for claim in judgement.claims:
        batch.claims.append(ClaimRow(vote.voter, *claim, vote.channel, vote.seq))
    history.add(judgement.claims, vote.channel)
    if not withdrawn:
        return judgement.outcomes, judgement.voids
    left = iter(judgement.outcomes)
    return tuple(["withdrawn" if one in withdrawn else next(left) for one in chosen]), judgement.voids


@lru_cache(maxsize=4096)
def _selected(selections: Sequence[Selection], outcomes: tuple[str, ...]) -> Selected:
    """Selections with their outcomes: few differ, so few are made."""
    return tuple([(*one, outcome) for one, outcome in zip(selections, outcomes, strict=True)])


def _void(batch: Batch, history: History, contest: str, caps: CampaignCaps) -> None:
    """Take the caller's earlier votes in a contest out of the totals."""
    for use in history.votes(contest, caps.contests[contest]):
        batch.totals[count.selection(use.channel, contest, use.candidate, SelectionOutcome.COUNTED)] -= 1
        batch.totals[count.selection(use.channel, contest, use.candidate, SelectionOutcome.VOIDED)] += 1


def _append_message(
    batch: Batch,
    sealer: Sealer,
    seq: int,
    item: Prepared,
    verdict: Verdict,
    voids: tuple[str, ...],
    blinding: bytes,
) -> None:
    inbound, outcome = item.inbound, verdict.outcome
    unread = inbound.form is Form.UNPARSED
    packed = entry.pack(
        item.source.channel,
        item.source.name,
        inbound.message_id,
        item.caller.line,
        "" if item.caller.line else inbound.caller,
        item.heard.voter.hex(),
        "" if unread else inbound.text,
        inbound.form,
        item.received_ms,
        inbound.sent_ms,
        item.placement.decided_by,
        item.day,
        outcome,
        verdict.selections,
        voids,
        item.note,
        item.raw_sha256,
        base64.b64encode(inbound.raw).decode() if unread else "",
    )
    leaf = entry.message_leaf(
        batch.head.campaign,
        outcome,
        item.received_ms,
        entry.event_time(inbound.sent_ms, inbound.sent_grain_ms),
        entry.commitment(blinding, packed),
        verdict.selections if item.source.running.open_ballots else None,
    )
    sealed = sealer.seal(seq, blinding, packed)
    batch.entries.append(Stored(seq, outcome, leaf, merkle.leaf_hash(leaf), sealed))
