"""From the forms of the committee's room to motions: strict, for what is confirmed must be what was meant.

A form that cannot be read is a `Flaw`, with a word of `words_reasons.REFUSED`.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, cast

from dedup import keys
from gateway.casebook import MOST_ALIKE
from gateway.intake import chair
from gateway.intake.running import Running
from gateway.room.motion import RESULT, Kind, Motion
from gateway.storage.store import Place
from tally.outcome import CHANNELS, Channel, Selection
from tally.years import YEARS

LONGEST_NOTE: Final = 500
_BREAKS: Final = re.compile(r"[\s,，、;；]+")
_ENTRY: Final = re.compile(r"(?:([A-Za-z0-9_.-]{1,64})/)?([0-9]{1,12})", re.ASCII)
_VERDICTS: Final = ("count", "reject", "keep")

Verdict = Literal["count", "reject", "keep"]


class Flaw(ValueError):
    """What is wrong with a form; `quoted` is what of it, where it names several things."""

    def __init__(self, word: str, quoted: str = "") -> None:
        super().__init__(word)
        self.word, self.quoted = word, quoted


def note(fields: Mapping[str, str]) -> str:
    """The note beside a reason."""
    return fields.get("note", "").strip()[:LONGEST_NOTE]


def candidates(running: Running, values: Sequence[str]) -> tuple[Selection, ...]:
    """Candidates as forms name them ("contest/code"), in the campaign's order. Raises `Flaw`."""
    chosen = [
        Selection(contest.id, one.code)
        for contest in running.roll.contests
        for one in contest.candidates
        if f"{contest.id}/{one.code}" in values
    ]
    if len(chosen) != len(set(values)):
        raise Flaw("no_candidate")
    return tuple(chosen)


def ruling(
    running: Running, fields: Mapping[str, str], values: Sequence[str], targets: Sequence[Place]
) -> Motion:
    """A ruling on messages that wait. Raises `Flaw`, `revise.Refused`."""
    verdict = fields.get("verdict", "")
    if verdict not in _VERDICTS:
        raise Flaw("no_selection")
    counts = verdict == "count"
    reason = "first_entry_right" if verdict == "keep" else fields.get(f"{verdict}_reason", "")
    number = fields.get("line", "").strip() if counts else ""
    return Motion(
        "adjudicate",
        reason,
        note(fields),
        tuple(targets),
        cast("Verdict", verdict),
        candidates(running, values) if counts else (),
        line=chair.line(running, number) if number else "",
    )


def act(running: Running, fields: Mapping[str, str], targets: Sequence[Place]) -> Motion:
    """An act; `targets` are the messages that it voids. Raises `Flaw`, `revise.Refused`."""
    reason, said = fields.get("reason", ""), note(fields)
    match fields.get("kind"):
        case "withdraw":
            return Motion("withdraw", reason, said, selections=_one(running, fields))
        case "bar":
            return Motion("bar", reason, said, line=chair.line(running, fields.get("number", "")))
        case "unbar":
            return Motion("unbar", reason, said, line=barred(running, fields.get("barred", "")))
        case "void":
            return Motion("void", reason, said, _few(targets), release=fields.get("release") == "yes")
        case "reschedule":
            return Motion("reschedule", reason, said, closes_ms=_closes(running, fields))
        case "close":
            return Motion("close", reason, said)
        case _:
            raise Flaw("form")


def lot(running: Running, fields: Mapping[str, str]) -> Motion:
    """A lot that was drawn. Raises `Flaw`."""
    contest = fields.get("contest", "")
    known = {one.code for where in running.roll.contests if where.id == contest for one in where.candidates}
    order = [code.upper() for code in _BREAKS.split(fields.get("order", "")) if code]
    if not order or not known.issuperset(order) or len(set(order)) < len(order):
        raise Flaw("no_candidate")
    chosen = tuple(Selection(contest, code) for code in order)
    return Motion("lot", fields.get("reason", ""), note(fields), selections=chosen)


#: What the forms about the result may say, each at most so many characters.
TOLD: Final = {
    "first_day": 10, "came_on": 10, "name": 100, "contact": 200, "about": 100, "subject": 500,
    "evidence": 4_000, "objection": 6, "verdict": 20, "answer": 4_000,
}  # fmt: skip


def of_the_result(fields: Mapping[str, str]) -> Motion:
    """An act about the result. Raises `Flaw`."""
    named = fields.get("kind", "")
    if named not in RESULT:
        raise Flaw("form")
    told = tuple((name, value) for name in TOLD if (value := fields.get(name, "").strip()))
    if any(len(value) > TOLD[name] for name, value in told):
        raise Flaw("too_long")
    reason = fields.get("reason", "")
    if named == "answer":
        verdict, _, reason = reason.partition("/")
        told = (*((name, value) for name, value in told if name != "verdict"), ("verdict", verdict))
    return Motion(cast("Kind", named), reason, note(fields), told=told)


def kind(fields: Mapping[str, str]) -> Kind:
    """Which act a form is about. Raises `Flaw`."""
    named = fields.get("kind", "")
    if named not in ("withdraw", "bar", "unbar", "void", "reschedule", "close"):
        raise Flaw("form")
    return cast("Kind", named)


def entries(text: str) -> list[tuple[str, int]]:
    """Entry numbers, each with its node or "": "12, n1/15". Raises `Flaw`."""
    found = []
    for named in filter(None, _BREAKS.split(text)):
        read = _ENTRY.fullmatch(named)
        if read is None:
            raise Flaw("no_such_entry", named)
        found.append((read[1] or "", int(read[2])))
    return list(dict.fromkeys(found))


def barred(running: Running, name: str) -> str:
    """The barred line that forms call `name`. Raises `Flaw`."""
    line = next((one for one in running.barred if barred_name(running, one) == name), None)
    if line is None:
        raise Flaw("not_barred")
    return line


def barred_name(running: Running, line: str) -> str:
    """What forms call a barred line: never its number."""
    return keys.voter_key(running.keys.voter, line, "").hex()


def _one(running: Running, fields: Mapping[str, str]) -> tuple[Selection, ...]:
    chosen = candidates(running, [fields.get("candidate", "")])
    if len(chosen) != 1:
        raise Flaw("no_candidate")
    return chosen


def _few(targets: Sequence[Place]) -> tuple[Place, ...]:
    if not targets:
        raise Flaw("no_votes_to_void")
    if len(targets) > MOST_ALIKE:
        raise Flaw("too_many_messages")
    return tuple(targets)


def _closes(running: Running, fields: Mapping[str, str]) -> tuple[tuple[Channel, int], ...]:
    return tuple(
        (channel, _instant(running, fields.get(f"closes_{channel}", ""), running.window(channel).closes_ms))
        for channel in CHANNELS
    )


def _instant(running: Running, text: str, now_ms: int) -> int:
    """A date and time in the campaign's zone; what the form showed stands for what there was, to the
    millisecond."""
    if text == local(running, now_ms):
        return now_ms
    at = date_and_time(text)
    if at.tzinfo is not None:
        raise Flaw("bad_time_form")
    return int(at.replace(tzinfo=running.zone).timestamp() * 1000)


def date_and_time(text: str) -> datetime:
    """What a form's field says. Raises `Flaw`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Flaw("bad_time_form") from None
    if at.year not in YEARS:
        raise Flaw("bad_time_form")
    return at


def local(running: Running, at_ms: int) -> str:
    """An instant as a form's date and time."""
    at = datetime.fromtimestamp(at_ms // 1000, running.zone).replace(tzinfo=None)
    return at.isoformat(timespec="seconds" if at.second else "minutes")
