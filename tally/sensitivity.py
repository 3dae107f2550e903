"""What the ranking hangs on: the weight at which it would be another, and the least that would alter the
shortlist. Pure and exact.

The sweep compares composites before they are rounded, so that the weight at which two candidates change
places does not depend on decimal places; its table of ten steps rounds, as the rules say.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, pairwise
from math import gcd, lcm
from typing import Final, NamedTuple, TypeVar

from tally.evaluation import (
    Contest,
    Judged,
    Method,
    Placed,
    composites,
    judged,
    panel_score,
    place,
    public_scores,
)

#: The weights of the table, in tenths.
_TENTHS: Final = range(11)
#: Beside these a share is nothing: beyond so many times the votes there were, nothing would change any more.
_ENOUGH: Final = 10_000
#: A share of the maximum may turn back by a rounding, when the maximum itself moves: so many votes are
#: tried singly.
_SINGLY: Final = 40

What = TypeVar("What")
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


class Change(NamedTuple):
    """The least of its kind that alters the shortlist, or leaves it to a lot: votes, taken `source` or
    given to `target`; or one judge's points for `target`, more or fewer."""

    amount: Fraction
    source: str = ""
    target: str = ""
    judge: str = ""


class Smallest(NamedTuple):
    """The least change of each kind; None if none of that kind alters the shortlist, or it is undecided as
    it is."""

    added: Change | None = None
    taken: Change | None = None
    moved: Change | None = None
    panel: Change | None = None


# The weight


def sweep(contest: Contest) -> Sweep:
    """The exact weights at which anything changes, what holds between them, and a table of ten steps."""
    lines = {code: (contest.public[code], contest.panel[code]) for code in contest.field.votes}
    crossings: dict[Fraction, list[tuple[str, str]]] = {}
    for one, other in combinations(lines, 2):
        weight = _crossing(lines[one], lines[other])
        if weight is not None:
            crossings.setdefault(weight, []).append((one, other))
    bounds = [Fraction(0), *sorted(crossings), Fraction(1)]
    spans = [_span(contest, low, high) for low, high in pairwise(bounds)]
    breakpoints = [
        Breakpoint(before.high, tuple(crossings[before.high]), before.shortlist != after.shortlist)
        for before, after in pairwise(spans)
    ]
    return Sweep(tuple(breakpoints), tuple(spans), tuple(_step(contest, tenth) for tenth in _TENTHS))


def _crossing(one: tuple[Fraction, Fraction], other: tuple[Fraction, Fraction]) -> Fraction | None:
    """The weight above 0 and below 1 at which two lines, each a public and a panel score, cross."""
    public, panel = one[0] - other[0], one[1] - other[1]
    if public * panel >= 0:
        return None
    return panel / (panel - public)


def _span(contest: Contest, low: Fraction, high: Fraction) -> Span:
    weight = (low + high) / 2
    exact = {
        code: weight * contest.public[code] + (1 - weight) * contest.panel[code] for code in contest.public
    }
    placed = contest.place(exact)
    return Span(low, high, placed.tiers, placed.shortlist(contest.field.shortlist)[0])


def _step(contest: Contest, tenth: int) -> Step:
    method = replace(contest.method, public_weight=Fraction(tenth, 10))
    exact = composites(method, contest.public, contest.panel)
    last = {code: method.last(value) for code, value in exact.items()}
    placed = contest.place(last)
    return Step(method.public_weight, placed.tiers, placed.shortlist(contest.field.shortlist)[0], last)


# The smallest change


def smallest(contest: Contest) -> Smallest:
    """The least change of each kind. Of equal ones the first: by judge, then in the roll's order, more
    before fewer."""
    search = _Search(contest)
    if search.undecided:
        return Smallest()
    return Smallest(search.added(), search.taken(), search.moved(), search.marks())


@dataclass
class _Search:
    """A contest, and its shortlist as it is."""

    contest: Contest

    def __post_init__(self) -> None:
        contest = self.contest
        self.method, self.votes, self.panel = contest.method, dict(contest.field.votes), contest.panel
        placed = self._placed(self.votes, self.panel)
        self.listed, self.undecided = placed.shortlist(contest.field.shortlist)
        self.total = sum(self.votes.values())

    def added(self) -> Change | None:
        """Votes more for one candidate."""
        enough = (self.total + 1) * _ENOUGH * 10**self.method.places
        return self._least_votes([(("", code), enough) for code in self._first_the(others=True)])

    def taken(self) -> Change | None:
        """Votes fewer for one candidate."""
        return self._least_votes([((code, ""), self.votes[code]) for code in self._first_the(others=False)])

    def moved(self) -> Change | None:
        """Votes of one candidate that go to another."""
        pairs = [
            (one, other)
            for one in self._first_the(others=False)
            for other in self._first_the(others=True)
            if one != other
        ]
        return self._least_votes([(pair, self.votes[pair[0]]) for pair in sorted(pairs, key=self._is_plain)])

    def marks(self) -> Change | None:
        """Points of one judge for one candidate."""
        ranks, unit = self.method.panel == "rank", _unit(self.contest)
        tries = []
        for sheet in self.contest.sheets:
            for code in self.votes:
                for sign in (1, -1):
                    given = self.contest.judged[code].get(sheet.judge)
                    if given is not None and (ranks or (code in self.listed) == (sign < 0)):
                        room = self.contest.field.most - given.total if sign > 0 else given.total
                        tries.append(((sheet.judge, code, sign), int(room / unit)))

        def changes(one: tuple[str, str, int], n: int) -> bool:
            judge, code, sign = one
            return self._differs(self.votes, self._panel_after(judge, code, n * sign * unit))

        def steps(one: tuple[str, str, int]) -> Iterable[int]:
            judge, code, sign = one
            totals = {code: by[judge].total for code, by in self.contest.judged.items() if judge in by}
            gaps = {int((other - totals[code]) * sign / unit) for other in totals.values()}
            return {gap + more for gap in gaps for more in (0, 1)}

        found = _soonest(tries, changes, steps) if ranks else _least(tries, changes)
        if found is None:
            return None
        (judge, code, sign), n = found
        return Change(n * sign * unit, target=code, judge=judge)

    def _first_the(self, *, others: bool) -> list[str]:
        """The candidates whose votes to change, first those who are not on the list, or those who are."""
        return sorted(self.votes, key=lambda code: (code in self.listed) == others)

    def _is_plain(self, pair: tuple[str, str]) -> bool:
        """Whether a change is not of the plain kind: to somebody who is not on the list, from somebody who
        is."""
        source, target = pair
        return bool((source and source not in self.listed) or (target and target in self.listed))

    def _least_votes(self, tries: list[tuple[tuple[str, str], int]]) -> Change | None:
        """Tries are: from whom and to whom, and how many there can be.

        Of shares, whoever comes onto the list needs the fewest votes themselves, and whoever leaves it
        loses the fewest, unless it is the maximum that moves, or whoever is on the list has not so many to
        lose: then a third's, which make every share larger, may do. Where ranks count, a third's votes may
        part two others sooner.
        """

        def changes(pair: tuple[str, str], n: int) -> bool:
            return self._differs(self._votes_after(*pair, n), self.panel)

        if self.method.votes == "rank_points":
            found = _soonest(tries, changes, lambda pair: self._overtakings(*pair))
        else:
            found = _least([one for one in tries if not self._is_plain(one[0])], changes)
            if self.method.votes == "share_of_maximum":
                most = max(self.votes.values())
                moving = [one for one in tries if most in (self.votes.get(code) for code in one[0])]
                found = _unsteady(moving, changes, 0, found)
                found = _least(tries, changes, found)
            else:
                fewest = min((self.votes[code] for code in self.listed), default=0)
                thirds = [one for one in tries if one[0][0] and one[0][1] not in self.listed]
                found = _unsteady(thirds, changes, fewest, found)
                if found is None or found[1] > fewest + 1:
                    found = _least(thirds, changes, found)
        return None if found is None else Change(Fraction(found[1]), *found[0])

    def _overtakings(self, source: str, target: str) -> list[int]:
        """How many votes bring one candidate level with another, or past."""
        found = set()
        for code, votes in self.votes.items():
            gaps = []
            if target and code != source:
                gaps.append(votes - self.votes[target])
            if source and code != target:
                gaps.append(self.votes[source] - votes)
            if source and code == target:
                gaps.append(-(-(self.votes[source] - votes) // 2))
            found |= {gap + more for gap in gaps for more in (0, 1)}
        return sorted(n for n in found if n > 0)

    def _votes_after(self, source: str, target: str, n: int) -> dict[str, int]:
        votes = dict(self.votes)
        if source:
            votes[source] -= n
        if target:
            votes[target] += n
        return votes

    def _panel_after(self, judge: str, code: str, more: Fraction) -> Mapping[str, Fraction]:
        """The panel's scores if one judge had given one candidate that much more."""
        contest = self.contest
        field = contest.field if self.method.panel == "rank" else replace(contest.field, votes={code: 0})
        totals: dict[str, dict[str, Fraction]] = {sheet.judge: {} for sheet in contest.sheets}
        for one in field.votes:
            for who, given in contest.judged[one].items():
                totals[who][one] = given.total + (more if (who, one) == (judge, code) else 0)
        after: Mapping[str, Mapping[str, Judged]] = judged(self.method, field, totals)
        return {**self.panel, **{one: panel_score(self.method, given) for one, given in after.items()}}

    def _differs(self, votes: Mapping[str, int], panel: Mapping[str, Fraction]) -> bool:
        placed = self._placed(votes, panel)
        return placed.shortlist(self.contest.field.shortlist)[0] != self.listed

    def _placed(self, votes: Mapping[str, int], panel: Mapping[str, Fraction]) -> Placed:
        return _placed(self.method, votes, panel, self.contest.lots)


def _placed(
    method: Method, votes: Mapping[str, int], panel: Mapping[str, Fraction], lots: Sequence[Sequence[str]]
) -> Placed:
    exact = composites(method, public_scores(method, votes), panel)
    return place(method.ties, {code: method.last(one) for code, one in exact.items()}, votes, panel, lots)


def _least(
    tries: Iterable[tuple[What, int]],
    changes: Callable[[What, int], bool],
    best: tuple[What, int] | None = None,
) -> tuple[What, int] | None:
    """Which of some changes needs least, and how much; each has a limit, and stays a change beyond its
    least."""
    for what, room in tries:
        low, high = 0, room if best is None else min(room, best[1] - 1)
        if high < 1 or not changes(what, high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if changes(what, middle) else (middle, high)
        best = what, high
    return best


def _soonest(
    tries: Sequence[tuple[What, int]],
    changes: Callable[[What, int], bool],
    steps: Callable[[What], Iterable[int]],
) -> tuple[What, int] | None:
    """The same where only some amounts can change anything, and more may undo it: they are tried in order."""
    amounts = sorted(
        (n, place) for place, (what, room) in enumerate(tries) for n in steps(what) if 1 <= n <= room
    )
    return next(((tries[place][0], n) for n, place in amounts if changes(tries[place][0], n)), None)


def _unsteady(
    tries: Sequence[tuple[What, int]],
    changes: Callable[[What, int], bool],
    above: int,
    best: tuple[What, int] | None,
) -> tuple[What, int] | None:
    """The same where every score moves, and rounding may undo a change: amounts from `above` up to `_SINGLY`
    are tried one by one."""
    room = min(best[1] - 1 if best else _SINGLY, _SINGLY)
    singly = [(what, min(have, room)) for what, have in tries]
    return _soonest(singly, changes, lambda _: range(above + 1, room + 1)) or best


def _unit(contest: Contest) -> Fraction:
    """The smallest step of a judge's total: the greatest of which every criterion's step is a multiple."""
    steps = [one.step * one.weight for one in contest.field.criteria]
    common = lcm(*(step.denominator for step in steps))
    return Fraction(gcd(*(int(step * common) for step in steps)), common)
