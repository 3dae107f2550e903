"""A PostgreSQL database read beside its writers: one snapshot, and nothing can be changed."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from gateway.storage.database import Database
from gateway.storage.postgresql.dialect import statement
from gateway.storage.postgresql.jobs import Facade, answer
from gateway.storage.postgresql.session import Address, Session, connect, told
from gateway.storage.reader import CHUNK, Reader
from gateway.storage.store import Unavailable

P = ParamSpec("P")
T = TypeVar("T")


class _Snapshot:
    """See `reader.View`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        return (await answer(self._session, sql, parameters)).fetchall()

    async def chunks(self, sql: str, parameters: Sequence[Any]) -> AsyncGenerator[list[Any], None]:
        with told():
            cursor = await self._session.cursor(statement(sql).sql, *parameters)
            while found := await cursor.fetch(CHUNK):
                yield [tuple(row) for row in found]

    async def run(self, job: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        facade = Facade(self._session, asyncio.get_running_loop())
        return await asyncio.to_thread(partial(job, facade, *args, **kwargs))

    async def damage(self) -> str:
        """PostgreSQL's own look is its administrator's: checksums, pg_amcheck."""
        return ""


@asynccontextmanager
async def open_reader(address: Address) -> AsyncIterator[Reader]:
    """A reader on one snapshot. Raises `Unsafe`, `Unavailable` (also if nothing has been recorded yet)."""
    session = await connect(address, None)
    try:
        with told():
            await session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            begun = await session.fetchval("SELECT to_regclass('campaigns')")
        if begun is None:
            raise Unavailable("the database is empty: nothing has been recorded yet")
        yield Reader(_Snapshot(session))
    finally:
        session.terminate()
