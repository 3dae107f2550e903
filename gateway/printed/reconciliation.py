"""What `televote reconcile` prints: the figures, the differences by likely reason, and each of them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from config.problems import Lang
from gateway.pages.words_reconcile import KINDS, LIKELY, RECONCILE
from gateway.printed.out import OUT
from tally.reconciliation import KINDS as ORDER
from tally.reconciliation import REASONS

#: Differences that are printed one by one; --json has more.
_MOST: Final = 100
_FIGURES: Final = ("rows", "recorded", "matched", *ORDER)


def table(told: Mapping[str, Any], zone: ZoneInfo, lang: Lang) -> None:
    """A report as JSON values (`comparing.as_json`), for people."""
    say = {key: said.by(lang) for key, said in {**RECONCILE, **KINDS}.items()}
    OUT.print(Text(f"{say['source']} {told['source']}", "bold"))
    for sha256 in told["statement_sha256"]:
        OUT.print(Text(f"SHA-256 {sha256}"), soft_wrap=True)
    figures = Table(box=None)
    for name in _FIGURES:
        figures.add_column(say[name], justify="right")
    figures.add_row(*(f"{told[name]:,}" for name in _FIGURES))
    OUT.print(figures)
    if told["slip_ms"]:
        OUT.print(say["slip"].format(by=f"{told['slip_ms'] / 3_600_000:+g} h"))
    if told["erased"]:
        OUT.print(say["erased_note"].format(n=told["erased"]))
    if not told["findings"]:
        OUT.print(say["no_findings_counts" if told["by"] == "counts" else "no_findings"])
        return
    OUT.print(_groups(told, say, lang))
    OUT.print(Text(say["each"]))
    for line in _each(told, say, zone):
        OUT.print(Text(line), soft_wrap=True)
    left = len(told["findings"]) - _MOST + told["unlisted"]
    if left > 0:
        OUT.print(f"… {left:,} (--json)")


def _groups(told: Mapping[str, Any], say: Mapping[str, str], lang: Lang) -> Table:
    found = {(one["kind"], one["reason"]): one["n"] for one in told["groups"]}
    groups = Table(title=Text(say["findings"]), title_justify="left", box=None)
    groups.add_column("")
    groups.add_column(say["count"], justify="right")
    groups.add_column(say["reason"], overflow="fold")
    for kind in ORDER:
        for reason in REASONS[kind]:
            if n := found.get((kind, reason)):
                groups.add_row(say[kind], f"{n:,}", Text(LIKELY[kind, reason].by(lang)))
    return groups


def _each(told: Mapping[str, Any], say: Mapping[str, str], zone: ZoneInfo) -> Iterator[str]:
    """A line each: no table is wide enough."""
    for one in told["findings"][:_MOST]:
        single = one["row"] is not None or "entry" in one
        parts = [
            f"{say[one['kind']]} ({one['reason']})",
            "" if one["n"] == 1 else f"× {one['n']:,}",
            one["number"],
            f"{say['row']} {one['row']}" if one["row"] else "",
            f"{say['their_time']} {_moment(one['theirs_ms'], zone)}" if single and one["theirs_ms"] else "",
            f"{say['our_entry']} {one['node']}/{one['entry']}" if "entry" in one else "",
            f"{say['our_time']} {_moment(one['ours_ms'], zone)}" if single and one["ours_ms"] else "",
        ]
        yield "  ".join(filter(None, parts))


def _moment(at_ms: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at_ms // 1000, zone):%Y-%m-%d %H:%M:%S}"
