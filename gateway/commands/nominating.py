"""The candidates: `roster`."""

import json
from pathlib import Path

import click

from config.load import Loaded
from gateway import clock
from gateway.checking import audit
from gateway.commands.base import Chosen, Failed, Wrong, run, televote
from gateway.nominations import roster as rosters
from gateway.nominations.roster import NotWritten, Roster
from gateway.pages.words_nominations import WORDS
from gateway.printed import roster as printed


@televote.command()
@click.argument("campaign", required=False)
@click.option("--write", is_flag=True, help="Put them into the campaign file, in place of those there.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def roster(chosen: Chosen, campaign: str | None, write: bool, as_json: bool) -> None:
    """The approved nominations, with their codes; into the campaign file, before the vote opens."""
    loaded = chosen.load()
    name = chosen.campaign(loaded, campaign)
    if not loaded.campaigns[name].nominations:
        raise Wrong(WORDS["no_nominations"].by(chosen.lang))
    found, opened = run(_roster(loaded, name))
    if as_json:
        click.echo(json.dumps({key: [one.table() for one in some] for key, some in found.items()},
                              ensure_ascii=False, indent=2))  # fmt: skip
    else:
        printed.table(found, chosen.lang)
    if write:
        if opened:
            raise Failed(WORDS["frozen"].by(chosen.lang))
        try:
            rosters.write(Path(loaded.settings.campaigns) / f"{name}.toml", found)
        except NotWritten as problem:
            about = problem.about(loaded.campaigns[name], chosen.lang)
            raise Failed(WORDS[problem.word].by(chosen.lang).format(about=about)) from None
        click.echo(WORDS["done_roster"].by(chosen.lang), err=True)


async def _roster(loaded: Loaded, name: str) -> tuple[Roster, bool]:
    """The roster, and whether the vote has opened."""
    async with audit.open_ledger(loaded, name) as ledger:
        await ledger.follow()
        found = await ledger.reader.run(rosters.of, loaded.campaigns[name])
        running = ledger.running
        return found, running.opened or running.status(clock.now_ms()) != "scheduled"
