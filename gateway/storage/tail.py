"""Claims that are committed, and not yet where they are found by their key.

The key of a claim is random: to put it in its place a vote has to write a page of its own, which costs more
than all else that is written for it. So a commit appends messages, with what they claim, to a table, in the
order in which they come (`tails`); they are kept here, to be recalled; and later commits bring their claims
into `claims`, a slice of the keys at a time, sorted: neighbours share a page. What waits stays within a
bound, and so does what one commit brings over. After a crash the tail is read back.
"""

import json
import sqlite3
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Final

from dedup.caps import Claim
from dedup.keys import MessageKey, VoterKey
from gateway.storage import claims
from gateway.storage.blocks import CLAIMS, load
from gateway.storage.claims import Claiming
from gateway.storage.rows import insert, padded
from gateway.storage.seen import Seen
from gateway.storage.store import Conflict, Heard, HeldClaim, Place

TAIL: Final = load("gateway.storage", "tail.sql")

#: Messages that may wait. With more, more neighbours share a page; these take about 10 MB.
ROOM: Final = 32_768

_SHAPE: Final = "(?,?,?,?,?,?,?,?)"

#: The claims of a caller share a page: which of them comes first makes no difference there.
_BY_VOTER: Final = itemgetter(0)

#: A slice is all keys with one first byte.
SLICES: Final = [bytes((first,)) for first in range(256)]


class _Slice:
    """What waits of a slice. Most of it is never asked for: what is, is found by an index made when asked."""

    __slots__ = ("_callers", "_indexed", "_messages", "waiting")

    def __init__(self) -> None:
        self.waiting: list[Claiming] = []
        self._indexed = 0
        self._messages: dict[tuple[int, VoterKey, MessageKey], Claiming] = {}
        self._callers: dict[tuple[int, VoterKey], list[Claiming]] = {}

    def message(self, campaign: int, voter: VoterKey, message: MessageKey) -> Claiming | None:
        """The message of a caller, if it waits here."""
        self._index()
        return self._messages.get((campaign, voter, message))

    def of(self, campaign: int, voter: VoterKey) -> Sequence[Claiming]:
        """What waits of a caller, if it uses a cap."""
        self._index()
        return self._callers.get((campaign, voter), ())

    def _index(self) -> None:
        for row in self.waiting[self._indexed :]:
            voter, campaign, message, uses, *_ = row
            self._messages[campaign, voter, message] = row
            if uses:
                self._callers.setdefault((campaign, voter), []).append(row)
        self._indexed = len(self.waiting)


class Tail:
    """The tail of one database. `load` it first.

    `settle` and `add` write, inside a transaction; what is remembered changes with `committed`, after it.
    """

    def __init__(self) -> None:
        self._slices = {first: _Slice() for first in SLICES}
        self._marks = dict.fromkeys(SLICES, 0)
        self.waiting = 0  # messages
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
        self._keep(
            [
                (VoterKey(voter), campaign, MessageKey(message), _uses(told), *where)
                for voter, campaign, message, told, *where in db.execute(TAIL["load"])
            ]
        )

    def place(self, campaign: int, heard: Heard) -> Place | None:
        """Where a message stands whose id waits here."""
        row = self._slices[heard.voter[:1]].message(campaign, *heard)
        return None if row is None else Place(*row[5:])

    def held(self, campaign: int, voter: VoterKey) -> list[tuple[HeldClaim, Place]]:
        """What a caller has used up by claims that wait here, and the entries that made them."""
        return [
            (HeldClaim(voter, use, channel), Place(log, seq))
            for _, _, _, uses, channel, log, seq in self._slices[voter[:1]].of(campaign, voter)
            for use in uses
        ]

    def due(self) -> list[bytes]:
        """The slices whose turn has come, as many as bring what waits within its bound."""
        due: list[bytes] = []
        over = self.waiting - ROOM
        while over > 0:
            first = SLICES[(self._turn + len(due)) % len(SLICES)]
            over -= len(self._slices[first].waiting)
            due.append(first)
        return due

    def settle(self, db: sqlite3.Connection, slices: Collection[bytes]) -> None:
        """Bring slices to `claims`, inside a transaction. Raises `sqlite3.IntegrityError` if one is there."""
        if not slices:
            return
        for first in slices:
            waiting = sorted(self._slices[first].waiting, key=_BY_VOTER)
            insert(db, CLAIMS["add-claims"], claims.SHAPE, claims.of_messages(waiting))
        insert(db, TAIL["mark"], "(?,?)", [(first, self._last) for first in slices])
        marks = (self._last if first in slices else mark for first, mark in self._marks.items())
        db.execute(TAIL["drop"], (min(marks),))

    def add(self, db: sqlite3.Connection, rows: Sequence[Claiming]) -> None:
        """Append messages, inside a transaction. Raises `Conflict` if one of their claims was made before.

        That is looked up again here, whatever was decided: of who was never seen nothing was claimed.
        """
        known = self._known(rows)
        for shape, keys in padded([row[:6] for row in claims.of_messages(known)], "(?,?,?,?,?,?)"):
            taken = db.execute(TAIL["taken"].format(keys=shape), list(chain.from_iterable(keys)))
            if taken.fetchone():
                raise Conflict("it was claimed before")
        if any(self._waits(row) for row in known):
            raise Conflict("it was claimed just now")
        told = [
            (number, *row[:3], _told(row[3]), *row[4:]) for number, row in enumerate(rows, self._last + 1)
        ]
        insert(db, TAIL["add"], _SHAPE, told)

    def _known(self, rows: Sequence[Claiming]) -> Sequence[Claiming]:
        """Those whose callers may have been seen."""
        voters = self.seen.maybe([row[0] for row in rows])
        return [row for row in rows if row[0] in voters] if voters else ()

    def _waits(self, row: Claiming) -> bool:
        """Whether its id, or the same use of a cap, waits here."""
        voter, campaign, message, uses, *_ = row
        held = self._slices[voter[:1]]
        if held.message(campaign, voter, message):
            return True
        waiting = {use[:4] for other in held.of(campaign, voter) for use in other[3]}
        return any(use[:4] in waiting for use in uses)

    def committed(self, settled: Collection[bytes], added: Sequence[Claiming]) -> None:
        """Remember what a transaction has done."""
        for first in settled:
            self.waiting -= len(self._slices[first].waiting)
            self._slices[first] = _Slice()
            self._marks[first] = self._last
        self._turn = (self._turn + len(settled)) % len(SLICES)
        self._keep(added)
        self._last += len(added)

    def _keep(self, rows: Sequence[Claiming]) -> None:
        slices = self._slices
        for row in rows:
            slices[row[0][:1]].waiting.append(row)
        self.waiting += len(rows)
        self.seen.update([row[0] for row in rows])


@lru_cache(maxsize=4096)
def _told(uses: tuple[Claim, ...]) -> str:
    """Uses of caps as they are stored: few differ."""
    return json.dumps(uses, separators=(",", ":"), ensure_ascii=False)


@lru_cache(maxsize=4096)
def _uses(told: str) -> tuple[Claim, ...]:
    return tuple([Claim(*use) for use in json.loads(told)])
