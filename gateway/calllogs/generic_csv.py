"""Call logs of switches, IVRs and hotline desks: any CSV, by naming its columns."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.intake import csvrows
from gateway.intake.calllog import CallLog, CallLogKind, Row, UnreadableLog
from gateway.intake.inbound import Form, Inbound
from gateway.intake.options import CAMPAIGNS, ZoneName
from gateway.kinds import Shown

Word = Literal["caller", "choice", "start", "call_id", "called", "duration", "disposition"]
Column = Annotated[
    Annotated[str, Field(min_length=1, max_length=100)] | Annotated[int, Field(ge=1, le=1000, strict=True)],
    Shown("name in the header, or number"),
]

#: The header may come after titles, but not later than this.
_HEAD_LINES = 10
_DELIMITERS = (",", ";", "\t", "|")
#: Blanks and invisible marks that come along when numbers are copied between programs.
_EDGES = " \t\r\n\xa0\u3000\ufeff\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
#: What Excel makes of a long number that it was not told to keep as text.
_SPOILT = re.compile(r"[+-]?[0-9](?:[.,][0-9]*)?[eE]\+[0-9]+|[0-9]+\.0+|#{4,}")
_UNIX = {"unix": re.compile(r"([0-9]{9,11})(?:\.[0-9]+)?"), "unix_ms": re.compile(r"([0-9]{12,14})")}

_NOTE_SPOILT = "Excel has changed a number: format its column as text and export the log again"
_NOTE_UNMAPPED = "the choice is not in this source's map: add it, with an empty code if it is no vote"
_NOTE_UNIX = "the start time is not in Unix time as the setting time says"
_NOTE_EMPTY = "an empty row"
_NOTE_HEADER = "the header once more"
_NOTE_SKIPPED = "a row that skip_when_empty names"


class Columns(BaseModel):
    """Which columns of the file we need, by the names in its header, or by number from 1 without one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    caller: Column = Field(description="the caller's number")
    choice: Column = Field(description="what was chosen")
    start: Column = Field(description="when the call was made")
    call_id: Column | None = Field(
        default=None, description="the call's own number; leave it out if a call can have several rows"
    )
    called: Column | None = Field(default=None, description="the number dialled")
    duration: Column | None = Field(
        default=None, description="how long; helps to tell calls apart where there is no `call_id`"
    )
    disposition: Column | None = Field(default=None, description="how the call ended")

    def mapped(self) -> dict[str, str | int]:
        """Our words for the columns that are mapped, with theirs."""
        return {word: column for word, column in self if column is not None}


class Options(BaseModel):
    """The settings of one log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: Columns
    header: bool = Field(
        default=True, description=("whether a header names the columns; if not, `columns` are numbers from 1")
    )
    delimiter: Annotated[Literal[",", ";", "\t", "|"] | None, Shown(unset="found")] = Field(
        default=None, description="what separates columns"
    )
    form: Literal["digits", "text"] = Field(
        default="digits",
        description="whether the choice is keys pressed, read by the keypad codes, or words",
    )
    time: Literal["local", "unix", "unix_ms"] = Field(default="local", description="how the start is written")
    timezone: Annotated[ZoneName, CAMPAIGNS] = Field(
        default="Asia/Shanghai", description="the zone of local times"
    )
    map: dict[str, str] = Field(
        default_factory=dict,
        description="turns what the choice column holds into a code; what is not in it is left to a person",
    )
    dispositions: Annotated[tuple[str, ...], Shown(unset="all")] = Field(
        default=(), description="only rows with these"
    )
    called: Annotated[tuple[str, ...], Shown("list of numbers", unset="all")] = Field(
        default=(), description="only calls to these"
    )
    skip_when_empty: tuple[Word, ...] = Field(
        default=(), description="a row in which all of these are empty is no call: a totals row"
    )
    strip_prefix: str = Field(default="", max_length=10, description="a trunk prefix before callers' numbers")

    @model_validator(mode="after")
    def _complete(self) -> "Options":
        mapped = self.columns.mapped()
        kind = str if self.header else int
        if wrong := [
            word for word, name in mapped.items() if not isinstance(name, kind) or not _folded(str(name))
        ]:
            how = "a name from the header" if self.header else "a number from 1, as header = false"
            raise ValueError(f"columns.{wrong[0]} must be {how}")
        wanted = {"disposition": self.dispositions, "called": self.called}
        needed = [word for word, values in wanted.items() if values] + list(self.skip_when_empty)
        if missing := [word for word in needed if word not in mapped]:
            raise ValueError(f"columns.{missing[0]} is needed by another setting")
        return self


def _folded(text: str) -> str:
    """A header's name or a disposition with its width, case and blanks ironed out."""
    text = unicodedata.normalize("NFKC", text).strip(_EDGES).casefold()
    return "".join(text.split())


def _plain(cell: str) -> str:
    """What a cell says, without what Excel puts around numbers to keep them: `="138…"` and `'138…`."""
    if not cell or (cell.isalnum() and cell.isascii()):
        return cell
    text = cell.strip()
    if not text.isascii():
        text = text.strip(_EDGES)
    elif text[:1].isalnum():
        return text
    if text[:1] == "'":
        return text[1:].strip()
    if text[:2] == '="' and text[-1:] == '"':
        return text[2:-1].strip()
    return text


@dataclass(frozen=True, slots=True)
class Layout:
    """How one file is laid out: its delimiter, its number of columns, and where our words stand."""

    delimiter: str
    width: int
    places: Mapping[str, int]


class GenericCsv:
    """Reads one log's rows by its settings."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._wanted = options.columns.mapped()
        self._names = {word: _folded(str(column)) for word, column in self._wanted.items()}
        self._delimiters = (options.delimiter,) if options.delimiter else _DELIMITERS
        self.columns = {word: str(column) for word, column in self._wanted.items()}

    @property
    def by_name(self) -> bool:
        """Whether a header names the columns."""
        return self._options.header

    def with_columns(self, names: Mapping[str, str]) -> "GenericCsv":
        """The same reader for a file whose header has other names for some of our words.

        No word is added or taken away: what tells one call from another must stay what it was.
        """
        assert self.by_name
        assert self._wanted.keys() >= names.keys()
        columns = {**self._wanted, **names}
        return GenericCsv(self._options.model_copy(update={"columns": Columns.model_validate(columns)}))

    def header(self, lines: Iterable[str]) -> list[str]:
        """The names in a file's header, or in the line that comes nearest to one; none if nothing does."""
        return [
            name for cell in self._nearest(list(islice(lines, _HEAD_LINES))) if (name := _plain(cell)[:100])
        ]

    def read(self, lines: Iterable[str]) -> Iterator[Row]:
        """Every row after the header. Raises `UnreadableLog` before the first one."""
        source = iter(lines)
        head = list(islice(source, _HEAD_LINES))
        layout = self._by_header(head) if self._options.header else self._by_number(head)
        records = csvrows.records(chain(head, source), layout.delimiter)
        if self._options.header:
            found = any(self._places(cells) for _, _, cells, _ in islice(records, _HEAD_LINES))
            if not found:
                raise self._no_header(head)
        yield from map(_Rows(self._options, layout).row, records)

    def _places(self, cells: list[str]) -> dict[str, int] | None:
        """Where our words stand in this row, if it is the header."""
        names = [_folded(cell) for cell in cells]
        if not set(names).issuperset(self._names.values()):
            return None
        for word, name in self._names.items():
            if names.count(name) > 1:
                raise UnreadableLog(
                    f"Two columns have the name set in columns.{word}: rename one of them.",
                    f"有两列的名称与 columns.{word} 的设置相同：请改其中一列的名称。",
                )
        return {word: names.index(name) for word, name in self._names.items()}

    def _by_header(self, head: list[str]) -> Layout:
        """The layout under which the header has every column wanted: nothing is sniffed."""
        for delimiter in self._delimiters:
            for _, _, cells, _ in csvrows.records(head, delimiter):
                if places := self._places(cells):
                    return Layout(delimiter, _extent(cells), places)
        raise self._no_header(head)

    def _by_number(self, head: list[str]) -> Layout:
        """The only delimiter under which most of the first rows have the columns wanted."""
        places = {word: int(column) - 1 for word, column in self._wanted.items()}
        found = []
        for delimiter in self._delimiters:
            widths = Counter(len(cells) for _, _, cells, _ in csvrows.records(head, delimiter) if cells)
            width = widths.most_common(1)[0][0] if widths else 0
            if width > max(places.values()):
                found.append(Layout(delimiter, width, places))
        if len(found) == 1:
            return found[0]
        if not any(text.strip() for text in head):
            return Layout(",", 1 + max(places.values()), places)
        needed = 1 + max(places.values())
        raise UnreadableLog(
            f"The file does not show what separates its columns, or has fewer than {needed} of them: "
            "set delimiter, and check columns.",
            f"看不出各列用什么分隔，或者不足 {needed} 列：请设置 delimiter，并核对 columns。",
        )

    def _no_header(self, head: list[str]) -> UnreadableLog:
        """The error that names what is wanted and what is there, but nothing that could be a caller's."""
        wanted = ", ".join(str(column) for column in self._wanted.values())
        if not any(text.strip() for text in head):
            return UnreadableLog(
                f"The file is empty; it should begin with a header with {wanted}.",
                f"文件是空的；第一行应是表头，含 {wanted}。",
            )
        best = self._nearest(head)
        if best:
            names = ", ".join(_plain(cell)[:40] for cell in best[:60])
            there, zh = f"it has {names}", f"表头是 {names}"
        else:
            there = "its first lines do not look like one: without a header, set header = false"
            zh = "开头几行不像表头：没有表头时，请设置 header = false"
        return UnreadableLog(f"There is no header with {wanted}; {there}.", f"没有含 {wanted} 的表头；{zh}。")

    def _nearest(self, head: list[str]) -> list[str]:
        """The cells of the line that has most of the names, or most cells; none if they hold numbers."""
        rows = [cells for mark in self._delimiters for _, _, cells, _ in csvrows.records(head, mark)]
        names = set(self._names.values())
        best = max(
            rows, key=lambda cells: (len(names.intersection(map(_folded, cells))), len(cells)), default=[]
        )
        return [] if any(re.search(r"\d{4}", _folded(cell)) for cell in best) else best


def _extent(cells: list[str]) -> int:
    """The number of columns up to the last that is not empty."""
    return max((index for index, cell in enumerate(cells, 1) if cell.strip()), default=0)


class _Rows:
    """Turns the records of one file into rows."""

    def __init__(self, options: Options, layout: Layout) -> None:
        self._layout = layout
        self._width = layout.width
        # A word that is not mapped is read at -1, where `row` puts an empty cell.
        self._wanted = itemgetter(*(layout.places.get(word, -1) for word in Columns.model_fields))
        self._skip = [layout.places[word] for word in options.skip_when_empty]
        self._dispositions = {_folded(text) for text in options.dispositions}
        self._numbers = frozenset(options.called)
        self._map, self._form, self._time = options.map, Form(options.form), options.time
        self._prefix = options.strip_prefix
        self._selective = bool(options.skip_when_empty or options.dispositions or options.called)
        self._clock = csvrows.Clock(options.timezone)
        named = options.columns.mapped() if options.header else {}
        self._names = [(layout.places[word], _folded(str(name))) for word, name in named.items()]

    def row(self, record: csvrows.Record) -> Row:
        """The call in one record, if there is one."""
        line, text, cells, fault = record
        if fault and (fault != csvrows.CUT_OFF or self._may_be_cut(text, cells)):
            return csvrows.unread(line, text, fault)
        cells.append("")
        if len(cells) != self._width + 1 and (odd := self._odd_width(line, text, cells)):
            return odd
        caller, choice, start, call_id, called, duration, disposition = self._wanted(cells)
        start = _plain(start)
        if (self._selective or not start) and (note := self._no_call(cells, called, disposition)):
            return Row(line, None, note)
        if not start[:1].isdigit() and self._is_header(cells):
            return Row(line, None, _NOTE_HEADER)
        caller, choice, call_id = _plain(caller), _plain(choice), _plain(call_id)
        if self._prefix and caller.startswith(self._prefix):
            caller = caller[len(self._prefix) :].lstrip(" -") or caller
        numbers = caller, choice, call_id
        if not "".join(numbers).isalnum() and any(map(_SPOILT.fullmatch, numbers)):
            return csvrows.unread(line, text, _NOTE_SPOILT)
        if choice and self._map:
            if choice not in self._map:
                return csvrows.unread(line, text, _NOTE_UNMAPPED, caller)
            choice = self._map[choice]
        try:
            sent_ms, grain_ms = self._clock.read(start) if self._time == "local" else self._unix(start)
        except csvrows.BadTime as bad:
            return csvrows.unread(line, text, str(bad), caller)
        name = call_id or _synthesised(caller, called, sent_ms, duration, choice)
        return Row(line, Inbound(name, caller, choice, self._form, sent_ms, grain_ms, text.encode()))

    def _is_header(self, cells: list[str]) -> bool:
        """Whether a row is the header again: some programs write it at each of their starts."""
        return bool(self._names) and all(_folded(cells[place]) == name for place, name in self._names)

    def _may_be_cut(self, text: str, cells: list[str]) -> bool:
        """Whether a missing line end can have cost something we read: `12` may have become `1`."""
        last = len(cells) - 1
        return last + 1 < self._width or (last in self._layout.places.values() and not text.endswith('"'))

    def _odd_width(self, line: int, text: str, cells: list[str]) -> Row | None:
        """None for a row whose surplus columns are empty, which is as good as any."""
        width = len(cells) - 1
        if not any(map(str.strip, cells)):
            return Row(line, None, _NOTE_EMPTY)
        if width > self._width and not any(map(str.strip, cells[self._width :])):
            return None
        padded = cells + [""] * (self._width - width)
        if self._skips(padded):
            return Row(line, None, _NOTE_SKIPPED)
        note = f"{width} columns where the log has {self._width}: put cells with a separator in quotes"
        return csvrows.unread(line, text, note)

    def _skips(self, cells: list[str]) -> bool:
        return bool(self._skip) and not any(cells[place].strip() for place in self._skip)

    def _no_call(self, cells: list[str], called: str, disposition: str) -> str:
        """Why a row is no call, "" if it is one."""
        if not any(cells[place].strip() for place in self._layout.places.values()):
            return _NOTE_EMPTY
        if self._skips(cells):
            return _NOTE_SKIPPED
        if self._dispositions and _folded(disposition) not in self._dispositions:
            return "its disposition is not among those that count"
        if self._numbers and _plain(called) not in self._numbers:
            return "another number was dialled"
        return ""

    def _unix(self, start: str) -> csvrows.Moment:
        """Raises `BadTime`, also for milliseconds where seconds are set, and the other way round."""
        found = _UNIX[self._time].fullmatch(start)
        if found is None:
            raise csvrows.BadTime(_NOTE_UNIX)
        return (int(found[1]) * 1000, 1000) if self._time == "unix" else (int(found[1]), 1)


def _synthesised(caller: str, called: str, sent_ms: int, duration: str, choice: str) -> str:
    """An id from all that tells one call from another.

    The choice is part of it: some logs have a row for each choice made during one call, and these are not
    redeliveries of each other; how many of them count is for the caps to say. The instant stands for the
    written time, so that an export in another date format gives the same ids.
    """
    return csvrows.synthesised(f"{caller}\0{_plain(called)}\0{sent_ms}\0{duration.strip()}\0{choice}")


def build(options: BaseModel) -> CallLog:
    """A reader for one source's logs; `options` are this kind's."""
    if not isinstance(options, Options):
        raise TypeError("a csv log needs the options of csv")
    return GenericCsv(options)


calllog = CallLogKind(
    kind="csv",
    channel="hotline",
    options=Options,
    build=build,
    configure=(
        "**In the program that writes the log:** export the calls as CSV with a header line, one row "
        "for each call, and name its columns in `columns`. Times have the year first, `2018-07-09 "
        "08:00:00`, and are local unless they end in `Z` or `+08:00`. If each candidate has a number "
        'of its own, take the number dialled as the choice: `columns.choice = "被叫号码"`, `map = { '
        '"10690101" = "A01" }`, `form = "text"`.\n\n'
        "**Before a log goes through Excel**, format the columns with numbers as text: Excel turns "
        "`13800138000` into `1.38E+10`, and such rows are not counted but left to a person. If the "
        "switch puts a trunk prefix before callers, set `strip_prefix`; if there is a totals row, "
        '`skip_when_empty = ["start"]`.'
    ),
)
