"""Where commands print, and in which of two languages."""

from typing import Final

from rich.console import Console

from config.problems import Lang

# Names and paths are shown as they are: as `Text`, and never as rich's mark-up or :codes: for pictures.
OUT: Final = Console(emoji=False)
ERRORS: Final = Console(stderr=True, emoji=False)


def say(lang: Lang, zh: str, en: str) -> str:
    """Whichever of the two is asked for."""
    return zh if lang == "zh" else en
