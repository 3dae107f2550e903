"""A database read beside its writer: one snapshot, and nothing can be changed."""

import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Concatenate, Final, NamedTuple, ParamSpec, Protocol, TypeVar

from gateway.storage.blocks import CLAIMS, LEDGER
from gateway.storage.connection import FAILURES, Connection, begin
from gateway.storage.database import Database
from gateway.storage.store import Acted, Head, Unavailable, in_order
from tally import merkle
from tally.count import TotalKey
from tally.verify import Stored

CHUNK: Final = 2000

P = ParamSpec("P")
T = TypeVar("T")


class CaseKept(NamedTuple):
    """A row of `cases`, as it is: what was changed may be of any type."""

    node: str
    seq: int
    state: str
    text_key: str


class ClaimsKept(NamedTuple):
    """Rows of `claims` in columns, as they are: what was changed may be of any type. `voters` are in hex;
    `have_log` says whether each is of a log of the campaign."""

    voters: tuple[str, ...]
    contests: tuple[str, ...]
    caps: tuple[str, ...]
    periods: tuple[str, ...]
    ordinals: tuple[int, ...]
    candidates: tuple[str, ...]
    channels: tuple[str, ...]
    seqs: tuple[int, ...]
    have_log: tuple[bool, ...]


class View(Protocol):
    """One snapshot of a database, on a connection of its own; nothing can be changed."""

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """What a statement answers."""
        ...

    def chunks(self, sql: str, parameters: Sequence[Any]) -> AsyncGenerator[list[Any], None]:
        """What a statement answers, a little at a time."""
        ...

    async def run(self, job: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A function of the database, on a thread."""
        ...

    async def damage(self) -> str:
        """What the engine itself finds wrong with its files, "" if nothing."""
        ...


class Reader:
    """A read-only view of one database, from one snapshot: for recounts and exports beside a server."""

    def __init__(self, view: View) -> None:
        self._view = view

    async def run(self, job: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A function of the database, run on a thread: it may take time, and nobody else's."""
        return await self._view.run(job, *args, **kwargs)

    async def logs(self, campaign: str) -> list[Head]:
        """The heads of a campaign's logs."""
        rows = await self._view.rows(LEDGER["logs"], (campaign,))
        return [
            Head(campaign, node, 0, log_id, size, merkle.unpack(frontier))
            for node, size, frontier, log_id in rows
        ]

    async def checkpoints(self, campaign: str) -> dict[str, str]:
        """What each node has signed last, as it says in the database: by the log's name."""
        rows = await self._view.rows(LEDGER["signed-logs"], (campaign,))
        return {node: str(text) for node, _, text in rows}

    async def entries(self, log_id: int, since: int = 0) -> AsyncGenerator[Sequence[Stored], None]:
        """A log's entries in order, in chunks."""
        async with aclosing(self._view.chunks(LEDGER["entries"], (log_id, since))) as chunks:
            async for rows in chunks:
                yield [Stored(*row) for row in rows]

    async def acts(self, campaign: str) -> Sequence[Acted]:
        """The campaign's acts, in order."""
        rows = await self._view.rows(LEDGER["acts"], (campaign,))
        return in_order([Acted(row[0], Stored(*row[1:])) for row in rows])

    async def every_act(self, campaign: str) -> list[tuple[str, int, tuple[str, int] | None]]:
        """Where each act is kept to be found, and which message it is about, if one."""
        rows = await self._view.rows(LEDGER["every-act"], (campaign,))
        return [(node, seq, None if (of, at) == (None, None) else (of, at)) for node, seq, of, at in rows]

    async def every_case(self, campaign: str) -> list[CaseKept]:
        """The messages that wait, or on which somebody has ruled."""
        rows = await self._view.rows(LEDGER["every-case"], (campaign,))
        return [CaseKept(*row) for row in rows]

    async def every_minute(self, campaign: str) -> list[tuple[str, int, str, int, int]]:
        """How many messages each source brought in each minute: log, Unix milliseconds, source, counted and
        others."""
        return await self._view.rows(LEDGER["every-minute"], (campaign,))

    def every_receipt(self, campaign: str) -> AsyncGenerator[list[tuple[str, int, int]], None]:
        """Receipts in chunks: log, entry, number."""
        return self._view.chunks(LEDGER["every-receipt"], (campaign,))

    def every_receipt_led(self, campaign: str) -> AsyncGenerator[list[tuple[int, int, bytes | None]], None]:
        """Receipts in chunks: entry, number, and the hash of the leaf that it leads to, if it is there."""
        return self._view.chunks(LEDGER["every-receipt-led"], (campaign,))

    async def every_claim(self, campaign: str) -> AsyncGenerator[ClaimsKept, None]:
        """What callers have used up, and the ids of their messages, in chunks."""
        async with aclosing(self._view.chunks(CLAIMS["every-claim"], (campaign,))) as chunks:
            async for rows in chunks:
                voters, *others = zip(*rows, strict=True)
                named = tuple([one.hex() if isinstance(one, bytes) else repr(one) for one in voters])
                yield ClaimsKept(named, *others)

    async def damage(self) -> str:
        """What the engine itself finds wrong with its files, "" if nothing."""
        return await self._view.damage()

    async def totals(self, campaign: str) -> Mapping[TotalKey, int]:
        """The campaign's totals over all its logs."""
        rows = await self._view.rows(LEDGER["totals"], (campaign,))
        return {TotalKey(*row[:5]): row[5] for row in rows}

    async def key_check(self, campaign: str) -> bytes | None:
        """The hash of the secret the campaign was begun with, None if it was not begun."""
        rows = await self._view.rows(CLAIMS["campaign"], (campaign,))
        return rows[0][1] if rows else None

    async def targets(self, campaign: str) -> frozenset[tuple[str, int]]:
        """Every message of the campaign that an act is about: its node and its place."""
        return frozenset((node, seq) for node, seq in await self._view.rows(LEDGER["targets"], (campaign,)))

    async def claims(self, campaign: str) -> tuple[int, int]:
        """How many uses of caps, and how many message ids, the campaign's callers hold."""
        rows = await self._view.rows(CLAIMS["campaign"], (campaign,))
        if not rows:
            return 0, 0
        ((caps, messages),) = await self._view.rows(CLAIMS["count-claims"], (rows[0][0],))
        return int(caps), int(messages)


class _File:
    """A `View` of an SQLite file."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self.run = connection.run

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        return list(await self._db.execute_fetchall(sql, parameters))

    async def chunks(self, sql: str, parameters: Sequence[Any]) -> AsyncGenerator[list[Any], None]:
        async with self._db.execute(sql, parameters) as cursor:
            while rows := await cursor.fetchmany(CHUNK):
                yield list(rows)

    async def damage(self) -> str:
        found = [str(row[0]) for row in await self.rows("PRAGMA integrity_check(5)")]
        return "" if found == ["ok"] else "; ".join(found)


@asynccontextmanager
async def open_reader(path: Path) -> AsyncIterator[Reader]:
    """A reader on one snapshot of an SQLite database. Raises `Unavailable` if there is none."""
    async with open_view(path) as view:
        yield Reader(view)


@asynccontextmanager
async def open_view(path: Path) -> AsyncIterator[View]:
    """One snapshot of an SQLite database. Raises `Unavailable` if there is none."""
    if not path.exists():  # noqa: ASYNC240 -- one stat, before anything else runs
        raise Unavailable(f"there is no database at {path}: nothing has been recorded yet")
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"  # noqa: ASYNC240 -- no I/O is in it
        connection = Connection(
            lambda: sqlite3.connect(address, uri=True, isolation_level=None), iter_chunk_size=64
        )
        await begin(connection)
        try:
            await connection.execute("BEGIN")
            await connection.execute("PRAGMA query_only = ON")
            yield _File(connection)
        finally:
            await connection.close()
    except FAILURES as error:
        raise Unavailable(f"cannot read {path}: {error}") from error
