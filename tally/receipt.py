"""A voter's receipt: a code short enough for a reply, and the proof that the message stands in the log.

The code is 60 bits of a hash of the entry's hash, in Crockford's alphabet: `7Q4K-9XWM-2T0R`. The proof is a
file as C2SP has it (c2sp.org/tlog-proof): where the entry stands, the hashes from it to the root, and the
signed checkpoint, word for word. The entry itself is its extra data, so that the file, the code and the
log's key are all that a check needs. Neither says for whom the vote was.
"""

import base64
import binascii
import hashlib
import re
import unicodedata
from typing import Final, NamedTuple

from tally import entry, merkle, note, tiles
from tally.entry import BadEntry, Leaf
from tally.note import BadNote, Verifier

#: How many characters a code has, hyphens and all.
CODE_LENGTH: Final = 14

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DIGITS: Final = {sign: value for value, sign in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_BETWEEN: Final = re.compile(r"[\s\u2010-\u2015-]+")
#: Nobody types more than this for twelve characters.
_LONGEST: Final = 100

_HEADER: Final = "c2sp.org/tlog-proof@v1"
_PROOF: Final = re.compile(
    rf"{_HEADER}\nextra ([A-Za-z0-9+/=]+)\nindex (0|[1-9][0-9]{{0,18}})\n((?:[A-Za-z0-9+/=]+\n)*)\n(.+)",
    re.ASCII | re.DOTALL,
)


class BadCode(ValueError):
    """Not twelve characters of the alphabet."""


class BadReceipt(ValueError):
    """Not a proof of ours, or it proves nothing."""


def number(leaf_hash: bytes) -> int:
    """The receipt of an entry, as a number of 60 bits."""
    return int.from_bytes(hashlib.sha256(b"vote-track/v1" + leaf_hash).digest()[:8]) >> 4


def spelled(receipt: int) -> str:
    """The code as it stands in a reply.

    >>> spelled(0), spelled(2**60 - 1)
    ('0000-0000-0000', 'ZZZZ-ZZZZ-ZZZZ')
    """
    signs = "".join(_ALPHABET[receipt >> shift & 31] for shift in range(55, -5, -5))
    return "-".join((signs[:4], signs[4:8], signs[8:]))


def read_code(text: str) -> int:
    """The number that a code spells, however it was typed. Raises `BadCode`.

    >>> read_code("oooo oooo ooil") == read_code("0000-0000-0011")
    True
    """
    signs = _BETWEEN.sub("", unicodedata.normalize("NFKC", text[:_LONGEST])).upper()
    if len(signs) != 12 or len(text) > _LONGEST or not all(sign in _DIGITS for sign in signs):
        raise BadCode("a code has twelve letters and digits")
    receipt = 0
    for sign in signs:
        receipt = receipt << 5 | _DIGITS[sign]
    return receipt


class Receipt(NamedTuple):
    """A proof as the file has it: an entry, where it stands, the hashes up to the root, the checkpoint."""

    leaf: bytes
    seq: int
    hashes: tuple[bytes, ...]
    checkpoint: str

    @property
    def number(self) -> int:
        """The number that its code spells."""
        return number(merkle.leaf_hash(self.leaf))

    def pack(self) -> bytes:
        """The file."""
        lines = [_HEADER, f"extra {_base64(self.leaf)}", f"index {self.seq}", *map(_base64, self.hashes)]
        return ("\n".join(lines) + "\n\n" + self.checkpoint).encode()


def unpack(file: bytes) -> Receipt:
    """The proof in a file, which has one spelling. Raises `BadReceipt`."""
    try:
        found = _PROOF.fullmatch(file.decode())
        if found is None:
            raise BadReceipt("not a proof")
        leaf, index, hashes, checkpoint = found.groups()
        receipt = Receipt(
            base64.b64decode(leaf, validate=True),
            int(index),
            tuple(base64.b64decode(one, validate=True) for one in hashes.splitlines()),
            checkpoint,
        )
        for line in checkpoint.rpartition("\n\n")[2].splitlines():
            signature = line.rpartition(" ")[2]
            if _base64(base64.b64decode(signature.encode(), validate=True)) != signature:
                raise BadReceipt("a signature has another spelling")
    except (UnicodeDecodeError, binascii.Error) as error:
        raise BadReceipt("not a proof") from error
    if receipt.pack() != file:
        raise BadReceipt("a hash has another spelling")
    return receipt


def check(file: bytes, key: Verifier) -> tuple[Receipt, Leaf]:
    """What a file proves: that this entry stands in the log whose key that is. Raises `BadReceipt`."""
    receipt = unpack(file)
    try:
        checkpoint = note.read_checkpoint(note.open_note(receipt.checkpoint, [key]))
        leaf = entry.read_leaf(receipt.leaf)
    except (BadNote, BadEntry) as error:
        raise BadReceipt(str(error)) from error
    if checkpoint.origin != key.name:
        raise BadReceipt("the checkpoint is another log's")
    hashed = merkle.leaf_hash(receipt.leaf)
    if not tiles.proves_inclusion(hashed, receipt.seq, checkpoint.size, receipt.hashes, checkpoint.root):
        raise BadReceipt("the entry is not under this checkpoint")
    return receipt, leaf


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
