"""Goes on without what is lost: `televote new-epoch`, for a database that is older than what was signed.

The newest log of a node is given up where the database ends, and another one is begun (`tally/epochs.py`).
What the database still holds must be the beginning of what was signed: it is hashed again, and with the
published entries after it gives the root that was signed, or the tiles prove it. Else somebody has changed
it, and nothing is begun. All this is done with the database locked, so while no server runs.
"""

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from config.load import Loaded
from gateway import entrances
from gateway.intake import revise
from gateway.intake.revise import Act
from gateway.intake.running import Running
from gateway.ledger import marks, publisher
from gateway.ledger.folder import Folder, Missing, published
from gateway.ledger.publisher import Publisher
from gateway.storage import epochs as storage
from gateway.storage.blocks import LEDGER
from gateway.storage.database import Database
from gateway.storage.opening import open_store
from gateway.storage.store import Batch, Head, ReceiptRow, Store, Unsafe
from tally import entry, epochs, merkle, note, receipt, tiles
from tally.entry import BadEntry, Leaf
from tally.epochs import Past
from tally.note import BadNote, Checkpoint
from tally.seal import Sealer
from tally.tiles import BadTile, Reader, Tree

LONGEST_REASON: Final = 500
_CHUNK: Final = 2_000


class NotBegun(Unsafe):
    """No new epoch can be begun; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a new epoch would be: its log, what becomes of those before it, and what is lost.

    `lost` says how lost entries had ended, `acts` are those of them that people, or the schedule, did.
    """

    running: Running
    name: str
    logs: dict[str, Past] = field(default_factory=dict)
    lost: Counter[str] = field(default_factory=Counter)
    acts: list[Leaf] = field(default_factory=list)
    receipts: dict[str, list[ReceiptRow]] = field(default_factory=dict)


class _Left(NamedTuple):
    """What the files still have of a log after the entries that are kept: their leaves from `since` on, and
    how many have none."""

    since: int
    leaves: Sequence[bytes]
    unknown: int = 0


@asynccontextmanager
async def beginning(loaded: Loaded, campaign: str, newer: Sequence[str] = ()) -> AsyncIterator["Beginning"]:
    """A plan, with the database locked. `newer` are checkpoints that somebody has saved.

    Raises `NotBegun`, `Forked`, `Unsafe`, `Unavailable`.
    """
    running = entrances.run_campaigns(loaded)[campaign]
    looking = _Looking(running, published(loaded.settings), loaded.settings.node, newer)
    async with open_store(loaded.settings) as store:
        yield Beginning(store, looking, await store.run(looking.plan))


class Beginning:
    """Shows its `plan`; `begin` carries it out."""

    def __init__(self, store: Store, looking: "_Looking", plan: Plan) -> None:
        self._store, self._looking, self.plan = store, looking, plan

    async def begin(self, by: str, second: str, reason: str, at_ms: int) -> Head:
        """Begin the epoch, and sign it; returns the head of its log. `by` and `second` are two people.

        Raises `NotBegun`, `Forked`, `Unavailable`.
        """
        two(by, second, reason)
        plan, running = self.plan, self.plan.running
        detail = epochs.detail(by, second, reason, plan.logs, plan.lost)

        def first(head: Head) -> Batch:
            sealer = Sealer(running.keys.sealing, f"{head.campaign}/{head.node}")
            gap = Act(running, "gap", at_ms, detail)
            return revise.record(head, sealer, [gap], lambda: os.urandom(entry.BLINDING_BYTES)).batch

        self._looking.keep_newer()
        head = await self._store.run(
            storage.begin, running.id, running.keys.check, list(plan.logs), plan.name, first, plan.receipts
        )
        await Publisher(self._looking.root, {running.id: running}, self._store, lambda _: head).begin()
        return head


def two(by: str, second: str, reason: str) -> None:
    """Whether two people agree, and say why. Raises `NotBegun`."""
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise NotBegun(f"a new epoch needs a reason, of at most {LONGEST_REASON} characters")
    if not by.strip() or by.strip().casefold() == second.strip().casefold() or not second.strip():
        raise NotBegun("a new epoch needs two different people: --by and --second")


class _Looking:
    """Works out what is lost of the logs of a campaign on a node. `root` has the files of all campaigns."""

    def __init__(self, running: Running, root: Path, node: str, newer: Sequence[str]) -> None:
        self._running, self.root, self._node = running, root, node
        self._newer = {self._of(text): text for text in newer}

    def plan(self, db: Database) -> Plan:
        """What a new epoch would be. Raises `NotBegun`, `Forked`."""
        name = self._running.id
        held = {one: (size, log) for one, size, _, log in db.execute(LEDGER["logs"], (name,))}
        told = _gap(db, held, self._node)
        last = max(
            epochs.newest({*held, *self._newer}, self._node), marks.newest(self.root / name, self._node), 1
        )
        newest = epochs.label(self._node, last)
        plan = Plan(self._running, epochs.label(self._node, last + 1))
        for one in (epochs.label(self._node, epoch) for epoch in range(1, last + 1)):
            size, log = held.get(one, (0, 0))
            if one in told and told[one].kept == size:
                plan.logs[one] = told[one]
                continue
            plan.logs[one], left = self._past(one, _leaves(db, log, size))
            _lose(plan, one, left)
        forced = bool(self._newer) or self._folder(newest).from_backup
        if not plan.lost and not forced:
            raise NotBegun(
                f"the database has all that was signed of {name}: nothing is lost. Start the service"
            )
        for one, past in plan.logs.items():
            signed = marks.signed(self._folder(one), publisher.signer(self._running, one).verifier)
            if past.size > max((mark.size for mark in (signed, *self._brought(one)) if mark), default=0):
                raise NotBegun(_BEYOND.format(log=f"{name}/{one}"))
        return plan

    def keep_newer(self) -> None:
        """Put the checkpoints that were brought from outside in the place of ours: we are bound to them."""
        for one, text in self._newer.items():
            folder = self._folder(one)
            ours = marks.signed(folder, publisher.signer(self._running, one).verifier)
            if ours is not None and ours.size < self._brought(one)[0].size:
                (folder.path / marks.BEFORE).write_text(folder.checkpoint(), "utf-8")
            if ours is None or ours.size < self._brought(one)[0].size:
                folder.put_checkpoint(text)

    def _folder(self, one: str) -> Folder:
        return Folder(self.root / self._running.id / one)

    def _of(self, text: str) -> str:
        """Whose a checkpoint is that was brought from outside. Raises `NotBegun`."""
        one = text.partition("\n")[0].rpartition("/")[2]
        node, epoch = epochs.split(one)
        log = f"{self._running.id}/{self._node}"
        if node != self._node or not epoch:
            raise NotBegun(_NO_MARK.format(log=log, error="it is of another"))
        try:
            note.read_checkpoint(note.open_note(text, [publisher.signer(self._running, one).verifier]))
        except BadNote as error:
            raise NotBegun(_NO_MARK.format(log=log, error=error)) from error
        return one

    def _brought(self, one: str) -> list[Checkpoint]:
        key, text = publisher.signer(self._running, one).verifier, self._newer.get(one, "")
        return [note.read_checkpoint(note.open_note(text, [key]))] if text else []

    def _past(self, one: str, leaves: Iterable[Sequence[bytes]]) -> tuple[Past, _Left]:
        """What becomes of a log of which the database has these leaves, and what is left of the rest."""
        folder, key = self._folder(one), publisher.signer(self._running, one).verifier
        known = [
            mark
            for mark in (marks.signed(folder, key), marks.before(folder, key), *self._brought(one))
            if mark
        ]
        tree, roots, sizes = Tree(), {0: merkle.EMPTY_ROOT}, sorted({mark.size for mark in known})
        for some in leaves:
            for part in tiles.parted(tree.size, merkle.leaf_hashes(some), sizes):
                tree.append(part)
                if tree.size in sizes:
                    roots[tree.size] = tree.root
        if any(roots.get(mark.size, mark.root) != mark.root for mark in known):
            raise NotBegun(_CHANGED.format(log=key.name, kept=tree.size))
        newest = max(known, key=lambda mark: mark.size, default=Checkpoint(key.name, 0, merkle.EMPTY_ROOT))
        if newest.size <= tree.size:
            return Past(tree.size, tree.root, tree.size), _Left(tree.size, ())
        past = Past(newest.size, newest.root, tree.size)
        return past, _left(folder, tree, newest, shown=tree.size in roots)


def _lose(plan: Plan, one: str, left: _Left) -> None:
    """Take what is lost of a log into a plan."""
    plan.lost.update(epochs.tallied(left.leaves, left.unknown))
    for seq, leaf in enumerate(left.leaves, left.since):
        read = entry.read_leaf(leaf)
        if not read.is_message:
            plan.acts.append(read)
        elif plan.running.receipts:
            row = ReceiptRow(receipt.number(merkle.leaf_hash(leaf)), seq)
            plan.receipts.setdefault(one, []).append(row)


def _gap(db: Database, held: Mapping[str, tuple[int, int]], node: str) -> Mapping[str, Past]:
    """What the gap tells with which the database's newest log begins; nothing if that is the first."""
    epoch = epochs.newest(held, node)
    if epoch < 2:
        return {}
    size, log = held[epochs.label(node, epoch)]
    try:
        return epochs.read_gap(entry.read_leaf(next(_leaves(db, log, size))[0]))
    except (StopIteration, BadEntry) as error:
        raise NotBegun(_CHANGED.format(log=epochs.label(node, epoch), kept=size)) from error


def _leaves(db: Database, log: int, size: int) -> Iterator[Sequence[bytes]]:
    """A log's leaves in order, many at a time."""
    since = 0
    while since < size and (rows := db.execute(LEDGER["leaves"], (log, since, _CHUNK)).fetchall()):
        yield [leaf for leaf, _ in rows]
        since += len(rows)


def _left(folder: Folder, tree: Tree, newest: Checkpoint, *, shown: bool) -> _Left:
    """What the files have after the entries that are kept, these being the beginning of what was signed.

    `shown` says whether that is known already: a checkpoint was signed of just them. Raises `NotBegun`.
    """
    kept, root = tree.size, tree.root
    try:
        leaves = list(_published(folder, kept, newest.size))
        tree.append(merkle.leaf_hashes(leaves))
        if tree.root == newest.root:
            return _Left(kept, leaves)
    except (Missing, BadTile):
        pass
    if not shown and kept:
        reader = Reader(newest.size, folder.read)
        try:
            was, proof = reader.root(kept), reader.consistency(kept)
        except (Missing, BadTile):
            was, proof = b"", []
        if not tiles.proves_consistency(kept, newest.size, proof, was, newest.root):
            raise NotBegun(_UNSHOWN.format(log=newest.origin, kept=kept, size=newest.size))
        if was != root:
            raise NotBegun(_CHANGED.format(log=newest.origin, kept=kept))
    return _Left(kept, (), newest.size - kept)


def _published(folder: Folder, since: int, size: int) -> Iterator[bytes]:
    """A log's entries from the files, from one on. Raises `Missing`, `BadTile`."""
    for name in tiles.names(size):
        first = name.number * tiles.WIDTH
        if name.level < 0 and first + name.width > since:
            yield from tiles.entries(folder.read(name), name.width)[max(since - first, 0) :]


_CHANGED: Final = (
    "what the database holds of {log}, {kept} entries, is not the beginning of what was signed: it was "
    "changed, or is of another history. That is no loss but tampering: keep a copy of everything, and tell "
    "the committee"
)
_UNSHOWN: Final = (
    "it cannot be shown that the {kept} entries which the database holds of {log} are the beginning of the "
    "{size} that were signed, for the log's tiles are not all there. Put the newest ledger folder in its "
    "place, or the ledger folder that was saved with the backup"
)
_NO_MARK: Final = "--signed: not a checkpoint of {log}: {error}"
_BEYOND: Final = (
    "the database has entries of {log} that were never signed, and cannot be signed any more: it is settled "
    "what that log has. Put the newest database back; if that is gone for good, keep this one elsewhere, and "
    "begin with an older one, or with none"
)
