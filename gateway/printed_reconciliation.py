"""What `televote reconcile` prints: the figures, the differences by likely reason, and each of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from config.problems import Lang
from gateway.pages.words import Said
from gateway.pages.words_reconcile import KINDS, LIKELY, RECONCILE
from gateway.printed import OUT
from tally.reconciliation import KINDS as ORDER
from tally.reconciliation import REASONS

#: Differences that are printed one by one; --json has more.
_MOST: Final = 100
_FIGURES: Final = ("rows", "recorded", "matched", *ORDER)


def table(told: Mapping[str, Any], zone: ZoneInfo, lang: Lang) -> None:
    """A report as JSON values (`comparing.as_json`), for people."""
    say = {key: _said(said, lang) for key, said in {**RECONCILE, **KINDS}.items()}
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
    OUT.print(_each(told, say, zone, lang))
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
                groups.add_row(say[kind], f"{n:,}", Text(_said(LIKELY[kind, reason], lang)))
    return groups


def _each(told: Mapping[str, Any], say: Mapping[str, str], zone: ZoneInfo, lang: Lang) -> Table:
    each = Table(title=Text(say["each"]), title_justify="left", box=None)
    for heading in ("", say["row"], say["their_time"], say["our_time"], say["number"], say["our_entry"], ""):
        each.add_column(heading, overflow="fold")
    for one in told["findings"][:_MOST]:
        single = one["row"] is not None or "entry" in one
        entry = f"{one['node']}/{one['entry']}" if "entry" in one else ""
        each.add_row(
            say[one["kind"]],
            Text(one["row"] or ""),
            _moment(one["theirs_ms"], zone) if single else "",
            _moment(one["ours_ms"], zone) if single else "",
            one["number"],
            entry or ("" if one["n"] == 1 else f"× {one['n']:,}"),
            one["reason"],
        )
    return each


def _moment(at_ms: int | None, zone: ZoneInfo) -> str:
    return "" if at_ms is None else f"{datetime.fromtimestamp(at_ms // 1000, zone):%Y-%m-%d %H:%M:%S}"


def _said(said: Said, lang: Lang) -> str:
    text: str = getattr(said, lang)
    return text
