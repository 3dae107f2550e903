"""What the demo compares at the end: what was sent, and what the exported ledger says became of it."""

import csv
from collections import Counter
from pathlib import Path

from rich.table import Table

from gateway.demo.traffic import Played
from gateway.printed.counting import words
from gateway.printed.out import OUT


def report(exported: Path, played: Played) -> bool:
    """What was sent against what the ledger says, outcome by outcome."""
    with (exported / "messages.csv").open(encoding="utf-8-sig", newline="") as file:
        recorded = Counter(row["outcome"] for row in csv.DictReader(file))
    table = Table(title="发出的与账本里的 · what was sent, and what the ledger says", title_justify="left")
    table.add_column("结果 outcome")
    table.add_column("发出 sent", justify="right")
    table.add_column("账本 ledger", justify="right")
    table.add_column("")
    table.add_column("")
    for outcome in sorted({*played.expected, *recorded}, key=lambda one: -played.expected[one]):
        same = played.expected[outcome] == recorded[outcome]
        mark = "[green]✓[/green]" if same else "[red]✗[/red]"
        table.add_row(
            str(outcome), str(played.expected[outcome]), str(recorded[outcome]), mark, words(outcome)
        )
    agree = played.expected == recorded and set(played.answers) == {200}
    table.add_section()
    table.add_row(
        "合计 total",
        str(played.sent),
        str(recorded.total()),
        "[green]✓[/green]" if agree else "[red]✗[/red]",
        "",
    )
    OUT.print(table)
    OUT.print(
        f"另有 {played.redelivered} 次重发，均未再计 · "
        f"{played.redelivered} redeliveries, none counted again · HTTP {dict(played.answers)}"
    )
    return agree
