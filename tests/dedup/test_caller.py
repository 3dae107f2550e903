"""docs/rules.md: one line by any spelling is one caller; two lines never are.

`CALLER_LINES` is how many lines the long campaign draws.
"""

import os
import random

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import caller
from dedup.caller import Caller, Kind, Numbering, Standing, mask, normalise

CN = Numbering("CN", "0739")
LINES = int(os.environ.get("CALLER_LINES", "100000"))
MOBILE, FIXED = "+8613812345678", "+867395169909"


@pytest.mark.parametrize(
    "given",
    [
        "13812345678",
        "+8613812345678",
        "8613812345678",
        "008613812345678",
        "０１３８１２３４５６７８",
        "013812345678",
        "138 1234 5678",
        "138-1234-5678",
        "+86 138-1234-5678",
        " (138) 1234.5678 ",
        "tel:+86-138-1234-5678",
        "１３８１２３４５６７８",
        "13812345678\n",
        "\u202d13812345678\u202c",
        "\ufeff13812345678\u200e",
        "tel:13812345678;phone-context=+86",
        "sip:+8613812345678@192.0.2.1",
        "sips:13812345678;user=phone@example.com",
    ],
)
def test_one_mobile_by_every_spelling(given: str) -> None:
    assert normalise(given, CN) == Caller(Standing.KNOWN, MOBILE)


@pytest.mark.parametrize(
    "given",
    [
        "5169909",
        "07395169909",
        "0739-5169909",
        "+867395169909",
        "86 739 516 9909",
        "００７３９"[1:] + "5169909",
        "0739-5169909转8001",
        "0739-5169909 分機 12",
        "5169909 ext. 8001",
        "07395169909x8",
        "5169909#8",
    ],
)
def test_one_fixed_line_by_every_spelling(given: str) -> None:
    assert normalise(given, CN) == Caller(Standing.KNOWN, FIXED)


@pytest.mark.parametrize(
    "given",
    ["", " ", "anonymous", "Anonymous", "UNKNOWN", "restricted", "private", "blocked", "withheld", "-", "0",
     "P", "O", "0000000000", "+266696687", "266696687", "1266696687", "+7378742833", "+2562533", "+8656696",
     "+86282452253", "86 28 245 2253", "未知号码", "隐藏号码", "匿名",
     "sip:anonymous@anonymous.invalid", "sips:Unknown@example.com"],
)  # fmt: skip
def test_withheld(given: str) -> None:
    assert normalise(given, CN) == caller.WITHHELD


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("12345", "too short"),
        ("10086", "a service number"),
        ("1381234567", "a digit too few"),
        ("138123456789", "a digit too many"),
        ("+14155552671", "not of an accepted region"),
        ("1381234567a", "a letter"),
        ("13812345678x12345678", "no extension"),
        ("13812345678 转", "no extension"),
        ("sip:alice@example.com", "no number"),
        ("13812345678,13912345678", "two numbers"),
        ("9" * 400, "far too long"),
        ("+" * 30, "no digits"),
        ("\x00\ud800", "not text"),
        ("4008123123", "shared cost: not a person's line"),
        ("8008123123", "toll free"),
    ],
)
def test_invalid(given: str, why: str) -> None:
    assert normalise(given, CN) == caller.INVALID, why


def test_regions_and_kinds_are_the_campaigns() -> None:
    world = Numbering("CN", "0739", regions=frozenset({"CN", "US"}))
    assert normalise("+14155552671", world).line == "+14155552671"
    fixed_only = Numbering("CN", "0739", kinds=frozenset({Kind.FIXED_LINE}))
    assert normalise("13812345678", fixed_only) == caller.INVALID
    assert normalise("5169909", fixed_only).line == FIXED
    assert normalise("13812345678", Numbering("CN", regions=frozenset({"US"}))) == caller.INVALID


def test_never_by_suffix() -> None:
    lines = {
        normalise(number, CN).line for number in ("13812345678", "13912345678", "13712345678", "15812345678")
    }
    assert len(lines) == 4


def _spelled(national: str, area: str, rng: random.Random) -> str:
    """A line as some carrier, relay or operator may write it."""
    whole = area + national
    begins = ["+86", "86", "0086"] if not area else ["+86", "0086"]
    spelling = rng.choice([*(begin + whole for begin in begins), f"0{whole}", *([] if area else [whole])])
    if rng.random() < 0.5:
        cut = rng.randrange(len(spelling) - 6, len(spelling))
        spelling = spelling[:cut] + rng.choice(" -.") + spelling[cut:]
    if rng.random() < 0.3:
        spelling = spelling.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})
    return spelling + rng.choice(["", "", " ", "\n"])


@pytest.mark.parametrize("lines", [2_000, pytest.param(LINES, marks=pytest.mark.soak)])
def test_any_line_is_one_caller_by_every_spelling_and_no_two_are(lines: int) -> None:
    """C8: mobiles side by side, and fixed lines that end as they do."""
    rng = random.Random(lines)
    for n in range(lines):
        mobile = n % 4 != 0
        area = "" if mobile else rng.choice(["10", "20", "21", "739", "731", "755"])
        length = 11 if mobile else 7 if area == "739" else 8
        national = f"138{n:08d}" if mobile else f"{rng.randint(2, 8)}{rng.randrange(10**7):07d}"[:length]
        if not phonenumbers.is_valid_number(phonenumbers.PhoneNumber(86, int(area + national))):
            continue  # such as 8007 0271 in Shanghai: given to nobody
        known = normalise(_spelled(national, area, rng), CN)
        # The number itself comes back: so no two numbers can become one.
        assert known == Caller(Standing.KNOWN, f"+86{area}{national}"), (area, national)
        assert normalise(known.line, CN) == known, "normalising twice changes nothing"


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=400)
def test_total(given: str) -> None:
    known = normalise(given, CN)
    assert (known.standing is Standing.KNOWN) == bool(known.line)
    if known.line:
        assert normalise(known.line, CN) == known, "normalising twice changes nothing"


def test_the_fast_path_agrees_with_the_library_on_a_million_numbers() -> None:
    """docs/rules.md asks for a million. Slow (half a minute) because the library is: hence the fast path."""
    rng = random.Random(20180709)
    checked = 0
    while checked < 1_000_000:
        digits = f"1{rng.choice('3456789')}{rng.randrange(10):d}"
        number = digits + f"{rng.randrange(10**8):08d}"
        spelled = rng.choice(("", "", "+86", "86", "0086")) + number
        fast = caller._MOBILE.fullmatch(spelled) is not None
        # The pattern is the same for the whole block of three digits and what follows only when it decides.
        parsed = phonenumbers.PhoneNumber(country_code=86, national_number=int(number))
        is_mobile = phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE
        assert fast == is_mobile, "the fast path disagrees with phonenumbers"
        checked += 1
        if checked % 50 == 0:
            assert normalise(spelled, CN) == caller._by_library(spelled, CN), "the whole paths disagree"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("+8613812340013", "138****0013"),
        ("+867395169909", "739****909"),
        ("", ""),
        ("+8612", "****"),
        ("+14155552671", "141****2671"),
    ],
)
def test_mask(line: str, shown: str) -> None:
    assert mask(line) == shown
