"""Each test by itself."""

from itertools import pairwise
from math import exp, isclose, log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.anomalies import blocks, bursts, chance, lines, regularity, runs, segments, templates
from gateway.anomalies.finding import Finding, Vote

HEAD = "+861380013"


def vote(
    line: int, candidate: str = "A01", at_ms: int = 0, text: str = "", place: str = "x", head: str = HEAD
) -> Vote:
    return Vote(f"{head}{line:04}", at_ms, candidate, text, place)


# lines


def test_a_block_is_a_number_without_its_last_four_digits() -> None:
    assert lines.block("+8613800138000") == "1380013"
    assert lines.block("+79001234567") == "+7900123"
    assert lines.block("+861065201234") == "+86106520"  # not mobile
    assert [lines.block(text) for text in ("", "+12", "anonymous", "13800138000", "+1²345678")] == [""] * 5
    assert lines.last("+8613800138042") == 8042


def test_the_longest_prefix_names_a_segment() -> None:
    find = lines.segment_of({"170": "virtual", "1703": "mobile", "+7958": "abroad"})
    assert find("+8617001234567") == "virtual"
    assert find("+8617031234567") == "mobile"
    assert find("+79581234567") == "abroad"
    assert find("+17001234567") == find("+8613800138000") == ""


# bursts


def test_bins_have_all_votes_and_no_empty_ones() -> None:
    week = 7 * 86_400_000
    times = sorted([0, 1, week] + [week + 10_000 + number for number in range(30)])
    of = bursts.bins(times)
    assert sum(one.votes for one in of) == 33
    assert len(of) == 1  # three votes are too few to be looked at by themselves
    assert bursts.bins([]) == []


@given(st.lists(st.integers(0, 3_000_000), min_size=1, max_size=300))
def test_bins_are_apart_and_in_order(times: list[int]) -> None:
    of = bursts.bins(sorted(times))
    assert all(one.end_ms <= after.begin_ms for one, after in pairwise(of))
    assert all(sum(one.begin_ms <= at < one.end_ms for at in times) == one.votes for one in of)
    assert len(of) == 1 or min(one.votes for one in of) >= 8


def test_windows_are_no_wider_than_they_may_be() -> None:
    of = [bursts.Bin(number * 2_000, number * 2_000 + 2_000, 10) for number in range(100)]
    spans = {one.after - one.first for one in bursts.windows(of)}
    assert {1, 2, 3, 10, 30, 60} <= spans
    assert max(spans) == 60


def test_the_ratio_is_as_written() -> None:
    counts, totals = [2, 2, 9, 2], [10, 10, 12, 10]
    of = [bursts.Bin(n * 200_000, n * 200_000 + 2_000, totals[n]) for n in range(4)]
    best = bursts.strongest(counts, bursts.windows(of), 42)
    m = 15 * (3 + 0.5) / (27 + 0.5)
    assert (best.window.first, best.window.after, best.observed) == (2, 3, 9)
    assert isclose(best.expected, m)
    assert isclose(best.ratio, 9 * log(9 / m) + 6 * log(6 / (15 - m)))
    assert bursts.strongest([10, 10, 12, 10], bursts.windows(of), 42).ratio == 0


def test_the_spread_is_measured() -> None:
    random = Random(1)
    totals = [40] * 3_000
    for rho in (0.0, 0.05):
        counts = [chance.beta_binomial(random, n, 0.2, rho) for n in totals]
        assert abs(bursts.spread(counts, totals) - rho) < 0.005
    assert bursts.spread([1, 0, 1], [1, 1, 1]) == bursts.spread([0], [5]) == 0


# blocks


def home(star_votes: int, place: str) -> list[Vote]:
    """A town of three blocks that votes for its star, and elsewhere others."""
    votes = [
        vote(
            number,
            "A01" if number < star_votes else "A02",
            place=place and "home",
            head=f"+86138001{number % 3}",
        )
        for number in range(90)
    ]
    return votes + [
        vote(number, "A01" if number < 20 else "A02", place=place and "away", head=f"+86139001{number % 9}")
        for number in range(400)
    ]


def test_a_home_town_is_no_concentration() -> None:
    assert blocks.find(home(80, "known"), 0.01, certifying=False) == []
    assert blocks.find(home(80, ""), 0.01, certifying=False) == []  # unknown: not looked at
    together = [one._replace(place="all") for one in home(80, "known")]
    accused = {one.block for one in blocks.find(together, 0.01, certifying=False) if one.candidate == "A01"}
    assert accused == {"1380010", "1380011", "1380012"}


@pytest.mark.parametrize("certifying", [False, True])
def test_a_block_within_a_town_is_one(certifying: bool) -> None:
    votes = home(40, "known") + [
        vote(5_000 + number, place="home", head="+861380019") for number in range(30)
    ]
    (found,) = blocks.find(votes, 0.01, certifying=certifying)
    assert (found.block, found.place, found.observed, found.candidate) == ("1380019", "home", 30, "A01")
    assert found.p <= found.level <= 0.005
    assert found.indices == tuple(range(490, 520))


def test_what_was_made_for_one_lays_no_blame_on_another() -> None:
    # 1,000 honest callers of a hundred blocks; a tenth are for A01, and six of one block.
    honest = [
        vote(
            number,
            "A01" if number % 10 == number // 100 else "A02",
            place="home",
            head=f"+86138{number % 100:04}",
        )
        for number in range(1_000)
    ]
    honest += [vote(9_000 + number, "A01", place="home", head="+861380007") for number in range(5)]
    made = [vote(number, "A03", place="home", head="+861390000") for number in range(4_000)]
    assert blocks.find(honest, 0.01, certifying=True) == []
    assert {one.candidate for one in blocks.find(honest + made, 0.01, certifying=True)} == {"A03"}


# runs


def test_pairs_by_chance() -> None:
    assert isclose(runs.pairs_by_chance([100, 1, 20]), (9_900 + 380) / 1e4, rel_tol=1e-3)
    random = Random(1)
    found = 0
    for _ in range(400):
        numbers = set(random.sample(range(10_000), 300))
        found += sum(number + 3 in numbers for number in numbers)
    assert isclose(found / 400, runs.pairs_by_chance([300], 3), rel_tol=0.05)


def test_the_longest_run() -> None:
    assert runs.longest_run([3]) == (3, 1)
    assert runs.longest_run([1, 2, 4, 5, 6, 9]) == (4, 3)
    assert runs.longest_run([1, 2, 3, 7, 8]) == (1, 3)


def test_a_run_by_chance() -> None:
    q = 100 / 10_000
    assert isclose(runs.run_by_chance([100], 4), 1 - exp(-10_000 * (1 - q) * q**4), rel_tol=1e-9)
    assert runs.run_by_chance([100], 4, pack=0.05) > runs.run_by_chance([100], 4)
    assert runs.run_by_chance([3, 2], 4) == 0


def scattered(candidate: str, seed: int, count: int = 300) -> list[Vote]:
    random = Random(seed)
    return [
        vote(
            random.randrange(10_000),
            candidate,
            head=f"+86{random.choice((133, 139))}{random.randrange(2_000):04}",
        )
        for _ in range(count)
    ]


def test_a_run_of_eight_is_found_and_where() -> None:
    votes = scattered("A01", 1) + scattered("A02", 2) + [vote(4_000 + n, "A02") for n in range(8)]
    found = {one.kind: one for one in runs.find(votes, 0.01)}
    assert set(found) == {"pairs", "run"}
    assert (found["run"].block, found["run"].observed, found["run"].step) == ("1380013", 8, 1)
    assert found["run"].indices == found["pairs"].indices == tuple(range(600, 608))
    assert (found["pairs"].step, found["pairs"].observed, found["pairs"].candidate) == (1, 7, "A02")


@pytest.mark.parametrize("step", [2, 7, 10, 100])
def test_even_steps_are_found(step: int) -> None:
    votes = scattered("A01", 1) + scattered("A02", 2) + [vote(1_000 + n * step, "A02") for n in range(12)]
    (found,) = runs.find(votes, 0.01)
    assert (found.kind, found.step) == ("pairs", step)
    assert set(range(600, 612)) <= set(found.indices)
    assert found.observed in {11, 12}  # one may be there by chance


def test_what_everybody_has_is_no_run() -> None:
    def with_families(candidate: str, seed: int) -> list[Vote]:
        votes = scattered(candidate, seed)
        return votes + [
            one._replace(line=f"{one.line[:-4]}{int(one.line[-4:]) ^ 1:04}") for one in votes[:12]
        ]

    alone = with_families("A01", 1)
    assert runs.find(alone + scattered("A02", 2), 0.01)
    everybody = [one for seed in range(8) for one in with_families(f"A0{seed}", seed)]
    assert runs.find(everybody, 0.01) == []


# segments


def test_a_segment_stands_out() -> None:
    votes = [vote(n, f"A{n % 4}", head="+861700001" if n % 25 == 0 else HEAD) for n in range(2_000)]
    assert segments.find(votes, 0.005, {"170": "virtual"}) == []
    (found,) = segments.find(
        votes + [vote(n, "A3", head="+861700002") for n in range(40)], 0.005, {"170": "virtual"}
    )
    assert (found.segment, found.candidate, found.observed) == ("virtual", "A3", 60)
    assert isclose(found.expected, 540 * 60 / 1_500)
    assert segments.find(votes, 0.005, {}) == []


def test_a_home_town_with_another_operator_is_none() -> None:
    votes = [
        vote(n, "A1" if n % 10 else "A2", place="home", head="+861700001" if n % 4 == 0 else HEAD)
        for n in range(600)
    ] + [vote(n, "A2" if n % 10 else "A1", place="away", head="+861390001") for n in range(2_000)]
    assert segments.find(votes, 0.005, {"170": "virtual"}) == []


# templates


@pytest.mark.parametrize(
    ("candidate", "text", "template"),
    [
        ("A01", "07 31: 2019-04-26 22:47:31", "00 00: 0000-00-00 00:00:00"),
        ("A01", "  支持　Ａ０１\n谢谢 ", "支持 # 谢谢"),
        ("A01", "a01a A010 A01", "A00A A000 #"),
        ("A01", "我投小明", "我投#"),
        ("7", "投7号 17:07:27", "投#号 00:00:00"),
        ("12", "投12号", "投#号"),
        ("A01", "电话一三八零零一三八", "电话0"),
        ("A01", "打 13800138000", "打 00000000000"),
    ],
)
def test_masks(candidate: str, text: str, template: str) -> None:
    assert templates.masker(["A01", "小明", "7", "12", "27"])(candidate, text) == template


@given(st.text(), st.sampled_from(["A01", "7", "小明", "none"]))
def test_masks_leave_no_digit_but_nought(text: str, candidate: str) -> None:
    masked = templates.masker(["A01", "7", "小明"])(candidate, text)
    assert not {char for char in masked if char.isdecimal()} - {"0"}


def test_the_bare_code_is_nobodys_pattern() -> None:
    assert [templates.is_bare(text) for text in ("#", "0", "00", " # !", "##", "")] == [True] * 6
    assert not templates.is_bare("支持#")
    assert not templates.is_bare("00 00: 0000-00-00 00:00:00")


def test_a_template_stands_out() -> None:
    common = [vote(n, f"A0{n % 4}", text=f"投A0{n % 4}") for n in range(400)]
    bare = [vote(1_000 + n, f"A0{n % 4}", text=f"A0{n % 4}") for n in range(200)]
    stamped = [vote(2_000 + n, "A02", text=f"A02 31: 22:{n:02}") for n in range(25)]
    calls = [vote(3_000 + n, "A01") for n in range(100)]
    codes = ["A00", "A01", "A02", "A03"]
    (found,) = templates.find(common + bare + stamped + calls, 0.005, codes)
    assert (found.template, found.candidate, found.observed) == ("# 00: 00:00", "A02", 25)
    assert isclose(found.expected, 25 * 175 / 625)
    assert templates.find(common + stamped[:19], 0.005, codes) == []
    assert templates.find(calls, 0.005, codes) == []


# regularity


def test_gaps() -> None:
    assert regularity.gap_ratio([0, 10, 20, 30]) == 0
    assert isclose(regularity.gap_ratio([0, 1, 4]), 1 / 4)


def test_all_votes_together_are_not_even_by_themselves() -> None:
    assert regularity.gaps_p(Random(1), list(range(50)), 0.01)[0] == 1
    assert regularity.gaps_p(Random(1), [5] * 50, 0.01) == (1, 1)


def test_rayleigh() -> None:
    assert isclose(regularity.rayleigh([0.3] * 40), 40)
    assert isclose(regularity.rayleigh([0, 0.25, 0.5, 0.75]), 0, abs_tol=1e-12)


def paced(kind: str) -> tuple[list[Vote], tuple[int, ...]]:
    random = Random(4)
    rest = [vote(n, "A02", at_ms=random.randrange(1_200_000)) for n in range(3_000)]
    if kind == "chance":
        group = [random.randrange(1_200_000) for _ in range(60)]
    elif kind == "even":
        group = [17_000 * n + random.randrange(-4_000, 4_000) for n in range(1, 60)]
    else:
        group = [10_000 * n + random.randrange(-700, 700) for n in random.sample(range(1, 119), 60)]
    votes = sorted(
        rest + [vote(5_000 + n, "A01", at_ms=at) for n, at in enumerate(group)], key=lambda one: one.at_ms
    )
    return votes, tuple(place for place, one in enumerate(votes) if one.candidate == "A01")


@pytest.mark.parametrize(
    ("kind", "found"), [("chance", set()), ("even", {"gaps", "clock"}), ("period", {"period"})]
)
def test_a_machines_pace(kind: str, found: set[str]) -> None:
    votes, group = paced(kind)
    flagged = [Finding("templates", "template", "A01", 0, 0, 60, 1, template="t", indices=group)]
    said = regularity.find(votes, flagged, 0.005, b"seed")
    assert {one.kind for one in said} == found
    assert all(one.family == "regularity" and one.template == "t" for one in said)
    assert {one.period_s for one in said if one.kind == "period"} <= {5, 10}
    assert regularity.find(votes, [], 0.005, b"seed") == []


def test_televisions_clock_is_no_machine() -> None:
    random = Random(5)
    times = [60_000 * random.randrange(20) + random.randrange(9_000) for _ in range(2_000)]
    votes = sorted((vote(n, f"A0{n % 2}", at_ms=at) for n, at in enumerate(times)), key=lambda one: one.at_ms)
    group = tuple(sorted(random.sample(range(2_000), 80)))
    flagged = [Finding("templates", "template", "A01", 0, 0, 80, 1, indices=group)]
    assert regularity.find(votes, flagged, 0.005, b"seed") == []
