"""A campaign as the gateway runs it: its rules made ready, its keys, and how far it has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from config.campaign import Campaign
from dedup import caller, keys
from dedup.caps import CampaignCaps
from gateway.storage.store import Unsafe
from tally import certification, epochs, note, seal, standings
from tally.acts import REVISIONS
from tally.certification import Progress
from tally.codebook import CodeBook
from tally.outcome import ALWAYS_PENDING, CHANNELS, Channel, MessageOutcome, Selection
from tally.rules import Rules
from tally.window import ChannelWindow

Status = Literal["scheduled", "open", "closing", "closed"]


class Ballot(NamedTuple):
    """How many candidates of a contest one message must and may name."""

    min: int
    max: int


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """What is derived from a campaign's secret. Never shown."""

    voter: bytes
    message: bytes
    sealing: bytes
    signing: bytes
    check: bytes


def keyring(secret: bytes) -> Keyring:
    """The keys of a campaign, from its secret (32 bytes)."""
    return Keyring(
        voter=keys.derive(secret, "voter"),
        message=keys.derive(secret, "message"),
        sealing=keys.derive(secret, "sealing", seal.KEY_BYTES),
        signing=keys.derive(secret, "signing", note.SEED_BYTES),
        check=keys.derive(secret, "check"),
    )


@dataclass(slots=True, eq=False)
class Running:
    """One campaign, running. What every message asks stands here ready.

    `ballots` are by contest; `pending` the outcomes that wait for a person; `receipts` tells whether messages
    get one; `open_ballots` whether entries tell everybody whom messages chose.
    What the ledger's acts have changed is taken up by `follow`: `opened`, `closed`, who has withdrawn, who
    is barred, when it closes, and in `progress` how far its result has come. `lost` is how many messages went
    with a lost database, by outcome. `edition` counts the changes that bear on how a message is read,
    `followed` the acts that were taken up, rulings left out; `closed_ms` is set by an early close only.
    """

    campaign: Campaign
    keys: Keyring
    codebook: CodeBook
    caps: CampaignCaps
    roll: standings.Roll
    zone: ZoneInfo
    ballots: Mapping[str, Ballot]
    withdrawn: frozenset[Selection]
    pending: frozenset[MessageOutcome]
    skew_ms: int
    receipts: bool
    open_ballots: bool
    barred: frozenset[str]
    tested: frozenset[str]
    opened: bool = False
    closed: bool = False
    closed_ms: int | None = None
    progress: Progress = field(default_factory=Progress)
    edition: int = 0
    followed: int = 0
    lost: Mapping[str, int] = field(default_factory=dict)
    _windows: dict[Channel, ChannelWindow] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The campaign's id."""
        return self.campaign.id

    @property
    def entries_are_public(self) -> bool:
        """Whether anybody may read the entries now: with open ballots they tell the figures."""
        mode = self.campaign.publish.mode
        return not self.open_ballots or mode == "live" or (self.closed and mode != "never")

    def window(self, channel: Channel) -> ChannelWindow:
        """The channel's window, cut short if the campaign was closed early."""
        return self._windows[channel]

    def close_early(self, at_ms: int) -> None:
        """Nothing from `at_ms` on counts, be it prepared already."""
        self.closed_ms = at_ms
        self.edition += 1
        for channel, window in self._windows.items():
            self._windows[channel] = window.closed_at(at_ms)

    @property
    def keeps_figures_back(self) -> bool:
        """Whether the committee keeps from itself, until the close, who has how many votes."""
        return self.campaign.committee_totals == "after_close" and not self.closed

    @property
    def certified(self) -> bool:
        """Whether two people have signed the result, and no correction was begun since."""
        return self.progress.status == "certified"

    @property
    def keeps_receipts(self) -> bool:
        """Whether codes are not told now: with open ballots one leads to a choice, until it is certified."""
        return self.receipts and self.open_ballots and not self.certified

    def anew(self) -> None:
        """Before the acts are followed from the first again: what adds up begins with nothing."""
        self.progress, self.lost, self.followed = Progress(), {}, 0

    def take_up(self, kind: str, detail: Mapping[str, Any], private: Mapping[str, Any], at_ms: int) -> None:
        """Follow an act that the ledger has, whoever recorded it.

        Raises `Unsafe` if the campaign was opened with other rules, and what `follow` raises.
        """
        if kind == "open" and detail["rules"] != self.campaign.rules_hash:
            raise Unsafe(
                f"the rules of {self.id} have changed since it opened: the ledger has "
                f"{detail['rules'][:12]}…, the campaign file gives {self.campaign.rules_hash[:12]}…. "
                "Put the file back as it was at opening"
            )
        self.follow(kind, detail, private, at_ms)

    def follow(self, kind: str, detail: Mapping[str, Any], private: Mapping[str, Any], at_ms: int) -> None:
        """Take up what an act of the ledger changes. Raises `certification.NotAllowed`."""
        self.progress = certification.after(self.progress, kind, detail, at_ms)
        self.followed += kind not in REVISIONS
        match kind:
            case "open":
                self.opened = True
            case "close":
                self.closed = True
                if detail.get("early") and self.closed_ms is None:
                    # In a grace the window's own close stays what it was: the act's time says when.
                    cut = detail["closes_ms"]
                    self.close_early(cut if cut < self.closes_ms else at_ms)
            case "withdraw":
                gone = Selection(detail["contest"], detail["candidate"])
                self.withdrawn |= {gone}
                self.roll = self.roll.without(gone)
            case "bar" if private:  # what it said may have been erased, after the close
                self.barred |= {private["line"]}
            case "unbar" if private:
                self.barred -= {private["line"]}
            case "schedule":
                for channel in CHANNELS:
                    window = self._windows[channel]
                    self._windows[channel] = ChannelWindow(
                        window.opens_ms, detail["closes_ms"][channel], window.grace_ms
                    )
            case "gap":
                lost = epochs.messages(detail["lost"], MessageOutcome)
                self.lost = {**self.lost, **{kind: n + self.lost.get(kind, 0) for kind, n in lost.items()}}
            case _:
                return
        self.edition += 1

    def status(self, now_ms: int) -> Status:
        """`closing` is between the last channel's close and the moment the close is recorded."""
        if self.closed:
            return "closed"
        if now_ms < self.opens_ms:
            return "scheduled"
        if now_ms < self.closes_ms:
            return "open"
        return "closing"

    @property
    def opens_ms(self) -> int:
        """When the first channel opens."""
        return min(window.opens_ms for window in self._windows.values())

    @property
    def closes_ms(self) -> int:
        """When the last channel closes."""
        return max(window.closes_ms for window in self._windows.values())

    @property
    def settled_ms(self) -> int:
        """From here on the close can be recorded: every channel's grace is over."""
        return max(window.settled_ms for window in self._windows.values())

    def rules(self) -> Rules:
        """The caps as the recount wants them."""
        return Rules(
            caps={
                contest: tuple((cap.per, cap.votes) for cap in rule.caps)
                for contest, rule in self.caps.contests.items()
            },
            total=tuple((cap.per, cap.votes) for cap in self.caps.total),
            candidates=frozenset(
                (contest.id, candidate.code)
                for contest in self.roll.contests
                for candidate in contest.candidates
            ),
            pending=self.pending,
            releases=self.campaign.withdrawal == "release",
            adjudicators=self.campaign.adjudicators,
            judged=_judged(self.campaign),
            judges=self.campaign.evaluation.judges if self.campaign.evaluation else 0,
            most={contest.id: contest.selections.max for contest in self.campaign.contests},
        )


def run(campaign: Campaign, secret: bytes) -> Running:
    """A campaign made ready."""
    return Running(
        campaign=campaign,
        keys=keyring(secret),
        codebook=campaign.codebook,
        caps=campaign.caps_by_contest,
        roll=_roll(campaign),
        zone=campaign.zone,
        ballots={
            contest.id: Ballot(contest.selections.min, contest.selections.max)
            for contest in campaign.contests
        },
        withdrawn=campaign.withdrawn,
        pending=ALWAYS_PENDING | campaign.pending,
        skew_ms=campaign.skew_ms,
        receipts=campaign.gives_receipts,
        open_ballots=campaign.ballots == "open",
        barred=_lines(campaign, campaign.bar_list),
        tested=_lines(campaign, campaign.test_lines),
        _windows={channel: campaign.window_for(channel) for channel in CHANNELS},
    )


def _judged(campaign: Campaign) -> dict[str, dict[str, tuple[Fraction, Fraction]]]:
    if campaign.evaluation is None:
        return {}
    return {
        name: {one.id: (one.max, one.step) for one in judging.criteria}
        for name, judging in campaign.evaluation.contests.items()
    }


def _lines(campaign: Campaign, numbers: Sequence[str]) -> frozenset[str]:
    numbering = campaign.caller.numbering()
    return frozenset(caller.normalise(number, numbering).line for number in numbers)


def _roll(campaign: Campaign) -> standings.Roll:
    return standings.Roll(
        campaign.id,
        campaign.name,
        tuple(
            standings.Contest(
                contest.id,
                contest.name,
                contest.seats,
                tuple(
                    standings.Candidate(candidate.code, candidate.name, candidate.unit, candidate.withdrawn)
                    for candidate in contest.candidates
                ),
            )
            for contest in campaign.contests
        ),
    )


_QUARTER_MS = 900_000


def day(at_ms: int, zone: ZoneInfo) -> str:
    """The calendar day of an instant in a zone: "2018-07-20". Total: before 1970 it is 1970."""
    return _day(max(at_ms, 0) // _QUARTER_MS, zone)


@lru_cache(maxsize=4096)
def _day(quarter: int, zone: ZoneInfo) -> str:
    # Every zone's offset is a whole number of quarters of an hour in our time, so a quarter has one day.
    instant = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=quarter * _QUARTER_MS)
    return instant.astimezone(zone).date().isoformat()
