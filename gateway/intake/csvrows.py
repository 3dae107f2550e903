"""Delimited call logs: the records in a stream of lines, the times in their cells, rows nobody can read.

Nothing here raises on what a log holds, save `Clock.read`: its caller makes an unread row of a `BadTime`.
"""

import csv
import hashlib
import re
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, repeat
from zoneinfo import ZoneInfo

from gateway.intake.calllog import Row
from gateway.intake.inbound import Form, Inbound
from tally.years import YEARS

#: Characters in one record, and lines it may span. They bound what one open quotation mark can swallow.
MAX_RECORD = 65_536
MAX_LINES = 100

#: What can be wrong with a record as a whole.
TOO_LONG = f"the record is longer than {MAX_RECORD:,} characters"
QUOTES = 'a quotation mark is not closed, or text follows a closing one: inside a value " is written ""'
NUL = "the record holds NUL bytes: the file is damaged here"
UNDECODED = "the record holds bytes that are no text in the file's encoding: save the log as UTF-8"
CUT_OFF = "the last line has no line end and may be cut off: import the log again when it is complete"

#: The 1-based line a record starts on, its own text, its cells, and what is wrong with it ("" if nothing).
#: It has no cells if anything is wrong, save for `CUT_OFF`: then it has those that are there, if they can
#: be read. A plain tuple: there are millions.
Record = tuple[int, str, list[str], str]

_BATCH = 256
_LINE_ENDS = ("\n", "\r")


def records(lines: Iterable[str], delimiter: str = ",") -> Iterator[Record]:
    """Every record of a log, lazily; `lines` keep their line ends.

    A batch goes through the csv module at once. Only if something in it is odd is it gone over record by
    record, so that a broken record costs itself and none of its neighbours.
    """
    source = iter(lines)
    line, ended = 1, False
    while batch := list(islice(source, _BATCH)):
        if line == 1:
            batch[0] = batch[0].removeprefix("\ufeff")
            ended = batch[0].endswith(_LINE_ENDS)
        whole = not ended or batch[-1].endswith(_LINE_ENDS)
        if whole and (parsed := _at_once(batch, delimiter)) is not None:
            texts = [text.rstrip("\r\n") for text in batch]
            yield from zip(range(line, line + len(batch)), texts, parsed, repeat(""), strict=False)
            line += len(batch)
        else:
            line = yield from _one_by_one(deque(batch), source, delimiter, line, ended)


def _at_once(batch: list[str], delimiter: str) -> list[list[str]] | None:
    """The cells of a batch in which every line is one sound record, else None."""
    if max(map(len, batch)) > MAX_RECORD or damage("".join(batch)):
        return None
    try:
        parsed = list(csv.reader(batch, delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error:
        return None
    return parsed if len(parsed) == len(batch) else None


def _one_by_one(
    pending: deque[str], source: Iterator[str], delimiter: str, line: int, ended: bool
) -> Generator[Record, None, int]:
    """The records that start in `pending`; returns the number of the line after them."""
    while pending:
        taken, cells, fault = _next(pending, source, delimiter)
        text = "".join(taken)
        if fault in ("", QUOTES) and ended and not text.endswith(_LINE_ENDS):
            fault = CUT_OFF
        yield line, text[:MAX_RECORD].rstrip("\r\n"), cells, fault
        line += len(taken)
    return line


def _next(pending: deque[str], source: Iterator[str], delimiter: str) -> tuple[list[str], list[str], str]:
    """One record: its lines, its cells and its fault.

    A record that does not end well is its first line only: the lines after it are put back.
    """
    taken: list[str] = []

    def feed() -> Iterator[str]:
        size = 0
        while len(taken) < MAX_LINES and size <= MAX_RECORD:
            text = pending.popleft() if pending else next(source, None)
            if text is None:
                return
            taken.append(text)
            size += len(text)
            yield text

    try:
        cells = next(csv.reader(feed(), delimiter=delimiter, skipinitialspace=True, strict=True))
        fault = damage("".join(taken))
    except csv.Error:
        pending.extendleft(reversed(taken[1:]))
        del taken[1:]
        fault = damage(taken[0]) or QUOTES
    if sum(map(len, taken)) > MAX_RECORD:
        fault = TOO_LONG
    return taken, [] if fault else cells, fault


def damage(text: str) -> str:
    """What no sound text holds: NUL, U+FFFD (put there for undecodable bytes), a lone surrogate."""
    if "\0" in text:
        return NUL
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return UNDECODED
        if "\ufffd" in text:
            return UNDECODED
    return ""


def synthesised(call: str) -> str:
    """A message id for a call whose log gives none: the same call gives the same id.

    `call` is all that tells it from others, with NULs between: no sound record holds one, so that two
    calls never look the same. The id is an unkeyed hash over a caller's number, as secret as the number.
    """
    return "#" + hashlib.blake2b(call.encode(), digest_size=16).hexdigest()


def unread(line: int, text: str, note: str, caller: str = "") -> Row:
    """A record that could not be read. Its id is that of its text, never that of the call in it: when the
    settings have been put right and the log is imported again, the call is a new message."""
    raw = text.encode("utf-8", "replace")
    name = "!" + hashlib.blake2b(raw, digest_size=16).hexdigest()
    return Row(line, Inbound(name, caller, note, Form.UNPARSED, None, 1000, raw), note)


class BadTime(ValueError):
    """Not a time that can be relied on; the message says why and holds nothing of the log."""


#: An instant: Unix milliseconds, and how fine the time was written, in milliseconds.
Moment = tuple[int, int]

_Hour = str | tuple[str, str]
_SHAPE = "the start time is not written as YYYY-MM-DD HH:MM:SS, or another accepted form with the year first"
_SKIPPED = "the start time never was: the clocks of the source's time zone went forward over it"
_PAST_HOUR = {f":{m:02}:{s:02}": (m * 60 + s) * 1000 for m in range(60) for s in range(60)}
_TO_ITS_END = timedelta(minutes=59, seconds=59)
_MAX_HOURS = 4096
_MAX_TIME = 48
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRITTEN = re.compile(
    r"([0-9]{4})(?:-|/|年)([0-9]{1,2})(?:-|/|月)([0-9]{1,2})(?:日 ?|T| +)"
    r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?(?: ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})()()")


class Clock:
    """Reads the times of one log, written in one zone's local time unless they carry an offset.

    An hour is looked up in the zone once; the rest is arithmetic. A local time that occurs twice (clocks
    going back) is read as the first of the two, with a grain that reaches over the second; one that never
    occurs is a `BadTime`.
    """

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._hours: dict[_Hour, int] = {}

    def read(self, text: str) -> Moment:
        """The instant of a written time, year first. Raises `BadTime`."""
        hour, past = self._hours.get(text[:-6]), _PAST_HOUR.get(text[-6:])
        return self._read(text) if hour is None or past is None else (hour + past, 1000)

    def _read(self, text: str) -> Moment:
        found = (_WRITTEN.fullmatch(text) or _COMPACT.fullmatch(text)) if len(text) <= _MAX_TIME else None
        if found is None:
            raise BadTime(_SHAPE)
        year, month, day, hour, minute, second, fraction, offset = found.groups(default="")
        past = _PAST_HOUR.get(f":{minute}:{second or '00'}")
        if past is None or int(year) not in YEARS:
            raise BadTime(_SHAPE)
        past += int(fraction[:3].ljust(3, "0"))
        grain = 10 ** (3 - min(len(fraction), 3)) if second else 60_000
        written = text[: found.end(4)]
        # `read` may only find what ends in an hour: "2018-07-09 08", to which ":00:00" can be added.
        key = written if found.re is _WRITTEN and not offset else (written, offset)
        begin = self._hours.get(key)
        if begin is not None:
            return begin + past, grain
        try:
            wall = datetime(int(year), int(month), int(day), int(hour), tzinfo=UTC)
        except ValueError:
            raise BadTime(_SHAPE) from None
        return self._look_up(key, wall, offset, past, grain)

    def _look_up(
        self, key: str | tuple[str, str], wall: datetime, offset: str, past: int, grain: int
    ) -> Moment:
        """A time `past` ms after the hour `wall`, which is as if it were UTC; the hour is remembered."""
        if offset:
            begin = _since_epoch(wall) - _ms(offset)
        else:
            offsets = {*self._offsets(wall), *self._offsets(wall + _TO_ITS_END)}
            if len(offsets) > 1:  # the clocks change within this hour, so that each time stands for itself
                return self._odd(wall + timedelta(milliseconds=past), grain)
            begin = _since_epoch(wall) - offsets.pop()
        if len(self._hours) >= _MAX_HOURS:
            self._hours.clear()
        self._hours[key] = begin
        return begin + past, grain

    def _odd(self, wall: datetime, grain: int) -> Moment:
        first, second = self._offsets(wall)
        if first < second:
            raise BadTime(_SKIPPED)
        return _since_epoch(wall) - first, grain + first - second

    def _offsets(self, wall: datetime) -> tuple[int, int]:
        """The zone's offset from UTC in ms, for the first and the second time this local time occurs."""
        first, second = (wall.replace(tzinfo=self._zone, fold=fold).utcoffset() for fold in (0, 1))
        return _in_ms(first), _in_ms(second)


def _in_ms(span: timedelta | None) -> int:
    return 0 if span is None else span // timedelta(milliseconds=1)


def _since_epoch(wall: datetime) -> int:
    return (wall - _EPOCH) // timedelta(milliseconds=1)


def _ms(offset: str) -> int:
    """`Z`, `+08`, `+0800` or `+08:00` in milliseconds. Raises `BadTime` if no clock has it."""
    if offset == "Z":
        return 0
    hours, minutes = int(offset[1:3]), int(offset[3:].lstrip(":") or 0)
    if hours > 14 or minutes > 59:
        raise BadTime(_SHAPE)
    return (hours * 60 + minutes) * (60_000 if offset[0] == "+" else -60_000)
