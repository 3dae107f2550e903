"""All tests together: on campaigns that were made by lot from fixed seeds, honest ones and others.

A1 to A4 of the goals: some campaigns in every run, as many as `SOAK_CAMPAIGNS` says in the long one.
"""

import os
from collections import Counter
from collections.abc import Callable
from functools import cache
from math import comb
from random import Random

import pytest

from gateway.anomalies import bursts
from gateway.anomalies.battery import ALPHA, PARTS, Looked, look
from gateway.anomalies.finding import Finding, Vote
from tests.anomalies.planted import PLANTS, honest, planted, seen, tampered, voice_kids

CAMPAIGNS = int(os.environ.get("SOAK_CAMPAIGNS", "1000"))
#: A seed with which an honest candidate, too, has a burst, when the votes that were made for another end.
SINGERS = 97
#: Which family a plant is for.
FAMILY = {
    "burst": "bursts",
    "blocks": "blocks",
    "runs": "runs",
    "template": "templates",
    "segment": "segments",
    "bots": "regularity",
}


def clean(seed: int) -> list[Vote]:
    """An honest campaign of some size, every other one with a star, one of three without any agreement."""
    random = Random(seed * 7 + 1)
    size, candidates = random.choice((4_000, 6_000, 10_000)), random.choice((3, 5, 8))
    return honest(seed, size, candidates, star=seed % 2 == 0, rho=random.choice((0.0, 0.02, 0.02)))[0]


@cache
def singers() -> tuple[list[Vote], str, Looked]:
    votes, favourite = voice_kids(SINGERS)
    return votes, favourite, seen(votes, SINGERS)


def about(found: Looked, votes: list[Vote]) -> set[tuple[Finding, frozenset[Vote]]]:
    """Findings, by the votes themselves."""
    return {(one._replace(indices=()), frozenset(votes[at] for at in one.indices)) for one in found.findings}


def test_levels_sum_to_what_an_honest_campaign_may_raise() -> None:
    assert sum(PARTS.values()) == pytest.approx(1)
    assert sum(look([], b"", codes=[]).levels.values()) == pytest.approx(ALPHA)


@pytest.mark.parametrize("seed", range(6))
def test_an_honest_campaign_raises_no_alarm(seed: int) -> None:
    votes = clean(seed)
    said = seen(votes, seed)
    assert said.findings == said.concerns == ()
    assert (said.votes, said.unplaced) == (len(votes), 0)


@pytest.mark.parametrize("plant", PLANTS)
def test_two_votes_of_a_hundred_are_found(plant: str) -> None:
    votes, candidate = tampered(1, plant, 0.02)
    said = seen(votes, 1)
    (concern,) = said.concerns
    assert concern.candidate == candidate
    assert FAMILY[plant] in concern.families
    made = set(votes[-120:])
    for one in said.findings:
        assert one.p <= one.level
        assert one.observed > one.expected or one.kind in {"gaps", "clock"}
        assert one.begin_ms is not None
        assert one.end_ms is not None
        assert {votes[at].candidate for at in one.indices} == {candidate}
        assert all(one.begin_ms <= votes[at].at_ms < one.end_ms for at in one.indices)
        assert one.severity == concern.severity
    involved = {at for one in said.findings for at in one.indices}
    assert concern.votes == len(involved)
    assert concern.severity == pytest.approx(len(concern.families) * len(involved) / said.margin)
    # What is listed holds what was planted, or most of it.
    assert len(made & {votes[at] for at in involved}) >= (40 if plant == "blocks" else 60)


def test_no_finding_holds_a_number() -> None:
    votes, _, said = singers()
    for one in said.findings:
        shown = repr(one._replace(indices=(), begin_ms=0, end_ms=0))
        assert not any(vote.line[1:] in shown or vote.line[2:] in shown for vote in votes)


def test_the_order_of_votes_is_of_no_matter() -> None:
    votes, _ = tampered(2, "bots", 0.02, size=3_000)
    again = Random(1).sample(votes, len(votes))
    first, second = seen(votes, 5), seen(again, 5)
    assert first.findings
    assert about(first, votes) == about(second, again)
    assert [one._replace(indices=()) for one in first.findings] == [
        one._replace(indices=()) for one in second.findings
    ]
    assert first == seen(votes, 5)


def test_nobody_stands_out_by_what_was_made_for_another() -> None:
    votes, favourite, said = singers()
    burst = bursts.find(sorted(votes, key=lambda vote: vote.at_ms), 0.015, SINGERS.to_bytes(8, "big"), 199)
    assert {one.candidate for one in burst} > {favourite}
    assert {one.candidate for one in said.findings} == {favourite}


def test_a_star_is_not_accused_of_her_home_town() -> None:
    for seed in range(20, 23):
        votes = honest(seed, 5_000, 5, star=True)[0]
        assert seen(votes, seed).findings == ()


def test_the_voice_kids_are_found_with_every_reason() -> None:
    _, favourite, said = singers()
    (concern,) = said.concerns
    assert concern.candidate == favourite
    assert {"blocks", "runs", "templates", "segments", "bursts"} <= set(concern.families)
    assert concern.votes >= 800


@pytest.mark.parametrize(
    "votes",
    [
        [],
        [Vote("+8613800138000", 0, "A01", "A01", "x")],
        [Vote("+8613800138000", 0, "A01", "A01", ""), Vote("", 0, "A02", "", "x")],
        [Vote(f"+86138001{n:05}", 0, "A01", "A01", "x") for n in range(0, 900, 7)],
        [Vote("+8613800138000", 0, "A01", "A01", "x")] * 50
        + [Vote("+8613800138001", 0, "A02", "A02", "x")] * 50,
    ],
    ids=["none", "one", "no number", "one candidate", "one number"],
)
def test_little_is_no_trouble(votes: list[Vote]) -> None:
    said = look(votes, b"", codes=["A01"])
    assert said.votes == len(votes)
    assert all(one.p <= one.level for one in said.findings)


def test_everything_in_one_second() -> None:
    random = Random(1)
    votes = [vote._replace(at_ms=1_000_000) for vote in honest(1, 2_000)[0]]
    assert seen(votes, 1).findings == ()
    made = [vote._replace(at_ms=1_000_000) for vote in tampered(1, "template", 0.05, 2_000)[0]]
    assert {one.family for one in seen(random.sample(made, len(made)), 1).findings} == {"templates"}


def test_two_hundred_candidates() -> None:
    votes, setting = honest(3, 1_200, 200)
    assert seen(votes, 3).findings == ()
    votes += planted("runs", setting, "A150", 60)
    assert {one.candidate for one in seen(votes, 3).findings} == {"A150"}


def test_a_campaign_of_weeks() -> None:
    votes, setting = honest(4, 3_000, 5, minutes=20 * 24 * 60)
    assert seen(votes, 4).findings == ()
    (concern,) = seen(votes + planted("burst", setting, "A02", 80), 4).concerns
    assert (concern.candidate, concern.families) == ("A02", ("bursts",))


def test_one_candidate_may_still_have_runs() -> None:
    votes = [Vote(f"+8613800138{n:03}", n, "A01", "", "") for n in range(30)]
    said = look(votes, b"", codes=["A01"])
    assert {one.kind for one in said.findings} >= {"run", "pairs"}
    assert said.margin == said.unplaced == 30


def test_less_is_spent_on_an_early_look() -> None:
    votes = tampered(1, "runs", 0.02)[0]
    said = look(votes, b"", codes=[], alpha=1e-9, certifying=False)
    assert all(one.p <= one.level <= 1e-9 for one in said.findings)


# The long campaigns.


def measured(what: str) -> None:
    print(what)  # noqa: T201 -- seen with -s


def highest_rate(found: int, trials: int, sure: float = 0.99) -> float:
    """The highest rate at which so few would be found with a chance of 1 - `sure` (Clopper and Pearson)."""

    def chance(rate: float) -> float:
        return sum(comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(found + 1))

    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if chance(middle) > 1 - sure else (low, middle)
    return high


def test_the_highest_rate_is_known() -> None:
    assert highest_rate(0, 100) == pytest.approx(1 - 0.01 ** (1 / 100))
    assert highest_rate(50, 1_000) < 0.07 < highest_rate(56, 1_000)


@pytest.mark.soak
def test_false_alarms_of_many_honest_campaigns() -> None:
    """A1."""
    found = [(seed, seen(clean(seed), seed).findings) for seed in range(CAMPAIGNS)]
    alarms = [(seed, sorted({one.family for one in said})) for seed, said in found if said]
    bound = highest_rate(len(alarms), CAMPAIGNS)
    measured(f"A1: {len(alarms)} alarms in {CAMPAIGNS}, at most {bound:.2%} (99 %): {alarms}")
    assert len(alarms) <= ALPHA * CAMPAIGNS
    assert bound <= max(0.07, highest_rate(0, CAMPAIGNS))


@pytest.mark.soak
@pytest.mark.parametrize("plant", PLANTS)
def test_power(plant: str) -> None:
    """A2."""
    trials = max(CAMPAIGNS // 5, 20)
    found, families = Counter[float](), Counter[tuple[float, str]]()
    for part in (0.005, 0.01, 0.02, 0.05):
        for seed in range(trials):
            votes, candidate = tampered(1_000_000 + seed, plant, part)
            hit = {one.family for one in seen(votes, seed).findings if one.candidate == candidate}
            found[part] += bool(hit)
            families.update((part, family) for family in hit)
    measured(f"A2 {plant}: of {trials} {dict(found)}, {dict(families)}")
    assert found[0.02] >= 0.9 * trials
    assert found[0.05] >= 0.9 * trials


@pytest.mark.soak
@pytest.mark.parametrize(
    ("name", "make"), [("A3", voice_kids), ("A4", lambda seed: (honest(50_000 + seed, star=True)[0], ""))]
)
def test_the_singers_and_the_star(name: str, make: Callable[[int], tuple[list[Vote], str]]) -> None:
    trials, families, flagged, others = max(CAMPAIGNS // 10, 10), Counter[str](), 0, 0
    for seed in range(trials):
        votes, favourite = make(seed)
        concerns = {one.candidate: one for one in seen(votes, seed).concerns}
        if favourite in concerns:
            families.update(concerns[favourite].families)
            flagged += {"runs", "templates", "segments", "blocks"} <= set(concerns[favourite].families)
        # The star is the first of all candidates.
        others += any(candidate != favourite for candidate in concerns) if favourite else "A01" in concerns
    measured(f"{name}: {flagged} of {trials}, {dict(families)}; others {others}")
    # Beside the favourite, others raise no more than they do where nobody tampered; a star raises nothing.
    assert flagged == (trials if name == "A3" else 0)
    assert others <= (ALPHA * trials if name == "A3" else 0)
