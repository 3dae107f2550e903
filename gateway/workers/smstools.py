"""SMS Server Tools (smsd): a file for each received SMS, taken from its folder.

A file is recorded, then moved to the folder of those taken: a crash in between leaves it where it was, and it
is recognised when it is read again. As a hook, `televote relay` is given the file by smsd's eventhandler.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from gateway.intake import payload, polling
from gateway.intake.dialogue import Script
from gateway.intake.inbound import Inbound
from gateway.intake.options import CAMPAIGNS, ZoneName
from gateway.intake.payload import Reason, Unreadable
from gateway.intake.udh import part_of
from gateway.intake.worker import Desk, NotRelayed, Worker, WorkerKind
from gateway.kinds import Options, Shown


class SmstoolsOptions(Options):
    """The settings of one smsd."""

    folder: Path | None = Field(
        default=None, description="smsd's incoming folder; without it messages come by `televote relay`"
    )
    taken: Annotated[Path | None, Shown(unset="`taken` in `folder`")] = Field(
        default=None, description="where files go once they are recorded; on the same disk"
    )
    charset: Literal["iso", "utf-8"] = Field(
        default="iso", description='of texts that are not UCS2: `"utf-8"` with `incoming_utf8 = yes`'
    )
    timezone: Annotated[ZoneName, CAMPAIGNS] = Field(
        default="Asia/Shanghai", description="the zone of smsd's times"
    )


_POLL_SECONDS: Final = 1.0
_LARGEST: Final = 65_536
_AT_ONCE: Final = 500
_SHORT_YEAR: Final = re.compile(r"[0-9]{2}-[0-9]{2}-[0-9]{2} .*", re.ASCII)


#: When a file changed, and its size.
_Look = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Smstools:
    """One smsd."""

    options: SmstoolsOptions

    def working(self, desk: Desk) -> AbstractAsyncContextManager[None]:
        """See `worker.Worker`."""
        folder = self.options.folder
        if folder is None:
            return nullcontext()
        taken = self.options.taken or folder / "taken"
        before: dict[Path, _Look] = {}

        async def look() -> None:
            there = await asyncio.to_thread(_there, folder)
            # One that has changed since the last look may still be being written.
            still = [path for path, now in there.items() if before.get(path) == now][:_AT_ONCE]
            before.clear()
            before.update(there)
            if still:
                files, closed = await asyncio.to_thread(_contents, still)
                messages = [read(path.name, data, self.options) for path, data in files.items()]
                await desk.take([message for message in messages if message is not None])
                await asyncio.to_thread(_set_aside, list(files), taken)
                if closed is not None:
                    raise closed

        return polling.looking(desk.source, look, _POLL_SECONDS, ours=(OSError,))

    def relayed(self, words: Sequence[str], _environ: Mapping[str, str]) -> Sequence[Inbound]:
        """What smsd's eventhandler says: an event, and a file. See `worker.Relaying`."""
        if len(words) < 2:
            raise NotRelayed("smsd calls its eventhandler with an event and a file: none were given")
        if words[0] != "RECEIVED":
            return ()
        path = Path(words[1])
        message = read(path.name, path.read_bytes()[:_LARGEST], self.options)
        return () if message is None else (message,)


def read(name: str, data: bytes, options: SmstoolsOptions) -> Inbound | None:
    """The message in a file, None for a report of one that was sent. Total."""
    head, _, body = data.partition(b"\n\n")
    try:
        headers = _headers(head)
        if headers.get("report", "no") != "no" or body.startswith(b"SMS STATUS REPORT"):
            return None
        return _message(name, headers, body, data, options)
    except Unreadable as flaw:
        return payload.unparsed(flaw.reason, data)


def _headers(head: bytes) -> Mapping[str, str]:
    lines = head.decode("latin-1").split("\n")
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _message(
    name: str, headers: Mapping[str, str], body: bytes, data: bytes, options: SmstoolsOptions
) -> Inbound:
    if not headers.get("from"):
        raise Unreadable(Reason.NO_CALLER)
    if headers.get("incomplete", "no") != "no" or _is_part(headers.get("udh-data", "")):
        raise Unreadable(Reason.MESSAGE_PART)
    text = payload.message_text(_text(headers.get("alphabet", "ISO").upper(), body, options))
    caller = headers["from"]
    if caller.isdecimal() and headers.get("from_toa", "").startswith("91"):
        caller = f"+{caller}"
    caller = payload.caller_text(caller)
    sent = headers.get("sent", "")
    full = f"20{sent}" if _SHORT_YEAR.fullmatch(sent) else sent
    return Inbound(
        message_id=payload.synthesised_id("smstools", name, caller, sent, text),
        caller=caller,
        text=text,
        sent_ms=payload.local_ms(full, ZoneInfo(options.timezone)) if sent else None,
        raw=data,
    )


def _is_part(udh: str) -> bool:
    try:
        return part_of(bytes.fromhex(udh)) is not None
    except ValueError:
        return False


def _text(alphabet: str, body: bytes, options: SmstoolsOptions) -> str:
    if alphabet in ("UCS2", "UCS-2"):
        codec = "utf-16-be"
    elif alphabet in ("UTF-8", "UTF8") or (alphabet == "ISO" and options.charset == "utf-8"):
        codec = "utf-8"
    elif alphabet == "ISO":
        codec = "iso-8859-15"
    else:
        raise Unreadable(Reason.BAD_CHARSET)
    try:
        # Half a character at the end of a cut message must not cost the rest of it.
        return body.decode(codec, "surrogatepass" if codec == "utf-16-be" else "strict")
    except UnicodeDecodeError:
        raise Unreadable(Reason.BAD_CHARSET) from None


def _there(folder: Path) -> dict[Path, _Look]:
    """The files that wait, the oldest first."""
    found = {}
    for path in folder.iterdir():
        if path.is_file() and not path.name.startswith("."):
            with suppress(FileNotFoundError):  # smsd has taken it away again
                status = path.stat()
                found[path] = (status.st_mtime_ns, status.st_size)
    return dict(sorted(found.items(), key=lambda one: one[1]))


def _contents(files: Sequence[Path]) -> tuple[dict[Path, bytes], OSError | None]:
    """What the files hold, and what is wrong with one that cannot be read: the others need not wait."""
    read: dict[Path, bytes] = {}
    closed = None
    for path in files:
        try:
            read[path] = path.read_bytes()[:_LARGEST]
        except OSError as error:
            closed = error
    return read, closed


def _set_aside(files: Sequence[Path], taken: Path) -> None:
    taken.mkdir(exist_ok=True)
    for path in files:
        path.rename(taken / path.name)


def build(options: BaseModel, _script: Script) -> Worker:
    """A worker for validated `SmstoolsOptions`."""
    assert isinstance(options, SmstoolsOptions)
    return Smstools(options)


worker = WorkerKind(
    kind="smstools",
    channel="sms",
    by="folder",
    authentication="the folder is yours",
    options=SmstoolsOptions,
    build=build,
    gives_time=True,
    configure=(
        "**In smsd.conf:** leave `decode_unicode_text` off, for with it long Chinese texts are cut. "
        "The service must be allowed to move files out of the folder; whoever clears `taken` decides "
        "how long texts and numbers lie there. For the hook, leave `folder` out and set `eventhandler` "
        "to a script with\n\n"
        "```text\n"
        "exec /opt/televote/.venv/bin/televote --settings /var/lib/televote/televote.toml relay "
        '--source modem3 "$@"\n'
        "```"
    ),
    reference="smstools3 3.1.21: fileformat, eventhandler, configure",
)
