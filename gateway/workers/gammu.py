"""gammu-smsd: received SMS from the inbox table of its SQLite database.

Rows are recorded, then marked as processed: a crash in between leaves them as they were, and they are
recognised when they are read again. A long message is several rows; it is taken when all are there. As a
hook, `televote relay` reads what RunOnReceive leaves in the environment.
"""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from gateway.intake import payload, polling
from gateway.intake.dialogue import Script
from gateway.intake.inbound import Inbound
from gateway.intake.options import CAMPAIGNS, ZoneName
from gateway.intake.payload import Reason, Unreadable
from gateway.intake.udh import Part, part_of
from gateway.intake.worker import Desk, NotRelayed, Worker, WorkerKind
from gateway.kinds import Options


class GammuOptions(Options):
    """The settings of one gammu-smsd."""

    database: Path | None = Field(
        default=None, description="smsd's SQLite database; without it messages come by `televote relay`"
    )
    parts_seconds: int = Field(
        default=900,
        ge=1,
        le=86_400,
        description=(
            "how long the parts of a long message are waited for; then what came is kept as `unparsed`"
        ),
    )
    timezone: Annotated[ZoneName, CAMPAIGNS] = Field(
        default="Asia/Shanghai", description="the zone of smsd's times"
    )


_POLL_SECONDS: Final = 1.0
_AT_ONCE: Final = 500
_WAITING: Final = (
    "SELECT ID, ReceivingDateTime, SenderNumber, Coding, UDH, TextDecoded FROM inbox "
    "WHERE Processed = 'false' ORDER BY ID LIMIT ?"
)


class Stored(NamedTuple):
    """A row of the inbox: one physical SMS."""

    id: int
    received: str
    sender: str
    coding: str
    udh: str
    text: str

    @property
    def part(self) -> Part:
        """The reference, the parts in all and which of them this is; 1 of 1 if it stands alone."""
        try:
            found = part_of(bytes.fromhex(self.udh))
        except ValueError:
            found = None
        return found or Part("", 1, 1)


@dataclass(slots=True)
class Gammu:
    """One gammu-smsd. `_since` is when an unfinished message was first seen."""

    options: GammuOptions
    _since: dict[int, int] = field(default_factory=dict)

    def working(self, desk: Desk) -> AbstractAsyncContextManager[None]:
        """See `worker.Worker`."""
        database = self.options.database
        if database is None:
            return nullcontext()

        unfinished = 0  # rows that were seen, and wait for their fellows: they must not hide what comes after

        async def look() -> None:
            nonlocal unfinished
            rows = await asyncio.to_thread(_waiting, database, _AT_ONCE + unfinished)
            due = self._due(gather(rows), desk.now_ms())
            unfinished = len(rows) - sum(len(parts) for parts in due)
            if due:
                await desk.take([self._message(parts) for parts in due])
                await asyncio.to_thread(_mark, database, [row.id for parts in due for row in parts])

        return polling.looking(desk.source, look, _POLL_SECONDS, ours=(OSError, sqlite3.Error))

    def relayed(self, words: Sequence[str], environ: Mapping[str, str]) -> Sequence[Inbound]:
        """What RunOnReceive leaves in the environment. See `worker.Relaying`."""
        number = environ.get("SMS_1_NUMBER")
        if number is None:
            raise NotRelayed("there is no SMS_1_NUMBER in the environment: gammu-smsd's RunOnReceive sets it")
        decoded = int(environ.get("DECODED_PARTS", "0") or "0")
        names = [f"DECODED_{n}_TEXT" for n in range(1, decoded + 1)] if decoded else ["SMS_1_TEXT"]
        text = "".join(environ.get(name, "") for name in names)
        told = "\n".join(
            f"{name}={environ[name]}" for name in sorted(environ) if name.startswith(("SMS_", "DECODED_"))
        )
        raw = payload.wire_bytes(told)
        if not words:
            raise NotRelayed("gammu-smsd gives RunOnReceive the ids of what it received: none were given")
        try:
            name = payload.synthesised_id("gammu", *words, number, text)
            return (Inbound(name, payload.caller_text(number), payload.message_text(text), raw=raw),)
        except Unreadable as flaw:
            return (payload.unparsed(flaw.reason, raw),)

    def _due(self, messages: Sequence[Sequence[Stored]], now_ms: int) -> list[Sequence[Stored]]:
        """The messages that are whole, or have been waited for long enough."""
        self._since = {parts[0].id: self._since.get(parts[0].id, now_ms) for parts in messages}
        limit = now_ms - self.options.parts_seconds * 1000
        return [one for one in messages if _is_whole(one) or self._since[one[0].id] <= limit]

    def _message(self, parts: Sequence[Stored]) -> Inbound:
        """One message. Total."""
        raw = "\n".join("\t".join(map(str, row)) for row in parts).encode("utf-8", "replace")
        try:
            return self._joined(parts, raw)
        except Unreadable as flaw:
            return payload.unparsed(flaw.reason, raw)

    def _joined(self, parts: Sequence[Stored], raw: bytes) -> Inbound:
        """Its text stands in the first row, or in each row a part of it: joined, both are the same."""
        if not _is_whole(parts):
            raise Unreadable(Reason.MESSAGE_PART)
        if any(row.coding == "8bit" for row in parts):
            raise Unreadable(Reason.BAD_CHARSET)
        first = parts[0]
        return Inbound(
            message_id=payload.synthesised_id(
                "gammu", str(first.id), first.received, first.sender, first.udh
            ),
            caller=payload.caller_text(first.sender),
            text=payload.message_text("".join(row.text for row in parts)),
            sent_ms=payload.local_ms(first.received, ZoneInfo(self.options.timezone)),
            raw=raw,
        )


def gather(rows: Sequence[Stored]) -> list[Sequence[Stored]]:
    """The messages that rows are parts of, each with its parts in order, by their first row."""
    messages: dict[tuple[str, str, int, int], list[Stored]] = {}
    sets: dict[tuple[str, str, int], int] = {}
    for row in rows:
        reference, total, place = row.part
        name = (row.sender, reference, total) if total > 1 else (row.sender, f"#{row.id}", 1)
        current = messages.get((*name, sets.get(name, 0)), [])
        if any(one.part[2] == place for one in current):  # the reference has come round
            sets[name] = sets.get(name, 0) + 1
        messages.setdefault((*name, sets.get(name, 0)), []).append(row)
    return [sorted(parts, key=lambda row: row.part[2]) for parts in messages.values()]


def _is_whole(parts: Sequence[Stored]) -> bool:
    return len(parts) == max(1, parts[0].part[1])


def _waiting(database: Path, most: int) -> list[Stored]:
    with closing(_open(database)) as db:
        # smsd writes half a character, of an emoji that was cut in two, as bytes that are no UTF-8.
        db.text_factory = lambda text: text.decode("utf-8", "replace")
        return [
            Stored(row[0], *("" if value is None else str(value) for value in row[1:]))
            for row in db.execute(_WAITING, (most,))
        ]


def _mark(database: Path, ids: Sequence[int]) -> None:
    with closing(_open(database)) as db, db:
        db.executemany("UPDATE inbox SET Processed = 'true' WHERE ID = ?", [(one,) for one in ids])


def _open(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True, timeout=5)


def build(options: BaseModel, _script: Script) -> Worker:
    """A worker for validated `GammuOptions`."""
    assert isinstance(options, GammuOptions)
    return Gammu(options)


worker = WorkerKind(
    kind="gammu",
    channel="sms",
    by="database",
    authentication="the database is yours",
    options=GammuOptions,
    build=build,
    gives_time=True,
    configure=(
        "**In gammu-smsdrc:** `service = sql`, `driver = sqlite3`, with the tables of gammu's own "
        "`sqlite.sql` (Debian: packages `gammu-smsd` and `libdbd-sqlite3`). The service must be "
        "allowed to write to the database and its folder. With another database or `service = files`, "
        "leave `database` out and set\n\n"
        "```text\n"
        "RunOnReceive = /opt/televote/.venv/bin/televote --settings /var/lib/televote/televote.toml "
        "relay --source modem2\n"
        "```"
    ),
    reference="gammu/gammu: docs/manual/smsd/tables.rst, run.rst",
)
