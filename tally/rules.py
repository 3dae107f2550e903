"""A campaign's rules as a recount needs them: plain values, told by whoever read the campaign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Rules:
    """`caps`: contest id -> ((per, votes), ...), and `total` the caps over all contests.

    `candidates` are the (contest, code) pairs that exist, `pending` the outcomes that wait for a person;
    `releases` says whether a withdrawal gives votes back, `adjudicators` how many people rule. `judged` has
    the most points and their step, by contest and criterion; `judges` is how many hand in a sheet. `most` is
    how many candidates of a contest one message may name, 1 where it is not there.
    """

    caps: Mapping[str, Sequence[tuple[str, int]]]
    total: Sequence[tuple[str, int]]
    candidates: frozenset[tuple[str, str]]
    pending: frozenset[str] = frozenset()
    releases: bool = False
    adjudicators: int = 1
    judged: Mapping[str, Mapping[str, tuple[Fraction, Fraction]]] = field(default_factory=dict)
    judges: int = 0
    most: Mapping[str, int] = field(default_factory=dict)
