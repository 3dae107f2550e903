"""What follows an attempt, and how fast attempts follow one another."""

from typing import NamedTuple

import pytest

from gateway.outbox import retry
from gateway.outbox.retry import Next, Pace, Plan
from gateway.outbox.sender import SENT, Fate

PLAN = Plan(attempts=3)
NOW_MS = 1_000_000


class Case(NamedTuple):
    fate: Fate
    attempt: int
    repeatable: bool
    expected: Next


CASES = {
    "taken": Case(SENT, 1, False, Next("sent", NOW_MS, "")),
    "refused for good": Case(Fate("failed", "no"), 1, True, Next("failed", NOW_MS, "no")),
    "refused for now": Case(Fate("later", "busy"), 1, False, Next("due", NOW_MS + 5000, "busy")),
    "the second time, twice as long": Case(
        Fate("later", "busy"), 2, False, Next("due", NOW_MS + 10_000, "busy")
    ),
    "as long as the provider says": Case(
        Fate("later", "busy", 60.0), 1, False, Next("due", NOW_MS + 60_000, "busy")
    ),
    "but not sooner than we would": Case(
        Fate("later", "busy", 1.0), 1, False, Next("due", NOW_MS + 5000, "busy")
    ),
    "the last attempt": Case(Fate("later", "busy"), 3, False, Next("failed", NOW_MS, "busy")),
    "in doubt": Case(Fate("unknown", "no_answer"), 1, False, Next("unknown", NOW_MS, "no_answer")),
    "in doubt, but sent once for one reference": Case(
        Fate("unknown", "no_answer"), 1, True, Next("due", NOW_MS + 5000, "no_answer")
    ),
    "in doubt to the last": Case(Fate("unknown", "no_answer"), 3, True, Next("unknown", NOW_MS, "no_answer")),
}


@pytest.mark.parametrize("name", CASES)
def test_what_follows(name: str) -> None:
    fate, attempt, repeatable, expected = CASES[name]
    assert retry.after(fate, attempt, repeatable, PLAN, NOW_MS, 0.5) == expected


def test_retries_are_spread_and_bounded() -> None:
    for attempt in range(1, 20):
        soon, late = retry.backoff(attempt, 0.0), retry.backoff(attempt, 0.999)
        assert 0.3 * late < soon < late < 900


def test_no_more_begin_than_a_second_has() -> None:
    pace = Pace(5.0)
    begun = 0
    for tick in range(81):  # ten seconds
        free = pace.allowance(tick / 8)
        pace.spend(free)
        begun += free
    assert begun == 5 + 50


def test_a_slow_pace_still_moves() -> None:
    pace = Pace(0.5)
    begun = []
    for second in range(9):
        free = pace.allowance(float(second))
        pace.spend(free)
        begun.append(free)
    assert begun == [1, 0, 1, 0, 1, 0, 1, 0, 1]


def test_a_refusal_that_may_pass_holds_everything_for_a_while() -> None:
    pace = Pace(5.0)
    assert pace.allowance(0.0) == 5
    pace.heard(Fate("later", "busy"), 0.0)
    assert (pace.allowance(1.9), pace.allowance(2.1)) == (0, 5)
    pace.heard(Fate("later", "busy"), 2.1)
    assert (pace.allowance(6.0), pace.allowance(6.2)) == (0, 5)
    pace.heard(Fate("later", "busy", 30.0), 6.2)
    assert (pace.allowance(36.1), pace.allowance(36.3)) == (0, 5)
    pace.heard(SENT, 36.3)
    pace.heard(Fate("later", "busy"), 36.3)
    assert (pace.allowance(38.2), pace.allowance(38.4)) == (0, 5)


def test_other_ends_hold_nothing_up() -> None:
    pace = Pace(5.0)
    pace.heard(Fate("failed", "no"), 0.0)
    pace.heard(Fate("unknown", "no_answer"), 0.0)
    assert pace.allowance(0.0) == 5
