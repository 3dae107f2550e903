"""Copies of the other nodes' logs, so that every node shows every log, proves every receipt, and exports.

What another node has signed is told in the database, and the entries stand there. They are hashed again here,
and kept only if they give what was signed, and go on from what was kept before: so nodes watch each other,
too. Where nodes share a data folder, a log's own node is always ahead, and nothing is left to do.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from gateway.intake.running import Running
from gateway.ledger import marks, publisher, signed
from gateway.ledger.folder import Folder
from gateway.ledger.marks import Forked
from gateway.storage.blocks import LEDGER
from gateway.storage.database import Database
from gateway.storage.store import Store
from gateway.telling import Postponed, cause
from tally import epochs, merkle
from tally.note import Checkpoint

_log = structlog.get_logger()

_SECONDS: Final = 1.0
_DIFFERENT: Final = "the log of {log} in the database is not the one that its node has signed"


class Mirror:
    """`run` it as a task beside a node's publisher, `stop` it. `folder` is where all logs' files are."""

    def __init__(self, folder: Path, campaigns: Mapping[str, Running], store: Store, node: str) -> None:
        self._root, self._campaigns, self._store, self._node = folder, campaigns, store, node
        self._stopping = asyncio.Event()
        self._postponed = Postponed("mirror_postponed")
        #: Logs ("campaign/node") that are not what was signed of them.
        self.forked: set[str] = set()

    async def run(self) -> None:
        """Copy what is new, once a second, until stopped. On a database of one process there is nothing."""
        while self._store.is_shared and not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _SECONDS)
            await self.tick()

    def stop(self) -> None:
        """Let `run` end. It is not cancelled: a thread of ours may be writing files."""
        self._stopping.set()

    async def tick(self) -> None:
        """Copy what is new."""
        for name, running in self._campaigns.items():
            with self._postponed.outlived(campaign=name):
                for node, log_id, text in await self._store.run(_told, name):
                    if epochs.split(node)[0] != self._node and f"{name}/{node}" not in self.forked:
                        await self._copy(running, node, log_id, text)

    async def _copy(self, running: Running, node: str, log_id: int, text: str) -> None:
        try:
            await self._follow(running, node, log_id, text)
        except Forked as error:
            self.forked.add(f"{running.id}/{node}")
            _log.error("not_mirrored", campaign=running.id, node=node, **cause(error))

    async def _follow(self, running: Running, node: str, log_id: int, text: str) -> None:
        """Raises `Forked`, `Unavailable`, `OSError`."""
        key, folder = publisher.signer(running, node).verifier, Folder(self._root / running.id / node)
        told, kept = signed.of(text, key), marks.signed(folder, key)
        if not isinstance(told, Checkpoint):
            raise Forked(_DIFFERENT.format(log=f"{running.id}/{node}"))
        if kept is not None and kept.size > told.size:
            return  # its own node writes here, and is ahead of what it has told
        kept = kept or Checkpoint(told.origin, 0, merkle.EMPTY_ROOT)
        edge = await asyncio.to_thread(publisher.resumed, folder, kept)
        for bound in (kept, told):
            while edge.size < bound.size:
                rows = await self._store.run(publisher.leaves, log_id, edge.size)
                rows = rows[: bound.size - edge.size]
                if not rows:
                    break
                await asyncio.to_thread(publisher.write, folder, edge, rows, running.id)
            if (edge.size, edge.root) != (bound.size, bound.root):
                raise Forked(_DIFFERENT.format(log=f"{running.id}/{node}"))
        if told != kept:
            await asyncio.to_thread(publisher.write_edge, folder, edge)
            await asyncio.to_thread(folder.put_checkpoint, text)


def _told(db: Database, campaign: str) -> list[tuple[str, int, str]]:
    return db.execute(LEDGER["signed-logs"], (campaign,)).fetchall()
