"""Decides how a text goes into the XML that some providers and telephone systems are answered with."""

import html
import re
from typing import Final

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml(text: str) -> str:
    """The text as an element or an attribute can hold it, without what XML has no place for."""
    return html.escape(_NOT_XML.sub("", text))
