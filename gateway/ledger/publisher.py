"""Signs what was committed, within a second, and never two histories.

The checkpoint that was signed last stands in a file outside the database. What the database holds now must
go on from it: it is read again and hashed again, from the bytes as stored, before anything is signed. If it
does not, nothing is signed and the service does not start: a backup was put back, or somebody changed it.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import structlog

from gateway.intake.running import Running
from gateway.ledger.folder import Folder, Missing
from gateway.storage.blocks import LEDGER
from gateway.storage.store import Head, Unavailable, Unsafe
from tally import merkle, note, tiles
from tally.note import BadNote, Checkpoint, Signer
from tally.tiles import BadTile, Tree

_log = structlog.get_logger()

INTERVAL_SECONDS: Final = 0.5
#: Entries read at a time: votes wait for the connection meanwhile.
_CHUNK: Final = 512


class Forked(Unsafe):
    """The database does not go on from what was signed."""


class Jobs(Protocol):
    """Where jobs on the database's connection are run (the store)."""

    async def run(
        self,
        job: Callable[[sqlite3.Connection, int, int], Sequence[tuple[bytes, bytes]]],
        log: int,
        since: int,
        /,
    ) -> Sequence[tuple[bytes, bytes]]:
        """The result of a job."""
        ...


def origin(campaign: str, node: str) -> str:
    """The name of a log, as its checkpoints have it."""
    return f"televote/{campaign}/{node}"


def signer(running: Running, node: str) -> Signer:
    """Who signs a campaign's log on a node."""
    return Signer(origin(running.id, node), running.keys.signing)


class _Log(NamedTuple):
    running: Running
    folder: Folder
    signer: Signer


class Publisher:
    """Call `begin` once the heads are known; then `run` as a task.

    `folder` is where the files of all logs stand; `head` tells where a campaign's log on this node stands.
    """

    def __init__(
        self,
        folder: Path,
        node: str,
        campaigns: Mapping[str, Running],
        store: Jobs,
        head: Callable[[str], Head],
    ) -> None:
        self._node, self._store, self._head = node, store, head
        self._logs = {
            name: _Log(running, Folder(folder / name / node), signer(running, node))
            for name, running in campaigns.items()
        }
        self._stopping, self._turn = asyncio.Event(), asyncio.Lock()
        self._trees: dict[str, Tree] = {}
        self._signed_sizes: dict[str, int] = {}
        self._bundles: dict[str, list[bytes]] = {}
        #: Campaigns whose database has stopped going on from what was signed while we ran.
        self.forked: set[str] = set()

    def folder(self, campaign: str) -> Folder:
        """Where the files of a campaign's log on this node stand."""
        return self._logs[campaign].folder

    async def begin(self) -> None:
        """Take up every log where it was signed last, and sign what has come since.

        Raises `Forked`, `Unavailable`.
        """
        for name in self._logs:
            await self._resume(name)
            await self._publish(name)

    async def run(self) -> None:
        """Sign what is new, twice a second, until stopped; what there is then, too."""
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), INTERVAL_SECONDS)
            await self.tick()
        await self.tick()  # a stop may come while one is under way

    def stop(self) -> None:
        """Let `run` end. It is not cancelled: a thread of ours may be writing files."""
        self._stopping.set()

    async def tick(self) -> None:
        """Sign what is new. Two at once would both go on from the same edge: they take turns."""
        async with self._turn:
            await self._sign_all()

    async def _sign_all(self) -> None:
        for name in self._logs.keys() - self.forked:
            try:
                await self._publish(name)
            except Forked as error:  # votes are recorded all the same: not being signed loses none
                self.forked.add(name)
                _log.error("not_signed", campaign=name, error=type(error).__name__)
            except (Unavailable, OSError) as error:
                self._trees.pop(name, None)  # where we stand is read from the files again
                _log.warning("signing_postponed", campaign=name, error=type(error).__name__)

    async def _resume(self, name: str) -> None:
        log, head = self._logs[name], self._head(name)
        signed = self._signed(log)
        if signed is None:
            self._trees[name], self._bundles[name] = Tree(), []
            return
        if signed.size > head.size:
            raise Forked(
                f"the ledger of {name} has {head.size} entries, and {signed.size} were signed before: the "
                "database is an older copy. Put the newest one back; nothing was changed"
            )
        try:
            tree = Tree.resumed(signed.size, log.folder.read)
            width = signed.size % tiles.WIDTH
            packed = log.folder.read(tiles.Name(-1, signed.size // tiles.WIDTH, width)) if width else b""
            bundle = tiles.entries(packed)
        except (Missing, BadTile):
            tree, bundle = Tree(), []
        if tree.root != signed.root:  # the files are ours to make again, from the entries
            tree, bundle = Tree(), []
        self._trees[name], self._bundles[name] = tree, bundle
        await self._integrate(name, signed.size)
        if self._trees[name].root != signed.root:
            raise Forked(_DIFFERENT.format(campaign=name, size=signed.size))

    def _signed(self, log: _Log) -> Checkpoint | None:
        """What we signed last. Raises `Forked` if that cannot be known."""
        text = log.folder.checkpoint()
        if not text:
            return None
        try:
            return note.read_checkpoint(note.open_note(text, [log.signer.verifier]))
        except BadNote as error:
            raise Forked(
                f"{log.folder.path / 'checkpoint'} was not signed with the key of {log.running.id}: it says "
                "what was signed before, and must be as it was"
            ) from error

    async def _publish(self, name: str) -> None:
        log, head = self._logs[name], self._head(name)
        if name not in self._trees:
            await self._resume(name)
        tree = self._trees[name]
        if self._signed_sizes.get(name) == head.size:
            return
        await self._integrate(name, head.size)
        if tree.frontier != head.frontier:
            raise Forked(_DIFFERENT.format(campaign=name, size=head.size))
        checkpoint = Checkpoint(log.signer.verifier.name, tree.size, tree.root)
        await asyncio.to_thread(log.folder.put_checkpoint, log.signer.sign(checkpoint.text()))
        self._signed_sizes[name] = tree.size

    async def _integrate(self, name: str, size: int) -> None:
        """Read the entries up to `size` from the database, hash them again, and write their tiles."""
        log, tree, bundle = self._logs[name], self._trees[name], self._bundles[name]
        log_id = self._head(name).log_id
        while tree.size < size:
            rows = await self._store.run(_leaves, log_id, tree.size)
            rows = rows[: size - tree.size]
            if not rows:
                raise Forked(_DIFFERENT.format(campaign=name, size=size))
            await asyncio.to_thread(_write, log.folder, tree, bundle, rows, name)
        await asyncio.to_thread(_write_edge, log.folder, tree, bundle)


_DIFFERENT: Final = (
    "the ledger of {campaign} does not go on from what was signed: up to entry {size} it is not what it was. "
    "Run `televote verify`, and put the newest backup back"
)


def _leaves(db: sqlite3.Connection, log_id: int, since: int) -> list[tuple[bytes, bytes]]:
    return db.execute(LEDGER["leaves"], (log_id, since, _CHUNK)).fetchall()


def _write(
    folder: Folder, tree: Tree, bundle: list[bytes], rows: Sequence[tuple[bytes, bytes]], name: str
) -> None:
    """Append entries to the tree and its files. Raises `Forked` if one is not what its hash says."""
    hashes = [merkle.leaf_hash(leaf) for leaf, _ in rows]
    if hashes != [kept for _, kept in rows]:
        raise Forked(_DIFFERENT.format(campaign=name, size=tree.size + len(rows)))
    first = tree.size // tiles.WIDTH
    for tile, content in tree.append(hashes):
        folder.put(tile, content)
    bundle.extend(leaf for leaf, _ in rows)
    while len(bundle) >= tiles.WIDTH:
        folder.put(tiles.Name(-1, first), tiles.bundle(bundle[: tiles.WIDTH]))
        del bundle[: tiles.WIDTH]
        first += 1


def _write_edge(folder: Folder, tree: Tree, bundle: list[bytes]) -> None:
    for tile, content in tree.partial():
        folder.put(tile, content)
    if bundle:
        folder.put(tiles.Name(-1, tree.size // tiles.WIDTH, len(bundle)), tiles.bundle(bundle))
