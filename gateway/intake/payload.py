"""Decides what can be read at all: strict decoding, shared by the providers.

One rule runs through it: what could be read in two ways is not read. Everything that fails does so with
`Unreadable` and one fixed `Reason`; a provider turns that into an unparsed message with the bytes kept.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import Literal, NamedTuple, NoReturn
from zoneinfo import ZoneInfo

from gateway.intake.inbound import Form, Inbound
from tally.years import YEARS

MAX_TEXT = 4096  # characters; a whole 10-part SMS has 1,530
MAX_ID = 200  # characters; a longer id is replaced by its hash
MAX_CALLER = 128  # characters; the longest E.164 number has 16
MAX_DEPTH = 8  # JSON arrays and objects inside one another
MAX_INTEGER = 2**53  # beyond it a sender that counts in doubles has already lost digits
MAX_FIELDS = 1000  # form fields

_WITHOUT_PLUS = re.compile(r"[^\D0０]\d{6,14}")


class Reason(StrEnum):
    """Why an authentic payload could not be read. Shown to the adjudicator; never holds input."""

    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    DUPLICATE_KEY = "duplicate_key"
    NOT_A_NUMBER = "not_a_number"
    NUMBER_TOO_LARGE = "number_too_large"
    BAD_ESCAPE = "bad_escape"
    TOO_MANY_FIELDS = "too_many_fields"
    REPEATED_FIELD = "repeated_field"
    WRONG_SHAPE = "wrong_shape"
    UNKNOWN_TYPE = "unknown_type"
    TOO_MANY_MESSAGES = "too_many_messages"
    NO_ID = "no_message_id"
    NO_CALLER = "no_caller_field"
    NO_TEXT = "no_text_field"
    TEXT_TOO_LONG = "text_too_long"
    CALLER_TOO_LONG = "caller_too_long"
    BAD_TIME = "bad_time"
    BAD_CHARSET = "bad_charset"
    MESSAGE_PART = "message_part"
    ENCRYPTED = "encrypted"
    UNMAPPED = "unmapped_choice"


class Unreadable(Exception):
    """An authentic payload, or one message in it, that cannot be read in exactly one way."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def unparsed(reason: Reason, raw: bytes, known_id: str = "") -> Inbound:
    """The message that stands for unreadable bytes. Where no id is known, the same bytes are a redelivery."""
    named = message_id(known_id) if known_id else _hashed(raw)
    return Inbound(message_id=named, caller="", text=reason.value, form=Form.UNPARSED, raw=raw)


# ---- identity ------------------------------------------------------------------------------------


def message_id(given: str) -> str:
    """The provider's id, or its hash where it is too long or no valid Unicode. Raises on ""."""
    if not given:
        raise Unreadable(Reason.NO_ID)
    if len(given) <= MAX_ID and (given.isascii() or _is_unicode(given)):
        return given
    return _hashed(given.encode("utf-8", "surrogatepass"))


def synthesised_id(*parts: str) -> str:
    """An id for a message that has none, from all that tells it apart.

    `parts` must hold the sender's time: without one, a caller's next vote would pass for a redelivery.
    """
    return _hashed(json.dumps(parts).encode())


def _hashed(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


# ---- text ----------------------------------------------------------------------------------------


def wire_bytes(text: str) -> bytes:
    """A header's or target's bytes as they came in. Total, also for text that no server would hand over."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def utf8(data: bytes) -> str:
    """Strictly UTF-8, whatever a content type claims."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Unreadable(Reason.NOT_UTF8) from None


def clean(text: str) -> str:
    """The text with each lone surrogate as U+FFFD, so that it can be stored; pairs become one character."""
    if text.isascii() or _is_unicode(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def message_text(given: str) -> str:
    """What the voter wrote, storable and bounded."""
    if len(given) > MAX_TEXT:
        raise Unreadable(Reason.TEXT_TOO_LONG)
    return clean(given)


def caller_text(given: str) -> str:
    """The caller's number as given, storable and bounded."""
    if len(given) > MAX_CALLER:
        raise Unreadable(Reason.CALLER_TOO_LONG)
    return clean(given)


def international(caller: str) -> str:
    """The number of a caller, given by a provider that leaves out the plus of E.164: with it.

    Without it the number would be read as one of the source's region: +1 312 555 0123 as a mobile in China.
    """
    return "+" + caller if _WITHOUT_PLUS.fullmatch(caller) else caller


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# ---- forms and queries ---------------------------------------------------------------------------

_HEX = "0123456789abcdefABCDEF"
_ESCAPED = {(a + b).encode(): bytes([int(a + b, 16)]) for a in _HEX for b in _HEX}
_SEPARATORS = frozenset((b"26", b"3D", b"3d"))
_NOT_SEPARATING = bytes(sorted(set(range(256)) - set(b"&=")))


class Fields(NamedTuple):
    """A form or query, percent-decoded to bytes: `names` and `values` in the order sent; `last` has each
    name's last value."""

    names: Sequence[bytes]
    values: Sequence[bytes]
    last: Mapping[bytes, bytes]

    def one(self, name: bytes) -> bytes | None:
        """The only value of `name`, None if absent. Raises where it stands twice and differs."""
        value = self.last.get(name)
        if len(self.last) != len(self.names) and any(
            each == name and other != value for each, other in zip(self.names, self.values, strict=True)
        ):
            raise Unreadable(Reason.REPEATED_FIELD)
        return value

    def text(self, name: bytes, absent: Reason) -> str:
        """The only value of `name`, which must be there, as text."""
        value = self.one(name)
        if value is None:
            raise Unreadable(absent)
        return utf8(value)


def fields(data: bytes) -> Fields:
    """A form body or a raw query. Broken escapes are refused, blank values kept."""
    spaced = data.replace(b"+", b" ")
    head, *rest = spaced.split(b"%")
    if _SEPARATORS.isdisjoint([part[:2] for part in rest]):
        # No separator is escaped, so decoding first and splitting then is the same, and much faster.
        names, values = _split(_unescaped(head, rest))
    else:
        names, values = (list(map(_decoded, some)) for some in _split(spaced))
    if len(names) > MAX_FIELDS:
        raise Unreadable(Reason.TOO_MANY_FIELDS)
    return Fields(names, values, dict(zip(names, values, strict=True)))


def _split(data: bytes) -> tuple[list[bytes], list[bytes]]:
    """Names and values. A value goes on to the next `&`, whatever else is in it."""
    shape = data.translate(None, _NOT_SEPARATING)
    if shape == b"=&" * (len(shape) // 2) + b"=":  # as nearly always: a name, its value, the next name
        both = data.replace(b"&", b"=").split(b"=")
        return both[::2], both[1::2]
    pairs = [part.partition(b"=") for part in data.split(b"&")]
    return [name for name, _, _ in pairs], [value for _, _, value in pairs]


def _decoded(data: bytes) -> bytes:
    head, *rest = data.split(b"%")
    return _unescaped(head, rest)


def _unescaped(head: bytes, rest: Sequence[bytes]) -> bytes:
    """What was split at its `%`."""
    try:
        return head + b"".join([_ESCAPED[part[:2]] + part[2:] for part in rest])
    except KeyError:
        raise Unreadable(Reason.BAD_ESCAPE) from None


# ---- JSON ----------------------------------------------------------------------------------------


def json_text(data: bytes) -> str:
    """A JSON body as text; one byte order mark before it is allowed (RFC 8259 §8.1)."""
    return utf8(data.removeprefix(b"\xef\xbb\xbf"))


def json_value(source: str, depth: int = MAX_DEPTH) -> object:
    """One JSON value, nested at most `depth` deep.

    Refuses NaN, infinities, duplicate keys, and integers beyond 2**53 either way.
    """
    try:
        value: object = _STRICT.decode(source)
    except RecursionError:
        raise Unreadable(Reason.TOO_DEEP) from None
    except json.JSONDecodeError:
        raise Unreadable(Reason.NOT_JSON) from None
    if source.count("[") + source.count("{") > depth and not _within(value, depth):
        raise Unreadable(Reason.TOO_DEEP)
    return value


class Item(NamedTuple):
    """One element of a JSON array: its own source, and its value or what is wrong with it."""

    source: str
    value: object


def json_items(source: str, depth: int = MAX_DEPTH) -> list[Item]:
    """The elements of a JSON array, each read as by `json_value`.

    So one bad element does not spoil its neighbours, and every message keeps its own bytes. A bad one has
    its `Unreadable` as its value.
    """
    items: list[Item] = []
    at = _after_blanks(source, 0)
    if not source.startswith("[", at):
        raise Unreadable(Reason.NOT_JSON)
    at = _after_blanks(source, at + 1)
    while not (source.startswith("]", at) and not items):
        end, value = _element(source, at, depth - 1)
        items.append(Item(source[at:end], value))
        at = _after_blanks(source, end)
        if source.startswith("]", at):
            break
        if not source.startswith(",", at):
            raise Unreadable(Reason.NOT_JSON)
        at = _after_blanks(source, at + 1)
    if _after_blanks(source, at + 1) != len(source):
        raise Unreadable(Reason.NOT_JSON)
    return items


def _element(source: str, start: int, depth: int) -> tuple[int, object]:
    """Where an element ends, and its value or what is wrong with it."""
    try:
        value, end = _scan(source, start)
    except Unreadable as flaw:
        return _Cursor(source, start).past(), flaw
    except RecursionError:
        raise Unreadable(Reason.TOO_DEEP) from None
    except (StopIteration, json.JSONDecodeError):
        raise Unreadable(Reason.NOT_JSON) from None
    nested = source.count("[", start, end) + source.count("{", start, end)
    return end, value if nested <= depth or _within(value, depth) else Unreadable(Reason.TOO_DEEP)


def _after_blanks(source: str, at: int) -> int:
    while source[at : at + 1] in _BLANKS:
        at += 1
    return at


def json_members(source: str) -> dict[str, str]:
    """The source of each member's value of a JSON object, by key."""
    cursor = _Cursor(source)
    members: dict[str, str] = {}
    cursor.must("{")
    while not cursor.take("}"):
        if members:
            cursor.must(",")
        name = cursor.key()
        if name in members:
            raise Unreadable(Reason.DUPLICATE_KEY)
        cursor.must(":")
        members[name] = cursor.value()
    cursor.finish()
    return members


def string(item: Mapping[str, object], key: str, absent: Reason) -> str:
    """A member that must be there and be a string."""
    if key not in item:
        raise Unreadable(absent)
    value = item[key]
    if not isinstance(value, str):
        raise Unreadable(Reason.WRONG_SHAPE)
    return value


def member(item: Mapping[str, object], key: str, absent: Reason) -> Mapping[str, object]:
    """A member that must be there and be an object."""
    if key not in item:
        raise Unreadable(absent)
    value = item[key]
    if not isinstance(value, dict):
        raise Unreadable(Reason.WRONG_SHAPE)
    return value


def scalar(item: Mapping[str, object], key: str) -> str:
    """A member that may be text or a whole number, as text; "" if it is absent or null."""
    value = item.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is not None and not isinstance(value, str):
        raise Unreadable(Reason.WRONG_SHAPE)
    return value or ""


def caller(item: Mapping[str, object], key: str) -> str:
    """The caller's number as given. Null and "" both say that none was; an absent member says nothing."""
    if item.get(key, "") is None:
        return ""
    return caller_text(string(item, key, Reason.NO_CALLER))


class _Cursor:
    """Walks JSON one value at a time without making anything of the values."""

    __slots__ = ("at", "source")

    def __init__(self, source: str, at: int = 0) -> None:
        self.source = source
        self.at = at

    def past(self) -> int:
        """Where the value that begins here ends."""
        self._pass()
        return self.at

    def take(self, mark: str) -> bool:
        self._skip_blanks()
        if not self.source.startswith(mark, self.at):
            return False
        self.at += len(mark)
        return True

    def must(self, mark: str) -> None:
        if not self.take(mark):
            raise Unreadable(Reason.NOT_JSON)

    def key(self) -> str:
        name = self._pass()
        if not isinstance(name, str):
            raise Unreadable(Reason.NOT_JSON)
        return name

    def value(self) -> str:
        self._skip_blanks()
        start = self.at
        self._pass()
        return self.source[start : self.at]

    def _pass(self) -> object:
        self._skip_blanks()
        try:
            passed, self.at = _LENIENT.raw_decode(self.source, self.at)
        except RecursionError:
            raise Unreadable(Reason.TOO_DEEP) from None
        except json.JSONDecodeError:
            raise Unreadable(Reason.NOT_JSON) from None
        return passed

    def finish(self) -> None:
        self._skip_blanks()
        if self.at != len(self.source):
            raise Unreadable(Reason.NOT_JSON)

    def _skip_blanks(self) -> None:
        self.at = _after_blanks(self.source, self.at)


def _within(value: object, depth: int) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_within(child, depth - 1) for child in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_within(child, depth - 1) for child in value)
    return True


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable(Reason.DUPLICATE_KEY)
    return found


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_INTEGER:
        raise Unreadable(Reason.NUMBER_TOO_LARGE)
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise Unreadable(Reason.NUMBER_TOO_LARGE)
    return value


def _constant(_name: str) -> NoReturn:
    raise Unreadable(Reason.NOT_A_NUMBER)


_STRICT = json.JSONDecoder(
    object_pairs_hook=_distinct, parse_int=_integer, parse_float=_number, parse_constant=_constant
)
#: `raw_decode` without its wrapping: it raises StopIteration, with no message that would take long to word.
_scan: Callable[[str, int], tuple[object, int]] = _STRICT.scan_once  # type: ignore[attr-defined]  # no stub has it
#: Finds where a value ends. What it makes of numbers is of no use, and cannot fail.
_LENIENT = json.JSONDecoder(parse_int=len, parse_float=len, parse_constant=len)
_BLANKS = frozenset(" \t\n\r")


# ---- times ---------------------------------------------------------------------------------------

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:([Zz])|([+-])(\d\d):?(\d\d))",
    re.ASCII,
)
_LOCAL = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)", re.ASCII)
_LOCAL_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)", re.ASCII)


def instant_ms(given: str) -> tuple[int, int]:
    """An ISO 8601 time with its zone as (Unix ms, rounded down; how fine it is in ms).

    A time without a zone, and a leap second, are refused: either would have to be guessed.
    """
    found = _INSTANT.fullmatch(given)
    if found is None:
        raise Unreadable(Reason.BAD_TIME)
    fraction = (found[7] or "")[:3]
    offset = timedelta()
    if found[8] is None:
        if int(found[10]) > 23 or int(found[11]) > 59:
            raise Unreadable(Reason.BAD_TIME)
        offset = timedelta(hours=int(found[10]), minutes=int(found[11]))
        offset = -offset if found[9] == "-" else offset
    whole = (_calendar(found.groups()[:6], UTC) - _EPOCH - offset) // _MILLISECOND
    return whole + int(fraction.ljust(3, "0")), 10 ** (3 - len(fraction))


def utc_ms(given: str) -> tuple[int, int]:
    """As `instant_ms`, for a sender whose times are said to be UTC where they name no zone."""
    return instant_ms(given if _INSTANT.fullmatch(given) else given + "Z")


def sent(
    item: Mapping[str, object], key: str, read: Callable[[str], tuple[int, int]] = instant_ms
) -> tuple[int | None, int]:
    """The sender's own time in a member, and how fine it is; no time if the member is absent or null."""
    if item.get(key) is None:
        return None, 1000
    return read(string(item, key, Reason.BAD_TIME))


@lru_cache(maxsize=1024)
def local_ms(given: str, zone: ZoneInfo) -> int:
    """`YYYY-MM-DD HH:MM:SS` or `YYYYMMDDHHMMSS` on the clocks of `zone`, as Unix ms.

    An hour that the zone's clocks show twice, or skip, is refused.
    """
    found = _LOCAL.fullmatch(given) or _LOCAL_DIGITS.fullmatch(given)
    if found is None:
        raise Unreadable(Reason.BAD_TIME)
    wall = _calendar(found.groups(), zone)
    if wall.utcoffset() != wall.replace(fold=1).utcoffset():
        raise Unreadable(Reason.BAD_TIME)
    return (wall - _EPOCH) // _MILLISECOND


def epoch_ms(given: str, unit_ms: Literal[1, 1000] = 1000) -> int:
    """Whole Unix seconds (or milliseconds, with 1 for `unit_ms`) in ASCII digits, as Unix ms."""
    if not (given.isascii() and given.isdecimal() and len(given) <= (11 if unit_ms == 1000 else 14)):
        raise Unreadable(Reason.BAD_TIME)
    return int(given) * unit_ms


def _calendar(parts: Sequence[str], zone: tzinfo) -> datetime:
    year, month, day, hour, minute, second = map(int, parts)
    if year not in YEARS:
        raise Unreadable(Reason.BAD_TIME)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        raise Unreadable(Reason.BAD_TIME) from None
