"""Signs what was committed, within a second, and never two histories.

The checkpoint that was signed last stands in a file outside the database. What the database holds now must
go on from it: it is read again and hashed again, from the bytes as stored, before anything is signed. If it
does not, nothing is signed and the service does not start: a backup was put back, or somebody changed it.
What is really lost is given up by `televote new-epoch`: then another log goes on (`tally/epochs.py`), and
this one is never signed again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from config.fields import is_slug
from gateway.fleet import nodes
from gateway.intake.running import Running
from gateway.ledger import marks
from gateway.ledger.folder import FROM_BACKUP, Folder, Missing
from gateway.ledger.marks import Forked
from gateway.storage.blocks import LEDGER
from gateway.storage.database import Database
from gateway.storage.store import Head, Store
from gateway.telling import Postponed, cause
from tally import entry, epochs, merkle
from tally.note import Checkpoint, Signer
from tally.tiles import BadTile, Edge

_log = structlog.get_logger()

INTERVAL_SECONDS: Final = 0.5
#: Entries read at a time; votes wait for the connection meanwhile, a microsecond for each. In a storm there
#: is one read to a commit: it must be more than a commit brings, or signing falls further and further behind.
_CHUNK: Final = 32_768


def origin(campaign: str, node: str) -> str:
    """The name of a log, as its checkpoints have it."""
    return f"televote/{campaign}/{node}"


def signer(running: Running, node: str) -> Signer:
    """Who signs a campaign's log on a node; `node` has the epoch, if that is not the first."""
    return Signer(origin(running.id, node), running.keys.signing)


class _Log(NamedTuple):
    running: Running
    folder: Folder
    signer: Signer


class Publisher:
    """Made once the heads are known; call `begin`, then `run` as a task.

    `folder` is where the files of all logs stand; `head` tells where a campaign's log on this node stands.
    """

    def __init__(
        self,
        folder: Path,
        campaigns: Mapping[str, Running],
        store: Store,
        head: Callable[[str], Head],
    ) -> None:
        self._root, self._store, self._head = folder, store, head
        self._logs = {
            name: _Log(running, Folder(folder / name / node), signer(running, node))
            for name, running in campaigns.items()
            for node in (head(name).node,)
        }
        self._stopping, self._turn = asyncio.Event(), asyncio.Lock()
        self._edges: dict[str, Edge] = {}
        self._notes: dict[str, str] = {}
        self._signed_sizes: dict[str, int] = {}
        self._postponed = Postponed("signing_postponed")
        #: Campaigns whose database has stopped going on from what was signed while we ran.
        self.forked: set[str] = set()

    def folder(self, campaign: str, node: str) -> Folder | None:
        """Where the files of one of a campaign's logs stand, be it of an earlier epoch, or another node's
        (`mirror.py`); None if there are none here."""
        own, newest = epochs.split(self._head(campaign).node)
        named, epoch = epochs.split(node)
        found = Folder(self._root / campaign / node)
        if named == own:
            return found if 1 <= epoch <= newest else None
        return found if epoch >= 1 and is_slug(named) and found.checkpoint() else None

    def signed(self, campaign: str) -> int:
        """How many entries of the campaign's log on this node we have signed."""
        return self._signed_sizes.get(campaign, 0)

    async def begin(self) -> None:
        """Take up every log where it was signed last, and sign what has come since.

        Raises `Forked`, `Unavailable`.
        """
        for name in self._logs:
            await self._take_up(name)
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
            with self._postponed.outlived(campaign=name):
                try:
                    await self._publish(name)
                except Forked as error:  # votes are recorded all the same: not being signed loses none
                    self.forked.add(name)
                    _log.error("not_signed", campaign=name, **cause(error))
                except Exception:
                    self._edges.pop(name, None)  # where we stand is read from the files again
                    raise

    async def _take_up(self, name: str) -> None:
        """The database must be of the newest epoch that was ever signed, and hold of the logs before it what
        their gap says. Raises `Forked`."""
        log, head = self._logs[name], self._head(name)
        node, epoch = epochs.split(head.node)
        signed = marks.newest(self._root / name, node)
        if signed > epoch:
            later = epochs.label(node, signed)
            what = f"is of {head.node}, and a new epoch, {later}, was begun and signed since"
            raise Forked(marks.OLDER.format(campaign=name, what=what))
        if log.folder.from_backup:
            raise Forked(marks.RESTORED.format(campaign=name, file=log.folder.path / FROM_BACKUP))
        if epoch == 1:
            return
        first = await self._store.run(leaves, head.log_id, 0)
        held = {one: size for one, size, *_ in await self._store.run(_logs, name)}
        try:
            logs = epochs.read_gap(entry.read_leaf(first[0][0]))
        except (entry.BadEntry, IndexError) as error:
            raise Forked(_DIFFERENT.format(campaign=f"{name}/{head.node}", size=1)) from error
        for earlier, past in logs.items():
            if held.get(earlier) != past.kept:
                raise Forked(_DIFFERENT.format(campaign=f"{name}/{earlier}", size=past.kept))
            await asyncio.to_thread(self._hold, log.running, earlier, past)

    def _hold(self, running: Running, earlier: str, past: epochs.Past) -> None:
        """See that an earlier log's checkpoint stands as its gap tells; if its file is lost, it is made
        again.

        Raises `Forked`.
        """
        folder, signing = Folder(self._root / running.id / earlier), signer(running, earlier)
        told = Checkpoint(signing.verifier.name, past.size, past.root)
        signed = marks.signed(folder, signing.verifier)
        if signed is None and past.size:
            folder.put_checkpoint(signing.sign(told.text()))
        elif signed is not None and signed != told:
            raise Forked(_DIFFERENT.format(campaign=f"{running.id}/{earlier}", size=past.size))

    async def _resume(self, name: str) -> None:
        log, head = self._logs[name], self._head(name)
        self._notes[name] = log.folder.checkpoint()
        signed = marks.signed(log.folder, log.signer.verifier)
        if signed is None:
            self._edges[name] = Edge()
            return
        if signed.size > head.size:
            what = f"has {head.size} entries, and {signed.size} were signed before"
            raise Forked(marks.OLDER.format(campaign=name, what=what))
        edge = resumed(log.folder, signed)
        if edge.size < signed.size and await self._root_of(name, signed.size) != signed.root:
            raise Forked(_DIFFERENT.format(campaign=name, size=signed.size))  # before a file is touched
        self._edges[name] = edge
        await self._integrate(name, signed.size)
        if edge.root != signed.root:
            raise Forked(_DIFFERENT.format(campaign=name, size=signed.size))

    async def _publish(self, name: str) -> None:
        if name in self._edges and self._signed_sizes.get(name) == self._head(name).size:
            return
        held = await asyncio.to_thread(self._logs[name].folder.lock)
        try:
            await self._go_on(name)
        finally:
            held.close()

    async def _go_on(self, name: str) -> None:
        """Go on from what was signed last. Nobody else writes the log's files meanwhile."""
        log, head = self._logs[name], self._head(name)
        if name not in self._edges:
            await self._resume(name)
        elif log.folder.checkpoint() != self._notes[name]:  # seen before a tile of ours takes another's place
            raise Forked(marks.MOVED.format(campaign=name, folder=log.folder.path))
        await self._integrate(name, head.size)
        signed = await asyncio.to_thread(self._sign, name, head)
        self._notes[name], self._signed_sizes[name] = signed, head.size
        if self._store.is_shared:
            await self._store.run(nodes.put_checkpoint, head.log_id, signed)

    def _sign(self, name: str, head: Head) -> str:
        """Sign what the files have now, if that is what was recorded. Raises `Forked`."""
        log, edge = self._logs[name], self._edges[name]
        if edge.tree.frontier != head.frontier:
            raise Forked(_DIFFERENT.format(campaign=name, size=head.size))
        write_edge(log.folder, edge)
        signed = log.signer.sign(Checkpoint(log.signer.verifier.name, edge.size, edge.root).text())
        log.folder.put_checkpoint(signed)
        return signed

    async def _root_of(self, name: str, size: int) -> bytes:
        """The root of the database's first entries. Raises `Forked` if it has not so many."""
        frontier: merkle.Frontier = ()
        at = 0
        async for rows in self._entries(name, 0, size):
            at, frontier = await asyncio.to_thread(_extended, at, frontier, rows)
        return merkle.root(frontier)

    async def _integrate(self, name: str, size: int) -> None:
        """Read the entries up to `size` from the database, hash them again, and write what became full."""
        log, edge = self._logs[name], self._edges[name]
        async for rows in self._entries(name, edge.size, size):
            await asyncio.to_thread(write, log.folder, edge, rows, name)

    async def _entries(self, name: str, since: int, size: int) -> AsyncIterator[list[tuple[bytes, bytes]]]:
        """The database's entries from one on, up to `size`, many at a time. Raises `Forked` if there are not
        so many."""
        log_id = self._head(name).log_id
        while since < size:
            rows = (await self._store.run(leaves, log_id, since))[: size - since]
            if not rows:
                raise Forked(_DIFFERENT.format(campaign=name, size=size))
            yield rows
            since += len(rows)


_DIFFERENT: Final = (
    "the ledger of {campaign} does not go on from what was signed: up to entry {size} it is not what it was. "
    "Run `televote verify`, and put the newest backup back"
)


def _logs(db: Database, campaign: str) -> list[tuple[str, int, bytes, int]]:
    return db.execute(LEDGER["logs"], (campaign,)).fetchall()


def _extended(
    size: int, frontier: merkle.Frontier, rows: Sequence[tuple[bytes, bytes]]
) -> tuple[int, merkle.Frontier]:
    return merkle.extend(size, frontier, merkle.leaf_hashes(leaf for leaf, _ in rows))


def resumed(folder: Folder, signed: Checkpoint) -> Edge:
    """A log's edge as its files have it; of nothing, if they do not give what was signed: they are to be made
    again, from the entries."""
    with suppress(Missing, BadTile):
        edge = Edge.resumed(signed.size, folder.read)
        if edge.root == signed.root:
            return edge
    return Edge()


def leaves(db: Database, log_id: int, since: int) -> list[tuple[bytes, bytes]]:
    return db.execute(LEDGER["leaves"], (log_id, since, _CHUNK)).fetchall()


def write(folder: Folder, edge: Edge, rows: Sequence[tuple[bytes, bytes]], name: str) -> None:
    """Append entries, and write what becomes full. Raises `Forked` if one is not what its hash says."""
    entries, kept = zip(*rows, strict=True)
    hashes = merkle.leaf_hashes(entries)
    if hashes != list(kept):
        raise Forked(_DIFFERENT.format(campaign=name, size=edge.size + len(rows)))
    for tile, content in edge.append(entries, hashes):
        folder.put(tile, content)


def write_edge(folder: Folder, edge: Edge) -> None:
    """Write what is not full. What is full is on the disk before: whoever finds the edge whole after the
    power was cut, rests on it."""
    folder.sync()
    for tile, content in edge.partial():
        folder.put(tile, content)
