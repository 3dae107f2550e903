"""From a text, or from keys pressed, to selections (docs/rules.md)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final

from tally import folding, names, scanning, vocabulary
from tally.codebook import CodeBook
from tally.names import Name
from tally.outcome import Selection
from tally.scanning import Token


class Finding(StrEnum):
    """What a message says, before any ballot rule or cap is asked."""

    CODES = "codes"  # one or more candidates, and nothing in doubt
    UNKNOWN = "unknown"  # shaped like a code, and none is in the code book
    NOTHING = "nothing"  # nothing in it looks like a code
    UNCLEAR = "unclear"  # it can be read in two ways, or a word of doubt stands beside a code


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read. `selections` are distinct, in the order they were named.

    `why` is "" or, for `UNKNOWN` and `UNCLEAR`, a short fixed word that tells the adjudicator what
    stopped the reading. It never holds input:

    - "unknown": a code that nobody has
    - "doubt": a word such as 不, 改 or NOT
    - "ambiguous": a number without its letter, or a word that may be one
    - "range": A01-A03
    - "overlap": the names of two candidates run into each other
    - "signature": the code stands in a signature only
    - "too_long": it may hold a code, and is longer than any text is read

    The selections of an `UNCLEAR` reading are the candidates whose code or name stands in it.
    """

    finding: Finding
    selections: tuple[Selection, ...] = ()
    why: str = ""


_NOTHING: Final = Reading(Finding.NOTHING)
_UNKNOWN: Final = Reading(Finding.UNKNOWN, why="unknown")
_TOO_LONG: Final = Reading(Finding.UNCLEAR, why="too_long")
_SHORT: Final = 32
_RANGE: Final = re.compile(r"[号號]? ?(?:-+|~+|到|至|TO|THRU|THROUGH) ?第?")
_HAO: Final = re.compile(" ?[号號]")
_LATIN: Final = re.compile("[A-Z]")
_NOBODY: Final = Selection("", "")
_LISTED: Final = re.compile(r" ?(?:[,、;/+*#&]|和|与|及) ?")


def read_text(book: CodeBook, text: str) -> Reading:
    """What an SMS, or a text typed by an operator, says. Total; bounded in time for any length."""
    if len(text) > _SHORT:
        return _read(book, text)
    if exact := book.spelled.get(text.upper()):
        return _exactly(exact)
    return _read_again(book, text)


@lru_cache(maxsize=4096)
def _exactly(selection: Selection) -> Reading:
    return Reading(Finding.CODES, (selection,))


def read_digits(book: CodeBook, digits: str) -> Reading:
    """What the keys pressed in a call say: `*` separates, `#` ends. Total.

    An undelimited row of keys is several codes only if all keypad codes are equally long.
    """
    return _keys_again(book, digits) if len(digits) <= _SHORT else _read_keys(book, digits)


def _read_keys(book: CodeBook, digits: str) -> Reading:
    pressed = folding.fold(digits).partition("#")[0].replace(" ", "")
    if len(digits) > folding.LONGEST:
        return _TOO_LONG if pressed.strip("*") else _NOTHING
    groups = [group for group in pressed.split("*") if group]
    selections = [selection for group in groups for selection in _keyed(book, group)]
    if selections:
        return Reading(Finding.CODES, tuple(dict.fromkeys(selections)))
    return _UNKNOWN if any(map(str.isdigit, pressed)) else _NOTHING


def _keyed(book: CodeBook, group: str) -> Sequence[Selection]:
    length = book.key_length or max(map(len, book.keypad.values()), default=0)
    if len(group) <= length:
        found = book.keys.get(scanning.without_zeros(group))
        return [found] if found else []
    if not book.key_length or len(group) % length:
        return []
    pieces = [group[start : start + length] for start in range(0, len(group), length)]
    found_all = [book.keys.get(scanning.without_zeros(piece)) for piece in pieces]
    return [one for one in found_all if one] if all(found_all) else []


@lru_cache(maxsize=4096)
def _keys_again(book: CodeBook, digits: str) -> Reading:
    return _read_keys(book, digits)


@lru_cache(maxsize=4096)
def _read_again(book: CodeBook, text: str) -> Reading:
    return _read(book, text)


def _read(book: CodeBook, text: str) -> Reading:
    folded = folding.fold(text)
    body, signature = folding.unsigned(folded)
    reading = _read_body(book, body)
    if max(len(text), len(folded)) > folding.LONGEST:
        return _NOTHING if reading.finding is Finding.NOTHING else _TOO_LONG
    if signature and reading.finding in (Finding.NOTHING, Finding.UNKNOWN):
        signed = _read_body(book, signature)
        if signed.finding in (Finding.CODES, Finding.UNCLEAR):
            return Reading(Finding.UNCLEAR, signed.selections, "signature")
    return reading


def _read_body(book: CodeBook, text: str) -> Reading:
    text = vocabulary.without_addresses(text)
    aliases, tangled = names.find(book.aliases, text)
    text = names.without(text, aliases)
    tokens = scanning.tokens(text, book.sought)
    codes = [Name(one.start, one.end, book.codes[one.plain]) for one in tokens if one.kind == "code"]
    named = tuple(dict.fromkeys(name.selection for name in sorted([*aliases, *codes])))
    rest = names.without(text, codes)
    numbers, puzzling = _numbers(book, tokens, named)
    if (named or numbers or puzzling) and vocabulary.doubts(rest):
        return Reading(Finding.UNCLEAR, named, "doubt")
    if tangled:
        return Reading(Finding.UNCLEAR, named, "overlap")
    if any(_is_range(book, text, *pair) for pair in pairwise(tokens)):
        return Reading(Finding.UNCLEAR, named, "range")
    if puzzling or _loose_letters(text, rest, tokens):
        return Reading(Finding.UNCLEAR, named, "ambiguous")
    if named or numbers:
        return Reading(Finding.CODES, named or numbers)
    return _UNKNOWN if _unknown(book, rest, tokens) else _NOTHING


def _numbers(
    book: CodeBook, tokens: Sequence[Token], named: tuple[Selection, ...]
) -> tuple[tuple[Selection, ...], bool]:
    """Whom numbers without their letters name, and whether that can be mistaken.

    Beside anything else that is shaped like a code, or a name, a number may only repeat it.
    """
    numbers = [book.numbers.get(token.plain, ()) for token in tokens if _is_number(book, token)]
    whom = [several for several in numbers if several]
    maybe = any(token.kind == "maybe" for token in tokens)
    if named or any(token.kind in ("prefix", "unknown") for token in tokens):
        return (), maybe or any(len(several) > 1 or several[0] not in named for several in whom)
    if maybe or any(len(several) > 1 for several in whom):
        return (), True
    return tuple(dict.fromkeys(several[0] for several in whom)), False


def _is_number(book: CodeBook, token: Token) -> bool:
    """Whether it is digits, and few enough to be meant for a code; more are a telephone number or so."""
    most = max(book.longest_number, 6 if book.numeric else 4)
    return token.kind == "number" and token.end - token.start <= most


def _is_range(book: CodeBook, text: str, before: Token, token: Token) -> bool:
    """Whether the two are the ends of a range that may name others than these two."""
    if not _RANGE.fullmatch(text, before.end, token.start):
        return False
    ends = (before, token)
    if not any(one.kind in ("code", "maybe") or one.plain in book.numbers for one in ends):
        return False
    if any(one.kind == "number" and not _is_number(book, one) for one in ends):
        return False
    places = [book.ranks.get(one.plain) for one in ends]
    if None in places or any(one.kind != "code" for one in ends):
        return True
    (letters, rank), (others, other) = (place for place in places if place)
    return letters != others or abs(rank - other) > 1


def _loose_letters(text: str, rest: str, tokens: Sequence[Token]) -> bool:
    """Letters listed beside a code without their own number (`A、B01`), or a code of letters among words."""
    for before, token in pairwise(tokens):
        if "prefix" in (before.kind, token.kind) and _LISTED.fullmatch(text, before.end, token.start):
            return True
    worded = any(token.kind == "code" and token.plain.isalpha() for token in tokens)
    return worded and bool(_LATIN.search(vocabulary.without_filler(rest)))


def _unknown(book: CodeBook, rest: str, tokens: Sequence[Token]) -> bool:
    """Whether something is shaped like a code, though nobody has it."""
    if any(token.kind == "unknown" for token in tokens):
        return True
    bare = [token for token in tokens if token.kind == "prefix" or _is_number(book, token)]
    if any(token.kind == "number" and (book.numeric or _HAO.match(rest, token.end)) for token in bare):
        return True
    alone = names.without(rest, [Name(token.start, token.end, _NOBODY) for token in bare])
    return bool(bare) and vocabulary.only_filler(alone)
