"""Every counted caller of a campaign, from its ledger, as the tests want them; and all tests on them.

It only reads: nothing that is found changes what counts.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import phonenumbers

from config.contest import Contest
from gateway.anomalies import battery, chance
from gateway.anomalies.battery import Looked
from gateway.anomalies.finding import Vote
from gateway.checking import audit
from gateway.checking.audit import Checkable
from gateway.checking.walking import Chunk
from tally.entry import Opening, Selected
from tally.holdings import Where
from tally.outcome import MessageOutcome, SelectionOutcome


class Unlike(ValueError):
    """The recount does not agree with what was kept: that has to be looked into first."""


class Votes(NamedTuple):
    """The counted callers of a contest, each once for a candidate; and the entries by which they voted."""

    votes: Sequence[Vote]
    entries: Sequence[Where]


class Gathered(NamedTuple):
    """What is looked at, by contest; `places` are the names of places in Chinese, by those in English.

    All that is left to chance hangs on `seed`, which is made of the ledger's roots: who has the same ledger
    has the same findings, and nobody can choose it.
    """

    contests: Mapping[str, Votes]
    places: Mapping[str, str]
    entries: int
    roots: Mapping[str, str]
    seed: bytes


class _Came(NamedTuple):
    """A message, as far as it matters here."""

    at_ms: int
    node: str
    entry: int
    line: str
    text: str
    chosen: frozenset[tuple[str, str]]


async def gather(ledger: Checkable, on_rows: Callable[[int], None]) -> Gathered:
    """Walk over the ledger. Raises `Unlike`, and as `audit.recount`."""
    came: dict[tuple[str, int], _Came] = {}

    def see(chunk: Chunk) -> None:
        for checked in chunk.entries:
            if checked.opening is not None and checked.opening.line:
                came[chunk.node, checked.seq] = _came(chunk.node, checked.seq, checked.opening)

    counted = await audit.recount(ledger, on_rows, see)
    if not counted.agrees:
        raise Unlike("the recount does not agree with the kept totals: run `televote recount` to see where")
    for place, (outcome, selections, _) in counted.endings.items():
        if place in came:
            came[place] = came[place]._replace(chosen=_counted(outcome, selections))
    for node, entry, contest, code in counted.overridden:
        if (one := came.get((node, entry))) is not None:
            came[node, entry] = one._replace(chosen=one.chosen - {(contest, code)})
    told = [ledger.running.id, *(f"{log} {root}" for log, root in sorted(counted.roots.items()))]
    messages = sorted(came.values())
    places: dict[str, str] = {}
    return Gathered(
        {one.id: _votes(one.id, messages, places) for one in ledger.running.campaign.contests},
        places,
        counted.entries,
        counted.roots,
        hashlib.sha256("\n".join(told).encode()).digest(),
    )


def look(
    gathered: Gathered, contests: Sequence[Contest], segments: Mapping[str, str], number: int | None = None
) -> dict[str, Looked]:
    """All tests on every contest; a minute for 100,000 callers. `number` counts the looks while votes come
    in, from 1; None is the one that counts.

    An honest campaign raises any alarm at all in at most one of twenty, however many contests it has.
    """
    alpha = battery.ALPHA if number is None else chance.spent(battery.ALPHA, number)
    # A text may name candidates of all contests: what differs in these alone is one wording.
    codes = [
        said
        for contest in contests
        for one in contest.candidates
        for said in (one.code, one.name, *one.aliases)
    ]
    return {
        contest.id: battery.look(
            gathered.contests[contest.id].votes,
            gathered.seed + contest.id.encode(),
            codes=codes,
            segments=segments,
            certifying=number is None,
            alpha=alpha / len(contests),
        )
        for contest in contests
    }


def _came(node: str, entry: int, opening: Opening) -> _Came:
    at_ms = opening.received_ms
    if opening.decided_by == "provider" and opening.sent_ms is not None:
        at_ms = opening.sent_ms
    text = opening.text if opening.form == "text" else ""
    return _Came(at_ms, node, entry, opening.line, text, _counted(opening.outcome, opening.selections))


def _counted(outcome: str, selections: Selected) -> frozenset[tuple[str, str]]:
    if outcome != MessageOutcome.COUNTED:
        return frozenset()
    return frozenset(
        (contest, code) for contest, code, ended in selections if ended == SelectionOutcome.COUNTED
    )


def _votes(contest: str, came: Iterable[_Came], places: dict[str, str]) -> Votes:
    """How often a caller may vote is no sign of anything: the first time counts. Adds to `places`."""
    known, votes, entries = set[tuple[str, str]](), list[Vote](), list[Where]()
    for one in came:
        for of, code in sorted(one.chosen):
            if of == contest and (one.line, code) not in known:
                known.add((one.line, code))
                place, in_chinese = _place(one.line[:-4])
                places[place] = in_chinese
                votes.append(Vote(one.line, one.at_ms, code, one.text, place))
                entries.append((one.node, one.entry))
    return Votes(votes, entries)


@lru_cache(maxsize=65_536)
def _place(block: str) -> tuple[str, str]:
    """Where numbers of a block are from, in English and in Chinese: a city, else a province; "" if nobody
    knows."""
    from phonenumbers import geocoder  # its tables are large, and nothing else needs them

    number = phonenumbers.parse(f"{block}0000")
    return geocoder.description_for_number(number, "en"), geocoder.description_for_number(number, "zh")
