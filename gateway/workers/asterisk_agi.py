"""Asterisk's FastAGI: a keypad vote over a connection that Asterisk makes for each call.

The dialogue is held in the connection, so nothing need be carried. Asterisk says nothing by itself: prompts
are recordings, or `engine` names the dialplan application that says texts. Whoever connects is held to short
lines, few of them, and little time; more calls at once than are set are turned away.
"""

import asyncio
import hmac
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Final

import structlog
from pydantic import BaseModel, Field, field_validator

from gateway.intake import dialogue
from gateway.intake.dialogue import Cue, End, Listen, Piece, Pieces, Script
from gateway.intake.inbound import Form, Inbound
from gateway.intake.recorder import NOT_NOW
from gateway.intake.worker import Desk, Worker, WorkerKind
from gateway.kinds import Options, Shown
from tally.outcome import MessageOutcome

_log = structlog.get_logger()

_LONGEST_LINE: Final = 2048
_MOST_LINES: Final = 100
_GREETING_SECONDS: Final = 5.0
_COMMAND_SECONDS: Final = 120.0
_CALL_SECONDS: Final = 600.0
_LISTEN: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[0-9.]+):([0-9]{1,5})", re.ASCII)
_RESULT: Final = re.compile(r"200 result=(-?[0-9*#]*)(?: .*)?")
#: The mask of Asterisk's presentation, and what it says of a number that may be shown.
_PRESENTATION, _ALLOWED = 0x60, 0x00


class AsteriskAgiOptions(Options):
    """The settings of one FastAGI server."""

    listen: Annotated[str, Shown("address and port")] = Field(
        default="127.0.0.1:4573",
        description="where Asterisk connects to. Not this machine's own: only with a token or `allow_from`",
    )
    engine: Annotated[str, Shown("application", unset="none")] = Field(
        default="",
        pattern=r"^\w*$",
        description=(
            'says texts, as `EXEC engine "text"`; without it a prompt that is not a recording is refused'
        ),
    )
    wait_seconds: int = Field(default=8, ge=1, le=60, description="how long a key is waited for")
    calls: int = Field(
        default=200, ge=1, le=10_000, description="calls at once; further ones are turned away"
    )

    @field_validator("listen")
    @classmethod
    def _address(cls, listen: str) -> str:
        found = _LISTEN.fullmatch(listen)
        if found is None or int(found[2]) > 65_535:
            raise ValueError("not an address and a port, such as 127.0.0.1:4573 or [::1]:4573")
        ip_address(found[1].strip("[]"))
        return listen

    @property
    def host(self) -> str:
        """The address without its port."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port; 0 lets the system choose."""
        return int(self.listen.rpartition(":")[2])


class _HungUp(Exception):
    """The call is over, or its connection."""


class _Refused(Exception):
    """Not a call for this source; the reason is a fixed word."""


@dataclass(slots=True)
class AsteriskAgi:
    """One server. `port` is where it listens, once it does."""

    options: AsteriskAgiOptions
    script: Script
    port: int = 0

    @asynccontextmanager
    async def working(self, desk: Desk) -> AsyncIterator[None]:
        """See `worker.Worker`. At the end the calls under way are cut off."""
        calls: set[asyncio.Task[None]] = set()

        async def call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            calls.add(task)
            try:
                if len(calls) > self.options.calls:
                    _log.info("agi_refused", source=desk.source, reason="busy")
                    return
                await self._call(desk, _Line(reader, writer, self.options))
            except asyncio.CancelledError:
                pass  # a stop: it has nobody above it to tell
            except Exception:  # noqa: BLE001 -- a mistake of ours must not end the calls of others
                _log.exception("fault", source=desk.source)
            finally:
                calls.discard(task)
                writer.close()

        server = await asyncio.start_server(
            call, self.options.host, self.options.port, limit=_LONGEST_LINE, backlog=128
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for task in calls:
                task.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

    async def _call(self, desk: Desk, line: "_Line") -> None:
        try:
            async with asyncio.timeout(_GREETING_SECONDS):
                told = await line.environment()
            _admit(desk, line.peer, told)
        except (_HungUp, TimeoutError):
            _log.info("agi_refused", source=desk.source, reason="malformed")
        except _Refused as refused:
            _log.info("agi_refused", source=desk.source, reason=str(refused))
        else:
            await self._talk(desk, line, told)

    async def _talk(self, desk: Desk, line: "_Line", told: Mapping[str, str]) -> None:
        """One whole call: what was chosen in it is recorded once, also if it was cut off."""
        caller = _caller(told)
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                end = await self._choose(desk, line, caller)
        except (_HungUp, TimeoutError):
            end = dialogue.HUNG_UP
        raw = "".join(f"{name}: {value}\n" for name, value in told.items()).encode()
        inbound = Inbound(told["agi_uniqueid"], caller, end.keys, Form.DIGITS, raw=raw)
        try:
            (landed,) = await desk.take([inbound])
            last = dialogue.last_words(self.script, end, MessageOutcome(landed.outcome))
        except NOT_NOW:
            last = self.script.prompt(Cue.FAULT)
        if end != dialogue.HUNG_UP:
            await line.part(last)

    async def _choose(self, desk: Desk, line: "_Line", caller: str) -> End:
        came = dialogue.advance(self.script, dialogue.START, "", caller, desk.now_ms())
        while isinstance(came, Listen):
            pressed = await line.ask(came)
            came = dialogue.advance(self.script, came.step, pressed, caller, desk.now_ms())
        return came


def _admit(desk: Desk, peer: str, told: Mapping[str, str]) -> None:
    if not desk.admits(peer):
        raise _Refused("address")
    given = told.get("agi_network_script", "").partition("?")[0].strip("/")
    if desk.token and not hmac.compare_digest(given.encode("utf-8", "replace"), desk.token):
        raise _Refused("token")
    if not 0 < len(told.get("agi_uniqueid", "")) <= 150 or "agi_callerid" not in told:
        raise _Refused("malformed")


def _caller(told: Mapping[str, str]) -> str:
    """The caller's number, "" if he does not show it."""
    presentation = re.fullmatch("[0-9]{1,5}", told.get("agi_callingpres", ""), re.ASCII)
    if presentation and int(presentation[0]) & _PRESENTATION != _ALLOWED:
        return ""
    return told["agi_callerid"][:128]


class _Line:
    """Asterisk's end of one call. Every method raises `_HungUp` when there is nobody any more."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, options: AsteriskAgiOptions
    ) -> None:
        self._reader, self._writer, self._options = reader, writer, options
        peer = writer.get_extra_info("peername")
        self.peer: str = peer[0] if peer else ""

    async def environment(self) -> Mapping[str, str]:
        """What Asterisk tells of the call: names and values up to an empty line."""
        told: dict[str, str] = {}
        for _ in range(_MOST_LINES):
            name, colon, value = (await self._read()).partition(":")
            if not name:
                return told
            if not colon or name in told:
                raise _HungUp
            told[name] = value.strip()
        raise _HungUp

    async def ask(self, listen: Listen) -> str:
        """Say something and return the keys that were pressed, "" if none were."""
        *before, last = listen.pieces
        for piece in before:
            await self._say(piece)
        recording = _quoted(last.what)
        if last.how == "say":
            await self._say(last)
            recording = '"silence/1"'
        most = 1 if listen.one_key else 64
        wait = self._options.wait_seconds * 1000
        return await self._command(f"GET DATA {recording} {wait} {most}")

    async def part(self, last: Pieces) -> None:
        """Say the last words and hang up. Whether anybody hears them is all the same."""
        try:
            for piece in last:
                await self._say(piece)
            await self._command("HANGUP")
        except _HungUp:
            pass

    async def _say(self, piece: Piece) -> None:
        if piece.how == "play":
            await self._command(f'STREAM FILE {_quoted(piece.what)} ""')
        else:
            await self._command(f"EXEC {self._options.engine} {_quoted(piece.what.replace(',', ' '))}")

    async def _command(self, command: str) -> str:
        """Have something done; returns its result."""
        try:
            self._writer.write(command.encode() + b"\n")
            async with asyncio.timeout(_COMMAND_SECONDS):
                await self._writer.drain()
                answer = await self._answer()
        except (OSError, TimeoutError):
            raise _HungUp from None
        found = _RESULT.fullmatch(answer)
        if found is None or found[1] == "-1":
            raise _HungUp
        return found[1]

    async def _answer(self) -> str:
        """The line that ends an answer; a usage that comes before it is passed over."""
        for _ in range(_MOST_LINES):
            line = await self._read()
            if line == "HANGUP":
                raise _HungUp
            if not line.startswith("520-"):
                return line
        raise _HungUp

    async def _read(self) -> str:
        try:
            line = await self._reader.readline()
        except (OSError, ValueError):  # gone, or a line too long
            raise _HungUp from None
        if not line.endswith(b"\n"):
            raise _HungUp
        return line.decode("utf-8", "replace").rstrip("\r\n")


def _quoted(text: str) -> str:
    """An argument in quotation marks, without what would end it."""
    return '"' + re.sub(r'["\\\x00-\x1f\x7f]', " ", text) + '"'


def build(options: BaseModel, script: Script) -> Worker:
    """A server for validated `AsteriskAgiOptions`."""
    assert isinstance(options, AsteriskAgiOptions)
    if not options.engine:
        dialogue.require_recordings(script)
    return AsteriskAgi(options, script)


def _exposed(options: BaseModel) -> bool:
    assert isinstance(options, AsteriskAgiOptions)
    return not ip_address(options.host).is_loopback


worker = WorkerKind(
    kind="asterisk-agi",
    channel="hotline",
    by="TCP",
    authentication="none by Asterisk: this machine alone, or a token as the script's name, or addresses",
    options=AsteriskAgiOptions,
    build=build,
    gives_time=False,
    exposed=_exposed,
    configure=(
        "**In extensions.conf:**\n\n"
        "```text\n"
        "exten => 5169909,1,Answer()\n"
        " same => n,AGI(agi://127.0.0.1:4573/TOKEN)\n"
        " same => n,Hangup()\n"
        "```\n\n"
        "The connection is neither signed nor encrypted: keep it on the machine, or in a network of "
        "your own. The token, if there is one, is the script's name. A number that Asterisk says is "
        "not to be shown (`agi_callingpres`) counts as withheld. A stop of the service cuts off the "
        "calls under way; they have not voted."
    ),
    reference="asterisk/asterisk: res/res_agi.c",
)
