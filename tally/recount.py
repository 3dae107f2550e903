"""The count again, from the ledger alone, by code that had no part in writing it (RULES §2, R20).

It trusts no projection: it adds up the outcomes in the openings, applies the `void_all` marks, and
holds every caller to the caps with its own simple counters.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tally.count import ACTS, TotalKey, Totals
from tally.entry import Opening


@dataclass(frozen=True, slots=True)
class Rules:
    """The caps as plain values: contest id -> ((per, votes), ...), and those over all contests.

    `candidates` are the (contest, code) pairs that exist.
    """

    caps: Mapping[str, Sequence[tuple[str, int]]]
    total: Sequence[tuple[str, int]]
    candidates: frozenset[tuple[str, str]]


@dataclass(slots=True)
class Recount:
    """Feed every entry in order; then read `totals`, `claims` and `faults`.

    `claims` is how many uses of caps, and void marks, the ledger implies. `faults` are sentences.
    """

    rules: Rules
    totals: Totals = field(default_factory=Counter)
    claims: int = 0
    faults: list[str] = field(default_factory=list)
    _used: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _votes: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)

    def act(self) -> None:
        """Count an entry that is an act, not a message."""
        self.totals[ACTS] += 1

    def message(self, seq: int, opening: Opening) -> None:
        """Count one message."""
        totals, channel = self.totals, opening.channel
        totals[TotalKey("received", channel, "", "", "")] += 1
        totals[TotalKey("message", channel, "", "", opening.outcome)] += 1
        for contest in opening.voids:
            self._void(opening.voter, contest)
        counted = 0
        for contest, candidate, outcome in opening.selections:
            totals[TotalKey("made", channel, "", "", "")] += 1
            totals[TotalKey("selection", channel, contest, candidate, outcome)] += 1
            if outcome == "counted":
                counted += 1
                self._count(seq, opening, contest, candidate)
        if (counted > 0) != (opening.outcome == "counted"):
            self.faults.append(f"entry {seq}: outcome {opening.outcome} with {counted} counted selections")

    def _count(self, seq: int, opening: Opening, contest: str, candidate: str) -> None:
        if (contest, candidate) not in self.rules.candidates:
            self.faults.append(f"entry {seq}: no candidate {candidate} in contest {contest}")
            return
        self._votes.setdefault((opening.voter, contest), []).append((opening.channel, candidate))
        caps = [(contest, *cap) for cap in self.rules.caps[contest]] + [
            ("", *cap) for cap in self.rules.total
        ]
        for where, per, votes in caps:
            period = {"campaign": "", "day": opening.day, "candidate": f"{contest}/{candidate}"}[per]
            used = (opening.voter, f"{where} {per}", period)
            self._used[used] += 1
            self.claims += 1
            if self._used[used] > votes:
                self.faults.append(
                    f"entry {seq}: a caller has over {votes} votes per {per} in {where or 'the campaign'}"
                )

    def _void(self, voter: str, contest: str) -> None:
        self.claims += 1
        for channel, candidate in self._votes.pop((voter, contest), ()):
            self.totals[TotalKey("selection", channel, contest, candidate, "counted")] -= 1
            self.totals[TotalKey("selection", channel, contest, candidate, "voided")] += 1
