"""What stands out among the votes, on a terminal."""

from typing import Any

from rich.table import Table
from rich.text import Text

from config.problems import Lang
from gateway.anomalies import telling
from gateway.printed.out import OUT, say


def tables(told: dict[str, Any], lang: Lang) -> None:
    """A table for each contest: what was found, the gravest first."""
    for contest in told["contests"]:
        title = Text(f"{contest['name']}  {say(lang, '计票号码', 'counted callers')} {contest['callers']}")
        if not contest["findings"]:
            OUT.print(title, Text(say(lang, "没有异常", "nothing stands out")))
            continue
        table = Table(title=title, title_justify="left", box=None)
        for zh, en in (("候选", "candidate"), ("类别", "family"), ("发现", "what")):
            table.add_column(say(lang, zh, en), overflow="fold")
        for zh, en in (("概率", "chance"), ("严重度", "severity")):
            table.add_column(say(lang, zh, en), justify="right")
        for one in contest["findings"]:
            family = telling.FAMILIES[one["family"]].by(lang)
            table.add_row(
                one["candidate"],
                family,
                Text(one["said"][lang]),
                telling.chance(one["p"]),
                telling.size(one["severity"]),
            )
        OUT.print(table)
