"""Attached files on the disk: below the data folder, which nothing serves, called by their hash.

Papers, which hold personal data, are sealed; photos are not, for one of them is published. A file is on the
disk before the database says that it is there.
"""

import hashlib
import os
from collections.abc import Set
from contextlib import suppress
from pathlib import Path

from gateway.durable import sync
from tally.entry import BLINDING_BYTES, BadEntry
from tally.seal import Sealer


class Lost(RuntimeError):
    """The file is not there, or is not what it was."""


class Cabinet:
    """One campaign's files. Every method does I/O."""

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        self._folder, self._sealer = folder, sealer

    def put(self, content: bytes, *, private: bool, blinding: bytes) -> bytes:
        """Keep a file, durably; returns its SHA-256. `blinding` is random, of `BLINDING_BYTES`."""
        assert len(blinding) == BLINDING_BYTES
        digest = hashlib.sha256(content).digest()
        path = self._path(digest)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = path.with_suffix(f".{blinding[:8].hex()}.part")
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(self._sealer.seal(0, blinding, content) if private else content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            sync(path.parent)
            sync(path.parent.parent)
        return digest

    def get(self, digest: bytes, *, private: bool) -> bytes:
        """A file as it was handed in. Raises `Lost`."""
        try:
            content = self._path(digest).read_bytes()
            if private:
                _, content = self._sealer.open(0, content)
        except (OSError, BadEntry) as error:
            raise Lost(digest.hex()) from error
        if hashlib.sha256(content).digest() != digest:
            raise Lost(digest.hex())
        return content

    def has(self, digest: bytes) -> bool:
        """Whether a file is there."""
        return self._path(digest).exists()

    def drop(self, digest: bytes) -> None:
        """Destroy a file, if it is there."""
        self._path(digest).unlink(missing_ok=True)

    def tidy(self, attached: Set[bytes], before_ms: int) -> None:
        """Destroy what was put here before an instant (Unix milliseconds), and is attached to nothing."""
        keep_only(self._folder, attached, before_ms)

    def _path(self, digest: bytes) -> Path:
        return self._folder / digest.hex()


def folder_of(data: Path, campaign: str) -> Path:
    """Where a campaign's files stand in the data folder."""
    return data / "nominations" / campaign


def keep_only(folder: Path, digests: Set[bytes], before_ms: float = float("inf")) -> None:
    """Destroy what a folder has besides some files, also what was never kept whole, but not what was put
    there since an instant (Unix milliseconds)."""
    known = {digest.hex() for digest in digests}
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # another process is at it, too
            if path.name not in known and path.stat().st_mtime * 1000 < before_ms:
                path.unlink()
