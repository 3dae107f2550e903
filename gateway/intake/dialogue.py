"""Decides what a caller hears next: the keypad vote, one script that every telephone dialect speaks. Pure.

greeting, code -> name read back -> 1 to confirm -> vote -> thanks. A step of a call is a function of where
the call stands, what was pressed, and the time; nothing is remembered, so that a step asked for again has
the same answer. Where the call stands is a `Step`, which the dialect carries along, in its URL or session:
`written` and `parse` are its two ends. It needs no seal of its own: whoever could forge it could as well
forge the call from its beginning.

A call is one message, whatever was said in it. It comes to an `End`: with the keys of a confirmed vote, or
with none, for a caller who was turned away, gave up, or hung up.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, Literal, NamedTuple, Protocol

from tally.outcome import MessageOutcome, Selection

#: Entries that may fail before the call is ended.
MOST_TRIES: Final = 3


class Cue(StrEnum):
    """The prompts."""

    GREETING = "greeting"
    ASK = "ask"
    UNKNOWN = "unknown"
    SILENCE = "silence"
    WITHDRAWN = "withdrawn"
    WRONG_COUNT = "wrong_count"
    CONFIRM = "confirm"
    COUNTED = "counted"
    REPEAT = "repeat"
    RECORDED = "recorded"
    EARLY = "early"
    LATE = "late"
    WITHHELD = "withheld"
    GOODBYE = "goodbye"
    FAULT = "fault"


class Piece(NamedTuple):
    """A text to be said, or a recording to be played, as the telephone system names it."""

    how: Literal["say", "play"]
    what: str


Pieces = tuple[Piece, ...]


class Script(Protocol):
    """What a campaign says in calls, and what it must know for it."""

    @property
    def lang(self) -> Literal["zh", "en"]:
        """The language it speaks."""
        ...

    def prompt(self, cue: Cue, chosen: Sequence[Selection] = ()) -> Pieces:
        """The pieces of a prompt, filled in for what was chosen."""
        ...

    def read(self, keys: str) -> Sequence[Selection]:
        """Who is meant by keys that were pressed, () if nobody can be."""
        ...

    def keys(self, chosen: Sequence[Selection]) -> str:
        """What to press for them, in digits and `*`."""
        ...

    def flaw(self, chosen: Sequence[Selection]) -> Cue | None:
        """Why they cannot be voted for in one call, None if they can."""
        ...

    def turned_away(self, caller: str, now_ms: int) -> Cue | None:
        """Why this caller cannot vote at this time, None if he may try."""
        ...

    def over(self, now_ms: int) -> bool:
        """Whether voting has ended."""
        ...


class Unspeakable(ValueError):
    """A prompt is text to be said, and the source is not set up to say any."""


def require_recordings(script: Script) -> None:
    """Raises `Unspeakable` unless every prompt can be played."""
    if any(piece.how == "say" for cue in Cue for piece in script.prompt(cue)):
        raise Unspeakable


class Step(NamedTuple):
    """Where a call stands: what the caller was asked for last, how many entries have failed, and what waits
    to be confirmed, in digits and `*`."""

    at: Literal["start", "code", "confirm"]
    failed: int = 0
    keys: str = ""


START: Final = Step("start")
_WRITTEN: Final = re.compile(r"(code|confirm)-([0-9])-([0-9*]{0,400})", re.ASCII)


def written(step: Step) -> str:
    """The step as a text that can stand in a URL."""
    return f"{step.at}-{step.failed}-{step.keys}"


def parse(text: str) -> Step:
    """The step in a text. Total: what is no step is the start."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return START
    return Step("code" if found[1] == "code" else "confirm", int(found[2]), found[3])


class Listen(NamedTuple):
    """Say something, and wait for keys: one, or as many as come before `#`. The call then is at `step`."""

    pieces: Pieces
    step: Step

    @property
    def one_key(self) -> bool:
        """Whether a single key is waited for."""
        return self.step.at == "confirm"


class End(NamedTuple):
    """The call is over. `keys` are what it votes with, "" for no vote; `cue` is what is said last, None if
    that is for the outcome to say."""

    keys: str = ""
    cue: Cue | None = None


#: A caller who hung up.
HUNG_UP: Final = End()

_LAST_WORDS: Final[Mapping[MessageOutcome, Cue]] = {
    MessageOutcome.COUNTED: Cue.COUNTED,
    MessageOutcome.REPEAT: Cue.REPEAT,
    MessageOutcome.EARLY: Cue.EARLY,
    MessageOutcome.LATE: Cue.LATE,
    MessageOutcome.WITHHELD_CALLER: Cue.WITHHELD,
}


def advance(script: Script, step: Step, pressed: str, caller: str, now_ms: int) -> Listen | End:
    """What comes after `pressed` ("" for nothing)."""
    if step.at == "start":
        return _greeted(script, caller, now_ms)
    if step.at == "confirm":
        return _confirmed(script, step, pressed)
    if script.over(now_ms):
        return End(cue=Cue.LATE)
    return _entered(script, step, pressed)


def last_words(script: Script, end: End, outcome: MessageOutcome) -> Pieces:
    """What is said before hanging up, the call being recorded with `outcome`."""
    cue = end.cue or _LAST_WORDS.get(outcome, Cue.RECORDED)
    return script.prompt(cue, script.read(end.keys))


def _greeted(script: Script, caller: str, now_ms: int) -> Listen | End:
    cue = script.turned_away(caller, now_ms)
    if cue is not None:
        return End(cue=cue)
    return Listen(script.prompt(Cue.GREETING) + script.prompt(Cue.ASK), Step("code"))


def _entered(script: Script, step: Step, pressed: str) -> Listen | End:
    if not pressed.strip("*# "):
        return _once_more(script, step, Cue.SILENCE)
    chosen = script.read(pressed)
    if not chosen:
        return _once_more(script, step, Cue.UNKNOWN)
    flaw = script.flaw(chosen)
    if flaw is not None:
        return _once_more(script, step, flaw)
    return Listen(script.prompt(Cue.CONFIRM, chosen), Step("confirm", step.failed, script.keys(chosen)))


def _confirmed(script: Script, step: Step, pressed: str) -> Listen | End:
    chosen = script.read(step.keys)
    if not chosen:
        return _once_more(script, step, Cue.SILENCE)
    if pressed == "1":
        return End(step.keys)
    if pressed == "2":
        return _once_more(script, step, None)
    if step.failed + 1 >= MOST_TRIES:
        return End(cue=Cue.GOODBYE)
    return Listen(script.prompt(Cue.CONFIRM, chosen), step._replace(failed=step.failed + 1))


def _once_more(script: Script, step: Step, why: Cue | None) -> Listen | End:
    """Ask for a code again, after saying why."""
    if step.failed + 1 >= MOST_TRIES:
        return End(cue=Cue.GOODBYE)
    said = script.prompt(why) if why else ()
    return Listen(said + script.prompt(Cue.ASK), Step("code", step.failed + 1))
