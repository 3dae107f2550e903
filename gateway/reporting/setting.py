"""Sets a report as HTML: one file that needs no other, readable as it is and printable. Pure."""

from collections.abc import Mapping
from typing import Any, Final

import jinja2

import gateway
from config.problems import Lang
from config.wording import Said
from gateway.reporting.report import Options
from gateway.reporting.result import Result
from gateway.reporting.words import WORDS

#: The templates of reports, and those of the pages: a chart is drawn by one macro, wherever it stands.
_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.ChoiceLoader(
        [
            jinja2.PackageLoader("gateway.reporting"),
            jinja2.PackageLoader("gateway.pages"),
            jinja2.PackageLoader("gateway.pages", "static"),
        ]
    ),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    template: str, result: Result, options: Options, values: Mapping[str, Any], words: Mapping[str, Said] = {}
) -> list[bytes]:
    """A template filled in, with what all of them say of the result."""
    say = spoken(options.lang, words)
    text = _TEMPLATES.get_template(template).render(
        say=say,
        lang=options.lang,
        size=options.size,
        name=result.campaign.name_in(options.lang),
        stage=say[result.stage],
        at=result.standings["as_of"],
        entries=result.entries,
        roots=result.roots,
        rules_hash=result.campaign.rules_hash,
        version=gateway.__version__,
        **values,
    )
    return [text.encode("utf-8", "replace")]


def spoken(lang: Lang, words: Mapping[str, Said] = {}) -> dict[str, str]:
    """The catalogue in one language, and `words` besides."""
    return {key: said.by(lang) for key, said in {**WORDS, **words}.items()}
