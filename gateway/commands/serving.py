"""Setting up and serving: `check`, `init`, `serve`, `sample`, `health`."""

import asyncio
import gc
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import click
import structlog

from config import load
from config.load import Loaded
from config.problems import Problem, Problems
from gateway import app, clock, entrances, setup
from gateway.app import Server
from gateway.asking import calling, users
from gateway.commands.base import FAILED, Chosen, Failed, Wrong, environ, run, televote
from gateway.fleet import workforce
from gateway.fleet.workforce import Crew, Gone
from gateway.people.people import People
from gateway.printed import serving as printed
from gateway.storage import opening
from gateway.storage.store import Unavailable
from gateway.watching import watch

#: What is printed once it serves: of its settings, its people, and where it listens.
Greeting = Callable[[Loaded, People, str], Awaitable[None]]

_SAMPLE_LISTEN = "127.0.0.1:8080"


@televote.command()
@click.option("--json", "as_json", is_flag=True, help="Print problems as JSON.")
@click.pass_obj
def check(chosen: Chosen, as_json: bool) -> None:
    """Check settings and campaign files; every error at once."""
    problems: list[Problem] = []
    try:
        loaded = load.everything(chosen.path, environ())
        problems += [*loaded.warnings, *entrances.remarks(loaded)]
        entrances.open_all(loaded, entrances.run_campaigns(loaded))
    except Problems as error:
        problems += error.problems
    failed = any(problem.level == "error" for problem in problems)
    if as_json:
        click.echo(
            json.dumps([printed.problem(problem) for problem in problems], ensure_ascii=False, indent=2)
        )
    else:
        for line in [problem.render(chosen.lang) for problem in problems] + chosen.hint() * failed:
            click.echo(line)
        if not failed:
            click.echo("没有错误" if chosen.lang == "zh" else "no errors")
    if failed:
        sys.exit(FAILED)


@televote.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("var"))
@click.option("--listen", default=_SAMPLE_LISTEN, show_default=True)
@click.option("--citus", is_flag=True, help="Spread the tables of the settings' database, and write nothing.")
@click.pass_obj
def init(chosen: Chosen, folder: Path, listen: str, citus: bool) -> None:
    """Write the sample campaign, open from today, with settings and fresh secrets."""
    if citus:
        loaded = chosen.load()
        if not loaded.settings.storage.is_postgresql:
            raise Wrong("Citus is PostgreSQL: set [storage] url to postgresql://user@host/database")
        run(opening.spread(loaded.settings))
        click.echo("the tables are spread")
        return
    try:
        settings = setup.write(folder, setup.today(clock.now_ms()), listen)
    except setup.AlreadyThere as error:
        raise Wrong(str(error)) from None
    click.echo(f"wrote {settings}; serve it with: televote --settings {settings} serve")


@televote.command()
@click.option("--node", help="This node's name, in place of the settings'.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="So many processes serve."
)
@click.pass_obj
def serve(chosen: Chosen, node: str | None, workers: int) -> None:
    """Take votes, until SIGTERM or Ctrl-C; then finish what is under way and close."""
    loaded = chosen.load(node)
    watch.log_to(level=loaded.settings.log.level)
    if workers == 1:
        run(_serve(loaded, greeting=_first_link))
        return
    if not loaded.settings.storage.is_postgresql:
        raise Wrong("SQLite has one process that writes: several workers need PostgreSQL (storage.url)")
    crew = {name: chosen.load(name) for name in workforce.names(loaded.settings.node, workers)}
    try:
        worker = workforce.split(list(crew), workforce.bound(loaded.settings.listen))
    except Gone as error:
        raise Failed(str(error)) from None
    if worker is not None:
        name, own = worker
        structlog.contextvars.bind_contextvars(node=name)
        run(_serve(crew[name], own, greeting=_first_link if own.is_first(name) else None))


async def _serve(loaded: Loaded, crew: Crew | None = None, greeting: Greeting | None = None) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if crew is not None:
        loop.add_reader(crew.parent, _orphaned, crew.parent, stop)
    async with app.serve(loaded, crew=crew) as server:
        gc.freeze()  # what lives as long as the server need not be searched for garbage
        if greeting is not None:
            await _greet(loaded, server, greeting)
        await stop.wait()


def _orphaned(parent: int, stop: asyncio.Event) -> None:
    asyncio.get_running_loop().remove_reader(parent)
    stop.set()


async def _greet(loaded: Loaded, server: Server, greeting: Greeting) -> None:
    """On standard output, which is for whoever started us: links are not for the log."""
    if server.people is None:
        return
    try:
        await greeting(loaded, server.people, server.url)
    except Unavailable:  # votes go first, also on a full disk; the next start prints it
        click.echo("no link for an administrator could be made: the database cannot be written")


async def _first_link(loaded: Loaded, people: People, url: str) -> None:
    await people.accounts.log_all()
    if link := await users.first_link(people, loaded.settings, url):
        printed.first_link(link)


async def _sample_links(loaded: Loaded, people: People, url: str) -> None:
    printed.greeting(loaded, url, await users.sample_links(people, loaded.settings, url))


@televote.command("sample")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("var"), show_default=True)
@click.option("--listen", default=_SAMPLE_LISTEN, show_default=True)
@click.pass_obj
def sample(chosen: Chosen, folder: Path, listen: str) -> None:
    """Serve the sample campaign, writing it first if there is none that is open."""
    chosen.path = folder / "televote.toml"
    if not chosen.path.exists():
        setup.write(folder, setup.today(clock.now_ms()), listen)
    loaded = chosen.load()
    if all(campaign.settled_ms < clock.now_ms() for campaign in loaded.campaigns.values()):
        if calling.is_served(loaded.settings):
            raise Wrong(f"the sample in {folder} is being served: stop that first")
        aside = setup.set_aside(folder, clock.now_ms())
        click.echo(f"The sample in {folder} has closed; it is kept in {aside}, and a new one begins.")
        setup.write(folder, setup.today(clock.now_ms()), listen)
        loaded = chosen.load()
    watch.log_to(level="warning")
    run(_serve(loaded, greeting=_sample_links))
