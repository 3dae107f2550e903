"""What every command stands on: the group, what its options say, and how a fault ends in one clear line."""

import asyncio
import io
import os
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

import click

import gateway
from config import load
from config.load import Loaded
from config.problems import ENVIRONMENT, Lang, Problems
from config.settings import Settings
from gateway.asking import calling

T = TypeVar("T")


FAILED, USAGE, INTERRUPTED = 1, 2, 130
#: Where the settings are looked for when nobody says.
_USUAL = (Path("televote.toml"), Path("var/televote.toml"))
_SETTINGS, _LANG, _NODE = "TELEVOTE_SETTINGS", "TELEVOTE_LANG", "TELEVOTE_NODE"


class Failed(click.ClickException):
    """A check failed."""

    exit_code = FAILED


class Wrong(click.ClickException):
    """The command cannot be carried out as it was given."""

    exit_code = USAGE


def refused(error: OSError) -> Wrong:
    """A file or an address that cannot be had."""
    return Wrong(f"{error.filename or 'the system'}: {error.strerror or error}")


class Target(click.Path):
    """A file to be written, in the place of what has its name: which must not be a device, or a pipe."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        path = Path(os.fsdecode(super().convert(value, param, context)))
        if path.exists() and not path.is_file():
            self.fail(f"{path} is no ordinary file, and would be replaced: name another", param, context)
        return path


#: The commands, and the module of this package that has each.
COMMANDS: Final = {
    name: module
    for module, names in {
        "asking": ("health",),
        "comparing": ("reconcile", "anomalies"),
        "counting": ("standings", "evaluate", "close", "erase", "verify", "recount", "export"),
        "keeping": ("backup", "migrate", "new-epoch"),
        "nominating": ("roster",),
        "outside": ("witness", "sources", "demo"),
        "people": ("users",),
        "reporting": ("sheet", "report", "sample-audit"),
        "serving": ("check", "init", "serve", "sample"),
        "taking": ("import", "relay", "outbox"),
    }.items()
    for name in names
}


class _Commands(click.Group):
    """Loads the module of a command, which puts it into the group, once it is asked for: all of them take
    longer to load than most take to run."""

    def list_commands(self, context: click.Context) -> list[str]:
        del context
        return sorted(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in COMMANDS:
            import_module(f"gateway.commands.{COMMANDS[name]}")
        return super().get_command(context, name)


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--settings", "path", envvar=_SETTINGS, type=click.Path(path_type=Path), help="The settings file."
)
@click.option("--lang", type=click.Choice(["zh", "en"]), envvar=_LANG, help="Language of messages.")
@click.version_option(gateway.__version__, prog_name="televote")
@click.pass_context
def televote(context: click.Context, path: Path | None, lang: Lang | None) -> None:
    """Count public votes sent by SMS and by telephone hotline. 短信与热线投票计数网关。"""
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files need not be text
        sys.stdout.reconfigure(errors="backslashreplace")
    context.obj = Chosen(path or next((usual for usual in _USUAL if usual.exists()), None), lang or _lang())


class Chosen:
    """What the group's options say."""

    def __init__(self, path: Path | None, lang: Lang) -> None:
        self.path, self.lang = path, lang

    def load(self, node: str | None = None) -> Loaded:
        """Everything, with another name for the node if one is given; or one message with every problem."""
        from gateway import entrances  # not for a command that asks for the settings alone

        named = {} if node is None else {_NODE: node}
        try:
            loaded = load.everything(self.path, environ() | named)
            entrances.open_all(loaded, entrances.run_campaigns(loaded))
        except Problems as error:
            raise self._wrong(_of_the_option(error) if named else error) from None
        return loaded

    def settings(self) -> Settings:
        """The settings alone, whatever is wrong with campaigns."""
        try:
            return load.settings(self.path, environ())
        except Problems as error:
            raise self._wrong(error) from None

    def _wrong(self, error: Problems) -> Wrong:
        return Wrong("\n".join([error.render(self.lang), *self.hint()]))

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


def _of_the_option(error: Problems) -> Problems:
    """The same problems, with that of a name given by --node said of the option: nobody set the variable."""
    return Problems(
        replace(one, file="--node", key="") if (one.file, one.key) == (ENVIRONMENT, _NODE) else one
        for one in error.problems
    )


def environ() -> dict[str, str]:
    """The environment without what is this command's own: the rest of TELEVOTE_… are settings."""
    return {name: value for name, value in os.environ.items() if name not in (_SETTINGS, _LANG)}


def _lang() -> Lang:
    return "zh" if os.environ.get("LC_ALL", os.environ.get("LANG", "")).startswith("zh") else "en"


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end; what can go wrong ends in one clear line."""
    try:
        import uvloop
    except ImportError:
        to_the_end = asyncio.run
    else:
        to_the_end = uvloop.run
    try:
        return to_the_end(coroutine)
    except Exception as error:
        if (told := _told(error)) is None:
            raise
        raise told from None


def _told(error: Exception) -> click.ClickException | None:
    """What is said of an error that a command may meet; None of one that it may not.

    What these modules load takes longer than many a command: it is loaded when something has gone wrong.
    """
    from gateway.asking.users import NoAccounts
    from gateway.checking.audit import Unfit
    from gateway.checking.sharing import Died
    from gateway.intake.calllog import UnreadableLog
    from gateway.intake.recorder import Busy, Stopping
    from gateway.intake.schedule import TooEarly
    from gateway.keeping.erasure import NotErased
    from gateway.storage.store import Unavailable, Unsafe
    from tally.verify import Tampered

    match error:
        case UnreadableLog():
            return Wrong(getattr(error, click.get_current_context().ensure_object(Chosen).lang))
        case Unsafe() | calling.NotServing() | NoAccounts() | TooEarly() | NotErased():
            return Wrong(str(error))
        case Unavailable() | Busy() | Stopping() | Died() | Unfit():
            return Failed(str(error))
        case Tampered():
            return Failed(f"the ledger is damaged at {error}")
        case OSError():
            return refused(error)
        case _:
            return None


def is_held(loaded: Loaded) -> bool:
    """Whether a process, which should be the server, has the database."""
    return calling.is_served(loaded.settings)


@contextmanager
def progress(what: str, total: int) -> Iterator[Any]:
    """A bar on a terminal's stderr, nothing elsewhere. Yields what takes the position, or steps."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from gateway.printed.out import ERRORS

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=ERRORS,
        disable=not sys.stderr.isatty(),
        transient=True,
    ) as bars:
        task = bars.add_task(what, total=total)
        yield lambda position: bars.update(task, completed=position)
