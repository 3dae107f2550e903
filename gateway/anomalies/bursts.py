"""A burst in one candidate's share of the votes (scan statistic, Kulldorff 1997).

All votes' times are taken as they are: only whom each is for is left to chance. So what makes everybody vote
at once, a word on television, makes no burst. Shares are spread wider than dice would, for people hear things
together: the spread between bins is measured, and replicates have it (beta-binomial)."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from math import log
from random import Random
from typing import Final, NamedTuple

from gateway.anomalies import chance
from gateway.anomalies.finding import Finding, Vote

BIN_MS: Final = 2_000
WINDOWS_MS: Final = (2_000, 6_000, 20_000, 60_000, 120_000)
#: Neighbouring bins are put together until there are so many votes in them, and so few bins.
_FEWEST: Final = 8
_MOST_BINS: Final = 2_000
#: Whoever has fewer votes has no burst.
_LEAST: Final = 8
#: After so many replicates as extreme, more than the level lets there be, there is no use in going on.
_ENOUGH: Final = 3
#: A p that is not below the level by this is looked at with so many times the replicates.
_FAR: Final = 1e-4
_CLOSER: Final = 5
#: Bins of such lengths are alike; so few of them show no spread of their own.
_SPANS_MS: Final = (2_000, 20_000, 120_000)
_FEWEST_BINS: Final = 20


class Bin(NamedTuple):
    """Some neighbouring seconds, and how many votes all candidates had in them."""

    begin_ms: int
    end_ms: int
    votes: int


def bins(times: Sequence[int]) -> list[Bin]:
    """The bins of some sorted times.

    Bins in which nothing came say nothing of shares: there is nothing in them to be divided by chance. They
    are left out, so that weeks cost no more than their votes. In quiet hours neighbours are put together, for
    the share among one or two votes says next to nothing either. Where bins begin and end hangs only on when
    anybody voted, which is taken as it is in every replicate too, and so the test stays exact.
    """
    fewest = max(_FEWEST, -(-len(times) // _MOST_BINS))
    found: list[Bin] = []
    for number, votes in sorted(Counter(at // BIN_MS for at in times).items()):
        begin, end = number * BIN_MS, (number + 1) * BIN_MS
        if found and found[-1].votes < fewest:
            before = found.pop()
            begin, votes = before.begin_ms, before.votes + votes
        found.append(Bin(begin, end, votes))
    if len(found) > 1 and found[-1].votes < fewest:
        final, before = found.pop(), found.pop()
        found.append(Bin(before.begin_ms, final.end_ms, before.votes + final.votes))
    return found


class Window(NamedTuple):
    """Bins from `first` to before `after`, and how many votes all candidates had in them."""

    first: int
    after: int
    votes: int


def windows(of: Sequence[Bin]) -> list[Window]:
    """What is looked at: whatever fits into a window, each bin, and each two neighbours, so that no burst is
    halved where long bins meet."""
    ends = [one.end_ms for one in of]
    sums = [0, *accumulate(one.votes for one in of)]
    spans = set()
    for first, one in enumerate(of):
        spans |= {(first, first + 1), (first, min(first + 2, len(of)))}
        spans |= {(first, max(first + 1, bisect_right(ends, one.begin_ms + wide))) for wide in WINDOWS_MS}
    return [Window(first, after, sums[after] - sums[first]) for first, after in sorted(spans)]


class Strongest(NamedTuple):
    """The window in which a candidate is most over-represented, by its log-likelihood ratio; 0 if none is."""

    ratio: float
    window: Window
    observed: int
    expected: float


def strongest(counts: Sequence[int], looked_at: Sequence[Window], total: int) -> Strongest:
    """The strongest window of a candidate who has `counts` of the votes in each bin; `total` are all votes.

    m = n R_W / R is what the rest of the votes lets expect. Half a vote is added to the rest: where it is
    silent for a window, that is no proof that nobody votes.
    """
    sums = [0, *accumulate(counts)]
    n = sums[-1]
    best = Strongest(0.0, Window(0, 0, 0), 0, 0.0)
    if not 0 < n < total:
        return best
    ratio, each = 0.0, n / (total - n + 0.5)
    for window in looked_at:
        first, after, votes = window
        x = sums[after] - sums[first]
        if x * total <= n * votes:
            continue
        m = each * (votes - x + 0.5)
        over = x - m
        # A likelihood ratio is at most chi-squared: most windows are done with before any logarithm.
        if over <= 0 or over * over * n <= ratio * m * (n - m):
            continue
        found = x * log(x / m) + ((n - x) * log((n - x) / (n - m)) if x < n else 0.0)
        if found > ratio:
            ratio, best = found, Strongest(found, window, x, m)
    return best


def spread(counts: Sequence[int], totals: Sequence[int]) -> float:
    """The correlation rho of votes within a bin: by how much Pearson's X² is above its degrees of freedom."""
    n, total, df = sum(counts), sum(totals), len(totals) - 1
    if not 0 < n < total or df < 1 or total <= len(totals):
        return 0.0
    p = n / total
    x2 = sum((x - votes * p) ** 2 / votes for x, votes in zip(counts, totals, strict=True)) / (p * (1 - p))
    return min(0.9, max(0.0, (x2 / df - 1) / (total / len(totals) - 1)))


def spreads(counts: Sequence[int], of: Sequence[Bin]) -> list[float]:
    """The spread of each bin. What two seconds agree on is forgotten in an hour, so long bins are measured
    apart from short ones: else quiet weeks would hide how much busy minutes vary."""
    classes = [bisect_left(_SPANS_MS, one.end_ms - one.begin_ms) for one in of]
    by_class = {}
    of_all = spread(counts, [one.votes for one in of])
    for which in set(classes):
        places = [place for place, its in enumerate(classes) if its == which]
        of_class = spread([counts[place] for place in places], [of[place].votes for place in places])
        by_class[which] = of_class if len(places) >= _FEWEST_BINS else of_all
    return [by_class[which] for which in classes]


def find(votes: Sequence[Vote], level: float, seed: bytes, replicates: int) -> list[Finding]:
    """The burst of each candidate who has one. Votes are sorted by time; `level` is for all candidates
    together."""
    times = [vote.at_ms for vote in votes]
    of = bins(times)
    looked_at, totals, begins = windows(of), [one.votes for one in of], [one.begin_ms for one in of]
    counts: dict[str, list[int]] = {}
    for vote in votes:
        mine = counts.setdefault(vote.candidate, [0] * len(of))
        mine[bisect_right(begins, vote.at_ms) - 1] += 1
    found = []
    for candidate in sorted(counts):
        best = strongest(counts[candidate], looked_at, len(votes))
        if sum(counts[candidate]) < _LEAST or not best.ratio:
            continue
        random = Random(b"bursts\0" + candidate.encode() + b"\0" + seed)  # noqa: S311 -- to be drawn again
        null = Null(sum(counts[candidate]) / len(votes), spreads(counts[candidate], of), totals, looked_at)
        p = null.p(random, best.ratio, level / len(counts), replicates)
        if p <= level / len(counts):
            begin, end = of[best.window.first].begin_ms, of[best.window.after - 1].end_ms
            places = range(bisect_left(times, begin), bisect_left(times, end))
            found.append(
                Finding(
                    "bursts",
                    "burst",
                    candidate,
                    p,
                    level / len(counts),
                    best.observed,
                    best.expected,
                    begin_ms=begin,
                    end_ms=end,
                    indices=tuple(place for place in places if votes[place].candidate == candidate),
                )
            )
    return found


class Null(NamedTuple):
    """What chance does: a candidate's share of all votes, the spread of each bin, all votes in each bin, and
    the windows."""

    share: float
    rhos: Sequence[float]
    totals: Sequence[int]
    looked_at: Sequence[Window]

    def p(self, random: Random, ratio: float, level: float, replicates: int) -> float:
        """How likely so strong a window is. Most candidates have nothing: with those a few replicates show it
        (Besag and Clifford 1991). Where the answer is near what it is held to, far more are drawn, for the
        tail of few is a guess."""
        maxima: list[float] = []
        as_extreme = 0
        for most in (replicates, replicates * _CLOSER):
            while len(maxima) < most:
                maxima.append(self.strongest(random))
                as_extreme += maxima[-1] >= ratio
                if as_extreme >= _ENOUGH and as_extreme > level * most:
                    return as_extreme / len(maxima)
            p = chance.gumbel_tail(ratio, maxima)
            if not level * _FAR < p <= level:
                return p
        return max(p, chance.top_tail(ratio, maxima))

    def strongest(self, random: Random) -> float:
        """The strongest window of one replicate."""
        share, draw = self.share, chance.beta_binomial
        drawn = [draw(random, votes, share, rho) for votes, rho in zip(self.totals, self.rhos, strict=True)]
        return strongest(drawn, self.looked_at, sum(self.totals)).ratio
