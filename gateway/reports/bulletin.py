"""The 通报: what the committee reports of a vote, on paper, with charts and what people did about it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from config.problems import Lang
from config.wording import Said
from gateway import clock
from gateway.pages.words_reasons import KINDS, REASONS
from gateway.reporting import composites, setting, sheet, view
from gateway.reporting.report import Options, ReportKind
from gateway.reporting.result import HOUR_MS, Result
from tally import export
from tally.outcome import CHANNELS

#: The most rows of the appendix: what has more stands in the export's acts.csv.
ROWS: Final = 500
#: So many columns are still seen apart; more hours are drawn together.
_COLUMNS: Final = 150

WORDS: Final[Mapping[str, Said]] = {
    "bulletin": Said("投票情况通报", "Report on the vote"),
    "said": Said(
        "本次投票共收到短信和来电 {received} 条，其中 {counted} 条计票，共计入 {votes} 票；"
        "{waiting} 条待裁定。",
        "{received} messages were received by SMS and telephone. {counted} of them counted, with {votes} "
        "votes; {waiting} wait for a ruling.",
    ),
    "by_way": Said("各渠道", "By channel"),
    "way": Said("渠道", "Channel"),
    "received_": Said("收到消息", "Messages received"),
    "counted_": Said("计票消息", "Messages counted"),
    "by_hour": Said("收到消息的时间分布", "When messages came"),
    "hours_note": Said(
        "{first} 至 {last}，每柱 {hours} 小时，最高 {most} 条。",
        "{first} to {last}, {hours} h a column, at most {most} messages.",
    ),
    "how_ended": Said("每条消息的结果", "How every message ended"),
    "ending": Said("结果", "Outcome"),
    "messages_": Said("消息数", "Messages"),
    "balanced": Said(
        "合计 {sum} 条，与收到的 {received} 条一致；账本已重新计票，与保存的票数一致。",
        "{sum} in all, as many as the {received} received. The ledger was recounted, and agrees.",
    ),
    "evaluation": Said("综合评议", "Evaluation"),
    "appendix": Said("附：裁定和操作", "Appendix: rulings and acts"),
    "entry_": Said("账目", "Entry"),
    "at_": Said("时间", "At"),
    "act_": Said("操作", "Act"),
    "by_": Said("操作人", "By"),
    "why_": Said("理由", "Reason"),
    "about_": Said("对象", "About"),
    "no_acts": Said("没有。", "None."),
    "more_acts": Said("另有 {n} 行，见导出文件 acts.csv。", "{n} more rows stand in acts.csv of the export."),
    "signed_on": Said("日期", "Date"),
}

VERDICTS: Final[Mapping[str, Said]] = {
    "count": Said("计票", "counted"),
    "reject": Said("不计票", "not counted"),
    "keep": Said("维持第一次登记", "the first entry stands"),
}


def write(result: Result, options: Options) -> Iterable[bytes]:
    """The report as HTML."""
    say = setting.spoken(options.lang, WORDS)
    balance = result.standings["balance"]
    messages = balance["messages"]
    ended = {name: count for name, count in messages.items() if name != "received"}
    rows = list(_acts(result, options.lang))
    values = {
        "said": say["said"].format(
            received=_figure(messages["received"]),
            counted=_figure(messages.get("counted", 0)),
            votes=_figure(sum(contest["votes"] for contest in result.standings["contests"])),
            waiting=_figure(result.waiting),
        ),
        "contacts": sheet.contacts(result.campaign, say),
        "periods": view.periods(result, options.lang),
        "weight": sheet.weight(result.campaign, say, options.lang),
        "charts": view.charts(result, result.standings, options.lang),
        "ways": [
            (
                say[channel],
                _figure(part["messages"]["received"]),
                _figure(part["messages"].get("counted", 0)),
            )
            for channel, part in ((one, balance["by_channel"][one]) for one in CHANNELS)
        ],
        **_hours(result, say),
        "endings": [
            (export.WORDS[name][options.lang == "en"], _figure(count))
            for name, count in sorted(ended.items(), key=lambda one: -one[1])
        ],
        "balance": say["balanced"].format(
            sum=_figure(sum(ended.values())), received=_figure(messages["received"])
        ),
        "composites": composites.table(result, say),
        "acts": rows[:ROWS],
        "more": max(0, len(rows) - ROWS),
        "organiser": result.campaign.organiser.name or "",
    }
    return setting.page("bulletin.html", result, options, values, WORDS)


def _figure(number: int) -> str:
    return f"{number:,}"


def _hours(result: Result, say: Mapping[str, str]) -> dict[str, Any]:
    """The columns' heights in per cent of the highest, every hour from the first to the last in its place."""
    if not result.hours:
        return {"heights": [], "hours_note": ""}
    first, last = result.hours[0].at_ms, result.hours[-1].at_ms
    together = -(-((last - first) // HOUR_MS + 1) // _COLUMNS)
    sums = [0] * ((last - first) // HOUR_MS // together + 1)
    for hour in result.hours:
        sums[(hour.at_ms - first) // HOUR_MS // together] += hour.received
    shown = (view.as_of(clock.stamp(at_ms, result.zone))[:16] for at_ms in (first, last + HOUR_MS))
    begins, ends = shown
    note = say["hours_note"].format(first=begins, last=ends, hours=together, most=_figure(max(sums)))
    return {"heights": [100 * one / max(sums) for one in sums], "hours_note": note}


def _acts(result: Result, lang: Lang) -> Iterable[tuple[object, ...]]:
    """What people did, in the ledger's order, and what they ruled."""
    verdicts = {ruling.entry: ruling.verdict for ruling in result.rulings}
    for act in result.acts:
        at = view.as_of(clock.stamp(act.at_ms, result.zone))
        verdict = verdicts.get(act.entry, "")
        what = " · ".join(_said(one, lang) for one in (KINDS.get(act.kind), VERDICTS.get(verdict)) if one)
        by = "、".join(filter(None, (act.by, act.second)))
        yield act.entry, at, what, by, _said(REASONS.get(act.reason), lang) or act.reason, act.about


def _said(said: Said | None, lang: Lang) -> str:
    return "" if said is None else said.by(lang)


report = ReportKind(
    kind="bulletin",
    suffix="html",
    audience="committee",
    title=Said("投票情况通报", "Report on the vote"),
    about=Said(
        "各项票数、渠道、分时、消息结果，附裁定和操作，带图表",
        "the figures with charts, and what people ruled and did",
    ),
    write=write,
)
