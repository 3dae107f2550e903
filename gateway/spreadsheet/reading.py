"""Reads a spreadsheet, XLSX or CSV, into rows of text."""

from itertools import islice
from typing import Final

from config.spreadsheet import workbook
from config.spreadsheet.faults import Cell, Fault, Faulty
from config.spreadsheet.workbook import MOST_ROWS, Row, Sheet
from gateway.intake import csvrows, logfile
from gateway.intake.calllog import UnreadableLog

_DELIMITERS: Final = (",", ";", "\t")


def read(data: bytes) -> list[Sheet]:
    """The sheets that have anything in them. Raises `Faulty`."""
    workbook.check_size(len(data))
    return workbook.read(data) if workbook.is_one(data) else [_csv(data)]


def _csv(data: bytes) -> Sheet:
    try:
        with logfile.held(data) as log:
            lines = list(islice(log.lines, MOST_ROWS * 10))
    except UnreadableLog as error:
        raise Faulty([Fault(Cell(), "not_a_sheet")]) from error
    rows, faults = [], []
    for line, _, cells, why in csvrows.records(lines, delimiter(lines)):
        if why and why != csvrows.CUT_OFF:
            faults.append(Fault(Cell("", line), "row_broken", {"why": why}))
        elif any(cell.strip() for cell in cells):
            rows.append(Row(line, tuple(cell.strip() for cell in cells)))
    if len(rows) > MOST_ROWS:
        faults = [Fault(Cell(), "too_many_rows", {"most": MOST_ROWS})]
    if faults:
        raise Faulty(faults)
    return Sheet("", tuple(rows))


def delimiter(lines: list[str]) -> str:
    """What separates the cells of a CSV file that begins with these lines."""
    head = "".join(lines[:20])
    return max(_DELIMITERS, key=head.count)
