"""What browser somebody has, in two words, so that they know it again in the list of their sessions. Pure."""

import re
from typing import Final

#: The first that is found is named. Browsers claim to be their ancestors, so the youngest come first.
_BROWSERS: Final = (
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("QQBrowser", "QQ Browser"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def described(user_agent: str) -> str:
    """Browser and system, as far as they are known.

    >>> described("Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 Chrome/109.0.0.0 Safari/537.36")
    'Chrome 109, Windows'
    """
    text = user_agent[:400]
    browser = next((name for sign, name in _BROWSERS if f"{sign}/" in text), "")
    system = next((name for sign, name in _SYSTEMS if sign in text), "")
    sign = next((sign for sign, name in _BROWSERS if name == browser), "")
    version = re.search(rf"\b{sign}/([0-9]{{1,4}})", text) if sign else None
    return ", ".join(part for part in (f"{browser} {version[1]}" if version else browser, system) if part)
