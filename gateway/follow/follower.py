"""Follows the call logs of a source: one growing file, or every file in a folder.

Order of things: rows are recorded, then the place after them is remembered. A crash in between costs nothing:
the rows are read again and recognised by their calls' ids. A file that has grown is read on; one that was
truncated or replaced is read from its beginning; of one that was rotated, the rest is read first, where it is
found beside the new one. Whoever writes the log may have the old file open for a while: as long as there is
nothing in the new one, the old one is what grows.
"""

import asyncio
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import structlog

from gateway.follow import tail
from gateway.follow.places import BEGINNING, Place, Places
from gateway.intake import importer, polling
from gateway.intake.calllog import CallLog, Row, UnreadableLog
from gateway.intake.importer import Landed
from gateway.intake.inbound import Inbound
from gateway.telling import cause

_log = structlog.get_logger()

_POLL_SECONDS: Final = 1.0
#: A last line without an end that has stood so long is read as it stands.
_STILL_SECONDS: Final = 60.0
#: Files in a folder that are no logs: hidden ones, and those that are still being copied, or are packed.
_NO_LOGS: Final = (".tmp", ".part", ".filepart", ".swp", "~", ".gz", ".bz2", ".xz", ".zip")

#: What shows that a file may have changed: its number, size and time of change.
_Look = tuple[int, int, int]


class Submit(Protocol):
    """Records messages; returns when they are durable. Raises as `Recorder.submit`."""

    async def __call__(self, inbound: Sequence[Inbound], /) -> Sequence[Landed]: ...


@dataclass(slots=True)
class _File:
    """One file as it was looked at last, and what has been read of that: what is whole, or all of it.

    `before` is the number of the file that had this name before and is not read to its end, 0 if none is
    known."""

    look: _Look
    since: float
    before: int = 0
    read: bool = False
    settled: bool = False


@dataclass(slots=True)
class Follower:
    """Follows one source's `path`. `key` keys the marks."""

    source: str
    path: Path
    calllog: CallLog
    submit: Submit
    places: Places
    key: bytes
    still_seconds: float = _STILL_SECONDS
    _files: dict[Path, _File] = field(default_factory=dict)
    _said: dict[Path, dict[str, str]] = field(default_factory=dict)

    def at_work(self) -> AbstractAsyncContextManager[None]:
        """Following, inside the context. What is under way at the end is finished by the next start."""
        return polling.looking(self.source, self.look, _POLL_SECONDS)

    async def look(self) -> None:
        """Read whatever is new in any of the files."""
        try:
            there = await asyncio.to_thread(lambda: dict(_there(self.path)))
        except OSError as error:
            self._say(self.path, error)
            if isinstance(error, FileNotFoundError):
                await self._look_for_moved()
            return
        self._files = {path: known for path, known in self._files.items() if path in there}
        for path, look in there.items():
            await self._look_at(path, look)

    async def _look_for_moved(self) -> None:
        """Read on in a file that was moved, also before there is another one of its name: who waits for the
        next call may wait till after the close."""
        try:
            if await self.places.of(_known_as(self.path)) != BEGINNING:
                await self._read_moved(self.path, whole=False)
        except (OSError, UnreadableLog, *polling.POSTPONES) as error:
            self._say(self.path, error)

    async def _look_at(self, path: Path, look: _Look) -> None:
        now = asyncio.get_running_loop().time()
        known = self._files.get(path)
        if known is None or known.look != look:
            known = self._files[path] = _File(look, now, _before(known, look))
        still = now - known.since >= self.still_seconds
        if known.settled or (known.read and not still):
            return
        try:
            known.read = await self._read_on(path, still)
        except (OSError, UnreadableLog, *polling.POSTPONES) as error:
            self._say(path, error)
        else:
            known.settled = known.read and still
            self._said.pop(path, None)

    async def _read_on(self, path: Path, still: bool) -> bool:
        """Read what is new in a file; False if it is to be looked at again, though it stays as it is.

        Raises what reading and recording raise: all before is recorded.
        """
        name = _known_as(path)
        try:
            await self._read(path, name, await self.places.of(name), still)
        except tail.Moved:
            begun = await asyncio.to_thread(tail.has_begun, path)
            if not await self._read_moved(path, begun or still):
                _log.warning("follow_gap", source=self.source, file=name)
            elif not begun:
                return False
            await self.places.keep(name, BEGINNING)
            await self._read(path, name, BEGINNING, still)
        return True

    async def _read_moved(self, path: Path, whole: bool) -> bool:
        """Read on in the file that had this name before; whether it is still beside this one."""
        name, known = _known_as(path), self._files.get(path)
        number = known.before or known.look[0] if known else 0
        for moved in await asyncio.to_thread(lambda: list(tail.siblings(path, number))):
            try:
                await self._read(moved, name, await self.places.of(name), whole)
            except (tail.Moved, PermissionError):
                continue
            return True
        return False

    async def _read(self, path: Path, name: str, place: Place, whole: bool) -> None:
        while True:
            piece = await asyncio.to_thread(tail.piece, path, place, self.key, whole)
            if piece is None:
                return
            read = self.calllog.read(piece.lines)
            summary = await importer.import_rows(_after(read, piece.known), self.submit)
            place = piece.after
            await self.places.keep(name, place)
            _log.info(
                "followed",
                source=self.source,
                rows=summary.rows,
                before=summary.before,
                unread=summary.unread,
                skipped=summary.skipped,
            )

    def _say(self, path: Path, error: Exception) -> None:
        """Log what is wrong with a file, once for as long as it stays so."""
        why = error.en if isinstance(error, UnreadableLog) else cause(error).get("why", "")
        told = {"error": type(error).__name__, "file": _known_as(path), **({"why": why} if why else {})}
        if self._said.get(path) != told:
            self._said[path] = told
            _log.warning("look_postponed", source=self.source, **told)


def _before(known: _File | None, look: _Look) -> int:
    """The number of the file that had the name of this one before, and may not be read to its end."""
    if known is None:
        return 0
    if known.before and not known.read:
        return known.before
    return known.look[0] if known.look[0] != look[0] else 0


def _known_as(path: Path) -> str:
    """The file's name, storable also where it is no UTF-8 (one from a Windows machine, say)."""
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")


def _after(rows: Iterator[Row], known: int) -> Iterator[Row]:
    """The rows that begin after the lines that are known."""
    return (row for row in rows if row.line > known)


def _there(path: Path) -> Iterator[tuple[Path, _Look]]:
    """The file, or the logs in the folder. Raises `OSError`."""
    status = path.stat()
    if not stat.S_ISDIR(status.st_mode):
        yield path, _look(path)
        return
    for one in sorted(path.iterdir()):
        if not one.name.startswith(".") and not one.name.endswith(_NO_LOGS) and one.is_file():
            yield one, _look(one)


def _look(path: Path) -> _Look:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
