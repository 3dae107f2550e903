"""The `televote` command. Exit codes: 0 ok, 1 a check failed, 2 usage or set-up, 130 interrupted."""

import asyncio
import gc
import json
import os
import signal
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import gateway
from config import load
from config.load import Loaded
from config.problems import Lang, Problem, Problems
from gateway import (
    app,
    audit,
    clock,
    control,
    entrances,
    exporter,
    manual,
    printed,
    service,
    setup,
    users,
    watch,
)
from gateway.app import Server
from gateway.control import NotServing
from gateway.erasure import NotErased
from gateway.intake import importer, logfile
from gateway.intake.calllog import UnreadableLog
from gateway.intake.importer import Submit, Summary
from gateway.intake.inbound import Inbound
from gateway.intake.recorder import Busy, Stopping
from gateway.intake.schedule import TooEarly
from gateway.intake.source import Source
from gateway.intake.worker import NotRelayed, Relaying
from gateway.ledger.witness import Alarm, Unreachable, Witness
from gateway.outbox import records, sender
from gateway.outbox.records import Standing
from gateway.people.accounts import Refused
from gateway.people.roles import Role
from gateway.storage.sqlite import is_locked, open_reader
from gateway.storage.store import Unavailable, Unsafe
from gateway.users import NoAccounts
from tally import note
from tally.acts import REASONS
from tally.verify import Tampered

T = TypeVar("T")

FAILED, USAGE, INTERRUPTED = 1, 2, 130
#: Where the settings are looked for when nobody says.
_USUAL = (Path("televote.toml"), Path("var/televote.toml"))
_SETTINGS, _LANG = "TELEVOTE_SETTINGS", "TELEVOTE_LANG"
#: A second lies between two.
_RELAY_TRIES = 60
_SAMPLE_LISTEN = "127.0.0.1:8080"


class Failed(click.ClickException):
    """A check failed."""

    exit_code = FAILED


class Wrong(click.ClickException):
    """The command cannot be carried out as it was given."""

    exit_code = USAGE


def main() -> None:
    """The entry point."""
    _open_streams()
    try:
        televote.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except OSError as error:
        _refused(error).show()
        sys.exit(USAGE)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(INTERRUPTED)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)


def _open_streams() -> None:
    """Standard streams that whoever started us has closed (gammu-smsd does) lead nowhere: left closed, their
    numbers would go to the database and to sockets."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def _refused(error: OSError) -> Wrong:
    """A file or an address that cannot be had."""
    return Wrong(f"{error.filename or 'the system'}: {error.strerror or error}")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--settings", "path", envvar=_SETTINGS, type=click.Path(path_type=Path), help="The settings file."
)
@click.option("--lang", type=click.Choice(["zh", "en"]), envvar=_LANG, help="Language of messages.")
@click.version_option(gateway.__version__, prog_name="televote")
@click.pass_context
def televote(context: click.Context, path: Path | None, lang: Lang | None) -> None:
    """Count public votes sent by SMS and by telephone hotline. 短信与热线投票计数网关。"""
    context.obj = _Chosen(path or next((usual for usual in _USUAL if usual.exists()), None), lang or _lang())


class _Chosen:
    """What the group's options say."""

    def __init__(self, path: Path | None, lang: Lang) -> None:
        self.path, self.lang = path, lang

    def load(self) -> Loaded:
        """Everything, or one message with every problem."""
        try:
            loaded = load.everything(self.path, _environ())
            entrances.open_all(loaded, entrances.run_campaigns(loaded))
        except Problems as error:
            raise Wrong("\n".join([error.render(self.lang), *self.hint()])) from None
        return loaded

    def hint(self) -> list[str]:
        """What to do if there is no settings file."""
        if self.path is not None and self.path.exists():
            return []
        if self.lang == "zh":
            return ["没有设置文件：用 televote init 生成一份，或用 --settings 或 TELEVOTE_SETTINGS 指明"]
        return [
            "there is no settings file: write one with televote init, or name yours with --settings "
            "or TELEVOTE_SETTINGS"
        ]

    @staticmethod
    def campaign(loaded: Loaded, given: str | None) -> str:
        """The campaign meant: the only one, if none was given."""
        if given is None and len(loaded.campaigns) == 1:
            return next(iter(loaded.campaigns))
        if given is None or given not in loaded.campaigns:
            raise Wrong(f"name one of the campaigns: {', '.join(loaded.campaigns)}")
        return given


def _environ() -> dict[str, str]:
    """The environment without what is this command's own: the rest of TELEVOTE_… are settings."""
    return {name: value for name, value in os.environ.items() if name not in (_SETTINGS, _LANG)}


def _lang() -> Lang:
    return "zh" if os.environ.get("LC_ALL", os.environ.get("LANG", "")).startswith("zh") else "en"


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end; what can go wrong ends in one clear line."""
    try:
        import uvloop
    except ImportError:
        run = asyncio.run
    else:
        run = uvloop.run
    try:
        return run(coroutine)
    except (Unsafe, NotServing, NoAccounts, UnreadableLog, TooEarly, NotErased) as error:
        raise Wrong(str(error)) from None
    except (Unavailable, Busy, Stopping, audit.Unfit) as error:
        raise Failed(str(error)) from None
    except Tampered as error:
        raise Failed(f"the ledger is damaged at {error}") from None
    except OSError as error:
        raise _refused(error) from None


@televote.command()
@click.option("--json", "as_json", is_flag=True, help="Print problems as JSON.")
@click.pass_obj
def check(chosen: _Chosen, as_json: bool) -> None:
    """Check settings and campaign files; every error at once."""
    problems: list[Problem] = []
    try:
        loaded = load.everything(chosen.path, _environ())
        problems += loaded.warnings
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
def init(folder: Path, listen: str) -> None:
    """Write the sample campaign, open from today, with settings and fresh secrets."""
    try:
        settings = setup.write(folder, setup.today(clock.now_ms()), listen)
    except setup.AlreadyThere as error:
        raise Wrong(str(error)) from None
    click.echo(f"wrote {settings}; serve it with: televote --settings {settings} serve")


@televote.command()
@click.pass_obj
def serve(chosen: _Chosen) -> None:
    """Take votes, until SIGTERM or Ctrl-C; then finish what is under way and close."""
    loaded = chosen.load()
    watch.log_to(level=loaded.settings.log.level)
    _run(_serve(loaded))


async def _serve(loaded: Loaded, greeting: bool = False) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with app.serve(loaded) as server:
        # What lives as long as the server need not be searched for garbage, and votes make few cycles.
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        await _greet(loaded, server, greeting)
        await stop.wait()


async def _greet(loaded: Loaded, server: Server, sample: bool) -> None:
    """On standard output, which is for whoever started us: links are not for the log."""
    people, settings = server.people, loaded.settings
    try:
        if sample and people is not None:
            printed.greeting(loaded, server.url, await users.sample_links(people, settings, server.url))
        elif people is not None and (link := await users.first_link(people, settings, server.url)):
            printed.first_link(link)
    except Unavailable:  # votes go first, also on a full disk; the next start prints it
        click.echo("no link for an administrator could be made: the database cannot be written")


@televote.command("sample")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("var"), show_default=True)
@click.option("--listen", default=_SAMPLE_LISTEN, show_default=True)
@click.pass_obj
def sample(chosen: _Chosen, folder: Path, listen: str) -> None:
    """Serve the sample campaign, writing it first if there is none that is open."""
    chosen.path = folder / "televote.toml"
    if not chosen.path.exists():
        setup.write(folder, setup.today(clock.now_ms()), listen)
    loaded = chosen.load()
    if all(campaign.settled_ms < clock.now_ms() for campaign in loaded.campaigns.values()):
        if is_locked(service.database(loaded)):
            raise Wrong(f"the sample in {folder} is being served: stop that first")
        aside = setup.set_aside(folder, clock.now_ms())
        click.echo(f"The sample in {folder} has closed; it is kept in {aside}, and a new one begins.")
        setup.write(folder, setup.today(clock.now_ms()), listen)
        loaded = chosen.load()
    watch.log_to(level="warning")
    _run(_serve(loaded, greeting=True))


@televote.command()
@click.pass_obj
def health(chosen: _Chosen) -> None:
    """Whether the server here takes votes (for a container's HEALTHCHECK)."""
    loaded = chosen.load()
    status = _run(_status(loaded))
    click.echo(json.dumps(status))
    if not status["ready"]:
        sys.exit(FAILED)


async def _status(loaded: Loaded) -> dict[str, Any]:
    try:
        async with control.connect(Path(loaded.settings.data)) as client:
            return await client.status()
    except NotServing:
        return {"ready": False, "reasons": ["not_serving"], "version": gateway.__version__}


@televote.command("import")
@click.option(
    "--source", "name", required=True, help="The source, of a call-log kind, that the files are from."
)
@click.option("--json", "as_json", is_flag=True)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.pass_obj
def import_(chosen: _Chosen, name: str, as_json: bool, files: tuple[Path, ...]) -> None:
    """Bring in call logs. What is in already is recognised: to resume, run it again."""
    loaded = chosen.load()
    sources = entrances.open_all(loaded, entrances.run_campaigns(loaded))
    logs = [source.name for source in sources.values() if source.calllog is not None]
    if name not in logs:
        raise Wrong(f"no call-log source is named {name}; there are: {', '.join(logs) or 'none'}")
    watch.log_to(level="warning")
    summaries = _run(_import(loaded, sources[name], files))
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


def _is_held(loaded: Loaded) -> bool:
    """Whether a process, which should be the server, has the database."""
    database = service.database(loaded)
    return database.parent.exists() and is_locked(database)


async def _import(loaded: Loaded, source: Source, files: tuple[Path, ...]) -> dict[Path, Summary]:
    if _is_held(loaded):
        async with control.connect(Path(loaded.settings.data)) as client:
            return {
                file: await _import_file(source, file, lambda rows: client.take(source.name, rows))
                for file in files
            }
    async with service.open_service(loaded, watch.Metrics()) as counting:
        own = counting.sources[source.name]
        return {file: await _import_file(own, file, lambda rows: counting.take(own, rows)) for file in files}


async def _import_file(source: Source, file: Path, submit: Submit) -> Summary:
    assert source.calllog is not None
    with _progress(file.name, file.stat().st_size) as at, logfile.opened(file, on_position=at) as log:  # noqa: ASYNC240 -- one stat, before anything else runs
        return await importer.import_rows(source.calllog.read(log.lines), submit)


@televote.command(context_settings={"ignore_unknown_options": True})
@click.option("--source", "name", required=True, help="The source, of a modem daemon's kind.")
@click.argument("words", nargs=-1)
@click.pass_obj
def relay(chosen: _Chosen, name: str, words: tuple[str, ...]) -> None:
    """Hand on a message for a modem's daemon, which gives WORDS and environment."""
    loaded = chosen.load()
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
        _run(_relay(loaded, name, messages))


async def _relay(loaded: Loaded, name: str, messages: Sequence[Inbound]) -> None:
    """The daemon will not ask again, so that for a while we do."""
    for left in reversed(range(_RELAY_TRIES)):
        try:
            if _is_held(loaded):
                async with control.connect(Path(loaded.settings.data)) as client:
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
@click.argument("campaign", required=False)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def standings(chosen: _Chosen, campaign: str | None, as_json: bool) -> None:
    """The count as it stands, with the balance."""
    loaded = chosen.load()
    current = _run(audit.current(loaded, chosen.campaign(loaded, campaign), clock.now_ms()))
    if as_json:
        click.echo(json.dumps(current, ensure_ascii=False, indent=2))
    else:
        printed.standings(current, chosen.lang)
    if not current["balance"]["balanced"]:
        raise Failed("the count does not balance: run `televote recount`")


@televote.command()
@click.argument("campaign", required=False)
@click.option("--by", required=True, help="Who closes.")
@click.option("--reason", required=True, help="Why, for the ledger.")
@click.option("--now", is_flag=True, help="Close before the window and its grace are over.")
@click.pass_obj
def close(chosen: _Chosen, campaign: str | None, by: str, reason: str, now: bool) -> None:
    """Close a campaign. It closes by itself when the last channel's grace is over."""
    loaded = chosen.load()
    name = chosen.campaign(loaded, campaign)
    watch.log_to(level="warning")
    _run(_close(loaded, name, by, reason, now))
    click.echo(f"{name} is closed")


async def _close(loaded: Loaded, name: str, by: str, reason: str, now: bool) -> None:
    if _is_held(loaded):
        async with control.connect(Path(loaded.settings.data)) as client:
            await client.close(name, by, reason, now)
        return
    async with service.open_service(loaded, watch.Metrics()) as counting:
        await counting.schedule.close(counting.campaigns[name], by, reason, now)


@televote.command()
@click.argument("campaign", required=False)
@click.option("--number", help="Whose messages go. Asked for if not given: then no shell remembers it.")
@click.option("--everybody", is_flag=True, help="Everybody's messages go.")
@click.option("--by", required=True, help="Who erases.")
@click.option("--reason", required=True, type=click.Choice(REASONS["erase"]), help="Why, for the ledger.")
@click.option("--now", is_flag=True, help="Although the vote is not closed: they could vote again.")
@click.pass_obj
def erase(
    chosen: _Chosen,
    campaign: str | None,
    number: str | None,
    everybody: bool,
    by: str,
    reason: str,
    now: bool,
) -> None:
    """Destroy what a number has sent, or everybody. Totals, tree and receipts still hold."""
    loaded = chosen.load()
    name = chosen.campaign(loaded, campaign)
    if everybody and number:
        raise click.UsageError("--number and --everybody do not go together")
    whose = "" if everybody else number or click.prompt("Number")
    watch.log_to(level="warning")
    asked = {"campaign": name, "number": whose, "by": by, "reason": reason, "now": now}
    click.echo(f"erased: {_run(_erase(loaded, asked))} messages of {name}")


async def _erase(loaded: Loaded, asked: dict[str, Any]) -> int:
    if _is_held(loaded):
        async with control.connect(Path(loaded.settings.data)) as client:
            return await client.erase(asked)
    async with service.open_service(loaded, watch.Metrics()) as counting:
        return await control.carry_out(counting, **asked)


@televote.command()
@click.argument("campaign", required=False)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def verify(chosen: _Chosen, campaign: str | None, as_json: bool) -> None:
    """Re-hash and open every entry of the ledger; name the first bad one."""
    loaded = chosen.load()
    checked, roots = _run(_verify(loaded, chosen.campaign(loaded, campaign)))
    if as_json:
        click.echo(json.dumps({"entries": checked, "roots": roots}))
    else:
        click.echo(f"{checked} entries are as they were written")
        for node, root in roots.items():
            click.echo(f"root of {node}: {root}")


async def _verify(loaded: Loaded, name: str) -> tuple[int, dict[str, str]]:
    async with audit.open_ledger(loaded, name) as ledger:
        with _progress("verify", ledger.entries) as at:
            return await audit.verify(ledger, at), ledger.roots


@televote.command()
@click.argument("campaign", required=False)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def recount(chosen: _Chosen, campaign: str | None, as_json: bool) -> None:
    """Count again from the ledger alone, and compare with the totals that were kept."""
    loaded = chosen.load()
    counted = _run(_recount(loaded, chosen.campaign(loaded, campaign)))
    if as_json:
        click.echo(json.dumps(printed.recounted(counted), ensure_ascii=False, indent=2))
    else:
        printed.recount(counted, chosen.lang)
    if not counted.agrees:
        raise Failed("the recount does not agree with what was kept")


async def _recount(loaded: Loaded, name: str) -> audit.Recounted:
    async with audit.open_ledger(loaded, name) as ledger:
        with _progress("recount", ledger.entries) as at:
            return await audit.recount(ledger, at)


@televote.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--campaign", help="The campaign, if there are several.")
@click.option(
    "--openings",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write what every entry commits to into this file: whole numbers, texts, choices. For an "
    "auditor alone.",
)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def export(chosen: _Chosen, folder: Path, campaign: str | None, openings: Path | None, as_json: bool) -> None:
    """Write the result and its manifest into FOLDER, after a recount. Before the close it is provisional."""
    loaded = chosen.load()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        manifest = _run(_export(loaded, chosen.campaign(loaded, campaign), folder, openings))
    except exporter.Inside:
        raise Wrong(
            f"--openings {openings} is inside {folder}, which is given away: openings go elsewhere"
        ) from None
    if as_json:
        click.echo(json.dumps(manifest, ensure_ascii=False, indent=2))
    else:
        printed.manifest(folder, manifest, chosen.lang)


async def _export(loaded: Loaded, name: str, folder: Path, openings: Path | None) -> dict[str, Any]:
    async with audit.open_ledger(loaded, name) as ledger:
        with _progress("export", ledger.entries) as at:
            return await exporter.export_to(folder, ledger, at, openings)


@televote.command()
@click.argument("url")
@click.option("--key", "vkey", required=True, help="The log's public key, as it was announced.")
@click.option(
    "--state", type=click.Path(file_okay=False, path_type=Path), default=Path("witness"), show_default=True
)
@click.option("--every", type=click.IntRange(1), help="Go on, and look again after so many seconds.")
@click.option("--cosign", is_flag=True, help="Sign what was found consistent, with a key of our own.")
@click.option("--name", default="witness", show_default=True, help="Our name, when that key is made.")
def witness(url: str, vkey: str, state: Path, every: int | None, cosign: bool, name: str) -> None:
    """Watch the log at URL from another machine: it must be signed, and only ever grow."""
    if not url.startswith(("http://", "https://")):
        raise Wrong(f"{url} is no web address: http://…/ledger/<campaign>/<node> is expected")
    if not note.is_name(name):
        raise Wrong(f"--name {name!r}: a name has neither blanks nor + in it")
    try:
        watching = Witness(url, note.read_vkey(vkey), state)
        while True:
            try:
                _look(watching, cosign, name)
            except Unreachable as error:
                if every is None:
                    raise Wrong(f"cannot be looked at: {error}") from None
                click.echo(f"cannot be looked at: {error}", err=True)
            if every is None:
                return
            time.sleep(every)
    except note.BadNote as error:
        raise Wrong(f"--key: {error}") from None
    except Alarm as alarm:
        raise Failed(str(alarm)) from None


def _look(watching: Witness, cosign: bool, name: str) -> None:
    seen, signed = watching.look()
    click.echo(f"{seen.origin}: {seen.size} entries, root {seen.root.hex()}: consistent")
    if cosign:
        click.echo(watching.cosign(signed, clock.now_ms() // 1000, name))
        click.echo(f"our key: {watching.signer(name).witness.vkey}")


@televote.command()
@click.option("--json", "as_json", is_flag=True)
@click.option(
    "--into",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Write it into this Markdown file instead, between its marks: docs/sources.md.",
)
def sources(as_json: bool, into: Path | None) -> None:
    """Every kind of source: channel, authentication, and what to configure."""
    if into is not None:
        try:
            written = manual.rewritten(into.read_text("utf-8"), entrances.kinds(), sender.kinds())
        except manual.Unmarked as lack:
            raise Wrong(f"{into}: {lack}") from None
        into.write_text(written, "utf-8")
        return
    rows = [printed.kind(kind) for kind in entrances.kinds().values()]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        printed.kinds(rows)


@televote.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def outbox(chosen: _Chosen, as_json: bool) -> None:
    """How replies by outbox stand: sent, failed, unknown, waiting."""
    standing = _run(_outbox(chosen.load()))
    if as_json:
        click.echo(json.dumps([one._asdict() for one in standing], ensure_ascii=False, indent=2))
    else:
        printed.outbox(standing, chosen.lang)


async def _outbox(loaded: Loaded) -> list[Standing]:
    async with open_reader(service.database(loaded)) as reader:
        return await reader.run(records.summary)


@televote.command()
@click.option(
    "--seconds",
    type=click.IntRange(8, 50),
    default=20,
    show_default=True,
    help="How long the window is open.",
)
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the data and the export here."
)
def demo(seconds: int, keep: Path | None) -> None:
    """Play a whole campaign: votes of every outcome, close, export, recount, verify."""
    from gateway.demo import play

    watch.log_to(level="error")
    if not _run(play.play(seconds, keep)):
        sys.exit(FAILED)


@televote.group("users")
def users_() -> None:
    """The people who sign in. An account is entered by a link that works once, for 48 hours."""


@users_.command("add")
@click.argument("login")
@click.option("--name", required=True, help="The person's name, as it stands beside what they do.")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--campaign", "campaigns", multiple=True, help="A campaign they may enter; none for all.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def users_add(
    chosen: _Chosen, login: str, name: str, role: str, campaigns: tuple[str, ...], as_json: bool
) -> None:
    """Make an account, and print its link."""
    asked = {"login": login, "name": name, "role": role, "campaigns": list(campaigns)}
    _users(chosen, {"do": "add", **asked}, as_json)


@users_.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def users_list(chosen: _Chosen, as_json: bool) -> None:
    """Every account."""
    _users(chosen, {"do": "list"}, as_json)


@users_.command("disable")
@click.argument("login")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def users_disable(chosen: _Chosen, login: str, as_json: bool) -> None:
    """Let somebody in no more, and end their sessions at once."""
    _users(chosen, {"do": "disable", "login": login}, as_json)


@users_.command("enable")
@click.argument("login")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def users_enable(chosen: _Chosen, login: str, as_json: bool) -> None:
    """Let somebody in again, with the password they had."""
    _users(chosen, {"do": "enable", "login": login}, as_json)


@users_.command("reset")
@click.argument("login")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def users_reset(chosen: _Chosen, login: str, as_json: bool) -> None:
    """Forget password and second factor, end all sessions, and print a new link."""
    _users(chosen, {"do": "reset", "login": login}, as_json)


def _users(chosen: _Chosen, asked: dict[str, Any], as_json: bool) -> None:
    loaded = chosen.load()
    watch.log_to(level="warning")
    try:
        answer = _run(users.ask(loaded, asked))
    except Refused as refused:
        raise Failed(printed.refused(refused.word, chosen.lang)) from None
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        printed.users(asked, answer, chosen.lang)


@contextmanager
def _progress(what: str, total: int) -> Iterator[Any]:
    """A bar on a terminal's stderr, nothing elsewhere. Yields what takes the position, or steps."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=printed.ERRORS,
        disable=not sys.stderr.isatty(),
        transient=True,
    ) as progress:
        task = progress.add_task(what, total=total)
        yield lambda position: progress.update(task, completed=position)
