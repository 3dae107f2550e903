"""Chances, and what many tests at once are held to. Pure: randomness comes from a `Random` that is given."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from math import ceil, exp, fsum, inf, lgamma, log, log1p, log2, pi, sqrt
from random import Random
from statistics import fmean, stdev
from typing import Final

#: A term that is so small a part of the sum ends it.
_NOTHING: Final = 1e-17
#: Euler's constant: a Gumbel distribution's mean is so many scales above its mode.
_EULER: Final = 0.5772156649015329
#: From here on a binomial draw is made by rejection (Hörmann's BTRS needs it); below, gaps are counted.
_BY_REJECTION: Final = 10


def log_binomial(n: int, k: int) -> float:
    """The logarithm of n over k; minus infinity where there is no such choice."""
    if not 0 <= k <= n:
        return -inf
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def hypergeometric_tail(x: int, total: int, marked: int, drawn: int) -> float:
    """P(X >= x): of `total` votes `marked` are of a kind, and `drawn` are drawn without putting back.

    >>> round(hypergeometric_tail(2, 10, 4, 3), 12) == round(40 / 120, 12)
    True
    """
    low, high = max(0, marked + drawn - total), min(marked, drawn)
    if x <= low:
        return 1.0
    if x > high:
        return 0.0
    rest = total - marked

    def chance(k: int) -> float:
        return exp(log_binomial(marked, k) + log_binomial(rest, drawn - k) - log_binomial(total, drawn))

    def up(k: int) -> float:
        return (marked - k) * (drawn - k) / ((k + 1) * (rest - drawn + k + 1))

    # The mode parts the two: terms must fall from where the sum begins, or it would begin with nothing.
    if x > (marked + 1) * (drawn + 1) // (total + 2):
        return min(1.0, _falling(chance(x), (up(k) for k in range(x, high))))
    return max(0.0, 1 - _falling(chance(x - 1), (1 / up(k - 1) for k in range(x - 1, low, -1))))


def fisher(a: int, b: int, c: int, d: int) -> float:
    """Fisher's exact test, one-sided: the chance of `a` or more in the table (a b / c d) of these margins."""
    return hypergeometric_tail(a, a + b + c + d, a + b, a + c)


def poisson_tail(x: int, mean: float) -> float:
    """P(X >= x) where `mean` are expected."""
    if x <= 0:
        return 1.0
    if mean <= 0:
        return 0.0

    def chance(k: int) -> float:
        return exp(k * log(mean) - mean - lgamma(k + 1))

    if x > mean:
        return min(1.0, _falling(chance(x), (mean / (k + 1) for k in count(x))))
    return max(0.0, 1 - _falling(chance(x - 1), (k / mean for k in range(x - 1, 0, -1))))


def mixed_poisson_tail(x: int, mean: float, shape: float) -> float:
    """P(X >= x) where the rate itself is known from only `shape` events: Poisson, mixed by a gamma
    distribution of that shape and mean (a negative binomial). Never less than it would be for a rate that is
    known."""
    if x <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    ratio = mean / (mean + shape)

    def chance(k: int) -> float:
        start = lgamma(k + shape) - lgamma(shape) - lgamma(k + 1)
        return exp(start + k * log(ratio) + shape * log1p(-ratio))

    if x > mean:
        return min(1.0, _falling(chance(x), (ratio * (k + shape) / (k + 1) for k in count(x))))
    terms = (k / (ratio * (k - 1 + shape)) for k in range(x - 1, 0, -1))
    return max(0.0, 1 - _falling(chance(x - 1), terms))


def _falling(first: float, ratios: Iterable[float]) -> float:
    """A sum by its first term and each next one's ratio to the one before, until there is nothing more."""

    def terms() -> Iterator[float]:
        term = first
        yield term
        for ratio in ratios:
            term *= ratio
            yield term
            if term <= first * _NOTHING:
                return

    return fsum(terms())


def cut(ps: Sequence[float], q: float) -> float:
    """What each p is held to so that at most a part `q` of the rejected are false (Benjamini and Hochberg
    1995): -1 if none is rejected."""
    found = -1.0
    for rank, p in enumerate(sorted(ps), 1):
        if p <= q * rank / len(ps):
            found = q * rank / len(ps)
    return found


def harmonic(n: int) -> float:
    """1 + 1/2 + … + 1/n: by so much less is `q` where tests depend on each other (Benjamini and Yekutieli
    2001)."""
    return fsum(1 / k for k in range(1, n + 1))


def benjamini_hochberg(ps: Sequence[float], q: float) -> frozenset[int]:
    """Which are rejected at level `q`, by their places."""
    held = cut(ps, q)
    return frozenset(place for place, p in enumerate(ps) if p <= held)


def benjamini_yekutieli(ps: Sequence[float], q: float) -> frozenset[int]:
    """The same, however the tests depend on each other."""
    return benjamini_hochberg(ps, q / harmonic(len(ps))) if ps else frozenset()


def spent(alpha: float, look: int) -> float:
    """What the `look`-th look, from 1, may spend of `alpha` where people look again and again: all of them
    together spend it whole."""
    return alpha * 6 / (pi * look) ** 2


def binomial(random: Random, n: int, p: float) -> int:
    """A binomial draw, exact for every n and p. (Python 3.11 has none.)"""
    if p > 0.5:
        return n - binomial(random, n, 1 - p)
    if n <= 0 or p <= 0:
        return 0
    if n == 1:
        return int(random.random() < p)
    return _by_gaps(random, n, p) if n * p < _BY_REJECTION else _by_rejection(random, n, p)


def _by_gaps(random: Random, n: int, p: float) -> int:
    """Trials between successes are geometric (Devroye 1986, X.4.3, "second waiting time")."""
    scale, draw = log2(1 - p), random.random
    if not scale:
        return 0  # p is so small that 1 - p is 1
    found = trial = 0
    while True:
        trial += int(log2(1 - draw()) / scale) + 1
        if trial > n:
            return found
        found += 1


def _by_rejection(random: Random, n: int, p: float) -> int:
    """BTRS (Hörmann 1993, "The generation of binomial random variates"), for n p >= 10 and p <= 1/2."""
    draw = random.random
    spread = sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = n * p + 0.5
    squeeze = 0.92 - 4.2 / b
    ready: tuple[float, float, int, float] | None = None
    while True:
        u = draw() - 0.5
        us = 0.5 - abs(u)
        if not us:
            continue
        k = int((2 * a / us + b) * u + c) if (2 * a / us + b) * u + c >= 0 else -1
        if k < 0 or k > n:
            continue
        v = 1 - draw()
        if us >= 0.07 and v <= squeeze:
            return k
        if ready is None:
            mode = int((n + 1) * p)
            alpha = (2.83 + 5.1 / b) * spread
            ready = alpha, log(p / (1 - p)), mode, lgamma(mode + 1) + lgamma(n - mode + 1)
        alpha, odds, mode, height = ready
        v *= alpha / (a / (us * us) + b)
        if log(v) <= height - lgamma(k + 1) - lgamma(n - k + 1) + (k - mode) * odds:
            return k


def beta_binomial(random: Random, n: int, p: float, rho: float) -> int:
    """A binomial draw whose p varies: any two of the n agree by a correlation of `rho` (0 <= rho < 1)."""
    if rho <= 0 or n < 2:
        return binomial(random, n, p)
    sure = (1 - rho) / rho
    return binomial(random, n, random.betavariate(p * sure, (1 - p) * sure))


def monte_carlo(as_extreme: int, replicates: int) -> float:
    """The p of a value that so many of the replicates reach."""
    return (1 + as_extreme) / (replicates + 1)


def gumbel_tail(value: float, maxima: Sequence[float]) -> float:
    """The chance of a maximum of `value` or more, by the Gumbel distribution that has the mean and variance
    of the replicates' `maxima` (Abrams, Kleinman and Kulldorff 2010). At least two are needed."""
    scale = stdev(maxima) * sqrt(6) / pi
    if not scale:
        return monte_carlo(sum(one >= value for one in maxima), len(maxima))
    depth = (value - (fmean(maxima) - _EULER * scale)) / scale
    return -_expm1_of_minus_exp(-depth)


def top_tail(value: float, maxima: Sequence[float]) -> float:
    """The same by the highest tenth of the replicates alone: what is above them goes on as they do, an
    exponential tail. Right where the tail is longer than a Gumbel's. At least 100 are needed."""
    top = sorted(maxima)[-(len(maxima) // 10) :]
    if value <= top[0]:
        return monte_carlo(sum(one >= value for one in maxima), len(maxima))
    scale = fmean(top) - top[0]
    return exp((top[0] - value) / scale) * len(top) / len(maxima) if scale else 1 / (len(maxima) + 1)


def _expm1_of_minus_exp(x: float) -> float:
    """exp(-exp(x)) - 1, exact where it is next to nothing."""
    inner = exp(min(x, 700.0))
    return -inner + inner * inner / 2 if inner < 1e-6 else exp(-inner) - 1


def replicates_for(level: float) -> int:
    """So many replicates that one of them may be as extreme, and the p still keep `level`."""
    return ceil(2 / level)
