"""Follows a log from another machine: is it signed, and has it only grown since it was last seen?

What was seen is kept, durably, before anything is signed for it. Two notes that contradict each other are
kept as they came: whoever has both can show them to anybody.
"""

import base64
import fcntl
import os
import secrets
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Final

from gateway.ledger.folder import Folder
from tally import note, submission, tiles
from tally.note import BadNote, Checkpoint, Signer, Verifier
from tally.submission import Refusal
from tally.tiles import BadTile, Name, Reader

_TIMEOUT_SECONDS: Final = 20
_LONGEST: Final = tiles.WIDTH * (tiles.LONGEST_ENTRY + 2)
_NOT_SHOWN: Final = (
    "the tiles at {url} do not give the root that is signed for {size} entries: whether the log goes on from "
    "what was seen before cannot be shown. Look again in a minute; if it stays so, tell the committee"
)


class Alarm(RuntimeError):
    """The log contradicts itself, or what it signs cannot be shown. The message says what to do."""


class Unreachable(RuntimeError):
    """The log gave no answer. It may be down; nothing can be said of it."""


class Witness:
    """Looks at one log: `url` has its `checkpoint` and `tile/`, `log` is its key, `state` our own folder."""

    def __init__(self, url: str, log: Verifier, state: Path) -> None:
        self._url, self._log, self._state = url.rstrip("/"), log, state
        self._seen = Folder(state)

    def look(self) -> tuple[Checkpoint, str]:
        """The newest checkpoint, if it goes on from what was seen before, and its note.

        Raises `Alarm`, `Unreachable`.
        """
        while True:
            old = self._seen.checkpoint()  # before the new one is fetched: it may be handed in meanwhile
            new = self._fetch("checkpoint").decode("utf-8", "replace")
            now = self._opened(new)
            if old:
                self._goes_on(self._opened(old), now, old, new)
            elif now.size:
                self._shown(now, now.size)
            with self._alone():
                if self._seen.checkpoint() == old:
                    self._seen.put_checkpoint(new)
                    return now, new

    def cosign(self, signed: str, at: int, name: str) -> str:
        """Vouch for a note that `look` has returned, at a time (Unix seconds). It is kept in `cosigned`."""
        with self._alone():
            vouched = self.signer(name).cosign(signed, at)
            self._write("cosigned", vouched)
        return vouched

    def add(self, body: bytes, at: int, name: str) -> str:
        """Our signature lines for what a log hands in (`tally.submission`), once it is kept.

        Raises `submission.Refusal`, and `Alarm` in its place, once, if the log may contradict itself.
        """
        asked = submission.read(body)
        now, signed = submission.opened(asked.signed, [self._log])
        with self._alone():
            old = self._seen.checkpoint()
            known = self._opened(old) if old else None
            try:
                submission.judge(known, asked, now)
            except Refusal as refusal:
                if known is not None and refusal.status in (409, 422) and refusal.size is None:
                    self._suspect(known, now, old, signed, refusal)
                raise
            self._seen.put_checkpoint(signed)
        ours = note.kept_of(self.cosign(signed, at, name), [self.signer(name).witness])
        return ours.rpartition("\n\n")[2]

    def _suspect(self, was: Checkpoint, now: Checkpoint, old: str, new: str, refusal: Refusal) -> None:
        """Raise the alarm of what was refused, if it is new: a stranger can hand in the same again."""
        if (self._state / _evidence_of(now)).exists():
            return
        alarm = self._contradiction(was, now, old, new)
        if refusal.status == 409:
            raise alarm from refusal
        raise Alarm(
            f"NOT COSIGNED: {self._log.name} signed {was.size} entries, root {was.root.hex()}, and then "
            f"{now.size} entries, root {now.root.hex()}; the proof handed in does not show that these go on "
            f"from those. Both notes are kept in {self._state}: look at the log (`televote witness`), and if "
            "that does not show it either, tell the committee and the public"
        ) from refusal

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else, of this process or another, changes what is kept here."""
        self._state.mkdir(parents=True, exist_ok=True)
        with (self._state / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def signer(self, name: str) -> Signer:
        """Our own key, made when it is first asked for; it keeps the name it was made with."""
        path = self._state / "witness.key"
        if not path.exists():
            made = base64.b64encode(secrets.token_bytes(note.SEED_BYTES)).decode()
            self._write(path.name, f"{name}\n{made}\n", 0o600)
        kept, seed = path.read_text("utf-8").split()
        return Signer(kept, base64.b64decode(seed))

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
        name = _evidence_of(told)
        self._write(name, signed)
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
        except (OSError, ValueError, HTTPException) as error:
            raise Unreachable(f"{asked}: {getattr(error, 'reason', error)}") from error
        return content

    def _write(self, name: str, text: str, mode: int = 0o644) -> None:
        """Keep a file, whole or not at all."""
        self._state.mkdir(parents=True, exist_ok=True)
        part = self._state / f".{name}.part"
        part.unlink(missing_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._state / name)


def _evidence_of(told: Checkpoint) -> str:
    return f"evidence-{told.size}-{told.root.hex()[:12]}.txt"
