"""docs/rules.md: what counts, what is over the cap, what voids, in the order it was recorded."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.caps import CampaignCaps, Cap, ContestCaps
from dedup.judge import History, judge

ONE = CampaignCaps({"w": ContestCaps((Cap("campaign", 1),)), "s": ContestCaps((Cap("campaign", 1),))})
THREE = CampaignCaps({"w": ContestCaps((Cap("campaign", 3),))})
DAILY = CampaignCaps({"w": ContestCaps((Cap("day", 2), Cap("campaign", 3)))})
SAME_AGAIN = CampaignCaps({"w": ContestCaps((Cap("day", 3), Cap("candidate", 2)))})
TOTAL = CampaignCaps(
    {"w": ContestCaps((Cap("campaign", 9),)), "s": ContestCaps((Cap("campaign", 9),))}, (Cap("campaign", 2),)
)
VOID = CampaignCaps(
    {"w": ContestCaps((Cap("campaign", 2),), void_all=True), "s": ContestCaps((Cap("campaign", 1),))}
)

Message = tuple[str, str]  # day, space-separated selections such as "w:A s:B"


def play(caps: CampaignCaps, messages: list[Message]) -> list[str]:
    """Each message's outcomes, then what it voids, as one line."""
    history, told = History(), []
    for day, named in messages:
        selections = [tuple(one.split(":")) for one in named.split()]
        judgement = judge([(contest, code) for contest, code in selections], history, caps, day)
        history.add(judgement.claims, "sms")
        told.append(" ".join([*judgement.outcomes, *(f"!{contest}" for contest in judgement.voids)]))
    return told


@pytest.mark.parametrize(
    ("caps", "messages", "expected"),
    [
        pytest.param(ONE, [("1", "w:A")], ["counted"], id="a first vote"),
        pytest.param(ONE, [("1", "w:A"), ("1", "w:B")], ["counted", "over_cap"], id="the earlier one stands"),
        pytest.param(ONE, [("1", "w:A"), ("2", "w:A")], ["counted", "same_candidate"], id="the same again"),
        pytest.param(ONE, [("1", "w:A s:B")], ["counted counted"], id="one in each contest"),
        pytest.param(ONE, [("1", "w:A"), ("1", "w:B s:C")], ["counted", "over_cap counted"],
                     id="the part within the caps"),
        pytest.param(ONE, [("1", "w:A w:B")], ["counted over_cap"], id="two in one message, in order"),
        pytest.param(THREE, [("1", "w:A"), ("1", "w:A"), ("1", "w:B w:C w:D")],
                     ["counted", "same_candidate", "counted counted over_cap"],
                     id="three, of different candidates"),
        pytest.param(DAILY, [("1", "w:A w:B w:C"), ("2", "w:A"), ("3", "w:D")],
                     ["counted counted over_cap", "counted", "over_cap"], id="per day, and over all days"),
        pytest.param(DAILY, [("1", "w:A"), ("1", "w:A"), ("2", "w:A")],
                     ["counted", "same_candidate", "counted"], id="the same candidate again tomorrow"),
        pytest.param(SAME_AGAIN, [("1", "w:A"), ("1", "w:A"), ("1", "w:A"), ("2", "w:A")],
                     ["counted", "counted", "same_candidate", "same_candidate"],
                     id="a candidate cap says how often"),
        pytest.param(TOTAL, [("1", "w:A s:B"), ("1", "s:C")], ["counted counted", "over_cap"],
                     id="over all contests"),
        pytest.param(VOID, [("1", "w:A"), ("1", "w:B"), ("1", "w:C")], ["counted", "counted", "over_cap !w"],
                     id="void all"),
        pytest.param(VOID, [("1", "w:A w:B w:C")], ["over_cap over_cap over_cap !w"], id="void all at once"),
        pytest.param(VOID, [("1", "w:A w:B"), ("1", "w:C s:D"), ("2", "w:A"), ("2", "w:E")],
                     ["counted counted", "over_cap counted !w", "over_cap", "over_cap"],
                     id="void stays void, other contests stand"),
        pytest.param(VOID, [("1", "w:A"), ("1", "w:A"), ("1", "w:A")],
                     ["counted", "same_candidate", "same_candidate"],
                     id="the same vote sent thrice voids nothing"),
    ],
)  # fmt: skip
def test_judge(caps: CampaignCaps, messages: list[Message], expected: list[str]) -> None:
    assert play(caps, messages) == expected


def test_what_was_voided_is_told_with_its_channel() -> None:
    history = History()
    for channel, code in (("sms", "A"), ("hotline", "B")):
        history.add(judge([("w", code)], history, VOID, "1").claims, channel)
    assert {(use.candidate, use.channel) for use in history.votes("w", VOID.contests["w"])} == {
        ("A", "sms"),
        ("B", "hotline"),
    }


@given(
    st.lists(
        st.tuples(
            st.sampled_from("12"), st.lists(st.sampled_from("ABCD"), min_size=1, max_size=3, unique=True)
        ),
        max_size=12,
    )
)
@settings(deadline=None, max_examples=300)
def test_no_order_of_messages_breaks_a_cap(messages: list[tuple[str, list[str]]]) -> None:
    history, counted = History(), []
    for day, codes in messages:
        judgement = judge([("w", code) for code in codes], history, DAILY, day)
        keys = [claim[:4] for claim in judgement.claims]
        assert len(set(keys)) == len(keys), "a claim has one place"
        history.add(judgement.claims, "sms")
        counted += [
            (day, code)
            for code, outcome in zip(codes, judgement.outcomes, strict=True)
            if outcome == "counted"
        ]
    assert len(counted) <= 3
    assert all(len([1 for day, _ in counted if day == today]) <= 2 for today in "12")
    assert len(set(counted)) == len(counted), "nobody twice a day"


def test_the_cap_holds_in_every_order() -> None:
    messages = [("1", "w:A"), ("1", "w:B"), ("2", "w:C"), ("2", "w:D")]
    for order in itertools.permutations(messages):
        assert " ".join(play(DAILY, list(order))).split().count("counted") == 3
