"""How operators differ: how often their calls were corrected, and whom their callers choose. Pure.

A large difference is no proof of anything: shifts differ, and so do callers. It says where to listen to the
recordings.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

from tally.outcome import Selection

#: Counts by operator.
Choices = Mapping[str, Mapping[Selection, int]]

#: How often chance alone may mark anything in a whole report.
CHANCE: Final = 0.01
#: With fewer expected on either side, the normal approximation says nothing, and so do we.
_ENOUGH: Final = 5


class Worked(NamedTuple):
    """What one operator has done. `undone` calls were taken back; of those entered again by somebody else,
    so many `agreed`, `differed`, had no note or recording (`missing`), or still wait (`due`)."""

    operator: str
    calls: int
    undone: int
    agreed: int
    differed: int
    missing: int
    due: int

    @property
    def compared(self) -> int:
        """Calls that two operators have entered."""
        return self.agreed + self.differed

    @property
    def error_rate(self) -> float | None:
        """The share of the compared calls that differed, None if none was compared."""
        return self.differed / self.compared if self.compared else None


class Skew(NamedTuple):
    """One candidate at one operator: `votes` of the `of` choices in that contest, against all others'
    `others` of `others_of`. `z` is the difference in standard errors, None where there are too few to say;
    `marked` is whether chance would hardly make it."""

    operator: str
    selection: Selection
    votes: int
    of: int
    others: int
    others_of: int
    z: float | None
    marked: bool

    @property
    def share(self) -> float:
        """The operator's share."""
        return self.votes / self.of if self.of else 0.0

    @property
    def others_share(self) -> float:
        """The other operators' share."""
        return self.others / self.others_of if self.others_of else 0.0


def skews(choices: Choices, candidates: Sequence[Selection]) -> list[Skew]:
    """Every operator's share of each candidate, compared with the other operators' together.

    The mark allows for the number of comparisons (Bonferroni): in a report in which all operators have the
    same callers, anything at all is marked once in `1 / CHANCE` reports.
    """
    found = list(_compared(choices, candidates))
    tests = sum(one.z is not None for one in found)
    if not tests:
        return found
    limit = NormalDist().inv_cdf(1 - CHANCE / (2 * tests))
    return [one._replace(marked=one.z is not None and abs(one.z) >= limit) for one in found]


def _compared(choices: Choices, candidates: Sequence[Selection]) -> Iterator[Skew]:
    everyone: dict[Selection, int] = {}
    for own in choices.values():
        for selection, n in own.items():
            everyone[selection] = everyone.get(selection, 0) + n
    for operator, own in sorted(choices.items()):
        for selection in candidates:
            of = _in_contest(own, selection.contest)
            votes, all_votes = own.get(selection, 0), everyone.get(selection, 0)
            others_of = _in_contest(everyone, selection.contest) - of
            z = z_score(votes, of, all_votes - votes, others_of)
            yield Skew(operator, selection, votes, of, all_votes - votes, others_of, z, marked=False)


def z_score(votes: int, of: int, others: int, others_of: int) -> float | None:
    """The difference of two shares in standard errors of a common share; None if too few to say."""
    if not of or not others_of:
        return None
    share = (votes + others) / (of + others_of)
    least = min(of, others_of) * min(share, 1 - share)
    if least < _ENOUGH:
        return None
    return (votes / of - others / others_of) / sqrt(share * (1 - share) * (1 / of + 1 / others_of))


def _in_contest(counts: Mapping[Selection, int], contest: str) -> int:
    return sum(n for selection, n in counts.items() if selection.contest == contest)
