"""By what an operator finds a candidate: code, number, keypad code, name, and the name in pinyin. Pure."""

from collections.abc import Iterable
from itertools import islice, product
from typing import Final, NamedTuple

from tally import folding, scanning

#: Readings of one name whose initials are kept: a name with many ambiguous characters has more.
_READINGS: Final = 16


class Keys(NamedTuple):
    """`plain` is the code without separators and leading zeros, `number` its digits, "" if they are not one
    number, `keypad` what to press for it; `names` are lower-case names, initials and pinyin."""

    plain: str
    number: str
    keypad: str
    names: tuple[str, ...]


def keys(code: str, keypad: str, names: Iterable[str]) -> Keys:
    """The keys of one candidate. `names` are its names and aliases."""
    plain = scanning.plain_code(folding.fold(code))
    numbers = [run for run in scanning.runs(plain) if run.isdigit()]
    found: dict[str, None] = {}
    for name in names:
        for spelled in (folding.fold(name).lower(), *pinyin(name)):
            found[spelled] = None
    return Keys(plain, numbers[0] if len(numbers) == 1 else "", keypad, tuple(found))


def pinyin(name: str) -> list[str]:
    """A Chinese name's initials, by every reading of its characters, and its whole pinyin; no other name's.

    >>> pinyin("单行窗口")
    ['dxck', 'dhck', 'cxck', 'chck', 'sxck', 'shck', 'danxingchuangkou']
    """
    from pypinyin import Style, lazy_pinyin, pinyin  # large: only a desk needs it

    han = "".join(one for one in name if one.isalnum())
    if han.isascii():
        return []
    usual = "".join(lazy_pinyin(han, style=Style.FIRST_LETTER))
    readings = pinyin(
        list(han), style=Style.FIRST_LETTER, heteronym=True
    )  # each by itself: names are no phrases
    others = ("".join(chosen) for chosen in islice(product(*readings), _READINGS))
    return list(dict.fromkeys(one.lower() for one in (usual, *others, "".join(lazy_pinyin(han)))))
