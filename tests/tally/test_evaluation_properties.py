"""Any award: what the evaluation says of itself holds when it is asked again, or when everything is tried."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tally.evaluation import Contest, Criterion, Field, Marks, Method, Missing, Sheet, composites
from tally.margins import smallest
from tally.panel import adjust, by_chance
from tally.sensitivity import sweep

CODES = "ABCDE"
slow = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def contests(draw: st.DrawFn, votes: int = 30, points: int = 6) -> Contest:
    """Small awards, in which ties are frequent."""
    codes = CODES[: draw(st.integers(2, 5))]
    judges = draw(st.integers(3, 4))
    panel = draw(st.sampled_from(("mean", "trimmed_mean", "rank")))
    method = Method(
        public_weight=Fraction(draw(st.integers(0, 10)), 10),
        judges=judges,
        votes=draw(st.sampled_from(("share_of_total", "share_of_maximum", "rank_points"))),
        panel=panel,
        trim=1 if panel == "trimmed_mean" else 0,
        places=draw(st.integers(0, 3)),
        rounding=draw(st.sampled_from(("half_up", "half_even"))),
        rounded=draw(st.sampled_from(("end", "each"))),
    )
    criteria = (
        Criterion("x", Fraction(points), Fraction(2)),
        Criterion("y", Fraction(points), step=Fraction(2)),
    )
    sheets = [
        Sheet(
            f"J{n}",
            {
                code: {
                    "x": Fraction(draw(st.integers(0, points))),
                    "y": Fraction(2 * draw(st.integers(0, points // 2))),
                }
                for code in codes
            },
        )
        for n in range(judges)
    ]
    field = Field(
        "c",
        draw(st.integers(1, len(codes) - 1)),
        {code: draw(st.integers(0, votes)) for code in codes},
        criteria,
    )
    return Contest(method, field, sheets)


@slow
@given(contests(), st.fractions(0, 1, max_denominator=997))
def test_the_sweep_says_what_the_ranking_is_at_any_weight(contest: Contest, weight: Fraction) -> None:
    moved = sweep(contest)
    exact = {
        code: weight * contest.public[code] + (1 - weight) * contest.panel[code]
        for code in contest.field.votes
    }
    placed = contest.place(exact)
    for span in moved.spans:
        if span.low < weight < span.high:
            assert span.tiers == placed.tiers
            assert span.shortlist == placed.shortlist(contest.field.shortlist)[0]
    for before, after in pairwise(moved.spans):
        assert before.high == after.low
        assert before.tiers != after.tiers, "nothing changes at a breakpoint"
    assert (moved.spans[0].low, moved.spans[-1].high) == (0, 1)


@slow
@given(contests())
def test_the_table_of_the_sweep_is_the_method_at_other_weights(contest: Contest) -> None:
    for step in sweep(contest).table:
        method = replace(contest.method, public_weight=step.weight)
        table = Contest(method, contest.field, contest.sheets).evaluate()
        assert {row.code: row.composite for row in table.rows} == step.composites
        assert {row.code for row in table.rows if row.shortlisted} == step.shortlist


def list_of(contest: Contest, votes: dict[str, int], sheets: list[Sheet]) -> set[str]:
    """The shortlist, counted from the beginning, with other votes and sheets."""
    table = Contest(contest.method, replace(contest.field, votes=votes), sheets).evaluate()
    return {row.code for row in table.rows if row.shortlisted}


def fewest(contest: Contest, kind: str, most: int) -> int | None:
    """The least number of votes that does it, found by trying all."""
    votes = dict(contest.field.votes)
    now = list_of(contest, votes, list(contest.sheets))
    for n in range(1, most + 1):
        for source, target in product(["", *votes], repeat=2):
            fits = {"added": not source and target, "taken": source and not target}.get(
                kind, source and target
            )
            if not fits or source == target or (source and votes[source] < n):
                continue
            after = {code: have - n * (code == source) + n * (code == target) for code, have in votes.items()}
            if list_of(contest, after, list(contest.sheets)) != now:
                return n
    return None


def _nobodys_votes() -> Contest:
    """B is on the list by the panel alone, and has no vote to lose: one of A's less, and it is C."""
    none, four = {"x": Fraction(0), "y": Fraction(0)}, {"x": Fraction(0), "y": Fraction(4)}
    method = Method(Fraction(1, 10), 3, "share_of_total", "mean", 0, 0, "half_up", "end")
    criteria = (
        Criterion("x", Fraction(6), Fraction(2)),
        Criterion("y", Fraction(6), step=Fraction(2)),
    )
    sheets = [Sheet(judge, {"A": none, "B": given_, "C": none}) for judge, given_ in
              (("J0", none), ("J1", four), ("J2", none))]  # fmt: skip
    return Contest(method, Field("c", 1, {"A": 1, "B": 0, "C": 1}, criteria), sheets)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(contests(votes=12))
@example(_nobodys_votes())
def test_no_smaller_change_of_votes_would_do(contest: Contest) -> None:
    found, decided = smallest(contest), contest.evaluate().complete
    for kind in ("added", "taken", "moved"):
        change = getattr(found, kind)
        if not decided:
            assert change is None
            continue
        tried = fewest(contest, kind, 25)
        assert tried == (None if change is None or change.amount > 25 else change.amount), kind


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(contests())
def test_no_smaller_change_of_a_judges_points_would_do(contest: Contest) -> None:
    found, table = smallest(contest).panel, contest.evaluate()
    if not table.complete:
        assert found is None
        return
    tried = [
        (abs(change), code, sheet.judge)
        for sheet, code in product(contest.sheets, contest.field.votes)
        for change, marks in others(contest, sheet, code)
        if list_of(contest, dict(contest.field.votes), with_marks(contest, sheet, code, marks))
        != {row.code for row in table.rows if row.shortlisted}
    ]
    least = min((amount for amount, *_ in tried), default=None)
    assert least == (None if found is None else abs(found.amount))


def others(contest: Contest, sheet: Sheet, code: str) -> Iterator[tuple[Fraction, Marks]]:
    """Every other total that the judge could give, up to what every unit of a total allows."""
    marks = sheet.marks[code]
    assert marks is not None
    total = contest.field.total(marks)
    for other in range(int(contest.field.most) + 1):
        if other != total and other % 2 == 0:
            yield other - total, {"x": Fraction(other, 2), "y": Fraction()}


def with_marks(contest: Contest, sheet: Sheet, code: str, marks: Marks) -> list[Sheet]:
    return [Sheet(one.judge, {**one.marks, code: marks}) if one is sheet else one for one in contest.sheets]


@slow
@given(contests(), st.permutations(CODES))
def test_a_lot_settles_every_tie_and_nothing_else_does(contest: Contest, drawn: list[str]) -> None:
    table = contest.evaluate()
    after = Contest(contest.method, contest.field, contest.sheets, [drawn]).evaluate()
    assert not after.unresolved
    assert [row.composite for row in after.rows] == [row.composite for row in table.rows]
    for one, other in pairwise(table.rows):
        if one.rank == other.rank:
            assert one.open
            assert (one.votes, one.panel, one.composite) == (other.votes, other.panel, other.composite)
    for row in after.rows:
        assert ("lot" in row.settled) == any(row.code in tie for tie in table.unresolved)


@slow
@given(contests(), st.data())
def test_while_anything_is_missing_there_is_no_figure(contest: Contest, data: st.DataObject) -> None:
    sheet = data.draw(st.sampled_from(list(contest.sheets)))
    code = data.draw(st.sampled_from(list(contest.field.votes)))
    short = [
        Sheet(one.judge, {c: m for c, m in one.marks.items() if c != code}) if one is sheet else one
        for one in contest.sheets
    ]
    table = Contest(contest.method, contest.field, short).evaluate()
    assert (table.rows, table.missing) == ((), (Missing(sheet.judge, code),))
    fewer = [one for one in contest.sheets if one is not sheet]
    assert Contest(contest.method, contest.field, fewer).evaluate().missing == (Missing("", ""),)


@slow
@given(contests(), st.data())
def test_a_recused_judge_is_averaged_over_the_others(contest: Contest, data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(list(contest.field.votes)))
    judge = data.draw(st.sampled_from(list(contest.sheets)))
    sheets = with_marks(contest, judge, code, None)
    recused = Contest(contest.method, contest.field, sheets)
    if contest.method.panel == "trimmed_mean" and len(sheets) - 1 < 3:
        assert recused.evaluate().missing == (Missing("", code),)
        return
    (row,) = (row for row in recused.evaluate().rows if row.code == code)
    assert judge.judge not in row.judged
    if contest.method.panel == "mean":
        rest = [contest.judged[code][one.judge].score for one in sheets if one.judge != judge.judge]
        assert row.panel == contest.method.step(sum(rest, Fraction()) / len(rest))


@slow
@given(contests())
def test_composites_are_the_weighted_sum(contest: Contest) -> None:
    exact = composites(contest.method, contest.public, contest.panel)
    for row in contest.evaluate().rows:
        assert row.exact == exact[row.code] == row.public_part + row.panel_part
        assert abs(row.composite - row.exact) <= Fraction(1, 2 * 10**contest.method.places)


def test_the_chance_of_the_same_first_five_of_seventeen() -> None:
    assert by_chance(5, 5, 17) == Fraction(1, 6188)
    assert by_chance(0, 5, 17) == 1


@given(st.lists(st.fractions(0, 1), max_size=12))
def test_adjusted_values_reject_what_the_procedure_rejects(ps: list[Fraction]) -> None:
    rate, ordered = Fraction(1, 20), sorted(ps)
    cut = max((p for n, p in enumerate(ordered, 1) if p <= rate * n / len(ps)), default=None)
    assert [p <= rate for p in adjust(ps)] == [cut is not None and p <= cut for p in ps]
