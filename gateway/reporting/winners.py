"""Who has won, as far as it is decided: by the act that says so, or else by votes alone. Pure."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from config.wording import Said
from gateway.reporting.report import NotYet
from gateway.reporting.result import Fate, Result
from tally.outcome import Selection

_WON: Final[frozenset[Fate]] = frozenset({"winner", "projected-winner"})

_OPEN: Final = Said("投票尚未结束，还没有获奖名单", "the vote is not closed: nobody has won yet")
_WAITING: Final = Said(
    "还有 {n} 条消息待裁定，还没有获奖名单", "{n} messages wait for a ruling: nobody has won yet"
)
_PANEL: Final = Said(
    "名单由公众投票和综合评议共同决定，公示之后才有",
    "votes and evaluation decide together: there is a list once the notice is published",
)
_TIED: Final = Said(
    "{contest}：第 {rank} 名票数相同，超出名额，须由组委会决定",
    "{contest}: candidates share rank {rank} across the last place: the committee decides",
)


class Winner(NamedTuple):
    """One winner: the contest's id, and the candidate as in the standings, with the rank that decided."""

    contest: str
    candidate: Mapping[str, Any]


def of(result: Result) -> list[Winner]:
    """The winners, contest by contest, by rank. Raises `NotYet`; a tie is not broken here."""
    if result.fates:
        told = {
            Selection(contest["id"], one["code"]): one
            for contest in result.standings["contests"]
            for one in contest["candidates"]
        }
        ranks = _composite_ranks(result)
        return [
            Winner(place.contest, {**told[place], "rank": ranks.get(place, told[place]["rank"])})
            for place, fate in result.fates.items()
            if fate in _WON
        ]
    if result.standings["status"] != "closed":
        raise NotYet(_OPEN)
    if result.waiting:
        raise NotYet(_filled(_WAITING, n=result.waiting))
    if result.campaign.evaluation is not None:
        raise NotYet(_PANEL)
    return [winner for contest in result.standings["contests"] for winner in _by_votes(contest)]


def _composite_ranks(result: Result) -> dict[Selection, int]:
    """The ranks where a panel has judged: votes alone do not make them there."""
    contests = result.evaluation["contests"] if result.evaluation else []
    return {
        Selection(contest["id"], row["code"]): row["rank"] for contest in contests for row in contest["rows"]
    }


def _by_votes(contest: Mapping[str, Any]) -> list[Winner]:
    """Those within the seats, without those who have withdrawn or have no vote."""
    ranked = [one for one in contest["candidates"] if one["rank"] is not None and one["votes"]]
    seated = ranked[: contest["seats"]]
    if len(ranked) > len(seated) and seated and ranked[len(seated)]["rank"] == seated[-1]["rank"]:
        raise NotYet(_filled(_TIED, contest=contest["name"], rank=seated[-1]["rank"]))
    return [Winner(contest["id"], one) for one in seated]


def _filled(said: Said, **values: object) -> Said:
    return Said(said.zh.format(**values), said.en.format(**values))
