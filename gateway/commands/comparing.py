"""Our record against others', and against what chance would give: `reconcile`, `anomalies`."""

import json
from pathlib import Path
from typing import Any

import click

from config.load import Loaded
from config.spreadsheet.faults import Faulty
from gateway import durable, entrances
from gateway.anomalies import gathering
from gateway.anomalies.searching import search
from gateway.checking import audit
from gateway.commands.base import Chosen, Failed, Wrong, progress, run, televote
from gateway.intake.source import Source
from gateway.printed import anomalies as printed_anomalies
from gateway.printed import reconciliation as printed
from gateway.reconcile import comparing
from gateway.reconcile.statement import File, Statement


@televote.command()
@click.option("--source", "name", required=True, help="The source whose provider's statement this is.")
@click.option(
    "--utc", is_flag=True, help="The statement's times are UTC; else they are in the campaign's zone."
)
@click.option("--json", "as_json", is_flag=True)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.pass_obj
def reconcile(chosen: Chosen, name: str, utc: bool, as_json: bool, files: tuple[Path, ...]) -> None:
    """Compare a provider's statement with the ledger. Nothing is recorded; exit code 1 if they differ."""
    loaded = chosen.load()
    sources = entrances.open_all(loaded, entrances.run_campaigns(loaded))
    if name not in sources:
        raise Wrong(f"no source is named {name}; there are: {', '.join(sources) or 'none'}")
    source = sources[name]
    others = [one.name for one in sources.values() if one.running is source.running and one is not source]
    zone = "UTC" if utc else source.running.campaign.timezone
    try:
        told = run(_reconcile(loaded, source, others, files, zone))
    except Faulty as faulty:
        raise Wrong("\n".join(faulty.said(chosen.lang))) from None
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        printed.table(told, source.running.zone, chosen.lang)
    if told["findings"]:
        raise Failed("the statement and the ledger differ")


async def _reconcile(
    loaded: Loaded, source: Source, others: list[str], files: tuple[Path, ...], zone: str
) -> dict[str, Any]:
    statement = Statement([File(path, path.name) for path in files], zone)
    async with audit.open_ledger(loaded, source.running.id) as ledger:
        nodes = {head.log_id: head.node for head in ledger.heads}
        with progress("", ledger.entries) as at:
            report = await comparing.compare(ledger.running, source, others, statement, ledger.reader, at)
    return comparing.as_json(report, lambda place: {"node": nodes[place[0]], "entry": place[1]})


@televote.command()
@click.argument("campaign", required=False)
@click.option(
    "--look",
    type=click.IntRange(1, 1000),
    help="While votes come in: the how-manieth look this is. Each is then held to more than the one before.",
)
@click.option(
    "--into", type=click.Path(dir_okay=False, path_type=Path), help="Write it into this file, as JSON."
)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def anomalies(
    chosen: Chosen, campaign: str | None, look: int | None, into: Path | None, as_json: bool
) -> None:
    """Look for what honest voting hardly ever does. Nothing is recorded; exit code 1 if something does."""
    loaded = chosen.load()
    try:
        told = run(_anomalies(loaded, chosen.campaign(loaded, campaign), look))
    except gathering.Unlike as error:
        raise Failed(str(error)) from None
    written = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
    if into is not None:
        durable.keep(into, written)
    elif as_json:
        click.echo(written, nl=False)
    else:
        printed_anomalies.tables(told, chosen.lang)
    if any(contest["findings"] for contest in told["contests"]):
        raise Failed("something stands out: a person has to look at it; no vote is any different for it")


async def _anomalies(loaded: Loaded, name: str, look: int | None) -> dict[str, Any]:
    async with audit.open_ledger(loaded, name) as ledger:
        with progress("anomalies", ledger.entries) as at:
            return await search(ledger, loaded.settings.anomalies.segments, at, look)
