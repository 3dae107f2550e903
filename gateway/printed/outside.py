"""The kinds of source and of report, and what a witness saw, on a terminal."""

import re
import textwrap
from collections.abc import Mapping
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from config.problems import Lang
from gateway.described import described
from gateway.entrances import Kind
from gateway.printed.out import OUT, say
from gateway.reporting.report import ReportKind
from tally.entry import Leaf


def kind(one: Kind) -> dict[str, Any]:
    """A kind of source as JSON values; `configure` is Markdown."""
    told = described(one)
    return {
        "kind": told.kind,
        "channel": told.channel,
        "by": told.by.lower(),
        "methods": list(told.methods),
        "authentication": told.authentication,
        "signs": told.signs,
        "time": told.time,
        "gives_time": one.gives_time,
        "options": [option._asdict() for option in told.options],
        "configure": told.configure,
        "reference": told.reference,
    }


def kinds(rows: list[dict[str, Any]]) -> None:
    """Every kind of source. Lines are not broken: some are to be copied."""
    for row in rows:
        OUT.print(Text.assemble((row["kind"], "bold"), f"  {row['channel']}, {row['by']}"))
        options = ", ".join(option["name"] for option in row["options"]) or "none"
        for told in (row["authentication"], f"options: {options}", plain(row["configure"])):
            OUT.print(textwrap.indent(told, "  "), highlight=False, markup=False, soft_wrap=True)


def plain(markdown: str) -> str:
    """A text without the marks that mean nothing on a terminal."""
    text = re.sub(r"^```.*\n?", "", markdown, flags=re.MULTILINE)
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text).replace("**", "").replace("\n\n", "\n").rstrip()


def gap(log: str, leaf: Leaf) -> dict[str, Any]:
    """What the gap at a log's beginning tells, as JSON values: how many entries each log lost."""
    detail = leaf.detail
    return {"log": log, "lost": detail["lost"], "by": detail["by"], "second": detail["second"]}


def looked(told: Mapping[str, Any]) -> None:
    """What a witness saw, and its own signature, if it gave one."""
    for one in told["gaps"]:
        lost = sum(one["lost"].values())
        click.echo(f"{one['log']}: went on without {lost} lost entries, by {one['by']} and {one['second']}")
    click.echo(f"{told['log']}: {told['entries']} entries, root {told['root']}: consistent")
    if "cosigned" in told:
        click.echo(told["cosigned"])
        click.echo(f"our key: {told['key']}")


_AUDIENCES: Final = {
    "public": ("公众", "the public"),
    "committee": ("仅组委会", "the committee"),
    "auditor": ("仅审计员", "an auditor alone"),
}


def reports(kinds: list[ReportKind], lang: Lang) -> None:
    """Every report there is."""
    table = Table(box=None)
    for zh, en in (("报告", "report"), ("格式", "formats"), ("可给谁", "for"), ("", "")):
        table.add_column(say(lang, zh, en), overflow="fold")
    for one in kinds:
        audience = say(lang, *_AUDIENCES[one.audience])
        about = f"{one.title.by(lang)}: {one.about.by(lang)}"
        table.add_row(one.kind, ", ".join(one.formats), audience, about)
    OUT.print(table)
