"""A backup beside a running server: one snapshot of the database, proved, and what else it takes to go on
from it.

The copy is one SQLite makes of one snapshot, compact, while votes go on being written. It is verified and
counted again where it lies, and signed as far as it goes: the checkpoint is the mark that its ledger is bound
to. The logs' folders say that they come from a backup, so that nobody signs on from an old one unawares. The
secrets are not in it: whoever has both can read the numbers.
"""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import gateway
from config.load import Loaded
from gateway.checking import audit
from gateway.checking.audit import Checkable, OnRows, Unfit
from gateway.checking.walking import Chunk
from gateway.durable import naming, sync
from gateway.exporting import exporter
from gateway.ledger import publisher
from gateway.ledger.folder import FROM_BACKUP, Folder
from gateway.storage.connection import FAILURES
from gateway.storage.store import Head, Unavailable, Unsafe
from tally import epochs, tiles
from tally.note import Checkpoint
from tally.tiles import Tree

MANIFEST: Final = "backup.json"
DATABASE: Final = "televote.db"
_MARK: Final = (
    "This log was put back from a backup. More may have been signed since: see `televote new-epoch`, and "
    "Backups in docs/administrator.md.\n"
)


class NotBackedUp(Unsafe):
    """There is something in the way; the message says what."""


async def back_up(loaded: Loaded, folder: Path, on_rows: Callable[[str, int], OnRows]) -> dict[str, Any]:
    """Write a backup into a folder that is not there yet; returns what it says of itself.

    `on_rows` gives, for a campaign and its number of entries, what hears how many were checked. Raises
    `NotBackedUp`, `Unavailable`, and what a recount raises: then nothing is left of it.
    """
    if loaded.settings.storage.is_postgresql:
        raise NotBackedUp(
            "PostgreSQL keeps the database: back it up with pg_basebackup or pg_dump, and copy the data "
            "folder, as docs/administrator.md says"
        )
    database, part = Path(loaded.settings.database), folder.with_name(f".{folder.name}.part")
    _begin(database, folder, part)
    try:
        copy = part / DATABASE
        _copy(database, copy)
        told: dict[str, Any] = {
            "format": "televote-backup/1",
            "software": {"name": "televote", "version": gateway.__version__},
            "database": {"name": DATABASE, "bytes": copy.stat().st_size, "sha256": _sha256(copy)},
            "campaigns": {},
        }
        for name in loaded.campaigns:
            if _has(copy, name):
                told["campaigns"][name] = await _prove(loaded, name, part, on_rows)
        _keep_settings(loaded, part)
        with naming(part / MANIFEST):
            (part / MANIFEST).write_text(json.dumps(told, indent=2) + "\n", "utf-8")
        _settle(part)
        part.rename(folder)
    except FAILURES as error:
        raise Unavailable(f"cannot copy {database}: {error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return told


def _begin(database: Path, folder: Path, part: Path) -> None:
    if folder.exists():
        raise NotBackedUp(f"{folder} is there already: nothing is written over a backup. Name another folder")
    if not database.exists():
        raise Unavailable(f"there is no database at {database}: nothing has been recorded yet")
    part.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)


def _copy(database: Path, copy: Path) -> None:
    """One snapshot of the database; writers go on meanwhile. Raises `sqlite3.Error`, `Unavailable`."""
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL, 0o600))
    address = f"{database.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=30)) as db:
        # As bytes: the name of a file need not be text.
        db.execute("VACUUM INTO CAST(? AS TEXT)", (os.fsencode(copy),))
    with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro", uri=True)) as db:
        (found,) = db.execute("PRAGMA integrity_check").fetchone()
    if found != "ok":
        raise Unavailable(f"the copy of {database} is not sound: {found}")


def _has(copy: Path, campaign: str) -> bool:
    with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro", uri=True)) as db:
        return db.execute("SELECT 1 FROM campaigns WHERE name = ?", (campaign,)).fetchone() is not None


async def _prove(
    loaded: Loaded, campaign: str, part: Path, on_rows: Callable[[str, int], OnRows]
) -> dict[str, Any]:
    """Count the copy again, and sign it as far as it goes. Raises `Unfit`, `Tampered`."""
    async with audit.open_ledger(loaded, campaign, part / DATABASE) as ledger:
        proof = _Proof(ledger)
        counted = await audit.recount(ledger, on_rows(campaign, ledger.entries), proof.see)
        if not counted.agrees:
            raise Unfit(f"the copy of {campaign} does not agree with its totals: run `televote recount`")
        for head in ledger.heads:
            proof.keep(head, part / "ledger" / campaign / head.node, last=_is_newest(head, ledger.heads))
        return {
            "rules_sha256": ledger.running.campaign.rules_hash,
            "key_check": ledger.running.keys.check.hex(),
            "ledger": [
                {"node": head.node, "entries": head.size, "root": ledger.roots[head.node]}
                for head in ledger.heads
            ],
        }


def _is_newest(head: Head, heads: Sequence[Head]) -> bool:
    node, epoch = epochs.split(head.node)
    return epoch == epochs.newest((one.node for one in heads), node)


class _Proof:
    """Holds what is copied to what was signed of it."""

    def __init__(self, ledger: Checkable) -> None:
        self._ledger = ledger
        self._signed = {head.node: exporter.signed_so_far(ledger, head) for head in ledger.heads}
        self._trees = {head.node: Tree() for head in ledger.heads}

    def see(self, chunk: Chunk) -> None:
        """Hash some entries again. Raises `Unfit` if they do not go on from what was signed."""
        tree, signed = self._trees[chunk.node], self._signed[chunk.node]
        hashes = [row.leaf_hash for row in chunk.rows]
        for part in tiles.parted(tree.size, hashes, [signed.size] if signed else []):
            tree.append(part)
            if signed and tree.size == signed.size and tree.root != signed.root:
                raise Unfit(exporter.FORKED)

    def keep(self, head: Head, to: Path, *, last: bool) -> None:
        """Put a log's signed files where the backup has them. The newest log's tiles are made again from its
        entries; of a log that has lost some, the published ones are all there is."""
        source = Folder(self._ledger.published / head.node)
        if not last:
            if source.path.exists():
                shutil.copytree(source.path, to)
            return
        signer, tree = publisher.signer(self._ledger.running, head.node), self._trees[head.node]
        if tree.size or epochs.split(head.node)[1] > 1:
            text = Checkpoint(signer.verifier.name, tree.size, tree.root).text()
            Folder(to).put_checkpoint(signer.sign(text))
            (to / FROM_BACKUP).write_text(_MARK, "utf-8")


def _keep_settings(loaded: Loaded, part: Path) -> None:
    """The settings file, the campaigns' folder, and what is attached to nominations, as they are."""
    if loaded.path is not None:
        shutil.copy(loaded.path, part / "televote.toml")
        (part / "televote.toml").chmod(0o600)
    attached = Path(loaded.settings.data) / "nominations"
    if attached.is_dir():
        shutil.copytree(attached, part / "nominations", ignore=shutil.ignore_patterns("*.part"))
    campaigns = Path(loaded.settings.campaigns)
    if campaigns.is_dir():
        shutil.copytree(campaigns, part / "campaigns")


def _settle(part: Path) -> None:
    """Have every file on the disk before the backup gets its name."""
    for one in [*part.rglob("*"), part, part.parent]:
        sync(one)


def _sha256(path: Path) -> str:
    with naming(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
