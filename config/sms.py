"""Decides how many SMS a text is sent as: by what alphabet a network can write it in."""

from typing import Final, NamedTuple

#: GSM 03.38's default alphabet, and what it writes with an escape before it.
_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED: Final = frozenset("\f^{}\\[~]|€")

#: Characters of one SMS alone, and of each part of a longer one, whose header takes room.
GSM_ALONE, GSM_PART = 160, 153
UCS2_ALONE, UCS2_PART = 70, 67


class Length(NamedTuple):
    """How long a text is, what fits into one SMS, and how many parts it is sent in."""

    characters: int
    one: int
    parts: int


def is_gsm(text: str) -> bool:
    """Whether the text can be written in the GSM alphabet; else it is sent as UCS-2."""
    return _GSM.union(_ESCAPED).issuperset(text)


def length(text: str) -> Length:
    """A text's length as networks count it.

    >>> length("€" * 81)  # each takes the place of two
    Length(characters=162, one=160, parts=2)
    """
    if is_gsm(text):
        characters, one, part = len(text) + sum(char in _ESCAPED for char in text), GSM_ALONE, GSM_PART
    else:
        characters, one, part = len(text.encode("utf-16-le")) // 2, UCS2_ALONE, UCS2_PART
    return Length(characters, one, 1 if characters <= one else -(-characters // part))
