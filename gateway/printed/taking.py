"""An import, and how replies stand, on a terminal."""

from pathlib import Path
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from config.problems import Lang
from gateway.intake.importer import Summary
from gateway.outbox.records import Standing
from gateway.pages import words_rows
from gateway.printed.counting import words
from gateway.printed.out import ERRORS, OUT, say


def imported(file: Path, one: Summary, lang: Lang) -> None:
    """What an import did."""
    table = Table(title=Text(str(file)), title_justify="left", box=None)
    table.add_column(say(lang, "结果", "outcome"))
    table.add_column(say(lang, "数量", "count"), justify="right")
    table.add_column("")
    for outcome, count in one.outcomes.most_common():
        table.add_row(outcome, str(count), words(outcome))
    for zh, en, count in (
        ("之前已导入", "in already", one.before),
        ("不是来电，跳过", "no calls, skipped", one.skipped),
    ):
        if count:
            table.add_row("", str(count), say(lang, zh, en))
    table.add_row("", str(one.rows), say(lang, "行合计", "rows in all"))
    OUT.print(table)
    for line, note in one.bad:
        ERRORS.print(f"{file}:{line}: {words_rows.said(note, lang)}", markup=False, soft_wrap=True)
    if one.unread > len(one.bad):
        more = one.unread - len(one.bad)
        ERRORS.print(say(lang, f"…… 还有 {more} 行", f"… {more} more"), markup=False)


def summary(one: Summary) -> dict[str, Any]:
    """An import's summary as JSON values."""
    return {
        "rows": one.rows,
        "skipped": one.skipped,
        "before": one.before,
        "unread": one.unread,
        "outcomes": dict(one.outcomes),
        "bad": [{"line": line, "wrong": note} for line, note in one.bad],
    }


_REPLIES: Final = {
    "due": ("待发送", "waiting"),
    "sending": ("正在发送", "being sent"),
    "sent": ("已发送", "sent"),
    "failed": ("未发送", "not sent"),
    "unknown": ("不确定，不再发送", "in doubt, not sent again"),
}


def outbox(standings: list[Standing], lang: Lang) -> None:
    """How replies stand, by source."""
    table = Table(box=None)
    for heading in (say(lang, "来源", "source"), say(lang, "状态", "state"), say(lang, "原因", "reason")):
        table.add_column(heading)
    table.add_column(say(lang, "回复", "replies"), justify="right")
    for one in standings:
        table.add_row(one.source, say(lang, *_REPLIES[one.state]), one.reason, str(one.replies))
    OUT.print(table if standings else say(lang, "没有回复经发件箱发送", "no reply has gone by an outbox"))
