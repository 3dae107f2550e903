"""What a campaign file may say, and the frozen, validated campaign that it becomes.

Everything `docs/campaign-file.md` names, and nothing else. Each value that decides whether a vote
counts is written in the file or has its default from RULES; none is guessed.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    ModelWrapValidatorHandler,
    PlainSerializer,
    PlainValidator,
    Strict,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails

from config import crosschecks
from config.contest import Candidate, Caps, Contest, plain
from config.evaluation import Evaluation
from config.fields import (
    AT_LEAST_ONE,
    AreaCode,
    Duration,
    Instant,
    Many,
    Name,
    Publish,
    PublishWhen,
    Region,
    Slug,
    Table,
    Text,
    Zone,
    again,
    error_at,
    milliseconds,
    raise_all,
    refused,
    unix_ms,
)
from config.nominations import Nominating
from config.notice import PublicNotice, Timetable
from config.organiser import Organiser
from config.problems import Lang
from config.voice import Voice
from dedup.caller import Kind, Numbering
from dedup.caps import CampaignCaps
from tally import codebook
from tally.codebook import CodeBook
from tally.outcome import CHANNELS, MAY_BE_PENDING, Channel, MessageOutcome, Selection
from tally.window import ChannelWindow

__all__ = ["CHANNELS", "Campaign", "Candidate", "Contest"]

PLACEHOLDERS: Final = ("{candidate}", "{contest}", "{code}", "{receipt}")
#: What stands between several names that are filled in.
JOINED: Final[Mapping[Lang, str]] = {"zh": "、", "en": ", "}


def _outcome(value: Any) -> MessageOutcome:
    if value not in tuple(MessageOutcome):
        raise refused("outcome", allowed=", ".join(MessageOutcome))
    return MessageOutcome(value)


def _may_be_pending(value: Any) -> MessageOutcome:
    if value not in tuple(MAY_BE_PENDING):
        raise refused("pending", allowed=", ".join(sorted(MAY_BE_PENDING)))
    return MessageOutcome(value)


def _long_enough(kept: timedelta) -> timedelta:
    if kept < SHORTEST_RETENTION:
        raise refused("retention_short", least=f"{SHORTEST_RETENTION.days * 24}h")
    return kept


def _reply(text: str) -> str:
    if re.search(r"[{}]", re.sub(r"\{(?:candidate|contest|code|receipt)\}", "", text)):
        raise refused("placeholder", allowed=", ".join(PLACEHOLDERS))
    return text


#: Complaints, and the audit, need what was sent.
SHORTEST_RETENTION: Final = timedelta(days=30)
Kept = Annotated[Duration, AfterValidator(_long_enough)]
_SORTED: Final = PlainSerializer(sorted, return_type=list[str])
Outcome = Annotated[MessageOutcome, PlainValidator(_outcome), PlainSerializer(str, return_type=str)]
Pending = Annotated[MessageOutcome, PlainValidator(_may_be_pending)]
ReplyText = Annotated[Text, AfterValidator(_reply)]
LineKind = Annotated[Kind, Strict(False)]
Lines = Annotated[Many[str], Field(repr=False, exclude=True)]


class Numbers(Table):
    """The published numbers, as they are shown."""

    sms: Text | None = None
    hotline: Text | None = None


class OwnWindow(Table):
    """What a channel has otherwise than the campaign."""

    opens_at: Instant | None = None
    closes_at: Instant | None = None
    grace: Duration | None = None


class Window(Table):
    """When votes count (docs/rules.md)."""

    opens_at: Instant
    closes_at: Instant
    grace: Duration
    skew: Duration = Field(default="5m", validate_default=True)
    sms: OwnWindow = OwnWindow()
    hotline: OwnWindow = OwnWindow()

    def of(self, channel: Channel) -> ChannelWindow:
        """The window of one channel, in Unix milliseconds."""
        own = self.sms if channel == "sms" else self.hotline
        return ChannelWindow(
            opens_ms=unix_ms(own.opens_at or self.opens_at),
            closes_ms=unix_ms(own.closes_at or self.closes_at),
            grace_ms=milliseconds(self.grace if own.grace is None else own.grace),
        )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.opens_at >= self.closes_at:
            late = refused("window_order", opens=self.opens_at.isoformat())
            raise_all("Window", [error_at(("closes_at",), late)])
        raise_all("Window", list(self._channels_ordered()))
        return self

    def _channels_ordered(self) -> Iterator[InitErrorDetails]:
        for channel, own in (("sms", self.sms), ("hotline", self.hotline)):
            opens = own.opens_at or self.opens_at
            if opens >= (own.closes_at or self.closes_at):
                yield error_at((channel, "closes_at"), refused("window_order", opens=opens.isoformat()))


class Caller(Table):
    """How callers' numbers are written, and which lines may vote (docs/rules.md)."""

    region: Region
    area_code: AreaCode = ""
    accept_regions: Annotated[Many[Region], AT_LEAST_ONE] = Field(
        default_factory=lambda read: (read["region"],) if "region" in read else ()
    )
    accept_kinds: Annotated[frozenset[LineKind], Strict(False), AT_LEAST_ONE, _SORTED] = frozenset(Kind)

    def numbering(self, region: str | None = None, area_code: str | None = None) -> Numbering:
        """The same for the normaliser; a source's own region and area code go before the campaign's.

        The campaign's area code is one of the campaign's region, and of no other.
        """
        ours = self.area_code if region in (None, self.region) else ""
        return Numbering(
            region=region or self.region,
            area_code=ours if area_code is None else area_code,
            regions=frozenset(self.accept_regions),
            kinds=self.accept_kinds,
        )


class Replies(Table):
    """What senders are answered, by language and outcome; no entry, no reply."""

    zh: dict[Outcome, ReplyText] = Field(default_factory=dict)
    en: dict[Outcome, ReplyText] = Field(default_factory=dict)


class Campaign(Table):
    """One award: its contests, schedule, numbers and rules."""

    id: Slug
    name: Name
    name_en: Name | None = None
    timezone: Zone
    publish: PublishWhen = Publish("after_close")
    pending: Annotated[frozenset[Pending], Strict(False), _SORTED] = frozenset()
    withdrawal: Literal["keep", "release"] = "keep"
    adjudicators: Literal[1, 2] = 1
    committee_totals: Literal["live", "after_close"] = "live"
    ballots: Literal["sealed", "open"] = "sealed"
    receipts: bool = False
    retention: Kept | None = None
    caps: Caps = ()
    bar_list: Lines = ()
    test_lines: Lines = ()
    numbers: Numbers = Numbers()
    organiser: Organiser = Organiser()
    window: Window
    caller: Caller
    replies: Replies = Replies()
    voice: Voice = Voice()
    evaluation: Evaluation | None = None
    nominations: Annotated[dict[Slug, Nominating], Field(exclude=True)] = Field(default_factory=dict)
    notice: PublicNotice = PublicNotice()
    timetable: Timetable = Timetable()
    contests: Annotated[Many[Contest], AT_LEAST_ONE]

    @model_validator(mode="wrap")
    @classmethod
    def _whole(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Adds what only shows between tables, also when single values are wrong: every error at once."""
        between = _between(data) if isinstance(data, dict) else []
        try:
            campaign = handler(data)
        except ValidationError as error:
            raise_all(cls.__name__, [*again(error), *between])
        raise_all(cls.__name__, between)
        return campaign

    def name_in(self, lang: Lang) -> str:
        """The name in that language, or else the only one there is."""
        return (self.name_en if lang == "en" else None) or self.name

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone whose calendar days the caps mean."""
        return ZoneInfo(self.timezone)

    @cached_property
    def tells_receipts(self) -> bool:
        """Whether a reply tells the sender a receipt's code."""
        texts = (*self.replies.zh.values(), *self.replies.en.values())
        return any("{receipt}" in text for text in texts)

    @cached_property
    def gives_receipts(self) -> bool:
        """Whether messages get a receipt: if the file says so, or a reply tells it."""
        return self.receipts or self.tells_receipts

    @cached_property
    def contests_by_id(self) -> dict[str, Contest]:
        """The contests, in the file's order."""
        return {contest.id: contest for contest in self.contests}

    @cached_property
    def _candidates(self) -> dict[Selection, Candidate]:
        return {Selection(where.id, one.code): one for where in self.contests for one in where.candidates}

    def candidate(self, contest: str, code: str) -> Candidate:
        """The candidate. Raises `KeyError` if there is none."""
        return self._candidates[Selection(contest, code)]

    @cached_property
    def withdrawn(self) -> frozenset[Selection]:
        """The candidates that the file says have withdrawn."""
        return frozenset(selection for selection, one in self._candidates.items() if one.withdrawn)

    @cached_property
    def codebook(self) -> CodeBook:
        """The codes and aliases of every contest."""
        return codebook.build([one.listing(where.id) for where in self.contests for one in where.candidates])

    @cached_property
    def caps_by_contest(self) -> CampaignCaps:
        """The caps as the judge wants them."""
        return CampaignCaps({one.id: one.contest_caps for one in self.contests}, plain(self.caps))

    def window_for(self, channel: Channel) -> ChannelWindow:
        """When votes by that channel count."""
        return self.window.of(channel)

    @property
    def skew_ms(self) -> int:
        """How far ahead of our clock a sender's time may be and still be believed."""
        return milliseconds(self.window.skew)

    @property
    def retention_ms(self) -> int | None:
        """How long after the close what callers sent is kept, None for ever."""
        return None if self.retention is None else milliseconds(self.retention)

    @cached_property
    def settled_ms(self) -> int:
        """From here on nothing that arrives by any channel can be counted without a person's ruling."""
        return max(self.window_for(channel).settled_ms for channel in CHANNELS)

    @cached_property
    def rules_text(self) -> bytes:
        """What the file means: the same however it is laid out (docs/rules.md).

        A key left out and one that spells its default are the same rules. It may be published: listed
        numbers go into it by way of a slow hash, or they could be found by trying every number.
        """
        meaning = self.model_dump(mode="json", exclude_defaults=True)
        for key, lines in (("bar_list", self.bar_list), ("test_lines", self.test_lines)):
            if lines:
                meaning[key] = _slowly(f"{self.id} {key}", lines)
        return b"televote-campaign/v1\n" + _canonical(meaning)

    @cached_property
    def rules_hash(self) -> str:
        """SHA-256 of the rules' text, in hex."""
        return hashlib.sha256(self.rules_text).hexdigest()


def _between(data: dict[str, Any]) -> list[InitErrorDetails]:
    errors = [
        *crosschecks.contests_twice(data),
        *crosschecks.clashes(data),
        *crosschecks.not_contests(data),
        *crosschecks.open_ballots(data),
    ]
    try:
        numbering = Caller.model_validate(data.get("caller")).numbering()
    except ValidationError:
        return errors
    return [*errors, *crosschecks.strange_lines(data, numbering)]


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _slowly(salt: str, lines: tuple[str, ...]) -> str:
    slow = hashlib.scrypt(_canonical(lines), salt=salt.encode(), n=2**14, r=8, p=1, dklen=32)
    return slow.hex()
