"""Whether a group of votes that stands out already came at a machine's pace.

Only such groups are looked at, so honest campaigns are not tested at all. Time is what all votes make of it:
a vote's place among all of them (time rescaling), so that a busy evening is no pattern; and, as a machine may
follow its own clock through busy and quiet minutes, what the clock makes of it, too."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import cos, exp, log, pi, sin
from random import Random
from typing import Final

from gateway.anomalies import chance
from gateway.anomalies.finding import Finding, Vote

PERIODS_S: Final = (5, 10, 15, 20, 30, 60)
#: A group needs so many votes to show a pace; of a larger one the first ones do.
LEAST: Final = 20
_MOST: Final = 80
#: More groups than these, the largest, are not looked at.
_MOST_GROUPS: Final = 6
#: A period shows when it has come so often.
_TURNS: Final = 10


def gap_ratio(places: Sequence[int]) -> float:
    """The variance of the gaps by the square of their mean: about 1 for chance, 0 for a clock. Places are
    sorted; three at least, not all the same."""
    gaps = [after - before for before, after in pairwise(places)]
    return len(gaps) * sum(gap * gap for gap in gaps) / sum(gaps) ** 2 - 1


def gaps_p(random: Random, places: Sequence[int], level: float) -> tuple[float, float]:
    """The chance of gaps as even as these, and the ratio that chance gives on average.

    The first and the last place are kept, and the others drawn from what lies between: any of the votes might
    as well have been of the group. So a group that is a large part of all votes is not even by that alone.
    Where places are milliseconds, busy and quiet times make honest gaps more uneven than those drawn, never
    less: the test is on the safe side.
    """
    low, high, n = places[0] + 1, places[-1], len(places) - 2
    if high - low < n:
        return 1.0, 1.0  # all within a moment: there are no gaps to speak of
    observed = gap_ratio(places)
    replicates, as_extreme, drawn = chance.replicates_for(level), 0, 0
    total = 0.0
    while drawn < replicates:
        drawn += 1
        ratio = gap_ratio([places[0], *sorted(random.sample(range(low, high), n)), places[-1]])
        total += ratio
        as_extreme += ratio <= observed
        if chance.monte_carlo(as_extreme, replicates) > level:
            break  # whatever comes, it keeps no level
    return chance.monte_carlo(as_extreme, drawn), total / drawn


def rayleigh(turns: Sequence[float]) -> float:
    """Rayleigh's Z of some phases, each a part of a turn: 1 on average by chance, as many as there are if all
    are in step."""
    across = sum(cos(2 * pi * turn) for turn in turns)
    up = sum(sin(2 * pi * turn) for turn in turns)
    return (across * across + up * up) / len(turns)


def period_z(times: Sequence[float], rest: Sequence[float], period_ms: int) -> float:
    """Rayleigh's Z of a group's phases as the rest of the votes would have them: television's clock, too,
    brings votes by the minute. The less of a rest there is to compare with, the less it says."""
    phases = sorted(at % period_ms for at in rest)
    if not phases:
        return 0.0
    turns = [(bisect_left(phases, at % period_ms) + 0.5) / (len(phases) + 1) for at in times]
    return rayleigh(turns) / (1 + len(times) / len(phases))


def find(votes: Sequence[Vote], flagged: Sequence[Finding], level: float, seed: bytes) -> list[Finding]:
    """The groups of `flagged` whose votes came evenly, or with a period. Votes are sorted by time; `level` is
    for all groups together, a third of it for each of the three tests."""
    groups = _groups(flagged)
    if not groups:
        return []
    random = Random(b"regularity\0" + seed)  # noqa: S311 -- to be drawn again
    times = [float(vote.at_ms) for vote in votes]
    if all(vote.at_ms % 1_000 == 0 for vote in votes):
        times = [at + random.random() * 1_000 for at in times]  # whole seconds hide who was first
    order = sorted(range(len(votes)), key=times.__getitem__)
    place = [0] * len(votes)
    for rank, index in enumerate(order):
        place[index] = rank
    ordered = sorted(times)
    held = level / len(groups) / 3
    found = []
    for group in groups:
        places = sorted(place[index] for index in group.indices)
        by_clock = [int(ordered[one]) for one in places]
        for kind, of in (("gaps", places[:_MOST]), ("clock", by_clock[:_MOST])):
            p, usual = gaps_p(random, of, held)
            if p <= held:
                found.append(_finding(group, kind, p, held, gap_ratio(of), usual))
        found += _periods(group, ordered, places, held / len(PERIODS_S))
    return found


def _periods(
    group: Finding, times: Sequence[float], places: Sequence[int], level: float
) -> Iterator[Finding]:
    """The period that a group shows most, if it shows one."""
    mine = [times[place] for place in places]
    inside = set(places)
    rest = [times[place] for place in range(places[0], places[-1] + 1) if place not in inside]
    best, period = max(
        (
            (period_z(mine, rest, period * 1_000), -period)
            for period in PERIODS_S
            if mine[-1] - mine[0] >= _TURNS * period * 1_000
        ),
        default=(0.0, 0),
    )
    if best >= -log(level):
        yield _finding(group, "period", exp(-best), level, best, 1.0, -period)


def _groups(flagged: Sequence[Finding]) -> list[Finding]:
    """What to look at: each large enough group once, and all blocks of a candidate together."""
    together: dict[str, set[int]] = {}
    for one in flagged:
        if one.family == "blocks":
            together.setdefault(one.candidate, set()).update(one.indices)
    all_blocks = [
        next(one for one in flagged if one.family == "blocks" and one.candidate == candidate)._replace(
            block="", place="", indices=tuple(sorted(indices))
        )
        for candidate, indices in together.items()
    ]
    found: dict[tuple[str, tuple[int, ...]], Finding] = {}
    for one in [*flagged, *all_blocks]:
        if len(one.indices) >= LEAST:
            found.setdefault((one.candidate, one.indices), one)
    return sorted(found.values(), key=lambda one: (-len(one.indices), one.candidate, one.indices))[
        :_MOST_GROUPS
    ]


def _finding(
    group: Finding, kind: str, p: float, level: float, observed: float, expected: float, period_s: int = 0
) -> Finding:
    return group._replace(
        family="regularity",
        kind=kind,
        p=p,
        level=level,
        observed=observed,
        expected=expected,
        period_s=period_s,
        begin_ms=None,
        end_ms=None,
    )
