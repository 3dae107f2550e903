"""Fills an empty database with all that another one has, in one transaction."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

from gateway.storage.postgresql.jobs import Workers, open_session
from gateway.storage.postgresql.session import Address, Session, connect, told
from gateway.storage.postgresql.store import set_up
from gateway.storage.reader import View
from gateway.storage.store import Unavailable, Unsafe

#: What belongs to the database itself.
#: Not copied: what each engine has for itself. A tail has been settled: its claims stand in `claims`.
_OWN = ("migrations", "probe", "sqlite_sequence", "tails", "slices")


async def fill(address: Address, source: View) -> dict[str, int]:
    """Copy every row; returns how many each table has. What is stopped half-way has copied nothing.

    Raises `Unsafe` if the database holds anything, `Unavailable`.
    """
    workers = Workers(address, await open_session(address))
    try:
        await workers.run(set_up)
    finally:
        await workers.close()
    session = await connect(address, None)
    try:
        with told():
            await session.execute("BEGIN")
            tables = [_Table(name, await _columns(source, name)) for name in await _names(source)]
            for table in tables:
                if await session.fetchval(f"{table.rows} LIMIT 1") is not None:
                    raise Unsafe(f"the database has rows in {table.name} already: name one that is empty")
            counts = {table.name: await _copy(session, source, table) for table in tables}
            if await session.execute("COMMIT") != "COMMIT":
                raise Unavailable("the database has not committed")
        session.settle()
    finally:
        session.terminate()
    return counts


class _Table(NamedTuple):
    name: str
    columns: Sequence[str]

    @property
    def rows(self) -> str:
        return f"SELECT {', '.join(self.columns)} FROM {self.name}"  # noqa: S608 -- names of ours

    @property
    def size(self) -> str:
        return f"SELECT count(*) FROM {self.name}"  # noqa: S608 -- as above

    @property
    def last(self) -> str:
        """The greatest number that was ever given, also to a row that was deleted since; 0 for none."""
        return (
            f"SELECT max(coalesce((SELECT max(id) FROM {self.name}), 0),"  # noqa: S608 -- as above
            f" coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{self.name}'), 0))"
        )


async def _names(source: View) -> list[str]:
    names = await source.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    return [name for (name,) in names if name not in _OWN]


async def _columns(source: View, table: str) -> list[str]:
    return [row[1] for row in await source.rows(f"PRAGMA table_info({table})")]


async def _copy(session: Session, source: View, table: _Table) -> int:
    async def rows() -> AsyncGenerator[Any, None]:
        async with aclosing(source.chunks(table.rows, ())) as chunks:
            async for chunk in chunks:
                for row in chunk:
                    yield row

    await session.copy_records_to_table(table.name, records=rows(), columns=list(table.columns))
    ((had,),) = await source.rows(table.size)
    has: int = await session.fetchval(table.size)
    if had != has:
        raise Unavailable(f"{table.name} has {had} rows, and {has} have arrived")
    if "id" in table.columns:
        ((last,),) = await source.rows(table.last)
        set_last = "SELECT setval(pg_get_serial_sequence($1, 'id'), $2, $3)"
        await session.fetchval(set_last, table.name, max(last, 1), last > 0)
    return has
