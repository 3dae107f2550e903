"""Our record against others': `reconcile`."""

import json
from pathlib import Path
from typing import Any

import click

from config.load import Loaded
from gateway import entrances
from gateway.checking import audit
from gateway.commands.base import Chosen, Failed, Wrong, progress, run, televote
from gateway.intake.source import Source
from gateway.printed import reconciliation as printed
from gateway.reconcile import comparing
from gateway.reconcile.statement import File, Statement
from gateway.spreadsheet.faults import Faulty


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
