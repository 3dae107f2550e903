"""Certificates, one page a winner. Until the result is certified every page says that it is a draft."""

from collections.abc import Iterable, Mapping
from typing import Final

from config.wording import Said
from gateway.reporting import setting, view, winners
from gateway.reporting.report import Options, ReportKind
from gateway.reporting.result import Result

WORDS: Final[Mapping[str, Said]] = {
    "certificates": Said("荣誉证书", "Certificates"),
    "certificate": Said("荣誉证书", "Certificate"),
    "awarded": Said(
        "在“{campaign}”中被评为“{contest}”，特发此证，以资鼓励。",
        "has been named {contest} in {campaign}.",
    ),
    "number": Said("编号 {campaign}-{code}", "No. {campaign}-{code}"),
    "draft": Said("样张", "DRAFT"),
    "not_certified": Said("结果尚未确认，本页仅为样张", "The result is not certified: this page is a draft"),
}


def write(result: Result, options: Options) -> Iterable[bytes]:
    """The certificates. Raises `NotYet` while nobody has won."""
    say, campaign = setting.spoken(options.lang, WORDS), result.campaign
    day = view.instant(result.at_ms, result, options.lang).text
    pages = []
    for winner in winners.of(result):
        contest = campaign.contests_by_id[winner.contest].name_in(options.lang)
        code = winner.candidate["code"]
        pages.append(
            {
                "name": campaign.candidate(winner.contest, code).name_in(options.lang),
                "unit": winner.candidate["unit"],
                "text": say["awarded"].format(campaign=campaign.name_in(options.lang), contest=contest),
                "number": say["number"].format(campaign=campaign.id, code=code),
            }
        )
    values = {
        "certificates": pages,
        "certified": result.stage == "certified",
        "organiser": campaign.organiser.name or "",
        "approval": campaign.organiser.approval or "",
        "day": day.partition(" " if options.lang == "zh" else ",")[0],
    }
    return setting.page("certificates.html", result, options, values, WORDS)


report = ReportKind(
    kind="certificates",
    suffix="html",
    audience="committee",
    title=Said("荣誉证书", "Certificates"),
    about=Said("每位获奖者一页；确认之前印有“样张”", "one page a winner; marked as drafts until certified"),
    write=write,
)
