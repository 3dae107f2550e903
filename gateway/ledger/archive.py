"""A log's tiles and bundles as one ZIP, made while the entries go by: the same log gives the same bytes.

A ZIP lists its files level by level, and they become full in another order; so each level waits in a file of
its own. Memory does not grow with the log.
"""

import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from tally import merkle, tiles
from tally.note import Checkpoint
from tally.tiles import Edge, Name

#: The first day that a ZIP can name.
NO_DATE: Final = (1980, 1, 1, 0, 0, 0)


def member(name: str, method: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    """A file of a ZIP, with nothing in it that could differ from one making to the next."""
    entry = zipfile.ZipInfo(name, NO_DATE)
    entry.compress_type = method
    entry.create_system, entry.external_attr = 3, 0o100644 << 16
    return entry


class Parted(ValueError):
    """The log does not go on from what was signed before."""


class Archive:
    """Feed it a log's leaves in order with `add`, then `write` the ZIP; `close` in any case.

    `signed` is what was signed before, if that is known: the log must go on from it. Its working files are
    in `folder`, and nameless.
    """

    def __init__(self, folder: Path, signed: Checkpoint | None = None) -> None:
        self._folder, self._signed = folder, signed
        self._edge = Edge()
        self._waiting: dict[int, IO[bytes]] = {}
        self._lengths: dict[int, list[tuple[Name, int]]] = {}

    @property
    def root(self) -> bytes:
        """The root over the leaves so far."""
        return self._edge.root

    def add(self, leaves: Sequence[bytes]) -> None:
        """Append entries. Raises `Parted`."""
        for part in tiles.parted(self._edge.size, leaves, [self._signed.size] if self._signed else []):
            self._put(self._edge.append(part, merkle.leaf_hashes(part)))
            if self._signed and self._edge.size == self._signed.size and self.root != self._signed.root:
                raise Parted

    def write(self, target: IO[bytes]) -> None:
        """The ZIP: tiles by level and number, then the bundles."""
        self._put(self._edge.partial())
        with zipfile.ZipFile(target, "w") as archive:
            for level in sorted(self._lengths, key=lambda level: (level < 0, level)):
                for name, content in self._kept(level):
                    archive.writestr(member(name.path), content)

    def close(self) -> None:
        """Let the working files go."""
        for file in self._waiting.values():
            with suppress(OSError):  # a full disk: what waits is thrown away
                file.close()

    def _put(self, made: Iterable[tuple[Name, bytes]]) -> None:
        for name, content in made:
            if name.level not in self._waiting:
                self._waiting[name.level] = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 -- closed by `close`
                self._lengths[name.level] = []
            self._waiting[name.level].write(content)
            self._lengths[name.level].append((name, len(content)))

    def _kept(self, level: int) -> Iterator[tuple[Name, bytes]]:
        file = self._waiting[level]
        file.seek(0)
        for name, length in self._lengths[level]:
            yield name, file.read(length)
