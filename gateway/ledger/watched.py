"""One log as it is served elsewhere, and what was seen of it: is it signed, and has it only grown?

What was seen is kept, durably. Two notes that contradict each other are kept as they came: whoever has both
can show them to anybody.
"""

import fcntl
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.error import HTTPError

from gateway import durable
from gateway.ledger.folder import Folder
from tally import entry, epochs, merkle, note, submission, tiles
from tally.entry import BadEntry, Leaf
from tally.note import BadNote, Checkpoint, Verifier
from tally.submission import Refusal, Submission
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


class Absent(Unreachable):
    """The server answers, and has no such file."""


class Watched:
    """`url` has the log's `checkpoint` and `tile/`, `key` is its own, `home` our folder; what was seen of a
    later epoch is in a folder of its own there."""

    def __init__(self, url: str, key: Verifier, home: Path, later: str = "") -> None:
        self._url, self.key, self._home, self.state = url, key, home, home / later
        self._seen = Folder(self.state)

    @property
    def name(self) -> str:
        """The log's origin."""
        return self.key.name

    @property
    def label(self) -> str:
        """The log's own name, with its epoch, as a gap has it."""
        return self.name.rpartition("/")[2]

    @property
    def is_seen(self) -> bool:
        """Whether a checkpoint of it was ever kept."""
        return self._seen.checkpoint() != ""

    def following(self) -> "Watched":
        """The log that this one would go on as."""
        name = epochs.following(self.name)
        place, _, label = self._url.rpartition("/")
        later = name.rpartition("/")[2]
        url = f"{place}/{later}" if label == self.label else ""  # elsewhere nobody knows where it would be
        return Watched(url, self.key._replace(name=name), self._home, later)

    def is_served(self) -> bool:
        """Whether there is such a log. Raises `Alarm` if there was, `Unreachable`."""
        with suppress(Absent):
            if self._url:
                self._fetch("checkpoint")
                return True
        if self.is_seen:
            raise Alarm(_GONE.format(log=self.name, seen=self.state / "checkpoint"))
        return False

    def look(
        self, before: Mapping[str, Checkpoint] | None = None, *, ended: bool = False
    ) -> tuple[Checkpoint, str]:
        """The newest checkpoint, if it goes on from what was seen before, and its note.

        `before` are the newest checkpoints of the logs before it, by name: its gap must tell of just these.
        `ended` says that the log has gone on in another: it must be as it was.
        Raises `Alarm`, `Unreachable`.
        """
        while True:
            old = self._seen.checkpoint()  # before the new one is fetched: it may be handed in meanwhile
            new = self._fetch("checkpoint").decode("utf-8", "replace")
            now = self._opened(new)
            if old:
                was = self._opened(old)
                self._goes_on(was, now, old, new)
                if ended and now.size != was.size:
                    raise self._regrown(was, now, old, new)
            elif now.size:
                self._shown(now, now.size)
            if before:
                self._takes_up(before, now, new)
            with self.alone():
                if self._seen.checkpoint() == old:
                    self._seen.put_checkpoint(new)
                    return now, new

    def take(self, asked: Submission, now: Checkpoint, signed: str, *, ended: bool) -> None:
        """Keep what was handed in, if the log may be so; `ended` as in `look`.

        Raises `Refusal`, and `Alarm` from it, once, if the log may contradict itself.
        """
        with self.alone():
            old = self._seen.checkpoint()
            known = self._opened(old) if old else None
            try:
                submission.judge(known, asked, now, ended=ended)
            except Refusal as refusal:
                if known is not None and refusal.status in (409, 422) and refusal.size is None:
                    self._suspect(known, now, old, signed, refusal)
                raise
            self._seen.put_checkpoint(signed)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else, of this process or another, changes what is kept here."""
        self.state.mkdir(parents=True, exist_ok=True)
        with (self._home / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

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

    def _suspect(self, was: Checkpoint, now: Checkpoint, old: str, new: str, refusal: Refusal) -> None:
        """Raise the alarm of what was refused, if it is new: a stranger can hand in the same again."""
        if (self.state / _evidence_of(now)).exists():
            return
        if refusal.status == 409:
            regrown = now.size > was.size
            raise (self._regrown if regrown else self._contradiction)(was, now, old, new) from refusal
        self._evidences(was, now, old, new)
        raise Alarm(
            f"NOT COSIGNED: {self.name} signed {was.size} entries, root {was.root.hex()}, and then "
            f"{now.size} entries, root {now.root.hex()}; the proof handed in does not show that these go on "
            f"from those. Both notes are kept in {self.state}: look at the log (`televote witness`), and if "
            "that does not show it either, tell the committee and the public"
        ) from refusal

    def _contradiction(self, was: Checkpoint, now: Checkpoint, old: str, new: str) -> Alarm:
        kept = self._evidences(was, now, old, new)
        what = "HAS LOST ENTRIES" if now.size < was.size else "HAS ANOTHER HISTORY"
        return Alarm(
            f"THE LOG {what}: {self.name} signed {was.size} entries, root {was.root.hex()}, and then "
            f"{now.size} entries, root {now.root.hex()}, which do not go on from them. Both signed notes are "
            f"kept, in {kept[0]} and {kept[1]}: make copies, and tell the committee and the public"
        )

    def _regrown(self, was: Checkpoint, now: Checkpoint, old: str, new: str) -> Alarm:
        kept = self._evidences(was, now, old, new)
        return Alarm(
            f"A LOG THAT WAS GIVEN UP HAS GROWN: {self.name} had {was.size} entries when it went on as "
            f"{self.following().name}, and was signed again with {now.size}. Both signed notes are kept, in "
            f"{kept[0]} and {kept[1]}: make copies, and tell the committee and the public"
        )

    def _evidences(self, was: Checkpoint, now: Checkpoint, old: str, new: str) -> tuple[Path, Path]:
        return self._evidence(was, old), self._evidence(now, new)

    def _evidence(self, told: Checkpoint, signed: str) -> Path:
        path = self.state / _evidence_of(told)
        self.state.mkdir(parents=True, exist_ok=True)
        durable.keep(path, signed)
        return path

    def _opened(self, signed: str) -> Checkpoint:
        try:
            told = note.read_checkpoint(note.open_note(signed, [self.key]))
        except BadNote as error:
            raise Alarm(f"the checkpoint is not signed with the key given: {error}") from error
        if told.origin != self.name:
            raise Alarm(f"the checkpoint is of {told.origin}, not of {self.name}")
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
            raise (Absent if error.code == 404 else Unreachable)(f"{asked}: {error.reason}") from error
        except (OSError, ValueError, HTTPException) as error:
            raise Unreachable(f"{asked}: {getattr(error, 'reason', error)}") from error
        return content


def _evidence_of(told: Checkpoint) -> str:
    return f"evidence-{told.size}-{told.root.hex()[:12]}.txt"
