"""Text can be read on its ground: WCAG 2 contrast of at least 4.5 in both colour schemes (AA)."""

import re
from pathlib import Path

import pytest

from gateway.pages import public

STATIC = Path(public.__file__).parent / "static"
CSS = (STATIC / "tokens.css").read_text("utf-8")

#: Text colour, ground.
PAIRS = [
    *((text, ground) for text in ("ink", "soft", "red", "gold", "grey") for ground in ("paper", "card")),
    ("on-red", "red"),
    ("grey", "track"),
    *((sign, ground) for sign in ("ok", "warn", "bad") for ground in (f"{sign}-ground", "card")),
]


def schemes() -> dict[str, dict[str, str]]:
    """The variables of each scheme; the dark one changes the light one, and so does print."""
    blocks = [
        dict(re.findall(r"--([\w-]+): (#\w+)", block))
        for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    ]
    light, dark, printed = blocks
    return {"light": light, "dark": light | dark, "print": light | printed}


def luminance(colour: str) -> float:
    """WCAG 2 relative luminance of "#rrggbb" or "#rgb"."""
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize(("text", "ground"), PAIRS, ids=lambda name: name)
def test_contrast(scheme: str, text: str, ground: str) -> None:
    colours = schemes()[scheme]
    lighter, darker = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


@pytest.mark.parametrize("sheet", sorted(STATIC.glob("*.css")), ids=lambda sheet: sheet.name)
def test_nothing_is_fetched_from_elsewhere(sheet: Path) -> None:
    assert not re.search(r"url\(|@import|@font-face|https?:", sheet.read_text("utf-8"))
