"""The award list: the winners of every contest, on paper."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from config.wording import Said
from gateway.reporting import setting, winners
from gateway.reporting.report import Options, ReportKind
from gateway.reporting.result import Result

WORDS: Final[Mapping[str, Said]] = {
    "award_list": Said("获奖名单", "Award list"),
    "not_certified": Said(
        "本名单尚未确认，以确认后的为准。", "This list is not certified: the certified one is what holds."
    ),
    "signed_on": Said("日期", "Date"),
}


def write(result: Result, options: Options) -> Iterable[bytes]:
    """The list. Raises `NotYet` while nobody has won."""
    won = winners.of(result)
    contests = [
        {
            "name": contest.name_in(options.lang),
            "rows": [_row(result, one, options) for one in won if one.contest == contest.id],
        }
        for contest in result.campaign.contests
    ]
    values = {
        "contests": contests,
        "certified": result.stage == "certified",
        "organiser": result.campaign.organiser.name or "",
    }
    return setting.page("award_list.html", result, options, values, WORDS)


def _row(result: Result, winner: winners.Winner, options: Options) -> dict[str, Any]:
    one = winner.candidate
    name = result.campaign.candidate(winner.contest, one["code"]).name_in(options.lang)
    return {
        "rank": one["rank"],
        "code": one["code"],
        "name": name,
        "unit": one["unit"],
        "votes": f"{one['votes']:,}",
    }


report = ReportKind(
    kind="award-list",
    suffix="html",
    audience="public",
    title=Said("获奖名单", "Award list"),
    about=Said("各项获奖者，结束且无待裁定后才有", "the winners, once the vote is closed and nothing waits"),
    write=write,
)
