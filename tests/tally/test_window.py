"""docs/rules.md: `[opens, closes)`, by the deciding clock, to the millisecond."""

import random
from collections import Counter

import pytest

from tally.window import ChannelWindow, Clock, place

OPENS, CLOSES, GRACE, SKEW = 1_000_000, 2_000_000, 60_000, 300_000
WINDOW = ChannelWindow(OPENS, CLOSES, GRACE)


@pytest.mark.parametrize(
    ("clock", "sent", "received", "when", "at"),
    [
        ("arrival", None, OPENS - 1, "early", OPENS - 1),
        ("arrival", None, OPENS, "on_time", OPENS),
        ("arrival", None, CLOSES - 1, "on_time", CLOSES - 1),
        ("arrival", None, CLOSES, "late", CLOSES),
        ("arrival", CLOSES - 1, CLOSES, "late", CLOSES),
        ("arrival", OPENS - 1, OPENS, "on_time", OPENS),
        ("provider", OPENS - 1, OPENS, "early", OPENS - 1),
        ("provider", OPENS, OPENS, "on_time", OPENS),
        ("provider", CLOSES - 1, CLOSES + GRACE, "on_time", CLOSES - 1),
        ("provider", CLOSES - 1, CLOSES + GRACE + 1, "in_transit", CLOSES - 1),
        ("provider", CLOSES, CLOSES, "late", CLOSES),
        ("provider", CLOSES, CLOSES - 1, "late", CLOSES),
        ("provider", None, CLOSES - 1, "on_time", CLOSES - 1),
        ("provider", None, CLOSES, "late", CLOSES),
    ],
)
def test_place(clock: Clock, sent: int | None, received: int, when: str, at: int) -> None:
    placement = place(WINDOW, received, sent, clock, SKEW)
    assert (placement.when, placement.at_ms, placement.note) == (when, at, "")


def test_a_time_too_far_ahead_is_not_believed_and_the_entry_says_so() -> None:
    believed = place(WINDOW, CLOSES - 10, CLOSES - 10 + SKEW, "provider", SKEW)
    assert (believed.when, believed.decided_by, believed.note) == ("late", "provider", "")
    ahead = place(WINDOW, CLOSES - 10, CLOSES - 9 + SKEW, "provider", SKEW)
    assert (ahead.when, ahead.decided_by, ahead.note) == ("on_time", "arrival", "future")


def test_an_early_close_cuts_the_window_and_never_lengthens_it() -> None:
    assert WINDOW.closed_at(None) is WINDOW
    assert WINDOW.closed_at(CLOSES + GRACE) is WINDOW
    within_grace = WINDOW.closed_at(CLOSES + 10)
    assert place(within_grace, CLOSES + 10, CLOSES - 1, "provider", SKEW).when == "on_time"
    assert place(within_grace, CLOSES + 11, CLOSES - 1, "provider", SKEW).when == "in_transit"
    before_close = WINDOW.closed_at(1_500_000)
    assert place(before_close, 1_500_001, 1_400_000, "provider", SKEW).when == "in_transit", (
        "no grace is left"
    )
    assert place(WINDOW.closed_at(1_500_000), 1_500_000, None, "arrival", SKEW).when == "late"
    assert place(WINDOW.closed_at(1_500_000), 1_499_999, None, "arrival", SKEW).when == "on_time"


@pytest.mark.parametrize("cases", [5_000, pytest.param(200_000, marks=pytest.mark.soak)])
def test_any_instants_fall_where_the_rules_say(cases: int) -> None:
    """Promises C4, C5: mostly a millisecond beside an edge. Told again here in other words."""
    rng, met = random.Random(cases), Counter[str]()
    for _ in range(cases):
        opens = rng.randrange(10**12, 2 * 10**12)
        closes = opens + rng.choice([1, 1_000, 86_400_000])
        grace = rng.choice([0, 1, 900_000])
        edges = (opens, closes, closes + grace, closes + grace + SKEW)
        received = rng.choice(edges) + rng.choice([-1, 0, 1, rng.randrange(-SKEW, SKEW)])
        sent = rng.choice([None, *(edge + rng.choice([-1, 0, 1]) for edge in (*edges, received + SKEW))])
        clock: Clock = rng.choice(["arrival", "provider"])
        found = place(ChannelWindow(opens, closes, grace), received, sent, clock, SKEW)
        by_sender = clock == "provider" and sent is not None and not sent > received + SKEW
        told = sent if by_sender and sent is not None else received
        in_time = opens <= told <= closes - 1
        arrived = not by_sender or received <= closes + grace
        assert (found.when == "on_time") == (in_time and arrived)
        assert (found.when == "in_transit") == (in_time and not arrived)
        assert (found.when == "early") == (told <= opens - 1)
        assert found.at_ms == told
        met[found.when] += 1
    assert min(met[when] for when in ("on_time", "early", "late", "in_transit")) > cases // 100


@pytest.mark.parametrize(
    ("sent_ms", "when"), [(999, "early"), (1_000, "on_time"), (1_999, "on_time"), (2_000, "late")]
)
def test_what_is_brought_in_is_placed_by_the_statements_time(sent_ms: int, when: str) -> None:
    window = ChannelWindow(1_000, 2_000, 500)
    assert place(window, 2_500, sent_ms, "statement", 0)[:3] == (when, sent_ms, "statement")
    afterwards = "in_transit" if when == "on_time" else when
    assert place(window, 2_501, sent_ms, "statement", 0).when == afterwards
