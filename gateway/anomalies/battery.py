"""All tests together on the votes of one contest, so that an honest campaign raises any alarm at all in at
most one of twenty."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from gateway.anomalies import blocks, bursts, regularity, runs, templates
from gateway.anomalies import segments as by_segment
from gateway.anomalies.finding import Finding, Vote

ALPHA: Final = 0.05
#: How the alarms that an honest campaign may raise are divided. They sum to 1.
PARTS: Final[Mapping[str, float]] = MappingProxyType(
    {"bursts": 0.3, "blocks": 0.2, "runs": 0.2, "regularity": 0.1, "templates": 0.1, "segments": 0.1}
)
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class Concern(NamedTuple):
    """What was found of one candidate, together."""

    candidate: str
    families: tuple[str, ...]
    votes: int
    """Votes involved, each once."""
    severity: float
    """Families hit, times votes involved, by the winner's margin."""


class Looked(NamedTuple):
    """What was looked at, and what was found: by severity, then by p."""

    findings: tuple[Finding, ...]
    concerns: tuple[Concern, ...]
    votes: int
    unplaced: int
    """Votes whose place is unknown: `blocks` does not look at them."""
    margin: int
    """By how many votes the winner is ahead of the next one."""
    levels: Mapping[str, float]
    """What each family was held to as a whole."""


def look(
    votes: Sequence[Vote],
    seed: bytes,
    *,
    codes: Collection[str],
    segments: Mapping[str, str] = _NONE,
    certifying: bool = True,
    replicates: int = 199,
    alpha: float = ALPHA,
) -> Looked:
    """Everything that stands out among the votes of one contest: each a counted caller, once.

    `codes` are all that names candidates in texts (`templates.masker`); `segments` names by prefix
    (`lines.segment_of`). Where people look again and again, `alpha` is `chance.spent`. Whatever the order of
    votes, the same votes and seed give the same findings.
    """
    levels = {family: alpha * part for family, part in PARTS.items()}
    order = sorted(range(len(votes)), key=lambda index: (votes[index].at_ms, votes[index]))
    ordered = [votes[index] for index in order]
    standing = Counter(vote.candidate for vote in votes)
    ahead = [*sorted(standing.values(), reverse=True), 0, 0]

    def find(among: Sequence[Vote]) -> list[Finding]:
        found = runs.find(among, levels["runs"])
        if len(standing) > 1:  # with one candidate there is nothing to compare with
            found += bursts.find(among, levels["bursts"], seed, replicates)
            found += blocks.find(among, levels["blocks"], certifying=certifying)
            found += templates.find(among, levels["templates"], codes)
            found += by_segment.find(among, levels["segments"], segments)
        return found

    found = _without_shadows(ordered, find(ordered), find)
    found += regularity.find(ordered, found, levels["regularity"], seed)
    concerns = _concerns(found, ahead[0] - ahead[1])
    severity = {one.candidate: one.severity for one in concerns}
    done = [_finished(one, ordered, order, severity[one.candidate]) for one in found]
    done.sort(
        key=lambda one: (-one.severity, one.candidate, one.p, one._replace(indices=(), begin_ms=0, end_ms=0))
    )
    unplaced = sum(not vote.place for vote in votes)
    return Looked(tuple(done), tuple(concerns), len(votes), unplaced, ahead[0] - ahead[1], levels)


def _without_shadows(
    votes: Sequence[Vote], found: Sequence[Finding], find: Callable[[Sequence[Vote]], list[Finding]]
) -> list[Finding]:
    """What holds without the votes that others were found by.

    Votes made for one candidate make all others' share of a place, a minute or a text smaller than it is, and
    elsewhere larger: an honest candidate would stand out by what was done for another. So the worst first,
    each next one must be found again without what was found before. That only ever takes findings away.
    """
    held: list[Finding] = []
    made: set[int] = set()
    for concern in _concerns(found, 0):
        again = (
            set(map(_subject, find([vote for at, vote in enumerate(votes) if at not in made])))
            if made
            else ()
        )
        mine = [one for one in found if one.candidate == concern.candidate]
        held += [one for one in mine if not made or _subject(one) in again]
        made.update(at for one in held for at in one.indices)
    return held


def _subject(one: Finding) -> tuple[str, str, str, str, str, str]:
    """What a finding is about, whatever its figures are."""
    return one.kind, one.candidate, one.place, one.block, one.template, one.segment


def _concerns(found: Sequence[Finding], margin: int) -> list[Concern]:
    by_candidate: dict[str, list[Finding]] = defaultdict(list)
    for one in found:
        by_candidate[one.candidate].append(one)
    concerns = []
    for candidate, mine in by_candidate.items():
        families = tuple(family for family in PARTS if any(one.family == family for one in mine))
        involved = len({index for one in mine for index in one.indices})
        concerns.append(Concern(candidate, families, involved, len(families) * involved / max(margin, 1)))
    return sorted(concerns, key=lambda one: (-one.severity, one.candidate))


def _finished(one: Finding, ordered: Sequence[Vote], order: Sequence[int], severity: float) -> Finding:
    """A finding with its severity, its votes by the places that they were given in, and when they came."""
    times = [ordered[index].at_ms for index in one.indices]
    return one._replace(
        severity=severity,
        indices=tuple(sorted(order[index] for index in one.indices)),
        begin_ms=min(times) if one.begin_ms is None else one.begin_ms,
        end_ms=max(times) + 1 if one.end_ms is None else one.end_ms,
    )
