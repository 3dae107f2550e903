"""One spelling for what looks or means the same, and the signature taken off (docs/rules.md)."""

import re
import unicodedata
from typing import Final

#: Texts longer than this many characters, as received, are not read for votes. An SMS of ten parts has 670.
LONGEST: Final = 2000

#: Control characters (the blank ones are separators), format characters, variation selectors, invisible
#: fillers, and the key-cap mark: "A0️⃣1️⃣" is A01.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_BLANK: Final = re.compile(r"\s+")
_DIGIT: Final = re.compile(r"(?![0-9])\d")
#: Look-alikes that NFKC keeps apart: dashes, tildes, apostrophes, and the dots inside names.
_ALIKE: Final = str.maketrans("‐‑‒–—―−〜∼‘’´•・‧∙", "-------~~'''····")
_BRACKETS: Final = (("【", "】"), ("[", "]"))


def fold(text: str) -> str:
    """The text as it is compared: NFKC, ASCII digits, upper case, single spaces, nothing invisible.

    Its time is bounded: it reads `LONGEST` characters of any text, and goes on with one more than `LONGEST`
    of what they become (one character can become 18). Total: lone surrogates stay.
    """
    text = _INVISIBLE.sub("", text[:LONGEST])
    if text.isascii():
        return _BLANK.sub(" ", text.upper()).strip()
    text = _BLANK.sub(" ", unicodedata.normalize("NFKC", text)).strip()[: LONGEST + 1]
    return _DIGIT.sub(_ascii_digit, text.translate(_ALIKE)).upper()


def _ascii_digit(digit: re.Match[str]) -> str:
    return str(unicodedata.decimal(digit[0]))


def unsigned(folded: str) -> tuple[str, str]:
    """The text without the signatures at its ends, and what those said.

    A signature is `【…】` or `[…]`; in the middle of a text brackets are part of what is said.
    """
    said = []
    for opening, closing in _BRACKETS * 2:
        while folded.startswith(opening) and (end := folded.find(closing)) > 0:
            said.append(folded[1:end])
            folded = folded[end + 1 :].strip()
        while folded.endswith(closing) and (start := folded.rfind(opening)) >= 0:
            said.append(folded[start + 1 : -1])
            folded = folded[:start].strip()
    return folded, " ".join(said)
