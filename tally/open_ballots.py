"""Open ballots, counted from the leaves alone, as anybody can who has the published log. No opening is asked.

What every message tells of its selections, and every act of the message's that it changes, adds up to the
votes of each candidate, by no channel. An erased message goes on counting here: its leaf stands.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tally import bulk
from tally.acts import REVISIONS
from tally.bulk import Manner, Said
from tally.count import Totals
from tally.entry import Leaf, Selected

_TELLS: Final = "tells what it chose, and ballots are sealed"
_HIDES: Final = "does not tell what it chose, and ballots are open"


@dataclass(slots=True)
class OpenCount:
    """Feed every leaf in order; then ask for `against`.

    `is_open` says whether the ballots are; `targets` are the messages that acts are about, as (node, entry):
    only these are kept in memory. `selections` are by contest, code and outcome; `faults` are sentences.
    """

    is_open: bool
    targets: frozenset[tuple[str, int]] = frozenset()
    selections: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    _opened: bool = False
    _standing: dict[tuple[str, int], Selected] = field(default_factory=dict)

    def leaf(self, seq: int, leaf: Leaf, node: str = "") -> None:
        """Count what an entry tells. Before the opening the rules may still change, and nothing counts."""
        self._opened = self._opened or leaf.kind == "open"
        if not (leaf.is_message or leaf.kind in REVISIONS):
            return
        for fault in self._wrong(leaf.kind, leaf.selections, is_message=leaf.is_message):
            self.faults.append(f"entry {seq}: {fault}")
        if leaf.selections is None:
            return
        place = (node, seq) if leaf.is_message else (leaf.detail["node"], leaf.detail["entry"])
        self._add(self._standing.get(place, ()), -1)
        self._add(leaf.selections, 1)
        if place in self.targets:
            self._standing[place] = leaf.selections

    def messages(self, first: int, said: Said) -> None:
        """Count what the leaves of a run of messages tell, none of which an act is about."""
        wrong = dict[Manner, list[str]]()
        for manner, messages in said.by_manner.items():
            ended = bulk.ending(manner[1])
            told = ended.selections if said.told else None
            self._add(told or (), messages)
            if faults := list(self._wrong(ended.outcome, told, is_message=True)):
                wrong[manner] = faults
        for seq, manner in enumerate(said.manners, first) if wrong else ():
            self.faults += (f"entry {seq}: {fault}" for fault in wrong.get(manner, ()))

    def _wrong(self, kind: str, told: Selected | None, *, is_message: bool) -> Iterator[str]:
        if self._opened and (told is not None) is not self.is_open:
            yield f"{kind} {_HIDES if self.is_open else _TELLS}"
        counts = any(ended == "counted" for *_, ended in told or ())
        if told is not None and is_message and counts is not (kind == "counted"):
            yield f"{kind}, and its selections say otherwise"

    def _add(self, selections: Iterable[tuple[str, str, str]], messages: int) -> None:
        for one in selections:
            self.selections[one] += messages

    def against(self, totals: Totals) -> list[tuple[str, int, int]]:
        """Where the leaves say otherwise than the recount from the openings: (what, told, recounted)."""
        counted = Counter[tuple[str, str, str]]()
        for key, n in totals.items():
            if self.is_open and key.subject == "selection":
                counted[key.contest, key.candidate, key.outcome] += n
        told = self.selections if self.is_open else {}
        return [
            (f"in the leaves: {' '.join(one)}", told.get(one, 0), counted[one])
            for one in sorted({*told, *counted})
            if told.get(one, 0) != counted[one]
        ]
