"""Which language a page is in. Pure."""

import re

from config.problems import Lang
from gateway.pages.words import LANGS


def named(choice: str | None) -> Lang | None:
    """The language of the pages that is called so."""
    return next((lang for lang in LANGS if lang == choice), None)


def preferred(accept_language: str) -> Lang:
    """The language of the pages that a browser likes best; Chinese if it likes none. Total.

    >>> preferred("fr, en-GB;q=0.8, zh;q=0.5")
    'en'
    """
    best: tuple[float, Lang] = (0.0, "zh")
    for choice in accept_language[:400].split(","):
        match = re.fullmatch(
            r"\s*([a-z]{2})(?:-[^;]*)?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?)\s*)?", choice, re.IGNORECASE
        )
        for lang in LANGS:
            if match and match[1].lower() == lang and float(match[2] or 1) > best[0]:
                best = (float(match[2] or 1), lang)
    return best[1]
