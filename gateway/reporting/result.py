"""The one value that every report is made of: a campaign's result at one place of its ledger. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from config.campaign import Campaign
from tally.entry import Selected
from tally.epochs import Place
from tally.outcome import Channel, Selection
from tally.rulings import voided
from tally.standings import Roll
from tally.window import ChannelWindow

#: How far a result has come, in the words of NIST SP 1500-100.
Stage = Literal[
    "pre-election", "unofficial-partial", "unofficial-complete", "correction", "recount", "certified"
]
#: What has become of a candidate, in the same words.
Fate = Literal["advanced-to-runoff", "projected-winner", "winner", "defeated", "withdrawn"]

HOUR_MS: Final = 3_600_000


class Ruling(NamedTuple):
    """An act by which people gave a message another ending. `verdict` is "" but for adjudications.

    `entry` is where the act stands, `about` the message's entry in the log of `node`; `was` and `now` are its
    outcome and selections.
    """

    entry: Place
    at_ms: int
    kind: str
    verdict: str
    reason: str
    by: str
    second: str
    node: str
    about: int
    was: tuple[str, Selected]
    now: tuple[str, Selected]


class Act(NamedTuple):
    """Anything that a person, or the schedule, did; `entry` is where it stands."""

    entry: Place
    at_ms: int
    kind: str
    by: str
    second: str
    reason: str
    about: str


class Hour(NamedTuple):
    """What came in one hour by one channel, None for what was erased: when the hour began, how many messages,
    how many of them counted when they were taken in."""

    at_ms: int
    channel: Channel | None
    received: int
    counted: int


class Record(NamedTuple):
    """One message, without number and text. `id` is a name of its own that only the campaign's secret links
    to its entry; records come in the order of their ids, which says nothing of when they were sent.

    `decided_ms` is the instant by which it was judged in the window or not: the sender's time, or ours.

    `first` is how it ended when it was taken in, `rulings` what people made of it, and `over` the selections
    that a later message of its caller has voided. `waits`: a person has yet to rule.
    """

    id: str
    node: str
    entry: int
    channel: Channel
    source: str
    received_ms: int
    sent_ms: int | None
    decided_ms: int
    voter: str
    raw_sha256: str
    leaf_hash: str
    first: tuple[str, Selected]
    waits: bool
    rulings: tuple[Ruling, ...] = ()
    over: frozenset[Selection] = frozenset()

    @property
    def ending(self) -> tuple[str, Selected]:
        """Its outcome and selections as they stand."""
        outcome, selections = self.rulings[-1].now if self.rulings else self.first
        return outcome, voided(selections, self.over)

    @property
    def counted_ms(self) -> int:
        """The sender's time where there is one, else ours: whose hour the message belongs to."""
        return self.received_ms if self.sent_ms is None else self.sent_ms


@dataclass(frozen=True, slots=True)
class Result:
    """A campaign's result. What is not known, or not yet, is empty.

    `windows` are as they stood, a schedule moved by an act included; `at_ms` is the time of the last entry;
    `roots` the Merkle root of each node's log; `records` may be gone through again and again, and is never
    in memory whole. `voters` is how many lines have a vote that counts, None if that was erased; `erased` how
    many messages have no record any more. `fates` says what became of candidates, as far as it is decided,
    those on the list first and in its order; `evaluation` is the committee's own (docs/evaluation.md).
    """

    campaign: Campaign
    roll: Roll
    windows: Mapping[Channel, ChannelWindow]
    standings: Mapping[str, Any]
    stage: Stage
    at_ms: int
    entries: int = 0
    roots: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, Channel] = field(default_factory=dict)
    hours: tuple[Hour, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    acts: tuple[Act, ...] = ()
    records: Iterable[Record] = ()
    voters: int | None = None
    erased: int = 0
    fates: Mapping[Selection, Fate] = field(default_factory=dict)
    evaluation: Mapping[str, Any] | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The campaign's zone."""
        return self.campaign.zone

    def window(self, channel: Channel) -> ChannelWindow:
        """The channel's window, as it stood."""
        return self.windows[channel]

    @property
    def waiting(self) -> int:
        """How many messages wait for a person."""
        return int(self.standings["balance"]["waiting"])

    @property
    def counted(self) -> bool:
        """Whether every message has been counted: the vote is closed, and nothing waits."""
        return self.standings["status"] == "closed" and not self.waiting
