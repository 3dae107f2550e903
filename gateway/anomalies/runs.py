"""Numbers of one candidate's callers that follow each other: adjacent ones, long runs, and even steps.

How many neighbours there are by chance hangs on how many callers a block has, so a home town does no harm.
Honest callers, too, have neighbours more often than dice would: families buy numbers together, and numbers in
use lie close. By how much is taken from the other candidates."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import expm1
from typing import Final, NamedTuple

from gateway.anomalies import chance, lines
from gateway.anomalies.finding import Finding, Vote

#: Steps from a number to the next. With 10 and 100 the last digits stay.
STEPS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100)
#: No shorter run is looked at.
_SHORTEST: Final = 3
#: Before anything is seen, chance is believed as if so many pairs had been seen where as many were expected.
_BELIEVED: Final = 2.0

#: By block, the callers by the last four digits of their numbers.
Blocks = Mapping[str, Mapping[int, int]]


class Others(NamedTuple):
    """The rest of the candidates: pairs they have, pairs that chance gives them, and callers."""

    pairs: int
    by_chance: float
    callers: int

    def without(self, one: "Others") -> "Others":
        by_chance = max(0.0, self.by_chance - one.by_chance)
        return Others(self.pairs - one.pairs, by_chance, self.callers - one.callers)

    def pack(self) -> float:
        """How many callers have a neighbour, beyond chance, of one caller."""
        return max(0.0, self.pairs - self.by_chance) / self.callers if self.callers else 0.0

    def kappa(self) -> float:
        """How many times as many pairs there are as chance gives; at least 1."""
        return max(1.0, (self.pairs + _BELIEVED) / (self.by_chance + _BELIEVED))


def pairs_by_chance(sizes: Sequence[int], step: int = 1) -> float:
    """How many pairs that are `step` apart are expected in blocks with so many callers."""
    return sum(n * (n - 1) for n in sizes) / lines.BLOCK * (1 - step / lines.BLOCK)


def longest_run(numbers: Sequence[int]) -> tuple[int, int]:
    """The first number of the longest run of consecutive ones, and its length. Numbers are sorted, and not
    none."""
    best = first = numbers[0]
    length = run = 1
    for before, after in pairwise(numbers):
        run = run + 1 if after == before + 1 else 1
        first = first if run > 1 else after
        if run > length:
            best, length = first, run
    return best, length


def run_by_chance(sizes: Sequence[int], length: int, kappa: float = 1.0, pack: float = 0.0) -> float:
    """The chance of so long a run in any of the blocks; `kappa` and `pack` are as the others have them."""
    runs = 0.0
    for n in sizes:
        if n >= length:
            filled = n / lines.BLOCK
            runs += (
                lines.BLOCK
                * (1 - filled)
                * filled
                * min(1.0, max(kappa * filled, filled + pack)) ** (length - 1)
            )
    return -expm1(-runs)


def find(votes: Sequence[Vote], level: float) -> list[Finding]:
    """For each candidate the step that stands out most, and the longest run, if they do. `level` is for all
    candidates together."""
    callers: dict[str, dict[str, dict[int, int]]] = defaultdict(lambda: defaultdict(dict))
    for index, vote in enumerate(votes):
        if block := lines.block(vote.line):
            callers[vote.candidate][block][lines.last(vote.line)] = index
    seen: dict[str, dict[int, Others]] = {candidate: _seen(blocks) for candidate, blocks in callers.items()}
    together = {step: _sum([one[step] for one in seen.values()]) for step in STEPS}
    level /= len({vote.candidate for vote in votes}) or 1
    level /= len(STEPS) + 1  # the steps, and the longest run
    return [
        finding
        for candidate in sorted(callers)
        for finding in _of_one(candidate, callers[candidate], seen[candidate], together, level)
    ]


def _of_one(
    candidate: str, blocks: Blocks, mine: Mapping[int, Others], together: Mapping[int, Others], level: float
) -> Iterator[Finding]:
    sizes = [len(block) for block in blocks.values()]
    others = {step: together[step].without(mine[step]) for step in STEPS}
    p, step = min((_pairs(mine[step], others[step])[0], step) for step in STEPS)
    expected = _pairs(mine[step], others[step])[1]
    if p <= level:
        indices = sorted({index for block in blocks.values() for index in _in_pairs(block, step)})
        figures = (candidate, p, level, mine[step].pairs, expected)
        yield Finding("runs", "pairs", *figures, step=step, indices=tuple(indices))
    length, block, first = max(
        (run, name, first) for name, at in blocks.items() for first, run in [longest_run(sorted(at))]
    )
    p = run_by_chance(sizes, length, others[1].kappa(), others[1].pack()) if length >= _SHORTEST else 1.0
    if p <= level:
        indices = sorted(blocks[block][first + place] for place in range(length))
        # The longest run that half of all honest campaigns have.
        usual = next(
            run
            for run in range(1, length + 1)
            if run_by_chance(sizes, run + 1, others[1].kappa(), others[1].pack()) <= 0.5
        )
        figures = (candidate, p, level, length, usual)
        yield Finding("runs", "run", *figures, block=block, step=1, indices=tuple(indices))


def _pairs(mine: Others, others: Others) -> tuple[float, float]:
    """The chance of so many pairs, and how many are expected."""
    if not mine.pairs:
        return 1.0, mine.by_chance
    # Numbers in use that lie close give pairs by the square of the callers, families by the callers:
    # whichever would give this candidate more. How well that is known hangs on how many pairs the others
    # have.
    expected = max(mine.by_chance * others.kappa(), mine.by_chance + mine.callers * others.pack())
    return chance.mixed_poisson_tail(mine.pairs, expected, others.pairs + _BELIEVED), expected


def _seen(blocks: Blocks) -> dict[int, Others]:
    sizes = [len(block) for block in blocks.values()]
    return {
        step: Others(
            sum(number + step in block for block in blocks.values() for number in block),
            pairs_by_chance(sizes, step),
            sum(sizes),
        )
        for step in STEPS
    }


def _sum(of: Sequence[Others]) -> Others:
    return Others(
        sum(one.pairs for one in of), sum(one.by_chance for one in of), sum(one.callers for one in of)
    )


def _in_pairs(block: Mapping[int, int], step: int) -> Iterator[int]:
    for number, index in block.items():
        if number + step in block:
            yield from (index, block[number + step])
