"""Decides what a caller chose, by what a telephone system wrote down of the call."""

import re
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway.kinds import Shown

#: Characters that a pattern is looked for in, and of a pattern.
MAX_TOLD = 256
MAX_PATTERN = 100


class Unmapped(ValueError):
    """The value is not in the source's map: a person must rule."""


class TooLong(ValueError):
    """The value is longer than any that is looked at."""


class Choice(BaseModel):
    """Where a record holds the choice, and how it is written there.

    `pattern` is a regular expression with one group, the choice itself; a value it is not found in is a
    call without a choice. `map` turns what was found into a code of the campaign; a value that is not in
    it is left to a person.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: Annotated[str, Shown("column")] = Field(
        default="userfield", alias="from", description="where the choice stands"
    )
    pattern: Annotated[str, Shown("regular expression", unset="none")] = Field(
        default="",
        max_length=MAX_PATTERN,
        description="finds the choice in it: exactly one group in round brackets",
    )
    map: dict[str, str] = Field(
        default_factory=dict, description="turns what was found into a code of the campaign"
    )

    @field_validator("pattern")
    @classmethod
    def _bounded(cls, pattern: str) -> str:
        if not pattern:
            return pattern
        try:
            groups = re.compile(pattern).groups
        except (re.error, OverflowError, RecursionError):
            raise ValueError(r"not a regular expression: write it like choice=(\d+)") from None
        if groups != 1:
            raise ValueError(r"needs exactly one group in round brackets, the choice: choice=(\d+)")
        if not _is_bounded(pattern):
            raise ValueError(
                "could take for ever on some texts: use at most two of * + {} and four of ?, "
                r"none of them after a round bracket, and no \1 or (? other than (?:"
            )
        return pattern


def _is_bounded(pattern: str) -> bool:
    """Whether a search in `MAX_TOLD` characters ends soon, whatever they are."""
    bare = re.sub(r"\\([1-9])|\\.", lambda escaped: "(?" if escaped[1] else "a", pattern, flags=re.DOTALL)
    bare = re.sub(r"\[\^?\]?[^\]]*\]", "a", bare).replace("(?:", "(")
    bare = re.sub(r"\{[0-9,]*\}", "*", bare)
    bare = re.sub(r"([*+?])[?+]", r"\1", bare)  # lazy and possessive ones are no further repeats
    if "(?" in bare or re.search(r"\)[*+?]", bare):
        return False
    return bare.count("?") <= 4 and bare.count("*") + bare.count("+") <= 2


class Chooser:
    """Finds the choice in what was written down, as the settings say."""

    def __init__(self, choice: Choice) -> None:
        self._map = choice.map
        self._pattern = re.compile(choice.pattern) if choice.pattern else None
        self._look_up = lru_cache(maxsize=4096)(self._look)

    def choose(self, told: str) -> str:
        """The choice, "" if there is none. Raises `Unmapped`, `TooLong`."""
        if len(told) > MAX_TOLD:
            if self._pattern or self._map:
                raise TooLong
            return told
        choice = self._look_up(told)
        if choice is None:
            raise Unmapped
        return choice

    def _look(self, told: str) -> str | None:
        if self._pattern:
            found = self._pattern.search(told)
            told = (found[1] or "").strip() if found else ""
        return self._map.get(told) if told and self._map else told
