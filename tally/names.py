"""The candidates' aliases standing in a folded text, as whole phrases (docs/rules.md, step 5)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from tally import vocabulary
from tally.outcome import Selection

#: From here on scripts are written without spaces between words.
_FIRST_UNSPACED: Final = "\u2e80"


class Name(NamedTuple):
    """A candidate named at a place in a text, by code or by alias."""

    start: int
    end: int
    selection: Selection


@dataclass(frozen=True, slots=True)
class Aliases:
    """Folded aliases and whose they are; their lengths by first character, longest first."""

    owners: Mapping[str, Selection]
    lengths: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, owners: Mapping[str, Selection]) -> Self:
        """Ready to be looked for."""
        lengths: dict[str, set[int]] = {}
        for alias in owners:
            lengths.setdefault(alias[0], set()).add(len(alias))
        return cls(
            owners, {first: tuple(sorted(several, reverse=True)) for first, several in lengths.items()}
        )


def find(aliases: Aliases, text: str) -> tuple[list[Name], bool]:
    """The aliases in the text, and whether those of two candidates run into each other.

    An alias inside a longer one is not named: `李明华` does not name 李明.
    """
    kept: list[Name] = []
    tangled = False
    for name in _longest(aliases, text):
        if kept and name.start < kept[-1].end:
            if name.end <= kept[-1].end:
                continue
            tangled = tangled or name.selection != kept[-1].selection
        kept.append(name)
    return kept, tangled


def without(text: str, names: Sequence[Name]) -> str:
    """The text with these taken out; every other character keeps its place."""
    pieces, done = [], 0
    for name in names:
        pieces += [text[done : name.start], vocabulary.GONE * (name.end - max(name.start, done))]
        done = name.end
    return "".join([*pieces, text[done:]])


def _longest(aliases: Aliases, text: str) -> Iterator[Name]:
    """The longest alias at each place where one begins."""
    for start, first in enumerate(text):
        for length in aliases.lengths.get(first, ()):
            found = text[start : start + length]
            owner = aliases.owners.get(found)
            if owner and _whole(text, start, start + len(found)):
                yield Name(start, start + len(found), owner)
                break


def _whole(text: str, start: int, end: int) -> bool:
    """Whether no word of a script with spaces goes on at either end."""
    return not (_one_word(text[max(start - 1, 0) : start + 1]) or _one_word(text[end - 1 : end + 1]))


def _one_word(pair: str) -> bool:
    return len(pair) == 2 and all(one.isalnum() and one < _FIRST_UNSPACED for one in pair)
