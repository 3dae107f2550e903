"""The workbook: what is on its sheets, and that no text in it can be a formula (S9)."""

import io
import re
import zipfile
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from defusedxml import ElementTree

from gateway.intake import running
from gateway.reporting import collect, report
from gateway.reporting.report import Options
from gateway.reporting.result import Act, Result, Ruling
from gateway.reports import xlsx
from tests.conftest import OPENS_MS, House
from tests.pages import boards
from tests.reports.conftest import fill, result_of
from tests.reports.golden import same

BEGINNINGS = [
    "=",
    "+",
    "-",
    "@",
    "\t=",
    "\r=",
    "\0=",
    "＝",
    "＋",
    "－",
    "＠",
    "{=",
    "'=",
    " =",
    "\ufeff=",
    "\n=",
]
TAILS = [
    "1+1",
    "cmd|' /C calc'!A0",
    'HYPERLINK("http://127.0.0.1:9/","x")',
    "SUM(A1:A9)",
    'DDE("cmd";"/C calc";"x")',
    "WEBSERVICE(A1)",
    "A1",
    "rundll32|'URL.dll,OpenURL x'!A",
    "IMPORTXML(CONCAT(A1),1)",
    "-1e9",
    "http://127.0.0.1:9/",
    "mailto:x",
    "\ud800",
]
PAYLOADS = [f"{begin}{tail}" for begin in BEGINNINGS for tail in TAILS]


def made(result: Result, lang: str = "en") -> bytes:
    return b"".join(xlsx.write(result, Options("zh" if lang == "zh" else "en")))


def blank(name: str = "评选") -> Result:
    return collect.before(running.run(boards.campaign(name=name), bytes(32)), OPENS_MS)


def poisoned(payload: str) -> Result:
    """A result with the payload wherever a text of other people's can stand."""
    result = blank()
    act = Act(1, OPENS_MS, "withdraw", payload, payload, payload, payload)
    ruling = Ruling(
        2, OPENS_MS, payload, payload, payload, payload, payload, "n1", 1, (payload, ()), (payload, ())
    )
    contests = [
        {
            **contest,
            "name": payload,
            "candidates": [{**one, "name": payload, "unit": payload} for one in contest["candidates"]],
        }
        for contest in result.standings["contests"]
    ]
    return replace(
        result,
        standings={**result.standings, "contests": contests},
        acts=(act,),
        rulings=(ruling,),
        evaluation=judged(payload),
    )


def judged(text: str) -> dict[str, Any]:
    """An evaluation whose every text is that one, as far as a table shows it."""
    score = {"exact": "1", "shown": text}
    scores = dict.fromkeys(("public", "panel", "composite"), score)
    row = {"code": text, "name": text, "votes": 1, **scores, "rank": 1}
    return {"contests": [{"id": blank().campaign.contests[0].id, "rows": [row]}]}


def formulas(workbook: bytes) -> list[str]:
    """Cells that a spreadsheet would calculate, and links that it would follow, from the file's own XML."""
    found = []
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                tree = ElementTree.fromstring(archive.read(name))
                found += [
                    f"{name}: {one.tag}" for one in tree.iter() if one.tag.endswith(("}f", "}hyperlink"))
                ]
            found += [name] if "externalLink" in name or "vba" in name else []
    return found


def test_there_are_200_payloads() -> None:
    assert len(set(PAYLOADS)) >= 200


@pytest.mark.parametrize("payload", PAYLOADS, ids=map(repr, range(len(PAYLOADS))))
def test_no_text_is_a_formula(payload: str) -> None:
    workbook = made(poisoned(payload))
    assert formulas(workbook) == []
    read = openpyxl.load_workbook(io.BytesIO(workbook))
    cells = [cell for sheet in read for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert all(isinstance(cell.value, str) for cell in cells if cell.data_type == "s")


def test_charts_refer_to_our_cells_alone() -> None:
    with zipfile.ZipFile(io.BytesIO(made(poisoned("=A1")))) as archive:
        titles = [archive.read(name) for name in archive.namelist() if name.startswith("xl/charts/chart")]
    title = b"<c:title><c:tx><c:strRef><c:f>Result!$A$2</c:f>"
    assert title in titles[0], "a cell of ours, which holds a text"
    references = {one for title in titles for one in re.findall(rb"<c:f>(.*?)</c:f>", title)}
    ours = rb"(Result|Channels|Hours)!\$[A-Z]\$\d+(:\$[A-Z]\$\d+)?"
    assert [one for one in references if not re.fullmatch(ours, one)] == []


async def test_the_sheets_of_a_real_campaign(house: House) -> None:
    await fill(house)
    async with result_of(house) as result:
        book = openpyxl.load_workbook(io.BytesIO(made(result)))
        names = ["Result", "Channels", "Hours", "Outcomes", "Adjudications", "Acts"]
        assert book.sheetnames == names
        assert [book[name].freeze_panes for name in names] == ["A2"] * 6
        rows = list(book["Result"].iter_rows(min_row=2, values_only=True))
        counted = {row[2]: row[5] for row in rows}
        assert counted == {
            one["code"]: one["votes"]
            for contest in result.standings["contests"]
            for one in contest["candidates"]
        }
        assert len(book["Result"]._charts) == 2
        assert len(book["Hours"]._charts) == 1
        received = [row[2] for row in book["Hours"].iter_rows(min_row=2, values_only=True)]
        assert sum(received) == result.standings["balance"]["messages"]["received"]
        assert [row[2] for row in book["Acts"].iter_rows(min_row=2, values_only=True)] == [
            "config",
            "open",
            "close",
        ]
        assert made(result) == made(result), "the same result, the same bytes"
        shown = "\n".join(
            f"[{sheet.title}]\n"
            + "\n".join("\t".join(map(str, row)) for row in sheet.iter_rows(values_only=True))
            for sheet in openpyxl.load_workbook(io.BytesIO(made(result, "zh")))
        )
        same("workbook.zh.txt", shown.encode())


def test_what_does_not_fit_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "ROWS", 3)
    acts = tuple(Act(number, OPENS_MS, "bar", "wang", "", "fraud", "") for number in range(5))
    book = openpyxl.load_workbook(io.BytesIO(made(replace(blank(), acts=acts))))
    rows = list(book["Acts"].iter_rows(values_only=True))
    assert rows[-1][0] == "2 more rows stand in the export’s CSV files"
    assert len(rows) == 1 + 3 + 1


def test_every_report_has_a_golden_file() -> None:
    from tests.reports.golden import GOLDEN

    there = {path.name.partition(".")[0] for path in GOLDEN.iterdir()}
    assert set(report.kinds()) - there == set()
