"""Erases what callers have sent: of one number, or of everybody once the time to keep it is over; and then
what is private of nominations.

What is sealed beside the entries goes, and the claims, and then every trace of both in the database's files.
The leaves stay, so that tree, receipts and totals hold: an `erase` act names the entries, and seals how the
erased messages had counted, taken together, which the recount takes in their place.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from dedup import caller, keys
from dedup.keys import VoterKey
from gateway.intake.recorder import Recorder
from gateway.intake.revise import Act, Refused
from gateway.intake.running import Running
from gateway.nominations import forgetting
from gateway.parts import records as parts
from gateway.room import proposals
from gateway.storage import cases
from gateway.storage.blocks import LEDGER, load
from gateway.storage.database import Database
from gateway.storage.store import Erasure, Filed, Head, Place, Store
from gateway.telling import cause
from tally import acts, entry, order, verify
from tally.certification import Progress
from tally.count import Totals
from tally.entry import BadEntry
from tally.order import Disordered, Span
from tally.recount import Recount
from tally.seal import Sealer
from tally.verify import Checked, Stored

_SQL: Final = load("gateway.keeping", "erasure.sql")
_log = structlog.get_logger()

#: How often it is looked whether the time to keep something is over.
DAILY_SECONDS: Final = 86_400.0
#: An act names no more spans of entries than fit in its leaf.
MOST_SPANS: Final = 2_000
#: Before the next attempt, if another node was faster.
_AGAIN_SECONDS: Final = 0.2
#: Messages may arrive while it is worked out what goes: then it is worked out again.
_ATTEMPTS: Final = 50
_CHUNK: Final = 1_000

_Spans = list[tuple[int, int]]


class NotErased(RuntimeError):
    """It is not allowed, or could not be done; the message says why, and what to do."""


class Entry(NamedTuple):
    """An entry, the node whose it is, and what was sealed beside it."""

    node: str
    checked: Checked


class _Asked(NamedTuple):
    """Who wants what gone, and why: a caller's messages, everybody's if `voter` is None. `line` is E.164."""

    by: str
    reason: str
    voter: VoterKey | None = None
    line: str = ""


#: From the last of these on the time to keep is counted.
_BEGINS: Final = frozenset({"close", "certify", "answer"})
#: Acts whose private part is of no caller, and which the count, or the evaluation, needs.
_STAYS: Final = ("withdraw", "score", "lot")


@dataclass(slots=True)
class _Going:
    """What is to go: entries by node, whose claims by them (`ruled`: by a ruling), how many messages, and
    what they came to."""

    counting: Recount
    places: dict[str, list[int]] = field(default_factory=dict)
    voters: set[VoterKey] = field(default_factory=set)
    ruled: set[VoterKey] = field(default_factory=set)
    messages: int = 0

    def feed(self, one: Entry) -> None:
        """Count an entry as the recount does, and note what goes with it."""
        checked = one.checked
        if checked.opening is not None:
            self.counting.message(checked.seq, checked.opening, one.node)
            self.voters.add(VoterKey(bytes.fromhex(checked.opening.voter)))
            self.messages += 1
        elif not checked.leaf.is_message:
            self.counting.act(checked, one.node)
            if voter := checked.private.get("voter"):
                self.ruled.add(VoterKey(bytes.fromhex(voter)))
        if checked.opening is not None or (checked.private and checked.leaf.kind not in _STAYS):
            self.places.setdefault(one.node, []).append(checked.seq)

    def totals(self, *, waiting: bool) -> Totals:
        """What the messages have come to; those that wait apart, for they will wait no more."""
        return Totals(
            {
                key: n
                for key, n in self.counting.totals.items()
                if n and key.subject != "act" and (key.subject == "waiting") is waiting
            }
        )


def _is_under_way(progress: Progress) -> bool:
    """Whether a result has been declared and is not certified, or an objection waits for its answer."""
    declared = progress.status not in ("unofficial-partial", "certified")
    return declared or bool(progress.open_objections)


class Eraser:
    """Call its methods beside the recorder that has the campaigns. `run` is the retention clock; `data` has
    the files of nominations."""

    def __init__(
        self,
        store: Store,
        recorder: Recorder,
        campaigns: Mapping[str, Running],
        now_ms: Callable[[], int],
        data: Path,
    ) -> None:
        self._store, self._recorder, self._campaigns, self._now_ms = store, recorder, campaigns, now_ms
        self._data = data
        self._stopping, self._turn = asyncio.Event(), asyncio.Lock()

    async def number(self, running: Running, number: str, by: str, reason: str, *, now: bool = False) -> int:
        """Erase what one number has sent; returns how many messages. `now`: although the vote is not closed.

        Raises `NotErased`, `Unavailable`, and what `Recorder.act` raises.
        """
        if not running.closed and not now:
            raise NotErased(
                f"{running.id} is not closed: whoever is erased now could vote again. Erase after the close, "
                "or say --now"
            )
        found = caller.normalise(number, running.campaign.caller.numbering())
        voter = keys.voter_key(running.keys.voter, found.line, number)
        return await self._erase(running, _Asked(by, reason, voter, found.line))

    async def everybody(self, running: Running, by: str, reason: str) -> int:
        """Erase what everybody has sent, and what is private of nominations; returns how many messages.

        Raises as `number`, and `OSError`.
        """
        if not running.closed:
            raise NotErased(f"{running.id} is not closed: not everybody can be erased before the close")
        if _is_under_way(running.progress) and reason != "court_or_supervisor":
            raise NotErased(
                f"the result of {running.id} is under way, and what was sent may be needed to answer for it: "
                "erase once it is certified and no objection is open, or by order of a court_or_supervisor"
            )
        messages = await self._erase(running, _Asked(by, reason))
        await self._forget_nominees(running, by)
        return messages

    async def run(self) -> None:
        """Erase what has been kept long enough, and look again every day, until stopped."""
        while not self._stopping.is_set():
            await self.tick()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), DAILY_SECONDS)

    def stop(self) -> None:
        """Let `run` end."""
        self._stopping.set()

    async def tick(self) -> None:
        """Erase what has been kept long enough, and the traces that could not be swept the last time."""
        for name, running in self._campaigns.items():
            try:
                await self._sweep_what_was_left()
                await self._look(running)
            except Exception as error:  # noqa: BLE001 -- whatever it is, it may be over tomorrow
                _log.error("retention_postponed", campaign=name, **cause(error))

    async def _look(self, running: Running) -> None:
        """Erase what a campaign has kept long enough; and where everybody was erased, by whichever node, what
        this one has in files."""
        if not running.closed:
            return
        leaves = [
            (act.node, entry.read_leaf(act.stored.leaf), act.stored.seq)
            for act in await self._store.acts(running.id)
        ]
        wholly = [one for one in leaves if one[1].kind == "erase" and one[1].detail.get("everybody")]
        since_ms = max(leaf.at_ms for _, leaf, _ in leaves if leaf.kind in _BEGINS)
        retention_ms = running.campaign.retention_ms
        is_over = (
            retention_ms is not None
            and self._now_ms() >= since_ms + retention_ms
            and not _is_under_way(running.progress)
        )
        size = self._recorder.head(running.id).entries
        if is_over and not any(
            order.placed(node, seq, leaf.detail).before == size - 1 for node, leaf, seq in wholly
        ):
            erased = await self.everybody(running, "system", "retention_over")
            _log.info("retention_over", campaign=running.id, messages=erased)
        elif is_over or wholly:
            await self._forget_nominees(running, "system")

    async def _forget_nominees(self, running: Running, by: str) -> None:
        async with self._turn:
            gone = await forgetting.forget(self._store, self._data, running, by, self._now_ms())
            if gone:
                await self._sweep()
                _log.info("nominees_erased", campaign=running.id, nominations=gone)

    async def _erase(self, running: Running, asked: _Asked) -> int:
        if asked.reason not in acts.REASONS["erase"]:
            raise NotErased(f"{asked.reason} is no reason: choose one of {', '.join(acts.REASONS['erase'])}")
        async with self._turn:
            # On disk before anything is erased: a crash may come before the traces are gone.
            await self._store.run(_to_be_swept, running.id)
            messages = await self._record(running, asked)
            # What the committee proposed, and nobody agreed to in time, may hold a number, too.
            await self._store.run(proposals.are_open, running.id, self._now_ms())
            if asked.voter is None:
                await self._store.run(parts.erase, running.id)
            await self._sweep()
        _log.info("erased", campaign=running.id, messages=messages)
        return messages

    async def _sweep(self) -> None:
        await self._store.sweep()
        await self._store.run(_swept)

    async def _sweep_what_was_left(self) -> None:
        async with self._turn:
            if await self._store.run(_is_unswept):
                await self._sweep()

    async def _record(self, running: Running, asked: _Asked) -> int:
        """Work out what goes, and let it go, in one act; returns how many messages."""
        for _ in range(_ATTEMPTS):
            logs = await self._store.run(cases.logs, running.id)
            known = [_opened(running, act.node, act.stored) for act in await self._store.acts(running.id)]
            head = self._recorder.head(running.id)
            try:
                going = await self._going(running, asked, logs, known, _row(head, logs, known))
                if not going.places:
                    return 0
                await self._recorder.act(self._act(running, asked, logs, known, going, head.entries))
            except Disordered:  # another node has just recorded an act
                self._recorder.look()
                await asyncio.sleep(_AGAIN_SECONDS)
            except Refused:
                continue
            else:
                return going.messages
        raise NotErased("messages arrive too fast to work out what goes: try again in a quieter hour")

    async def _going(
        self,
        running: Running,
        asked: _Asked,
        logs: Mapping[int, str],
        known: Sequence[Entry],
        row: Sequence[Span],
    ) -> _Going:
        going = _Going(Recount(running.rules(), _targets(known)))
        if asked.voter is None:
            async for one in self._everything(running, logs, row):
                going.feed(one)
        else:
            rank = order.ranks(row)
            found = await self._of_caller(running, asked.voter, asked.line, logs, known)
            for one in sorted(found, key=lambda one: rank(one.node, one.checked.seq)):
                going.feed(one)
            await self._alone(running, asked.voter, logs, going)
        if going.counting.faults:
            raise NotErased(f"it does not add up: {going.counting.faults[0]}. Run `televote recount` first")
        return going

    async def _alone(self, running: Running, voter: VoterKey, logs: Mapping[int, str], going: _Going) -> None:
        """Raises `NotErased` where a ruling gave one of the messages to another caller, who has more, and
        votes void each other: what it came to cannot be told from what the others did."""
        if not running.caps.void_all:
            return
        for other in going.ruled - {voter}:
            for one in await self._store.run(cases.of_caller, running.id, other):
                if one.place.seq not in going.places.get(logs[one.place.log_id], ()):
                    raise NotErased(
                        "a ruling gave one of this number's messages to a number that has sent more, and "
                        'with over_cap = "void_all" it cannot be erased by itself; it goes with everybody\'s'
                    )

    def _act(
        self,
        running: Running,
        asked: _Asked,
        logs: Mapping[int, str],
        known: Sequence[Entry],
        going: _Going,
        size: int,
    ) -> Act:
        everybody = asked.voter is None
        spans = {
            node: _all_but(seqs[-1], _sheets(known, node)) if everybody else _spans(seqs)
            for node, seqs in going.places.items()
        }
        if sum(map(len, spans.values())) > MOST_SPANS:
            raise NotErased("that number has sent too many messages to be erased by itself")
        destroyed = Erasure(
            {log: spans[node] for log, node in logs.items() if node in spans},
            None if asked.voter is None else sorted(going.voters | going.ruled | {asked.voter}),
            going.totals(waiting=True),
        )
        totals = sorted((*key, n) for key, n in going.totals(waiting=False).items())
        detail = {"by": asked.by, "reason": asked.reason, "everybody": everybody, "entries": spans}
        private = {"totals": totals, "messages": going.messages}
        return Act(running, "erase", self._now_ms(), detail, private, erased=destroyed, size=size)

    async def _everything(
        self, running: Running, logs: Mapping[int, str], row: Sequence[Span]
    ) -> AsyncIterator[Entry]:
        numbers = {node: log for log, node in logs.items()}
        for node, first, end in row:
            while first < end and (rows := await self._store.run(_some, numbers[node], first, end - first)):
                for stored in rows:
                    if stored.kind != "erase":
                        yield _opened(running, node, stored)
                first = rows[-1].seq + 1

    async def _of_caller(
        self,
        running: Running,
        voter: VoterKey,
        line: str,
        logs: Mapping[int, str],
        known: Sequence[Entry],
    ) -> list[Entry]:
        """A caller's messages, those that a ruling made theirs, the acts about them; what bars their line,
        if that does not matter any more; and every withdrawal, for it may have given them a vote back. In no
        order."""
        filed = list(await self._store.run(cases.of_caller, running.id, voter))
        ruled = {
            _about(act)
            for act in known
            if act.checked.private.get("voter") == voter.hex()
            or (line and act.checked.private.get("line") == line and "node" in act.checked.leaf.detail)
        }
        theirs = {(logs[one.place.log_id], one.place.seq) for one in filed}
        filed += await self._more(ruled - theirs, logs)
        theirs |= ruled
        found = [_opened(running, logs[one.place.log_id], one.stored) for one in filed]
        for act in known:
            kind = act.checked.leaf.kind
            barred = kind in ("bar", "unbar") and act.checked.private.get("line") == line
            if _about(act) in theirs or kind == "withdraw" or (barred and line and running.closed):
                found.append(act)
        return found

    async def _more(self, places: Iterable[tuple[str, int]], logs: Mapping[int, str]) -> Sequence[Filed]:
        numbers = {node: log for log, node in logs.items()}
        return await self._store.run(cases.filed, [Place(numbers[node], seq) for node, seq in sorted(places)])


def _to_be_swept(db: Database, campaign: str) -> None:
    db.execute(_SQL["to-be-swept"], (campaign,))


def _swept(db: Database) -> None:
    db.execute(_SQL["swept"])


def _is_unswept(db: Database) -> bool:
    return bool(db.execute(_SQL["unswept"]).fetchone()[0])


def _opened(running: Running, node: str, stored: Stored) -> Entry:
    """An entry as it is. Raises `NotErased` if it is damaged."""
    try:
        return Entry(node, verify.open_row(stored, Sealer(running.keys.sealing, f"{running.id}/{node}")))
    except BadEntry as error:
        raise NotErased(f"entry {stored.seq} of {node}: {error}. Run `televote verify` first") from error


def _targets(known: Iterable[Entry]) -> frozenset[tuple[str, int]]:
    return frozenset(_about(one) for one in known) - {("", -1)}


def _about(act: Entry) -> tuple[str, int]:
    """The message that an act is about."""
    detail = act.checked.leaf.detail
    return detail.get("node", ""), detail.get("entry", -1)


def _spans(seqs: Iterable[int]) -> _Spans:
    """The places, neighbours joined.

    >>> _spans([7, 1, 2, 3])
    [(1, 3), (7, 7)]
    """
    found: _Spans = []
    for seq in sorted(seqs):
        if found and found[-1][1] == seq - 1:
            found[-1] = (found[-1][0], seq)
        else:
            found.append((seq, seq))
    return found


def _sheets(known: Iterable[Entry], node: str) -> list[int]:
    """The score sheets in a node's log: the result hangs on them, whoever has been erased."""
    return [one.checked.seq for one in known if one.node == node and one.checked.leaf.kind == "score"]


def _all_but(last: int, stays: Iterable[int]) -> _Spans:
    """Everything up to `last`, without some.

    >>> _all_but(9, [0, 4, 5, 12])
    [(1, 3), (6, 9)]
    """
    bounds = [-1, *sorted(one for one in stays if one <= last), last + 1]
    return [(low + 1, high - 1) for low, high in pairwise(bounds) if low + 1 < high]


def _row(head: Head, logs: Mapping[int, str], known: Sequence[Entry]) -> list[Span]:
    """All entries that there are, in the order in which they are followed. Raises `Disordered`."""
    sizes = {head.node: head.size, **{node: edge.size for node, edge in head.others.items()}}
    acts = [order.placed(one.node, one.checked.seq, one.checked.leaf.detail) for one in known]
    return list(order.spans({node: sizes[node] for _, node in sorted(logs.items()) if node in sizes}, acts))


def _some(db: Database, log: int, since: int, most: int) -> list[Stored]:
    asked = (log, since, min(most, _CHUNK))
    return [Stored(*row) for row in db.execute(LEDGER["some-entries"], asked)]
