"""Asterisk's call detail records: `Master.csv` as cdr_csv or cdr_custom writes it.

A CDR holds no keys pressed: the choice is what the dialplan put into a column, or the number dialled.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.intake import choice, csvrows, payload
from gateway.intake.calllog import CallLog, CallLogKind, Row
from gateway.intake.choice import Choice, Chooser
from gateway.intake.inbound import Form, Inbound
from gateway.intake.options import CAMPAIGNS, ZoneName
from gateway.kinds import Shown

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

_LONG_CHOICE = f"the column with the choice is longer than {choice.MAX_TOLD} characters"
_NOT_JSON = "the line is no JSON object, or is cut off: for CSV leave out format"
_UNMAPPED = "the choice is not in this source's choice.map: add it, with an empty code if it is no vote"

Disposition = Literal["ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION", "CANCEL", "UNKNOWN"]


class Options(BaseModel):
    """The settings of one Asterisk log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    extra: tuple[Literal["uniqueid", "userfield", "newcdrcolumns"], ...] = Field(
        default=("uniqueid", "userfield"),
        description="which switches of cdr.conf are on: `loguniqueid`, `loguserfield`, `newcdrcolumns`",
    )
    columns: Annotated[tuple[str, ...], Shown("list of names")] = Field(
        default=(),
        max_length=200,
        description="in place of `extra`, for cdr_custom: all columns in order, `-` for one of no interest",
    )
    format: Literal["csv", "json"] = Field(
        default="csv",
        description='`"json"` for cdr_custom\'s JSON lines; `columns` then names the members, in any order',
    )
    delimiter: Literal[",", ";", "\t", "|"] = Field(
        default=",", description="what separates columns: `separator_character` of cdr_custom"
    )
    choice: Choice = Choice()
    form: Literal["digits", "text"] = Field(
        default="digits",
        description="whether the choice is keys pressed, read by the keypad codes, or words",
    )
    dispositions: Annotated[tuple[Disposition, ...], Shown(unset="all")] = Field(
        default=(), description="only records with these"
    )
    called: Annotated[tuple[str, ...], Shown("list of numbers", unset="all")] = Field(
        default=(), description="only calls to these"
    )
    timezone: Annotated[ZoneName, CAMPAIGNS] = Field(
        default="Asia/Shanghai", description='the zone of the times; `"UTC"` with `usegmtime=yes`'
    )

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


def _json_records(lines: Iterable[str], layout: tuple[str, ...]) -> Iterator[csvrows.Record]:
    """The records of cdr_custom's JSON lines, their members in the layout's order. Total."""
    for number, line in enumerate(lines, 1):
        text = line.removeprefix("\ufeff") if number == 1 else line
        text = text.rstrip("\r\n")
        cells, fault = _members(text, layout) if text.strip() else ([], "")
        yield number, text[: csvrows.MAX_RECORD], cells, fault


def _members(text: str, layout: tuple[str, ...]) -> tuple[list[str], str]:
    """The cells of one record, and what is wrong with it."""
    if len(text) > csvrows.MAX_RECORD:
        return [], csvrows.TOO_LONG
    if fault := csvrows.damage(text):
        return [], fault
    try:
        record = payload.json_value(text)
    except payload.Unreadable:
        return [], _NOT_JSON
    if not isinstance(record, dict):
        return [], _NOT_JSON
    return [_cell(record.get(name)) for name in layout], ""


def _cell(value: object) -> str:
    """A member as it would stand in a CSV file."""
    if value is None:
        return ""
    return payload.clean(value) if isinstance(value, str) else json.dumps(value)


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
        self._chooser = Chooser(options.choice)
        self._layout, self._json = options.layout, options.format == "json"
        self._delimiter = options.delimiter
        read = {"caller": "src", "start": "start", "choice": options.choice.column, "call_id": "uniqueid"}
        self.columns = {word: f"{name} ({place[name] + 1})" for word, name in read.items() if name in place}

    def read(self, lines: Iterable[str]) -> Iterator[Row]:
        """Every record of the log as a row; the format has no header."""
        if self._json:
            return map(self._row, _json_records(lines, self._layout))
        return map(self._row, csvrows.records(lines, self._delimiter))

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
        chosen, wrong = self._choose(told)
        try:
            sent_ms, grain_ms = self._clock.read(cells[self._start])
        except csvrows.BadTime as bad:
            wrong = str(bad)
        if wrong:
            return csvrows.unread(line, text, wrong, caller)
        name = self._name(cells)
        return Row(line, Inbound(name, caller, chosen, self._form, sent_ms, grain_ms, text.encode()))

    def _is_whole(self, text: str, cells: list[str], fault: str) -> bool:
        """Whether only the last line's end is missing. Without quotation marks, `12` may have been `123`."""
        return fault == csvrows.CUT_OFF and len(cells) == self._width and text.endswith('"')

    def _wrong_width(self, line: int, text: str, width: int) -> Row:
        if not text or text.isspace():
            return Row(line, None, "an empty line")
        note = f"{width} columns where the settings name {self._width}: set extra or columns to match"
        return csvrows.unread(line, text, note)

    def _choose(self, told: str) -> tuple[str, str]:
        """The choice in a column's value, and what is wrong with it."""
        try:
            return self._chooser.choose(told), ""
        except choice.Unmapped:
            return "", _UNMAPPED
        except choice.TooLong:
            return "", _LONG_CHOICE

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
        "**In cdr.conf**, section `[csv]`: `loguniqueid=yes`, `loguserfield=yes`, better also "
        "`newcdrcolumns=yes`, so that each record has a number of its own. `unanswered=yes` in "
        "`[general]` if busy or unanswered calls are votes.\n\n"
        "A record holds no keys pressed. Either the dialplan puts them into the userfield,\n\n"
        "```text\n"
        "same => n,Set(CDR(userfield)=choice=${CHOICE})\n"
        "```\n\n"
        'or each candidate has a number of its own: `choice = { from = "dst", map = { "10690101" = '
        '"A01" } }` and `form = "text"`.\n\n'
        "Import either Master.csv or a copy of it, never both. The mapping in cdr_custom's own sample "
        'is `columns = ["clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", '
        '"lastdata", "start", "answer", "end", "duration", "billsec", "disposition", "amaflags", '
        '"accountcode", "uniqueid", "userfield", "sequence"]`.'
    ),
    reference="asterisk/asterisk: cdr/cdr_csv.c, main/cdr.c, configs/samples/cdr_custom.conf.sample",
)
