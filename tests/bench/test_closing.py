"""The queues on paper: nothing vanishes in them, they wait as theory says, and each rule shows."""

import random
from itertools import accumulate
from statistics import mean

import pytest

from bench import closing
from bench.closing import Node, Provider

WINDOW_S, GRACE_S = 300.0, 900.0
NODE = Node(vote_s=1e-3, batch_s=1e-3, shed_s=2e-4, queue=200, batch=100)


@pytest.mark.parametrize("load", [0.5, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_message_and_every_request_ends_once(load: float, seed: int) -> None:
    messages = int(load * NODE.most_per_s / closing.peak_per_s(1, WINDOW_S))
    found = closing.run(closing.arrivals(messages, WINDOW_S, seed), NODE, WINDOW_S, GRACE_S, seed)
    assert found.total("messages") == found.total("recorded") + found.total("lost") == messages
    assert found.requests == found.answered + found.total("shed") == messages + found.total("again")
    assert found.answered == found.total("recorded") + found.total("redelivered")
    assert (found.total("shed") > 0) is (load > 1)
    assert max(found.queued.values()) <= NODE.queue


@pytest.mark.parametrize("load", [0.2, 0.5, 0.8])
def test_one_by_one_it_is_the_queue_of_the_textbooks(load: float) -> None:
    """M/D/1: the mean wait before service is load × service / 2(1 - load) (Pollaczek and Khinchine)."""
    service_s, rng = 0.01, random.Random(7)
    at = list(accumulate(rng.expovariate(load / service_s) for _ in range(60_000)))
    node = Node(vote_s=service_s, batch_s=0.0, shed_s=0.0, queue=10**6, batch=1)
    found = closing.run(at, node, at[-1] + 1, 0, 1, [Provider("any", 1, 1e9, (), has_clock=True)])
    waited = mean(found.told[0].waits) - service_s
    assert waited == pytest.approx(load * service_s / (2 * (1 - load)), rel=0.06)


def test_arrivals_follow_the_published_curve() -> None:
    """By a share t of the window, 1 - log(1 + 100(1 - t)) / log(101) of all have come; none after it."""
    at = closing.arrivals(100_000, WINDOW_S, 3)
    assert at == sorted(at)
    assert at[0] >= 0
    assert at[-1] < WINDOW_S
    for share, come in ((0.5, 0.148), (0.8, 0.340), (0.99, 0.850)):
        assert sum(one < share * WINDOW_S for one in at) / len(at) == pytest.approx(come, abs=0.005)
    last_s = sum(one >= WINDOW_S - 0.5 for one in at) / 0.5
    assert last_s == pytest.approx(closing.peak_per_s(len(at), WINDOW_S), rel=0.1)


#: One is served for a second, one may wait, the others are shed.
SLOW = Node(vote_s=1.0, batch_s=0.0, shed_s=0.0, queue=1, batch=1)


def provider(timeout_s: float, retries_s: tuple[float, ...], *, has_clock: bool = True) -> Provider:
    return Provider("one", 1.0, timeout_s, retries_s, has_clock=has_clock)


@pytest.mark.parametrize(
    ("messages", "rules", "told"),
    [
        pytest.param(
            10, provider(99, ()), {"recorded": 2, "lost": 8, "shed": 8, "again": 0}, id="never sends again"
        ),
        pytest.param(
            10,
            provider(99, (10.0,) * 4),
            {"recorded": 10, "lost": 0, "late": 0, "in_transit": 8},
            id="tells when it was sent",
        ),
        pytest.param(
            10,
            provider(99, (10.0,) * 4, has_clock=False),
            {"recorded": 10, "lost": 0, "late": 8, "in_transit": 0},
            id="tells no time",
        ),
        pytest.param(
            10,
            provider(99, (10.0,)),
            {"recorded": 4, "lost": 6, "shed": 8 + 6, "again": 8},
            id="gives up after one more",
        ),
        pytest.param(
            1,
            provider(0.5, (10.0,)),
            {"recorded": 1, "lost": 0, "again": 1, "redelivered": 1, "in_transit": 0},
            id="does not wait for the answer",
        ),
    ],
)
def test_each_rule_shows(messages: int, rules: Provider, told: dict[str, int]) -> None:
    at = [9.0 + n / 1000 for n in range(messages)]
    found = closing.run(at, SLOW, window_s=10.0, grace_s=5.0, seed=1, providers=[rules])
    assert {name: getattr(found.told[0], name) for name in told} == told


def test_the_same_seed_gives_the_same_closing() -> None:
    at = closing.arrivals(5_000, WINDOW_S, 1)
    first, again, other = (closing.run(at, NODE, WINDOW_S, GRACE_S, seed) for seed in (1, 1, 2))
    assert list(closing.rows(first)) == list(closing.rows(again)) != list(closing.rows(other))
