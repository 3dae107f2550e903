"""One log's public files: its newest checkpoint, its tiles and entry bundles.

A tile that is not full stands under its newest width alone; a narrower one is its beginning.
"""

import os
from pathlib import Path

from tally import note, tiles
from tally.tiles import BadTile, Name


class Missing(LookupError):
    """There is no such tile, or it is not that wide yet."""


class Folder:
    """The files below `path`. Every method does I/O, and none of it for long."""

    def __init__(self, path: Path) -> None:
        self.path = path

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
        """Keep a checkpoint, durably: it is what we are bound to, also if the database is lost."""
        self._put_text("checkpoint", signed)

    def put_cosigned(self, signed: str) -> None:
        """Keep a checkpoint that witnesses have signed."""
        self._put_text("cosigned", signed)

    def _text(self, name: str) -> str:
        try:
            return (self.path / name).read_text("utf-8")
        except FileNotFoundError:
            return ""

    def _put_text(self, name: str, text: str) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        part = self.path / f".{name}.part"
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path / name)
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def put(self, name: Name, content: bytes) -> None:
        """Keep a tile or bundle, in place of a narrower one."""
        path = self.path / name.path
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(content)
        part.replace(path)
        narrow = self._narrow(name)
        for older in narrow.glob("[1-9]*"):
            if older != path:
                older.unlink(missing_ok=True)
        if name.width == tiles.WIDTH and narrow.exists():
            narrow.rmdir()

    def read(self, name: Name) -> bytes:
        """A tile or bundle, as wide as its name says. Raises `Missing`."""
        full = self.path / name._replace(width=tiles.WIDTH).path
        try:
            content = full.read_bytes()
        except FileNotFoundError:
            if name.width == tiles.WIDTH:
                raise Missing(name.path) from None
            content = self._wide_enough(name)
        try:
            if name.level < 0:
                found = tiles.entries(content, name.width)
                if len(found) < name.width:
                    raise Missing(name.path)
                return tiles.bundle(found)
            return b"".join(tiles.hashes(content, name.width))
        except BadTile as error:
            raise Missing(name.path) from error

    def _wide_enough(self, name: Name) -> bytes:
        widths = sorted(int(one.name) for one in self._narrow(name).glob("[1-9]*") if one.name.isdigit())
        for width in widths:
            if width >= name.width:
                try:
                    return (self._narrow(name) / str(width)).read_bytes()
                except FileNotFoundError:
                    continue  # a wider one has just taken its place
        raise Missing(name.path)

    def _narrow(self, name: Name) -> Path:
        full = self.path / name._replace(width=tiles.WIDTH).path
        return full.with_name(f"{full.name}.p")
