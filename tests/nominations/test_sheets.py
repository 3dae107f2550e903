"""Spreadsheets of nominations as people make them: all of it or nothing, each fault with its cell."""

import io
import resource
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import openpyxl
import pytest

from config.nominations import Nominating
from config.spreadsheet import workbook
from config.spreadsheet.faults import Faulty
from gateway.nominations import sheet
from gateway.nominations.forms import FORMS, STAGES, opinion
from gateway.nominations.sheet import Entered, Known
from gateway.spreadsheet import reading
from tests.conftest import House
from tests.nominations.papers import (
    CAMPAIGN,
    DEEDS,
    LIST,
    PHONE,
    STAR,
    TITLES,
    WINDOW,
    WINDOWS,
    before,
    book,
    clerk,
    hand_in,
)

TODAY = date(2018, 6, 1)
RULES = Nominating.model_validate({"form": "window", "codes": "A01-A20", "keypads": "101-120"})
NOBODY = Known(frozenset(), frozenset())
KEYS = tuple(WINDOW)
HEAD = [TITLES[key] for key in KEYS]
OPINIONS = [
    f"{opinion(FORMS['window'], stage)}{part}" for stage in STAGES for part in ("结论", "签署人", "日期")
]
AGREED = ["同意", "某单位", "2018-05-01"] * 3


def row(n: int = 0, **changed: Any) -> list[Any]:
    """A window; `n` makes it another one."""
    one: dict[str, Any] = {**WINDOW, **({"name": f"窗口{n}"} if n else {}), **changed}
    return [one[key] for key in KEYS]


def read(data: bytes, known: Known = NOBODY, rules: Nominating = RULES) -> list[Entered]:
    return sheet.read(reading.read(data), rules, known, TODAY)


def refused(data: bytes, known: Known = NOBODY, rules: Nominating = RULES) -> list[str]:
    with pytest.raises(Faulty) as faulty:
        read(data, known, rules)
    return faulty.value.said("zh")


def heading(made: openpyxl.Workbook) -> None:
    page = made.worksheets[0]
    page.insert_rows(1, 2)
    page["A1"] = "附件二 最美服务窗口申报汇总表"
    page.merge_cells("A1:I1")
    page.insert_rows(5, 2)  # blank lines below the first nomination


@pytest.mark.parametrize(
    "data",
    [
        book([row()], HEAD),
        book([row(phone=13812340000)], HEAD),
        book([row(phone="１３８１２３４００００")], HEAD),
        book([row(phone=" 138-1234-0000 ")], [f" {one}（必填）：" for one in HEAD]),
        book([row(), row(2)], HEAD, heading),
        ("﻿" + ",".join(HEAD) + "\n" + ",".join(row()) + "\n").encode(),
        (",".join(HEAD) + "\r\n" + ",".join(row()) + "\r\n").encode("gb18030"),
    ],
    ids=["plain", "number", "full-width", "titles", "merged heading, blank lines", "csv", "csv in GB 18030"],
)
def test_as_people_make_them(data: bytes) -> None:
    first = read(data)[0]
    assert (first.values["name"], first.values["phone"]) == (WINDOW["name"], PHONE)
    assert first.values["deeds"] == DEEDS


def test_two_lines_of_titles_merged_and_dates_of_any_kind() -> None:
    def merge(made: openpyxl.Workbook) -> None:
        page = made.worksheets[0]
        page.insert_rows(1)
        for n, stage in enumerate(STAGES):
            at = len(HEAD) + 1 + 3 * n
            page.cell(1, at).value = opinion(FORMS["window"], stage)
            page.merge_cells(start_row=1, end_row=1, start_column=at, end_column=at + 2)

    days: list[Any] = [date(2018, 5, 1), "２０１８年５月２日", "2018/5/3"]
    said = [cell for day in days for cell in ("同意", "某单位", day)]
    (one,) = read(book([row() + said], [*HEAD, *["结论", "签署人", "日期"] * 3], merge))
    assert [(each.stage, each.on.isoformat()) for each in one.opinions] == [
        ("unit", "2018-05-01"), ("department", "2018-05-02"), ("committee", "2018-05-03"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row(phone="")], ["窗口!D2: “联系电话”没有填写"]),
        ([row(deeds=DEEDS[:999])], ["窗口!H2: “主要事迹”只有 999 字"]),
        ([row(deeds_title="", deeds_subtitle="")], ["窗口!F2: ", "窗口!G2: "]),
        ([row(phone="没有"), row(2, summary="电话 0739 5169909")], ["窗口!D2: ", "窗口!I3: "]),
        ([row(), row(2), row(name="社保服务 窗口")], ["窗口!A4: 同单位同名称已在第 2 行"]),
        ([row(phone=1.381234e20)], ["窗口!D2: 数字已被"]),
    ],
)
def test_each_fault_with_its_cell(rows: list[list[Any]], said: list[str]) -> None:
    told = refused(book(rows, HEAD))
    assert len(told) == len(said), told
    for one, begins in zip(told, said, strict=True):
        assert one.startswith(begins)
        assert " — " in one, "and how to mend it"
        assert PHONE not in one


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["同意", "", "2018-05-01"], "窗口!K2: "),
        (["好", "某单位", "2018-05-01"], "窗口!J2: "),
        (["同意", "某单位", "五月"], "窗口!L2: “推荐窗口单位意见日期”不是日期"),
        (["同意", "某单位", "2019-05-01"], "窗口!L2: “推荐窗口单位意见日期”晚于今天"),
        (["", "", "", "同意", "某局", "2018-05-01"], "窗口!M2: “主管部门意见”之前"),
        (["同意", "甲", "2018-05-02", "同意", "乙", "2018-05-01"], "窗口!O2: "),
    ],
)
def test_endorsements(cells: list[str], said: str) -> None:
    (told,) = refused(book([row() + cells], [*HEAD, *OPINIONS]))
    assert told.startswith(said)


@pytest.mark.parametrize(
    ("codes", "agreed", "known", "said"),
    [
        (["A03", "Ａ０３"], True, NOBODY, ["窗口!S3: 编码已在第 2 行使用"]),
        (["A03"], True, Known(frozenset(), frozenset({"A03"})), ["窗口!S2: 编码已经用过"]),
        (["B03"], True, NOBODY, ["窗口!S2: 编码不在本项目的范围"]),
        (["A03"], False, NOBODY, ["窗口!S2: 有编码，但三级意见"]),
    ],
)
def test_codes(codes: list[str], agreed: bool, known: Known, said: list[str]) -> None:
    cells = AGREED if agreed else [""] * 9
    rows = [[*row(n), *cells, code] for n, code in enumerate(codes, 1)]
    told = refused(book(rows, [*HEAD, *OPINIONS, "编码"]), known)
    assert [one[: len(begins)] for one, begins in zip(told, said, strict=True)] == said


def test_more_are_approved_than_there_are_codes() -> None:
    rows = [[*row(n), *AGREED] for n in range(1, 22)]
    (told,) = refused(book(rows, [*HEAD, *OPINIONS]))
    assert "编码范围 A01–A20 已用完" in told
    assert len(read(book(rows[:20], [*HEAD, *OPINIONS]))) == 20


def packed(edit: Callable[[zipfile.ZipFile], None]) -> bytes:
    held = io.BytesIO(book([row()], HEAD))
    with zipfile.ZipFile(held, "a", zipfile.ZIP_DEFLATED) as archive:
        edit(archive)
    return held.getvalue()


HARMFUL = {
    "macros": (packed(lambda one: one.writestr("xl/vbaProject.bin", b"x")), "含有宏"),
    "a bomb": (packed(lambda one: one.writestr("xl/media/a.bin", b"\0" * (200 << 20))), "解压后超过"),
    "a million empty cells": (
        packed(lambda one: one.writestr("xl/worksheets/a.xml", b"<row>" + b"<c/>" * 1_000_000)),
        "个单元格",
    ),
    "entities": (
        packed(lambda one: one.writestr("xl/a.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>")),
        "已损坏",
    ),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "无法读取"),
    "old Excel": (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "旧版 Excel"),
    "too large": (b"PK\x03\x04" + b"\0" * workbook.MOST_BYTES, "超过 8 MB"),
}


@pytest.mark.parametrize("name", HARMFUL)
async def test_what_could_harm_is_refused_and_nothing_is_kept(house: House, name: str) -> None:
    data, said = HARMFUL[name]
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        answer = await hand_in(wang, f"{WINDOWS}/import?lang=zh", data)
        assert answer.status == 422
        assert said in answer.text
        assert "还没有申报" in (await wang.get(f"{WINDOWS}?lang=zh")).text


async def test_nothing_is_half_imported_and_then_all(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        rows = [[*row(n), *AGREED, ""] for n in range(1, 6)]
        bad = [*rows, [*row(6, phone=""), *AGREED, ""], [*row(7), *AGREED, "A77777"]]
        head = [*HEAD, *OPINIONS, "编码"]
        answer = await hand_in(wang, f"{WINDOWS}/import?lang=zh", book(bad, head))
        assert answer.status == 422
        assert "窗口!D7: " in answer.text
        assert "窗口!S8: " in answer.text
        assert "（共 2 处）" in answer.text
        assert "还没有申报" in (await wang.get(f"{WINDOWS}?lang=zh")).text
        rows[2][-1] = "A02"
        assert (await hand_in(wang, f"{WINDOWS}/import", book(rows, head))).location.endswith("done=imported")
        page = (await wang.get(f"{WINDOWS}?lang=zh")).text
        for code in ("A01", "A02", "A03", "A04", "A05"):
            assert f">{code}<" in page
        again = await hand_in(wang, f"{WINDOWS}/import?lang=zh", book(rows[:1], head))
        assert "窗口!A2: 同单位同名称已经申报" in again.text


async def test_the_template_filled_in_is_taken(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        cookie = {"Cookie": f"televote-plain={wang.token}"}
        url = f"{visitor.server.url}{LIST}/star/template"
        async with visitor.session.get(url, headers=cookie) as response:
            assert "attachment" in response.headers["Content-Disposition"]
            made = openpyxl.load_workbook(io.BytesIO(await response.read()))
        page = made.worksheets[0]
        titles = {str(cell.value).removesuffix("（必填）"): cell.column for cell in page[2]}
        form = FORMS["star"]
        for key, value in STAR.items():
            page.cell(3, titles[form.field(key).title.zh]).value = value
        held = io.BytesIO()
        made.save(held)
        answer = await hand_in(wang, f"{LIST}/star/import?lang=zh", held.getvalue())
        assert answer.status == 303, answer.text
        assert STAR["name"] in (await wang.get(f"{LIST}/star")).text


def _large(count: int, deeds: str = DEEDS[:1000]) -> bytes:
    made = openpyxl.Workbook(write_only=True)
    page = made.create_sheet("窗口")
    page.append(HEAD)
    for n in range(1, count + 1):
        page.append(row(n, deeds=deeds))
    held = io.BytesIO()
    made.save(held)
    return held.getvalue()


def test_ten_thousand_rows() -> None:
    """They are read whole, and one fault among them is found; that costs no more memory than a small machine
    has."""
    data = _large(10_000, "好" * 1_000)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = reading.read(data)
    assert len(sheet.read(found, RULES, NOBODY, TODAY)) == 10_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 700 * 1024
    known = Known(frozenset({sheet.same("窗口7777", WINDOW["unit"])}), frozenset())
    with pytest.raises(Faulty) as faulty:
        sheet.read(found, RULES, known, TODAY)
    (told,) = faulty.value.said("zh")
    assert told.startswith("窗口!A7778: ")


async def test_pages_of_many(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        assert (await hand_in(wang, f"{WINDOWS}/import", _large(250))).status == 303
        first, last = (await wang.get(WINDOWS)).text, (await wang.get(f"{WINDOWS}?page=2")).text
        assert first.count("<tr>") == 101
        assert last.count("<tr>") == 51
        assert 'href="?page=1"' in first
        assert CAMPAIGN in last
