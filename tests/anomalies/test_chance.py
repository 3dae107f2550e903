"""Chances, against what can be worked out by hand."""

from collections import Counter
from itertools import product
from math import comb, exp, inf, isclose, log
from random import Random
from statistics import fmean, pvariance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.anomalies import chance


def test_log_binomials() -> None:
    assert isclose(chance.log_binomial(52, 5), log(2_598_960), rel_tol=1e-12)
    assert chance.log_binomial(5, 6) == chance.log_binomial(5, -1) == -inf


def test_hypergeometric_tail_by_hand() -> None:
    # Of ten four are marked, three are drawn: 4, or C(4,2)·6 = 36, of C(10,3) = 120.
    assert isclose(chance.hypergeometric_tail(3, 10, 4, 3), 4 / 120)
    assert isclose(chance.hypergeometric_tail(2, 10, 4, 3), 40 / 120)
    assert isclose(chance.hypergeometric_tail(1, 10, 4, 3), 100 / 120)
    assert chance.hypergeometric_tail(0, 10, 4, 3) == 1
    assert chance.hypergeometric_tail(4, 10, 4, 3) == 0


@given(st.integers(1, 40), st.data())
def test_hypergeometric_tail_is_the_sum(total: int, data: st.DataObject) -> None:
    marked, drawn = data.draw(st.integers(0, total)), data.draw(st.integers(0, total))
    x = data.draw(st.integers(0, total))
    ways = sum(comb(marked, k) * comb(total - marked, drawn - k) for k in range(x, drawn + 1))
    assert isclose(
        chance.hypergeometric_tail(x, total, marked, drawn),
        ways / comb(total, drawn),
        rel_tol=1e-9,
        abs_tol=1e-12,
    )


def test_hypergeometric_tail_of_many_neither_underflows_nor_takes_long() -> None:
    assert chance.hypergeometric_tail(1, 100_000, 50_000, 50_000) == 1
    assert isclose(chance.hypergeometric_tail(25_000, 100_000, 50_000, 50_000), 0.5, abs_tol=0.01)
    assert 0 <= chance.hypergeometric_tail(27_000, 100_000, 50_000, 50_000) < 1e-50


def test_fisher_knows_the_lady_who_tastes_tea() -> None:
    assert isclose(chance.fisher(3, 1, 1, 3), 17 / 70)
    assert isclose(chance.fisher(4, 0, 0, 4), 1 / 70)


@pytest.mark.parametrize(("x", "mean"), [(1, 2.0), (3, 0.5), (12, 4.0), (40, 60.0), (0, 3.0)])
def test_poisson_tail_is_the_sum(x: int, mean: float) -> None:
    term, below = exp(-mean), 0.0
    for k in range(x):
        below += term
        term *= mean / (k + 1)
    assert isclose(chance.poisson_tail(x, mean), 1 - below, rel_tol=1e-9)


def test_poisson_tail_at_its_ends() -> None:
    assert chance.poisson_tail(1, 0) == 0
    assert isclose(chance.poisson_tail(1, 1e-20), 1e-20)
    assert chance.poisson_tail(1_000, 5_000) == 1


def test_a_rate_that_is_not_known_well_makes_more_possible() -> None:
    assert isclose(chance.mixed_poisson_tail(2, 1.0, 1.0), 1 / 4)  # geometric, a half each
    assert chance.mixed_poisson_tail(8, 1.0, 3.0) > chance.poisson_tail(8, 1.0)
    assert isclose(chance.mixed_poisson_tail(8, 3.0, 1e7), chance.poisson_tail(8, 3.0), rel_tol=1e-4)
    assert isclose(chance.mixed_poisson_tail(2, 3.0, 1e7), chance.poisson_tail(2, 3.0), rel_tol=1e-4)


def test_false_discoveries_as_in_the_papers_example() -> None:
    # Benjamini and Hochberg 1995, 3.2: fifteen p, q = 5 %; they reject four, Bonferroni three.
    ps = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    assert chance.benjamini_hochberg(ps, 0.05) == {0, 1, 2, 3}
    assert chance.benjamini_yekutieli(ps, 0.05) == {0, 1, 2}  # the harmonic sum of 15 is 3.318
    assert chance.benjamini_hochberg(ps[::-1], 0.05) == {14, 13, 12, 11}


def test_false_discoveries_among_none() -> None:
    assert chance.benjamini_hochberg([], 0.05) == chance.benjamini_yekutieli([], 0.05) == frozenset()
    assert chance.benjamini_hochberg([0.06, 0.9], 0.05) == frozenset()
    # A later p may carry an earlier one that would not hold by itself.
    assert chance.benjamini_hochberg([0.03, 0.04], 0.04) == {0, 1}


@given(st.lists(st.floats(0, 1), max_size=30), st.floats(0.001, 0.5))
def test_dependence_costs(ps: list[float], q: float) -> None:
    rejected = chance.benjamini_hochberg(ps, q)
    assert chance.benjamini_yekutieli(ps, q) <= rejected
    assert all(
        p >= max((ps[one] for one in rejected), default=0) for p in set(ps) - {ps[i] for i in rejected}
    )


def test_looks_spend_no_more_than_there_is() -> None:
    assert 0.0499 < sum(chance.spent(0.05, look) for look in range(1, 10_000)) < 0.05


@pytest.mark.parametrize(("n", "p"), [(1, 0.3), (7, 0.2), (40, 0.9), (60, 0.4), (5_000, 0.03), (3_000, 0.75)])
def test_binomial_draws_have_their_mean_and_variance(n: int, p: float) -> None:
    random = Random(n)
    drawn = [chance.binomial(random, n, p) for _ in range(20_000)]
    assert 0 <= min(drawn) <= max(drawn) <= n
    sigma = (n * p * (1 - p)) ** 0.5
    assert abs(fmean(drawn) - n * p) < 4 * sigma / 20_000**0.5
    assert isclose(pvariance(drawn), sigma**2, rel_tol=0.05)


@pytest.mark.parametrize(("n", "p"), [(6, 0.35), (30, 0.4), (50, 0.25)])
def test_binomial_draws_are_as_often_as_they_should(n: int, p: float) -> None:
    random, draws = Random(1), 40_000
    drawn = Counter(chance.binomial(random, n, p) for _ in range(draws))
    expected = {k: draws * comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)}
    common = [k for k in expected if expected[k] >= 10]
    x2 = sum((drawn[k] - expected[k]) ** 2 / expected[k] for k in common)
    assert x2 < len(common) + 4 * (2 * len(common)) ** 0.5


def test_binomial_draws_at_their_ends() -> None:
    random = Random(1)
    assert {chance.binomial(random, n, p) for n, p in product((0, 5), (0.0, 1e-300))} == {0}
    assert {chance.binomial(random, n, 1.0) for n in (0, 1, 500)} == {0, 1, 500}


def test_beta_binomial_draws_agree_by_rho() -> None:
    random, n, p, rho = Random(2), 30, 0.2, 0.05
    drawn = [chance.beta_binomial(random, n, p, rho) for _ in range(20_000)]
    assert isclose(fmean(drawn), n * p, rel_tol=0.02)
    assert isclose(pvariance(drawn), n * p * (1 - p) * (1 + (n - 1) * rho), rel_tol=0.05)
    assert max(chance.beta_binomial(random, 1, p, 0.9) for _ in range(50)) == 1


def test_a_gumbel_tail_is_found_again() -> None:
    random = Random(3)
    maxima = [5 - 2 * log(-log(1 - random.random())) for _ in range(20_000)]
    for depth in (1, 4, 8):
        assert isclose(chance.gumbel_tail(5 + 2 * depth, maxima), 1 - exp(-exp(-depth)), rel_tol=0.15)
    assert isclose(chance.top_tail(5 + 2 * 6, maxima), exp(-6), rel_tol=0.3)
    assert chance.gumbel_tail(1.0, [0.0, 0.0, 0.0]) == 1 / 4
    assert 0 < chance.gumbel_tail(100, maxima) < 1e-15


def test_a_replicate_counts_as_one_more() -> None:
    assert chance.monte_carlo(0, 199) == 1 / 200
    assert chance.monte_carlo(1, chance.replicates_for(0.01)) <= 0.01
