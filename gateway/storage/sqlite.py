"""The embedded store: one process, one connection that writes and checkpoints, all others read-only.

Debian's SQLite 3.40 can corrupt a WAL when two connections commit and checkpoint at once; locks keep a second
writer out: on a file beside the database, and on the database, by whatever name it is called. A transaction
is one hop to the connection's thread, so that the interpreter is free while SQLite and the disk work.
"""

import asyncio
import fcntl
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

from dedup.caps import Claim
from dedup.keys import MessageKey, VoterKey
from gateway import durable
from gateway.storage import append, migrate, records
from gateway.storage.blocks import CLAIMS
from gateway.storage.connection import FAILURES, Connection, begin
from gateway.storage.database import transaction
from gateway.storage.keeping import Keeping
from gateway.storage.reader import Reader, open_reader
from gateway.storage.rows import padded
from gateway.storage.store import (
    Batch,
    Conflict,
    Head,
    Heard,
    HeldClaim,
    Place,
    Recall,
    Unavailable,
    Unsafe,
)
from gateway.storage.tail import SLICES, Tail
from tally.verify import Stored

_COPIED_BYTES: Final = 1 << 18
#: Pages kept in memory: with all else a server stays under 200 MB. Of ten million callers they are a
#: twentieth, so that a few more would hardly be felt.
_CACHE_KIB: Final = 52 << 10
#: Pages that wait in the log of writes until a commit brings them over: under load many, for most are written
#: again before; otherwise few, for whoever asks meanwhile waits (13 to 60 ms for 4,000 pages).
_LOG_PAGES: Final = 4000
_LOG_PAGES_AT_EASE: Final = 1000
#: Messages of a commit that tell that there is load.
_LOAD: Final = 16
#: Between looks at who has claimed something before, after a start: ten million callers take a minute.
_LEARNING_SECONDS: Final = 0.01

P = ParamSpec("P")
T = TypeVar("T")


class SqliteStore(Keeping):
    """The one writer of a database file. Open it with `open_store`."""

    def __init__(self, path: Path, synchronous: str) -> None:
        self.path = path
        self._synchronous = synchronous
        self._locks: list[int] = []
        self._writer: Connection | None = None
        self._forgotten = False  # a sync has failed since the database was opened
        self._tail = Tail()
        self._learning: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Lock the file, open it, and bring the schema up to date. Raises `Unsafe`, `Unavailable`."""
        self._locks.append(_lock(self.path))
        try:
            self._locks.append(_hold(self.path, self.path))
            await asyncio.to_thread(_take_up, _wal(self.path))
            await self._connect()
        except BaseException:
            await self.close()
            raise

    async def _connect(self) -> None:
        writer = Connection(lambda: _open(self.path), iter_chunk_size=64)
        try:
            await begin(writer)
            self._writer = writer
            await writer.run(_set_up, self._synchronous)
        except FAILURES as error:
            raise Unavailable(f"cannot open {self.path}: {error}") from error

    async def close(self) -> None:
        """Settle the tail, checkpoint, close, and let the next writer in."""
        if self._learning is not None:
            self._learning.cancel()
            await asyncio.gather(self._learning, return_exceptions=True)
        if self._writer is not None and self._tail.waiting:
            with suppress(Unavailable, Conflict):  # it is read back if it cannot be settled now
                await self.run(_settle, self._tail)
        if self._writer is not None:
            writer, self._writer = self._writer, None
            await writer.close()
        while self._locks:  # after SQLite has closed: closing the database frees what it has locked there
            os.close(self._locks.pop())

    async def reopen(self) -> None:
        """After a failed commit: forget the connection and whatever it believed. Raises `Unavailable`."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            await writer.close()
        if self._forgotten:
            try:
                await asyncio.to_thread(_renew, _wal(self.path))
            except OSError as error:
                raise Unavailable(f"cannot write the log of {self.path} anew: {error.strerror}") from error
            self._forgotten = False
        await self._connect()

    async def settle(self) -> None:
        """Put every claim in its place, those too that wait since a crash. Raises `Unavailable`."""
        await self.run(self._tail.load)
        await self.run(_settle, self._tail)

    async def run(
        self, job: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """A function of the connection, run on its thread: other rooms keep their small tables so.

        Raises `Conflict` if a constraint refuses, `Unavailable` for anything else that SQLite says.
        """
        if self._writer is None:
            raise Unavailable("the database is closed")
        try:
            return await self._writer.run(job, *args, **kwargs)
        except sqlite3.IntegrityError as error:
            raise Conflict(str(error)) from error
        except FAILURES as error:
            code = getattr(error, "sqlite_errorcode", None)  # errors of Python's own have none
            self._forgotten |= code in (sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC)
            # Python's own quote what is stored, where it is no text; and what is said here is logged.
            raise Unavailable(type(error).__name__ if code is None else str(error)) from error

    @property
    def is_shared(self) -> bool:
        """See `store.Store`."""
        return False

    async def head(self, campaign: str, node: str, key_check: bytes) -> Head:
        """See `store.Store`."""
        head = await self.run(_head, self._tail, campaign, node, key_check)
        if not self._tail.seen.is_ready and (self._learning is None or self._learning.done()):
            self._learning = asyncio.create_task(self._learn())
        return head

    async def _learn(self) -> None:
        """Fill the filter of callers beside the votes. What cannot be read now is read after a pause."""
        while not self._tail.seen.is_ready:
            await asyncio.sleep(_LEARNING_SECONDS)
            with suppress(Unavailable, Conflict):
                await self.run(self._tail.seen.learn)

    def alone(self, _: Head) -> AbstractAsyncContextManager[None]:
        """Nobody else appends: see the module."""
        return nullcontext()

    async def recall(self, head: Head, heard: Sequence[Heard]) -> Recall:
        """See `store.Store`."""
        voters = self._tail.seen.maybe([one.voter for one in heard])
        if not voters:
            return Recall({}, ())
        known = [one for one in heard if one.voter in voters]
        return await self.run(_recall, self._tail, head.campaign_id, known)

    async def append(self, batches: Sequence[Batch]) -> None:
        """See `store.Store`."""
        await self.run(_append, self._tail, batches)

    async def entries_at(self, places: Sequence[Place]) -> list[Stored]:
        """See `store.Store`."""
        return await self.run(records.entries_at, places)

    async def held(self, head: Head, voters: Sequence[VoterKey]) -> Sequence[tuple[HeldClaim, Place]]:
        """See `store.Store`."""
        return await self.run(_held, self._tail, head.campaign_id, voters)

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """See `store.Store`."""
        return open_reader(self.path)

    async def sweep(self) -> None:
        """Rewrite the files, so that no trace is left of what was erased. Raises `Unavailable`."""
        await self.run(_sweep)


@asynccontextmanager
async def open_store(path: Path, synchronous: str = "FULL") -> AsyncIterator[SqliteStore]:
    """The store, open for writing, closed at the end. Raises `Unsafe` if another process has it."""
    store = SqliteStore(path, synchronous)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def is_locked(path: Path) -> bool:
    """Whether a process has the database open for writing."""
    try:
        os.close(_lock(path))
    except Unsafe:
        return True
    return False


def _lock(path: Path) -> int:
    return _hold(path.with_name(path.name + ".lock"), path)


def _hold(file: Path, path: Path) -> int:
    """Lock a file, for the database `path`. Raises `Unsafe`, and `Unavailable` if it is a folder."""
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except IsADirectoryError as error:
        raise Unavailable(f"cannot open {file}: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise Unsafe(
            f"another process has {path} open for writing: stop it first, or use another data folder"
        ) from error
    return handle


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _take_up(path: Path) -> None:
    """Have the disk keep the log of writes that a killed process has left; nothing if there is none.

    It may have written a commit and not synced it, or have ended over a sync that failed. What SQLite finds
    it takes for committed, without a sync, and a sender that asks again is told of it. Raises `OSError`.
    """
    if path.exists():
        try:
            _renew(path)
        except OSError:  # the disk is full: then as it is
            durable.sync(path)


def _renew(path: Path) -> None:
    """Write a file anew, all of it, durably; nothing if there is none. Raises `OSError`.

    After a sync that failed the system takes what it was to write for written, shows it to whoever reads the
    file, and never tries again: the next sync says that all is well. SQLite would find there the commit that
    was refused, and a power cut would lose it after all.
    """
    part = path.with_name(path.name + ".part")
    try:
        try:
            old = path.open("rb")
        except FileNotFoundError:
            return
        with old, open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as new:
            shutil.copyfileobj(old, new, _COPIED_BYTES)
            new.flush()
            os.fsync(new.fileno())
        part.replace(path)
        durable.sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=256, check_same_thread=False)
    path.chmod(0o600)
    return connection


def _set_up(db: sqlite3.Connection, synchronous: str) -> None:
    (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
    db.execute(f"PRAGMA synchronous = {synchronous}")
    (level,) = db.execute("PRAGMA synchronous").fetchone()
    if mode != "wal" or level < 2:
        raise Unsafe(
            f"the database would run with journal_mode={mode}, synchronous={level}: a power cut could lose "
            "acknowledged votes. Use a local disk, and storage.synchronous = FULL"
        )
    db.execute("PRAGMA recursive_triggers = ON")
    db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    db.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES_AT_EASE}")
    db.execute("BEGIN IMMEDIATE")  # a file that cannot be written says so here, not with the first vote
    db.execute("ROLLBACK")
    try:
        migrate.apply(db)
    except migrate.MigrationFault as error:
        raise Unsafe(str(error)) from error


def _head(db: sqlite3.Connection, tail: Tail, campaign: str, node: str, key_check: bytes) -> Head:
    with transaction(db):
        tail.load(db)  # with the head, so that both are of one moment
        tail.seen.learn(db)
        return records.read_head(db, campaign, node, key_check)


def _recall(db: sqlite3.Connection, tail: Tail, campaign_id: int, heard: Sequence[Heard]) -> Recall:
    places = {one: place for one in heard if (place := tail.place(campaign_id, one)) is not None}
    voters = list({one.voter for one in heard})
    claims = [claim for voter in voters for claim, _ in tail.held(campaign_id, voter)]
    for shape, pairs in padded(heard, "(?,?)"):
        sql = CLAIMS["heard"].format(pairs=shape, campaign=campaign_id)
        for voter, message, log_id, seq in db.execute(sql, [key for pair in pairs for key in pair]):
            places[Heard(VoterKey(voter), MessageKey(message))] = Place(log_id, seq)
    for shape, some in padded(voters, "?"):
        for voter, *claim, channel in db.execute(CLAIMS["claims"].format(voters=shape), [campaign_id, *some]):
            claims.append(HeldClaim(VoterKey(voter), Claim(*claim), channel))
    return Recall(places, claims)


def _held(
    db: sqlite3.Connection, tail: Tail, campaign_id: int, voters: Sequence[VoterKey]
) -> list[tuple[HeldClaim, Place]]:
    asked = list(dict.fromkeys(voters))
    waiting = [one for voter in asked for one in tail.held(campaign_id, voter)]
    return waiting + [
        (HeldClaim(VoterKey(voter), Claim(*claim), channel), Place(log_id, seq))
        for shape, some in padded(asked, "?")
        for voter, *claim, channel, log_id, seq in db.execute(
            CLAIMS["held"].format(voters=shape), [campaign_id, *some]
        )
    ]


def _append(db: sqlite3.Connection, tail: Tail, batches: Sequence[Batch]) -> None:
    named = append.callers(batches)  # by acts: what they take back, or claim, does not wait
    settled = SLICES if append.frees(batches) else {voter[:1] for voter in named} or tail.due()
    messages = sum(len(batch.messages) for batch in batches)
    db.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES if messages >= _LOAD else _LOG_PAGES_AT_EASE}")
    with transaction(db):
        tail.settle(db, settled)
        added = [row for batch in batches for row in append.append_one(db, batch)]
        tail.add(db, added)
        tail.seen.update(named)
    tail.committed(settled, added)


def _settle(db: sqlite3.Connection, tail: Tail) -> None:
    with transaction(db):
        tail.settle(db, SLICES)
    tail.committed(SLICES, ())


def _sweep(db: sqlite3.Connection) -> None:
    """What was destroyed leaves traces in free pages, and in the log of writes, until both are made anew."""
    db.execute("VACUUM")
    busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise Unavailable(
            "it is erased, but somebody reads the database, an export perhaps: erase again for the traces"
        )
