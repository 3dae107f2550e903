"""Finds a table in a sheet by its titles, and gives its rows as records. Pure.

Titles may come after a heading, stand in two lines with merged cells above ("推荐单位意见 | 日期"), be in any
order, and differ in blanks, width and punctuation.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import chain, islice
from typing import Final, NamedTuple

from config.spreadsheet.faults import Cell, Fault, Faulty
from config.spreadsheet.workbook import Row, Sheet

#: The titles may come after headings and notes, but not later than this.
_HEAD_ROWS: Final = 20
#: Nobody calls a column by more characters, or writes a number with more. What is longer is none: to try it
#: as one could take longer than anybody waits.
_LONGEST_TITLE: Final = 200
_LONGEST_NUMBER: Final = 60
#: How a note below the titles begins. It is one only if the row says nothing else.
_NOTE: Final = ("说明", "填表说明", "注：", "注:", "备注：", "备注:", "note:")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_DATE: Final = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?: 00:00(?::00)?)?", re.ASCII)


class Column(NamedTuple):
    """One column: our key, its titles (the first is the template's), and whether every row must have it.

    `needed` says whether a sheet without it is no such table.
    """

    key: str
    titles: tuple[str, ...]
    required: bool = False
    needed: bool = False


class Record(NamedTuple):
    """One row as it was found: its values by key, "" where there is none."""

    sheet: str
    row: int
    values: Mapping[str, str]
    columns: Mapping[str, int]

    def cell(self, key: str = "") -> Cell:
        """Where a value stands; the row, if its column is not there."""
        return Cell(self.sheet, self.row, self.columns.get(key, 0))

    def fault(self, key: str, kind: str, **fill: object) -> Fault:
        """What is wrong with a value."""
        return Fault(self.cell(key), kind, fill)


class Table(NamedTuple):
    """The records of all sheets that are such tables, in order, and everything that is wrong with them."""

    records: tuple[Record, ...]
    faults: tuple[Fault, ...]


def find(sheets: Sequence[Sheet], columns: Sequence[Column]) -> Table:
    """The table with these columns, in one sheet or several. Raises `Faulty` if no sheet has it."""
    found = [(sheet, header) for sheet in sheets if (header := _header(sheet, columns))]
    needed = "、".join(one.titles[0] for one in columns if one.needed)
    if not found:
        raise Faulty([Fault(Cell(), "no_header", {"titles": needed})])
    records = [
        one for sheet, header in found for one in _records(sheet.title, sheet.rows[header.last + 1 :], header)
    ]
    faults = [fault for sheet, header in found for fault in header.faults(sheet.title)]
    faults += [fault for one, row in records for fault in _faults(one, row, columns)]
    if not records:
        faults.append(Fault(Cell(found[0][0].title), "empty"))
    return Table(tuple(one for one, _ in records), tuple(faults))


class Stream(NamedTuple):
    """A table whose rows are read as they are asked for. `which` of the tables asked for it is."""

    which: int
    titles: Mapping[str, int]
    twice: tuple[Fault, ...]
    records: Iterator[Record]


def stream(title: str, rows: Iterable[Row], tables: Sequence[Sequence[Column]]) -> Stream | None:
    """The first of these tables that the sheet is, None if it is none: for more rows than are kept at once.

    What is wrong with a row is for its reader to see.
    """
    rest = iter(rows)
    head = tuple(islice(rest, _HEAD_ROWS))
    for which, columns in enumerate(tables):
        if header := _header(Sheet(title, head), columns):
            after = chain(head[header.last + 1 :], rest)
            records = (record for record, _ in _records(title, after, header))
            return Stream(which, header.places, tuple(header.faults(title)), records)
    return None


def folded(title: str) -> str:
    """A title without what people change in it.

    >>> folded(" 联系 电话（必填）：")
    '联系电话'
    """
    if len(title) > _LONGEST_TITLE:
        return ""
    text = unicodedata.normalize("NFKC", title).casefold()
    return re.sub(r"\(.*?\)|[\W_]", "", text)


class _Header(NamedTuple):
    last: int  # index of the row of titles
    places: Mapping[str, int]  # key -> column from 1
    twice: tuple[tuple[str, int], ...]
    row: int

    def faults(self, sheet: str) -> Iterator[Fault]:
        for title, column in self.twice:
            yield Fault(Cell(sheet, self.row, column), "title_twice", {"title": title})


def _header(sheet: Sheet, columns: Sequence[Column]) -> _Header | None:
    """The row, or the two rows, that name most of the columns, if they name all that are needed."""
    known = {folded(title): column for column in columns for title in column.titles}
    needed = {column.key for column in columns if column.needed}
    best: _Header | None = None
    for index in range(min(_HEAD_ROWS, len(sheet.rows))):
        for depth in (1, 2):
            header = _named(sheet.rows[max(0, index + 1 - depth) : index + 1], index, known)
            if needed <= header.places.keys() and (best is None or len(header.places) > len(best.places)):
                best = header
    return best


def _named(rows: Sequence[Row], last: int, known: Mapping[str, Column]) -> _Header:
    places: dict[str, int] = {}
    twice = []
    for at in range(max(len(row.cells) for row in rows)):
        parts = [folded(row.cells[at]) for row in rows if at < len(row.cells)]
        parts = [part for n, part in enumerate(parts) if part and part not in parts[:n]]
        column = known.get("".join(parts)) or (known.get(parts[-1]) if parts else None)
        if column is None:
            continue
        if column.key in places:
            twice.append((column.titles[0], at + 1))
        else:
            places[column.key] = at + 1
    return _Header(last, places, tuple(twice), rows[-1].number)


def _records(title: str, rows: Iterable[Row], header: _Header) -> Iterator[tuple[Record, Row]]:
    for row in rows:
        values = {key: row.cells[at - 1] if at <= len(row.cells) else "" for key, at in header.places.items()}
        lost = any(at in header.places.values() for at, _ in row.spoilt)
        if not lost and (not any(values.values()) or _is_note(row)):
            continue
        yield Record(title, row.number, values, header.places), row


def _is_note(row: Row) -> bool:
    said = {cell for cell in row.cells if cell}
    return len(said) == 1 and said.pop().casefold().startswith(_NOTE)


def _faults(record: Record, row: Row, columns: Sequence[Column]) -> Iterator[Fault]:
    spoilt = dict(row.spoilt)
    for column in columns:
        at = record.columns.get(column.key, 0)
        if at and at in spoilt:
            yield record.fault(column.key, spoilt[at], most=32_767)
        elif column.required and not record.values.get(column.key):
            yield record.fault(column.key, "missing", title=column.titles[0])


def number(text: str) -> Decimal | None:
    """A number as people write it, full-width digits too; None if it is none."""
    if len(text) > _LONGEST_NUMBER:
        return None
    plain = unicodedata.normalize("NFKC", text).replace(",", "").strip()
    try:
        return Decimal(plain) if _NUMBER.fullmatch(plain) else None
    except InvalidOperation:
        return None


def day(text: str) -> date | None:
    """A date as people write it, year first; None if it is none."""
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", text).replace(" ", " ").strip())
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
