"""Looking up: messages by what they are, a caller's messages, the log of acts. It only reads.

Openings are sealed, so a search reads entries from the newest back, opens each that may fit, and looks. It
does so on a connection of its own, for about a second; then it says how far it came. A number is looked for
whole, by its pseudonym, or as it is shown: what the mask hides cannot be found by asking.

Entries stand in the order in which they came, so a stretch of time is found by halving; our clock may have
been set meanwhile, but not by more than `_SET_MS`. Several logs are read side by side: messages come in the
order in which they were received, each log in its own.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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


#: Before which entry of each log a search goes on; of a log that is not named nothing is left.
Ends = Mapping[int, int]


class Found(NamedTuple):
    """Messages, newest first; `after` is where to go on, empty if nothing is left; `looked` at so many."""

    cases: Sequence[Case]
    after: Ends
    looked: int


@dataclass(slots=True)
class _Strand:
    """One log on its way back from its newest entry. `found` are messages that fit and are not shown yet,
    with when they came; `end` is before which entry reading goes on, None at the log's end."""

    log: int
    node: str
    end: int | None
    found: deque[tuple[int, Case]] = field(default_factory=deque)
    was_read: bool = False

    @property
    def rest(self) -> int | None:
        """Before which entry there is something that is not shown yet, None if there is nothing."""
        return self.found[0][1].place.seq + 1 if self.found else self.end

    @property
    def newest_ms(self) -> int:
        return self.found[0][0]


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

    async def search(self, reader: Reader, query: Query, after: Ends | None, limit: int) -> Found:
        """Messages that fit, newest first, from where a search before ended."""
        whose = bool(query.number) and not query.masked
        begin = self._of_caller if whose else self._begin
        strands, looked = await reader.run(begin, query, after)
        found, until = list[Case](), time.perf_counter() + self._seconds
        while len(found) < limit:
            unknown = next((one for one in strands if not one.found and one.end is not None), None)
            if unknown is not None:
                # Each log is read once at least: so every look comes further.
                if unknown.was_read and time.perf_counter() > until:
                    break
                looked += await reader.run(self._read_on, query, unknown, limit - len(found))
                await asyncio.sleep(0)
            elif waiting := [one for one in strands if one.found]:
                found.append(max(waiting, key=lambda one: one.newest_ms).found.popleft()[1])
            else:
                break
        return Found(found, {one.log: one.rest for one in strands if one.rest is not None}, looked)

    async def acts(
        self, reader: Reader, kind: str, after: Place | None, limit: int
    ) -> tuple[list[Acted], Place | None]:
        """The acts of all logs, newest first, and where they go on."""
        acts = await reader.run(self._acts, kind, after, limit)
        return acts, acts[-1].place if len(acts) == limit else None

    def _begin(self, db: Database, query: Query, after: Ends | None) -> tuple[list[_Strand], int]:
        """The logs, each from where the newest message that may fit can stand at most."""
        logs = cases.logs(db, self._running.id)
        if after is None:
            after = {log: self._last(db, log, query.until_ms) for log in logs}
        return [_Strand(log, node, after[log]) for log, node in logs.items() if log in after], 0

    @staticmethod
    def _last(db: Database, log: int, until_ms: int | None) -> int:
        """Before which entry of a log all messages stand that came before an instant."""
        if until_ms is None:
            return _END.seq
        (last,) = db.execute(LEDGER["last-entry"], (log,)).fetchone()
        low, high = 0, (last or 0) + 1
        while low < high:
            middle = (low + high) // 2
            row = Stored(*db.execute(LEDGER["entry"], (log, middle)).fetchone())
            if _at_ms(row) < until_ms + _SET_MS:
                low = middle + 1
            else:
                high = middle
        return low

    def _read_on(self, db: Database, query: Query, strand: _Strand, limit: int) -> int:
        """Look at some more entries of a log, for so many messages at most; at how many was looked."""
        rows = [Stored(*row) for row in db.execute(_SQL["before"], (strand.log, strand.end, _CHUNK))]
        strand.was_read = True
        if not rows or (query.since_ms is not None and _at_ms(rows[0]) < query.since_ms - _SET_MS):
            strand.end = None
            return 0
        asked = (strand.log, rows[-1].seq, rows[0].seq)
        ruled = {seq for (seq,) in db.execute(_SQL["ruled-between"], asked)}
        sealer = self._sealer(f"{self._running.id}/{strand.node}")
        for looked, row in enumerate(rows, 1):
            strand.end = row.seq
            place = Place(strand.log, row.seq)
            case = self._case(db, sealer, query, place, row, row.seq in ruled)
            if case is not None:
                strand.found.append((_at_ms(row), case))
                if len(strand.found) == limit:
                    return looked
        return len(rows)

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

    def _of_caller(self, db: Database, query: Query, after: Ends | None) -> tuple[list[_Strand], int]:
        """The logs with the messages of one whole number, which are few: nothing is left to be read."""
        numbering = self._running.campaign.caller.numbering()
        who = caller.normalise(query.number, numbering)
        line = who.line if who.standing is Standing.KNOWN else ""
        voter = keys.voter_key(self._running.keys.voter, line, query.number)
        strands, looked = dict[str, _Strand](), 0
        for filed in reversed(cases.of_caller(db, self._running.id, voter)):
            try:
                case = revise.read_case(filed, self._sealer(filed.log))
            except entry.BadEntry:  # `verify` names it; one damaged entry must not hide the others
                continue
            if after is not None and case.place.seq >= after.get(case.place.log_id, 0):
                continue
            if self._in_time(query, case):
                looked += 1
                strand = strands.setdefault(filed.log, _Strand(case.place.log_id, "", None))
                if fits(query._replace(number=""), case):
                    strand.found.append((_at_ms(filed.stored), case))
        return list(strands.values()), looked

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
