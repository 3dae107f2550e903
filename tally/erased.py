"""What an `erase` act may say that the messages it has taken the place of had come to.

Their openings are gone, and the figures that it seals stand for them. What is left of them, their leaves and
those of the rulings on them, still tells how many there were and how each had ended: to this it is held. For
whom they had voted nobody can check any more; no more than they can have come to.
"""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tally.count import TotalKey
from tally.outcome import MessageOutcome
from tally.rules import Rules

_OUTCOMES: Final = [str(one) for one in MessageOutcome]
_NUMBERS: Final = {name: number for number, name in enumerate(_OUTCOMES)}
_TAKEN: Final = 255


class Gone:
    """Messages of a log without openings, in their order, and how each has ended so far."""

    def __init__(self) -> None:
        self._seqs, self._outcomes = array("Q"), bytearray()

    def add(self, seq: int, outcome: str) -> None:
        """One more, after those before."""
        self._seqs.append(seq)
        self._outcomes.append(_NUMBERS[outcome])

    def rule(self, seq: int, outcome: str) -> None:
        """Somebody has ruled on one, if it is among them, and no act has named it yet."""
        at = bisect_left(self._seqs, seq)
        if at < len(self._seqs) and self._seqs[at] == seq and self._outcomes[at] != _TAKEN:
            self._outcomes[at] = _NUMBERS[outcome]

    def take(self, first: int, last: int) -> Counter[str]:
        """Those of a span that no act has named before, by outcome; they are named by now."""
        start, end = bisect_left(self._seqs, first), bisect_left(self._seqs, last + 1)
        found = Counter(self._outcomes[start:end])
        self._outcomes[start:end] = bytes([_TAKEN]) * (end - start)
        return Counter({_OUTCOMES[number]: n for number, n in found.items() if number != _TAKEN})


def unlawful(rules: Rules, private: Mapping[str, Any], ended: Counter[str]) -> Iterator[str]:
    """Why the messages that an act erases, which had ended so, cannot have come to what it says."""
    rows = [(TotalKey(*key), n) for *key, n in private["totals"]]
    said = Counter[str]()
    parts = Counter[tuple[str, str]]()
    votes = Counter[str]()
    for key, n in rows:
        parts[key.subject, key.channel] += n
        if key.subject == "message":
            said[key.outcome] += n
        elif key.subject == "selection" and key.outcome == "counted":
            votes[key.contest] += n
    if len(dict(rows)) < len(rows) or any(n < 1 or not _is_known(rules, key) for key, n in rows):
        yield "has figures that cannot be"
    if said != ended or private["messages"] != ended.total():
        yield f"speaks of {dict(sorted(said.items()))}, and it erased {dict(sorted(ended.items()))}"
    for whole, part in (("received", "message"), ("made", "selection")):
        if _channels(parts, whole) != _channels(parts, part):
            yield f"has {part}s that do not balance"
    for contest, n in votes.items():
        if n > ended["counted"] * rules.most.get(contest, 1):
            yield f"has more votes in {contest} than its messages can have had"


def _is_known(rules: Rules, key: TotalKey) -> bool:
    if key.subject == "selection":
        return (key.contest, key.candidate) in rules.candidates
    return key.subject in ("received", "message", "made") and (key.contest, key.candidate) == ("", "")


def _channels(parts: Mapping[tuple[str, str], int], part: str) -> dict[str, int]:
    return {channel: n for (name, channel), n in parts.items() if name == part}
