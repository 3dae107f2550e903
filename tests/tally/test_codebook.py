"""Which code books are refused, with every clash, and which keypad codes follow from codes."""

import sys
import unicodedata

import pytest

from tally import clashes, codebook, folding, numerals
from tally.codebook import CodeBookClash, Listing


def _listings(*candidates: str) -> list[Listing]:
    """`w A01 张三 李四 =7`: contest, code, aliases, keypad; `_` stands for a space."""
    listings = []
    for candidate in candidates:
        contest, code, *more = (word.replace("_", " ") for word in candidate.split(" "))
        aliases = tuple(word for word in more if not word.startswith("="))
        keypad = next((word[1:] for word in more if word.startswith("=")), None)
        listings.append(Listing(contest, code, aliases, keypad))
    return listings


def _clashes(*candidates: str) -> list[str]:
    try:
        codebook.build(_listings(*candidates))
    except CodeBookClash as refused:
        return [f"{one.reason}: {one.first_spelling} {one.second_spelling}" for one in refused.clashes]
    return []


FINE = [
    (),
    ("w A01", "w A02", "s B01"),
    ("w 101", "w 102", "s 201"),
    ("w 1", "w 12", "w 123"),
    ("w A", "w B"),
    ("w A01 张三", "w A02 张三丰"),
    ("w A01 张三 张三", "s B01 Alice_Chen"),
    ("w A01 A01 a-1",),
    ("w A01 A01号张三",),
    ("w A01 第一税务所", "w A02 三里河窗口"),
    ("w A01 不老松",),
    ("w A-01", "w A.02", "w 3_B"),
    ("w A0", "w A1"),
    ("w A1B2", "w A1B3"),
]


@pytest.mark.parametrize("candidates", FINE, ids=" ".join)
def test_a_code_book_that_cannot_be_mistaken(candidates: tuple[str, ...]) -> None:
    assert _clashes(*candidates) == []


REFUSED = [
    # codes that are the same
    (("w A01", "s A01"), ["same: A01 A01"]),
    (("w A01", "w a01 =2"), ["same: A01 a01"]),
    (("w A01", "w A1 =2"), ["same: A01 A1"]),
    (("w A01", "w A-1 =2"), ["same: A01 A-1"]),
    (("w A01", "w Ａ０１ =2"), ["same: A01 Ａ０１"]),
    (("w 7", "w 007 =8"), ["same: 7 007"]),
    (("w A01", "w A1 =2", "w A001 =3"), ["same: A01 A1", "same: A01 A001"]),
    # codes inside one another
    (("w A", "w A01"), ["part: A A01"]),
    (("w 1", "s A01 =2"), ["part: 1 A01"]),
    (("w A1", "w A1B =2"), ["part: A1 A1B"]),
    (("w 1A", "w A2"), ["overlap: A2 1A"]),
    # codes that are none
    (("w A*1",), ["code: A*1 A*1"]),
    (("w -A1",), ["code: -A1 -A1"]),
    (("w 1-1",), ["code: 1-1 1-1"]),
    (("w A-B",), ["code: A-B A-B"]),
    (("w A--1",), ["code: A--1 A--1"]),
    (("w 窗01",), ["code: 窗01 窗01"]),
    (("w Á01",), ["code: Á01 Á01"]),
    (("w 【A01】",), ["code: 【A01】 【A01】"]),
    (("w A1234567890123456",), ["code: A1234567890123456 A1234567890123456"]),
    (("w 13812345678",), ["code: 13812345678 13812345678"]),
    # aliases that mean two
    (("w A01 张三", "s B01 张三"), ["same: 张三 张三"]),
    (("w A01 Alice", "s B01 ＡＬＩＣＥ"), ["same: Alice ＡＬＩＣＥ"]),
    (("w A01", "s B01 a1"), ["same: A01 a1"]),
    (("w A01 B-001", "s B01"), ["same: B01 B-001"]),
    (("w A", "s B02 a"), ["same: A a"]),
    (("w A01 B02服务站", "s B02"), ["inside: B02 B02服务站"]),
    # aliases that mean nobody
    (("w A01 王",), ["alias: 王 王"]),
    (("w A01 ！！",), ["alias: ！！ ！！"]),
    (("w A01 【张三】",), ["alias: 【张三】 【张三】"]),
    (("w A01 beita.gov.cn",), ["alias: beita.gov.cn beita.gov.cn"]),
    (("w A01 支持",), ["filler: 支持 支持"]),
    (("w A01 谢谢",), ["filler: 谢谢 谢谢"]),
    (("w A01 不要",), ["filler: 不要 不要"]),
    (("w A01 退订",), ["filler: 退订 退订"]),
    (("w A01 cancel",), ["filler: cancel cancel"]),
    (("w A01 TD",), ["filler: TD TD"]),
    (("w A01 最美窗口",), ["filler: 最美窗口 最美窗口"]),
    (("w A01 12",), ["number: 12 12"]),
    (("w A01 十二号",), ["number: 十二号 十二号"]),
    (("w A01 第12号",), ["number: 第12号 第12号"]),
    (("w A01 C99",), ["shape: C99 C99"]),
    (("w A01 C-99",), ["shape: C-99 C-99"]),
    # keypad codes
    (("w A01 =7", "w A02 =7"), ["keypad: 7 7"]),
    (("w A01 =7", "w A02 =07"), ["keypad: 7 07"]),
    (("w A01", "w A02 =01"), ["keypad: 01 01"]),
    (("w A01", "w B01"), ["keypad: 101 101"]),
    (("w A01 =", "w A02 =1*2"), ["keys:  ", "keys: 1*2 1*2"]),
    # all at once
    (
        ("w A01 张三", "w A1 张三 =2", "s B01 谢谢 =2"),
        ["same: A01 A1", "same: 张三 张三", "filler: 谢谢 谢谢", "keypad: 2 2"],
    ),
]


@pytest.mark.parametrize(("candidates", "told"), REFUSED, ids=[" ".join(row) for row, _ in REFUSED])
def test_a_code_book_that_can_be_mistaken_is_refused(candidates: tuple[str, ...], told: list[str]) -> None:
    assert _clashes(*candidates) == told


def test_an_empty_code_is_no_code() -> None:
    with pytest.raises(CodeBookClash, match="a code is 1 to 16"):
        codebook.build([Listing("w", "")])


def test_a_clash_names_both_candidates() -> None:
    with pytest.raises(CodeBookClash, match="w/A01 'A01' and s/A1 'A1': they are the same") as refused:
        codebook.build(_listings("w A01", "s A1"))
    clash = refused.value.clashes[0]
    assert (clash.first, clash.second) == (("w", "A01"), ("s", "A1"))


def test_every_reason_has_its_words() -> None:
    assert {clash.split(":")[0] for _, told in REFUSED for clash in told} == set(clashes.REASONS)


KEYPADS = [
    (("w A01", "w A02"), "01 02"),
    (("w A01", "s B02"), "01 02"),
    (("w A01", "s B01"), "101 201"),
    (("s B01", "w A01", "s B02"), "101 201 102"),
    (("w A01", "s B1"), "101 21"),
    (("w 101", "s 201"), "101 201"),
    (("w A01 =9", "s B01"), "9 01"),
    (("w A01 =9", "s B01", "t C01"), "9 201 301"),
    (("w A01 =９０", "w A-02"), "90 02"),
    (("w A1B2", "w 3C"), "12 3"),
    (("w A", "w B =5"), "- 5"),
]


@pytest.mark.parametrize(("candidates", "keys"), KEYPADS, ids=[" ".join(row) for row, _ in KEYPADS])
def test_keypad_codes(candidates: tuple[str, ...], keys: str) -> None:
    listings = _listings(*candidates)
    pads = codebook.build(listings).keypad
    assert " ".join(pads.get(one.selection, "-") for one in listings) == keys


def test_a_code_book_equals_itself_only() -> None:
    one, other = (codebook.build(_listings("w A01")) for _ in "12")
    assert one != other
    assert len({one, other, one}) == 2


NUMERALS = {
    "一": "1", "两": "2", "九": "9", "十": "10", "十二": "12", "二十": "20", "二十一": "21", "九十九": "99",
    "廿": "20", "廿二": "22", "卅一": "31", "一百": "100", "一百零二": "102", "一百一十二": "112",
    "两百": "200", "九百九十九": "999", "一二": "12", "一〇一": "101", "二○一": "201", "〇一": "01",
    "零": "0", "拾贰": "12", "壹佰零贰": "102", "貳": "2", "二十參": "23", "壹佰零叄": "103", "陸": "6",
    "": None, "百": None, "百二": None, "一百二": None, "一百零": None, "十十": None, "十一十二": None,
    "二十零": None, "一千": None, "万": None, "一萬": None, "三仟": None, "億": None, "一百零十二": None,
}  # fmt: skip


@pytest.mark.parametrize(("numeral", "digits"), NUMERALS.items())
def test_chinese_numerals(numeral: str, digits: str | None) -> None:
    assert numerals.digits_of(numeral) == digits


def test_every_number_below_1000_has_its_numeral() -> None:
    ones = "零一二三四五六七八九"
    for number in range(1, 1000):
        hundreds, tens, units = number // 100, number // 10 % 10, number % 10
        numeral = f"{ones[hundreds]}百" if hundreds else ""
        if tens:
            numeral += f"{ones[tens]}十"
        elif hundreds and units:
            numeral += "零"
        numeral += ones[units] if units else ""
        assert numerals.digits_of(numeral) == str(number)


def test_folding_drops_every_control_and_format_character() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) in ("Cc", "Cf"):
            assert folding.fold(f"A{character}1") == ("A 1" if character.isspace() else "A1"), hex(code)


def test_folding_turns_every_decimal_digit_into_ascii() -> None:
    digits = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isdecimal()]
    assert len(digits) >= 600
    for digit in digits:
        assert folding.fold(digit) == str(unicodedata.decimal(digit))
