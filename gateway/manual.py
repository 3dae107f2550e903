"""What docs/sources.md says of the kinds of source and of sender, written between its marks from themselves.

Each kind has a section, with prose by hand around what is written here: `<!-- facts -->`, `<!-- options -->`
and `<!-- configure -->`, each up to its `<!-- /… -->`. The list of all kinds stands in `<!-- kinds -->`;
a sender's section has its options.
"""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from gateway.described import Described, Option, described, options
from gateway.entrances import Kind
from gateway.outbox.sender import SenderKind

#: In which order the list has the ways in, and the channels.
_WAYS: Final = ("HTTP", "TCP", "database", "folder", "file", "page")
_CHANNELS: Final = ("sms", "hotline")
_WIDTH: Final = 112


class Unmarked(ValueError):
    """The document has no place for something; the message says what to write into it, and where."""


def rewritten(document: str, kinds: Mapping[str, Kind], senders: Mapping[str, SenderKind]) -> str:
    """The document with all that is between its marks as the kinds say it today. Raises `Unmarked`."""
    told = sorted((described(kind) for kind in kinds.values()), key=_place)
    document = _between(document, "kinds", _index(told))
    for one in told:
        blocks = {
            "facts": _facts(one),
            "options": _options(one.options),
            "configure": wrapped(one.configure),
        }
        document = _with_section(document, f"## {one.kind}", blocks)
    for sender in senders.values():
        table = _options(tuple(options(sender.options)))
        document = _with_section(document, f"### {sender.kind} sender", {"options": table})
    return document


def _place(one: Described) -> tuple[int, int, str]:
    return _WAYS.index(one.by), _CHANNELS.index(one.channel), one.kind


def _between(text: str, mark: str, content: str) -> str:
    """The text with other content between two marks."""
    head, opening, rest = text.partition(f"<!-- {mark} -->\n")
    _, closing, tail = rest.partition(f"<!-- /{mark} -->\n")
    if not (opening and closing):
        raise Unmarked(f"<!-- {mark} --> and <!-- /{mark} --> are not there, each on a line of its own")
    return f"{head}{opening}\n{content}\n\n{closing}{tail}"


def _with_section(document: str, heading: str, blocks: Mapping[str, str]) -> str:
    """The document with other content between the marks of one section."""
    head, found, rest = document.partition(f"\n{heading}\n")
    if not found:
        raise Unmarked(f"there is no section {heading}: write one, with prose and marks as the others have")
    section, following, tail = rest.partition("\n##")
    for mark, content in blocks.items():
        try:
            section = _between(section, mark, content)
        except Unmarked as lack:
            raise Unmarked(f"in the section {heading}, {lack}") from None
    return f"{head}{found}{section}{following}{tail}"


def _index(told: Sequence[Described]) -> str:
    rows = ((f"[`{one.kind}`](#{one.kind})", one.channel, one.by, one.authentication) for one in told)
    return _table(("kind", "channel", "comes by", "authentication"), rows)


def _facts(one: Described) -> str:
    facts = {
        "Channel": f"{one.channel}, by {' '.join([one.by, ' or '.join(one.methods)]).rstrip()}",
        "Authentication": one.authentication,
        "Signs": one.signs,
        "Time": one.time,
        "Read in": one.reference,
    }
    return "\n".join(wrapped(f"- {name}: {said}", hanging="  ") for name, said in facts.items() if said)


def _options(there: Sequence[Option]) -> str:
    if not there:
        return "It has no options."
    rows = ((f"`{one.name}`", one.value, one.default, one.description) for one in there)
    return _table(("option", "value", "default", ""), rows)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    escaped = ([cell.replace("|", r"\|") for cell in row] for row in rows)
    lines = [_row(headings), f"|{'---|' * len(headings)}", *map(_row, escaped)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)


def wrapped(text: str, hanging: str = "") -> str:
    """Paragraphs in lines of the document's width; what is in fences stays as it is."""
    pieces = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(piece if piece.startswith("```") else _paragraphs(piece, hanging) for piece in pieces)


def _paragraphs(text: str, hanging: str) -> str:
    """Short code is not broken, and what would begin a list or a quotation does not begin a line."""
    glued = re.sub(r"`[^`\n]{1,60}`", lambda code: code[0].replace(" ", "\0"), text)
    glued = re.sub(r" (?=(?:[>+*=-]|#+|1[.)])(?: |$))", "\0", glued, flags=re.MULTILINE)
    lines = (
        textwrap.fill(line, _WIDTH, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)
        for line in glued.split("\n")
    )
    return "\n".join(lines).replace("\0", " ")
