"""The code book of a campaign: every code, alias and keypad code, and whom it means (docs/rules.md)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tally import clashes, folding, scanning
from tally.clashes import Clash, Listing
from tally.names import Aliases
from tally.outcome import Selection
from tally.scanning import Codes

__all__ = ["Clash", "CodeBook", "CodeBookClash", "Listing", "build"]


class CodeBookClash(ValueError):
    """The code book was refused. `clashes` are all there are."""

    def __init__(self, found: Sequence[Clash]) -> None:
        self.clashes = tuple(found)
        super().__init__("; ".join(map(_sentence, self.clashes)))


def _sentence(clash: Clash) -> str:
    first, second = ("/".join(candidate) for candidate in (clash.first, clash.second))
    both = f"{first} {clash.first_spelling!r}"
    if clash.first != clash.second:
        both += f" and {second} {clash.second_spelling!r}"
    return f"{both}: {clashes.REASONS[clash.reason]}"


@dataclass(frozen=True, slots=True, eq=False)
class CodeBook:
    """What texts and keypad digits are read with. Made by `build`; equal to itself only.

    `codes` are by plain code ("A1"), `spelled` also as published ("A01"). `numbers` are the candidates whose
    code has letters and that one number. `ranks` are the letters of a code, and its place among the codes
    with these letters. `numeric` says whether some codes are digits alone. `keypad` is what to press for a
    candidate; `keys` is who that is, by the digits without leading zeros; `key_length` is the length that
    all keypad codes have, 0 if they differ.
    """

    codes: Mapping[str, Selection]
    spelled: Mapping[str, Selection]
    aliases: Aliases
    numbers: Mapping[str, tuple[Selection, ...]]
    ranks: Mapping[str, tuple[str, int]]
    numeric: bool
    longest_number: int
    keypad: Mapping[Selection, str]
    keys: Mapping[str, Selection]
    key_length: int
    sought: Codes


def build(listings: Sequence[Listing]) -> CodeBook:
    """The code book of these candidates; contests count in the order of their first candidates.

    Raises `CodeBookClash` with every clash.
    """
    pads = _pads(listings)
    if found := clashes.find(listings, pads):
        raise CodeBookClash(found)
    codes = {listing.plain: listing.selection for listing in listings}
    aliases = {folding.fold(alias): listing.selection for listing in listings for alias in listing.aliases}
    cut = [scanning.runs(folding.fold(listing.code)) for listing in listings]
    lengths = {len(keys) for keys in pads.values()}
    return CodeBook(
        codes=codes,
        spelled=codes | {folding.fold(listing.code): listing.selection for listing in listings},
        aliases=Aliases.of(aliases),
        numbers=_numbers(codes),
        ranks=_ranks(codes),
        numeric=any(code.isdigit() for code in codes),
        longest_number=max((len(run) for one in cut for run in one if run.isdigit()), default=0),
        keypad=pads,
        keys={scanning.without_zeros(keys): selection for selection, keys in pads.items()},
        key_length=lengths.pop() if len(lengths) == 1 else 0,
        sought=Codes(
            codes.keys(),
            frozenset(one[0] for one in cut if len(one) > 1 and one[0].isalpha()),
            max(map(len, cut), default=0),
        ),
    )


def _pads(listings: Sequence[Listing]) -> dict[Selection, str]:
    """The effective keypad codes. A code without digits has none unless it is given one."""
    places: dict[str, int] = {}
    for listing in listings:
        places.setdefault(listing.contest, len(places) + 1)
    derived = {
        one.selection: "".join(run for run in scanning.runs(folding.fold(one.code)) if run.isdigit())
        for one in listings
        if one.keypad is None
    }
    derived = {selection: digits for selection, digits in derived.items() if digits}
    uses = Counter(map(scanning.without_zeros, derived.values()))
    if any(use > 1 for use in uses.values()):
        derived = {selection: f"{places[selection.contest]}{digits}" for selection, digits in derived.items()}
    given = {one.selection: folding.fold(one.keypad) for one in listings if one.keypad is not None}
    return {
        one.selection: keys
        for one in listings
        if (keys := given.get(one.selection, derived.get(one.selection))) is not None
    }


def _numbers(codes: Mapping[str, Selection]) -> dict[str, tuple[Selection, ...]]:
    numbers: dict[str, tuple[Selection, ...]] = {}
    for code, selection in codes.items():
        digits = [run for run in scanning.runs(code) if run.isdigit()]
        if len(digits) == 1 and code != digits[0]:
            numbers[digits[0]] = (*numbers.get(digits[0], ()), selection)
    return numbers


def _ranks(codes: Mapping[str, Selection]) -> dict[str, tuple[str, int]]:
    series: dict[str, list[int]] = {}
    for code in codes:
        letters = code.rstrip("0123456789")
        if letters != code and (letters.isalpha() or not letters):
            series.setdefault(letters, []).append(int(code[len(letters) :]))
    return {
        f"{letters}{number}": (letters, rank)
        for letters, numbers in series.items()
        for rank, number in enumerate(sorted(numbers))
    }
