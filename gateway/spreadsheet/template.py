"""Writes an empty spreadsheet to be filled in: titles, a frozen header, a note, columns as text."""

import io
from collections.abc import Sequence
from typing import NamedTuple

import xlsxwriter

from gateway.spreadsheet.table import Column


class Page(NamedTuple):
    """One sheet of a template: its title, a note above the titles, its columns, and rows to begin with."""

    title: str
    note: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]] = ()


def write(pages: Sequence[Page]) -> bytes:
    """The workbook. All cells are text, so that no program turns a number or a code into something else."""
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True, "strings_to_formulas": False}) as book:
        note = book.add_format({"italic": True, "text_wrap": True, "valign": "top"})
        title = book.add_format({"bold": True, "text_wrap": True, "bottom": 2, "valign": "vcenter"})
        text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        for page in pages:
            sheet = book.add_worksheet(page.title)
            sheet.merge_range(0, 0, 0, max(1, len(page.columns) - 1), f"说明：{page.note}", note)
            sheet.set_row(0, 48)
            for at, column in enumerate(page.columns):
                sheet.set_column(at, at, max(12, 2 * len(column.titles[0]) + 4), text)
                mark = "（必填）" if column.required else ""
                sheet.write_string(1, at, column.titles[0] + mark, title)
            for line, row in enumerate(page.rows, 2):
                for at, value in enumerate(row):
                    sheet.write_string(line, at, value, text)
            sheet.freeze_panes(2, 0)
    return packed.getvalue()
