"""Reads a workbook (XLSX) into rows of text. What could harm the reader is refused unread."""

import io
import re
import zipfile
from datetime import date, datetime, time
from typing import Any, Final, NamedTuple

from config.spreadsheet import encoding
from config.spreadsheet.faults import Cell, Fault, Faulty

_MB: Final = 1 << 20
MOST_BYTES: Final = 8 * _MB
#: What a workbook may unpack to. One of 10,000 rows of both forms' texts has about 40 MB.
MOST_UNPACKED: Final = 96 * _MB
MOST_FILES: Final = 2_000
MOST_ROWS: Final = 20_000
MOST_COLUMNS: Final = 200
#: Cells of all sheets, empty ones too: openpyxl makes an object of 400 bytes of each.
MOST_CELLS: Final = 500_000
#: Excel's own limit for one cell.
MOST_CHARACTERS: Final = 32_767

#: Bytes of a file's beginning that tell whether it is a workbook.
HEAD: Final = len(encoding.ZIP)
_CELL: Final = re.compile(rb"<(?:\w+:)?c[\s/>]")
#: A cell's error value, as Excel spells it.
_ERROR: Final = re.compile(r"#[A-Z0-9/]+[!?]?")
#: A double holds this many digits for sure; of a longer number the program has lost some.
_DIGITS: Final = 15


class Row(NamedTuple):
    """One row: its number from 1, and its cells, stripped. `spoilt` are the columns (from 1) whose value is
    lost: a formula without a result, an error, a number with more digits than are kept."""

    number: int
    cells: tuple[str, ...]
    spoilt: tuple[tuple[int, str], ...] = ()


class Sheet(NamedTuple):
    """One sheet: its title ("" for CSV), and its rows that are not empty."""

    title: str
    rows: tuple[Row, ...]


def is_one(data: bytes) -> bool:
    """Whether a file that begins so is for this reader: an old Excel workbook too, which it refuses."""
    return data.startswith((encoding.ZIP, encoding.OLE))


def check_size(size: int) -> None:
    """Raises `Faulty` for a file of more bytes than are read at once."""
    if size > MOST_BYTES:
        raise Faulty([Fault(Cell(), "too_large", {"most": MOST_BYTES // _MB})])


def read(data: bytes) -> list[Sheet]:
    """The visible sheets that have anything in them. Raises `Faulty`."""
    if data.startswith(encoding.OLE):
        raise Faulty([Fault(Cell(), "old_excel")])
    check_size(len(data))
    import openpyxl  # here, for every command would wait for it at its start: a tenth of the whole
    from openpyxl.utils.exceptions import InvalidFileException

    _look_inside(data)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), data_only=True, keep_links=False)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError,
            IndexError, OSError, EOFError, SyntaxError, AssertionError, RecursionError) as error:  # fmt: skip
        raise Faulty([Fault(Cell(), "damaged")]) from error  # openpyxl raises any of these on a broken part
    sheets = [Sheet(sheet.title, _rows(sheet)) for sheet in book.worksheets if sheet.sheet_state == "visible"]
    return [sheet for sheet in sheets if sheet.rows]


def _look_inside(data: bytes) -> None:
    """Refuse a workbook by its table of contents, before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            names = {part.filename.casefold() for part in parts}
            if "[content_types].xml" not in names or not any(name.startswith("xl/") for name in names):
                raise Faulty([Fault(Cell(), "not_a_sheet")])
            if any(name.endswith("vbaproject.bin") or "/macrosheets/" in name for name in names):
                raise Faulty([Fault(Cell(), "macros")])
            sizes = [_unpacked(archive, part) for part in parts] if len(parts) <= MOST_FILES else []
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise Faulty([Fault(Cell(), "damaged")]) from error  # zipfile raises any of these on a broken archive
    if not sizes or sum(size for size, _ in sizes) > MOST_UNPACKED:
        raise Faulty([Fault(Cell(), "unpacks_too_large", {"most": MOST_UNPACKED // _MB})])
    if sum(cells for _, cells in sizes) > MOST_CELLS:
        raise Faulty([Fault(Cell(), "too_many_cells", {"most": MOST_CELLS})])


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> tuple[int, int]:
    """How large a part is: what it says, unless that is a lie, which zipfile finds out while reading; and how
    many cells it has, but for a few where two pieces of it meet.

    Raises `Faulty` if it declares entities: no program that saves workbooks does, and they can expand without
    end.
    """
    if part.file_size > MOST_UNPACKED:
        return part.file_size, 0
    with archive.open(part) as file:
        size, cells, head = 0, 0, b""
        while size <= MOST_UNPACKED and (chunk := file.read(_MB)):
            size += len(chunk)
            cells += len(_CELL.findall(chunk))
            head = head or chunk
    if part.filename.casefold().endswith((".xml", ".rels")) and b"<!DOCTYPE" in head.replace(b"\0", b""):
        raise Faulty([Fault(Cell(), "damaged")])
    return size, cells


def _rows(sheet: Any) -> tuple[Row, ...]:
    if sheet.max_row > MOST_ROWS:  # by the cells that are there, styled or not
        raise Faulty([Fault(Cell(sheet.title), "too_many_rows", {"most": MOST_ROWS})])
    if sheet.max_column > MOST_COLUMNS:
        raise Faulty([Fault(Cell(sheet.title), "too_many_columns", {"most": MOST_COLUMNS})])
    spread = {
        (row, column): sheet.cell(area.min_row, area.min_col).value
        for area in sheet.merged_cells.ranges
        if area.max_row <= MOST_ROWS and area.max_col <= MOST_COLUMNS
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
    }
    rows = (
        _row(number, [spread.get((number, at), value) for at, value in enumerate(values, 1)])
        for number, values in enumerate(sheet.iter_rows(values_only=True), 1)
    )
    return tuple(row for row in rows if any(row.cells) or row.spoilt)


def _row(number: int, values: list[Any]) -> Row:
    told = [_text(value) for value in values]
    return Row(
        number,
        tuple("" if fault else text for text, fault in told),
        tuple((at, fault) for at, (_, fault) in enumerate(told, 1) if fault),
    )


def _text(value: Any) -> tuple[str, str]:
    """What a cell says, and the fault by which it says nothing."""
    match value:
        case None:
            return "", ""
        case bool():
            return ("是" if value else "否"), ""
        case int() | float() if len(f"{abs(value):.0f}") > _DIGITS:
            return "", "spoilt"
        case float() if value.is_integer():
            return str(int(value)), ""
        case datetime() if value.time() == time():
            return value.date().isoformat(), ""
        case datetime():
            return value.isoformat(" "), ""
        case date() | time():
            return value.isoformat(), ""
        case str() if _ERROR.fullmatch(value.strip()):
            return "", "no_value"
        case str() if len(value) > MOST_CHARACTERS:
            return "", "too_long"
        case _:
            return str(value).strip(), ""
