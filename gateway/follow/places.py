"""How far each followed file has been read, in a small table of its own."""

from typing import Final, NamedTuple, ParamSpec, TypeVar

from gateway.storage import blocks
from gateway.storage.database import Database, Jobs

P = ParamSpec("P")
T = TypeVar("T")

_SQL: Final = blocks.load("gateway.follow", "follow.sql")


class Place(NamedTuple):
    """All before `position` is recorded; an unfinished line after it was read as it stood when the file had
    `seen` bytes. `mark` is a keyed hash of what stands before the position."""

    position: int = 0
    seen: int = 0
    mark: bytes = b""


BEGINNING: Final = Place()


class Places:
    """The places of one source's files."""

    def __init__(self, store: Jobs, source: str) -> None:
        self._store, self._source = store, source

    async def of(self, file: str) -> Place:
        """How far a file has been read; its beginning if it was not. Raises `store.Unavailable`."""
        return await self._store.run(_place, self._source, file)

    async def keep(self, file: str, place: Place) -> None:
        """Remember a place, durably. Raises `store.Unavailable`."""
        await self._store.run(_keep, self._source, file, place)


def _place(db: Database, source: str, file: str) -> Place:
    row = db.execute(_SQL["place"], (source, file)).fetchone()
    return Place(*row) if row else BEGINNING


def _keep(db: Database, source: str, file: str, place: Place) -> None:
    db.execute(_SQL["keep"], (source, file, *place))
