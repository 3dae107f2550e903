"""Rosters: what a spreadsheet saves, and what may be wrong with it."""

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import load, roster
from config.campaign import Campaign
from config.problems import Lang
from tests.config.reading import SMALL, campaign_problems, edited

LIST = SMALL[SMALL.index("candidates = [") :]
ROSTERED = edited((LIST, 'roster = "stars.csv"\n'))
HEADER = "code,name,unit,aliases,keypad\n"
GOOD = HEADER + "B01,示例01,社保窗口,示例甲; 示例乙；,201\n\nB02,示例02,税务窗口,,202\n"


TABLE = [
    ["code", "name", "unit", "aliases", "keypad"],
    ["B01", "示例01", "社保窗口", "示例甲; 示例乙；", 201],
    ["B02", "示例02", "税务窗口", None, "202"],
]


def book(*sheets: list[list[Any]]) -> bytes:
    """A workbook as Excel would save it, with a sheet for each table."""
    made = openpyxl.Workbook(write_only=True)
    for rows in sheets:
        sheet = made.create_sheet()
        for row in rows:
            sheet.append(row)
    packed = io.BytesIO()
    made.save(packed)
    return packed.getvalue()


def read(folder: Path, content: str | bytes) -> Campaign:
    """The small campaign, its second contest from a roster."""
    (folder / "small.toml").write_text(ROSTERED, encoding="utf-8")
    (folder / "stars.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    return load.campaign(folder / "small.toml")


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("aliases,keypad", "Aliases, KEYPAD ,,"),
        GOOD.encode("gb18030"),
        GOOD.encode("utf-16"),
        book(TABLE),
        '"code","name","unit","aliases","keypad"\n"B01","示例01","社保窗口","示例甲;示例乙","201"\nB02,示例02,税务窗口,,202',
    ],
    ids=["plain", "byte-order mark", "capitals and empty columns", "GB18030", "UTF-16", "workbook", "quotes"],
)
def test_candidates(content: str | bytes, tmp_path: Path) -> None:
    first, second = read(tmp_path, content).contests[1].candidates
    assert (first.code, first.name, first.unit, first.keypad) == ("B01", "示例01", "社保窗口", "201")
    assert (first.aliases, second.aliases) == (("示例甲", "示例乙"), ())


def test_a_roster_means_what_the_file_would(tmp_path: Path) -> None:
    plain = HEADER + "B01,示例01,社保窗口,,201\nB02,示例02,税务窗口,,202\n"
    (tmp_path / "plain.toml").write_text(SMALL, encoding="utf-8")
    assert read(tmp_path, plain).rules_hash == load.campaign(tmp_path / "plain.toml").rules_hash


COLUMNS = "code, name, unit, name_en, aliases, keypad"
MISTAKES = {
    "nothing": (
        "",
        [
            f"stars.csv:1: has no column {one} — its first line must name the columns: {COLUMNS}"
            for one in ("code", "name", "unit")
        ],
    ),
    "only a header": (HEADER, ["stars.csv:1: candidates: has too few entries — give at least 1"]),
    "no unit": (
        "code,name\nB01,示例01",
        [f"stars.csv:1: has no column unit — its first line must name the columns: {COLUMNS}"],
    ),
    "unknown column": (
        HEADER.replace("keypad", "keys") + "B01,示例01,社保窗口,,201",
        [f"stars.csv:1: has a column that is not known — the columns are: {COLUMNS}"],
    ),
    "column twice": (
        "code,name,unit,name\nB01,示例01,一局,",
        [f"stars.csv:1: has a column that is not known — the columns are: {COLUMNS}"],
    ),
    "cells": (
        HEADER
        + 'B01,,一局,,\n"B\n02",示例02,二局,"丙\n窗口",2x2\n\nB03,示例03,三局,,203,4\nB-1,示例04,四局,,204',
        [
            "stars.csv:2: candidate name: is missing — add it",
            "stars.csv:3: candidate aliases[0]: holds a line break or a control character "
            "— write it on one line",
            "stars.csv:3: candidate code: holds a line break or a control character — write it on one line",
            "stars.csv:7: has more cells than columns — is there a comma too many?",
            "stars.csv:8: candidate code: B-1 and B01 at stars.csv:2 are one and the same code or name "
            "— change one of the two",
        ],
    ),
    "quote not closed": (
        HEADER + 'B01,"示例01,一局',
        ["stars.csv:2: cannot be read as CSV — are all quotation marks closed?"],
    ),
    "neither UTF-8 nor GB18030": (
        (HEADER + "B01,示例01,一局\nB02,示例02,二局\n").encode() + b"B03,\xff\xff,x",
        ["stars.csv:4: is not written in UTF-8 — save it again as UTF-8"],
    ),
    "UTF-16 without its mark": (
        HEADER.encode("utf-16-le"),
        [
            "stars.csv: is neither an Excel workbook nor a CSV file — save it as .xlsx, or as CSV in UTF-8",
        ],
    ),
    "a workbook with two sheets": (
        book(TABLE, TABLE),
        [
            "stars.csv: has several sheets that hold something: Sheet, Sheet1 — keep the one with the "
            "candidates, and delete or hide the others"
        ],
    ),
    "a workbook that lacks a column": (
        book([["code", "name"], ["B01", "示例01"]]),
        [f"stars.csv:1: has no column unit — its first line must name the columns: {COLUMNS}"],
    ),
    "a workbook with an error in it": (
        book([*TABLE, ["B03", "#REF!", "三局", None, 203]]),
        [
            "stars.csv:4: candidate name: is missing — add it",
            "stars.csv:4: is a formula that has no result yet, or an error — write the value itself",
        ],
    ),
    "a damaged workbook": (
        book(TABLE)[:900],
        ["stars.csv: is damaged, or not a whole workbook — open it, save it again, and hand that in"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str, tmp_path: Path) -> None:
    content, said = MISTAKES[name]
    (tmp_path / "stars.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    assert sorted(campaign_problems(tmp_path, ROSTERED)) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            ROSTERED,
            ["stars.csv: cannot be read: No such file or directory — check the path and its permissions"],
        ),
        (
            ROSTERED.replace("stars.csv", "stars.ods"),
            [
                "small.toml:50: contests[1].roster: is not the path of a .csv or .xlsx file "
                '— write it in quotes, such as "stars.csv"'
            ],
        ),
        (
            ROSTERED.replace('"stars.csv"', "1"),
            [
                "small.toml:50: contests[1].roster: is not the path of a .csv or .xlsx file "
                '— write it in quotes, such as "stars.csv"'
            ],
        ),
        (
            edited((LIST, 'roster = "stars.csv"\n' + LIST)),
            ["small.toml:50: contests[1].roster: stands beside a list of candidates — keep one of the two"],
        ),
    ],
    ids=["not there", "another format", "no text", "candidates too"],
)
def test_wrong_roster(text: str, said: list[str], tmp_path: Path) -> None:
    assert campaign_problems(tmp_path, text) == said


@pytest.mark.parametrize("lang", ["zh"])
def test_in_chinese(lang: Lang, tmp_path: Path) -> None:
    assert campaign_problems(tmp_path, ROSTERED, lang) == [
        "stars.csv: 无法读取：No such file or directory — 请检查路径和权限"
    ]


@settings(deadline=None, max_examples=200)
@given(st.text('code,name,unit"\n\r;B01 \0', max_size=60) | st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    read_ = roster.read((HEADER + text).encode("utf-8", "surrogatepass"))
    assert all(line >= 1 for line, _ in read_.candidates)
    assert all(column in roster.COLUMNS for _, candidate in read_.candidates for column in candidate)
