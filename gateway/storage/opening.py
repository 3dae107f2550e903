"""Which database: the one place that chooses by the settings."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from config.settings import Settings
from gateway.storage import reader, sqlite
from gateway.storage.reader import Reader, View
from gateway.storage.store import Store, Unsafe

if TYPE_CHECKING:
    from gateway.storage.postgresql.session import Address


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """The store, open for writing, closed at the end. Raises `Unsafe` if another process has it, or has the
    node's name in it; `Unavailable`."""
    if settings.storage.is_postgresql:
        address = _address(settings)
        from gateway.storage.postgresql.store import open_store as open_postgresql

        async with open_postgresql(address) as store:
            yield store
    else:
        path = Path(settings.database)
        path.parent.mkdir(parents=True, exist_ok=True)
        async with sqlite.open_store(path, settings.storage.synchronous) as file:
            yield file


def open_reader(settings: Settings) -> AbstractAsyncContextManager[Reader]:
    """A reader on one snapshot. Raises `Unavailable` if there is no database."""
    if not settings.storage.is_postgresql:
        return reader.open_reader(Path(settings.database))
    address = _address(settings)
    from gateway.storage.postgresql.view import open_reader as open_view

    return open_view(address)


async def fill(settings: Settings, source: View) -> dict[str, int]:
    """Fill an empty database of PostgreSQL with all that another one has; returns the rows of each table.
    Raises `Unsafe`, `Unavailable`."""
    address = _address(settings)
    from gateway.storage.postgresql.filling import fill as fill_postgresql

    return await fill_postgresql(address, source)


async def spread(settings: Settings) -> None:
    """Spread the tables of a database with Citus. Raises `Unsafe`, `Unavailable`."""
    async with open_store(settings) as store:
        from gateway.storage.postgresql import citus

        await store.run(citus.spread)


def _address(settings: Settings) -> "Address":
    try:
        from gateway.storage.postgresql.session import Address
    except ImportError as error:
        raise Unsafe("PostgreSQL needs asyncpg: pip install 'televote[postgres]'") from error
    assert settings.storage.url is not None, "it names PostgreSQL"
    return Address(settings.storage.url, settings.storage.password, settings.node)
