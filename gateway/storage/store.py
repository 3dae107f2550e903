"""What the recorder asks of a database, and the values that go in and out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from dedup.caps import Claim
from dedup.keys import MessageKey, VoterKey
from tally.count import TotalKey, Totals
from tally.merkle import Frontier
from tally.verify import Stored


class Unavailable(RuntimeError):
    """The store cannot commit now (disk full, I/O error): nothing was acknowledged; try again later."""


class Conflict(RuntimeError):
    """Somebody else recorded first: recall again, decide again."""


class Unsafe(RuntimeError):
    """The store is set up so that an acknowledged vote could be lost or counted twice. It does not open."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log stands. `campaign_id` and `log_id` are the database's own numbers."""

    campaign: str
    node: str
    campaign_id: int
    log_id: int
    size: int
    frontier: Frontier


class Heard(NamedTuple):
    """What names one message: the caller's key and the message's."""

    voter: VoterKey
    message: MessageKey


class Place(NamedTuple):
    """Where an entry stands."""

    log_id: int
    seq: int


class HeldClaim(NamedTuple):
    """A claim that the store holds, and the channel its vote came by."""

    voter: VoterKey
    claim: Claim
    channel: str


@dataclass(frozen=True, slots=True)
class Recall:
    """What the store remembers of the messages and callers asked about."""

    heard: Mapping[Heard, Place]
    claims: Sequence[HeldClaim]


class ClaimRow(NamedTuple):
    """A claim to be written: whose, which use of which cap, by which channel, and the entry that made it."""

    voter: VoterKey
    contest: str
    cap: str
    period: str
    ordinal: int
    candidate: str
    channel: str
    seq: int


class MessageRow(NamedTuple):
    """A message id to be written: whose, which, and its entry."""

    voter: VoterKey
    message: MessageKey
    seq: int


@dataclass(slots=True)
class Batch:
    """What one transaction appends to one log. `head` is the log before, `after` the log it becomes."""

    head: Head
    after: Head
    entries: list[Stored] = field(default_factory=list)
    messages: list[MessageRow] = field(default_factory=list)
    claims: list[ClaimRow] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)


class Store(Protocol):
    """One database. Every method but `append` and `head` only reads."""

    async def head(self, campaign: str, node: str, key_check: bytes) -> Head:
        """A log's head, the log being begun if it is new.

        Raises `Unsafe` if the campaign was begun with another secret.
        """
        ...

    async def recall(self, head: Head, heard: Sequence[Heard]) -> Recall:
        """Which of these messages were recorded before, and what their callers have claimed."""
        ...

    async def append(self, batches: Sequence[Batch]) -> None:
        """Commit the batches in one transaction, durable when this returns.

        Raises `Conflict` if a log has moved or a claim was taken; `Unavailable` if it could not be
        committed, in which case it may still be found after a restart, and a re-sent message is
        recognised.
        """
        ...

    async def entries_at(self, places: Sequence[Place]) -> Sequence[Stored]:
        """The entries at these places, in their order."""
        ...

    async def probe(self) -> None:
        """Write something, durably, without changing anything. Raises `Unavailable`."""
        ...

    async def reopen(self) -> None:
        """Begin anew after `Unavailable`. Raises `Unavailable` if it still is."""
        ...

    async def acts(self, campaign: str) -> Sequence[Stored]:
        """The campaign's acts, in order."""
        ...

    async def totals(self, campaign: str) -> Mapping[TotalKey, int]:
        """The campaign's totals over all its logs."""
        ...
