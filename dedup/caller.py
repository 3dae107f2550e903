"""Who is calling: any spelling of a number to one E.164 line, or withheld, or invalid (docs/rules.md).

Never by suffix: two different E.164 numbers are two callers.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberType

#: Longest spelling that is looked at. ITU E.164 has 15 digits; the rest is room for prefixes and spaces.
LONGEST: Final = 40


class Standing(StrEnum):
    """What the given number is."""

    KNOWN = "known"
    WITHHELD = "withheld"
    INVALID = "invalid"


class Kind(StrEnum):
    """The kinds of line a campaign may accept."""

    MOBILE = "mobile"
    FIXED_LINE = "fixed_line"
    FIXED_LINE_OR_MOBILE = "fixed_line_or_mobile"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Numbering:
    """How a source's callers are written, and which of them may vote.

    `region` is ISO 3166 ("CN"); `area_code` has its trunk zero ("0739") and completes local numbers,
    "" where there are none. `mobiles` says whether mainland mobiles are written and accepted here.
    """

    region: str
    area_code: str = ""
    regions: frozenset[str] = frozenset({"CN"})
    kinds: frozenset[Kind] = frozenset(Kind)
    mobiles: bool = field(init=False)

    def __post_init__(self) -> None:
        mainland = self.region == "CN" and "CN" in self.regions and Kind.MOBILE in self.kinds
        object.__setattr__(self, "mobiles", mainland)


class Caller(NamedTuple):
    """`line` is E.164 ("+8613812345678") for a known caller, else ""."""

    standing: Standing
    line: str = ""


WITHHELD: Final = Caller(Standing.WITHHELD)
INVALID: Final = Caller(Standing.INVALID)

#: Words and sentinel numbers that stand for a withheld number. The numbers are keypad spellings
#: (266696687 = ANONYMOUS); +86282452253 (UNAVAILABLE) would otherwise pass for a line in Chengdu.
_WITHHELD_WORDS: Final = frozenset(
    """anonymous unknown restricted private blocked withheld unavailable invalid none null nil - 0 p o
    prohib prohib_not_screened prohib_passed_screen prohib_failed_screen id_hidden 0000000000 未知 未知号码
    隐藏号码 隐藏 私密号码 匿名 无号码 未显示""".split()
)
_WITHHELD_NUMBERS: Final = frozenset({"266696687", "7378742833", "2562533", "8656696", "86282452253"})

_SEPARATORS: Final = str.maketrans("", "", " \t\r\n-.()/\u00b7\u2010\u2011\u2012\u2013\u2014\u2212\u30fc")
_NUMBER: Final = re.compile(r"\+?[0-9]{3,20}", re.ASCII)
_SIP: Final = re.compile(r"sips?:([^@]*)@.*")
#: What a `tel:` address says beside the number (RFC 3966), and an extension: neither names another line.
_BESIDE: Final = re.compile(r"(?<=[0-9])(?:;.*|\s*(?:转|轉|分机|分機|ext\.?|x|#)\s*[0-9]{1,6})$")
_KINDS: Final = {
    PhoneNumberType.MOBILE: Kind.MOBILE,
    PhoneNumberType.FIXED_LINE: Kind.FIXED_LINE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: Kind.FIXED_LINE_OR_MOBILE,
}
#: Lines that bill the caller specially, or are not one person's: never a voter.
_NEVER: Final = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.UAN,
    }
)


def _mainland_mobile() -> re.Pattern[str]:
    """The library's own pattern for mainland mobiles, so that the fast path cannot disagree with it."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region("CN")
    assert metadata is not None
    assert metadata.mobile is not None
    return re.compile(rf"(?:\+?86|0086)?((?:{metadata.mobile.national_number_pattern}))", re.ASCII)


_MOBILE: Final = _mainland_mobile()


def normalise(given: str, numbering: Numbering) -> Caller:
    """The caller behind `given`, as the source's numbering reads it. Total: any text has an answer."""
    if numbering.mobiles and (mobile := _MOBILE.fullmatch(given)):
        return Caller(Standing.KNOWN, "+86" + mobile[1])
    return _by_library(given, numbering)


@lru_cache(maxsize=16_384)
def _by_library(given: str, numbering: Numbering) -> Caller:
    seen = "".join(sign for sign in given[: LONGEST + 1] if unicodedata.category(sign) != "Cf")
    folded = unicodedata.normalize("NFKC", seen).strip().casefold()
    if is_withheld(folded):
        return WITHHELD
    address = _SIP.fullmatch(folded)
    spelled = address[1] if address else folded.removeprefix("tel:")
    number = _BESIDE.sub("", spelled, 1).translate(_SEPARATORS)
    if len(given) > LONGEST or not _NUMBER.fullmatch(number):
        return INVALID
    local = numbering.area_code and number[0] not in "+0" and len(number) in (7, 8)
    return _accept(numbering.area_code + number if local else number, numbering)


def is_withheld(folded: str) -> bool:
    """Whether a trimmed, case-folded spelling stands for a withheld number, be it as a SIP address."""
    if address := _SIP.fullmatch(folded):
        folded = address[1]
    if not folded or folded in _WITHHELD_WORDS:
        return True
    digits = folded.lstrip("+").translate(_SEPARATORS)
    return digits in _WITHHELD_NUMBERS or digits.removeprefix("1") in _WITHHELD_NUMBERS


def _accept(number: str, numbering: Numbering) -> Caller:
    try:
        parsed = phonenumbers.parse(number, numbering.region)
    except phonenumbers.NumberParseException:
        return INVALID
    region = phonenumbers.region_code_for_number(parsed)
    if region not in numbering.regions or not phonenumbers.is_valid_number(parsed):
        return INVALID
    kind = phonenumbers.number_type(parsed)
    if kind in _NEVER or _KINDS.get(kind, Kind.OTHER) not in numbering.kinds:
        return INVALID
    return Caller(Standing.KNOWN, phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def mask(line: str) -> str:
    """A number as screens and exports may show it: "138****0013"; a short or empty one shows less.

    >>> mask("+8613812340013"), mask("+867395169909"), mask("")
    ('138****0013', '739****909', '')
    """
    digits = line.removeprefix("+86").removeprefix("+")
    if len(digits) < 8:
        return "****" if digits else ""
    return f"{digits[:3]}****{digits[-4:] if len(digits) >= 11 else digits[-3:]}"
