"""Sets a public notice as HTML for print, from which the PDF is made. Pure."""

from typing import Final

import jinja2

from config.problems import Lang
from gateway.result.notice import Document

_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("gateway.documents"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def notice(document: Document, lang: Lang) -> bytes:
    """One file that needs no other, in UTF-8."""
    text = _TEMPLATES.get_template("notice.html").render(document=document, lang=lang)
    return text.encode("utf-8", "replace")
