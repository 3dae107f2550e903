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
_COUNTED: Final = MessageOutcome.COUNTED


def decide(
    head: Head, sealer: Sealer, items: Sequence[Prepared], recall: Recall, randomness: bytes
) -> Decided:
    """Judge messages of one campaign in order. `randomness` is 32 fresh random bytes a message."""
    batch = Batch(head, head)
    decided = Decided(batch)
    histories = _histories(recall.claims)
    recorded, fresh = recall.heard, dict[Heard, Verdict]()
    endings: list[tuple[str, str, MessageOutcome, Selected]] = []
    minutes: list[tuple[int, str, bool]] = []
    verdicts, at = decided.verdicts, 0
    for item in items:
        blinding, at = randomness[at : at + entry.BLINDING_BYTES], at + entry.BLINDING_BYTES
        source, heard = item.source, item.heard
        known = recorded.get(heard) or fresh.get(heard)
        if known is not None:
            decided.redelivered[source.name] += 1
            verdicts.append(known if isinstance(known, Place) else known._replace(redelivered=True))
            continue
        seq = head.size + len(batch.entries)
        outcome, selections, voids = _settle(batch, seq, item, histories)
        code = _append_message(batch, sealer, seq, item, outcome, selections, voids, blinding)
        verdict = Verdict(outcome, selections, Place(head.log_id, seq), False, code)
        fresh[heard] = verdict
        verdicts.append(verdict)
        if source.outbox is not None:
            _post(decided, source.outbox, seq, item, verdict)
        endings.append((source.name, source.channel, outcome, selections))
        minutes.append((item.received_ms // _MINUTE_MS, source.name, outcome is _COUNTED))
    for ended, messages in Counter(endings).items():
        decided.endings[Ending(*ended)] = messages
        count.add_messages(batch.totals, *ended[1:], messages)
    for (minute, name, counted), messages in Counter(minutes).items():
        batch.tempo[Minute(minute * _MINUTE_MS, name, counted)] = messages
    finish(batch)
    return decided


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
    batch: Batch, seq: int, item: Prepared, histories: dict[VoterKey, History]
) -> tuple[MessageOutcome, Selected, tuple[str, ...]]:
    """Judge one message, its claims going into the batch: how it and its selections ended, and the contests
    it voids."""
    voter, message = item.heard
    batch.messages.append(MessageRow(voter, message, seq))
    if item.ended is not None:
        outcome = "pending" if item.pending else "withdrawn"
        if item.pending:
            # Of what could not be read, `text` says only why: alike are the same bytes.
            unread = item.inbound.form is Form.UNPARSED
            words = item.raw_sha256 if unread else item.inbound.text
            text_key = keys.text_key(item.source.running.keys.message, words)
            batch.cases.append(CaseRow(seq, "waiting", text_key))
            batch.totals[count.waiting(item.source.channel, item.ended)] += 1
        return item.ended, _selected(item.selections, (outcome,) * len(item.selections)), ()
    history = histories.get(voter)
    if history is None:
        history = histories[voter] = History()
    source = item.source
    vote = Vote(voter, source.channel, seq, item.day)
    outcomes, voids = cast_vote(batch, vote, item.selections, item.withdrawn, history, source.running.caps)
    ended = _COUNTED if "counted" in outcomes else MessageOutcome.REPEAT
    return ended, _selected(item.selections, outcomes), voids


def cast_vote(
    batch: Batch,
    vote: Vote,
    chosen: Sequence[Selection],
    withdrawn: frozenset[Selection],
    history: History,
    caps: CampaignCaps,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Judge selections, their claims going into the batch: an outcome each, and the contests they void."""
    voter, channel, seq, day = vote
    judged = [one for one in chosen if one not in withdrawn] if withdrawn else chosen
    outcomes, claims, voids = judge.judge(judged, history, caps, day)
    for contest in voids:
        _void(batch, history, contest, caps)
    for claim in claims:
        batch.claims.append(ClaimRow(voter, *claim, channel, seq))
    history.add(claims, channel)
    if not withdrawn:
        return outcomes, voids
    left = iter(outcomes)
    return tuple(["withdrawn" if one in withdrawn else next(left) for one in chosen]), voids


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
    outcome: MessageOutcome,
    selections: Selected,
    voids: tuple[str, ...],
    blinding: bytes,
) -> int | None:
    """Append a message's entry; the number of its receipt, None where the campaign gives none."""
    source, inbound, line, running = item.source, item.inbound, item.caller.line, item.source.running
    received_ms, sent_ms = item.received_ms, inbound.sent_ms
    unread = inbound.form is Form.UNPARSED
    packed = entry.pack(
        source.channel,
        source.name,
        inbound.message_id,
        line,
        "" if line else inbound.caller,
        item.heard.voter.hex(),
        "" if unread else inbound.text,
        inbound.form,
        received_ms,
        sent_ms,
        item.placement.decided_by,
        item.day,
        outcome,
        selections,
        voids,
        item.note,
        item.raw_sha256,
        base64.b64encode(inbound.raw).decode() if unread else "",
    )
    leaf = entry.message_leaf(
        batch.head.campaign,
        outcome,
        received_ms,
        "-" if sent_ms is None else entry.event_time(sent_ms, inbound.sent_grain_ms),
        entry.commitment(blinding, packed),
        selections if running.open_ballots else None,
    )
    hashed = merkle.leaf_hash(leaf)
    batch.entries.append(Stored(seq, outcome, leaf, hashed, sealer.seal(seq, blinding, packed)))
    if not running.receipts:
        return None
    code = receipt.number(hashed)
    batch.receipts.append(ReceiptRow(code, seq))
    return code
