"""The other nodes on the same database: what they have recorded, and whether they are at work.

No node talks to another. Each says in the database, once a second, that it is there, and looks what has been
recorded: what people see is never older than that, while what is counted is decided in each commit.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, NamedTuple

from gateway.storage.blocks import load
from gateway.storage.database import Database
from gateway.storage.store import Store
from gateway.telling import Postponed

_SQL: Final = load("gateway.fleet", "nodes.sql")
#: What is on show may be so old.
LOOK_SECONDS: Final = 0.3
_BEAT_MS: Final = 1_000
#: A node that has said nothing for so long is down, or cannot reach the database.
GONE_MS: Final = 10_000


class Node(NamedTuple):
    """A node, and when it was last at work (Unix milliseconds, by its own clock)."""

    name: str
    seen_ms: int


def down(nodes: Iterable[Node], now_ms: int) -> list[str]:
    """The nodes that were at work once and are not now.

    >>> down([Node("n1", 50_000), Node("n2", 30_000)], 51_000)
    ['n2']
    """
    return [one.name for one in nodes if one.seen_ms < now_ms - GONE_MS]


def put_checkpoint(db: Database, log_id: int, text: str) -> None:
    """Have the other nodes see what was signed of a log."""
    db.execute(_SQL["put-checkpoint"], (log_id, text))


def _beat(db: Database, name: str, now_ms: int) -> None:
    db.execute(_SQL["at-work"], (name, now_ms))


def _seen(db: Database) -> tuple[list[Node], list[tuple[str, int, int]]]:
    """The nodes, and how far each campaign has come: its name, its edition, its entries."""
    return [Node(*row) for row in db.execute(_SQL["nodes"])], db.execute(_SQL["progress"]).fetchall()


class Neighbours:
    """`begin` it, `run` it as a task, `stop` it. `moved` is called when the database has more than before.

    On a database that is this process's own there are none, and nothing is asked.
    """

    def __init__(self, store: Store, name: str, moved: Callable[[], None], now_ms: Callable[[], int]) -> None:
        self._store, self._name, self._moved, self._now_ms = store, name, moved, now_ms
        self._known: list[tuple[str, int, int]] = []
        self._beat_ms = 0
        self._stopping = asyncio.Event()
        self.nodes: list[Node] = []

    def down(self) -> list[str]:
        """The nodes that are not at work."""
        return down((one for one in self.nodes if one.name != self._name), self._now_ms())

    def is_first(self) -> bool:
        """Whether no node at work has a name before ours: it does what one of them does for all."""
        gone = self.down()
        return all(one.name >= self._name or one.name in gone for one in self.nodes)

    async def begin(self) -> None:
        """Say that we are there. Raises `Unavailable`."""
        if self._store.is_shared:
            await self._look()

    async def run(self) -> None:
        """Look, a few times a second, until stopped."""
        postponed = Postponed("nodes_not_seen")
        while self._store.is_shared and not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOK_SECONDS)
            with postponed.outlived():
                await self._look()

    def stop(self) -> None:
        """Let `run` end."""
        self._stopping.set()

    async def _look(self) -> None:
        now_ms = self._now_ms()
        if abs(now_ms - self._beat_ms) >= _BEAT_MS:
            await self._store.run(_beat, self._name, now_ms)
            self._beat_ms = now_ms
        self.nodes, found = await self._store.run(_seen)
        if found != self._known:
            self._known = found
            self._moved()
