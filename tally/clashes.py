"""Which spellings of a code book could be mistaken for one another, or cannot be used at all (docs/rules.md).

What is refused here is what keeps reading simple: codes that neither hold nor overlap one another are
found in a text in one way only.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tally import folding, numerals, scanning, vocabulary
from tally.outcome import Selection

LONGEST_KEYPAD: Final = 16
_LONGEST_ALIAS: Final = 100
_CODE: Final = re.compile(
    r"(?=.{1,16}\Z)[A-Z0-9]+(?:(?:(?<=[A-Z])[-_. ](?=[0-9])|(?<=[0-9])[-_. ](?=[A-Z]))[A-Z0-9]+)*"
)
_KEYS: Final = re.compile(rf"[0-9]{{1,{LONGEST_KEYPAD}}}")
_NUMBER: Final = re.compile(rf"[第号號0-9{numerals.CHARACTERS} ]+")
_SHAPED: Final = re.compile(r"(?=.*[0-9])[A-Z0-9._ -]+")


@dataclass(frozen=True, slots=True)
class Listing:
    """One candidate as the campaign file lists it.

    `keypad` is the digits to press; None derives them: the digits of the code, or, if two candidates
    of the campaign would then share them, the 1-based place of the contest and those digits.
    """

    contest: str
    code: str
    aliases: tuple[str, ...] = ()
    keypad: str | None = None

    @property
    def selection(self) -> Selection:
        """The candidate."""
        return Selection(self.contest, self.code)

    @property
    def plain(self) -> str:
        """The code as texts are compared with it."""
        return scanning.plain_code(folding.fold(self.code))


class Clash(NamedTuple):
    """Two spellings that can be mistaken for one another, or one that cannot be used: then both are the same.

    `reason` is a key of `REASONS`.
    """

    first: Selection
    first_spelling: str
    second: Selection
    second_spelling: str
    reason: str


#: Why a code book is refused, by the reason word of a clash.
REASONS: Final[Mapping[str, str]] = {
    "code": "a code is 1 to 16 letters A-Z and digits; one of - _ . or a space may stand where they "
    "meet; it cannot look like a telephone number",
    "same": "they are the same without case, width, separators and leading zeros",
    "part": "one code is part of the other",
    "overlap": "one code ends as the other begins",
    "alias": "an alias is 2 to 100 characters, a letter among them, no brackets at its ends, and no "
    "web address, telephone number or date in it",
    "filler": "an alias cannot be made of ordinary words of a vote alone",
    "number": "an alias cannot be a number",
    "shape": "an alias cannot be shaped like a code",
    "inside": "an alias cannot hold another candidate's code",
    "keypad": "they have the same keypad code",
    "keys": "a keypad code is 1 to 16 digits",
}


def find(listings: Sequence[Listing], pads: Mapping[Selection, str]) -> list[Clash]:
    """Every clash; of many that are the same, each with the first. `pads` are the effective keypad codes."""
    usable = [listing for listing in listings if _usable(listing)]
    codes: dict[str, Listing] = {}
    for listing in usable:
        codes.setdefault(listing.plain, listing)
    return [
        *(_alone(one, one.code, "code") for one in listings if not _usable(one)),
        *(_pair(codes[one.plain], one, "same") for one in usable if codes[one.plain] is not one),
        *_nested(codes),
        *_aliases(listings, codes),
        *_keypads(listings, pads),
    ]


def _usable(listing: Listing) -> bool:
    folded = folding.fold(listing.code)
    return bool(_CODE.fullmatch(folded)) and vocabulary.without_addresses(folded) == folded


def _alone(listing: Listing, spelling: str, reason: str) -> Clash:
    return Clash(listing.selection, spelling, listing.selection, spelling, reason)


def _pair(first: Listing, second: Listing, reason: str) -> Clash:
    return Clash(first.selection, first.code, second.selection, second.code, reason)


def _nested(codes: Mapping[str, Listing]) -> Iterator[Clash]:
    """Codes that are part of another, as A of A1 and 1 of A1, or overlap one, as 1A and A1 do."""
    cut = {plain: scanning.runs(plain) for plain in codes}
    begins: dict[str, Listing] = {}
    for plain, runs in cut.items():
        for end in range(1, len(runs)):
            begins.setdefault("".join(runs[:end]), codes[plain])
    for plain, runs in cut.items():
        parts = {"".join(runs[a:b]) for a in range(len(runs)) for b in range(a + 1, len(runs) + 1)} - {plain}
        yield from (_pair(codes[part], codes[plain], "part") for part in sorted(parts & codes.keys()))
        ends = ["".join(runs[start:]) for start in range(1, len(runs))]
        yield from (_pair(begins[end], codes[plain], "overlap") for end in ends if end in begins)


def _aliases(listings: Sequence[Listing], codes: Mapping[str, Listing]) -> Iterator[Clash]:
    first: dict[str, tuple[Listing, str]] = {}
    most = max((len(scanning.runs(plain)) for plain in codes), default=0)
    sought = scanning.Codes(codes.keys(), (), most)
    for listing in listings:
        for alias in listing.aliases:
            folded = folding.fold(alias)
            owner, spelling = first.setdefault(folded, (listing, alias))
            if owner.selection != listing.selection:
                yield Clash(owner.selection, spelling, listing.selection, alias, "same")
            same = codes.get(scanning.plain_code(folded)) if _CODE.fullmatch(folded) else None
            if same:
                if same.selection != listing.selection:
                    yield Clash(same.selection, same.code, listing.selection, alias, "same")
            elif reason := _unfit(alias, folded):
                yield _alone(listing, alias, reason)
            else:
                yield from _held(listing, alias, scanning.tokens(folded, sought), codes)


def _unfit(alias: str, folded: str) -> str:
    if not 2 <= len(alias) <= _LONGEST_ALIAS or len(folded) < 2 or folding.unsigned(folded)[1]:
        return "alias"
    if _NUMBER.fullmatch(folded):
        return "number"
    if not any(map(str.isalpha, folded)) or vocabulary.without_addresses(folded) != folded:
        return "alias"
    if vocabulary.only_filler(folded):
        return "filler"
    return "shape" if _SHAPED.fullmatch(folded) else ""


def _held(
    listing: Listing, alias: str, tokens: Sequence[scanning.Token], codes: Mapping[str, Listing]
) -> Iterator[Clash]:
    for token in tokens:
        if token.kind == "code" and (held := codes[token.plain]).selection != listing.selection:
            yield Clash(held.selection, held.code, listing.selection, alias, "inside")


def _keypads(listings: Sequence[Listing], pads: Mapping[Selection, str]) -> Iterator[Clash]:
    first: dict[str, Selection] = {}
    for listing in listings:
        keys = pads.get(listing.selection)
        if keys is None:
            continue
        if not _KEYS.fullmatch(keys):
            yield _alone(listing, listing.code if listing.keypad is None else listing.keypad, "keys")
            continue
        owner = first.setdefault(scanning.without_zeros(keys), listing.selection)
        if owner != listing.selection:
            yield Clash(owner, pads[owner], listing.selection, keys, "keypad")
