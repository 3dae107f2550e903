"""Counts per hour, or per day, against our record."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally import hourly
from tally.hourly import Period
from tally.reconciliation import Compared

NOON = 1_531_108_800_000
HOUR = 3_600_000
HALF_PAST = NOON + HOUR // 2  # the hours of India


def periods(counts: list[int], begin: int = NOON, long: int = HOUR) -> list[Period]:
    return [Period(n + 2, begin + n * long, begin + (n + 1) * long, count) for n, count in enumerate(counts)]


def times(counts: list[int], begin: int = NOON, long: int = HOUR) -> list[int]:
    return [begin + n * long + 7_000 for n, count in enumerate(counts) for _ in range(count)]


def said(result: Compared) -> list[tuple[str, str, int, int]]:
    return [(one.kind, one.reason, one.row, one.rows) for one in result.findings]


@pytest.mark.parametrize("begin", [NOON, HALF_PAST])
@pytest.mark.parametrize("long", [HOUR, 24 * HOUR])
def test_what_agrees_has_no_findings(begin: int, long: int) -> None:
    counts = [5, 0, 900, 3]
    result = hourly.compare(periods(counts, begin, long), times(counts, begin, long))
    assert (result.findings, result.rows, result.recorded, result.matched) == ([], 908, 908, 908)


def test_each_hour_that_differs_is_listed() -> None:
    result = hourly.compare(periods([5, 7, 900, 3]), times([5, 6, 900, 9]))
    assert said(result) == [("missing", "more_than_ours", 3, 1), ("extra", "fewer_than_ours", 5, 6)]
    assert result.matched == 5 + 6 + 900 + 3


def test_at_the_edge_of_two_hours_messages_change_sides() -> None:
    result = hourly.compare(periods([5, 10, 900]), times([7, 8, 900]))
    assert said(result) == [("shifted", "hour_edge", 2, 2)]


@pytest.mark.parametrize("hours", [-8, 8, 1])
def test_another_zone_is_one_finding(hours: int) -> None:
    counts = [5, 80, 900, 3, 44, 12]
    result = hourly.compare(periods(counts, NOON + hours * HOUR), times(counts))
    assert said(result) == [("shifted", "time_zone", 0, 1044)]
    assert result.slip_ms == hours * HOUR


def test_what_it_does_not_cover_is_said() -> None:
    assert said(hourly.compare(periods([4]), times([4, 3]))) == [("extra", "outside_statement", 0, 3)]
    assert said(hourly.compare([], times([2]))) == [("extra", "outside_statement", 0, 2)]
    assert hourly.compare(periods([0]), []).findings == []


def test_periods_do_not_overlap() -> None:
    with pytest.raises(hourly.Overlapping) as caught:
        hourly.compare([*periods([4]), Period(9, NOON + 1_800_000, NOON + 2 * HOUR, 1)], [])
    assert caught.value.row == 9


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(1, 48))
def test_every_difference_is_counted(seed: int, size: int) -> None:
    chance = random.Random(seed)
    ours = [chance.randrange(200, 400) for _ in range(size)]
    by = [chance.choice((0, 0, 0, chance.randrange(-9, 10))) for _ in range(size)]
    result = hourly.compare(periods([n + off for n, off in zip(ours, by, strict=True)]), times(ours))
    assert result.count("missing") - result.count("extra") == sum(by)
    assert 2 * result.count("shifted") + result.count("missing") + result.count("extra") == sum(map(abs, by))
    assert result.rows == result.matched + result.count("missing") + result.count("shifted")
