"""How operators differ: what is counted, and what is marked only if chance would hardly make it."""

import random

import pytest

from gateway.desk import report
from gateway.desk.report import Skew, Worked
from tally.outcome import Selection

CANDIDATES = [Selection("w", "A01"), Selection("w", "A02"), Selection("s", "B01"), Selection("s", "B02")]


def counts(*votes: int) -> dict[Selection, int]:
    return {one: n for one, n in zip(CANDIDATES, votes, strict=True) if n}


@pytest.mark.parametrize(
    ("worked", "compared", "rate"),
    [
        (Worked("wang", 10, 1, agreed=3, differed=1, missing=2, due=1), 4, 0.25),
        (Worked("wang", 10, 1, agreed=0, differed=0, missing=2, due=1), 0, None),
    ],
)
def test_rates_have_their_counts(worked: Worked, compared: int, rate: float | None) -> None:
    assert (worked.compared, worked.error_rate) == (compared, rate)


@pytest.mark.parametrize(
    ("votes", "of", "others", "others_of", "z"),
    [
        (50, 100, 50, 100, 0.0),
        (60, 100, 40, 100, 2.828),
        (40, 100, 60, 100, -2.828),
        (0, 0, 40, 100, None),
        (40, 100, 0, 0, None),
        (2, 8, 40, 100, None),  # fewer than five expected
        (0, 1000, 1, 1000, None),
        (1000, 1000, 1000, 1000, None),  # all the same: nothing to compare
    ],
)
def test_a_difference_in_standard_errors(
    votes: int, of: int, others: int, others_of: int, z: float | None
) -> None:
    assert report.z_score(votes, of, others, others_of) == (z if z is None else pytest.approx(z, abs=0.001))


def test_an_operator_is_compared_with_all_others_in_each_contest() -> None:
    choices = {"li": counts(30, 10, 5, 0), "wang": counts(20, 20, 0, 0), "zhao": counts(10, 30, 0, 5)}
    found = {(one.operator, one.selection.candidate): one for one in report.skews(choices, CANDIDATES)}
    assert len(found) == 12
    one = found["li", "A01"]
    assert (one.votes, one.of, one.others, one.others_of) == (30, 40, 30, 80)
    assert (one.share, one.others_share) == (0.75, 0.375)
    assert found["wang", "B01"] == Skew("wang", CANDIDATES[2], 0, 0, 5, 10, None, marked=False)


def test_who_enters_one_candidate_for_all_callers_is_marked() -> None:
    choices = {"li": counts(50, 50, 0, 0), "wang": counts(52, 48, 0, 0), "zhao": counts(99, 1, 0, 0)}
    marked = {
        (one.operator, one.selection.candidate) for one in report.skews(choices, CANDIDATES) if one.marked
    }
    assert marked >= {("zhao", "A01"), ("zhao", "A02")}


def test_alone_nobody_is_compared() -> None:
    assert not any(one.marked or one.z for one in report.skews({"li": counts(99, 1, 0, 0)}, CANDIDATES))
    assert report.skews({}, CANDIDATES) == []


def test_chance_hardly_ever_marks_anything() -> None:
    """Five operators with the same callers, a thousand times: about ten reports have a mark."""
    rng, false = random.Random(20180709), 0
    for _ in range(1_000):
        choices = {}
        for number in range(5):
            calls = rng.randint(20, 60)
            first = sum(rng.random() < 0.4 for _ in range(calls))
            choices[f"op{number}"] = counts(first, calls - first, 0, 0)
        false += any(one.marked for one in report.skews(choices, CANDIDATES))
    assert false <= 25
