"""How the ranking hangs on the weights: at which it would be another. Pure and exact.

The sweep compares composites before they are rounded, so that the weight at which two candidates change
places does not depend on decimal places; its table of ten steps rounds, as the rules say.
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise
from math import lcm
from typing import Final, NamedTuple

from tally.evaluation import Contest, composites

#: The weights of the table, in tenths.
_TENTHS: Final = range(11)

Tiers = tuple[tuple[str, ...], ...]


class Breakpoint(NamedTuple):
    """A public weight at which these pairs change places. `shortlist` says whether the shortlist is another
    then."""

    weight: Fraction
    pairs: tuple[tuple[str, str], ...]
    shortlist: bool


class Span(NamedTuple):
    """Between two weights, neither included, the ranking is this, and so is the shortlist."""

    low: Fraction
    high: Fraction
    tiers: Tiers
    shortlist: frozenset[str]


class Step(NamedTuple):
    """The ranking and the composites at one weight, rounded as the rules say."""

    weight: Fraction
    tiers: Tiers
    shortlist: frozenset[str]
    composites: Mapping[str, Fraction]


class Sweep(NamedTuple):
    """How the ranking moves with the public weight, from 0 to 1."""

    breakpoints: tuple[Breakpoint, ...]
    spans: tuple[Span, ...]
    table: tuple[Step, ...]


def sweep(contest: Contest) -> Sweep:
    """The exact weights at which anything changes, what holds between them, and a table of ten steps."""
    lines = _lines(contest)
    crossings: dict[Fraction, list[tuple[str, str]]] = {}
    for one, other in combinations(lines, 2):
        weight = _crossing(lines[one], lines[other])
        if weight is not None:
            crossings.setdefault(weight, []).append((one, other))
    bounds = [Fraction(0), *sorted(crossings), Fraction(1)]
    spans = [_span(contest, lines, low, high) for low, high in pairwise(bounds)]
    breakpoints = [
        Breakpoint(before.high, tuple(crossings[before.high]), before.shortlist != after.shortlist)
        for before, after in pairwise(spans)
    ]
    return Sweep(tuple(breakpoints), tuple(spans), tuple(_step(contest, tenth) for tenth in _TENTHS))


def _lines(contest: Contest) -> dict[str, tuple[int, int]]:
    """The public and the panel score of each candidate, in whole numbers of a unit that suits all of them."""
    scores = {code: (contest.public[code], contest.panel[code]) for code in contest.field.votes}
    unit = lcm(*(score.denominator for both in scores.values() for score in both))
    return {code: (int(public * unit), int(panel * unit)) for code, (public, panel) in scores.items()}


def _crossing(one: tuple[int, int], other: tuple[int, int]) -> Fraction | None:
    """The weight above 0 and below 1 at which two lines, each a public and a panel score, cross."""
    public, panel = one[0] - other[0], one[1] - other[1]
    if public * panel >= 0:
        return None
    return Fraction(panel, panel - public)


def _span(contest: Contest, lines: Mapping[str, tuple[int, int]], low: Fraction, high: Fraction) -> Span:
    public_weight, whole = ((low + high) / 2).as_integer_ratio()
    panel_weight = whole - public_weight
    weighed = {code: public_weight * public + panel_weight * panel for code, (public, panel) in lines.items()}
    placed = contest.place(weighed)
    return Span(low, high, placed.tiers, placed.shortlist(contest.field.shortlist)[0])


def _step(contest: Contest, tenth: int) -> Step:
    method = replace(contest.method, public_weight=Fraction(tenth, 10))
    exact = composites(method, contest.public, contest.panel)
    last = {code: method.last(value) for code, value in exact.items()}
    placed = contest.place(last)
    return Step(method.public_weight, placed.tiers, placed.shortlist(contest.field.shortlist)[0], last)
