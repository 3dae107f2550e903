"""Asterisk's call detail records: `Master.csv` as cdr_csv or cdr_custom writes it (PROVIDERS §17).

A CDR holds no keys pressed: the choice is what the dialplan put into a column, or the number dialled.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gateway.intake import csvrows
from gateway.intake.calllog import CallLog, CallLogKind, Row
from gateway.intake.inbound import Form, Inbound
from gateway.intake.options import ZoneName

_BASE = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata"),
    *("start", "answer", "end", "duration", "billsec", "disposition", "amaflags"),
)
#: What the switches of cdr.conf add, in the order in which cdr_csv writes it.
_EXTRA = {
    "uniqueid": ("uniqueid",),
    "userfield": ("userfield",),
    "newcdrcolumns": ("peeraccount", "linkedid", "sequence"),
}
_MAX_CELL = 256
_MAX_PATTERN = 100

_LONG_CHOICE = f"the column with the choice is longer than {_MAX_CELL} characters"
_UNMAPPED = "the choice is not in this source's choice.map: add it, with an empty code if it is no vote"

Disposition = Literal["ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION", "CANCEL", "UNKNOWN"]


class Choice(BaseModel):
    """Where a record holds the choice, and how it is written there.

    `pattern` is a regular expression with one group, the choice itself; a value it is not found in is a
    call without a choice. `map` turns what was found into a code of the campaign; a value that is not in
    it is left to a person.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str = Field(default="userfield", alias="from")
    pattern: str = Field(default="", max_length=_MAX_PATTERN)
    map: dict[str, str] = Field(default_factory=dict)

    @field_validator("pattern")
    @classmethod
    def _bounded(cls, pattern: str) -> str:
        if not pattern:
            return pattern
        try:
            groups = re.compile(pattern).groups
        except (re.error, OverflowError, RecursionError):
            raise ValueError(r"not a regular expression: write it like choice=(\d+)") from None
        if groups != 1:
            raise ValueError(r"needs exactly one group in round brackets, the choice: choice=(\d+)")
        if not _is_bounded(pattern):
            raise ValueError(
                "could take for ever on some texts: use at most two of * + {} and four of ?, "
                r"none of them after a round bracket, and no \1 or (? other than (?:"
            )
        return pattern


class Options(BaseModel):
    """The settings of one Asterisk log.

    `extra` repeats the switches of cdr.conf that are on (loguniqueid, loguserfield, newcdrcolumns);
    `columns` names all columns instead, in order, for cdr_custom ("-" for one of no interest).
    `dispositions` and `called` (numbers dialled), if given, say which records are calls to the vote.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    extra: tuple[Literal["uniqueid", "userfield", "newcdrcolumns"], ...] = ("uniqueid", "userfield")
    columns: tuple[str, ...] = Field(default=(), max_length=200)
    choice: Choice = Choice()
    form: Literal["digits", "text"] = "digits"
    dispositions: tuple[Disposition, ...] = ()
    called: tuple[str, ...] = ()
    timezone: ZoneName = "Asia/Shanghai"

    @property
    def layout(self) -> tuple[str, ...]:
        """The names of all columns, in order."""
        return self.columns or (
            *_BASE,
            *(name for key in _EXTRA if key in self.extra for name in _EXTRA[key]),
        )

    @model_validator(mode="after")
    def _complete(self) -> "Options":
        if self.columns and "extra" in self.model_fields_set:
            raise ValueError("set either extra or columns, not both")
        names = [name for name in self.columns if name != "-"]
        if len(names) != len(set(names)):
            raise ValueError("columns names a column twice: write - for one that is of no interest")
        wanted = ["src", "start", self.choice.column]
        wanted += ["disposition"] * bool(self.dispositions) + ["dst"] * bool(self.called)
        if missing := [name for name in wanted if name == "-" or name not in self.layout]:
            raise ValueError(f"needs a column {', '.join(missing)} that is not among the log's columns")
        return self


def _is_bounded(pattern: str) -> bool:
    """Whether a search in `_MAX_CELL` characters ends soon, whatever they are."""
    bare = re.sub(r"\\([1-9])|\\.", lambda escaped: "(?" if escaped[1] else "a", pattern, flags=re.DOTALL)
    bare = re.sub(r"\[\^?\]?[^\]]*\]", "a", bare).replace("(?:", "(")
    bare = re.sub(r"\{[0-9,]*\}", "*", bare)
    bare = re.sub(r"([*+?])[?+]", r"\1", bare)  # lazy and possessive ones are no further repeats
    if "(?" in bare or re.search(r"\)[*+?]", bare):
        return False
    return bare.count("?") <= 4 and bare.count("*") + bare.count("+") <= 2


class AsteriskCdr:
    """Reads one log's records by its settings."""

    def __init__(self, options: Options) -> None:
        place = {name: index for index, name in enumerate(options.layout)}
        self._width = len(options.layout)
        self._src, self._start, self._told = place["src"], place["start"], place[options.choice.column]
        # A column that is not in the log is read at -1, where `_row` puts an empty cell.
        self._dst, self._uniqueid = place.get("dst", -1), place.get("uniqueid", -1)
        self._sequence, self._disposition = place.get("sequence", -1), place.get("disposition", -1)
        self._dispositions, self._called = frozenset(options.dispositions), frozenset(options.called)
        self._form = Form(options.form)
        self._clock = csvrows.Clock(options.timezone)
        self._map = options.choice.map
        self._pattern = re.compile(options.choice.pattern) if options.choice.pattern else None
        self._choose = lru_cache(maxsize=4096)(self._look)

    def read(self, lines: Iterable[str]) -> Iterator[Row]:
        """Every record of the log as a row; the format has no header."""
        return map(self._row, csvrows.records(lines))

    def _row(self, record: csvrows.Record) -> Row:
        line, text, cells, fault = record
        if fault and not self._is_whole(text, cells, fault):
            return csvrows.unread(line, text, fault)
        if len(cells) != self._width:
            return self._wrong_width(line, text, len(cells))
        cells.append("")
        if self._dispositions and cells[self._disposition].strip().upper() not in self._dispositions:
            return Row(line, None, "its disposition is not among those that count")
        if self._called and cells[self._dst].strip() not in self._called:
            return Row(line, None, "another number was dialled")
        caller, told = cells[self._src].strip(), cells[self._told].strip()
        choice, wrong = self._choose(told) if len(told) <= _MAX_CELL else (told, self._too_long())
        try:
            sent_ms, grain_ms = self._clock.read(cells[self._start])
        except csvrows.BadTime as bad:
            wrong = str(bad)
        if wrong:
            return csvrows.unread(line, text, wrong, caller)
        name = self._name(cells)
        return Row(line, Inbound(name, caller, choice, self._form, sent_ms, grain_ms, text.encode()))

    def _is_whole(self, text: str, cells: list[str], fault: str) -> bool:
        """Whether only the last line's end is missing. Without quotation marks, `12` may have been `123`."""
        return fault == csvrows.CUT_OFF and len(cells) == self._width and text.endswith('"')

    def _wrong_width(self, line: int, text: str, width: int) -> Row:
        if not text or text.isspace():
            return Row(line, None, "an empty line")
        note = f"{width} columns where the settings name {self._width}: set extra or columns to match"
        return csvrows.unread(line, text, note)

    def _look(self, told: str) -> tuple[str, str]:
        """The choice in a column's value, and what is wrong with it."""
        if self._pattern:
            found = self._pattern.search(told)
            told = (found[1] or "").strip() if found else ""
        if told and self._map:
            code = self._map.get(told)
            return ("", _UNMAPPED) if code is None else (code, "")
        return told, ""

    def _too_long(self) -> str:
        return _LONG_CHOICE if self._pattern or self._map else ""

    def _name(self, cells: list[str]) -> str:
        """The call's id. Records of one call that was forked share the uniqueid."""
        uniqueid, sequence = cells[self._uniqueid], cells[self._sequence]
        if not uniqueid:
            return csvrows.synthesised("\0".join(cells))
        return f"{uniqueid}/{sequence}" if sequence else f"{uniqueid}/{cells[self._dst]}/{cells[self._start]}"


def build(options: BaseModel) -> CallLog:
    """A reader for one source's logs; `options` are this kind's."""
    if not isinstance(options, Options):
        raise TypeError("an asterisk-cdr log needs the options of asterisk-cdr")
    return AsteriskCdr(options)


calllog = CallLogKind(
    kind="asterisk-cdr",
    channel="hotline",
    options=Options,
    build=build,
    configure=(
        "In cdr.conf, section [csv], set loguniqueid=yes and loguserfield=yes (newcdrcolumns=yes is better\n"
        "still: each record then has a number of its own), and repeat what is on in `extra`. For cdr_custom\n"
        "list the mapping's columns in `columns`.\n"
        "A CDR holds no keys pressed. Either let the dialplan put them into the userfield,\n"
        "  same => n,Set(CDR(userfield)=choice=${CHOICE})    with  choice.pattern = 'choice=(\\d+)'\n"
        "or give each candidate a number of its own,\n"
        "  choice.from = 'dst'    with  choice.map = { '10690101' = 'A01', … }  and  form = 'text'.\n"
        "With usegmtime=yes set timezone = 'UTC', else the server's own zone. Set unanswered=yes if busy or\n"
        "unanswered calls are votes, and `called` if the log holds other calls too.\n"
        "Import either Master.csv or a copy of it (<accountcode>.csv, cdr-custom), never both."
    ),
    reference="asterisk/asterisk: cdr/cdr_csv.c, main/cdr.c, configs/samples/cdr_custom.conf.sample",
)
