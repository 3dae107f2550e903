"""Which callers have surely claimed nothing yet: most have not, and need not be looked for on the disk."""

import sqlite3
from collections.abc import Iterable
from typing import Final

from dedup.keys import VoterKey
from gateway.storage.blocks import load

SEEN: Final = load("gateway.storage", "seen.sql")

#: 16 MiB, taken as they are touched: of ten million callers one stranger in 130 is looked for in vain.
_BITS: Final = 27
_MASK: Final = (1 << _BITS) - 1
_HASHES: Final = 3
#: Callers that are taken up from the database at a time.
_CHUNK: Final = 2048


class Seen:
    """A Bloom filter of callers. Their keys are random already: pieces of one are its hashes.

    `learn` takes up what the database holds, bit by bit; until `is_ready` anybody may have been seen.
    """

    def __init__(self) -> None:
        self._bits = bytearray(1 << (_BITS - 3))
        self._upto = b""
        self.is_ready = False

    def add(self, voter: VoterKey) -> None:
        """Remember a caller."""
        word = int.from_bytes(voter, "big")
        for _ in range(_HASHES):
            self._bits[(word & _MASK) >> 3] |= 1 << (word & 7)
            word >>= _BITS

    def update(self, voters: Iterable[VoterKey]) -> None:
        """Remember callers."""
        for voter in voters:
            self.add(voter)

    def may_hold(self, voter: VoterKey) -> bool:
        """Whether the caller may have been seen; False is certain."""
        if not self.is_ready:
            return True
        word = int.from_bytes(voter, "big")
        for _ in range(_HASHES):
            if not self._bits[(word & _MASK) >> 3] & 1 << (word & 7):
                return False
            word >>= _BITS
        return True

    def learn(self, db: sqlite3.Connection) -> None:
        """Take up some more of the callers in `claims`, in the order of their keys."""
        if self.is_ready:
            return
        some = [voter for (voter,) in db.execute(SEEN["callers"], (self._upto, _CHUNK))]
        self.update(some)
        self._upto = some[-1] if some else self._upto
        self.is_ready = len(some) < _CHUNK
