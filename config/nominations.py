"""How candidates are nominated: the `[nominations]` tables of a campaign file, one for a contest.

They are no rule of the count, and not in the hash of the rules.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self

from pydantic import PlainSerializer, PlainValidator, model_validator

from config.fields import Table, error_at, raise_all, refused

_RANGE: Final = re.compile(r"([A-Z]{0,3})([0-9]{1,4})-\1([0-9]{1,4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Codes:
    """A range of codes: "A01-A99" has the prefix "A", and the numbers 1 to 99 in two digits."""

    prefix: str
    first: int
    last: int
    width: int

    def __iter__(self) -> Iterator[str]:
        return (self.code(n) for n in range(self.first, self.last + 1))

    def code(self, number: int) -> str:
        """The code with that number."""
        return f"{self.prefix}{number:0{self.width}}"

    def place(self, code: str) -> int | None:
        """How many codes of the range come before this one, None if it is not of the range."""
        digits = code.removeprefix(self.prefix)
        if not re.fullmatch(r"[0-9]{1,4}", digits, re.ASCII) or code != self.code(int(digits)):
            return None
        return int(digits) - self.first if self.first <= int(digits) <= self.last else None

    @property
    def size(self) -> int:
        """How many codes there are."""
        return self.last - self.first + 1


def _codes(value: Any) -> Codes:
    match = _RANGE.fullmatch(value) if isinstance(value, str) else None
    if match is None or len(match[2]) != len(match[3]) or int(match[2]) > int(match[3]):
        raise refused("code_range")
    return Codes(match[1], int(match[2]), int(match[3]), len(match[2]))


def _spelled(codes: Codes) -> str:
    return f"{codes.code(codes.first)}-{codes.code(codes.last)}"


CodeRange = Annotated[Codes, PlainValidator(_codes), PlainSerializer(_spelled, return_type=str)]


class Nominating(Table):
    """One contest: its form, and the codes of approved candidates; `keypads` are their keys, in step."""

    form: Literal["window", "star"]
    codes: CodeRange
    keypads: CodeRange | None = None

    @model_validator(mode="after")
    def _in_step(self) -> Self:
        if self.keypads is not None and (self.keypads.prefix or self.keypads.size < self.codes.size):
            raise_all("Nominating", [error_at(("keypads",), refused("keypads_few", codes=self.codes.size))])
        return self

    def keypad(self, code: str) -> str | None:
        """The keys for a code, None if none are declared."""
        place = self.codes.place(code)
        if self.keypads is None or place is None:
            return None
        return self.keypads.code(self.keypads.first + place)
