"""How one message is shown to the committee: what was sent, why it waits, what it has come to. Pure.

Nothing of it is trusted: signs that cannot be seen, or that turn the direction of writing, are shown by
their number; bytes that could not be read are shown by theirs. Numbers are masked.
"""

import base64
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from config.problems import Lang
from dedup import caller
from gateway.intake.revise import Case
from gateway.intake.running import Running
from gateway.pages import words_rows
from gateway.pages.words_reasons import KINDS, NOTES, REASONS, WAITS
from gateway.pages.words_room import CHOICES
from gateway.pages.words_rulings import SHARED
from gateway.storage.store import Place
from tally import export
from tally.entry import Opening, Selected
from tally.outcome import Channel, Selection
from tally.verify import Checked

#: As much of a payload is shown. All of it can be had with a reason.
_RAW_SHOWN: Final = 2_000
_DIGITS: Final = re.compile(r"\d{7,}")
_PLACE: Final = re.compile(r"([0-9]{1,9})-([0-9]{1,12})", re.ASCII)

#: Why a message counts, or not, where nobody says otherwise.
_USUALLY_COUNTS: Final = {"in_transit": "delayed_by_the_network", "unparsed": "transcribed"}
_USUALLY_NOT: Final = {
    "in_transit": "too_late",
    "unparsed": "cannot_be_read",
    "unknown_code": "no_such_candidate",
}


class Piece(NamedTuple):
    """A part of a text: as it is, or, if `odd`, the number of a sign that cannot be seen."""

    text: str
    odd: bool


class Choice(NamedTuple):
    """A candidate named by a message. `value` is what forms call it, `ended` says how the choice ended."""

    value: str
    code: str
    name: str
    outcome: str
    ended: str


class Pick(NamedTuple):
    """A ruling that one digit picks: count as these candidates, or keep the first entry."""

    verdict: str
    values: tuple[str, ...]
    whom: tuple[Choice, ...]


class Shown(NamedTuple):
    """A message. Texts are in the page's language; `key` is its place, as addresses and forms call it."""

    key: str
    node: str
    entry: int
    outcome: str
    outcome_text: str
    state: str
    choices: list[Choice]
    erased: bool = True
    at: str = ""
    sent: str = ""
    closes: str = ""
    came_after: bool = False
    channel: str = ""
    source: str = ""
    number: str = ""
    form: str = ""
    text: Sequence[Piece] = ()
    why: str = ""
    note: str = ""
    heard: list[Choice] | None = None
    heard_note: str = ""
    picks: Sequence[Pick] = ()
    raw: str = ""
    raw_bytes: int = 0
    lineless: bool = False
    count_reason: str = ""
    reject_reason: str = ""


def key(place: Place) -> str:
    """A place as addresses and forms name it."""
    return f"{place.log_id}-{place.seq}"


def place(named: str) -> Place | None:
    """The place that `key` named, None if it is none."""
    found = _PLACE.fullmatch(named)
    return Place(int(found[1]), int(found[2])) if found else None


def moment(at_ms: int, running: Running) -> str:
    """An instant in the campaign's zone: "2018-07-14 12:05:06"."""
    return f"{datetime.fromtimestamp(at_ms // 1000, running.zone):%Y-%m-%d %H:%M:%S}"


def pieces(text: str) -> list[Piece]:
    """A text with what cannot be seen in it made plain.

    >>> pieces("A01\\u202e!")
    [Piece(text='A01', odd=False), Piece(text='U+202E', odd=True), Piece(text='!', odd=False)]
    """
    found: list[Piece] = []
    for sign in text:
        odd = sign not in "\n\t" and unicodedata.category(sign)[0] == "C"
        if odd:
            found.append(Piece(f"U+{ord(sign):04X}", odd=True))
        elif found and not found[-1].odd:
            found[-1] = Piece(found[-1].text + sign, odd=False)
        else:
            found.append(Piece(sign, odd=False))
    return found


def printable(raw: bytes, *, masked: bool = True) -> str:
    """Bytes as ASCII, the others by their number; long runs of digits may be telephone numbers.

    >>> printable(b"from=13812340013\\xff")
    'from=138****0013\\\\xff'
    """
    text = "".join(chr(one) if 32 <= one < 127 or one == 10 else f"\\x{one:02x}" for one in raw)
    return _DIGITS.sub(lambda run: f"{run[0][:3]}****{run[0][-4:]}", text) if masked else text


def masked(line: str, given: str) -> str:
    """A number for the screen: "" if there is none, stars alone if it is no line at all."""
    return caller.mask(line) or ("****" if given else "")


def outcome_text(outcome: str, lang: Lang) -> str:
    """How a message ended, in words."""
    return export.WORDS[outcome][0 if lang == "zh" else 1]


def ended_text(running: Running, outcome: str, lang: Lang, *, ruled: bool) -> str:
    """How a message ended, in words; where a person has ruled it out, that it was so, and why it waited."""
    if ruled and outcome in running.pending:
        return f"{SHARED['ruled_out'].by(lang)} – {WAITS[outcome].by(lang)}"
    return outcome_text(outcome, lang)


def named(running: Running, contest: str, code: str, lang: Lang) -> str:
    """A candidate's name."""
    try:
        return running.campaign.candidate(contest, code).name_in(lang)
    except KeyError:  # the rules have changed before the opening
        return ""


def contest_name(running: Running, contest: str, lang: Lang) -> str:
    """A contest's name."""
    return running.campaign.contests_by_id[contest].name_in(lang)


def numbers(told: str) -> str:
    """Entry numbers of an address ("12-15"), "" if they are none."""
    parts = told.split("-")
    fits = len(parts) <= 2 and all(one.isascii() and one.isdecimal() and len(one) < 16 for one in parts)
    return "–".join(parts) if fits else ""


def choices(running: Running, selections: Iterable[Sequence[str]], lang: Lang) -> list[Choice]:
    """Candidates with how each choice ended: (contest, code), or (contest, code, outcome)."""
    return [
        Choice(
            f"{contest}/{code}",
            code,
            named(running, contest, code, lang),
            "".join(ended),
            CHOICES[ended[0]].by(lang) if ended else "",
        )
        for contest, code, *ended in selections
    ]


def shown(running: Running, case: Case, lang: Lang) -> Shown:
    """One message."""
    whom = choices(running, case.selections, lang)
    ended = ended_text(running, case.outcome, lang, ruled=case.state == "ruled")
    what = Shown(key(case.place), case.node, case.place.seq, case.outcome.value, ended, case.state, whom)
    opening = case.opening
    if opening is None:
        last = case.acts[-1].leaf.kind if case.acts else ""
        return what._replace(outcome_text=KINDS[last].by(lang)) if last in ("void", "undo") else what
    channel: Channel = "sms" if opening.channel == "sms" else "hotline"
    closes_ms = running.window(channel).closes_ms
    raw = base64.b64decode(opening.raw)
    heard, heard_note = _second_entry(case)
    return what._replace(
        erased=False,
        at=moment(opening.received_ms, running),
        sent="" if opening.sent_ms is None else moment(opening.sent_ms, running),
        closes=moment(closes_ms, running),
        came_after=case.outcome == "unparsed" and opening.received_ms >= closes_ms,
        channel=channel,
        source=opening.source,
        number=masked(opening.line, opening.given),
        form=opening.form,
        text=pieces(opening.text),
        why=why(case, lang),
        note=_note(opening, lang),
        heard=None if heard is None else choices(running, heard, lang),
        heard_note=heard_note,
        picks=picks(running, case.selections, heard, lang),
        raw=printable(raw[:_RAW_SHOWN]),
        raw_bytes=len(raw),
        lineless=not opening.line,
        count_reason=_USUALLY_COUNTS.get(case.outcome, "clear_to_a_person"),
        reject_reason=_USUALLY_NOT.get(case.outcome, "no_clear_wish"),
    )


def _second_entry(case: Case) -> tuple[Sequence[Sequence[str]] | None, str]:
    """Whom the second operator heard, and their note; None if the two do not differ."""
    second = next((act for act in reversed(case.acts) if act.leaf.kind == "dispute"), None)
    if second is None or case.state != "disputed":
        return None, ""
    return second.private.get("heard", ()), second.private.get("note", "")


def _note(opening: Opening, lang: Lang) -> str:
    """What stopped the reading of a message; "" if nothing did."""
    if opening.note in NOTES:
        return NOTES[opening.note].by(lang)
    return words_rows.said(opening.note, lang) if opening.form == "unparsed" else ""


def why(case: Case, lang: Lang) -> str:
    """Why a message waits; "" if it does not."""
    if not case.waits:
        return ""
    waits = WAITS.get("disputed" if case.state == "disputed" else case.outcome)
    return waits.by(lang) if waits else ""


def picks(
    running: Running, selections: Selected, heard: Sequence[Sequence[str]] | None, lang: Lang
) -> list[Pick]:
    """The rulings that suggest themselves: what was seen all together, if that is a ballot, and one by one.

    Where two operators heard different things: the first entry, and the second.
    """
    if heard is not None:
        second = tuple(choices(running, heard, lang))
        kept = Pick("keep", (), tuple(choices(running, [one[:2] for one in selections], lang)))
        return [kept, *([Pick("count", tuple(one.value for one in second), second)] if second else [])]
    seen = [Selection(*one[:2]) for one in selections if one[2] == "pending"]
    whom = choices(running, seen, lang)
    single = [Pick("count", (one.value,), (one,)) for one in whom][:8]
    if len(whom) < 2 or not _is_ballot(running, seen):
        return single
    return [Pick("count", tuple(one.value for one in whom), tuple(whom)), *single]


def _is_ballot(running: Running, chosen: Sequence[Selection]) -> bool:
    made = [one.contest for one in chosen]
    return all(made.count(contest) <= running.ballots[contest].max for contest in made)


# What was done about a message


class Step(NamedTuple):
    """An act on a message, in the page's language."""

    entry: str
    at: str
    kind: str
    by: str
    second: str
    reason: str
    note: str
    outcome: str
    choices: list[Choice]


def step(running: Running, act: Checked, lang: Lang) -> Step:
    """One act on a message, and what the message became by it."""
    detail, private = act.leaf.detail, act.private
    now = private.get("now", {"outcome": detail["outcome"], "selections": []})
    return Step(
        f"{act.node}/{act.seq}",
        moment(act.leaf.at_ms, running),
        KINDS[act.leaf.kind].by(lang),
        detail["by"],
        detail.get("second", ""),
        reason(detail["reason"], lang),
        private.get("note", ""),
        ended_text(running, now["outcome"], lang, ruled=act.leaf.kind == "adjudicate"),
        choices(running, now["selections"], lang),
    )


def reason(word: str, lang: Lang) -> str:
    """A reason in words; free text, where a command gave it, as it is."""
    return REASONS[word].by(lang) if word in REASONS else word


def reasons(allowed: Iterable[str], lang: Lang) -> list[tuple[str, str]]:
    """Reasons to choose from: (word, text)."""
    return [(word, REASONS[word].by(lang)) for word in allowed]
