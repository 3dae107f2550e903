"""By how little the shortlist stands: the smallest change of votes, or of one judge's points, that would
alter it. Pure and exact.

The search counts an award some thousands of times: in whole numbers (`_Counting`), which come to the same as
the fractions of `tally.evaluation` in a tenth of the time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import Final, NamedTuple, TypeVar

from tally.evaluation import (
    FULL,
    Contest,
    Method,
    Placed,
    nearest,
    panel_score,
    place,
    public_shares,
    scores,
    trimmed,
)

#: Beside these a share is nothing: beyond so many times the votes there were, nothing would change any more.
_ENOUGH: Final = 10_000
#: A share of the maximum may turn back by a rounding, when the maximum itself moves: so many votes are
#: tried singly.
_SINGLY: Final = 40

What = TypeVar("What")


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
        self.counting = _Counting(self.method)
        self.parts = self.counting.panel_parts(self.panel)
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
        contest, ranks = self.contest, self.method.panel == "rank"
        given = {
            one: by[judge].total + (more if one == code else 0)
            for one, by in contest.judged.items()
            if judge in by and (ranks or one == code)
        }
        after = {
            one: trimmed(self.method, {**contest.judged[one], judge: fresh})
            for one, fresh in scores(self.method, contest.field, given).items()
        }
        return {**self.panel, **{one: panel_score(self.method, by) for one, by in after.items()}}

    def _differs(self, votes: Mapping[str, int], panel: Mapping[str, Fraction]) -> bool:
        placed = self._placed(votes, panel)
        return placed.shortlist(self.contest.field.shortlist)[0] != self.listed

    def _placed(self, votes: Mapping[str, int], panel: Mapping[str, Fraction]) -> Placed:
        parts = self.parts if panel is self.panel else self.counting.panel_parts(panel)
        weighed = self.counting.composites(votes, *parts)
        return place(self.method.ties, weighed, votes, panel, self.contest.lots)


class _Counting:
    """Composites in whole numbers of their last place: what `composites` and `Method.last` come to."""

    def __init__(self, method: Method) -> None:
        self._method, self._unit = method, 10**method.places
        self._weight, self._of = method.public_weight.as_integer_ratio()

    def panel_parts(self, panel: Mapping[str, Fraction]) -> tuple[dict[str, int], int]:
        """The panel's part of each composite, as multiples of a fraction of the last place: that many make
        one."""
        weight = 1 - self._method.public_weight
        parts = {code: self._method.step(weight * score) * self._unit for code, score in panel.items()}
        fine = lcm(*(part.denominator for part in parts.values()))
        return {code: part.numerator * (fine // part.denominator) for code, part in parts.items()}, fine

    def composites(self, votes: Mapping[str, int], parts: Mapping[str, int], fine: int) -> dict[str, int]:
        """The composites, rounded as the rules say. `parts` and `fine` are what `panel_parts` returns."""
        shares, whole = public_shares(self._method, votes)
        weight, of, how = self._weight, self._of, self._method.rounding
        full = FULL * self._unit
        if self._method.rounded == "each":
            return {
                code: nearest(weight * nearest(full * share, whole, how), of, how) + parts[code]
                for code, share in shares.items()
            }
        public, panel, denominator = weight * full * fine, of * whole, of * whole * fine
        return {
            code: nearest(public * share + panel * parts[code], denominator, how)
            for code, share in shares.items()
        }


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
