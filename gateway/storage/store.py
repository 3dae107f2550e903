"""What the recorder asks of a database, and the values that go in and out."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from dedup.caps import Claim
from dedup.keys import MessageKey, VoterKey
from gateway.storage.database import Jobs
from tally import entry, merkle, order
from tally.count import TotalKey, Totals
from tally.merkle import Frontier
from tally.order import Placed
from tally.outcome import Selection
from tally.verify import Stored

if TYPE_CHECKING:
    from gateway.storage.reader import Reader


class Unavailable(RuntimeError):
    """The store cannot commit now (disk full, I/O error): nothing was acknowledged; try again later."""


class Conflict(RuntimeError):
    """Somebody else recorded first: recall again, decide again. `voters` are the callers of whom a claim was
    taken; none if it is not a claim."""

    def __init__(self, said: str, voters: Collection[VoterKey] = ()) -> None:
        super().__init__(said)
        self.voters = frozenset(voters)


class Unsafe(RuntimeError):
    """The store is set up so that an acknowledged vote could be lost or counted twice. It does not open."""


class Edge(NamedTuple):
    """How far another log had come."""

    size: int
    frontier: Frontier


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log stands. `campaign_id` and `log_id` are the database's own numbers; `node` is the node's
    name, with its epoch if that is not the first. `edition` counts the campaign's acts, whichever node has
    recorded them: what is decided on an earlier one is not appended. `closing_ms` is since when nothing
    counts, if people are closing early. `others` are the campaign's other logs that have entries, by name, as
    of when this was read."""

    campaign: str
    node: str
    campaign_id: int
    log_id: int
    size: int
    frontier: Frontier
    edition: int = 0
    closing_ms: int | None = None
    others: Mapping[str, Edge] = field(default_factory=dict)

    @property
    def entries(self) -> int:
        """How many entries the campaign had when this was read, over all its logs."""
        return self.size + sum(edge.size for edge in self.others.values())


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
    """A ruling's claim to be written: whose, which use of which cap, by which channel its message came, and
    the message's entry."""

    voter: VoterKey
    contest: str
    cap: str
    period: str
    ordinal: int
    candidate: str
    channel: str
    seq: int


class MessageRow(NamedTuple):
    """A message to be written: whose, which, its entry, the channel it came by, and the caps it uses."""

    voter: VoterKey
    message: MessageKey
    seq: int
    channel: str
    uses: tuple[Claim, ...]


class ReceiptRow(NamedTuple):
    """A receipt to be found again: its number, and the message's entry."""

    code: int
    seq: int


class Acted(NamedTuple):
    """An act as stored, and the node that wrote it."""

    node: str
    stored: Stored


def edges(logs: Iterable[tuple[str, int, bytes, int]], own: str) -> dict[str, Edge]:
    """A campaign's logs (node, size, frontier, number) as one of them sees the others."""
    return {
        node: Edge(size, merkle.unpack(frontier)) for node, size, frontier, _ in logs if node != own and size
    }


def in_order(acts: Sequence[Acted]) -> list[Acted]:
    """Acts in the order in which they were recorded. An entry that cannot be read stands where it is."""
    if len({act.node for act in acts}) < 2:
        return list(acts)
    return order.in_order(acts, placed)


def placed(act: Acted) -> Placed:
    """Where an act stands among those of all logs, as its leaf tells."""
    try:
        return order.placed(act.node, act.stored.seq, entry.read_leaf(act.stored.leaf).detail)
    except (entry.BadEntry, ValueError, TypeError, AttributeError):  # who opens it says what is wrong
        return Placed(act.node, act.stored.seq, {})


class ActRow(NamedTuple):
    """An act to be found again, and the message it is about, if it is about one."""

    seq: int
    target: Place | None = None


CaseState = Literal["waiting", "disputed", "ruled"]


class CaseRow(NamedTuple):
    """A message that waits for a person, or on which one has ruled. `text_key` is what alike texts share."""

    seq: int
    state: CaseState
    text_key: str


class Yielded(NamedTuple):
    """What a ruling does to the claims that one entry made, before any new claim is written.

    "release" gives the uses back; "mute" keeps them used, though no vote stands behind them any more.
    """

    voter: VoterKey
    place: Place
    how: Literal["release", "mute"]


class ReplyRow(NamedTuple):
    """A reply to be sent after the commit: whose, to which entry, by which source's outbox, when the message
    came and when the reply is due (Unix milliseconds), and number and text, sealed."""

    voter: VoterKey
    seq: int
    source: str
    at_ms: int
    due_ms: int
    sealed: bytes


class Erasure(NamedTuple):
    """What an `erase` act destroys: what is sealed beside entries (spans of first and last, by log), and the
    claims that these callers have by them, or everybody's, if None. `waiting` counts those that waited."""

    spans: Mapping[int, Sequence[tuple[int, int]]]
    voters: Sequence[VoterKey] | None
    waiting: Totals


MINUTE_MS: Final = 60_000


class Minute(NamedTuple):
    """One minute of one source, by our clock: Unix milliseconds of its beginning."""

    minute_ms: int
    source: str
    counted: bool


@dataclass(slots=True)
class Earlier:
    """What rulings make of messages that stand in an earlier log of the node (`tally/epochs.py`)."""

    claims: list[ClaimRow] = field(default_factory=list)
    cases: list[CaseRow] = field(default_factory=list)


@dataclass(slots=True)
class Batch:
    """What one transaction appends to one log. `head` is the log before, `after` the log it becomes.

    `released` are candidates whose voters get their votes back (`withdrawal = "release"`). `earlier` is by
    the number of the log. `rests` is how many uses of caps each caller had when it was judged, where what the
    batch claims does not settle it: a vote over the cap voids others, and claims nothing of theirs.
    """

    head: Head
    after: Head
    entries: list[Stored] = field(default_factory=list)
    messages: list[MessageRow] = field(default_factory=list)
    claims: list[ClaimRow] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    acts: list[ActRow] = field(default_factory=list)
    cases: list[CaseRow] = field(default_factory=list)
    yielded: list[Yielded] = field(default_factory=list)
    released: list[Selection] = field(default_factory=list)
    tempo: Counter[Minute] = field(default_factory=Counter)
    replies: list[ReplyRow] = field(default_factory=list)
    receipts: list[ReceiptRow] = field(default_factory=list)
    erased: list[Erasure] = field(default_factory=list)
    earlier: dict[int, Earlier] = field(default_factory=dict)
    rests: Mapping[VoterKey, int] = field(default_factory=dict)


class Filed(NamedTuple):
    """A message as stored, where it stands, and the acts about it in order; `state` is "" for no case.

    `log` is the log's name as its openings are sealed under it ("campaign/node").
    """

    place: Place
    log: str
    stored: Stored
    state: CaseState | Literal[""]
    text_key: str
    acts: tuple[Acted, ...] = ()


class Store(Jobs, Protocol):
    """One database: what every vote needs of it. All else is a job (`Jobs`)."""

    @property
    def is_shared(self) -> bool:
        """Whether other nodes may have it open, too."""
        ...

    async def head(self, campaign: str, node: str, key_check: bytes) -> Head:
        """The head of a node's newest log, the log being begun if it is the first.

        Raises `Unsafe` if the campaign was begun with another secret.
        """
        ...

    async def cut_short(self, head: Head, at_ms: int) -> int:
        """From `at_ms` on nothing counts: every node knows it before it appends anything more.

        Returns from when on: the first instant that was given.
        """
        ...

    async def logs(self, campaign: str) -> Mapping[int, str]:
        """A campaign's logs by their number, each with its node."""
        ...

    async def adopt(self, head: Head, pending: Sequence[str]) -> None:
        """Give messages from before there were cases their case, if these outcomes wait for a person."""
        ...

    def alone(self, head: Head, /) -> AbstractAsyncContextManager[None]:
        """While inside, no other node appends to the campaign: what is read is what an act comes after.

        Raises `Unavailable`.
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

    async def acts(self, campaign: str) -> Sequence[Acted]:
        """The campaign's acts, in order."""
        ...

    async def filed(self, places: Sequence[Place]) -> Sequence[Filed]:
        """The messages at these places with what was ruled on them, in their order.

        A place without a message is left out.
        """
        ...

    async def held(self, head: Head, voters: Sequence[VoterKey]) -> Sequence[tuple[HeldClaim, Place]]:
        """What these callers have claimed, and which entry made each claim."""
        ...

    async def totals(self, campaign: str) -> Mapping[TotalKey, int]:
        """The campaign's totals over all its logs."""
        ...

    async def snapshot(self, campaign: str) -> tuple[int, str] | None:
        """The newest daily snapshot: when it was due (Unix milliseconds), and the standings as JSON."""
        ...

    async def add_snapshot(self, campaign: str, due_ms: int, standings: str) -> None:
        """Keep a daily snapshot; the first of a day stands."""
        ...

    async def sweep(self) -> None:
        """Leave no trace of what was erased, as far as the engine can (PostgreSQL's own files are its
        administrator's). Raises `Unavailable`."""
        ...

    def reader(self) -> AbstractAsyncContextManager["Reader"]:
        """One snapshot of the database, on a connection of its own. Raises `Unavailable`."""
        ...
