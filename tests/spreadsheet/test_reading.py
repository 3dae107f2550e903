"""Spreadsheets as people make them, written by openpyxl and read back."""

import io
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from config.spreadsheet import workbook
from config.spreadsheet.faults import Cell, Fault, Faulty
from gateway.spreadsheet import reading, table, template
from gateway.spreadsheet.table import Column

COLUMNS = [
    Column("name", ("姓名", "申报个人"), required=True, needed=True),
    Column("phone", ("联系电话", "电话"), required=True, needed=True),
    Column("opinion", ("推荐单位意见", "推荐窗口单位意见")),
    Column("opinion_on", ("推荐单位意见日期",)),
]


def book(*rows: list[Any], merge: str = "", title: str = "明星", edit: Any = None) -> bytes:
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(row)
    if merge:
        sheet.merge_cells(merge)
    if edit is not None:
        edit(made)
    packed = io.BytesIO()
    made.save(packed)
    return packed.getvalue()


def values(data: bytes) -> list[dict[str, str]]:
    found = table.find(reading.read(data), COLUMNS)
    assert not found.faults, [fault.said("en") for fault in found.faults]
    return [dict(record.values) for record in found.records]


@pytest.mark.parametrize(
    ("rows", "merge"),
    [
        ([["姓名", "联系电话"], ["甲", "13800138000"]], ""),
        ([["附件一"], [], ["序号", " 姓 名（必填）：", "联系　电话"], [1, "甲", 13800138000]], ""),
        ([["电话", "申报个人"], [13800138000.0, " 甲 "], [None, None], ["注：请勿修改"]], ""),
        ([["基本情况", None], ["姓名", "联系电话"], ["甲", "13800138000"]], "A1:B1"),
    ],
    ids=["plain", "heading", "numbers, blank lines, a note", "merged heading"],
)
def test_one_record_however_it_is_laid_out(rows: list[list[Any]], merge: str) -> None:
    (one,) = values(book(*rows, merge=merge))
    assert (one["name"], one["phone"]) == ("甲", "13800138000")


def test_titles_in_two_rows() -> None:
    data = book(
        ["姓名", "联系电话", "推荐单位意见", None],
        [None, None, "意见", "日期"],
        ["甲", "1", "同意", date(2018, 6, 1)],
        merge="C1:D1",
    )
    columns = [*COLUMNS[:2], Column("opinion", ("推荐单位意见意见",)), COLUMNS[3]]
    (one,) = table.find(reading.read(data), columns).records
    assert one.values["opinion"] == "同意"
    assert one.values["opinion_on"] == "2018-06-01"
    assert one.cell("opinion_on") == Cell("明星", 3, 4)


def test_several_sheets_and_one_that_is_none() -> None:
    def more(made: openpyxl.Workbook) -> None:
        second = made.create_sheet("续表")
        second.append(["姓名", "联系电话"])
        second.append(["乙", "2"])
        made.create_sheet("统计").append(["合计", 2])
        hidden = made.create_sheet("旧")
        hidden.append(["姓名", "联系电话"])
        hidden.append(["丙", "3"])
        hidden.sheet_state = "hidden"

    data = book(["姓名", "联系电话"], ["甲", "1"], edit=more)
    assert [one["name"] for one in values(data)] == ["甲", "乙"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv(encoding: str) -> None:
    data = "姓名,联系电话\r\n甲,'13800138000\r\n\r\n".encode(encoding)
    (one,) = values(data)
    assert one["name"] == "甲"


FAULTS = {
    "a line lacks what it must have": (
        book(["姓名", "联系电话"], ["甲", None], [None, "1"]),
        ["明星!B2: “联系电话” is empty — fill it in", "明星!A3: “姓名” is empty — fill it in"],
    ),
    "a title stands twice": (
        book(["姓名", "联系电话", "电话"], ["甲", "1", "2"]),
        [
            "明星!C1: the title “联系电话” stands there twice — rename or delete one of the two columns",
        ],
    ),
    "a number lost its end": (
        book(["姓名", "联系电话"], ["甲", 12345678901234567890]),
        [
            "明星!B2: is a number that the program has shortened — "
            "format the column as text, and type it again"
        ],
    ),
    "an error value": (
        book(["姓名", "联系电话"], ["甲", "#REF!"]),
        ["明星!B2: is a formula that has no result yet, or an error — write the value itself"],
    ),
    "nothing below the titles": (
        book(["姓名", "联系电话"]),
        ["明星: there is nothing below the titles — fill in at least one line"],
    ),
}


@pytest.mark.parametrize(("data", "said"), FAULTS.values(), ids=FAULTS)
def test_every_fault_has_its_cell(data: bytes, said: list[str]) -> None:
    assert [fault.said("en") for fault in table.find(reading.read(data), COLUMNS).faults] == said


def with_part(name: str, content: bytes, packed: bytes = b"") -> bytes:
    """A workbook with one part more, or another one of that name."""
    parts = {}
    with zipfile.ZipFile(io.BytesIO(packed or book(["姓名", "联系电话"], ["甲", "1"]))) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, held in {**parts, name: content}.items():
            archive.writestr(part, held)
    return out.getvalue()


def lying_bomb() -> bytes:
    """Says that a part is small, and unpacks to more."""
    data = bytearray(with_part("xl/media/image1.png", bytes(workbook.MOST_UNPACKED + 1)))
    at = data.rindex(b"xl/media/image1.png") - 46 + 24
    data[at : at + 4] = (100).to_bytes(4, "little")
    return bytes(data)


REFUSED = {
    "macros": (with_part("xl/vbaProject.bin", b"x"), "macros"),
    "macro sheets": (with_part("xl/macrosheets/sheet1.xml", b"x"), "macros"),
    "a bomb": (with_part("xl/media/image1.png", bytes(workbook.MOST_UNPACKED + 1)), "unpacks_too_large"),
    "a bomb that lies": (lying_bomb(), "damaged"),
    "old Excel, or a password": (b"\xd0\xcf\x11\xe0" + bytes(100), "old_excel"),
    "a ZIP of something else": (with_part("a.txt", b"x", b"PK\x05\x06" + bytes(18)), "not_a_sheet"),
    "cut off": (book(["姓名", "联系电话"], ["甲", "1"])[:-200], "damaged"),
    "broken XML": (with_part("xl/workbook.xml", b"<workbook"), "damaged"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "row_broken"),
    "nothing": (b"", "no_header"),
    "too large": (bytes(workbook.MOST_BYTES + 1), "too_large"),
    "too many rows": (("姓名,联系电话\n" + "甲,1\n" * 20_001).encode(), "too_many_rows"),
    "a line with an open quotation mark": ('姓名,联系电话\n甲,"1\n'.encode(), "row_broken"),
}


@pytest.mark.parametrize(("data", "kind"), REFUSED.values(), ids=REFUSED)
def test_refused(data: bytes, kind: str) -> None:
    with pytest.raises(Faulty) as refused:
        table.find(reading.read(data), COLUMNS)
    assert refused.value.faults[0].kind == kind
    assert all(refused.value.said("zh"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(encoding: str) -> None:
    declares = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "xxxxxxxxxx">]><sst>&b;</sst>'
    with pytest.raises(Faulty):
        reading.read(with_part("xl/sharedStrings.xml", declares.encode(encoding)))


def test_ten_thousand_rows() -> None:
    data = book(["姓名", "联系电话"], *([f"名{n}", f"1380000{n:04}"] for n in range(10_000)))
    assert len(values(data)) == 10_000


def test_a_template_can_be_filled_in_and_read() -> None:
    data = template.write([template.Page("明星", "一人一行", COLUMNS, [["甲", "0739", "=1+1", ""]])])
    (one,) = values(data)
    assert one == {"name": "甲", "phone": "0739", "opinion": "=1+1", "opinion_on": ""}


@pytest.mark.parametrize(
    ("text", "told"),
    [("１２", "12"), ("-1.50", "-1.50"), ("1,000", "1000"), ("十", None), ("1e3", None), ("", None)],
)
def test_numbers(text: str, told: str | None) -> None:
    assert table.number(text) == (None if told is None else Decimal(told))


@pytest.mark.parametrize("text", ["2018-07-09", "2018/7/9", "2018.07.09", "2018年7月9日", "２０１８-07-09"])
def test_days(text: str) -> None:
    assert table.day(text) == date(2018, 7, 9)


@pytest.mark.parametrize("text", ["2018-02-30", "7月9日", "09/07/2018", ""])
def test_no_days(text: str) -> None:
    assert table.day(text) is None


def test_faults_in_both_languages() -> None:
    fault = Fault(Cell("明星", 7, 28), "missing", {"title": "姓名"})
    assert fault.said("zh") == "明星!AB7: “姓名”没有填写 — 请填写"
    assert fault.said("en") == "明星!AB7: “姓名” is empty — fill it in"


def test_what_no_title_and_no_number_can_be_is_not_tried() -> None:
    """Each took seconds, or could not be written again."""
    assert table.folded("(" * 60_000) == ""
    assert table.number("9" * 5_000) is None
