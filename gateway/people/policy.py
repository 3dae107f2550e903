"""What may be a login, a name, and a password. Pure.

A password is long enough, and is not one of those that are tried first: the same few characters, a run of
neighbours, or words that everybody would try here. Beyond that it may be anything, and never has to be
changed for its age (ASVS 5.0, 6.2).
"""

import re
import unicodedata
from itertools import pairwise
from typing import Final

#: A password's characters, those beyond ASCII (Chinese ones) counted twice.
SHORTEST: Final = 12
LONGEST: Final = 200
_FEWEST: Final = 8

_LOGIN: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", re.ASCII)
#: What stands in most people's guesses; also years, and what the keyboard suggests.
_WORDS: Final = (
    "televote password passwort passw0rd p@ssw0rd admin administrator root user login welcome letmein "
    "secret changeme default iloveyou woaini nihao mima qwerty asdf zxcv 1q2w3e4r 1qaz2wsx abc123 a123456 "
    "operator committee observer test demo toupiao 密码 投票 管理员 组委会 接线员 观察员 我爱你"
).split()
_ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1234567890",
    "一二三四五六七八九十",
)
_NEIGHBOURS: Final = frozenset(pair for row in _ROWS for a, b in pairwise(row) for pair in (a + b, b + a))


def login(text: str) -> str:
    """A login as it is kept: small letters, no full width.

    >>> login(" Ｌi-Na ")
    'li-na'
    """
    return unicodedata.normalize("NFKC", text).strip().casefold()


def is_login(text: str) -> bool:
    """Whether that can be a login: as other short names, 2 to 40 characters."""
    return 2 <= len(text) <= 40 and _LOGIN.fullmatch(text) is not None


def name(text: str) -> str:
    """A person's name as it is kept: without line breaks, and single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def is_name(text: str) -> bool:
    """Whether that can be a person's name: 1 to 60 characters, all of them visible."""
    return 1 <= len(text) <= 60 and text.isprintable()


def password(text: str) -> str:
    """A password as it is hashed: the same whether it was typed in full width or not."""
    return unicodedata.normalize("NFKC", text)


def weakness(given: str, *own: str) -> str:
    """Why that cannot be a password: "short", "long", "repeated", "sequence", "known"; "" if it can.

    `own` are words that anybody would try for this person: their login, and the parts of their name.

    >>> weakness("123456789012"), weakness("lina-lina-2018", "lina"), weakness("窗口每天八点开门")
    ('sequence', 'known', '')
    """
    text = password(given)
    if len(text) > LONGEST:
        return "long"
    if len(text) < _FEWEST or sum(1 if char.isascii() else 2 for char in text) < SHORTEST:
        return "short"
    folded = text.casefold()
    if len(set(folded)) < 5 or _is_block(folded):
        return "repeated"
    steps = list(pairwise(folded))
    if 3 * sum(a == b or a + b in _NEIGHBOURS for a, b in steps) >= 2 * len(steps):
        return "sequence"
    return "known" if _what_is_left(folded, own) < 5 else ""


def _is_block(text: str) -> bool:
    """Whether it is one piece, repeated."""
    return text in (text + text)[1:-1]


def _what_is_left(text: str, own: tuple[str, ...]) -> int:
    """How many different characters are left without the words that everybody would try."""
    words = [*_WORDS, *(word for part in own for word in part.casefold().split() if len(word) > 1)]
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, " ")
    left = re.sub(r"(19|20)[0-9]{2}", " ", text)
    return len(set(re.sub(r"[\W_]", "", left)))
