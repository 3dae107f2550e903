"""The codes and numbers standing in a folded text (docs/rules.md, steps 3 and 4).

A text is cut into atoms: runs of letters, of digits, of Chinese numerals. Atoms that touch are a chunk. A
code is one or more atoms, and a chunk is read as codes from end to end or not at all: nothing is cut out
of a word.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from tally import numerals, vocabulary

_FOREIGN: Final = r"[^\W\d_A-Z\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
_MARK: Final = r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u2044\ufe20-\ufe2f]"
_ATOM: Final = re.compile(
    rf"([A-Z]+(?:'[A-Z]+)*)|([0-9]+)|([{numerals.CHARACTERS}]+)|(?:{_FOREIGN}|{_MARK})+"
)
#: What may stand inside a code, between its letters and its digits.
_INSIDE: Final = frozenset(
    space + mark + after for mark in ("", "-", "_", ".") for space in ("", " ") for after in ("", " ")
)
#: After a Chinese numeral that is a number of its own, and before one.
_CLOSED: Final = re.compile(r"$|[号號A-Z吧和与及我的]|加油|支持|投|必胜|谢|謝|[^\w]")
_OPENED: Final = "投选選给給持票号號是和与及"
_LONGEST_CODE: Final = 16


class Atom(NamedTuple):
    """`plain` has no leading zeros, and is "" for digits that cannot be a code. `glued` atoms touch the one
    before. "maybe" is a number that may also be meant otherwise (`A一定赢`, `投 3 次`); "other" is nothing
    a code can hold."""

    kind: Literal["letters", "digits", "maybe", "other"]
    plain: str
    start: int
    end: int
    glued: bool


class Token(NamedTuple):
    """Something shaped like a code.

    "code" and "maybe": `plain` is in the code book; "number": it is digits alone, not in the book;
    "prefix": letters that begin codes of the book; "unknown": neither.
    """

    kind: Literal["code", "maybe", "number", "prefix", "unknown"]
    plain: str
    start: int
    end: int


class Codes(NamedTuple):
    """What to look for: plain codes, the letters they begin with, the most runs a code has."""

    known: Collection[str]
    prefixes: Collection[str]
    most_runs: int


def plain_code(folded: str) -> str:
    """The code without separators and leading zeros: what `A-01`, `A 1` and `A001` have in common."""
    return "".join(without_zeros(run) for run in runs(folded))


def runs(folded: str) -> list[str]:
    """A code's runs of letters and of digits."""
    return re.findall(r"[A-Z]+|[0-9]+", folded)


def without_zeros(run: str) -> str:
    """Digits without their leading zeros; "0" stays."""
    return run.lstrip("0") or "0" if run[0] == "0" else run


def tokens(text: str, codes: Codes) -> list[Token]:
    """What is shaped like a code in a folded text, in order, none overlapping."""
    atoms = list(_atoms(text, codes.prefixes))
    hits = list(_hits(text, atoms, codes))
    covered = bytearray(len(atoms))
    for first, end, _ in hits:
        covered[first:end] = b"\1" * (end - first)
    torn = bytearray(len(atoms))
    found = []
    for first, end in _chunks(atoms):
        inside = sum(covered[first:end])
        if 0 < inside < end - first:
            torn[first:end] = b"\1" * (end - first)
        if inside < end - first and (token := _not_a_code(atoms[first:end], bool(inside), codes.prefixes)):
            found.append(token)
    for first, end, plain in hits:
        kind: Literal["code", "maybe"] = "maybe" if atoms[end - 1].kind == "maybe" else "code"
        if not any(torn[first:end]):
            found.append(Token(kind, plain, atoms[first].start, atoms[end - 1].end))
    return sorted(found, key=lambda token: token.start)


def _atoms(text: str, prefixes: Collection[str]) -> Iterator[Atom]:
    before = Atom("other", "", -1, -1, glued=False)
    for found in _ATOM.finditer(text):
        atom = _atom(text, found, before)
        if atom is None:
            continue
        if before.plain == "NO" and "NO" not in prefixes:  # "No12": the sign of a number, no part of it
            atom = atom._replace(glued=False)
        yield atom
        before = atom


def _atom(text: str, found: re.Match[str], before: Atom) -> Atom | None:
    start, end = found.span()
    glued = before.end == start
    if found[1]:
        return Atom("letters", found[1], start, end, glued)
    if found[2]:
        if vocabulary.UNIT.match(text, end) and not glued:
            return None
        plain = without_zeros(found[2]) if end - start <= _LONGEST_CODE else ""
        counted = vocabulary.SPACED_UNIT.match(text, end) and not glued
        return Atom("maybe" if counted else "digits", plain, start, end, glued)
    if found[3]:
        return _numeral(text, found[3], start, before)
    return Atom("other", "", start, end, glued)


def _numeral(text: str, numeral: str, start: int, before: Atom) -> Atom | None:
    """A Chinese numeral, where it can be a candidate's number; None where it is part of a word."""
    end, glued = start + len(numeral), before.end == start
    ahead, behind = text[start - 1 : start], text[end : end + 1]
    closed = bool(_CLOSED.match(text, end)) and not vocabulary.UNIT.match(text, end)
    if behind.isdigit() or (glued and before.kind != "letters"):
        return Atom("other", "", start, end, glued) if closed or behind.isdigit() else None
    digits = numerals.digits_of(numeral)
    plain = without_zeros(digits) if digits else ""
    if before.kind == "letters" and text[before.end : start] in _INSIDE:
        return Atom("digits" if closed or len(numeral) > 1 else "maybe", plain, start, end, glued)
    opened = not ahead.isalnum() or ahead in _OPENED or (behind in ("号", "號") and ahead != "月")
    return Atom("digits", plain, start, end, glued) if opened and closed else None


def _hits(text: str, atoms: Sequence[Atom], codes: Codes) -> Iterator[tuple[int, int, str]]:
    """Codes by their first atom and the one after their last. No code of a book is part of another, nor
    overlaps one, so that whichever is found first is the only one."""
    first = 0
    while first < len(atoms):
        end, plain = first, ""
        while end < len(atoms) and end - first < codes.most_runs and plain not in codes.known:
            if end > first and not _joined(text, atoms[end - 1], atoms[end]):
                break
            plain += atoms[end].plain or "?"
            end += 1
        if plain in codes.known:
            yield first, end, plain
            first = end
        else:
            first += 1


def _joined(text: str, before: Atom, atom: Atom) -> bool:
    letters = before.kind == "letters"
    return letters != (atom.kind == "letters") and text[before.end : atom.start] in _INSIDE


def _chunks(atoms: Sequence[Atom]) -> Iterator[tuple[int, int]]:
    first = 0
    for index in range(1, len(atoms) + 1):
        if index == len(atoms) or not atoms[index].glued:
            yield first, index
            first = index


def _not_a_code(chunk: Sequence[Atom], torn: bool, prefixes: Collection[str]) -> Token | None:
    chunk = [atom for atom in chunk if atom.kind != "maybe"]
    start, end = (chunk[0].start, chunk[-1].end) if chunk else (0, 0)
    match [atom.kind for atom in chunk]:
        case ["digits"]:
            return Token("number", chunk[0].plain, start, end)
        case ["letters"] if not torn:
            return Token("prefix", "", start, end) if chunk[0].plain in prefixes else None
        case kinds if torn or "digits" in kinds:
            return Token("unknown", "", start, end)
        case _:
            return None
