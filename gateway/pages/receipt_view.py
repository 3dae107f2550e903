"""What the page of receipts shows, as plain values for its template. Pure: values in, values out.

It is worked out from the published leaves alone: the message's own, and those of the acts about it. Nothing
that is sealed is opened for it, so the page could not tell whom a vote was for if it wanted to; and it says
the same after what was sealed has been erased.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from config.campaign import JOINED
from config.problems import Lang
from gateway.intake.running import Running
from gateway.pages.words_receipt import STANDINGS, WORDS
from gateway.reporting import view
from gateway.reporting.view import Instant
from gateway.storage.store import Filed
from tally import entry, receipt
from tally.entry import Leaf


def standing(outcome: str, acts: Iterable[Leaf], *, waits: bool) -> str:
    """What became of a message that ended so, after the acts about it: a key of `STANDINGS`."""
    if waits:
        return "waiting"
    now = outcome
    for act in acts:
        match act.kind, act.detail.get("verdict"):
            case "adjudicate", "count":
                ended = str(act.detail["outcome"])
                now = "counted_by_ruling" if ended == "counted" else ended
            case "adjudicate", "reject":
                now = "rejected"
            case "void", _:
                now = "voided"
            case "undo", _:
                now = "taken_back"
            case _:  # a dispute that was settled by "keep", and who has looked at the number
                pass
    return now


class Message(NamedTuple):
    """A message's leaf, its place in its log, and the message as stored; None if no more is left."""

    leaf: bytes
    seq: int
    filed: Filed | None


def nothing(code: int, unsaid: Sequence[Running], lang: Lang) -> dict[str, Any]:
    """The values of `receipt.html` for a code of which nothing is said: nobody has it, or a message in a
    campaign whose codes are not told yet. `unsaid` are these."""
    answer = _answer("not_yet" if unsaid else "unknown", lang)
    return {**BLANK, "spelled": receipt.spelled(code), "answer": answer, "held": held(unsaid, lang)}


def held(unsaid: Sequence[Running], lang: Lang) -> str:
    """When the codes of these campaigns can be looked up, "" if there are none."""
    names = JOINED[lang].join(running.campaign.name_in(lang) for running in unsaid)
    said: str = WORDS["receipt_held"].by(lang)
    return said.format(votes=names) if unsaid else ""


def page(code: int, message: Message, running: Running, *, signed: bool, lang: Lang) -> dict[str, Any]:
    """The values of `receipt.html` for a message's code."""
    leaf = entry.read_leaf(message.leaf)
    return {
        **BLANK,
        "spelled": receipt.spelled(code),
        "answer": _lost(leaf, lang) if message.filed is None else _stands(leaf, message.filed, lang),
        "vote": running.campaign.name_in(lang),
        "received": _received(leaf.at_ms // 60_000 * 60_000, running, lang),
        "entry": str(message.seq),
        "signed": signed,
        "found": True,
        "voids": running.caps.void_all,
        "open": running.open_ballots,
    }


def _stands(leaf: Leaf, filed: Filed, lang: Lang) -> dict[str, str]:
    acts = [entry.read_leaf(act.stored.leaf) for act in filed.acts]
    return _answer(standing(leaf.kind, acts, waits=filed.state in ("waiting", "disputed")), lang)


def _lost(leaf: Leaf, lang: Lang) -> dict[str, str]:
    """A message that was lost with the newest database: what its leaf says, and that it counts no more."""
    answer, was = _answer("lost", lang), _answer(leaf.kind, lang)["heading"]
    said: str = WORDS["receipt_was"].by(lang)
    return {**answer, "because": f"{answer['because']} {said.format(was=was)}"}


#: The values where nothing is said of any message.
BLANK: Final[dict[str, Any]] = {
    "spelled": "",
    "typed": "",
    "problem": "",
    "answer": None,
    "vote": "—",
    "received": None,
    "entry": "—",
    "signed": False,
    "found": False,
    "voids": False,
    "open": False,
    "held": "",
}


def problem(word: str, lang: Lang, typed: str = "", seconds: int = 0) -> dict[str, Any]:
    """The values where a code could not be looked up, and why."""
    said: str = WORDS[f"receipt_{word}"].by(lang)
    return {**BLANK, "typed": typed, "problem": said.format(seconds=seconds)}


def _received(minute_ms: int, running: Running, lang: Lang) -> Instant:
    text, iso = view.instant(minute_ms, running, lang)
    return Instant(f"{text} UTC{iso[19:]}", iso)


def _answer(key: str, lang: Lang) -> dict[str, str]:
    heading, because = STANDINGS[key]
    return {"key": key, "heading": heading.by(lang), "because": because.by(lang)}
