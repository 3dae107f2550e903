"""Likely reasons for what a statement and our record differ in. Pure."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Final

#: Zones differ by quarters of an hour; none by more than this from another.
QUARTER_MS: Final = 15 * 60_000
_MOST_QUARTERS: Final = 14 * 4
#: Parts of a longer message come within this, and a provider that sends again does so within that.
PARTS_MS: Final = 60_000
AGAIN_MS: Final = 10 * 60_000
#: So long without a message, and so many missing in it: we were away.
AWAY_MS: Final = 30 * 60_000
AWAY_ROWS: Final = 3


def first(*reasons: tuple[str, bool]) -> str:
    """The first word that holds; the last is for what has no other."""
    return next(word for word, holds in reasons if holds)


def quarters(off_ms: int, tolerance_ms: int) -> int:
    """By how many quarters of an hour that is off, 0 if it is by none.

    >>> quarters(28_799_000, 300_000), quarters(100_000, 300_000), quarters(1_350_000, 300_000)
    (32, 0, 0)
    """
    found = round(off_ms / QUARTER_MS)
    near = abs(off_ms - found * QUARTER_MS) <= min(tolerance_ms, QUARTER_MS // 3)
    return found if near and abs(found) <= _MOST_QUARTERS else 0


def slip(slips: Counter[int], paired: int) -> int:
    """By how much a whole statement is off (ms), 0 if it is not: most of its rows are, all by the same."""
    found, most = max(slips.items(), key=lambda one: (one[1], -abs(one[0]), one[0]), default=(0, 0))
    return found * QUARTER_MS if most * 2 > paired and paired >= AWAY_ROWS else 0


def is_close(times: Sequence[int], at_ms: int, within_ms: int) -> bool:
    """Whether one of some sorted times is no further away."""
    after = bisect_right(times, at_ms)
    return any(abs(one - at_ms) <= within_ms for one in times[max(0, after - 1) : after + 1])


def altered(theirs: str, ours: str, differs: tuple[str, ...]) -> str:
    """Why a text, or a caller, is another one."""
    if "text" not in differs:
        return "other_caller"
    if "caller" in differs:
        return "other_both"
    if any(sign in theirs + ours for sign in ("\ufffd", "??", "？？")):
        return "encoding"
    short, long = sorted((theirs, ours), key=len)
    return "cut_short" if short and long.startswith(short) else "other_text"


def shifted(off_ms: int, tolerance_ms: int) -> str:
    """Why a time is another one: `off_ms` is by how much the statement's is later."""
    if abs(quarters(off_ms, tolerance_ms)) >= 2:
        return "time_zone"
    return "held_back" if off_ms < 0 else "clocks_differ"
