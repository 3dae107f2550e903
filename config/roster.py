"""Candidates from a roster file: CSV with a header line, as a spreadsheet saves it.

The cells become what would stand in the campaign file; the campaign's own models check them.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

REQUIRED: Final = ("code", "name", "unit")
COLUMNS: Final = (*REQUIRED, "name_en", "aliases", "keypad")


@dataclass(frozen=True, slots=True)
class Roster:
    """The candidates, each with its first line; and the faults: line, kind of the catalogue, context."""

    candidates: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    faults: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)


def read(text: str) -> Roster:
    """Reads a roster. Total: what cannot be read is a fault."""
    roster = Roster()
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for cells in rows:
            start, line = line, rows.line_num + 1
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if header is None:
                header = [cell.casefold() for cell in cells]
                _check(header, start, roster)
                if roster.faults:
                    break  # or every row would be said to lack what the header lacks
            else:
                _row(header, cells, start, roster)
    except csv.Error:
        roster.faults.append((line, "roster_csv", {}))
    if header is None:
        _check([], 1, roster)
    return roster


def _check(header: list[str], line: int, roster: Roster) -> None:
    columns = ", ".join(COLUMNS)
    for column in REQUIRED:
        if column not in header:
            roster.faults.append((line, "roster_column_missing", {"column": column, "columns": columns}))
    named = [column for column in header if column]
    if len(set(named)) < len(named) or not set(named) <= set(COLUMNS):
        roster.faults.append((line, "roster_column_unknown", {"columns": columns}))


def _row(header: list[str], cells: list[str], line: int, roster: Roster) -> None:
    candidate: dict[str, Any] = {}
    for index, cell in enumerate(cells):
        column = header[index] if index < len(header) else ""
        if cell and not column:
            roster.faults.append((line, "roster_row", {}))
        elif cell:
            candidate[column] = list(_aliases(cell)) if column == "aliases" else cell
    roster.candidates.append((line, candidate))


def _aliases(cell: str) -> Iterable[str]:
    return filter(None, (alias.strip() for alias in cell.replace("；", ";").split(";")))
