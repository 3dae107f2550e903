"""Jobs on PostgreSQL: each on a thread, its statements handed one by one to a connection of the event loop.

Jobs are the small tables' and the pages', not the votes' way: a hop a statement is cheap enough for them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from gateway.storage.database import Database
from gateway.storage.postgresql.dialect import statement
from gateway.storage.postgresql.session import Address, Session, connect, told
from gateway.storage.store import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

#: So many run at once; more wait.
_AT_ONCE: Final = 6
_SECONDS: Final = 60.0
_CLOSING_SECONDS: Final = 10.0
#: A node that stops in the middle of a transaction lets the others go on after this.
_SETTINGS: Final = {"idle_in_transaction_session_timeout": "30s"}


class Answer:
    """See `database.Rows`."""

    def __init__(self, rows: Iterable[tuple[Any, ...]], rowcount: int) -> None:
        self._rows, self.rowcount = iter(rows), rowcount

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)


async def answer(session: Session, sql: str, parameters: Sequence[Any]) -> Answer:
    """What one of our statements answers. Raises `Conflict`, `Unavailable`."""
    known = statement(sql)
    with told():
        if known.answers:
            rows = [tuple(row) for row in await session.fetch(known.sql, *parameters)]
            count = len(rows)
        else:
            status = await session.execute(known.sql, *parameters)
            rows, last = [], status.rpartition(" ")[2]
            count = int(last) if last.isdecimal() else -1
    session.settle()
    return Answer(rows, count)


class Facade:
    """A `Database` for a job's thread."""

    def __init__(self, session: Session, loop: asyncio.AbstractEventLoop) -> None:
        self._session, self._loop = session, loop

    @property
    def in_transaction(self) -> bool:
        return not self._session.is_closed() and self._session.is_in_transaction()

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Answer:
        return asyncio.run_coroutine_threadsafe(answer(self._session, sql, parameters), self._loop).result()

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> None:
        asyncio.run_coroutine_threadsafe(self._each(sql, list(parameters)), self._loop).result()

    async def _each(self, sql: str, rows: list[Sequence[Any]]) -> None:
        with told():
            await self._session.executemany(statement(sql).sql, rows)
        self._session.settle()


class Workers:
    """Connections for jobs, and their threads. Made once one connection is known to be good."""

    def __init__(self, address: Address, first: Session) -> None:
        self._address, self._idle = address, [first]
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="job")
        self._running: set[asyncio.Task[Any]] = set()

    async def run(self, job: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `database.Jobs`. A job runs to its end, also if nobody waits for it any more."""
        task = asyncio.create_task(self._run(lambda db: job(db, *args, **kwargs)))
        self._running.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    async def _run(self, job: Callable[[Database], T]) -> T:
        loop = asyncio.get_running_loop()
        async with self._session() as session:
            return await loop.run_in_executor(self._threads, job, Facade(session, loop))

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked may have gone

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Session]:
        """A connection. Raises `Unsafe`, `Unavailable`."""
        async with self._free:
            while self._idle and self._idle[-1].is_closed():
                self._idle.pop()
            session = self._idle.pop() if self._idle else await open_session(self._address)
            try:
                yield session
            finally:
                if session.is_in_transaction():
                    session.terminate()
                self._idle.append(session)

    async def close(self) -> None:
        """Wait for what runs."""
        if self._running:
            await asyncio.wait(self._running, timeout=_CLOSING_SECONDS)
        for session in self._idle:
            with suppress(Unavailable), told():
                await session.close(timeout=_CLOSING_SECONDS)
        self._threads.shutdown(wait=False)


async def open_session(address: Address) -> Session:
    """A connection for jobs. Raises `Unsafe`, `Unavailable`."""
    return await connect(address, _SECONDS, _SETTINGS)
