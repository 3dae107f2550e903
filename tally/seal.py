"""Openings at rest: AES-SIV under the campaign's key, bound to the entry's place in its log.

Whoever destroys a sealed opening erases the person: the leaf and the tree still verify.
"""

from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from tally import entry

#: Bytes of a sealing key: AES-256-SIV takes two 256-bit keys.
KEY_BYTES = 64


class Sealer:
    """Seals and opens the openings of one log (`log` is "campaign/node")."""

    def __init__(self, key: bytes, log: str) -> None:
        self._key, self._siv = key, AESSIV(key)
        self.log, self._log = log, log.encode()

    def of(self, log: str) -> "Sealer":
        """The same key's sealer of another log."""
        return Sealer(self._key, log)

    def seal(self, seq: int, blinding: bytes, opening: bytes) -> bytes:
        """Seal an opening with the blinding key of its commitment (32 bytes)."""
        return self._siv.encrypt(blinding + opening, [self._log, b"%d" % seq])

    def seal_all(self, seqs: Iterable[int], opened: Iterable[bytes]) -> list[bytes]:
        """The same of many: each a blinding key with the opening behind it."""
        encrypt, log = self._siv.encrypt, self._log
        return [encrypt(plain, [log, b"%d" % seq]) for seq, plain in zip(seqs, opened, strict=True)]

    def open(self, seq: int, sealed: bytes) -> tuple[bytes, bytes]:
        """The blinding key and the opening.

        Raises `entry.BadEntry` if it was changed, moved, or is another key's.
        """
        try:
            opened = self._siv.decrypt(sealed, [self._log, b"%d" % seq])
        except (InvalidTag, ValueError) as error:
            raise entry.BadEntry("the sealed opening does not open with this campaign's key") from error
        return opened[: entry.BLINDING_BYTES], opened[entry.BLINDING_BYTES :]
