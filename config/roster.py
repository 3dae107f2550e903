"""Candidates from a roster file: a workbook, or CSV as a spreadsheet saves it, with a line of titles.

The cells become what would stand in the campaign file; the campaign's own models check them.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from config.spreadsheet import encoding, workbook
from config.spreadsheet.faults import Cell, Fault, Faulty
from config.spreadsheet.workbook import Row

#: How the names of the files end that are read; what is in them is told by their first bytes.
ENDINGS: Final = (".csv", ".xlsx")
REQUIRED: Final = ("code", "name", "unit")
COLUMNS: Final = (*REQUIRED, "name_en", "aliases", "keypad")


@dataclass(frozen=True, slots=True)
class Roster:
    """The candidates, each with its first line; and the faults, whose words are the catalogue's or those of
    any spreadsheet."""

    candidates: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, line: int, kind: str, **fill: object) -> None:
        """Note what is wrong with a line; with the whole file, if that is 0."""
        self.faults.append(Fault(Cell("", line), kind, fill))


def read(content: bytes) -> Roster:
    """Reads a roster. Total: what cannot be read is a fault."""
    roster = Roster()
    try:
        rows = _of_workbook(content, roster) if workbook.is_one(content) else _of_csv(content, roster)
        _read(rows, roster)
    except Faulty as error:
        roster.faults.extend(error.faults)
    return roster


def _of_workbook(content: bytes, roster: Roster) -> Iterable[Row]:
    """The rows of the one sheet there is. Raises `Faulty`."""
    sheets = workbook.read(content)
    if len(sheets) > 1:
        roster.fault(0, "roster_sheets", sheets=", ".join(sheet.title for sheet in sheets))
        return ()
    rows = sheets[0].rows if sheets else ()
    for row in rows:
        for _, kind in row.spoilt:
            roster.fault(row.number, kind, most=workbook.MOST_CHARACTERS)
    return rows


def _of_csv(content: bytes, roster: Roster) -> Iterator[Row]:
    try:
        text = encoding.decoded(content)
    except encoding.NotText:
        roster.fault(0, "not_a_sheet")
        return
    except UnicodeDecodeError as error:
        roster.fault(content.count(b"\n", 0, error.start) + 1, "not_utf8")
        return
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in rows:
            start, line = line, rows.line_num + 1
            yield Row(start, tuple(cell.strip() for cell in cells))
    except csv.Error:
        roster.fault(line, "roster_csv")


def _read(rows: Iterable[Row], roster: Roster) -> None:
    header: list[str] | None = None
    for row in rows:
        if not any(row.cells):
            continue
        if header is None:
            header = [cell.casefold() for cell in row.cells]
            if not _check(header, row.number, roster):
                return  # or every row would be said to lack what the header lacks
        else:
            _row(header, row, roster)
    if header is None and not roster.faults:
        _check([], 1, roster)


def _check(header: list[str], line: int, roster: Roster) -> bool:
    """Whether the titles are right; what is wrong with them is noted."""
    before = len(roster.faults)
    columns = ", ".join(COLUMNS)
    for column in REQUIRED:
        if column not in header:
            roster.fault(line, "roster_column_missing", column=column, columns=columns)
    named = [column for column in header if column]
    if len(set(named)) < len(named) or not set(named) <= set(COLUMNS):
        roster.fault(line, "roster_column_unknown", columns=columns)
    return len(roster.faults) == before


def _row(header: list[str], row: Row, roster: Roster) -> None:
    candidate: dict[str, Any] = {}
    for index, cell in enumerate(row.cells):
        column = header[index] if index < len(header) else ""
        if cell and not column:
            roster.fault(row.number, "roster_row")
        elif cell:
            candidate[column] = list(_aliases(cell)) if column == "aliases" else cell
    roster.candidates.append((row.number, candidate))


def _aliases(cell: str) -> Iterable[str]:
    return filter(None, (alias.strip() for alias in cell.replace("；", ";").split(";")))
