"""What an operator's form says: checked, and read into the same `Inbound` as any other call.

Total: whatever is sent is either one call, or a `Flaw` with a fixed word for what is wrong with it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal

from dedup import caller
from gateway.intake.inbound import Form, Inbound
from tally import folding

#: A form's own id, made by the browser: by it a call that is sent again is recognised.
_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,40}", re.ASCII)
#: What can be somebody's code, or could have been: a caller may name one that nobody has.
_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,15}", re.ASCII)
MOST_CODES: Final = 20
LONGEST_WORDS: Final = 300
LONGEST_WAIT_MS: Final = 31 * 24 * 3_600_000

Wrong = Literal[
    "form", "id", "no_caller", "caller", "no_choice", "many_choices", "code", "no_words", "words", "waited"
]


class Flaw(ValueError):
    """The form is not a call. `word` says what is wrong, `quoted` a code that is meant, "" if none."""

    def __init__(self, word: Wrong, quoted: str = "") -> None:
        super().__init__(word)
        self.word, self.quoted = word, quoted


class Wish(StrEnum):
    """What the caller wanted."""

    VOTE = "vote"
    MISDIALLED = "misdialled"  # another number was meant: no vote
    SPOKEN = "spoken"  # a wish that the operator cannot make out, in the caller's words


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it was entered. `caller` is as typed, "" if the number was withheld.

    `codes` are folded; `words` are the caller's own, for `Wish.SPOKEN`. `waited_ms` is how long ago, by the
    browser, Enter was pressed; None if nobody says.
    """

    id: str
    caller: str
    wish: Wish
    codes: tuple[str, ...] = ()
    words: str = ""
    waited_ms: int | None = None

    @property
    def form(self) -> Form:
        """What `text` holds."""
        return Form.SPOKEN if self.wish is Wish.SPOKEN else Form.TEXT

    @property
    def text(self) -> str:
        """The wish as a text: codes with blanks between, or the caller's words; "" if there was none."""
        return self.words if self.wish is Wish.SPOKEN else " ".join(self.codes)

    def inbound(self, login: str, received_ms: int, raw: bytes = b"") -> Inbound:
        """The call as any source hands one in. Its own time is that of Enter: see docs/sources.md."""
        sent_ms = None if self.waited_ms is None else received_ms - self.waited_ms
        return Inbound(message_id(login, self.id), self.caller, self.text, self.form, sent_ms, 1, raw)


def message_id(login: str, form_id: str) -> str:
    """By what the ledger knows the call: its operator, and the form."""
    return f"{login}/{form_id}"


def read(fields: Mapping[str, Any]) -> Call:
    """The call in a form's fields, as JSON has them. Raises `Flaw`."""
    wish = _wish(fields.get("wish", Wish.VOTE))
    return Call(
        _id(fields.get("id")),
        _caller(fields),
        wish,
        _codes(fields.get("codes", ())) if wish is Wish.VOTE else (),
        _words(fields.get("words", "")) if wish is Wish.SPOKEN else "",
        _waited(fields.get("waited_ms")),
    )


def plain(posted: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a form sent without a script, as `read` wants them: codes stand in one text."""
    fields: dict[str, Any] = dict(posted)
    codes = posted.get("codes", "")
    fields["codes"] = re.split(r"[\s,，、;；+/]+", codes.strip()) if isinstance(codes, str) else codes
    if fields["codes"] == [""]:
        fields["codes"] = []
    fields["withheld"] = posted.get("withheld") == "yes"
    fields.pop("waited_ms", None)
    return fields


def clean(text: str) -> str:
    """A text as a person meant it: no invisible characters, single blanks, none around it."""
    spaced = re.sub(r"\s+", " ", text)
    return "".join(one for one in spaced if one.isprintable()).strip()


def _wish(value: Any) -> Wish:
    if value not in tuple(Wish):
        raise Flaw("form")
    return Wish(value)


def _id(value: Any) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Flaw("id")
    return value


def _caller(fields: Mapping[str, Any]) -> str:
    given, withheld = fields.get("caller", ""), fields.get("withheld", False)
    if not isinstance(given, str) or not isinstance(withheld, bool):
        raise Flaw("form")
    if withheld:
        return ""
    if len(given) > caller.LONGEST:
        raise Flaw("caller")
    number = clean(given)
    if not number:
        raise Flaw("no_caller")  # a number forgotten is not a number withheld
    return number


def _codes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        raise Flaw("form")
    if len(value) > MOST_CODES:
        raise Flaw("many_choices")
    codes = [folding.fold(one[:40]) for one in value]
    for code in codes:
        if not _CODE.fullmatch(code.replace(" ", "-")):
            raise Flaw("code", clean(code)[:20])
    if not codes:
        raise Flaw("no_choice")
    return tuple(dict.fromkeys(codes))


def _words(value: Any) -> str:
    if not isinstance(value, str):
        raise Flaw("form")
    words = clean(value)
    if not words:
        raise Flaw("no_words")
    if len(words) > LONGEST_WORDS:
        raise Flaw("words")
    return words


def _waited(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST_WAIT_MS:
        raise Flaw("waited")
    return value
