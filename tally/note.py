"""Signed notes and checkpoints, as C2SP specifies them: what a log says of itself, and who says so.

A note is a text, an empty line, and signatures, one a line (c2sp.org/signed-note). A checkpoint is a note
whose text is the log's name, its size and its root, one a line (c2sp.org/tlog-checkpoint).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

#: Ed25519 over the text of a note. Witnesses sign under another, for what they sign has a time in it.
ED25519: Final = 1
#: Ed25519 of a witness over a time and the text (c2sp.org/tlog-cosignature).
COSIGNATURE: Final = 4
SEED_BYTES: Final = 32

_NAME: Final = re.compile(r"[^\s+]+")
_SIGNATURE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")


class BadNote(ValueError):
    """Not a note, or not signed by whom it should be."""


class Unsigned(BadNote):
    """A note, but none of those who are believed has signed it."""


def is_name(text: str) -> bool:
    """Whether somebody who signs can be called so."""
    return bool(_NAME.fullmatch(text))


class Verifier(NamedTuple):
    """Whose signatures are believed: a name and an Ed25519 public key (32 bytes); a log's, or a witness's."""

    name: str
    public: bytes
    kind: int = ED25519

    @property
    def key_id(self) -> bytes:
        """4 bytes, by which signatures name the key."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        """The key as it is published: `name+hex(id)+base64(kind ‖ public)`."""
        key = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"


def read_vkey(text: str) -> Verifier:
    """A key as it is published. Raises `BadNote`."""
    try:
        name, key_id, key = text.strip().split("+", 2)
        decoded = base64.b64decode(key, validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadNote("not a key: name+id+key is expected") from error
    verifier = Verifier(name, decoded[1:], decoded[0] if decoded else 0)
    if (
        len(decoded) != 33
        or decoded[0] not in (ED25519, COSIGNATURE)
        or verifier.key_id.hex() != key_id
        or not is_name(name)
    ):
        raise BadNote("not an Ed25519 key, or its id is another's")
    return verifier


class Signer:
    """Signs as `name`, which has neither blanks nor `+`. `seed` is 32 secret bytes."""

    def __init__(self, name: str, seed: bytes) -> None:
        assert is_name(name), name
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The text, which ends with a line break, as a note. The same text gives the same note."""
        assert text.endswith("\n")
        return f"{text}\n" + _line(self.verifier, self._key.sign(text.encode()))

    def cosign(self, note: str, at: int) -> str:
        """A log's note with a witness's signature added: at this time (Unix seconds) it was consistent."""
        witness, (text, _, signatures) = self.witness, note.rpartition("\n\n")
        signature = at.to_bytes(8) + self._key.sign(_cosigned(f"{text}\n", at))
        kept = [one for one in signatures.splitlines() if not one.startswith(f"— {witness.name} ")]
        return "\n".join([text, "", *kept, _line(witness, signature)])

    @property
    def witness(self) -> Verifier:
        """The key as a witness's."""
        return self.verifier._replace(kind=COSIGNATURE)


def _line(verifier: Verifier, signature: bytes) -> str:
    return f"— {verifier.name} {base64.b64encode(verifier.key_id + signature).decode()}\n"


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def open_note(note: str, believed: Sequence[Verifier]) -> str:
    """The text of a note that one of these has signed. Raises `BadNote`."""
    text, lines = _believed(note, believed)
    if next(lines, None) is None:
        raise Unsigned("none of the keys that are believed has signed it")
    return text


def kept_of(note: str, believed: Sequence[Verifier]) -> str:
    """The note with the signatures of these alone, as far as they are right. Raises `BadNote`."""
    text, lines = _believed(note, believed)
    kept = list(dict.fromkeys(lines))
    if not kept:
        raise Unsigned("none of the keys that are believed has signed it")
    return "\n".join([text, *kept, ""])


def joined(note: str, other: str) -> str:
    """A note with the signatures that another has of the same text, behind its own; else as it was."""
    (text, _, ours), (same, _, theirs) = note.rpartition("\n\n"), other.rpartition("\n\n")
    if text != same or not text:
        return note
    lines = ours.splitlines()
    return "\n".join([text, "", *lines, *(one for one in theirs.splitlines() if one not in lines), ""])


def _believed(note: str, believed: Sequence[Verifier]) -> tuple[str, Iterator[str]]:
    """A note's text, and those lines of its signatures that are right, as they are asked for.

    Raises `BadNote`, also when asked for a line.
    """
    text, empty, signatures = note.rpartition("\n\n")
    if not empty or not signatures.endswith("\n") or any(ord(one) < 0x20 and one != "\n" for one in note):
        raise BadNote("not a signed note")
    return f"{text}\n", _right(f"{text}\n", signatures, believed)


def _right(text: str, signatures: str, believed: Sequence[Verifier]) -> Iterator[str]:
    keys = {(one.name, one.key_id): one for one in believed}
    for line in signatures.splitlines():
        found = _SIGNATURE.fullmatch(line)
        if found is None:
            raise BadNote("a line of the signatures is none")
        try:
            signature = base64.b64decode(found[2], validate=True)
        except binascii.Error as error:
            raise BadNote("a signature is not base64") from error
        key = keys.get((found[1], signature[:4]))
        if key is not None and _verifies(key, text, signature[4:]):
            yield line


def _verifies(key: Verifier, text: str, signature: bytes) -> bool:
    signed = text.encode()
    if key.kind == COSIGNATURE:
        signed, signature = _cosigned(text, int.from_bytes(signature[:8])), signature[8:]
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, signed)
    except InvalidSignature:
        return False
    return True


class Checkpoint(NamedTuple):
    """What a log says of itself: its name, how many entries it has, and the root over them (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text of its note."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note's text is. Raises `BadNote`."""
    origin, *rest = text.split("\n")
    try:
        size, root, *_ = rest
        if not re.fullmatch(r"0|[1-9][0-9]{0,18}", size, re.ASCII) or not origin:
            raise BadNote("not a checkpoint")
        decoded = base64.b64decode(root, validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadNote("not a checkpoint") from error
    if len(decoded) != 32:
        raise BadNote("a root has 32 bytes")
    return Checkpoint(origin, int(size), decoded)
