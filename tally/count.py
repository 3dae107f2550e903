"""Totals: how many messages and selections ended how. A projection of the ledger, kept as it grows.

`received` and `made` are counted where messages enter, the outcomes where they end, so that the
balance of docs/rules.md compares two counts that were made apart.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Literal, NamedTuple

Subject = Literal["received", "message", "made", "selection", "waiting", "act"]


class TotalKey(NamedTuple):
    """What a total is of. Fields that do not apply are ""."""

    subject: Subject
    channel: str
    contest: str
    candidate: str
    outcome: str


Totals = Counter[TotalKey]


@cache
def received(channel: str) -> TotalKey:
    """Messages that entered by a channel."""
    return TotalKey("received", channel, "", "", "")


@cache
def message(channel: str, outcome: str) -> TotalKey:
    """Messages of a channel that ended in an outcome."""
    return TotalKey("message", channel, "", "", outcome)


@cache
def made(channel: str) -> TotalKey:
    """Selections that were judged, or wait for a ruling."""
    return TotalKey("made", channel, "", "", "")


@cache
def selection(channel: str, contest: str, candidate: str, outcome: str) -> TotalKey:
    """Selections of a candidate that ended in an outcome."""
    return TotalKey("selection", channel, contest, candidate, outcome)


@cache
def waiting(channel: str, outcome: str) -> TotalKey:
    """Messages of a channel that wait for a person, by the outcome they have meanwhile."""
    return TotalKey("waiting", channel, "", "", outcome)


#: Entries of the ledger that are acts, not messages.
ACTS = TotalKey("act", "", "", "", "")


def add_messages(
    totals: Totals, channel: str, outcome: str, selections: Iterable[tuple[str, str, str]], messages: int = 1
) -> None:
    """Count so many messages that ended alike, with their selections (contest, candidate, outcome)."""
    for key, times in _counted(channel, outcome, tuple(selections)):
        totals[key] = totals.get(key, 0) + times * messages


@lru_cache(maxsize=4096)
def _counted(
    channel: str, outcome: str, selections: tuple[tuple[str, str, str], ...]
) -> Sequence[tuple[TotalKey, int]]:
    """What one message adds to which totals: few messages differ."""
    keys = Counter((received(channel), message(channel, outcome)))
    for contest, candidate, ended in selections:
        keys.update((made(channel), selection(channel, contest, candidate, ended)))
    return list(keys.items())


def differences(
    kept: Mapping[TotalKey, int], recounted: Mapping[TotalKey, int]
) -> list[tuple[TotalKey, int, int]]:
    """Every total in which two counts differ: (key, kept, recounted)."""
    keys = sorted({*kept, *recounted})
    return [
        (key, kept.get(key, 0), recounted.get(key, 0))
        for key in keys
        if kept.get(key, 0) != recounted.get(key, 0)
    ]
