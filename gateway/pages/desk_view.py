"""What an operator's page shows, as plain values for its template and its script. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from config.contest import Contest
from config.problems import Lang
from config.wording import Said
from dedup.caller import Standing
from gateway.casebook import Earlier
from gateway.desk import finding
from gateway.desk.desk import Looked, Told
from gateway.desk.finding import Keys
from gateway.desk.report import Skew, Worked
from gateway.intake.inbound import Form
from gateway.intake.running import Running
from gateway.pages.words_desk import OUTCOMES, SAY, SCRIPT, SELECTIONS, TONES, WORDS
from tally.outcome import MessageOutcome, Selection, SelectionOutcome


class Choice(NamedTuple):
    """A candidate to choose, and by what it is found."""

    code: str
    name: str
    unit: str
    withdrawn: bool
    keys: Keys


class Ballot(NamedTuple):
    """One contest: how many candidates a call must and may name, and which there are."""

    id: str
    name: str
    limits: str
    min: int
    max: int
    choices: list[Choice]


def ballots(running: Running, lang: Lang) -> list[Ballot]:
    """The contests side by side."""
    shown = []
    for contest, keys in zip(running.campaign.contests, _keys(running), strict=True):
        choices = [
            Choice(
                one.code,
                one.name_in(lang),
                one.unit,
                Selection(contest.id, one.code) in running.withdrawn,
                keys[one.code],
            )
            for one in contest.candidates
        ]
        ballot = running.ballots[contest.id]
        shown.append(
            Ballot(contest.id, contest.name_in(lang), _limits(contest, lang), ballot.min, ballot.max, choices)
        )
    return shown


@lru_cache(maxsize=32)
def _keys(running: Running) -> list[dict[str, Keys]]:
    """By contest and code. Pinyin takes a moment: it is worked out once."""
    keypad = running.codebook.keypad
    return [
        {
            one.code: finding.keys(
                one.code,
                keypad.get(Selection(contest.id, one.code), ""),
                (one.name, one.name_in("en"), *one.aliases),
            )
            for one in contest.candidates
        }
        for contest in running.campaign.contests
    ]


def outside(running: Running, now_ms: int, lang: Lang) -> str:
    """That no call counts now, "" if calls do: before the hotline's window, and after it."""
    window = running.window("hotline")
    if now_ms < window.opens_ms:
        return WORDS["outside_before"].by(lang).format(at=moment(window.opens_ms, running))
    if running.closed or now_ms >= window.closes_ms:
        return WORDS["outside_after"].by(lang).format(at=moment(window.closes_ms, running))
    return ""


def _limits(contest: Contest, lang: Lang) -> str:
    least, most = contest.selections.min, contest.selections.max
    kind = "one" if most == 1 else "exactly" if least == most else "between"
    return WORDS[f"choose_{kind}"].by(lang).format(min=least, max=most)


def script_words(lang: Lang) -> str:
    """What the script says, as JSON."""
    return json.dumps({key: said.by(lang) for key, said in SCRIPT.items()}, ensure_ascii=False)


def outcome(running: Running, told: Told, lang: Lang) -> dict[str, Any]:
    """How a call ended, in words: the same for the page and for its script."""
    waits = told.outcome in running.pending
    return {
        "id": told.id,
        "outcome": told.outcome.value,
        "tone": "wait" if waits else TONES.get(told.outcome, "bad"),
        "heading": OUTCOMES[told.outcome].by(lang),
        "say": WORDS["say_to_caller"].by(lang) + SAY[told.outcome].by(lang),
        "time": moment(told.at_ms, running),
        "number": told.number or SCRIPT["withheld_short"].by(lang),
        "entered": _entered(told, lang),
        "choices": [_choice(running, *one, lang) for one in told.selections],
        "undone": _undone(told.undone, lang),
        "undo_ms": told.undo_ms,
    }


def _choice(running: Running, contest: str, code: str, ended: str, lang: Lang) -> dict[str, str]:
    name = running.campaign.candidate(contest, code).name_in(lang)
    return {
        "code": code,
        "name": name,
        "outcome": ended,
        "words": SELECTIONS[SelectionOutcome(ended)].by(lang),
    }


def _entered(told: Told, lang: Lang) -> str:
    if told.form is Form.SPOKEN:
        return SCRIPT["spoken_short"].by(lang)
    if told.form is Form.UNPARSED:  # erased since
        return "–"
    return told.text or SCRIPT["misdialled_short"].by(lang)


def _undone(reason: str, lang: Lang) -> str:
    return WORDS[f"reason_{reason}"].by(lang) if reason else ""


def looked(running: Running, seen: Looked, lang: Lang) -> dict[str, Any]:
    """What a typed number is, and how its earlier messages ended."""
    wrong = {
        Standing.INVALID: MessageOutcome.INVALID_CALLER,
        Standing.WITHHELD: MessageOutcome.WITHHELD_CALLER,
    }
    return {
        "standing": seen.standing.value,
        "shown": seen.shown if seen.standing is Standing.KNOWN else OUTCOMES[wrong[seen.standing]].by(lang),
        "earlier": [_earlier(running, one, lang) for one in seen.earlier],
    }


def _earlier(running: Running, one: Earlier, lang: Lang) -> dict[str, str]:
    channel = {"sms": Said("短信", "SMS"), "hotline": Said("热线", "hotline")}[one.channel]
    return {
        "at": moment(one.at_ms, running)[5:16],
        "channel": channel.by(lang),
        "words": OUTCOMES[one.outcome].by(lang),
        "tone": TONES.get(one.outcome, "bad"),
    }


def moment(ms: int, running: Running) -> str:
    """An instant in the campaign's zone: "2018-07-09 10:02:31"."""
    return datetime.fromtimestamp(ms // 1000, running.zone).strftime("%Y-%m-%d %H:%M:%S")


# The committee's report on operators


class SkewTable(NamedTuple):
    """One contest: its operators across, with how many choices each entered, and its candidates down."""

    name: str
    operators: list[tuple[str, int]]
    rows: list[tuple[str, str, list[Skew]]]


def skew_tables(running: Running, skews: Sequence[Skew], lang: Lang) -> list[SkewTable]:
    """The comparison by contest; nothing where only one operator has entered anything."""
    tables = []
    for contest in running.campaign.contests:
        mine = [one for one in skews if one.selection.contest == contest.id and one.of]
        operators = dict.fromkeys((one.operator, one.of) for one in mine)
        rows = [
            (one.code, one.name_in(lang), [each for each in mine if each.selection.candidate == one.code])
            for one in contest.candidates
        ]
        if len(operators) > 1:
            tables.append(SkewTable(contest.name_in(lang), list(operators), rows))
    return tables


def worked(rows: Iterable[Worked]) -> list[tuple[Worked, str]]:
    """Each operator's counts, and the share that differed, "" if none was compared."""
    return [(one, "" if one.error_rate is None else f"{one.error_rate:.1%}") for one in rows]


def words(catalogue: Mapping[Any, Said], lang: Lang) -> dict[str, str]:
    """A catalogue in one language."""
    return {str(key): said.by(lang) for key, said in catalogue.items()}
