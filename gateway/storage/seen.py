"""Which callers have surely claimed nothing yet: most have not, and need not be looked for on the disk."""

import sqlite3
import struct
from collections.abc import Iterable
from typing import Final

from dedup.keys import VoterKey
from gateway.storage.blocks import load

SEEN: Final = load("gateway.storage", "seen.sql")

#: 16 MiB, taken as they are touched: of ten million callers one stranger in 117 is looked for in vain.
_BYTES: Final = 1 << 24
#: All bits of a key are in one line of the processor's cache, which it has to wait for once.
_LINES: Final = (_BYTES >> 6) - 1
#: A key's hashes: its first word says which line, of each other nine bits say which bit.
_words: Final = struct.Struct(">4I").unpack
#: Callers that are taken up from the database at a time: a vote may wait for it, some milliseconds.
_CHUNK: Final = 4096


class Seen:
    """A Bloom filter of callers. Their keys are random already: pieces of one are its hashes.

    `learn` takes up what the database holds, piece by piece; until `is_ready` anybody may have been seen.
    """

    def __init__(self) -> None:
        self._bits = bytearray(_BYTES)
        self._upto = b""
        self.is_ready = False

    def update(self, voters: Iterable[VoterKey]) -> None:
        """Remember callers."""
        bits = self._bits
        for voter in voters:
            where, one, two, three = _words(voter)
            line = (where & _LINES) << 6
            bits[line | one >> 26] |= 1 << (one & 7)
            bits[line | two >> 26] |= 1 << (two & 7)
            bits[line | three >> 26] |= 1 << (three & 7)

    def maybe(self, voters: Iterable[VoterKey]) -> set[VoterKey]:
        """Which of these callers may have been seen; of the others it is certain that they were not."""
        if not self.is_ready:
            return set(voters)
        bits, found = self._bits, set()
        for voter in voters:
            where, one, two, three = _words(voter)
            line = (where & _LINES) << 6
            if (
                bits[line | one >> 26] & 1 << (one & 7)
                and bits[line | two >> 26] & 1 << (two & 7)
                and bits[line | three >> 26] & 1 << (three & 7)
            ):
                found.add(voter)
        return found

    def learn(self, db: sqlite3.Connection) -> None:
        """Take up some more of the callers in `claims`, in the order of their keys."""
        if self.is_ready:
            return
        some = [voter for (voter,) in db.execute(SEEN["callers"], (self._upto, _CHUNK))]
        self.update(some)
        self._upto = some[-1] if some else self._upto
        self.is_ready = len(some) < _CHUNK
