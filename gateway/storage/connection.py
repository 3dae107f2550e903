"""A connection to SQLite with a thread of its own, on which whole functions are run."""

import sqlite3
from collections.abc import Awaitable, Callable
from typing import Concatenate, Final, ParamSpec, TypeVar, cast

import aiosqlite

#: What SQLite raises: of a broken schema its own words may be no UTF-8, for they quote what is broken.
FAILURES: Final = (sqlite3.Error, UnicodeDecodeError)

P = ParamSpec("P")
T = TypeVar("T")


class Connection(aiosqlite.Connection):
    """aiosqlite's connection and thread, with a whole function of ours as one job."""

    async def run(
        self, job: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        execute = cast("Callable[..., Awaitable[T]]", self._execute)
        return await execute(job, self._conn, *args, **kwargs)


async def begin(connection: aiosqlite.Connection) -> None:
    """Connect; if that fails, wait for the thread: as it stops it speaks to our event loop once more."""
    try:
        await connection
    except BaseException:
        connection._thread.join()
        raise
