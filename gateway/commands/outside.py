"""For whoever looks from outside: `witness` of a log, `sources` there are, and the `demo`."""

import asyncio
import json
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import click

from config.settings import Listen, read_listen
from gateway import clock, entrances, manual
from gateway.commands.base import FAILED, Failed, Wrong, run, televote
from gateway.ledger.vouching import Vouching, listening
from gateway.ledger.watched import Alarm, Unreachable
from gateway.ledger.witness import Witness
from gateway.outbox import sender
from gateway.printed import outside as printed
from gateway.watching import watch
from tally import note

#: How often a witness that listens looks by itself.
_EVERY_SECONDS: Final = 60


@televote.command()
@click.argument("url")
@click.option("--key", "vkey", required=True, help="The log's public key, as it was announced.")
@click.option(
    "--state", type=click.Path(file_okay=False, path_type=Path), default=Path("witness"), show_default=True
)
@click.option("--every", type=click.IntRange(1), help="Go on, and look again after so many seconds.")
@click.option("--cosign", is_flag=True, help="Sign what was found consistent, with a key of our own.")
@click.option("--name", default="witness", show_default=True, help="Our name, when that key is made.")
@click.option("--listen", help="HOST:PORT: also sign what is handed in here.")
@click.option("--json", "as_json", is_flag=True, help="Each look as one line of JSON.")
def witness(
    url: str,
    vkey: str,
    state: Path,
    every: int | None,
    cosign: bool,
    name: str,
    listen: str | None,
    as_json: bool,
) -> None:
    """Watch the log at URL from another machine: it must be signed, and only ever grow."""
    if not url.startswith(("http://", "https://")):
        raise Wrong(f"{url} is no web address: http://…/ledger/<campaign>/<node> is expected")
    if not note.is_name(name):
        raise Wrong(f"--name {name!r}: a name has neither blanks nor + in it")
    try:
        watching = Witness(url, note.read_vkey(vkey), state)
        if listen is not None:
            run(_serve(watching, name, _address(listen), every or _EVERY_SECONDS, as_json))
            return
        while True:
            try:
                _look(watching, cosign, name, as_json)
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


def _address(text: str) -> Listen:
    try:
        return read_listen(text)
    except ValueError:
        raise Wrong(f"--listen {text!r}: an address and a port are expected, such as 0.0.0.0:8090") from None


async def _serve(watching: Witness, name: str, listen: Listen, every: int, as_json: bool) -> None:
    """Sign what is handed in and look by ourselves, until SIGTERM or Ctrl-C. An alarm ends nothing, for a log
    that contradicts itself must go on being refused; it is told again at every look, and at the end."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    key = watching.signer(name).witness.vkey
    vouching = Vouching(watching, name, clock.now_ms, lambda told: click.echo(told, err=True))
    async with listening(vouching, *listen) as url:
        if as_json:
            click.echo(json.dumps({"key": key, "listening": url}))
        else:
            click.echo(f"our key: {key}")
            click.echo(f"listening: {url}")
        while not stop.is_set():
            try:
                await asyncio.to_thread(_look, watching, True, name, as_json)
            except Unreachable as error:
                click.echo(f"cannot be looked at: {error}", err=True)
            except Alarm as alarm:
                vouching.alarm(alarm)
            with suppress(TimeoutError):
                async with asyncio.timeout(every):
                    await stop.wait()
    if vouching.alarmed:
        raise Failed("there was an alarm, told above: the log has not only grown, or could not show it")


def _look(watching: Witness, cosign: bool, name: str, as_json: bool) -> None:
    seen, signed, gaps = watching.look()
    told: dict[str, Any] = {
        "log": seen.origin,
        "entries": seen.size,
        "root": seen.root.hex(),
        "gaps": [printed.gap(log, leaf) for log, leaf in gaps],
    }
    if cosign:
        told["cosigned"] = watching.cosign(signed, clock.now_ms() // 1000, name)
        told["key"] = watching.signer(name).witness.vkey
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        printed.looked(told)


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
@click.option(
    "--seconds",
    type=click.IntRange(8, 50),
    default=10,
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
    if not run(play.play(seconds, keep)):
        sys.exit(FAILED)
