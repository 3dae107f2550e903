"""From prepared messages and what is remembered, to ledger entries and outcomes. Pure, in the given order.

What people do to a message later is judged in `revise.py`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import repeat
from typing import Final, NamedTuple

from dedup import judge, keys
from dedup.caps import CampaignCaps, Claim
from dedup.judge import History
from dedup.keys import VoterKey
from gateway.intake import inscribe, replies
from gateway.intake.inbound import Form
from gateway.intake.inscribe import Settled
from gateway.intake.journey import Prepared
from gateway.outbox.letter import Letter
from gateway.outbox.outbox import Outbox
from gateway.storage.store import (
    MINUTE_MS,
    Batch,
    CaseRow,
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
from tally import columns, count, merkle, receipt
from tally.count import Totals
from tally.entry import Selected
from tally.outcome import MessageOutcome, Selection, SelectionOutcome
from tally.seal import Sealer


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
    """Selections to be judged, those of them whose candidates have withdrawn, the channel they came by, and
    the day that decides."""

    chosen: Sequence[Selection]
    withdrawn: frozenset[Selection]
    channel: str
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


_COUNTED: Final = MessageOutcome.COUNTED


def decide(
    head: Head, sealer: Sealer, items: Sequence[Prepared], recall: Recall, randomness: bytes
) -> Decided:
    """Judge messages of one campaign in order. `randomness` is 32 fresh random bytes a message.

    They are judged one by one, and then entered in columns: the same work, a step at a time, takes less.
    """
    decided = Decided(Batch(head, head))
    batch, histories = decided.batch, _histories(recall.claims)
    recorded, fresh = recall.heard, dict[Heard, int]()
    messages: list[Prepared] = []
    settled: list[Settled] = []
    known: dict[int, Place | int] = {}  # items that were recorded before: where, or which message they repeat
    for number, item in enumerate(items):
        heard = item.heard
        before = recorded.get(heard, fresh.get(heard))
        if before is not None:
            known[number] = before
            decided.redelivered[item.source.name] += 1
            continue
        if item.pending:
            _file(batch, head.size + len(messages), item)
        fresh[heard] = len(messages)
        settled.append(settle(batch.totals, item, histories))
        messages.append(item)
    batch.entries = inscribe.entries(head, sealer, messages, settled, randomness)
    batch.messages = _rows(head, messages, settled)
    verdicts = _verdicts(batch, messages, settled)
    _count(decided, messages, settled)
    _post_all(decided, messages, verdicts)
    decided.verdicts = _in_turn(len(items), known, verdicts) if known else [*verdicts]
    if messages and messages[0].source.running.caps.void_all:
        held = Counter([voter for voter, *_ in recall.claims])
        batch.rests = {voter: held[voter] for voter, *_ in batch.messages}
    finish(batch)
    return decided


def _rows(head: Head, messages: Sequence[Prepared], settled: Sequence[Settled]) -> list[MessageRow]:
    """What recognises new messages, should they come again, and what they claim."""
    return columns.rows(
        MessageRow,
        [message.heard.voter for message in messages],
        [message.heard.message for message in messages],
        range(head.size, head.size + len(messages)),
        [message.source.channel for message in messages],
        [uses for *_, uses in settled],
    )


def _verdicts(batch: Batch, messages: Sequence[Prepared], settled: Sequence[Settled]) -> list[Verdict]:
    """How new messages ended, each with its receipt where the campaign gives one."""
    seqs = range(batch.head.size, batch.head.size + len(messages))
    codes: Iterable[int | None] = repeat(None, len(seqs))
    if messages and messages[0].source.running.receipts:
        codes = [receipt.number(one.leaf_hash) for one in batch.entries]
        batch.receipts = columns.rows(ReceiptRow, codes, seqs)
    places = columns.rows(Place, repeat(batch.head.log_id, len(seqs)), seqs)
    outcomes, selections, *_ = zip(*settled, strict=True) if settled else ((), ())
    return columns.rows(Verdict, outcomes, selections, places, repeat(False, len(seqs)), codes)


def _in_turn(
    items: int, known: Mapping[int, Place | int], verdicts: Sequence[Verdict]
) -> list[Verdict | Place]:
    """The verdicts in the order of the items, with those of items that were known."""
    new = iter(verdicts)
    told: list[Verdict | Place] = []
    for number in range(items):
        before = known.get(number)
        if before is None:
            told.append(next(new))
        else:
            told.append(before if isinstance(before, Place) else verdicts[before]._replace(redelivered=True))
    return told


def _count(decided: Decided, messages: Sequence[Prepared], settled: Sequence[Settled]) -> None:
    """Count new messages in the totals, in the tempo, and for whoever watches."""
    batch, ended = decided.batch, list(zip(messages, settled, strict=True))
    endings = Counter(
        [(one.source.name, one.source.channel, outcome, each) for one, (outcome, each, *_) in ended]
    )
    for ending, times in endings.items():
        decided.endings[Ending(*ending)] = times
        count.add_messages(batch.totals, *ending[1:], times)
    minutes = Counter(
        [(one.received_ms // MINUTE_MS, one.source.name, outcome is _COUNTED) for one, (outcome, *_) in ended]
    )
    for (minute, name, counted), times in minutes.items():
        batch.tempo[Minute(minute * MINUTE_MS, name, counted)] = times


def _post_all(decided: Decided, messages: Sequence[Prepared], verdicts: Sequence[Verdict]) -> None:
    """Put the replies to new messages into the batch."""
    for message, verdict in zip(messages, verdicts, strict=True):
        if message.source.outbox is not None:
            _post(decided, message.source.outbox, verdict.place.seq, message, verdict)


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


def settle(totals: Totals, item: Prepared, histories: dict[VoterKey, History]) -> Settled:
    """Judge one message. What it claims goes into its caller's history; what it voids moves in the totals."""
    if item.ended is not None:
        outcome = "pending" if item.pending else "withdrawn"
        return item.ended, _selected(item.selections, (outcome,) * len(item.selections)), (), ()
    voter = item.heard.voter
    history = histories.get(voter)
    if history is None:
        history = histories[voter] = History()
    source, chosen = item.source, item.selections
    vote = Vote(chosen, item.withdrawn, source.channel, item.day)
    outcomes, uses, voids = cast_vote(totals, vote, history, source.running.caps)
    ended = _COUNTED if "counted" in outcomes else MessageOutcome.REPEAT
    return ended, _selected(chosen, outcomes), voids, uses


def _file(batch: Batch, seq: int, item: Prepared) -> None:
    """That a message waits for a person goes into the batch."""
    assert item.ended is not None
    # Of what could not be read, `text` says only why: alike are the same bytes.
    unread = item.inbound.form is Form.UNPARSED
    text_key = keys.text_key(
        item.source.running.keys.message, item.raw_sha256 if unread else item.inbound.text
    )
    batch.cases.append(CaseRow(seq, "waiting", text_key))
    batch.totals[count.waiting(item.source.channel, item.ended)] += 1


def cast_vote(
    totals: Totals, vote: Vote, history: History, caps: CampaignCaps
) -> tuple[tuple[str, ...], tuple[Claim, ...], tuple[str, ...]]:
    """Judge a vote: an outcome for each selection, the claims they make, and the contests they void.

    The claims are added to the history; what was voided moves in the totals."""
    chosen, withdrawn, channel, day = vote
    judged = [one for one in chosen if one not in withdrawn] if withdrawn else chosen
    outcomes, claims, voids = judge.judge(judged, history, caps, day)
    for contest in voids:
        _void(totals, history, contest, caps)
    history.add(claims, channel)
    if not withdrawn:
        return outcomes, claims, voids
    left = iter(outcomes)
    return tuple(["withdrawn" if one in withdrawn else next(left) for one in chosen]), claims, voids


@lru_cache(maxsize=4096)
def _selected(selections: Sequence[Selection], outcomes: tuple[str, ...]) -> Selected:
    """Selections with their outcomes: few differ, so few are made."""
    return tuple([(*one, outcome) for one, outcome in zip(selections, outcomes, strict=True)])


def _void(totals: Totals, history: History, contest: str, caps: CampaignCaps) -> None:
    """Take the caller's earlier votes in a contest out of the totals."""
    for use in history.votes(contest, caps.contests[contest]):
        totals[count.selection(use.channel, contest, use.candidate, SelectionOutcome.COUNTED)] -= 1
        totals[count.selection(use.channel, contest, use.candidate, SelectionOutcome.VOIDED)] += 1
