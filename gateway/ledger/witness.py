"""Follows a log from another machine: is it signed, and has it only grown since it was last seen?

A log that goes on in a new epoch (`tally/epochs.py`) is followed there, if its gap names what was seen of the
logs before; and these are still looked at, for they must stay as they were.

What was seen is kept, durably, before anything is signed for it. Two notes that contradict each other are
kept as they came: whoever has both can show them to anybody.
"""

import base64
import os
import secrets
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.error import HTTPError

from gateway.ledger.folder import Folder, sync
from tally import entry, epochs, merkle, note, tiles
from tally.entry import BadEntry, Leaf
from tally.note import BadNote, Checkpoint, Signer, Verifier
from tally.tiles import BadTile, Name, Reader

_TIMEOUT_SECONDS: Final = 20
_LONGEST: Final = tiles.WIDTH * (tiles.LONGEST_ENTRY + 2)
_NOT_SHOWN: Final = (
    "the tiles at {url} do not give the root that is signed for {size} entries: whether the log goes on from "
    "what was seen before cannot be shown. Look again in a minute; if it stays so, tell the committee"
)


_GONE: Final = (
    "the log {log}, which was seen before, is not served any more: what was seen is kept, in {seen}. Ask the "
    "committee where it is"
)


class Alarm(RuntimeError):
    """The log contradicts itself, or what it signs cannot be shown. The message says what to do."""


class Unreachable(RuntimeError):
    """The log gave no answer. It may be down; nothing can be said of it."""


class _Absent(Unreachable):
    """The server answers, and has no such file."""


class Witness:
    """Looks at one log: `url` has its `checkpoint` and `tile/`, `log` is its key, `state` our own folder."""

    def __init__(self, url: str, log: Verifier, state: Path) -> None:
        self._first, self._state = _Log(url.rstrip("/"), log, state), state
        #: What was lost at the beginning of each later epoch, as of the last look: the log, and its gap.
        self.gaps: list[tuple[str, Leaf]] = []

    def look(self) -> tuple[Checkpoint, str]:
        """The newest checkpoint of the newest epoch, if all goes on from what was seen before, and its note.

        Raises `Alarm`, `Unreachable`.
        """
        log, self.gaps = self._first, []
        newest = log.look()
        before = {log.label: newest[0]}
        while (later := log.following()) is not None:
            newest = later.look(before)
            self.gaps.append((later.name, later.gap(newest[0])))
            log, before = later, {**before, later.label: newest[0]}
        return newest

    def cosign(self, signed: str, at: int, name: str) -> str:
        """Vouch for a note that `look` has returned, at a time (Unix seconds). It is kept in `cosigned`."""
        vouched = self.signer(name).cosign(signed, at)
        _write(self._state, "cosigned", vouched)
        return vouched

    def signer(self, name: str) -> Signer:
        """Our own key, made when it is first asked for; it keeps the name it was made with."""
        path = self._state / "witness.key"
        if not path.exists():
            made = base64.b64encode(secrets.token_bytes(note.SEED_BYTES)).decode()
            _write(self._state, path.name, f"{name}\n{made}\n", 0o600)
        kept, seed = path.read_text("utf-8").split()
        return Signer(kept, base64.b64decode(seed))


class _Log:
    """One log as it is served, and what was seen of it."""

    def __init__(self, url: str, log: Verifier, root: Path, later: str = "") -> None:
        self._url, self._log, self._root, self._state = url, log, root, root / later
        self._seen = Folder(self._state)

    @property
    def name(self) -> str:
        return self._log.name

    @property
    def label(self) -> str:
        """The log's own name, with its epoch, as a gap has it."""
        return self.name.rpartition("/")[2]

    def following(self) -> "_Log | None":
        """The log that this one has gone on as, None if it has not. Raises `Alarm`, `Unreachable`."""
        name = epochs.following(self.name)
        label = name.rpartition("/")[2]
        later = _Log(epochs.following(self._url), self._log._replace(name=name), self._root, label)
        try:
            later._fetch("checkpoint")
        except _Absent:
            if later._seen.checkpoint():
                raise Alarm(_GONE.format(log=name, seen=self._root / label / "checkpoint")) from None
            return None
        return later

    def look(self, before: Mapping[str, Checkpoint] | None = None) -> tuple[Checkpoint, str]:
        """The newest checkpoint, if it goes on from what was seen before, and its note.

        `before` are the newest checkpoints of the logs before it, by name: its gap must tell of just these.
        Raises `Alarm`, `Unreachable`.
        """
        new, old = self._fetch("checkpoint").decode("utf-8", "replace"), self._seen.checkpoint()
        now = self._opened(new)
        if old:
            self._goes_on(self._opened(old), now, old, new)
        elif now.size:
            self._shown(now, now.size)
        if before is not None:
            self._takes_up(before, now, new)
        self._seen.put_checkpoint(new)
        return now, new

    def gap(self, now: Checkpoint) -> Leaf:
        """The first entry, proved to be under the checkpoint. Raises `Alarm`, `Unreachable`."""
        reader = Reader(now.size, self._tile)
        try:
            packed = self._first_bundle(now.size)
            first = tiles.entries(packed, 1)[0]
            proof = reader.inclusion(0)
            if tiles.proves_inclusion(merkle.leaf_hash(first), 0, now.size, proof, now.root):
                return entry.read_leaf(first)
        except (BadTile, BadEntry, IndexError):
            pass
        raise Alarm(_NOT_SHOWN.format(url=self._url, size=now.size))

    def _first_bundle(self, size: int) -> bytes:
        """The first entries; where ballots are open, and all others are kept back, the first alone."""
        try:
            return self._tile(Name(-1, 0, min(size, tiles.WIDTH)))
        except Unreachable:
            return self._tile(Name(-1, 0, 1))

    def _takes_up(self, before: Mapping[str, Checkpoint], now: Checkpoint, new: str) -> None:
        leaf = self.gap(now)
        try:
            told = epochs.read_gap(leaf)
        except BadEntry:
            told = {}
        for label, seen in before.items():
            past = told.get(label)
            if past is None or (past.size, past.root) != (seen.size, seen.root) or past.kept > past.size:
                kept = self._evidence(now, new)
                what = "nothing" if past is None else f"{past.size} entries, root {past.root.hex()}"
                raise Alarm(
                    f"{self.name} DOES NOT GO ON FROM WHAT WAS SIGNED: of {label} its first entry tells of "
                    f"{what}, and {seen.size} entries, root {seen.root.hex()}, were signed. Its note is "
                    f"kept, in {kept}, beside those of the log before: make copies, and tell the committee "
                    f"and the public"
                )

    def _goes_on(self, was: Checkpoint, now: Checkpoint, old: str, new: str) -> None:
        if now.size < was.size or (now.size == was.size and now.root != was.root):
            raise self._contradiction(was, now, old, new)
        if now.size == was.size or not was.size:
            return
        if self._shown(now, was.size) != was.root:
            raise self._contradiction(was, now, old, new)

    def _shown(self, now: Checkpoint, size: int) -> bytes:
        """The root of the log's first entries, proved to be its beginning: a damaged tile accuses nobody.

        Raises `Alarm` if the tiles are not those of the root that is signed.
        """
        reader = Reader(now.size, self._tile)
        try:
            root, proof = reader.root(size), reader.consistency(size)
        except BadTile:
            root, proof = b"", []
        if tiles.proves_consistency(size, now.size, proof, root, now.root):
            return root
        raise Alarm(_NOT_SHOWN.format(url=self._url, size=now.size))

    def _contradiction(self, was: Checkpoint, now: Checkpoint, old: str, new: str) -> Alarm:
        kept = [self._evidence(told, signed) for told, signed in ((was, old), (now, new))]
        what = "HAS LOST ENTRIES" if now.size < was.size else "HAS ANOTHER HISTORY"
        return Alarm(
            f"THE LOG {what}: {self._log.name} signed {was.size} entries, root {was.root.hex()}, and then "
            f"{now.size} entries, root {now.root.hex()}, which do not go on from them. Both signed notes are "
            f"kept, in {kept[0]} and {kept[1]}: make copies, and tell the committee and the public"
        )

    def _evidence(self, told: Checkpoint, signed: str) -> Path:
        name = f"evidence-{told.size}-{told.root.hex()[:12]}.txt"
        _write(self._state, name, signed)
        return self._state / name

    def _opened(self, signed: str) -> Checkpoint:
        try:
            told = note.read_checkpoint(note.open_note(signed, [self._log]))
        except BadNote as error:
            raise Alarm(f"the checkpoint is not signed with the key given: {error}") from error
        if told.origin != self._log.name:
            raise Alarm(f"the checkpoint is of {told.origin}, not of {self._log.name}")
        return told

    def _tile(self, name: Name) -> bytes:
        return self._fetch(name.path)

    def _fetch(self, path: str) -> bytes:
        asked = f"{self._url}/{path}"  # of http or https: the command takes nothing else
        try:
            with urllib.request.urlopen(asked, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 -- the command takes http(s) alone
                content: bytes = answer.read(_LONGEST)
        except HTTPError as error:
            error.close()
            raise (_Absent if error.code == 404 else Unreachable)(f"{asked}: {error.reason}") from error
        except (OSError, ValueError, HTTPException) as error:
            raise Unreachable(f"{asked}: {getattr(error, 'reason', error)}") from error
        return content


def _write(state: Path, name: str, text: str, mode: int = 0o644) -> None:
    """Keep a file, whole or not at all."""
    state.mkdir(parents=True, exist_ok=True)
    part = state / f".{name}.part"
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(state / name)
    sync(state)
