"""Segments of numbers, such as virtual operators', in which one candidate has too many callers."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from gateway.anomalies import chance, lines
from gateway.anomalies.finding import Finding, Vote

#: With many votes the smallest difference of habits stands out. Below so many times what is expected it is
#: nothing to look at.
STANDS_OUT: Final = 1.3


def find(votes: Sequence[Vote], level: float, segments: Mapping[str, str]) -> list[Finding]:
    """The segments of each candidate that has more callers in them than the rest. `segments` are names by
    prefix; `level` is for all candidates together.

    Places differ in their operators, and candidates in where they have friends: what is expected, and what a
    finding must stand out from, is what the rest of each place has.
    """
    name_of = lines.segment_of(segments)
    names = [name_of(vote.line) for vote in votes]
    in_all = Counter(name for name in names if name)
    at_place = Counter((vote.place, name) for vote, name in zip(votes, names, strict=True))
    places = Counter(vote.place for vote in votes)
    own = Counter(vote.candidate for vote in votes)
    own_places = Counter((vote.candidate, vote.place) for vote in votes)
    mine: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, (vote, name) in enumerate(zip(votes, names, strict=True)):
        mine[vote.candidate, name].append(index)
    known = sorted(in_all)
    found = []
    for candidate in sorted(own):
        hits = [len(mine[candidate, name]) for name in known]
        ps = [
            chance.hypergeometric_tail(x, len(votes), in_all[name], own[candidate])
            for x, name in zip(hits, known, strict=True)
        ]
        held = chance.cut(ps, level / len(own))
        for name, x, p in zip(known, hits, ps, strict=True):
            if p <= held:
                at = Counter(votes[index].place for index in mine[candidate, name])
                expected = sum(
                    own_places[candidate, place] * (at_place[place, name] - at[place]) / rest
                    for place, size in places.items()
                    if (rest := size - own_places[candidate, place])
                )
                if x >= STANDS_OUT * expected:
                    indices = tuple(mine[candidate, name])
                    figures = (candidate, p, held, x, expected)
                    found.append(Finding("segments", "segment", *figures, segment=name, indices=indices))
    return found
