"""The result as a workbook: a sheet each for result, channels, hours, outcomes, rulings, acts; with charts.

Text is written as text, whatever it begins with: a workbook has a formula only where a cell says that it is
one, and none does. What does not fit on a sheet is said to be missing.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from config.wording import Said
from gateway import clock
from gateway.reporting import composites, setting
from gateway.reporting.report import Options, ReportKind
from gateway.reporting.result import Result
from tally import epochs, export
from tally.outcome import CHANNELS

Row = Iterable[str | int | float | None]

#: The most rows of a sheet that people look through; the rest is in the CSV files of the export.
ROWS: Final = 100_000
_LONGEST: Final = 32_767
_CHART_BARS: Final = 40

WORDS: Final[Mapping[str, Said]] = {
    "result": Said("结果", "Result"),
    "channels": Said("渠道", "Channels"),
    "hours_": Said("分时", "Hours"),
    "erased": Said("已删除", "erased"),
    "outcomes": Said("消息结果", "Outcomes"),
    "rulings": Said("裁定", "Adjudications"),
    "acts": Said("操作", "Acts"),
    "evaluation": Said("综合评议", "Evaluation"),
    "contest": Said("评选项目", "contest"),
    "rank": Said("名次", "rank"),
    "candidate": Said("候选", "candidate"),
    "votes": Said("票数", "votes"),
    "share": Said("占比", "share"),
    "state": Said("状态", "state"),
    "channel": Said("渠道", "channel"),
    "received": Said("收到消息", "messages received"),
    "counted_messages": Said("计票消息", "messages counted"),
    "selections_counted": Said("计入的选择", "selections counted"),
    "hour": Said("时段起", "hour from"),
    "outcome": Said("结果", "outcome"),
    "meaning": Said("含义", "meaning"),
    "messages": Said("消息数", "messages"),
    "entry": Said("账目", "entry"),
    "at": Said("时间", "at"),
    "act": Said("操作", "act"),
    "verdict": Said("裁定", "verdict"),
    "reason": Said("理由", "reason"),
    "by": Said("操作人", "by"),
    "second": Said("第二人", "second"),
    "about": Said("对象", "about"),
    "before_it": Said("裁定前", "before"),
    "after_it": Said("裁定后", "after"),
    "gone": Said("退出", "withdrawn"),
    "cut": Said("其余 {n} 行见导出的 CSV 文件", "{n} more rows stand in the export’s CSV files"),
    "by_hour": Said("每小时消息数", "Messages an hour"),
}


def write(result: Result, options: Options) -> Iterable[bytes]:
    """The workbook: the same result gives the same bytes."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(
        file,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": True,
        },
    )
    made_at = datetime.fromtimestamp(result.at_ms // 1000, UTC).replace(tzinfo=None)
    book.set_properties({"title": _clean(result.campaign.name), "created": made_at, "author": "televote"})
    writing = _Book(book, setting.spoken(options.lang, WORDS))
    _result(writing, result)
    _channels(writing, result)
    _hours(writing, result)
    _outcomes(writing, result, options)
    writing.sheet(
        "rulings",
        ("entry", "at", "act", "verdict", "reason", "by", "second", "about", "before_it", "after_it"),
        (
            (
                one.entry, clock.stamp(one.at_ms, result.zone), one.kind, one.verdict, one.reason, one.by,
                one.second, epochs.place(one.node, one.about, len(result.roots)), one.was[0], one.now[0],
            )
            for one in result.rulings
        ),
    )  # fmt: skip
    writing.sheet(
        "acts",
        ("entry", "at", "act", "by", "second", "reason", "about"),
        (
            (
                one.entry,
                clock.stamp(one.at_ms, result.zone),
                one.kind,
                one.by,
                one.second,
                one.reason,
                one.about,
            )
            for one in result.acts
        ),
    )
    if made := composites.table(result, writing.say):
        head, *rows = made
        writing.table("evaluation", list(head), rows)
    book.close()
    return [file.getvalue()]


class _Book:
    """A workbook under way: its formats, and sheets with a frozen line of headings."""

    def __init__(self, book: xlsxwriter.Workbook, say: Mapping[str, str]) -> None:
        self.book, self.say = book, say
        self.bold: Format = book.add_format(
            {"bold": True, "bg_color": "#F0E6D5", "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        self.per_cent: Format = book.add_format({"num_format": "0.0%"})

    def sheet(self, name: str, columns: Iterable[str], rows: Iterable[Row]) -> tuple[Worksheet, int]:
        """A sheet whose columns the catalogue names; returns it, and how many rows there are."""
        return self.table(name, [self.say[column] for column in columns], rows)

    def table(self, name: str, heads: list[str], rows: Iterable[Row]) -> tuple[Worksheet, int]:
        """A sheet under these headings."""
        sheet = self.book.add_worksheet(self.say[name])
        sheet.freeze_panes(1, 0)
        widths = [_width(head) for head in heads]
        for column, head in enumerate(heads):
            sheet.write_string(0, column, _clean(head), self.bold)
        number, left = 0, iter(rows)
        for number, row in enumerate(islice(left, ROWS), 1):
            for column, cell in enumerate(row):
                self._cell(sheet, number, column, cell)
                if number <= 500 and isinstance(cell, str):
                    widths[column] = max(widths[column], _width(cell))
        if more := sum(1 for _ in left):
            sheet.write_string(number + 1, 0, self.say["cut"].format(n=more))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(48, width + 2))
        if number:
            sheet.autofilter(0, 0, number, len(heads) - 1)
        return sheet, number

    def _cell(self, sheet: Worksheet, row: int, column: int, cell: str | int | float | None) -> None:
        if isinstance(cell, str):
            sheet.write_string(row, column, _clean(cell))
        elif isinstance(cell, float):
            sheet.write_number(row, column, cell, self.per_cent)
        elif cell is not None:
            sheet.write_number(row, column, cell)


def _clean(text: str) -> str:
    """Text as XML can hold it, and no longer than a cell may be."""
    return text.encode("utf-8", "replace").decode()[:_LONGEST]


def _width(text: str) -> int:
    """Roughly how wide a text is: Chinese letters take twice the room."""
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)


def _result(writing: _Book, result: Result) -> None:
    say = writing.say

    def rows() -> Iterator[Row]:
        for contest in result.standings["contests"]:
            for one in contest["candidates"]:
                share = one["votes"] / contest["votes"] if contest["votes"] else 0.0
                yield (
                    contest["name"], one["rank"], one["code"], one["name"], one["unit"], one["votes"],
                    *(one["by_channel"][channel] for channel in CHANNELS), share,
                    say["gone"] if one.get("withdrawn") else "",
                )  # fmt: skip

    columns = ("contest", "rank", "code", "candidate", "unit", "votes", *CHANNELS, "share", "state")
    sheet, _ = writing.sheet("result", columns, rows())
    first = 1
    for place, contest in enumerate(result.standings["contests"]):
        last = first + len(contest["candidates"]) - 1
        _bars(writing, sheet, (first, min(last, first + _CHART_BARS - 1)), place)
        first = last + 1


def _bars(writing: _Book, sheet: Worksheet, rows: tuple[int, int], place: int) -> None:
    """A contest's chart, beside the table."""
    first, last = rows
    if last >= ROWS:
        return
    chart = writing.book.add_chart({"type": "bar", "subtype": "stacked"})
    here = sheet.get_name()
    for column, colour in ((6, "#9C2A1F"), (7, "#C8A75F")):
        chart.add_series(
            {
                "name": [here, 0, column],
                "categories": [here, first, 3, last, 3],
                "values": [here, first, column, last, column],
                "fill": {"color": colour},
            }
        )
    # The contest's name by its cell: a title that looks like a reference would be made one.
    chart.set_title({"name": [here, first, 0], "name_font": {"size": 12}})
    chart.set_y_axis({"reverse": True})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 620, "height": 120 + 22 * (last - first + 1)})
    sheet.insert_chart(1 + place * 28, 11, chart)


def _channels(writing: _Book, result: Result) -> None:
    def rows() -> Iterator[Row]:
        for channel in CHANNELS:
            part = result.standings["balance"]["by_channel"][channel]
            yield (
                writing.say[channel], part["messages"]["received"], part["messages"].get("counted", 0),
                part["selections"].get("counted", 0),
            )  # fmt: skip

    sheet, many = writing.sheet(
        "channels", ("channel", "received", "counted_messages", "selections_counted"), rows()
    )
    chart = writing.book.add_chart({"type": "column"})
    here = sheet.get_name()
    for column in (1, 2):
        chart.add_series(
            {
                "name": [here, 0, column],
                "categories": [here, 1, 0, many, 0],
                "values": [here, 1, column, many, column],
            }
        )
    sheet.insert_chart(5, 0, chart)


def _hours(writing: _Book, result: Result) -> None:
    rows = [
        (clock.stamp(one.at_ms, result.zone), writing.say[one.channel or "erased"], one.received, one.counted)
        for one in result.hours
    ]
    sheet, many = writing.sheet("hours_", ("hour", "channel", "received", "counted_messages"), rows)
    if not many:
        return
    chart = writing.book.add_chart({"type": "column"})
    here = sheet.get_name()
    chart.add_series(
        {
            "name": writing.say["by_hour"],
            "categories": [here, 1, 0, many, 0],
            "values": [here, 1, 2, many, 2],
            "fill": {"color": "#9C2A1F"},
        }
    )
    chart.set_legend({"none": True})
    chart.set_size({"width": 900, "height": 320})
    sheet.insert_chart(1, 5, chart)


def _outcomes(writing: _Book, result: Result, options: Options) -> None:
    balance = result.standings["balance"]
    names = [name for name in balance["messages"] if name != "received"]

    def rows() -> Iterator[Row]:
        for name in sorted(names, key=lambda one: -balance["messages"][one]):
            parts = (balance["by_channel"][channel]["messages"].get(name, 0) for channel in CHANNELS)
            yield (name, export.WORDS[name][options.lang == "en"], balance["messages"][name], *parts)
        yield ("", "", balance["messages"]["received"], *_received(balance))

    writing.sheet("outcomes", ("outcome", "meaning", "messages", *CHANNELS), rows())


def _received(balance: Mapping[str, Any]) -> list[int]:
    return [balance["by_channel"][channel]["messages"]["received"] for channel in CHANNELS]


report = ReportKind(
    kind="workbook",
    suffix="xlsx",
    audience="committee",
    title=Said("结果工作簿", "Workbook of the result"),
    about=Said(
        "结果、渠道、分时、消息结果、裁定、操作各一张表，带图表",
        "result, channels, hours, outcomes, adjudications and acts, a sheet each, with charts",
    ),
    write=write,
)
