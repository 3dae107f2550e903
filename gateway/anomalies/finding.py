"""What the tests look at, and what they find."""

from typing import NamedTuple


class Vote(NamedTuple):
    """One counted caller."""

    line: str
    """The number (E.164)."""
    at_ms: int
    """When it was sent, Unix time."""
    candidate: str
    text: str
    """As it came; "" for calls."""
    place: str
    """Where the number is from, as far as known (a city, else a province); "" if unknown."""


class Finding(NamedTuple):
    """What one test found of one candidate. It never holds a number: a block is without its last four
    digits."""

    family: str
    """bursts, blocks, runs, segments, templates or regularity."""
    kind: str
    """Which test of the family: burst, block, pairs, run, segment, template; gaps (even among all
    votes), clock (even by the clock) or period."""
    candidate: str
    p: float
    level: float
    """What `p` was held to, after all divisions."""
    observed: float
    """What there was: votes; with `pairs` pairs, with `run` its length, with `gaps` and `clock` the variance
    of gaps by the square of their mean, with `period` how many votes, all in step, would show as much
    (|Σ|²/n)."""
    expected: float
    """What there would be by chance, in the same measure."""
    block: str = ""
    """The first seven digits of a mobile number of China; of others all but the last four."""
    place: str = ""
    template: str = ""
    segment: str = ""
    step: int = 0
    """With `pairs` and `run`: by how much a number is higher than the one before."""
    period_s: int = 0
    begin_ms: int | None = None
    """With `burst`: the window, half-open. Else from the first of the votes involved to the last."""
    end_ms: int | None = None
    severity: float = 0.0
    """Of all that was found of this candidate: families hit, times votes involved, by the winner's margin."""
    indices: tuple[int, ...] = ()
    """The votes involved, by their places in what was looked at."""
