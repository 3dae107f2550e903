"""Compares a statement of counts per hour, or per day, with our record. Pure.

Counts cannot tell one message from another: what they show is how many are missing or extra, and when. If
they agree once they are moved by whole hours, that is said instead.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from tally.likely import QUARTER_MS
from tally.reconciliation import Compared, Finding

_QUARTERS: Final = 4
#: Zones are no further apart.
_HOURS: Final = 14
#: What must be left at most, of what differed, once the statement is moved.
_LEFT: Final = 0.1


class Period(NamedTuple):
    """A row of such a statement: `[from_ms, until_ms)` and how many messages."""

    row: int
    from_ms: int
    until_ms: int
    messages: int


class Overlapping(ValueError):
    """Two periods overlap; `row` is the later one's."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


def compare(periods: Sequence[Period], times: Iterable[int]) -> Compared:
    """Compare periods with the times of our messages (Unix milliseconds). Raises `Overlapping`."""
    ordered = sorted(periods, key=lambda one: one.from_ms)
    for before, one in pairwise(ordered):
        if one.from_ms < before.until_ms:
            raise Overlapping(one.row)
    quarters = Counter(at_ms // QUARTER_MS for at_ms in times)  # every zone's hour is made of these
    found = Compared(rows=sum(one.messages for one in ordered), recorded=quarters.total())
    slip = _slip(ordered, quarters)
    ours, outside = _ours(ordered, quarters, slip)
    found.slip_ms = slip * _QUARTERS * QUARTER_MS
    if ordered:
        found.first_ms, found.last_ms = ordered[0].from_ms, ordered[-1].until_ms - 1
    found.findings = _findings(ordered, ours)
    found.matched = sum(min(one.messages, had) for one, had in zip(ordered, ours, strict=True))
    if slip and found.matched:
        found.findings.append(
            Finding("shifted", "time_zone", theirs_ms=found.slip_ms, ours_ms=0, rows=found.matched)
        )
        found.matched = 0
    if outside:
        found.findings.append(Finding("extra", "outside_statement", rows=outside))
    return found


def _ours(ordered: Sequence[Period], quarters: Counter[int], slip: int) -> tuple[list[int], int]:
    """How many of ours fall into each period, and into none, if the statement's clock is so many hours
    ahead."""
    begins, ours, outside = [one.from_ms for one in ordered], [0] * len(ordered), 0
    for quarter, n in quarters.items():
        at_ms = (quarter + slip * _QUARTERS) * QUARTER_MS
        place = bisect_right(begins, at_ms) - 1
        if place >= 0 and at_ms < ordered[place].until_ms:
            ours[place] += n
        else:
            outside += n
    return ours, outside


def _slip(ordered: Sequence[Period], quarters: Counter[int]) -> int:
    """By how many hours the statement is ahead of us: only if next to nothing differs then."""

    def differing(slip: int) -> int:
        ours, outside = _ours(ordered, quarters, slip)
        return outside + sum(abs(one.messages - had) for one, had in zip(ordered, ours, strict=True))

    by_slip = {slip: differing(slip) for slip in sorted(range(-_HOURS, _HOURS + 1), key=abs)}
    best = min(by_slip, key=lambda slip: (by_slip[slip], abs(slip)))
    return best if by_slip[best] <= by_slip[0] * _LEFT and by_slip[0] else 0


def _findings(ordered: Sequence[Period], ours: Sequence[int]) -> list[Finding]:
    """What differs, period by period. What is missing in one and extra in the next stood at their edge."""
    off = [one.messages - had for one, had in zip(ordered, ours, strict=True)]
    found = []
    for at, one in enumerate(ordered[:-1]):
        beside = ordered[at + 1].from_ms == one.until_ms
        if beside and off[at] * off[at + 1] < 0:
            moved = min(abs(off[at]), abs(off[at + 1]))
            off[at], off[at + 1] = _toward_nothing(off[at], moved), _toward_nothing(off[at + 1], moved)
            found.append(Finding("shifted", "hour_edge", one.row, theirs_ms=one.from_ms, rows=moved))
    for one, left in zip(ordered, off, strict=True):
        if left > 0:
            found.append(Finding("missing", "more_than_ours", one.row, theirs_ms=one.from_ms, rows=left))
        if left < 0:
            found.append(Finding("extra", "fewer_than_ours", one.row, theirs_ms=one.from_ms, rows=-left))
    return found


def _toward_nothing(off: int, by: int) -> int:
    return off - by if off > 0 else off + by
