"""Messages that no request brings: `import` of call logs, `relay` from a modem's daemon, and the `outbox`."""

import asyncio
import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from config.load import Loaded
from gateway import entrances, service
from gateway.asking import calling
from gateway.asking.calling import NotServing
from gateway.commands.base import Chosen, Wrong, is_held, progress, run, televote
from gateway.intake import importer, logfile
from gateway.intake.importer import Submit, Summary
from gateway.intake.inbound import Inbound
from gateway.intake.source import Source
from gateway.intake.worker import NotRelayed, Relaying
from gateway.outbox import records
from gateway.outbox.records import Standing
from gateway.printed import taking as printed
from gateway.storage.opening import open_reader
from gateway.storage.store import Unavailable, Unsafe
from gateway.watching import watch

#: A second lies between two.
_RELAY_TRIES = 60


@televote.command("import")
@click.option(
    "--source", "name", required=True, help="The source, of a call-log kind, that the files are from."
)
@click.option("--json", "as_json", is_flag=True)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.pass_obj
def import_(chosen: Chosen, name: str, as_json: bool, files: tuple[Path, ...]) -> None:
    """Bring in call logs. What is in already is recognised: to resume, run it again."""
    loaded = chosen.load()
    sources = entrances.open_all(loaded, entrances.run_campaigns(loaded))
    logs = [source.name for source in sources.values() if source.calllog is not None]
    if name not in logs:
        raise Wrong(f"no call-log source is named {name}; there are: {', '.join(logs) or 'none'}")
    watch.log_to(level="warning")
    summaries = run(_import(loaded, sources[name], files))
    if as_json:
        click.echo(
            json.dumps(
                {str(file): printed.summary(one) for file, one in summaries.items()},
                ensure_ascii=False,
                indent=2,
            )
        )
    else:
        for file, one in summaries.items():
            printed.imported(file, one, chosen.lang)


async def _import(loaded: Loaded, source: Source, files: tuple[Path, ...]) -> dict[Path, Summary]:
    if is_held(loaded):
        async with calling.connect(loaded.settings) as client:
            return {
                file: await _import_file(source, file, lambda rows: client.take(source.name, rows))
                for file in files
            }
    async with service.open_service(loaded, watch.Metrics()) as counting:
        own = counting.sources[source.name]
        return {file: await _import_file(own, file, lambda rows: counting.take(own, rows)) for file in files}


async def _import_file(source: Source, file: Path, submit: Submit) -> Summary:
    assert source.calllog is not None
    with progress(file.name, file.stat().st_size) as at, logfile.opened(file, on_position=at) as log:  # noqa: ASYNC240 -- one stat, before anything else runs
        return await importer.import_rows(source.calllog.read(log.lines), submit)


@televote.command(context_settings={"ignore_unknown_options": True})
@click.option("--source", "name", required=True, help="The source, of a modem daemon's kind.")
@click.argument("words", nargs=-1)
@click.pass_obj
def relay(chosen: Chosen, name: str, words: tuple[str, ...]) -> None:
    """Hand on a message for a modem's daemon, which gives WORDS and environment."""
    loaded = _load_patiently(chosen)
    sources = entrances.open_all(loaded, entrances.run_campaigns(loaded))
    relays = {one.name: one.worker for one in sources.values() if isinstance(one.worker, Relaying)}
    if name not in relays:
        raise Wrong(f"no source that relays is named {name}; there are: {', '.join(relays) or 'none'}")
    watch.log_to(level="warning")
    try:
        messages = relays[name].relayed(words, os.environ)
    except NotRelayed as error:
        raise Wrong(str(error)) from None
    if messages:
        run(_relay(loaded, name, messages))


def _load_patiently(chosen: Chosen) -> Loaded:
    """The settings; while somebody is at work on them, in a while: the daemon will not ask again."""
    for _ in range(_RELAY_TRIES - 1):
        with suppress(Wrong):
            return chosen.load()
        time.sleep(1)
    return chosen.load()


async def _relay(loaded: Loaded, name: str, messages: Sequence[Inbound]) -> None:
    """The daemon will not ask again, so that for a while we do."""
    for left in reversed(range(_RELAY_TRIES)):
        try:
            if is_held(loaded):
                async with calling.connect(loaded.settings) as client:
                    await client.take(name, messages)
            else:
                async with service.open_service(loaded, watch.Metrics()) as counting:
                    await counting.take(counting.sources[name], messages)
        except (NotServing, Unsafe, Unavailable):
            if not left:
                raise
            await asyncio.sleep(1)
        else:
            return


@televote.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def outbox(chosen: Chosen, as_json: bool) -> None:
    """How replies by outbox stand: sent, failed, unknown, waiting."""
    standing = run(_outbox(chosen.load()))
    if as_json:
        click.echo(json.dumps([one._asdict() for one in standing], ensure_ascii=False, indent=2))
    else:
        printed.outbox(standing, chosen.lang)


async def _outbox(loaded: Loaded) -> list[Standing]:
    async with open_reader(loaded.settings) as reader:
        return await reader.run(records.summary)
