"""One contest of a campaign file: its ballot, its caps, its candidates (docs/rules.md)."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from config.fields import AT_LEAST_ONE, Many, Name, Positive, Slug, Table, Text, refused
from config.problems import Lang
from dedup.caps import Cap, ContestCaps, Per
from tally.codebook import Listing


class VoteCap(Table):
    """At most `votes` counted votes of one caller per campaign, calendar day or candidate."""

    per: Per
    votes: Positive


def _one_each(caps: tuple[VoteCap, ...]) -> tuple[VoteCap, ...]:
    seen = set()
    for cap in caps:
        if cap.per in seen:
            raise refused("cap_twice", per=cap.per)
        seen.add(cap.per)
    return caps


Caps = Annotated[Many[VoteCap], AfterValidator(_one_each)]


def plain(caps: tuple[VoteCap, ...]) -> tuple[Cap, ...]:
    """The caps as the judge wants them."""
    return tuple(Cap(cap.per, cap.votes) for cap in caps)


class Ballot(Table):
    """How many candidates of a contest one message may name."""

    min: Positive = 1
    max: Positive = 1

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise refused("selections_order")
        return self


class Spellings(Table):
    """By what a candidate may be named. The code book says which of these it can tell apart."""

    model_config = ConfigDict(extra="ignore")

    code: Text
    aliases: Many[Name] = ()
    keypad: Text | None = None

    def listing(self, contest: str) -> Listing:
        """The same as the code book wants it."""
        return Listing(contest, self.code, self.aliases, self.keypad)


class Candidate(Spellings):
    """Who can be voted for."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    name_en: Name | None = None
    unit: Name
    withdrawn: bool = False

    def name_in(self, lang: Lang) -> str:
        """The name in that language, or else the only one there is."""
        return (self.name_en if lang == "en" else None) or self.name


class Contest(Table):
    """One category to vote in. `roster` names the file of its candidates, None if they stand here."""

    id: Slug
    name: Name
    name_en: Name | None = None
    seats: Positive
    selections: Ballot = Ballot()
    caps: Annotated[Caps, AT_LEAST_ONE]
    over_cap: Literal["first", "void_all"] = "first"
    roster: Annotated[str | None, Field(exclude=True)] = None
    candidates: Annotated[Many[Candidate], AT_LEAST_ONE]

    @model_validator(mode="after")
    def _can_be_filled(self) -> Self:
        if self.selections.min > len(self.candidates):
            raise refused("selections_few", candidates=len(self.candidates))
        return self

    def name_in(self, lang: Lang) -> str:
        """The name in that language, or else the only one there is."""
        return (self.name_en if lang == "en" else None) or self.name

    @property
    def contest_caps(self) -> ContestCaps:
        """The caps as the judge wants them."""
        return ContestCaps(plain(self.caps), void_all=self.over_cap == "void_all")
