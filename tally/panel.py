"""Whether members of a panel agree more than chance would have it: over all pairs, as a matrix. Pure and
exact.

Two rankings of n candidates that have nothing to do with each other share the same first k with the
probability 1 / C(n, k), and at least s of them with the sum of C(k, i) C(n - k, k - i) / C(n, k) over i
from s. With many pairs some will agree by chance: Benjamini and Hochberg's procedure keeps the share of
false alarms below `RATE`. Good candidates are ranked first by everybody: what is flagged is worth a look,
and proves nothing.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import comb
from typing import Final, NamedTuple

TOP: Final = 5
#: Of the pairs that are flagged, so many may be chance.
RATE: Final = Fraction(1, 20)


class Pair(NamedTuple):
    """Two judges: how many of their first `top`, `of` so many candidates whom both have judged, are the same.

    `p` is how probable so many, or more, are by chance; `adjusted` the same for so many pairs. All are None
    if a tie leaves open who is among a judge's first, or they have nobody in common to choose from.
    """

    first: str
    second: str
    top: int
    of: int
    shared: int | None = None
    p: Fraction | None = None
    adjusted: Fraction | None = None

    @property
    def flagged(self) -> bool:
        """Whether the two agree more than chance would have it."""
        return self.adjusted is not None and self.adjusted <= RATE


def agreement(totals: Mapping[str, Mapping[str, Fraction]]) -> list[Pair]:
    """Every pair of judges. `totals` are by judge and candidate; of a candidate not judged there is none."""
    pairs = [_pair(*two, totals) for two in combinations(totals, 2)]
    tested = [pair.p for pair in pairs if pair.p is not None]
    adjusted = dict(zip(tested, adjust(tested), strict=True))
    return [pair._replace(adjusted=adjusted[pair.p]) if pair.p is not None else pair for pair in pairs]


def adjust(ps: Sequence[Fraction]) -> list[Fraction]:
    """Benjamini and Hochberg's adjusted values, in the same order.

    >>> [str(p) for p in adjust([Fraction(1, 6), Fraction(5, 6), Fraction(5, 6)])]
    ['1/2', '5/6', '5/6']
    """
    least = Fraction(1)
    found: dict[Fraction, Fraction] = {}
    for place, p in sorted(enumerate(sorted(ps), 1), reverse=True):
        least = min(least, p * len(ps) / place)
        found[p] = min(least, found.get(p, least))
    return [found[p] for p in ps]


def by_chance(shared: int, top: int, of: int) -> Fraction:
    """How probable it is that two rankings share so many of their first, or more.

    >>> str(by_chance(5, 5, 17))
    '1/6188'
    """
    ways = sum(comb(top, n) * comb(of - top, top - n) for n in range(shared, top + 1))
    return Fraction(ways, comb(of, top))


def _pair(first: str, second: str, totals: Mapping[str, Mapping[str, Fraction]]) -> Pair:
    both = [code for code in totals[first] if code in totals[second]]
    size = TOP if len(both) > TOP else len(both) // 2
    leaders = [_first({code: totals[judge][code] for code in both}, size) for judge in (first, second)]
    if not size or None in leaders:
        return Pair(first, second, size, len(both))
    shared = len(frozenset.intersection(*(one for one in leaders if one is not None)))
    return Pair(first, second, size, len(both), shared, by_chance(shared, size, len(both)))


def _first(given: Mapping[str, Fraction], size: int) -> frozenset[str] | None:
    """A judge's first, None if a tie leaves open who is among them."""
    order = sorted(given, key=lambda code: -given[code])
    if 0 < size < len(order) and given[order[size - 1]] == given[order[size]]:
        return None
    return frozenset(order[:size])
