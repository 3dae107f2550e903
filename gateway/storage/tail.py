"""Claims that are committed, and not yet where they are found by their key.

The key of a claim is random: to put it in its place a vote has to write a page of its own, which costs more
than all else that is written for it. So a commit appends claims to a table, in the order in which they come
(`tails`); they are kept here, to be recalled; and later commits bring them into `claims`, a slice of the keys
at a time, sorted: neighbours share a page. What waits stays within a bound, and so does what one commit
brings over. After a crash the tail is read back.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from dedup.caps import Claim
from dedup.keys import VoterKey
from gateway.storage.blocks import CLAIMS, load
from gateway.storage.rows import insert, padded
from gateway.storage.seen import Seen
from gateway.storage.store import Batch, ClaimRow, Conflict, Heard, HeldClaim, Place

TAIL: Final = load("gateway.storage", "tail.sql")

#: Claims that may wait. With more, more neighbours share a page; these take about 10 MB.
ROOM: Final = 32_768

#: A claim as it is stored, in the order of its key: voter, campaign, cap, contest, period, ordinal; then
#: candidate, channel, log and seq.
Row = tuple[VoterKey, int, str, str, str, int, str, str, int, int]
SHAPE: Final = "(?,?,?,?,?,?,?,?,?,?)"

#: A slice is all keys with one first byte.
SLICES: Final = [bytes((first,)) for first in range(256)]


class _Slice:
    """What waits of a slice: message ids by (campaign, voter, message), uses of caps by (campaign, voter)."""

    __slots__ = ("messages", "uses")

    def __init__(self) -> None:
        self.messages: dict[tuple[int, VoterKey, str], Row] = {}
        self.uses: dict[tuple[int, VoterKey], list[Row]] = {}

    def rows(self) -> Iterator[Row]:
        return chain(self.messages.values(), *self.uses.values())


class Tail:
    """The tail of one database. `load` it first.

    `settle` and `add` write, inside a transaction; what is remembered changes with `committed`, after it.
    """

    def __init__(self) -> None:
        self._slices = {first: _Slice() for first in SLICES}
        self._marks = dict.fromkeys(SLICES, 0)
        self.waiting = 0  # claims
        self._last = 0
        self._turn = 0
        self.seen = Seen()

    def load(self, db: sqlite3.Connection) -> None:
        """Take up what waits in the database: at a start, or when somebody else has written there."""
        self._slices = {first: _Slice() for first in SLICES}
        self._marks = dict.fromkeys(SLICES, 0) | dict(db.execute(TAIL["marks"]))
        self.waiting = 0
        self.seen = Seen()
        (self._last,) = db.execute(TAIL["last"]).fetchone()
        self._keep(db.execute(TAIL["load"]).fetchall())

    def place(self, campaign: int, heard: Heard) -> Place | None:
        """Where a message stands whose id waits here."""
        row = self._slices[heard.voter[:1]].messages.get((campaign, *heard))
        return None if row is None else Place(*row[8:])

    def held(self, campaign: int, voter: VoterKey) -> list[tuple[HeldClaim, Place]]:
        """What a caller has used up by claims that wait here, and the entries that made them."""
        return [
            (HeldClaim(voter, Claim(contest, cap, period, ordinal, candidate), channel), Place(log, seq))
            for _, _, cap, contest, period, ordinal, candidate, channel, log, seq in self._slices[
                voter[:1]
            ].uses.get((campaign, voter), ())
        ]

    def due(self) -> list[bytes]:
        """The slices whose turn has come, as many as bring what waits within its bound."""
        due: list[bytes] = []
        over = self.waiting - ROOM
        while over > 0:
            first = SLICES[(self._turn + len(due)) % len(SLICES)]
            over -= self._size(first)
            due.append(first)
        return due

    def settle(self, db: sqlite3.Connection, slices: Collection[bytes]) -> None:
        """Bring slices to `claims`, inside a transaction. Raises `sqlite3.IntegrityError` if one is there."""
        if not slices:
            return
        for first in slices:
            insert(db, CLAIMS["add-claims"], SHAPE, sorted(self._slices[first].rows()))
        insert(db, TAIL["mark"], "(?,?)", [(first, self._last) for first in slices])
        marks = (self._last if first in slices else mark for first, mark in self._marks.items())
        db.execute(TAIL["drop"], (min(marks),))

    def add(self, db: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Append claims, inside a transaction. Raises `Conflict` if one of them was made before.

        That is looked up again here, whatever was decided: of who was never seen nothing was claimed.
        """
        known = self._known(rows)
        for shape, keys in padded([row[:6] for row in known], "(?,?,?,?,?,?)"):
            taken = db.execute(TAIL["taken"].format(keys=shape), list(chain.from_iterable(keys)))
            if taken.fetchone():
                raise Conflict("it was claimed before")
        if any(self._waits(row) for row in known):
            raise Conflict("it was claimed just now")
        insert(db, TAIL["add"], SHAPE, rows)

    def _known(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Those whose callers may have been seen."""
        voters = self.seen.maybe({row[0] for row in rows})
        return [row for row in rows if row[0] in voters] if voters else ()

    def _waits(self, row: Row) -> bool:
        """Whether the same use of a cap, or message id, waits here."""
        voter, campaign, cap, _, period, *_ = row
        held = self._slices[voter[:1]]
        if cap == "message":
            return (campaign, voter, period) in held.messages
        return any(row[:6] == other[:6] for other in held.uses.get((campaign, voter), ()))

    def committed(self, db: sqlite3.Connection, settled: Collection[bytes], added: Sequence[Row]) -> None:
        """Remember what a transaction has done."""
        for first in settled:
            self.waiting -= self._size(first)
            self._slices[first] = _Slice()
            self._marks[first] = self._last
        self._turn = (self._turn + len(settled)) % len(SLICES)
        if added:
            self._keep(added)
            (self._last,) = db.execute(TAIL["last"]).fetchone()

    def _size(self, first: bytes) -> int:
        held = self._slices[first]
        return len(held.messages) + sum(map(len, held.uses.values()))

    def _keep(self, rows: Sequence[Row]) -> None:
        slices = self._slices
        for row in rows:
            voter, campaign, cap = row[:3]
            held = slices[voter[:1]]
            if cap == "message":
                held.messages[campaign, voter, row[4]] = row
            else:
                held.uses.setdefault((campaign, voter), []).append(row)
        self.waiting += len(rows)
        self.seen.update({row[0] for row in rows})


def rows_of(batch: Batch) -> list[Row]:
    """The claims of a batch, as they are stored."""
    campaign, log = batch.head.campaign_id, batch.head.log_id
    messages: list[Row] = [
        (voter, campaign, "message", "", message, 1, "", "", log, seq)
        for voter, message, seq in batch.messages
    ]
    return messages + claim_rows(batch.claims, campaign, log)


def claim_rows(claims: Iterable[ClaimRow], campaign: int, log: int) -> list[Row]:
    """Uses of caps, as they are stored."""
    return [
        (voter, campaign, cap, contest, period, ordinal, candidate, channel, log, seq)
        for voter, contest, cap, period, ordinal, candidate, channel, seq in claims
    ]
