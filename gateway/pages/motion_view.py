"""What a motion will do, as it is shown before it is done: to whoever confirms it, or agrees to it. Pure.

Everything that the digest stands for is shown: each parameter, each message with what it was and becomes,
and each figure that moves. Figures as they stand are shown beside that. While the committee keeps the figures
from itself, whom voided messages chose is not shown either: whoever looked at enough of them could count.
"""

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from config.problems import Lang
from gateway.intake.revise import Case
from gateway.intake.running import Running
from gateway.pages import case_view, words_panel, words_result
from gateway.pages.case_view import Choice, Shown
from gateway.pages.words_result import RESULT
from gateway.pages.words_rulings import ACTS as OF_THE_VOTE
from gateway.pages.words_rulings import RULINGS, SHARED
from gateway.room.chamber import Opened
from gateway.room.motion import RULINGS as ABOUT_MESSAGES
from gateway.room.motion import Motion
from tally.outcome import CHANNELS

_MINUTE_MS: Final = 60_000

ACTS: Final = {**OF_THE_VOTE, **words_result.ACTS, **words_panel.ACTS}

#: Counted votes as they stand, by (contest, code).
Figures = Mapping[tuple[str, str], int]


class Fact(NamedTuple):
    """A line of what an act is."""

    label: str
    text: str


class Moved(NamedTuple):
    """A candidate whose figure moves. `before` and `after` are "" while figures are kept back."""

    code: str
    name: str
    change: str
    before: str
    after: str


class Ranked(NamedTuple):
    """A candidate's rank before and after."""

    code: str
    name: str
    votes: str
    before: str
    after: str


class Affected(NamedTuple):
    """A message: as it is, and how it will have ended."""

    message: Shown
    outcome_text: str
    choices: list[Choice]


class View(NamedTuple):
    """A motion in the page's language. `hidden` if figures that move are not shown."""

    kind: str
    hidden: bool
    title: str
    facts: list[Fact]
    moved: list[Moved]
    ranked: Sequence[Ranked]
    messages: list[Affected]
    stays: list[str]


class Waiting(NamedTuple):
    """An open proposal. `own` if whoever looks has made it."""

    id: int
    digest: str
    by: str
    at: str
    until: str
    minutes: int
    own: bool
    view: View


def proposal(
    running: Running,
    opened: Opened,
    cases: Sequence[Case],
    who: str,
    now_ms: int,
    lang: Lang,
    figures: Figures | None = None,
) -> Waiting:
    """A proposal, for whoever may agree to it. `figures` is None while they are kept back."""
    kept = opened.proposal
    return Waiting(
        kept.id,
        kept.digest,
        kept.by,
        case_view.moment(kept.at_ms, running),
        case_view.moment(kept.until_ms, running)[11:],
        max(0, -(-(kept.until_ms - now_ms) // _MINUTE_MS)),
        kept.by == who,
        shown(running, opened.motion, opened.outlook, cases, lang, figures),
    )


def shown(
    running: Running,
    motion: Motion,
    state: Mapping[str, Any],
    cases: Sequence[Case],
    lang: Lang,
    figures: Figures | None = None,
    ranked: Sequence[Ranked] = (),
    waiting: int = 0,
) -> View:
    """A motion and its outlook. `cases` are its messages, `waiting` how many wait for a ruling; `figures` is
    None while they are kept back."""
    hidden = figures is None and motion.kind == "void"
    about = [
        *_about(running, motion, state, lang),
        _fact("fact_reason", case_view.reason(motion.reason, lang), lang),
    ]
    if motion.note:
        about.append(_fact("fact_note", motion.note, lang))
    return View(
        motion.kind,
        hidden,
        ACTS[f"do_{motion.kind}"].by(lang),
        about,
        [] if hidden else _moved(running, state, lang, figures),
        ranked,
        _affected(running, motion, state, cases, lang, hidden=hidden),
        _stays(motion, state, lang, waiting),
    )


def unmasked(raw: str) -> str:
    """A payload in base64 as it came, for somebody who has said why."""
    return case_view.printable(base64.b64decode(raw), masked=False)


def span(entries: Sequence[int]) -> str:
    """Entry numbers of one submit: the first and the last, for they follow one another."""
    first, last = entries[0], entries[-1]
    return str(first) if first == last else f"{first}-{last}"


def _fact(label: str, text: str, lang: Lang) -> Fact:
    return Fact(ACTS[label].by(lang), text)


def _about(running: Running, motion: Motion, state: Mapping[str, Any], lang: Lang) -> list[Fact]:
    match motion.kind:
        case "withdraw":
            return [_fact("fact_candidate", _whom(running, motion, lang), lang)]
        case "bar" | "unbar":
            return [_fact("fact_line", motion.line, lang)]
        case "reschedule":
            return [
                Fact(
                    ACTS["closes_of"].by(lang).format(channel=SHARED[channel].by(lang)),
                    _closes(running, state, channel),
                )
                for channel in CHANNELS
            ]
        case "close":
            due = state["closes_ms"]
            return [
                Fact(
                    ACTS["closes_of"].by(lang).format(channel=SHARED[channel].by(lang)),
                    case_view.moment(due[channel], running),
                )
                for channel in CHANNELS
            ]
        case "void":
            release = ACTS["release_yes" if motion.release else "release_no"].by(lang)
            return [_fact("fact_caps", release, lang)]
        case "adjudicate":
            return _ruling(running, motion, lang)
        case "lot":
            return [
                _fact("fact_contest", case_view.contest_name(running, state["contest"], lang), lang),
                _fact("fact_order", _whom(running, motion, lang).replace(" + ", " › "), lang),
            ]
        case _:
            return _of_the_result(running, motion, state, lang)


def _ruling(running: Running, motion: Motion, lang: Lang) -> list[Fact]:
    verdict = RULINGS[motion.verdict or "count"].by(lang)
    whom = _whom(running, motion, lang)
    facts = [_fact("fact_verdict", f"{verdict} {whom}".strip(), lang)]
    return [*facts, _fact("fact_line", motion.line, lang)] if motion.line else facts


def _of_the_result(running: Running, motion: Motion, state: Mapping[str, Any], lang: Lang) -> list[Fact]:
    facts = [
        _fact(f"fact_{name}", motion.said(said), lang)
        for name, said in (("objector", "name"), ("subject", "subject"), ("evidence", "evidence"))
        if motion.said(said)
    ]
    if motion.kind == "object" and not motion.said("name"):
        facts.insert(0, _fact("fact_objector", RESULT["anonymous"].by(lang), lang))
    if about := motion.said("about"):
        contest, _, code = about.partition("/")
        facts.append(_fact("fact_about", f"{code} {case_view.named(running, contest, code, lang)}", lang))
    if number := state.get("objection"):
        facts.insert(0, _fact("fact_number", str(number), lang))
    if verdict := state.get("verdict"):
        facts.append(_fact("fact_verdict", RESULT[f"verdict_{verdict}"].by(lang), lang))
    if answer := motion.said("answer"):
        facts.append(_fact("fact_answer", answer, lang))
    if due := state.get("due_ms"):
        facts.append(_fact("fact_due", case_view.moment(due - 1, running)[:10], lang))
    if isinstance(notice := state.get("notice"), Mapping):
        days = RESULT["notice_days"].by(lang).format(first=notice["first_day"], last=notice["last_day"])
        facts.append(_fact("fact_days", days, lang))
        facts += _lists(running, notice["listed"], lang)
    facts += _lists(running, state.get("listed") or state.get("winners") or {}, lang)
    if result := state.get("result"):
        facts.append(_fact("fact_result", result, lang))
    if manifest := state.get("manifest"):
        facts.append(_fact("fact_manifest", manifest, lang))
    return [*facts, _fact("fact_status", RESULT[f"status_{state['status']}"].by(lang), lang)]


def _lists(running: Running, listed: Mapping[str, Sequence[str]], lang: Lang) -> list[Fact]:
    """Who is listed, a line for each contest."""
    return [
        Fact(
            contest.name_in(lang),
            "、".join(
                f"{code} {case_view.named(running, contest.id, code, lang)}" for code in listed[contest.id]
            )
            or "–",
        )
        for contest in running.campaign.contests
        if contest.id in listed
    ]


def _whom(running: Running, motion: Motion, lang: Lang) -> str:
    return " + ".join(f"{one.code} {one.name}" for one in case_view.choices(running, motion.selections, lang))


def _closes(running: Running, state: Mapping[str, Any], channel: str) -> str:
    before, after = state["closes_ms"][channel], state["becomes_ms"][channel]
    if before == after:
        return case_view.moment(before, running)
    return f"{case_view.moment(before, running)} → {case_view.moment(after, running)}"


def _moved(running: Running, state: Mapping[str, Any], lang: Lang, figures: Figures | None) -> list[Moved]:
    """The candidates' counted votes that move, in the campaign's order."""
    moves: Counter[tuple[str, str]] = Counter()
    for (subject, _, contest, code, outcome), n in state.get("moves", ()):
        if (subject, outcome) == ("selection", "counted"):
            moves[contest, code] += n
    rows = []
    for contest in running.roll.contests:
        for candidate in contest.candidates:
            one = (contest.id, candidate.code)
            if change := moves[one]:
                before = None if figures is None else figures.get(one, 0)
                rows.append(
                    Moved(
                        candidate.code,
                        case_view.named(running, *one, lang),
                        f"{change:+,}".replace("-", "−"),
                        "" if before is None else f"{before:,}",
                        "" if before is None else f"{before + change:,}",
                    )
                )
    return rows


def _affected(
    running: Running,
    motion: Motion,
    state: Mapping[str, Any],
    cases: Sequence[Case],
    lang: Lang,
    *,
    hidden: bool,
) -> list[Affected]:
    if motion.kind not in ABOUT_MESSAGES:
        return []
    by_place = {case.place: case_view.shown(running, case, lang) for case in cases}
    if hidden:
        by_place = {place: one._replace(text=(), choices=[]) for place, one in by_place.items()}
    return [
        Affected(
            by_place[place],
            case_view.ended_text(running, outcome, lang, ruled=motion.kind == "adjudicate"),
            [] if hidden else case_view.choices(running, selections, lang),
        )
        for place, (outcome, selections) in zip(motion.targets, state["endings"], strict=True)
        if place in by_place
    ]


def _stays(motion: Motion, state: Mapping[str, Any], lang: Lang, waiting: int) -> list[str]:
    match motion.kind:
        case "withdraw":
            release = "release" if state["release"] else "keep"
            said = ["stay_withdraw", f"stay_withdraw_{release}"]
        case "close":
            said = ["stay_close_early" if state["early"] else "stay_close_due"]
            if waiting:
                said.append("stay_close_waiting")
        case kind:
            said = [f"stay_{kind}"]
    return [ACTS[one].by(lang).format(n=f"{waiting:,}") for one in said]
