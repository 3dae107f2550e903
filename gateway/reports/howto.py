"""The how-to-vote sheet: numbers, codes and names, window, caps, weight, whom to turn to."""

from collections.abc import Iterable

from config.wording import Said
from gateway.reporting import setting, sheet
from gateway.reporting.report import Options, ReportKind
from gateway.reporting.result import Result


def write(result: Result, options: Options) -> Iterable[bytes]:
    """The sheet on one sheet of paper if it fits: A4 to hand out, A3 to hang up."""
    told = sheet.values(result, options.lang)
    return setting.page("howto.html", result, options, {"it": told})


report = ReportKind(
    kind="howto",
    suffix="html",
    audience="public",
    title=Said("投票说明", "How-to-vote sheet"),
    about=Said(
        "张贴和派发：号码、编号、时间、规则、投诉电话", "to hang up and hand out: how to vote, and the rules"
    ),
    write=write,
    before=True,
)
