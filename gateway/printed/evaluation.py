"""The evaluation on a terminal: every step, and what the shortlist hangs on."""

from collections.abc import Mapping
from typing import Any, Final

from rich.measure import Measurement
from rich.table import Table

from config.problems import Lang
from gateway.printed.out import OUT, say

#: Columns of a terminal that no table needs.
_WIDEST: Final = 100_000


def table(told: Mapping[str, Any], lang: Lang) -> None:
    """The evaluation, a table with every step for each contest."""
    for contest in told["contests"]:
        steps = Table(title=contest["id"], title_justify="left", box=None)
        judges = list(dict.fromkeys(judge for row in contest["rows"] for judge in row["judges"]))
        for zh, en in (("名次", "rank"), ("候选", "candidate"), ("票数", "votes"), ("公众分", "public")):
            steps.add_column(
                say(lang, zh, en), justify="left" if en == "candidate" else "right", no_wrap=True
            )
        for judge in judges:
            steps.add_column(judge, justify="right", no_wrap=True)
        for zh, en in (("评议分", "panel"), ("公众部分", "public part"), ("评议部分", "panel part")):
            steps.add_column(say(lang, zh, en), justify="right", no_wrap=True)
        steps.add_column(say(lang, "综合得分", "composite"), justify="right", style="bold", no_wrap=True)
        steps.add_column("", no_wrap=True)
        for row in contest["rows"]:
            marks = [row["judges"].get(judge) for judge in judges]
            state = {True: ("入围", "listed"), False: ("", ""), None: ("待抽签", "needs a lot")}
            steps.add_row(
                f"{row['rank']}{'=' if row['tied'] else ''}",
                f"{row['code']} {row['name']}",
                f"{row['votes']:,}",
                row["public"]["shown"],
                *(_mark(one) for one in marks),
                *(row[step]["shown"] for step in ("panel", "public_part", "panel_part", "composite")),
                say(lang, *state[row["shortlisted"]]),
            )
        _whole(steps)
        for one in contest["missing"]:
            who = " ".join(filter(None, (one["judge"], one["candidate"]))) or say(lang, "评分表", "sheets")
            OUT.print(f"{say(lang, '缺', 'missing')}: {who}", markup=False)
        if contest["rows"]:
            changes = [one for one in contest["sweep"]["breakpoints"] if one["shortlist_changes"]]
            at = ", ".join(f"{one['weight']['shown']} ({one['weight']['exact']})" for one in changes)
            said = say(lang, "入围名单改变的公众权重", "the shortlist changes at a public weight of")
            OUT.print(f"{said}: {at or '–'}", markup=False, soft_wrap=True)
            for kind, change in contest["smallest"].items():
                words = "–" if change is None else " ".join(f"{key}={v}" for key, v in change.items() if v)
                said = f"{say(lang, '最小变化', 'smallest change')} {kind}: {words}"
                OUT.print(said, markup=False, soft_wrap=True)


def _whole(steps: Table) -> None:
    """Print a table as wide as it must be, however narrow the terminal is: half a figure is a wrong one."""
    steps.width = Measurement.get(OUT, OUT.options.update(max_width=_WIDEST), steps).maximum
    OUT.print(steps, crop=False, no_wrap=True, overflow="ignore")


def _mark(judged: Mapping[str, Any] | None) -> str:
    """A judge's score, marked if a trimmed mean leaves it out."""
    if judged is None:
        return "–"
    shown: str = judged["score"]["shown"]
    return shown if judged["kept"] else f"{shown}×"
