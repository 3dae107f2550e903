"""Who goes on the notice where the public vote alone decides: as many as there are seats, in order of votes.

A tie at the last seat is never broken silently: those who are level there are `tied`, and none of them is
listed until that is settled.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Shortlist(NamedTuple):
    """The codes that are listed, by contest, in order; and those that are level at the last seat."""

    listed: Mapping[str, tuple[str, ...]]
    tied: Mapping[str, tuple[str, ...]]


def by_votes(standings: Mapping[str, Any]) -> Shortlist:
    """The shortlist of standings as `standings.build` gives them, whole. Nobody without a vote is listed."""
    listed, tied = {}, {}
    for contest in standings["contests"]:
        listed[contest["id"]], level = _of(contest["candidates"], contest["seats"])
        if level:
            tied[contest["id"]] = level
    return Shortlist(listed, tied)


def _of(rows: Sequence[Mapping[str, Any]], seats: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    ranked = sorted(
        (one for one in rows if one["rank"] is not None and one["votes"]), key=lambda one: one["rank"]
    )
    if len(ranked) <= seats:
        return tuple(one["code"] for one in ranked), ()
    last, next_ = ranked[seats - 1]["rank"], ranked[seats]["rank"]
    if last != next_:
        return tuple(one["code"] for one in ranked[:seats]), ()
    level = tuple(one["code"] for one in ranked if one["rank"] == last)
    return tuple(one["code"] for one in ranked if one["rank"] < last), level
