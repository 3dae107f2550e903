"""The standings: the one shape that command line, API, live events and export share."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tally.count import TotalKey
from tally.outcome import CHANNELS, Selection


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate as the standings show it."""

    code: str
    name: str
    unit: str = ""
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Contest:
    """A contest as the standings show it; `seats` is how many can win."""

    id: str
    name: str
    seats: int
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Roll:
    """What is being voted on."""

    campaign: str
    name: str
    contests: tuple[Contest, ...]

    def without(self, gone: Selection) -> "Roll":
        """The same after a candidate has withdrawn: it stays listed, and is ranked no more."""

        def listed(contest: Contest, one: Candidate) -> Candidate:
            return replace(one, withdrawn=True) if gone == (contest.id, one.code) else one

        return replace(
            self,
            contests=tuple(
                replace(contest, candidates=tuple(listed(contest, one) for one in contest.candidates))
                for contest in self.contests
            ),
        )


def build(
    roll: Roll, totals: Mapping[TotalKey, int], status: str, as_of: str, lost: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """The standings as JSON values. `as_of` is ISO 8601 with the campaign's offset.

    Candidates stand in the order of their votes, then of the code book. Ties share a rank, and the
    next rank is skipped; a withdrawn candidate has votes but no rank. `lost` is how many messages
    went with a lost database, by outcome: they are in no figure.
    """
    return {
        "campaign": roll.campaign,
        "name": roll.name,
        "status": status,
        "as_of": as_of,
        "contests": [_contest(contest, totals) for contest in roll.contests],
        **({"lost": dict(sorted(lost.items()))} if lost else {}),
        "balance": balance(totals),
    }


def _contest(contest: Contest, totals: Mapping[TotalKey, int]) -> dict[str, Any]:
    rows = []
    for candidate in contest.candidates:
        by_channel = {
            channel: totals.get(TotalKey("selection", channel, contest.id, candidate.code, "counted"), 0)
            for channel in CHANNELS
        }
        rows.append((sum(by_channel.values()), candidate, by_channel))
    rows.sort(key=lambda row: -row[0])
    ranks = _ranks([votes for votes, candidate, _ in rows if not candidate.withdrawn])
    return {
        "id": contest.id,
        "name": contest.name,
        "seats": contest.seats,
        "votes": sum(votes for votes, _, _ in rows),
        "candidates": [
            {
                "code": candidate.code,
                "name": candidate.name,
                "unit": candidate.unit,
                "votes": votes,
                "by_channel": by_channel,
                "rank": None if candidate.withdrawn else ranks[votes],
                **({"withdrawn": True} if candidate.withdrawn else {}),
            }
            for votes, candidate, by_channel in rows
        ],
    }


def _ranks(votes: Sequence[int]) -> dict[int, int]:
    """Rank by votes, ties sharing the best: [9, 7, 7, 2] -> {9: 1, 7: 2, 2: 4}."""
    ranks: dict[int, int] = {}
    for position, count in enumerate(sorted(votes, reverse=True), 1):
        ranks.setdefault(count, position)
    return ranks


def balance(totals: Mapping[TotalKey, int]) -> dict[str, Any]:
    """The balance of docs/rules.md: what came in, how it ended, and whether the two agree on every channel.

    `waiting` is how many messages wait for a person.
    """
    messages: Counter[str] = Counter()
    selections: Counter[str] = Counter()
    by_channel = {channel: _channel(totals, channel) for channel in CHANNELS}
    for channel in by_channel.values():
        messages.update(channel["messages"])
        selections.update(channel["selections"])
    return {
        "messages": dict(messages),
        "selections": dict(selections),
        "balanced": all(channel["balanced"] for channel in by_channel.values()),
        "waiting": sum(count for key, count in totals.items() if key.subject == "waiting"),
        "by_channel": by_channel,
    }


def _channel(totals: Mapping[TotalKey, int], channel: str) -> dict[str, Any]:
    messages: Counter[str] = Counter()
    selections: Counter[str] = Counter()
    for key, count in sorted(totals.items()):
        if key.channel == channel and count:
            if key.subject == "message":
                messages[key.outcome] += count
            elif key.subject == "selection":
                selections[key.outcome] += count
    received = totals.get(TotalKey("received", channel, "", "", ""), 0)
    made = totals.get(TotalKey("made", channel, "", "", ""), 0)
    negative = any(count < 0 for key, count in totals.items() if key.channel == channel)
    balanced = received == messages.total() and made == selections.total() and not negative
    return {
        "messages": {"received": received, **messages},
        "selections": {"made": made, **selections},
        "balanced": balanced,
    }
