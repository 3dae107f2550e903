"""Number blocks (号段) in which one candidate has too many callers, for the place that the callers are from.

A candidate has friends at home, and numbers of one town share blocks. So each place is a world of its own:
callers are compared with others of the same place only. Callers whose place is unknown are not looked at:
without it, a star's home town is found guilty every time."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from gateway.anomalies import chance, lines
from gateway.anomalies.finding import Finding, Vote

#: Fewer callers than these in a block are no concentration.
LEAST: Final = 3


def find(votes: Sequence[Vote], level: float, *, certifying: bool) -> list[Finding]:
    """The blocks of each candidate, by Benjamini and Hochberg; at certification by Benjamini and Yekutieli,
    for tests of one place depend on each other. `level` is for all candidates together."""
    blocks = [lines.block(vote.line) if vote.place else "" for vote in votes]
    cells: dict[str, dict[tuple[str, str], list[int]]] = defaultdict(lambda: defaultdict(list))
    in_place: Counter[str] = Counter()
    in_block: Counter[tuple[str, str]] = Counter()
    own: Counter[tuple[str, str]] = Counter()
    for index, (vote, block) in enumerate(zip(votes, blocks, strict=True)):
        if block:
            cells[vote.candidate][vote.place, block].append(index)
            in_place[vote.place] += 1
            in_block[vote.place, block] += 1
            own[vote.candidate, vote.place] += 1
    # How many tests there are must not hang on how they come out: all count in which there could be so many.
    possible = [key for key, callers in in_block.items() if callers >= LEAST]
    level /= len({vote.candidate for vote in votes}) or 1
    found = []
    for candidate, mine in sorted(cells.items()):
        keys = [key for key in possible if own[candidate, key[0]] >= LEAST]
        ps = {
            key: chance.hypergeometric_tail(
                len(mine[key]), in_place[key[0]], in_block[key], own[candidate, key[0]]
            )
            for key in keys
            if len(mine.get(key, ())) >= LEAST
        }
        q = level / chance.harmonic(len(keys)) if certifying and keys else level
        held = chance.cut([*ps.values(), *[1.0] * (len(keys) - len(ps))], q)
        found += [
            Finding("blocks", "block", candidate, p, held, len(mine[key]), 0.0, key[1], key[0])
            for key, p in sorted(ps.items())
            if p <= held
        ]
    confirmed: list[Finding] = []
    for one in sorted(found, key=lambda one: (one.p, -one.observed, one[:9])):
        # What was made for one candidate swells the place, and makes the share of every other there look
        # smaller than it is: ordinary blocks of theirs would stand out. So each, the strongest first, must
        # hold without the blocks that others were found by before it. That only ever takes findings away.
        key = one.place, one.block
        made = {
            (other.place, other.block)
            for other in confirmed
            if other.candidate != one.candidate and other.place == one.place
        } - {key}
        mine = cells[one.candidate]
        callers = in_place[one.place] - sum(in_block[other] for other in made)
        share = own[one.candidate, one.place] - sum(len(mine.get(other, ())) for other in made)
        p = chance.hypergeometric_tail(len(mine[key]), callers, in_block[key], share)
        if p <= one.level:
            expected = share * in_block[key] / callers
            confirmed.append(one._replace(p=max(p, one.p), expected=expected, indices=tuple(mine[key])))
    return confirmed
