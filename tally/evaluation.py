"""The evaluation: public votes and a panel's points, weighed, by the method that the rules declare. Pure
and exact.

Every figure is a `Fraction`; it is rounded only where the method says so. A score, of votes or of a judge,
is from 0 to 100. Nothing is guessed: while a mark is missing there is no composite, and a tie that no rule
settles stays one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import groupby
from typing import Final, Literal, NamedTuple

Votes = Literal["share_of_total", "share_of_maximum", "rank_points"]
PanelScore = Literal["mean", "trimmed_mean", "rank"]
Rounding = Literal["half_up", "half_even"]
Rounded = Literal["end", "each"]
Tie = Literal["public", "panel", "lot"]

FULL: Final = 100
#: A judge's points for one candidate by criterion, None if the judge is recused from judging it.
Marks = Mapping[str, Fraction] | None


class Criterion(NamedTuple):
    """Points from 0 to `most` in steps of `step`, which count `weight` times."""

    id: str
    most: Fraction
    weight: Fraction = Fraction(1)
    step: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Method:
    """How the composite is made. `public_weight` is 0 to 1, the panel has the rest; `judges` is how many
    there are.

    `trim` is how many of the highest, and as many of the lowest, a trimmed mean leaves out. `rounded` says
    whether only the composite is rounded, or the scores and their weighted parts as well.
    """

    public_weight: Fraction
    judges: int
    votes: Votes = "share_of_total"
    panel: PanelScore = "mean"
    trim: int = 0
    places: int = 2
    rounding: Rounding = "half_up"
    rounded: Rounded = "end"
    ties: tuple[Tie, ...] = ("public", "panel", "lot")

    def last(self, value: Fraction) -> Fraction:
        """A composite as it counts."""
        return rounded(value, self.places, self.rounding)

    def step(self, value: Fraction) -> Fraction:
        """A figure on the way to it."""
        return self.last(value) if self.rounded == "each" else value


@dataclass(frozen=True, slots=True)
class Field:
    """One contest: the votes of each candidate who has not withdrawn, in the roll's order; how many go on."""

    contest: str
    shortlist: int
    votes: Mapping[str, int]
    criteria: tuple[Criterion, ...]

    @property
    def most(self) -> Fraction:
        """The most that a judge can give."""
        return sum((one.most * one.weight for one in self.criteria), Fraction())

    def total(self, marks: Mapping[str, Fraction]) -> Fraction:
        """A judge's total for a candidate."""
        return sum((marks[one.id] * one.weight for one in self.criteria), Fraction())


class Sheet(NamedTuple):
    """What one judge gives, by candidate. A candidate who is not there has not been judged yet."""

    judge: str
    marks: Mapping[str, Marks]


class Missing(NamedTuple):
    """What there is too little of: a judge's marks for a candidate, whole sheets ("" for both), or judges
    for one candidate ("" for the judge)."""

    judge: str
    candidate: str


class Judged(NamedTuple):
    """What a judge gives a candidate: the total, the score that it comes to, and whether the panel's score
    has it (a trimmed mean may leave it out)."""

    total: Fraction
    score: Fraction
    kept: bool = True


class Row(NamedTuple):
    """A candidate, step by step. `exact` is the composite before it is rounded; `settled` are the rules
    that part it from others with the same composite, `open` whether no rule does. `shortlisted` is None if
    that hangs on a lot."""

    code: str
    votes: int
    public: Fraction
    judged: Mapping[str, Judged]
    panel: Fraction
    public_part: Fraction
    panel_part: Fraction
    exact: Fraction
    composite: Fraction
    rank: int
    settled: tuple[Tie, ...]
    open: bool
    shortlisted: bool | None


class Placed(NamedTuple):
    """The candidates in their order, those who are equal in one tier; and what parted whom."""

    tiers: tuple[tuple[str, ...], ...]
    settled: Mapping[str, tuple[Tie, ...]]

    def shortlist(self, places: int) -> tuple[frozenset[str], frozenset[str]]:
        """Who is on it for sure, and who are equal at its edge, which leaves open who goes on it."""
        sure: frozenset[str] = frozenset()
        for tier in self.tiers:
            if len(sure) == places:
                break
            if len(sure) + len(tier) > places:
                return sure, frozenset(tier)
            sure |= frozenset(tier)
        return sure, frozenset()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The table of a contest, best first; no rows while something is missing. `unresolved` are ties that
    need a lot, `undecided` the one of them on which the shortlist hangs."""

    missing: tuple[Missing, ...] = ()
    rows: tuple[Row, ...] = ()
    unresolved: tuple[frozenset[str], ...] = ()
    undecided: frozenset[str] = frozenset()

    @property
    def complete(self) -> bool:
        """Whether the shortlist is certain."""
        return not self.missing and not self.undecided


def written(value: Fraction) -> str:
    """An exact figure as text: a decimal if it ends, else a fraction.

    >>> written(Fraction(5, 2)), written(Fraction(-475, 6)), written(Fraction(10))
    ('2.5', '-475/6', '10')
    """
    places, rest = 0, value.denominator
    while rest % 10 == 0 or rest % 2 == 0 or rest % 5 == 0:
        rest, places = rest // (10 if rest % 10 == 0 else 2 if rest % 2 == 0 else 5), places + 1
    return fixed(value, places) if rest == 1 else f"{value.numerator}/{value.denominator}"


def fixed(value: Fraction, places: int) -> str:
    """A figure that ends within so many decimal places, with all of them.

    >>> fixed(Fraction(-1, 2), 2), fixed(Fraction(7), 0)
    ('-0.50', '7')
    """
    digits = str(abs(int(value * 10**places))).zfill(places + 1)
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def rounded(value: Fraction, places: int, how: Rounding) -> Fraction:
    """A figure to so many decimal places.

    >>> str(rounded(Fraction("2.345"), 2, "half_up")), str(rounded(Fraction("2.345"), 2, "half_even"))
    ('47/20', '117/50')
    """
    return Fraction(nearest(value.numerator * 10**places, value.denominator, how), 10**places)


def nearest(numerator: int, denominator: int, how: Rounding) -> int:
    """The whole number nearest to a figure, which need not be in lowest terms; of two as near, the upper one
    or the even one.

    >>> nearest(10, 4, "half_up"), nearest(10, 4, "half_even")
    (3, 2)
    """
    whole, rest = divmod(numerator, denominator)
    up = 2 * rest > denominator or (2 * rest == denominator and (how == "half_up" or whole % 2 == 1))
    return whole + up


@dataclass(frozen=True)
class Contest:
    """A contest with its method and sheets: what the table, the sweep and the search for changes stand on."""

    method: Method
    field: Field
    sheets: Sequence[Sheet]
    lots: Sequence[Sequence[str]] = ()

    @cached_property
    def missing(self) -> tuple[Missing, ...]:
        """What there is too little of for a composite."""
        return tuple(_missing(self.method, self.field, self.sheets))

    @cached_property
    def judged(self) -> Mapping[str, Mapping[str, Judged]]:
        """What the judges give each candidate: by candidate and judge. Nothing must be missing."""
        totals = {
            sheet.judge: {
                code: self.field.total(marks)
                for code in self.field.votes
                if (marks := sheet.marks[code]) is not None
            }
            for sheet in self.sheets
        }
        return judged(self.method, self.field, totals)

    @cached_property
    def panel(self) -> Mapping[str, Fraction]:
        """The panel's score of each candidate."""
        return {code: panel_score(self.method, by_judge) for code, by_judge in self.judged.items()}

    @cached_property
    def public(self) -> Mapping[str, Fraction]:
        """The public's score of each candidate."""
        return public_scores(self.method, self.field.votes)

    def place(self, composites: Mapping[str, Fraction] | Mapping[str, int]) -> Placed:
        """The candidates by these composites, or what is in proportion to them, and by the rules for ties."""
        return place(self.method.ties, composites, self.field.votes, self.panel, self.lots)

    def evaluate(self) -> Evaluation:
        """The table."""
        if self.missing:
            return Evaluation(self.missing)
        exact = composites(self.method, self.public, self.panel)
        placed = self.place({code: self.method.last(value) for code, value in exact.items()})
        sure, undecided = placed.shortlist(self.field.shortlist)
        rows, rank = [], 1
        for tier in placed.tiers:
            for code in tier:
                parts = _parts(self.method, self.public[code], self.panel[code])
                rows.append(
                    Row(
                        code,
                        self.field.votes[code],
                        self.public[code],
                        self.judged[code],
                        self.panel[code],
                        *parts,
                        exact[code],
                        self.method.last(exact[code]),
                        rank,
                        placed.settled[code],
                        len(tier) > 1,
                        None if code in undecided else code in sure,
                    )
                )
            rank += len(tier)
        unresolved = tuple(frozenset(tier) for tier in placed.tiers if len(tier) > 1)
        return Evaluation((), tuple(rows), unresolved, undecided)


# The steps


def public_scores(method: Method, votes: Mapping[str, int]) -> dict[str, Fraction]:
    """The public's scores."""
    parts, whole = public_shares(method, votes)
    return {code: method.step(Fraction(FULL * part, whole)) for code, part in parts.items()}


def public_shares(method: Method, votes: Mapping[str, int]) -> tuple[Mapping[str, int], int]:
    """The public's scores before any rounding, as parts of a whole. Where nobody has a vote, shares are 0."""
    if method.votes == "rank_points":
        return _rank_shares(votes)
    whole = sum(votes.values()) if method.votes == "share_of_total" else max(votes.values(), default=0)
    return votes, whole or 1


def judged(
    method: Method, field: Field, totals: Mapping[str, Mapping[str, Fraction]]
) -> dict[str, dict[str, Judged]]:
    """What each judge's totals (by judge and candidate) come to, by candidate and judge."""
    found: dict[str, dict[str, Judged]] = {code: {} for code in field.votes}
    for judge, given in totals.items():
        for code, one in scores(method, field, given).items():
            found[code][judge] = one
    return {code: trimmed(method, by_judge) for code, by_judge in found.items()}


def scores(method: Method, field: Field, given: Mapping[str, Fraction]) -> dict[str, Judged]:
    """What one judge's totals come to, by candidate."""
    if method.panel == "rank":
        points = rank_points(given)
    else:
        points = {code: FULL * total / field.most for code, total in given.items()}
    return {code: Judged(total, points[code]) for code, total in given.items()}


def trimmed(method: Method, by_judge: dict[str, Judged]) -> dict[str, Judged]:
    """What the judges give a candidate, the highest and lowest marked as left out if the panel's score is a
    trimmed mean; of equal scores, the first judges'."""
    if method.panel != "trimmed_mean":
        return by_judge
    order = sorted(by_judge, key=lambda judge: by_judge[judge].score)
    kept = order[method.trim : len(order) - method.trim]
    return {judge: one._replace(kept=judge in kept) for judge, one in by_judge.items()}


def panel_score(method: Method, by_judge: Mapping[str, Judged]) -> Fraction:
    """The panel's score of one candidate: the mean of what is kept."""
    kept = [one.score for one in by_judge.values() if one.kept]
    return method.step(sum(kept, Fraction()) / len(kept))


def rank_points(given: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """100 x (n + 1 - rank) / n; those who are equal share the mean of their ranks.

    >>> {code: str(points) for code, points in rank_points({"a": Fraction(9), "b": Fraction(4)}).items()}
    {'a': '100', 'b': '50'}
    """
    parts, whole = _rank_shares(given)
    return {code: Fraction(FULL * part, whole) for code, part in parts.items()}


def _rank_shares(given: Mapping[str, Fraction] | Mapping[str, int]) -> tuple[dict[str, int], int]:
    n, above, parts = len(given), 0, {}
    for tier in _by(list(given), given):
        parts.update(dict.fromkeys(tier, 2 * (n - above) + 1 - len(tier)))
        above += len(tier)
    return parts, 2 * n or 1


def _parts(method: Method, public: Fraction, panel: Fraction) -> tuple[Fraction, Fraction]:
    weight = method.public_weight
    return method.step(weight * public), method.step((1 - weight) * panel)


def composites(
    method: Method, public: Mapping[str, Fraction], panel: Mapping[str, Fraction]
) -> dict[str, Fraction]:
    """The sums of the weighted parts, before they are rounded."""
    return {code: sum(_parts(method, score, panel[code]), Fraction()) for code, score in public.items()}


# The order


def place(
    ties: Sequence[Tie],
    composites: Mapping[str, Fraction] | Mapping[str, int],
    votes: Mapping[str, int],
    panel: Mapping[str, Fraction],
    lots: Sequence[Sequence[str]],
) -> Placed:
    """Candidates by their composites, and ties by the rules for ties, one after the other.

    A lot settles a tie if everybody who is equal was in it.
    """
    settled: dict[str, tuple[Tie, ...]] = dict.fromkeys(composites, ())
    tiers: list[tuple[str, ...]] = _by(list(composites), composites)
    for rule in ties:
        parted: list[tuple[str, ...]] = []
        for tier in tiers:
            pieces = [tier] if len(tier) == 1 else _part(rule, tier, votes, panel, lots)
            if len(pieces) > 1:
                settled.update({code: (*settled[code], rule) for code in tier})
            parted.extend(pieces)
        tiers = parted
    return Placed(tuple(tiers), settled)


def _part(
    rule: Tie,
    tier: tuple[str, ...],
    votes: Mapping[str, int],
    panel: Mapping[str, Fraction],
    lots: Sequence[Sequence[str]],
) -> list[tuple[str, ...]]:
    match rule:
        case "public":
            return _by(tier, votes)
        case "panel":
            return _by(tier, panel)
        case "lot":
            drawn = next((lot for lot in lots if set(tier) <= set(lot)), None)
            return [tier] if drawn is None else [(code,) for code in drawn if code in tier]


def _by(codes: Sequence[str], values: Mapping[str, Fraction] | Mapping[str, int]) -> list[tuple[str, ...]]:
    """The candidates in tiers, the highest value first; within a tier as they came."""
    ordered = sorted(codes, key=lambda code: -values[code])
    return [tuple(tier) for _, tier in groupby(ordered, key=lambda code: values[code])]


# What is missing


def _missing(method: Method, field: Field, sheets: Sequence[Sheet]) -> Iterator[Missing]:
    if len(sheets) < method.judges:
        yield Missing("", "")
    ids = {one.id for one in field.criteria}
    for sheet in sheets:
        for code in field.votes:
            if code not in sheet.marks or (
                (marks := sheet.marks[code]) is not None and not ids <= set(marks)
            ):
                yield Missing(sheet.judge, code)
    least = 2 * method.trim + 1 if method.panel == "trimmed_mean" else 1
    for code in field.votes:
        recused = sum(code in sheet.marks and sheet.marks[code] is None for sheet in sheets)
        if len(sheets) - recused < least and len(sheets) >= method.judges:
            yield Missing("", code)
