"""What only shows between the tables of a campaign file: clashing codes, a contest's id given twice, or
nowhere.

These look at the file's values as they were read, and skip what is not readable: so a clash is told
at once with whatever else is wrong, and not only after that is mended.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from config.contest import Spellings
from config.fields import error_at, refused
from config.problems import Elsewhere
from config.toml_lines import KeyPath
from config.wording import WORDING
from dedup import caller
from dedup.caller import Numbering
from tally import codebook
from tally.codebook import Clash, CodeBookClash
from tally.outcome import Selection, SelectionOutcome

#: So many bytes of selections fit into an entry, beside all else in it: a bundle gives its length two bytes.
MOST_TOLD: Final = 60_000
_LONGEST: Final = max(SelectionOutcome, key=len).value


def contests_twice(data: dict[str, Any]) -> Iterator[InitErrorDetails]:
    """Contests that have the id of an earlier one."""
    first: dict[str, KeyPath] = {}
    for index, contest in _tables(data, "contests"):
        name, path = contest.get("id"), ("contests", index, "id")
        if isinstance(name, str) and first.setdefault(name, path) != path:
            yield error_at(path, refused("contest_twice", first=Elsewhere(first[name])))


def not_contests(data: dict[str, Any]) -> Iterator[InitErrorDetails]:
    """Contests that the evaluation, or the nominations, name and the campaign has not."""
    known = [one["id"] for _, one in _tables(data, "contests") if isinstance(one.get("id"), str)]
    for path in (("evaluation", "contests"), ("nominations",)):
        named: Any = data
        for key in path:
            named = named.get(key) if isinstance(named, dict) else None
        for name in named if isinstance(named, dict) else ():
            if name not in known:
                yield error_at((*path, name), refused("no_contest", known=", ".join(known) or "–"))


def strange_lines(data: dict[str, Any], numbering: Numbering) -> Iterator[InitErrorDetails]:
    """Listed numbers that no caller can have: they would never be recognised."""
    for key in ("bar_list", "test_lines"):
        values = data.get(key)
        for index, number in enumerate(values if isinstance(values, list | tuple) else ()):
            if isinstance(number, str) and not caller.normalise(number, numbering).line:
                yield error_at((key, index), refused("number"))


def open_ballots(data: dict[str, Any]) -> Iterator[InitErrorDetails]:
    """What cannot stand beside open ballots: it would link messages, tell codes, or not fit into an entry."""
    if data.get("ballots") != "open":
        return
    for index, contest in _tables(data, "contests"):
        if contest.get("over_cap") == "void_all":
            yield error_at(("contests", index, "over_cap"), refused("open_void_all"))
    replies = data.get("replies")
    for lang in ("zh", "en"):
        texts = replies.get(lang) if isinstance(replies, dict) else None
        for outcome, text in texts.items() if isinstance(texts, dict) else ():
            if isinstance(text, str) and "{receipt}" in text:
                yield error_at(("replies", lang, outcome), refused("open_receipt"))
    whole = [(contest, one.code, _LONGEST) for _, contest, one in _readable(data)]
    if len(json.dumps(whole, separators=(",", ":"))) > MOST_TOLD:
        yield error_at(("ballots",), refused("open_too_many", most=MOST_TOLD // 1000))


def clashes(data: dict[str, Any]) -> Iterator[InitErrorDetails]:
    """Codes, aliases and keys that can be mistaken for one another, each told at the second candidate."""
    found: dict[Selection, list[tuple[KeyPath, Spellings]]] = {}
    listings = []
    for path, contest, spellings in _readable(data):
        found.setdefault(Selection(contest, spellings.code), []).append((path, spellings))
        listings.append(spellings.listing(contest))
    try:
        codebook.build(listings)
    except CodeBookClash as error:
        again = Counter[Selection]()
        for clash in error.clashes:
            first = second = found[clash.first][0]
            if clash.second != clash.first:
                second = found[clash.second][0]
            elif (
                again[clash.first] + 1 < len(found[clash.first])
                and clash.second_spelling == clash.second.candidate
            ):
                again[clash.first] += 1  # the very same code, listed once more
                second = found[clash.first][again[clash.first]]
            yield _clash(clash, first, second)


def _clash(
    clash: Clash, first: tuple[KeyPath, Spellings], second: tuple[KeyPath, Spellings]
) -> InitErrorDetails:
    group = "clash" if first != second else "alone"
    kind = f"{group}_{clash.reason}"
    sides = [
        (_key(*first, clash.first_spelling), _named(clash.first, clash.first_spelling)),
        (_key(*second, clash.second_spelling), _named(clash.second, clash.second_spelling)),
    ]
    if all(path[-1] == "code" for path, _ in sides):
        sides.sort()  # of two codes the later one is told, whichever the code book puts first
    (there, earlier), (here, later) = sides
    context = {"first": earlier, "line": Elsewhere(there), "second": later}
    return error_at(here, refused(kind if kind in WORDING else group, **context))


def _named(candidate: Selection, spelling: str) -> str:
    return spelling if spelling == candidate.candidate else f"{spelling} ({candidate.candidate})"


def _key(path: KeyPath, spellings: Spellings, spelling: str) -> KeyPath:
    """The key of a candidate where a spelling stands; its code, if the spelling was derived from that."""
    if spelling != spellings.code and spelling in spellings.aliases:
        return (*path, "aliases", spellings.aliases.index(spelling))
    return (*path, "keypad" if spelling == spellings.keypad and spelling != spellings.code else "code")


def _readable(data: dict[str, Any]) -> Iterator[tuple[KeyPath, str, Spellings]]:
    """The candidates whose spellings are right by themselves, with their paths and contests."""
    for index, contest in _tables(data, "contests"):
        name = contest["id"] if isinstance(contest.get("id"), str) else ""
        for place, values in _tables(contest, "candidates"):
            with suppress(ValidationError):
                yield ("contests", index, "candidates", place), name, Spellings.model_validate(values)


def _tables(data: Any, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Those entries of an unvalidated list that are tables, with their indexes."""
    values = data.get(key)
    for index, value in enumerate(values if isinstance(values, list | tuple) else ()):
        if isinstance(value, dict):
            yield index, value
