"""Looking up: messages by what they are, a caller's messages, the log of acts. It only reads.

Openings are sealed, so a search reads entries from the newest back, opens each that may fit, and looks. It
does so on a connection of its own, for about a second; then it says how far it came. A number is looked for
whole, by its pseudonym, or as it is shown: what the mask hides cannot be found by asking.

Entries stand in the order in which they came, so a stretch of time is found by halving; our clock may have
been set meanwhile, but not by more than `_SET_MS`.
"""

import asyncio
import re
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from dedup import caller, keys
from dedup.caller import Standing
from gateway.intake import revise
from gateway.intake.revise import Case
from gateway.intake.running import Running
from gateway.storage import cases, store
from gateway.storage.blocks import LEDGER, load
from gateway.storage.database import Database
from gateway.storage.reader import Reader
from gateway.storage.store import Place
from tally import entry, folding, verify
from tally.entry import Opening
from tally.outcome import MessageOutcome
from tally.seal import Sealer
from tally.verify import Checked, Stored

#: A search stops after about so long, and goes on when it is asked to.
_SECONDS: Final = 1.0
_CHUNK: Final = 400
_SET_MS: Final = 3_600_000
#: The beginning of time, for logs read from their end.
_END: Final = Place(2**62, 2**62)

_SQL: Final = load("gateway.room", "records.sql")
_OUTCOMES: Final = frozenset(MessageOutcome)


class Query(NamedTuple):
    """What is looked for; what is empty is not asked. `number` is whole, or masked ("138****0013").

    `code` is a candidate's. Times are when messages were received, `until_ms` exclusive. `told` says
    whether whoever asks knows the number, or asks for the caller of a message they see.
    """

    number: str = ""
    code: str = ""
    outcome: str = ""
    source: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    told: bool = True

    @property
    def masked(self) -> bool:
        """Whether the number is one as it is shown."""
        return "*" in self.number


class Found(NamedTuple):
    """Messages, newest first; `after` is where to go on, None if nothing is left; `looked` at so many."""

    cases: Sequence[Case]
    after: Place | None
    looked: int


class Acted(NamedTuple):
    """An act, and where it stands."""

    place: Place
    node: str
    act: Checked


def number(typed: str) -> str:
    """A number as it is looked for: digits, a plus, stars; full-width ones too."""
    return re.sub(r"[^0-9+*]", "", folding.fold(typed.replace("＊", "*").replace("×", "*")))


def fits_mask(asked: str, line: str) -> bool:
    """Whether a number, as it is shown, is the one asked for. Stars stand for what is hidden.

    >>> fits_mask("138****0013", "+8613812340013"), fits_mask("138*0013", "+8613812340013")
    (True, True)
    >>> fits_mask("13812*", "+8613812340013")
    False
    """
    pattern = ".*".join(re.escape(part) for part in re.split(r"\*+", asked))
    return bool(line) and re.fullmatch(pattern, caller.mask(line)) is not None


def may_fit(query: Query, stored: Stored, leaf: entry.Leaf, ruled: bool) -> bool:
    """Whether a message can be meant, by what is told of it in clear."""
    return (
        (ruled or query.outcome in ("", stored.kind))
        and (query.since_ms is None or leaf.at_ms >= query.since_ms)
        and (query.until_ms is None or leaf.at_ms < query.until_ms)
    )


def fits(query: Query, case: Case) -> bool:
    """Whether a message is meant, by what it has come to."""
    opening = case.opening
    if opening is None:
        return query == Query(outcome=query.outcome, since_ms=query.since_ms, until_ms=query.until_ms)
    return (
        query.outcome in ("", case.outcome)
        and query.source in ("", opening.source)
        and (not query.code or any(code == query.code for _, code, _ in case.selections))
        and (not query.masked or fits_mask(query.number, opening.line))
    )


class Archive:
    """One campaign's entries, opened. `seconds` is how long one look may take."""

    def __init__(self, running: Running, seconds: float = _SECONDS) -> None:
        self._running, self._seconds = running, seconds
        self._sealers: dict[str, Sealer] = {}

    async def search(self, reader: Reader, query: Query, after: Place | None, limit: int) -> Found:
        """Messages that fit, newest first, from a place on."""
        if query.number and not query.masked:
            return await self._of_caller(reader, query, after, limit)
        found: list[Case] = []
        looked, started = 0, time.perf_counter()
        place: Place | None = after or await reader.run(self._begin, query)
        while place is not None:
            more, place, rows = await reader.run(self._chunk, query, place, limit - len(found))
            found += more
            looked += rows
            if len(found) >= limit or time.perf_counter() - started > self._seconds:
                break
            await asyncio.sleep(0)
        return Found(found, place, looked)

    async def acts(
        self, reader: Reader, kind: str, after: Place | None, limit: int
    ) -> tuple[list[Acted], Place | None]:
        """The acts of all logs, newest first, and where they go on."""
        acts = await reader.run(self._acts, kind, after, limit)
        return acts, acts[-1].place if len(acts) == limit else None

    def _begin(self, db: Database, query: Query) -> Place:
        """Where the newest message that may fit can stand at most."""
        logs = list(cases.logs(db, self._running.id))
        if query.until_ms is None or not logs:
            return _END
        (last,) = db.execute(LEDGER["last-entry"], (logs[0],)).fetchone()
        low, high = 0, (last or 0) + 1
        while low < high:
            middle = (low + high) // 2
            row = Stored(*db.execute(LEDGER["entry"], (logs[0], middle)).fetchone())
            if _at_ms(row) < query.until_ms + _SET_MS:
                low = middle + 1
            else:
                high = middle
        return Place(logs[0], low)

    def _chunk(
        self, db: Database, query: Query, after: Place, limit: int
    ) -> tuple[list[Case], Place | None, int]:
        """Some entries before a place: the messages that fit, where to go on, how many were looked at."""
        log, node, rows = self._stretch(db, after)
        if not rows:
            return [], None, 0
        if query.since_ms is not None and _at_ms(rows[0]) < query.since_ms - _SET_MS:
            return [], Place(log, 0), 0
        ruled = {seq for (seq,) in db.execute(_SQL["ruled-between"], (log, rows[-1].seq, rows[0].seq))}
        sealer, found = self._sealer(f"{self._running.id}/{node}"), list[Case]()
        for looked, row in enumerate(rows, 1):
            case = self._case(db, sealer, query, Place(log, row.seq), row, row.seq in ruled)
            if case is not None:
                found.append(case)
                if len(found) == limit:
                    return found, Place(log, row.seq), looked
        return found, Place(log, rows[-1].seq), len(rows)

    def _stretch(self, db: Database, after: Place) -> tuple[int, str, list[Stored]]:
        """The entries just before a place, newest first, with their log and its node; none at the end."""
        for log, node in cases.logs(db, self._running.id).items():
            end = after.seq if log == after.log_id else _END.seq
            rows = [Stored(*row) for row in db.execute(_SQL["before"], (log, end, _CHUNK))]
            if rows and log <= after.log_id:
                return log, node, rows
        return 0, "", []

    @staticmethod
    def _case(
        db: Database, sealer: Sealer, query: Query, place: Place, row: Stored, ruled: bool
    ) -> Case | None:
        if row.kind not in _OUTCOMES:
            return None
        try:
            leaf = entry.read_leaf(row.leaf)
            if not may_fit(query, row, leaf, ruled):
                return None
            if not ruled:
                # Most have no act: these are looked at before all that may belong to them is fetched.
                opening = verify.open_row(row, sealer).opening
                if not fits(query, _as_received(place, opening, row.kind)):
                    return None
            (filed,) = cases.filed(db, [place])
            case = revise.read_case(filed, sealer)
        except entry.BadEntry:  # `verify` names it; one damaged entry must not hide the others
            return None
        return case if fits(query, case) else None

    async def _of_caller(self, reader: Reader, query: Query, after: Place | None, limit: int) -> Found:
        """Messages of one whole number. They are few."""
        numbering = self._running.campaign.caller.numbering()
        who = caller.normalise(query.number, numbering)
        line = who.line if who.standing is Standing.KNOWN else ""
        voter = keys.voter_key(self._running.keys.voter, line, query.number)
        filed = await reader.run(cases.of_caller, self._running.id, voter)
        read = [revise.read_case(one, self._sealer(one.log)) for one in reversed(filed)]
        rest = [case for case in read if case.place < (after or _END) and self._in_time(query, case)]
        found = [case for case in rest if fits(query._replace(number=""), case)]
        return Found(found[:limit], found[limit - 1].place if len(found) > limit else None, len(rest))

    @staticmethod
    def _in_time(query: Query, case: Case) -> bool:
        at_ms = case.opening.received_ms if case.opening else 0
        return (query.since_ms is None or at_ms >= query.since_ms) and (
            query.until_ms is None or at_ms < query.until_ms
        )

    def _acts(self, db: Database, kind: str, after: Place | None, limit: int) -> list[Acted]:
        logs = {node: log for log, node in cases.logs(db, self._running.id).items()}
        ends = dict.fromkeys(logs, _END.seq)
        last = None if after is None else db.execute(LEDGER["entry"], after).fetchone()
        if after is not None and last is not None:  # it tells how many entries the other logs had before it
            seen = store.placed(store.Acted("", Stored(*last))).seen
            ends = {
                node: after.seq if log == after.log_id else seen.get(node, 0) for node, log in logs.items()
            }
        found = [
            store.Acted(node, Stored(*row))
            for node, log in logs.items()
            for row in reversed(db.execute(_SQL["acts-before"], (log, ends[node], kind, limit)).fetchall())
        ]
        return [
            Acted(Place(logs[node], stored.seq), node, self._read_act(node, stored))
            for node, stored in store.in_order(found)[: -limit - 1 : -1]
        ]

    def _read_act(self, node: str, stored: Stored) -> Checked:
        try:
            return verify.open_row(stored, self._sealer(f"{self._running.id}/{node}"))
        except entry.BadEntry:  # what was public is still to be read
            return Checked(stored.seq, entry.read_leaf(stored.leaf), None)

    def _sealer(self, log: str) -> Sealer:
        sealer = self._sealers.get(log)
        if sealer is None:
            sealer = self._sealers[log] = Sealer(self._running.keys.sealing, log)
        return sealer


def _at_ms(row: Stored) -> int:
    return entry.read_leaf(row.leaf).at_ms


def _as_received(place: Place, opening: Opening | None, kind: str) -> Case:
    selections = opening.selections if opening else ()
    return Case(place, "", opening, MessageOutcome(kind), selections, (), "", "", "")
