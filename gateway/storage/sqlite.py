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
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

from dedup.caps import Claim
from dedup.keys import MessageKey, VoterKey
from gateway import durable
from gateway.storage import cases, migrate, records
from gateway.storage.blocks import CLAIMS, LEDGER, OUTBOX
from gateway.storage.connection import FAILURES, Connection, begin
from gateway.storage.database import Database, transaction
from gateway.storage.reader import Reader, open_reader
from gateway.storage.store import (
    Acted,
    Batch,
    Conflict,
    Erasure,
    Filed,
    Head,
    Heard,
    HeldClaim,
    Place,
    Recall,
    Unavailable,
    Unsafe,
)
from tally import merkle
from tally.count import TotalKey
from tally.verify import Stored

#: Parameters of one look-up. SQLite allows 32,766; the sizes are powers of two, so that few statements
#: are prepared.
_LOOK_UP: Final = 1024
#: Rows of one INSERT.
_INSERT: Final = 512
_COPIED_BYTES: Final = 1 << 18

P = ParamSpec("P")
T = TypeVar("T")


class SqliteStore:
    """The one writer of a database file. Open it with `open_store`."""

    def __init__(self, path: Path, synchronous: str) -> None:
        self.path = path
        self._synchronous = synchronous
        self._locks: list[int] = []
        self._writer: Connection | None = None
        self._forgotten = False  # a sync has failed since the database was opened

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
        """Checkpoint, close, and let the next writer in."""
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
            raise Unavailable(str(error)) from error

    @property
    def is_shared(self) -> bool:
        """See `store.Store`."""
        return False

    async def head(self, campaign: str, node: str, key_check: bytes) -> Head:
        """See `store.Store`."""
        return await self.run(records.head, campaign, node, key_check)

    async def cut_short(self, head: Head, at_ms: int) -> None:
        """See `store.Store`."""
        await self.run(records.cut_short, head, at_ms)

    async def adopt(self, head: Head, pending: Sequence[str]) -> None:
        """See `store.Store`."""
        await self.run(records.adopt, head, pending)

    def alone(self, _: Head) -> AbstractAsyncContextManager[None]:
        """Nobody else appends: see the module."""
        return nullcontext()

    async def recall(self, head: Head, heard: Sequence[Heard]) -> Recall:
        """See `store.Store`."""
        return await self.run(_recall, head.campaign_id, heard)

    async def append(self, batches: Sequence[Batch]) -> None:
        """See `store.Store`."""
        await self.run(_append, batches)

    async def entries_at(self, places: Sequence[Place]) -> list[Stored]:
        """See `store.Store`."""
        return await self.run(records.entries_at, places)

    async def acts(self, campaign: str) -> Sequence[Acted]:
        """See `store.Store`."""
        return await self.run(records.acts, campaign)

    async def totals(self, campaign: str) -> Mapping[TotalKey, int]:
        """See `store.Store`."""
        return await self.run(records.totals, campaign)

    async def filed(self, places: Sequence[Place]) -> Sequence[Filed]:
        """See `store.Store`."""
        return await self.run(cases.filed, places)

    async def held(self, head: Head, voters: Sequence[VoterKey]) -> Sequence[tuple[HeldClaim, Place]]:
        """See `store.Store`."""
        return await self.run(_held, head.campaign_id, voters)

    async def probe(self) -> None:
        """See `store.Store`."""
        await self.run(records.probe)

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """See `store.Store`."""
        return open_reader(self.path)

    async def sweep(self) -> None:
        """Rewrite the files, so that no trace is left of what was erased. Raises `Unavailable`."""
        await self.run(_sweep)

    async def snapshot(self, campaign: str) -> tuple[int, str] | None:
        """See `store.Store`."""
        return await self.run(records.snapshot, campaign)

    async def add_snapshot(self, campaign: str, due_ms: int, standings: str) -> None:
        """See `store.Store`."""
        await self.run(records.add_snapshot, campaign, due_ms, standings)


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
    db.execute("PRAGMA cache_size = -65536")
    db.execute("PRAGMA wal_autocheckpoint = 4000")
    db.execute("BEGIN IMMEDIATE")  # a file that cannot be written says so here, not with the first vote
    db.execute("ROLLBACK")
    try:
        migrate.apply(db)
    except migrate.MigrationFault as error:
        raise Unsafe(str(error)) from error


def _padded(items: Sequence[T], shape: str) -> Iterator[tuple[str, list[T]]]:
    """Chunks for an IN list: placeholders, and the items, the last repeated up to a power of two."""
    for start in range(0, len(items), _LOOK_UP):
        chunk = list(items[start : start + _LOOK_UP])
        size = 1 << (len(chunk) - 1).bit_length()
        chunk.extend(chunk[-1:] * (size - len(chunk)))
        yield ",".join([shape] * size), chunk


def _recall(db: Database, campaign_id: int, heard: Sequence[Heard]) -> Recall:
    places: dict[Heard, Place] = {}
    claims: list[HeldClaim] = []
    for shape, pairs in _padded(heard, "(?,?)"):
        sql = CLAIMS["heard"].format(pairs=shape, campaign=campaign_id)
        for voter, message, log_id, seq in db.execute(sql, [key for pair in pairs for key in pair]):
            places[Heard(VoterKey(voter), MessageKey(message))] = Place(log_id, seq)
    for shape, voters in _padded(list({one.voter for one in heard}), "?"):
        for voter, *claim, channel in db.execute(
            CLAIMS["claims"].format(voters=shape), [campaign_id, *voters]
        ):
            claims.append(HeldClaim(VoterKey(voter), Claim(*claim), channel))
    return Recall(places, claims)


def _held(db: Database, campaign_id: int, voters: Sequence[VoterKey]) -> list[tuple[HeldClaim, Place]]:
    return [
        (HeldClaim(VoterKey(voter), Claim(*claim), channel), Place(log_id, seq))
        for shape, some in _padded(list(dict.fromkeys(voters)), "?")
        for voter, *claim, channel, log_id, seq in db.execute(
            CLAIMS["held"].format(voters=shape), [campaign_id, *some]
        )
    ]


def _append(db: Database, batches: Sequence[Batch]) -> None:
    with transaction(db):
        for batch in batches:
            append_one(db, batch)


def append_one(db: Database, batch: Batch) -> None:
    """Append a batch, inside a transaction. Raises `Conflict` if its log has moved."""
    head, after = batch.head, batch.after
    if batch.acts:
        db.execute(CLAIMS["next-edition"], (head.campaign_id,))
    at = (head.log_id, head.size, head.campaign_id, after.edition)
    moved = db.execute(LEDGER["advance-log"], (after.size, merkle.pack(after.frontier), *at))
    if moved.rowcount != 1:
        raise Conflict(f"the log of {head.campaign}/{head.node}, or its campaign, has moved")
    log_id = head.log_id
    own = {"campaign": head.campaign_id, "log": log_id}
    _insert(db, LEDGER["append-entries"], "({log},?,?,?,?,?)".format_map(own), batch.entries)
    if batch.acts:
        _append_acts(db, batch)
    # In key order: neighbours share pages, and on other engines it keeps writers from deadlock.
    _insert(
        db, CLAIMS["add-claims"], "(?,{campaign},?,?,?,?,?,?,{log},?)".format_map(own), sorted(batch.claims)
    )
    _insert(
        db,
        CLAIMS["add-claims"],
        "(?,{campaign},'','message',?,1,'','',{log},?)".format_map(own),
        sorted(batch.messages),
    )
    added = [(*key, count) for key, count in batch.totals.items() if count]
    _insert(db, LEDGER["add-totals"], "({log},?,?,?,?,?,?)".format_map(own), added)
    _insert(db, LEDGER["put-cases"], "({log},?,?,?)".format_map(own), batch.cases)
    for earlier_log, earlier in batch.earlier.items():
        of = {**own, "log": earlier_log}
        shape = "(?,{campaign},?,?,?,?,?,?,{log},?)".format_map(of)
        _insert(db, CLAIMS["add-claims"], shape, sorted(earlier.claims))
        _insert(db, LEDGER["put-cases"], "({log},?,?,?)".format_map(of), earlier.cases)
    minutes = [
        (minute_ms, source, counted and count, not counted and count)
        for (minute_ms, source, counted), count in batch.tempo.items()
    ]
    _insert(db, LEDGER["add-tempo"], "({log},?,?,?,?)".format_map(own), minutes)
    _insert(db, OUTBOX["add-replies"], "(?,{log},?,?,?,?,?)".format_map(own), batch.replies)
    if batch.receipts:
        _insert(db, LEDGER["add-receipts"], "(?,{log},?)".format_map(own), sorted(batch.receipts))


def _append_acts(db: Database, batch: Batch) -> None:
    """Acts, and what they take back: before new claims are written, for these may use what comes free."""
    campaign, log = batch.head.campaign_id, batch.head.log_id
    rows = [(log, act.seq, *(act.target or (None, None))) for act in batch.acts]
    _insert(db, LEDGER["add-acts"], "(?,?,?,?)", rows)
    for voter, place, how in batch.yielded:
        db.execute(CLAIMS[how], (voter, campaign, *place))
    for gone in batch.released:
        db.execute(CLAIMS["release-candidate"], (campaign, *gone))
    for erasure in batch.erased:
        _erase(db, campaign, erasure)


def _erase(db: Database, campaign: int, erasure: Erasure) -> None:
    for log, spans in erasure.spans.items():
        for span in spans:
            db.execute(LEDGER["erase-entries"], (log, *span))
            db.execute(LEDGER["erase-cases"], (log, *span))
            db.execute(OUTBOX["forget"], (log, *span))
            for voter in erasure.voters or ():
                db.execute(CLAIMS["erase-caller"], (voter, campaign, log, *span))
    if erasure.voters is None:
        db.execute(CLAIMS["erase-everybody"], (campaign,))


def _sweep(db: Database) -> None:
    """What was destroyed leaves traces in free pages, and in the log of writes, until both are made anew."""
    db.execute("VACUUM")
    busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise Unavailable(
            "it is erased, but somebody reads the database, an export perhaps: erase again for the traces"
        )


def _insert(db: Database, sql: str, shape: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows by statements of many rows: one by one, the interpreter's lock would change hands at each.

    The chunks are powers of two, so that few statements are prepared.
    """
    start = 0
    while start < len(rows):
        size = min(_INSERT, 1 << (len(rows) - start).bit_length() - 1)
        db.execute(_of_rows(sql, shape, size), list(chain.from_iterable(rows[start : start + size])))
        start += size


@lru_cache(maxsize=256)
def _of_rows(sql: str, shape: str, size: int) -> str:
    return sql.format(rows=",".join([shape] * size))
