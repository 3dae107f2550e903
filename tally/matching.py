"""Compares a statement with our record, message by message. Pure, the same for the same input, near-linear.

A row and a message are one if they have the same id; else if caller and text are the same, and the time is
within a tolerance; then if only the time differs, by less than clocks can; then if only the text does. What
is left over is missing, or extra. `likely` says why.
"""

import hashlib
from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from tally import likely
from tally.likely import AGAIN_MS, AWAY_MS, AWAY_ROWS, PARTS_MS
from tally.reconciliation import NOBODY, TOLERANCE_MS, Compared, Entry, Finding, Row

#: Two of the same caller and text that are further apart are two messages. No zone is further from another.
_FARTHEST_MS: Final = 15 * 3_600_000
_UNREAD, _BACKFILL = 1, 2
#: No time: none of ours is before 1970.
_NO_TIME: Final = -1

_Key = Callable[[Row], Hashable]
_Time = Callable[[int], int]


class _Altered(NamedTuple):
    row: Row
    ours: int
    differs: tuple[str, ...]


class Matcher:
    """Feed it what we recorded (`record`, `erased`), then the statement (`compare`), once.

    The statement's rows are held only while they have no partner.
    """

    def __init__(self) -> None:
        self._erased: list[int] = []
        self._ids: dict[bytes, int | list[int]] = {}
        self._places, self._sent, self._received = array("q"), array("q"), array("q")
        self._callers: list[bytes] = []
        self._texts: list[str] = []
        self._flags, self._used = bytearray(), bytearray()
        self._known_callers: dict[bytes, bytes] = {}
        self._known_texts: dict[str, str] = {}
        # What differs in time only: there can be as many as there are rows.
        self._late_rows, self._late_at, self._late_index = array("q"), array("q"), array("q")
        self._altered: list[_Altered] = []

    def record(self, entry: Entry) -> None:
        """A message of ours."""
        index = len(self._places)
        self._places.append(entry.place)
        self._sent.append(_NO_TIME if entry.sent_ms is None else entry.sent_ms)
        self._received.append(entry.received_ms)
        self._callers.append(self._known_callers.setdefault(entry.caller, entry.caller))
        self._texts.append(self._known_texts.setdefault(entry.text, entry.text))
        self._flags.append(_UNREAD * entry.unread | _BACKFILL * entry.backfill)
        self._used.append(0)
        name = _digest(entry.message)
        known = self._ids.setdefault(name, index)
        if known != index:  # two callers' messages with the same id: rare
            self._ids[name] = [*(known if isinstance(known, list) else (known,)), index]

    def erased(self, times: Iterable[int]) -> None:
        """When messages came that say nothing any more (Unix milliseconds)."""
        self._erased = sorted(times)

    def compare(self, rows: Iterable[Row]) -> Compared:
        """Compare. The rows may be in any order, and are gone through once."""
        self._known_callers, self._known_texts = {}, {}
        found, left = Compared(recorded=len(self._places)), list[Row]()
        slips, paired, first, last = Counter[int](), 0, 1 << 62, -1 << 62
        for row in rows:
            found.rows += 1
            first, last = min(first, row.at_ms), max(last, row.at_ms)
            index = self._by_id(row) if row.message else None
            if index is None:
                left.append(row)
                continue
            paired += 1
            slips[likely.quarters(self._off(row.at_ms, index), TOLERANCE_MS)] += 1
            self._pair(row, index, 0)
        if not paired:
            slips, paired = self._slips(left)
        slip_ms = found.slip_ms = likely.slip(slips, paired)
        if found.rows:
            found.first_ms, found.last_ms = first - slip_ms, last - slip_ms
        left = self._by_words(left, slip_ms)
        found.matched = found.rows - len(left) - len(self._altered) - len(self._late_rows)
        found.findings = [
            *self._missing(left, slip_ms),
            *self._extra([index for index, used in enumerate(self._used) if not used], found),
            *self._altered_ones(),
            *self._shifted(slip_ms),
        ]
        return found

    # ---- partners

    def _by_id(self, row: Row) -> int | None:
        """The message with the row's id, if there is one that has no partner."""
        known = self._ids.get(_digest(row.message))
        if known is None:
            return None
        free = [index for index in (known if isinstance(known, list) else (known,)) if not self._used[index]]
        if not free:
            return None
        return next((one for one in free if self._callers[one] == row.caller), free[0])

    def _by_words(self, left: list[Row], slip_ms: int) -> list[Row]:
        """Find partners for rows that have none by id; returns those that still have none."""
        has_texts = any(row.text is not None for row in left)

        def theirs(row: Row) -> Hashable:
            return row.caller, row.text or ""

        def ours(index: int) -> Hashable:
            return self._callers[index], self._texts[index] if has_texts else ""

        for time, within_ms in (
            (self._time, TOLERANCE_MS),
            (self._received.__getitem__, TOLERANCE_MS),
            (self._time, _FARTHEST_MS),
        ):
            left = self._by_key(left, slip_ms, theirs, ours, time, within_ms)
        named = [row for row in left if row.caller != NOBODY]
        still = {
            row.row
            for row in self._by_key(
                named,
                slip_ms,
                lambda row: row.caller,
                self._callers.__getitem__,
                self._time,
                TOLERANCE_MS,
            )
        }
        return [row for row in left if row.caller == NOBODY or row.row in still]

    def _by_key(
        self,
        left: list[Row],
        slip_ms: int,
        key: _Key,
        own: Callable[[int], Hashable],
        time: _Time,
        within_ms: int,
    ) -> list[Row]:
        """Pair what has the same key, in the order of time, and is no further apart."""
        theirs: defaultdict[Hashable, list[Row]] = defaultdict(list)
        for row in left:
            theirs[key(row)].append(row)
        ours: defaultdict[Hashable, list[int]] = defaultdict(list)
        for index, used in enumerate(self._used if theirs else ()):
            if not used and (name := own(index)) in theirs:
                ours[name].append(index)
        taken = set[int]()
        for name, messages in ours.items():
            messages.sort(key=time)
            at = 0
            for row in sorted(theirs[name], key=lambda one: (one.at_ms, one.row)):
                at_ms = row.at_ms - slip_ms
                while at < len(messages) and time(messages[at]) < at_ms - within_ms:
                    at += 1
                if at == len(messages):
                    break
                if time(messages[at]) <= at_ms + within_ms:
                    taken.add(row.row)
                    self._pair(row, messages[at], slip_ms)
                    at += 1
        return [row for row in left if row.row not in taken]

    def _pair(self, row: Row, index: int, slip_ms: int) -> None:
        """They are one; keep what differs. With a slip, what only differs by it is shifted too."""
        self._used[index] = 1
        if differs := self._differs(row, index):
            self._altered.append(_Altered(row, index, differs))
        elif slip_ms or abs(self._off(row.at_ms, index)) > TOLERANCE_MS:
            self._late_rows.append(row.row)
            self._late_at.append(row.at_ms)
            self._late_index.append(index)

    def _differs(self, row: Row, index: int) -> tuple[str, ...]:
        caller = NOBODY not in (row.caller, self._callers[index]) and row.caller != self._callers[index]
        text = row.text is not None and row.text != self._texts[index]
        return ("caller",) * caller + ("text",) * text

    def _off(self, at_ms: int, index: int) -> int:
        """By how much that is later than the message: by its sender's time or ours, whichever is nearer."""
        received = at_ms - self._received[index]
        if self._sent[index] == _NO_TIME:
            return received
        sent = at_ms - self._sent[index]
        return sent if abs(sent) <= abs(received) else received

    def _time(self, index: int) -> int:
        return self._received[index] if self._sent[index] == _NO_TIME else self._sent[index]

    def _slips(self, left: Sequence[Row]) -> tuple[Counter[int], int]:
        """By how many quarters of an hour rows are off that are the only ones of their caller and text."""
        has_texts = any(row.text is not None for row in left)
        theirs = Counter((row.caller, row.text or "") for row in left)
        ours: dict[tuple[bytes, str], int] = {}
        for index, caller in enumerate(self._callers):
            name = (caller, self._texts[index] if has_texts else "")
            if theirs[name] == 1:
                ours[name] = -1 if name in ours else index
        slips, paired = Counter[int](), 0
        for row in left:
            if (index := ours.get((row.caller, row.text or ""), -1)) >= 0:
                paired += 1
                slips[likely.quarters(self._off(row.at_ms, index), TOLERANCE_MS)] += 1
        return slips, paired

    # ---- findings

    def _around(self, callers: Iterable[bytes]) -> dict[bytes, list[int]]:
        """All messages of some callers."""
        found: dict[bytes, list[int]] = {caller: [] for caller in callers if caller != NOBODY}
        for index, caller in enumerate(self._callers if found else ()):
            if caller in found:
                found[caller].append(index)
        return found

    def _missing(self, left: Sequence[Row], slip_ms: int) -> Iterator[Finding]:
        if not left:
            return
        around, heard = self._around({row.caller for row in left}), sorted(self._received)
        unread = sorted(
            self._time(index)
            for index, flags in enumerate(self._flags)
            if flags & _UNREAD and not self._used[index]
        )
        gaps = Counter(bisect_right(heard, row.at_ms - slip_ms) for row in left)
        for row in left:
            at_ms = row.at_ms - slip_ms
            near = [(index, abs(self._off(at_ms, index))) for index in around.get(row.caller, ())]
            same = min((off for index, off in near if row.text in (None, self._texts[index])), default=None)
            gap = bisect_right(heard, at_ms)
            silent = not 0 < gap < len(heard) or heard[gap] - heard[gap - 1] > AWAY_MS
            twice = same == 0 if not row.message else _digest(row.message) in self._ids
            reason = likely.first(
                ("listed_twice", twice),
                ("erased", likely.is_close(self._erased, at_ms, TOLERANCE_MS)),
                ("no_number", row.caller == NOBODY),
                ("sent_twice", same is not None and same <= AGAIN_MS),
                ("part_of_longer", row.text is not None and any(off <= PARTS_MS for _, off in near)),
                ("unread_here", likely.is_close(unread, at_ms, TOLERANCE_MS)),
                ("outage", silent and gaps[gap] >= AWAY_ROWS),
                ("not_delivered", True),
            )
            yield Finding("missing", reason, row.row, theirs_ms=row.at_ms)

    def _extra(self, left: Sequence[int], found: Compared) -> Iterator[Finding]:
        around = self._around({self._callers[index] for index in left})
        outside = 0
        for index in left:
            if self._is_outside(index, found):
                outside += 1
                continue
            at_ms, text = self._time(index), self._texts[index]
            again = any(
                self._used[one] and self._texts[one] == text and abs(self._time(one) - at_ms) <= AGAIN_MS
                for one in around.get(self._callers[index], ())
            )
            reason = likely.first(
                ("backfilled", bool(self._flags[index] & _BACKFILL)),
                ("unread_here", bool(self._flags[index] & _UNREAD)),
                ("sent_twice", again),
                ("no_number", self._callers[index] == NOBODY),
                ("not_in_statement", True),
            )
            yield Finding("extra", reason, place=self._places[index], ours_ms=at_ms)
        if outside:
            yield Finding("extra", "outside_statement", rows=outside)

    def _is_outside(self, index: int, found: Compared) -> bool:
        """Whether a message is before the statement's first row, or after its last."""
        if found.first_ms is None or found.last_ms is None:
            return True
        low, high = found.first_ms - TOLERANCE_MS, found.last_ms + TOLERANCE_MS
        return not any(low <= at_ms <= high for at_ms in (self._time(index), self._received[index]))

    def _altered_ones(self) -> Iterator[Finding]:
        for row, index, differs in self._altered:
            reason = likely.altered(row.text or "", self._texts[index], differs)
            yield Finding(
                "altered", reason, row.row, self._places[index], row.at_ms, self._time(index), differs
            )

    def _shifted(self, slip_ms: int) -> Iterator[Finding]:
        slipped = 0
        for row, at_ms, index in zip(self._late_rows, self._late_at, self._late_index, strict=True):
            off_ms = self._off(at_ms, index)
            if slip_ms and abs(self._off(at_ms - slip_ms, index)) <= TOLERANCE_MS:
                slipped += 1
                continue
            reason = likely.shifted(off_ms, TOLERANCE_MS)
            yield Finding("shifted", reason, row, self._places[index], at_ms, self._time(index))
        if slipped:
            yield Finding("shifted", "time_zone", theirs_ms=slip_ms, ours_ms=0, rows=slipped)


def _digest(message: str) -> bytes:
    return hashlib.blake2b(message.encode("utf-8", "replace"), digest_size=12).digest()
