"""The order of acts in several logs: as they were recorded, and of what cannot have been nothing is made."""

import random

import pytest

from tally.order import Disordered, Placed, Span, in_order, placed, spans


def campaign(seed: int) -> tuple[dict[str, int], list[Placed], list[tuple[str, int]]]:
    """Logs that nodes append to at random: their sizes, their acts, and all entries as they came."""
    draw = random.Random(seed)
    sizes = dict.fromkeys([f"n{one}" for one in range(1, draw.randint(2, 5))], 0)
    acts, came = list[Placed](), list[tuple[str, int]]()
    for _ in range(draw.randint(1, 80)):
        node = draw.choice(list(sizes))
        if draw.random() < 0.4:
            others = {one: size for one, size in sizes.items() if one != node and size}
            acts.append(Placed(node, sizes[node], others))
        came.append((node, sizes[node]))
        sizes[node] += 1
    return sizes, acts, came


@pytest.mark.parametrize("seed", range(200))
def test_every_act_stands_after_what_it_saw_and_before_what_it_did_not(seed: int) -> None:
    sizes, acts, came = campaign(seed)
    shuffled = random.Random(seed).sample(acts, len(acts))
    assert in_order(shuffled, lambda one: one) == acts
    walked = [(span.node, seq) for span in spans(sizes, shuffled) for seq in range(span.first, span.end)]
    assert sorted(walked) == sorted(came)
    for act in acts:
        at, was = walked.index((act.node, act.seq)), came.index((act.node, act.seq))
        assert set(walked[:at]) == set(came[:was])


def test_one_log_is_one_row() -> None:
    assert list(spans({"n1": 5}, [])) == [Span("n1", 0, 5)]
    assert list(spans({"n1": 5}, [Placed("n1", 2, {})])) == [
        Span("n1", 0, 2),
        Span("n1", 2, 3),
        Span("n1", 3, 5),
    ]


@pytest.mark.parametrize(
    ("acts", "bad"),
    [
        ([Placed("n1", 1, {"n2": 4})], ("n1", 1)),  # more than there are
        ([Placed("n1", 9, {"n2": 1})], ("n1", 9)),
        ([Placed("n1", 1, {"n3": 1})], ("n1", 1)),  # no such log
        ([Placed("n1", 1, {"n1": 1})], ("n1", 1)),  # its own
        ([Placed("n1", 1, {"n2": 2}), Placed("n2", 1, {"n1": 2})], ("n2", 1)),  # each before the other
        ([Placed("n1", 1, {"n2": 2}), Placed("n1", 3, {"n2": 1})], ("n1", 3)),  # less than before
        ([Placed("n1", 1, {"n2": 2}), Placed("n1", 3, {})], ("n1", 3)),
        ([Placed("n1", 1, {"n2": -1})], ("n1", 1)),
    ],
)
def test_what_cannot_have_been(acts: list[Placed], bad: tuple[str, int]) -> None:
    with pytest.raises(Disordered) as found:
        list(spans({"n1": 4, "n2": 3}, acts))
    assert (found.value.act.node, found.value.act.seq) == bad


def test_what_a_leaf_tells() -> None:
    assert placed("n1", 3, {"by": "system"}) == Placed("n1", 3, {})
    assert placed("n1", 3, {"seen": {"n2": 7}}).before == 10
    for seen in ([1], {"n2": "x"}, {"n2": None}):
        with pytest.raises((ValueError, TypeError, AttributeError)):
            placed("n1", 3, {"seen": seen})
