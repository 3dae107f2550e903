"""The kinds of value that campaign files and settings are made of: names, instants, lengths of time."""

import re
import unicodedata
from collections.abc import Sized
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from config.problems import nearest
from config.toml_lines import KeyPath
from config.wording import WORDING
from tally.years import YEARS

Item = TypeVar("Item")
Filled = TypeVar("Filled", bound=Sized)
#: TOML knows lists only; the models keep them as tuples.
Many = Annotated[tuple[Item, ...], Strict(False)]

Positive = Annotated[int, Field(ge=1)]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_LOCAL_ZONES: Final = frozenset({"localtime", "posixrules", "Factory"})
#: Categories of signs that end a line, do something else, or are halves of one.
_CONTROL: Final = ("Cc", "Cs", "Zl", "Zp")
_SLUG: Final = re.compile(r"(?=.{1,40}\Z)[a-z0-9]+(?:[-_][a-z0-9]+)*", re.ASCII)
_DURATION: Final = re.compile(r"([0-9]{1,6})([smh])", re.ASCII)
_DAILY: Final = re.compile(r"daily at ([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def refused(kind: str, **context: object) -> PydanticCustomError:
    """The error `kind` of the catalogue, for a validator to raise."""
    return PydanticCustomError(kind, WORDING[kind].wrong.en, dict(context))


def error_at(path: KeyPath, error: PydanticCustomError) -> InitErrorDetails:
    """An error at a key below the value that is being validated."""
    return InitErrorDetails(type=error, loc=path, input=None)


def again(error: ValidationError) -> list[InitErrorDetails]:
    """The errors that were caught, to be raised once more beside others."""
    return [
        error_at(detail["loc"], PydanticCustomError(detail["type"], detail["msg"], detail.get("ctx")))
        for detail in error.errors(include_url=False, include_input=False)
    ]


def raise_all(title: str, errors: list[InitErrorDetails]) -> None:
    """Raises all errors as one `ValidationError`, if there are any."""
    if errors:
        raise ValidationError.from_exception_data(title, errors, hide_input=True)


def unix_ms(instant: datetime) -> int:
    """An aware instant as Unix milliseconds."""
    return (instant - _EPOCH) // _MILLISECOND


def milliseconds(length: timedelta) -> int:
    """A length of time as milliseconds."""
    return length // _MILLISECOND


class Table(BaseModel):
    """A table of a campaign file: frozen, no unknown keys, no value read as another type than it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Publish(NamedTuple):
    """When the public sees results; `at` is the local time of day of `daily`, else None."""

    mode: Literal["live", "daily", "after_close", "never"]
    at: time | None = None


def is_slug(text: str) -> bool:
    """Whether that is a short name as campaigns, sources and nodes have: the test of `Slug`."""
    return _SLUG.fullmatch(text) is not None


def _slug(text: str) -> str:
    if not is_slug(text):
        raise refused("slug")
    return text


def unseen(text: str) -> str:
    """The first sign of a text that nobody can see, but that may turn its direction or tell two names apart;
    "" if there is none. Blanks can be seen; what Unicode has yet to define, or leaves to fonts, may be.

    >>> unseen("服务\\u202e窗口")
    '\\u202e'
    """
    return next((sign for sign in text if unicodedata.category(sign) in ("Cf", *_CONTROL)), "")


def _name(text: str) -> str:
    if sign := unseen(text):
        raise refused("text_unseen", sign=f"U+{ord(sign):04X}")
    return text


def _text(text: str) -> str:
    if not text or text != text.strip():
        raise refused("text_blank")
    if any(unicodedata.category(letter) in _CONTROL for letter in text):
        raise refused("text_control")
    if len(text) > 200:
        raise PydanticCustomError("string_too_long", "is too long", {"max_length": 200})
    return text


def _zone(name: str) -> str:
    if zone_of(name) is None:
        near = nearest(name, available_timezones() - _LOCAL_ZONES, likeness=0.8)
        raise refused("zone", near=near or "Asia/Shanghai")
    return name


def zone_of(name: object) -> ZoneInfo | None:
    """The zone of that name, None if there is none, or it is a name for whatever this machine is set to."""
    try:
        return ZoneInfo(name) if isinstance(name, str) and name not in _LOCAL_ZONES else None
    except (KeyError, ValueError, OSError):
        return None


def _region(code: str) -> str:
    if code not in phonenumbers.SUPPORTED_REGIONS:
        near = code.upper() if code.upper() in phonenumbers.SUPPORTED_REGIONS else "CN"
        raise refused("region", near=near)
    return code


def _area_code(digits: str) -> str:
    if not re.fullmatch(r"[0-9]{1,6}", digits, re.ASCII):
        raise refused("area_code")
    return digits


def _instant(value: Any, info: ValidationInfo) -> datetime:
    if not isinstance(value, datetime):
        raise refused("instant_type")
    if value.tzinfo is None:
        zone = zone_of((info.context or {}).get("timezone")) or ZoneInfo("Asia/Shanghai")
        raise refused("instant_naive", right=value.replace(tzinfo=zone).isoformat())
    if value.year not in YEARS:
        raise refused("instant_year", first=YEARS[0], last=YEARS[-1])
    return value


def _duration(value: Any) -> timedelta:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise refused("duration")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def _publish(value: Any) -> Publish:
    if value in ("live", "after_close", "never"):
        return Publish(value)
    daily = _DAILY.fullmatch(value) if isinstance(value, str) else None
    if daily is None:
        raise refused("publish")
    return Publish("daily", time(int(daily[1]), int(daily[2])))


def _spelled(publish: Publish) -> str:
    return publish.mode if publish.at is None else f"daily at {publish.at:%H:%M}"


def _not_empty(values: Filled) -> Filled:
    # Not pydantic's own minimum: that also counts a list short whose entries are all wrong.
    if not values:
        raise PydanticCustomError("too_short", "has too few entries", {"min_length": 1})
    return values


#: For a list that must not be empty.
AT_LEAST_ONE: Final = AfterValidator(_not_empty)
#: A short name that stands in URLs, file names and ledgers.
Slug = Annotated[str, AfterValidator(_slug)]
#: One line of text for people to read.
Text = Annotated[str, AfterValidator(_text)]
#: The same, of signs that can be seen: what stands on ballots and is looked for in texts.
Name = Annotated[Text, AfterValidator(_name)]
#: The name of a time zone; `zone_of` gives the zone.
Zone = Annotated[str, AfterValidator(_zone)]
#: ISO 3166 and the numbering plan: how callers' numbers are completed.
Region = Annotated[str, AfterValidator(_region)]
AreaCode = Annotated[str, AfterValidator(_area_code)]
#: Values that are dumped in one form however the file spells them.
Instant = Annotated[datetime, PlainValidator(_instant), PlainSerializer(unix_ms, return_type=int)]
Duration = Annotated[timedelta, PlainValidator(_duration), PlainSerializer(milliseconds, return_type=int)]
PublishWhen = Annotated[Publish, PlainValidator(_publish), PlainSerializer(_spelled, return_type=str)]
