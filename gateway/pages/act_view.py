"""What the public part of an act tells, in words: a label for each name, times as times. Pure.

The ledger's own names and values stand beside that, for whoever compares the page with an export.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from config.problems import Lang
from gateway.intake.running import Running
from gateway.pages import case_view
from gateway.pages.words_reasons import DETAILS, KINDS
from gateway.pages.words_result import RESULT
from gateway.pages.words_rulings import RULINGS, SHARED
from gateway.pages.words_staff import WORDS
from tally import export

#: What has a column of its own, what no person can read, and what open ballots tell of a message: its own
#: page shows that, if it may.
_ELSEWHERE: Final = frozenset({"by", "second", "reason", "entry", "entries", "node", "commit", "selections"})
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_HASH_SHOWN: Final = 16


class Told(NamedTuple):
    """One thing that an act tells; `raw` is what the ledger has."""

    label: str
    text: str
    raw: str


def told(running: Running, detail: Mapping[str, Any], lang: Lang) -> list[Told]:
    """Everything that an act's public part tells, by name."""
    return [
        Told(
            DETAILS[name].by(lang) if name in DETAILS else name,
            _said(running, name, value, detail, lang),
            f"{name}={json.dumps(value, ensure_ascii=False)}",
        )
        for name, value in sorted(detail.items())
        if name not in _ELSEWHERE
    ]


def _said(running: Running, name: str, value: Any, detail: Mapping[str, Any], lang: Lang) -> str:
    match name:
        case "contest":
            return _contest(running, value, lang)
        case "candidate":
            return f"{value} {case_view.named(running, detail['contest'], value, lang)}"
        case "order":
            return " › ".join(value)
        case "outcome":
            return _ended(value, lang)
        case "lost":
            return _row({_ended(ended, lang): n for ended, n in value.items()})
        case "logs":
            return _row({log: f"{past['kept']}/{past['size']}" for log, past in value.items()})
        case "verdict":
            return (RULINGS.get(value) or RESULT[f"verdict_{value}"]).by(lang)
        case "channel":
            return case_view.reason(value, lang)
        case "winners":
            return _row({_contest(running, one, lang): codes for one, codes in value.items()})
        case "notice" if isinstance(value, Mapping):
            days = RESULT["notice_days"].by(lang).format(first=value["first_day"], last=value["last_day"])
            return f"{value['number']} · {days}"
        case "ledger":
            return _row({log["node"]: log["entries"] for log in value})
        case _:
            return _plain(running, name, value, lang)


def _plain(running: Running, name: str, value: Any, lang: Lang) -> str:
    if isinstance(value, bool):
        return WORDS["yes" if value else "no"].by(lang)
    if isinstance(value, Mapping):
        return _row(
            {
                SHARED[key].by(lang) if key in SHARED else key: _plain(running, name, one, lang)
                for key, one in value.items()
            }
        )
    if isinstance(value, list):
        return ", ".join(_plain(running, name, one, lang) for one in value)
    if isinstance(value, int):
        return case_view.moment(value, running) if name.endswith("_ms") else f"{value:,}"
    return value[:_HASH_SHOWN] if isinstance(value, str) and _HASH.fullmatch(value) else str(value)


def _row(parts: Mapping[str, Any]) -> str:
    return " · ".join(
        f"{key} {', '.join(one) if isinstance(one, list) else one}" for key, one in parts.items()
    )


def _contest(running: Running, named: str, lang: Lang) -> str:
    contest = running.campaign.contests_by_id.get(named)
    return contest.name_in(lang) if contest else named  # the rules have changed before the opening


def _ended(word: str, lang: Lang) -> str:
    """An outcome, or a kind of act."""
    if word in export.WORDS:
        return case_view.outcome_text(word, lang)
    return KINDS[word].by(lang) if word in KINDS else word
