"""By what a candidate is found."""

import pytest

from gateway.desk import finding


@pytest.mark.parametrize(
    ("code", "plain", "number"),
    [
        ("A01", "A1", "1"),
        ("a-01", "A1", "1"),
        ("007", "7", "7"),
        ("B", "B", ""),
        ("D12E", "D12E", "12"),
        ("1-A-2", "1A2", ""),
    ],
)
def test_code_and_number(code: str, plain: str, number: str) -> None:
    assert finding.keys(code, "101", [])[:3] == (plain, number, "101")


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("社保窗口（示例）", "sbck"),
        ("社保窗口（示例）", "shebao"),
        ("社保窗口（示例）", "社保"),
        ("单雄信", "sxx"),  # a surname that reads otherwise as a word
        ("单雄信", "dxx"),
        ("解晓东", "xxd"),
        ("示例01", "sl01"),
        ("Social Insurance", "social i"),
        ("ＡＢＣ窗口", "abcck"),
    ],
)
def test_a_name_is_found_by_its_beginning_and_its_pinyin(name: str, typed: str) -> None:
    names = finding.keys("A01", "", [name]).names
    assert any(one.startswith(typed) for one in names), names


def test_a_name_of_many_readings_has_few_keys() -> None:
    assert len(finding.keys("A01", "", ["行长重乐单解曾区" * 3]).names) < 20
    assert finding.pinyin("Sample 01") == []
    assert finding.pinyin("（）") == []
