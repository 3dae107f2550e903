"""Sets a public notice as a Word document (.docx), in the form that offices print."""

import io
from collections.abc import Sequence
from typing import Final

import docx
from docx.document import Document as Word
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph

from gateway.result.notice import Document, Listed

#: The faces of official documents; Word takes another where they are not installed.
_HEADING: Final = "方正小标宋简体"
_BODY: Final = "仿宋_GB2312"
_SIZE: Final = Pt(16)


def notice(document: Document) -> bytes:
    """The document."""
    word = docx.Document()
    _page(word)
    title = word.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = title.add_run(document.title)
    run.font.size = Pt(22)
    run.font.name = _HEADING
    run.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _HEADING)
    for text in document.opening:
        _paragraph(word, text)
    for section in document.sections:
        _list(word, document, section.name, section.rows)
    for text in document.closing:
        _paragraph(word, text)
    for label, text in document.contacts:
        _paragraph(word, f"{label}：{text}")
    for text in (document.signed, document.dated):
        _paragraph(word, text).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    packed = io.BytesIO()
    word.save(packed)
    return packed.getvalue()


def _page(word: Word) -> None:
    """A4 with the margins of official documents, and a face that has Chinese."""
    (section,) = word.sections
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.top_margin, section.bottom_margin = Cm(3.7), Cm(3.5)
    section.left_margin, section.right_margin = Cm(2.8), Cm(2.6)
    style = word.styles["Normal"]
    style.font.name, style.font.size = _BODY, _SIZE
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _BODY)


def _paragraph(word: Word, text: str) -> Paragraph:
    paragraph = word.add_paragraph(text)
    paragraph.paragraph_format.first_line_indent = 2 * _SIZE
    paragraph.paragraph_format.space_after = Pt(0)
    return paragraph


def _list(word: Word, document: Document, name: str, rows: Sequence[Listed]) -> None:
    heading = word.add_paragraph()
    heading.paragraph_format.space_before = Pt(8)
    heading.add_run(name).bold = True
    table = word.add_table(rows=1, cols=4)
    table.style = "Table Grid"
    for cell, text in zip(table.rows[0].cells, document.headings, strict=True):
        cell.paragraphs[0].add_run(text).bold = True
    for row in rows:
        for cell, text in zip(table.add_row().cells, (str(row.number), *row[1:]), strict=True):
            cell.text = text
    for row_ in table.rows:
        for cell in row_.cells:
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(12)
