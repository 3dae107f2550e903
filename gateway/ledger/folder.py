"""One log's public files: its newest checkpoint, its tiles and entry bundles.

A tile that is not full stands under its newest width alone; a narrower one is its beginning. What is full
is never written again, so it is on the disk before a checkpoint, or what is not full, says that it is there;
what is not full may be lost with the power, and is made again from the database.
"""

import fcntl
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from config.settings import Settings
from gateway import durable
from tally import note, tiles
from tally.tiles import BadTile, Name

#: Stands in a folder that was put back from a backup: more may have been signed since than it tells.
FROM_BACKUP: Final = "from-backup"


#: How often we look for a file whose place is just being taken.
_LOOKS: Final = 3


def published(settings: Settings) -> Path:
    """Where the signed files of all logs stand, a folder for each campaign."""
    return Path(settings.data) / "ledger"


class Missing(LookupError):
    """There is no such tile, or it is not that wide yet."""


class Folder:
    """The files below `path`. Every method does I/O, and none of it for long."""

    def __init__(self, path: Path) -> None:
        self.path = path
        #: Full tiles, and folders, that are to be synced before the next checkpoint.
        self._unsynced: dict[Path, None] = {}

    def checkpoint(self) -> str:
        """The newest checkpoint, a signed note; "" if nothing was signed yet."""
        return self._text("checkpoint")

    def cosigned(self) -> str:
        """The newest checkpoint that witnesses have signed too; "" if none has."""
        return self._text("cosigned")

    def served(self) -> str:
        """The newest checkpoint, with what witnesses have signed of it by now."""
        signed = self.checkpoint()
        return note.joined(signed, self.cosigned())

    def put_checkpoint(self, signed: str) -> None:
        """Keep a checkpoint, durably, and what is full below it: it is what we are bound to, also if the
        database is lost."""
        self._make(self.path)
        self.sync()
        durable.keep(self.path / "checkpoint", signed)

    def sync(self) -> None:
        """Have the disk keep what is full."""
        for path in self._unsynced:
            durable.sync(path)
        self._unsynced.clear()

    def lock(self) -> IO[bytes]:
        """Wait until nobody else writes these files; nobody else does until what is returned is closed.

        Another process may sign the same log, from another copy of the database: they take turns, and the
        second finds that it is not its turn any more.
        """
        self._make(self.path)
        held = open(self.path / ".lock", "ab")  # noqa: SIM115 -- closed by whoever asked for it
        fcntl.flock(held, fcntl.LOCK_EX)
        return held

    def put_cosigned(self, signed: str) -> None:
        """Keep a checkpoint that witnesses have signed."""
        durable.keep(self.path / "cosigned", signed)

    @property
    def from_backup(self) -> bool:
        """Whether it was put back from a backup."""
        return (self.path / FROM_BACKUP).exists()

    def put(self, name: Name, content: bytes) -> None:
        """Keep a tile or bundle, in place of a narrower one.

        The same one that is there already stays: it may be what a checkpoint rests on, and what takes its
        place is not on the disk yet.
        """
        whole, narrow = self._places(name)
        is_full = name.width == tiles.WIDTH
        path = whole if is_full else narrow / str(name.width)
        if not (is_full and _holds(path, content)):
            self._make(path.parent)
            part = path.with_name(f".{path.name}.part")
            with durable.naming(path):
                part.write_bytes(content)
            part.replace(path)
            if is_full:
                self._unsynced |= dict.fromkeys((path, path.parent))
        if narrow.is_dir():
            # Narrower ones, and what was half-written when we were killed.
            for older in [one for one in narrow.iterdir() if one != path]:
                older.unlink(missing_ok=True)
            if is_full:
                narrow.rmdir()

    def read(self, name: Name) -> bytes:
        """A tile or bundle, as wide as its name says. Raises `Missing`."""
        content = self._content(name)
        try:
            if name.level < 0:
                found = tiles.entries(content, name.width)
                if len(found) < name.width:
                    raise Missing(name.path)
                return tiles.bundle(found)
            return b"".join(tiles.hashes(content, name.width))
        except BadTile as error:
            raise Missing(name.path) from error

    def _text(self, name: str) -> str:
        try:
            return (self.path / name).read_text("utf-8")
        except FileNotFoundError:
            return ""

    def _make(self, folder: Path) -> None:
        """Make a folder, and those above it. An entry lasts once the folder it is in is synced."""
        if not folder.is_dir():
            new = [one for one in (folder, *folder.parents) if not one.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            self._unsynced |= dict.fromkeys(one.parent for one in new)

    def _content(self, name: Name) -> bytes:
        """The file of a tile or bundle that is as wide, or wider. Between two looks a wider one may have
        taken its place: then we look again."""
        full, narrow = self._places(name)
        for _ in range(_LOOKS):
            with suppress(FileNotFoundError):
                return full.read_bytes()
            if name.width == tiles.WIDTH:
                break
            widths = sorted(int(one.name) for one in narrow.glob("[1-9]*") if one.name.isdigit())
            for width in widths:
                if width >= name.width:
                    with suppress(FileNotFoundError):
                        return (narrow / str(width)).read_bytes()
        raise Missing(name.path)

    def _places(self, name: Name) -> tuple[Path, Path]:
        """Where a tile or bundle stands once it is full, and the folder of what is not."""
        full = self.path / name.whole
        return full, full.with_name(f"{full.name}.p")


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except FileNotFoundError:
        return False
