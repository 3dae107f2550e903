"""Reads statements: spreadsheets and CSV files into rows of a list of messages, or of counts.

CSV is streamed, so that a million rows take no more room than one.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Final, NamedTuple

from config.spreadsheet import workbook
from config.spreadsheet.faults import Cell, Fault, Faulty
from config.spreadsheet.workbook import Row, Sheet
from gateway.durable import naming
from gateway.intake import csvrows, logfile
from gateway.intake.calllog import UnreadableLog
from gateway.intake.csvrows import BadTime, Clock
from gateway.reconcile.columns import TABLES, WORDS, is_counts
from gateway.spreadsheet import reading, table
from gateway.spreadsheet.table import Record, Stream
from tally.hourly import Period

#: Faults that are named; with more, nobody would read on.
_NAMED: Final = 50
#: Rows are numbered by sheet or file, and in it by line.
_PART: Final = 1_000_000_000
_TOTALS: Final = ("合计", "总计", "小计", "total", "sum", "共计")
_UNIX: Final = re.compile(r"1[0-9]{9}(?:[0-9]{3})?", re.ASCII)
_CLOCK: Final = re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:[.,][0-9]+)?", re.ASCII)
_HOUR: Final = re.compile(r"(?P<day>.*?)[ T日]*(?P<hour>[0-9]{1,2})(?:[:：]00(?::00)?|[时点]|h)?", re.ASCII)
_UNTIL: Final = re.compile(r"\s*(?:[~～—–]|--|至|到| - |(?<=[0-9时点])-(?=[0-9]{1,2}[:：时点])).*")
#: Of what is longer, patterns need not be tried: it is no day and no hour.
_LONGEST_PERIOD: Final = 100
_MASKED: Final = re.compile(r"\+?[0-9]{2,}[*xX＊]{2,}[0-9]{2,}", re.ASCII)


class Given(NamedTuple):
    """A row of a list, as it stands: `caller` is the number, "" if there is none; `text` None without such a
    column."""

    row: int
    message: str
    caller: str
    text: str | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class File:
    """A file on disk, and what people call it."""

    path: Path
    name: str

    def sha256(self) -> str:
        """Its hash, in hex."""
        with naming(self.path), self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


class _Part(NamedTuple):
    """A sheet or a CSV file. `whole_days` says that a time without hours is midnight: a program has left them
    out."""

    name: str
    stream: Stream
    whole_days: bool


class Statement:
    """One or several files of one kind. They are read anew each time they are asked for.

    `zone` is that of times without an offset (IANA). Every method raises `Faulty`, `OSError`.
    """

    def __init__(self, files: Sequence[File], zone: str) -> None:
        self._files, self._clock, self._parts = files, Clock(zone), dict[int, str]()
        self._workbooks: dict[Path, list[Sheet]] = {}  # small, and slow to read
        self.hashes = [file.sha256() for file in files]

    def is_counts(self) -> bool:
        """Whether it has counts instead of messages."""
        kinds = {is_counts(part.stream.which) for part in self._open()}
        if len(kinds) > 1:
            raise Faulty([Fault(Cell(), "two_kinds")], WORDS)
        return kinds.pop()

    def is_masked(self) -> bool:
        """Whether its numbers have stars in them."""
        first = (given.caller for given in islice(self.messages(strict=False), 200))
        return any(_MASKED.fullmatch(number.replace(" ", "")) for number in first)

    def messages(self, *, strict: bool = True) -> Iterator[Given]:
        """The rows of a list; at the end everything that is wrong, unless not `strict`: then those rows are
        passed over."""
        faults = list[Fault]()
        for number, part in enumerate(self._open()):
            faults += part.stream.twice
            for record in part.stream.records:
                if not _is_totals(record):
                    try:
                        yield self._given(number, part, record)
                    except _Wrong as wrong:
                        _note(faults, wrong.fault, strict=strict)
        if faults and strict:
            raise Faulty(faults, WORDS)

    def periods(self, source: str, others: Sequence[str]) -> list[Period]:
        """The counts, without those that are said to be of other sources."""
        periods, faults = list[Period](), list[Fault]()
        for number, part in enumerate(self._open()):
            faults += part.stream.twice
            for record in part.stream.records:
                of = record.values.get("source", "")
                if not _is_totals(record) and (of == source or of not in others):
                    try:
                        periods.append(self._period(number, record))
                    except _Wrong as wrong:
                        _note(faults, wrong.fault, strict=True)
        if faults:
            raise Faulty(faults, WORDS)
        return periods

    def where(self, row: int) -> str:
        """A row in words: the file or sheet, and the line."""
        part, line = divmod(row, _PART)
        name = self._parts.get(part, "")
        return f"{name}:{line}" if name and len(self._parts) > 1 else str(line)

    def _open(self) -> Iterator[_Part]:
        number, found = 0, False
        for file in self._files:
            for part in self._tables(file):
                self._parts[number] = part.name
                found = True
                yield part
                number += 1
        if not found:
            raise Faulty([Fault(Cell(), "no_statement")], WORDS)

    def _tables(self, file: File) -> Iterator[_Part]:
        """The tables of a file."""
        with naming(file.path), file.path.open("rb") as opened:
            is_workbook = workbook.is_one(opened.read(workbook.HEAD))
        if is_workbook:
            for sheet in self._sheets(file):
                name = f"{file.name} {sheet.title}"
                if stream := table.stream(name, sheet.rows, TABLES):
                    yield _Part(name, stream, whole_days=True)
            return
        try:
            with logfile.opened(file.path) as log:
                if stream := table.stream(file.name, _csv(file.name, log.lines), TABLES):
                    yield _Part(file.name, stream, whole_days=False)
        except UnreadableLog as error:
            raise Faulty([Fault(Cell(file.name), "not_a_sheet")]) from error

    def _sheets(self, file: File) -> list[Sheet]:
        if file.path not in self._workbooks:
            try:
                workbook.check_size(file.path.stat().st_size)
                self._workbooks[file.path] = workbook.read(file.path.read_bytes())
            except Faulty as error:
                raise Faulty(one.inside(file.name) for one in error.faults) from None
        return self._workbooks[file.path]

    def _given(self, number: int, part: _Part, record: Record) -> Given:
        values = record.values
        return Given(
            number * _PART + record.row,
            values.get("message", ""),
            values.get("caller", ""),
            values.get("text"),
            self._time(record, part.whole_days),
        )

    def _time(self, record: Record, whole_days: bool) -> int:
        text, day = record.values["time"], record.values.get("day", "")
        if _UNIX.fullmatch(text):
            return int(text) if len(text) == 13 else int(text) * 1000
        if day and _CLOCK.fullmatch(text):
            text = f"{day.removesuffix(' 00:00:00')} {text}"
        if whole_days and table.day(text):
            text = f"{text[:10]} 00:00:00"
        try:
            return self._clock.read(text)[0]
        except BadTime:
            raise _Wrong(record.fault("time", "not_a_time", title=_title("time"))) from None

    def _period(self, number: int, record: Record) -> Period:
        count = table.number(record.values["messages"])
        if count is None or count < 0 or count != int(count):
            raise _Wrong(record.fault("messages", "not_a_count", title=_title("messages")))
        key = "period" if record.values.get("period") else "day"
        text = " ".join(filter(None, (record.values.get("day", ""), record.values.get("period", ""))))
        try:
            from_ms, until_ms = self._span(text)
        except (BadTime, ValueError):
            raise _Wrong(record.fault(key, "not_a_period", title=_title(key))) from None
        return Period(number * _PART + record.row, from_ms, until_ms, int(count))

    def _span(self, text: str) -> tuple[int, int]:
        """An hour, or a day; of a span the hour with which it begins. Raises `BadTime`, `ValueError`."""
        if len(text) > _LONGEST_PERIOD:
            raise ValueError(text)
        text = _UNTIL.sub("", text, count=1).strip()
        if day := table.day(text):
            return self._at(day, 0), self._at(day + timedelta(days=1), 0)
        found = _HOUR.fullmatch(text)
        day = table.day(found["day"]) if found else None
        if found is None or day is None:
            raise ValueError(text)
        from_ms = self._at(day, int(found["hour"]))
        return from_ms, from_ms + 3_600_000

    def _at(self, day: date, hour: int) -> int:
        return self._clock.read(f"{day.isoformat()} {hour:02}:00:00")[0]


def line_of(row: int) -> int:
    """The line, in its file or sheet, that a row's number names."""
    return row % _PART


class _Wrong(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.kind)
        self.fault = fault


def _note(faults: list[Fault], fault: Fault, *, strict: bool) -> None:
    faults.append(fault)
    if strict and len(faults) >= _NAMED:
        raise Faulty([*faults, Fault(Cell(), "too_many_faults")], WORDS)


def _title(key: str) -> str:
    return next(one.titles[0] for columns in TABLES for one in columns if one.key == key)


def _is_totals(record: Record) -> bool:
    """Whether a row only sums up the others."""
    values: Mapping[str, str] = record.values
    said = [value for value in values.values() if value]
    return said[:1] != [] and said[0].casefold().startswith(_TOTALS) and len(said) < len(values)


def _csv(name: str, lines: Iterator[str]) -> Iterator[Row]:
    head = list(islice(lines, 20))
    for line, _, cells, why in csvrows.records(chain(head, lines), reading.delimiter(head)):
        if why and why != csvrows.CUT_OFF:
            raise Faulty([Fault(Cell(name, line), "row_broken", {"why": why})])
        if any(cells):
            yield Row(line, tuple([cell.strip() for cell in cells]))
