"""What a log asks of a witness, and when it may have it (c2sp.org/tlog-witness, `add-checkpoint`).

The body of a request is `old` and the size that the witness knows, the hashes of the proof that the log has
only grown since, in base64, one a line; then an empty line, and the signed checkpoint.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from tally import merkle, note, tiles
from tally.note import BadNote, Checkpoint, Unsigned, Verifier

#: What the answer is that tells the size which the witness knows.
SIZE_TYPE: Final = "text/x.tlog.size"
#: More hashes than that no proof has.
LONGEST_PROOF: Final = 63

_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)
_SIZE: Final = re.compile(r"(0|[1-9][0-9]{0,18})\n", re.ASCII)


class Refusal(ValueError):
    """The witness does not sign. `status` is HTTP's; `size` is what it knows, where that is the answer."""

    def __init__(self, status: int, why: str, size: int | None = None) -> None:
        super().__init__(why)
        self.status, self.size = status, size


class Submission(NamedTuple):
    """A request as it is read: the size before, the proof, the note as it came."""

    old: int
    proof: tuple[bytes, ...]
    signed: str

    def pack(self) -> bytes:
        """The body of the request."""
        hashes = [base64.b64encode(one).decode() for one in self.proof]
        return ("\n".join([f"old {self.old}", *hashes, "", ""]) + self.signed).encode()


def read(body: bytes) -> Submission:
    """A request from its body. Raises `Refusal`."""
    try:
        head, empty, signed = body.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise Refusal(400, "not UTF-8") from None
    first, *lines = head.split("\n")
    old = _OLD.fullmatch(first)
    if not empty or old is None:
        raise Refusal(400, "the first line is `old` and a size, and an empty one ends the proof")
    if len(lines) > LONGEST_PROOF:
        raise Refusal(400, f"a proof has {LONGEST_PROOF} hashes at most")
    return Submission(int(old[1]), tuple(map(_hash, lines)), signed)


def _hash(line: str) -> bytes:
    try:
        decoded = base64.b64decode(line, validate=True)
    except (ValueError, binascii.Error):
        decoded = b""
    if len(decoded) != tiles.HASH_BYTES or base64.b64encode(decoded).decode() != line:
        raise Refusal(400, "a line of the proof is not the base64 of 32 bytes")
    return decoded


def opened(signed: str, believed: Sequence[Verifier]) -> tuple[Checkpoint, str]:
    """What a note says that one of these logs has signed, and the note with that log's signatures alone.

    Raises `Refusal`.
    """
    text, _, _ = signed.rpartition("\n\n")
    try:
        told = note.read_checkpoint(f"{text}\n")
        keys = [one for one in believed if one.name == told.origin]
        if not keys:
            raise Refusal(404, "not a log that is witnessed here")
        return told, note.kept_of(signed, keys)
    except Unsigned:
        raise Refusal(403, "not signed with the log's key") from None
    except BadNote as error:
        raise Refusal(400, str(error)) from None


def judge(known: Checkpoint | None, asked: Submission, now: Checkpoint, *, ended: bool = False) -> None:
    """Whether a log that was as `known`, None if it was not seen yet, may be as `now`. `ended` says that it
    has gone on in another, and must be as it was. Raises `Refusal`."""
    size = known.size if known else 0
    if asked.old > now.size:
        raise Refusal(400, "the checkpoint is smaller than the old size")
    if asked.old != size:
        raise Refusal(409, "another size is known here", size)
    if known and now.size == size and now.root != known.root:
        raise Refusal(409, "another root is known of this size")
    if size == 0:
        shown = not asked.proof and (now.size > 0 or now.root == merkle.EMPTY_ROOT)
    else:
        assert known is not None
        shown = tiles.proves_consistency(size, now.size, asked.proof, known.root, now.root)
    if not shown:
        raise Refusal(422, "the proof does not show that the log goes on from what is known here")
    if ended and now.size != size:
        raise Refusal(409, "this log has gone on in another epoch")


def read_size(body: bytes) -> int | None:
    """The size that an answer of type `SIZE_TYPE` tells, None if it tells none.

    >>> read_size(b"12\\n"), read_size(b"012\\n"), read_size(b"12")
    (12, None, None)
    """
    found = _SIZE.fullmatch(body.decode("ascii", "replace"))
    return int(found[1]) if found else None
