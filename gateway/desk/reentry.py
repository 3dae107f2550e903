"""Entering a call twice: which calls another operator hears again, and whether the two agree. Pure."""

from typing import Literal, NamedTuple

from dedup.caller import Caller
from gateway.intake.inbound import Form
from tally import folding, selections
from tally.codebook import CodeBook
from tally.selections import Finding

#: Random bytes for one draw.
DRAW_BYTES = 8

Difference = Literal["caller", "choice"]


def drawn(share: float, randomness: bytes) -> bool:
    """Whether the lot falls on a call. `randomness` is `DRAW_BYTES` that nobody could foresee."""
    return int.from_bytes(randomness) < share * float(1 << 8 * DRAW_BYTES)


class Entered(NamedTuple):
    """A call as one operator entered it: `line` is E.164, or "" with the number as `given`."""

    line: str
    given: str
    form: str
    text: str


def differences(first: Entered, second: Entered, book: CodeBook) -> tuple[Difference, ...]:
    """In what two entries of one call differ. Who was heard, and what; not how it was written."""
    found: list[Difference] = []
    if _who(first) != _who(second):
        found.append("caller")
    if _what(first, book) != _what(second, book):
        found.append("choice")
    return tuple(found)


def entered(who: Caller, given: str, form: Form, text: str) -> Entered:
    """An entry whose caller has been normalised."""
    return Entered(who.line, "" if who.line else given, form.value, text)


def _who(one: Entered) -> str:
    return one.line or folding.fold(one.given)


def _what(one: Entered, book: CodeBook) -> tuple[str, object]:
    """The wish. Words that nobody could make out are alike, whichever they are: a person rules on them."""
    if one.form == Form.SPOKEN:
        return "spoken", ()
    reading = selections.read_text(book, one.text)
    if reading.finding is Finding.CODES:
        return reading.finding, frozenset(reading.selections)
    return reading.finding, folding.fold(one.text)
