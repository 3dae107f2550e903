"""Keeping what there is: `backup`, `migrate`, and `new-epoch` when the newest database is lost."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from config.load import Loaded
from gateway import clock
from gateway.checking.audit import OnRows
from gateway.commands.base import Chosen, run, televote
from gateway.keeping import backup, epoch, moving
from gateway.keeping.epoch import Plan
from gateway.printed import keeping as printed
from gateway.watching import watch


@televote.command("backup")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def backup_(chosen: Chosen, folder: Path, as_json: bool) -> None:
    """Copy the database into a new FOLDER, beside a running server, and prove it. Secrets are not in it."""
    loaded = chosen.load()
    told = run(backup.back_up(loaded, folder, _shown))
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        printed.backup(folder, told, chosen.lang)


@televote.command()
@click.option("--to", "url", required=True, help="postgresql://user@host/database, which must be empty.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def migrate(chosen: Chosen, url: str, as_json: bool) -> None:
    """Move the database from its file to PostgreSQL, and count both again. Stop the server first."""
    told = run(moving.move(chosen.load(), url, _shown))
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for name, entries in told["campaigns"].items():
        click.echo(f"{name}: {entries}")
    said = (
        "已搬到 PostgreSQL，两边重新计票一致。请在设置文件写："
        if chosen.lang == "zh"
        else ("moved; both ends give the same roots and numbers. Now set, in the settings file:")
    )
    click.echo(f'{said}\n[storage]\nurl = "{url}"')


def _shown(campaign: str, entries: int) -> OnRows:
    """Says that a campaign is checked, on a terminal's stderr."""
    if sys.stderr.isatty():
        click.echo(f"{campaign}: {entries}", err=True)
    return lambda _: None


@televote.command("new-epoch")
@click.argument("campaign", required=False)
@click.option("--by", required=True, help="Who begins it.")
@click.option("--second", required=True, help="Who agrees: another person.")
@click.option("--reason", required=True, help="What happened, for the ledger.")
@click.option(
    "--signed",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A newer checkpoint that somebody has saved, if the ledger folder is lost too.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def new_epoch(
    chosen: Chosen,
    campaign: str | None,
    by: str,
    second: str,
    reason: str,
    signed: tuple[Path, ...],
    yes: bool,
    as_json: bool,
) -> None:
    """Go on without what is lost, when the newest database is gone for good. Stop the server first."""
    loaded = chosen.load()
    name = chosen.campaign(loaded, campaign)
    watch.log_to(level="warning")
    asked, ask = _Asked(by, second, reason), _ask(chosen, yes, as_json)
    begun = run(_begin(loaded, name, asked, _read(signed), ask))
    if as_json:
        click.echo(json.dumps(begun, ensure_ascii=False, indent=2))
    else:
        click.echo(f"{name}: {begun['log']}")


class _Asked(NamedTuple):
    """Who begins an epoch, who agrees, and why."""

    by: str
    second: str
    reason: str


def _read(files: Sequence[Path]) -> list[str]:
    return [file.read_text("utf-8", "replace") for file in files]


def _ask(chosen: Chosen, yes: bool, quiet: bool) -> Callable[[Plan], None]:
    """Shows what is going to be done, and asks whether it is meant; ends the command if it is not."""

    def ask(plan: Plan) -> None:
        if not quiet:
            printed.epoch(plan, chosen.lang)
        if not yes:
            click.confirm(printed.sure(chosen.lang), abort=True, err=True)

    return ask


async def _begin(
    loaded: Loaded, name: str, asked: _Asked, newer: Sequence[str], ask: Callable[[Plan], None]
) -> dict[str, Any]:
    epoch.two(*asked)
    async with epoch.beginning(loaded, name, newer) as beginning:
        ask(beginning.plan)
        await beginning.begin(*asked, clock.now_ms())
        return printed.begun(beginning.plan)
