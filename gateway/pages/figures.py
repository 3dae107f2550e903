"""What changes by itself on the live pages, as plain values: pure, moments in, values out.

`figures` is both what the template writes and what the stream sends, so that a page that has followed the
stream shows what a page drawn now would show. Every changing text has a key; so has every bar's place
and width, and every word that decides a colour. `shape` stands for all the rest: when it changes, the
page is drawn anew.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from gateway.intake.running import Running
from gateway.pages.flow_view import clock_time, number
from gateway.reporting import view
from gateway.watching.board import Moment, Standings, View
from gateway.watching.vitals import Heard, Slice
from tally.outcome import CHANNELS, MessageOutcome

Audience = Literal["committee", "observer"]


class Seen(NamedTuple):
    """What one audience sees of a moment. `shown` are the candidates' figures, None if kept back."""

    running: Running
    status: str
    as_of: str
    shown: Standings | None
    balance: Mapping[str, Any]
    waiting: int
    final: bool
    sources: tuple[Heard, ...]
    queued: int
    unready: tuple[str, ...]
    tempo: tuple[Slice, ...]


def seen(moment: Moment, audience: Audience) -> Seen:
    """A moment as the audience may see it: observers see the candidates' figures that the public sees."""
    own = moment.committee if audience == "committee" else moment.public
    balance = moment.standings["balance"]
    return Seen(
        running=moment.running,
        status=moment.standings["status"],
        as_of=moment.standings["as_of"],
        shown=own if own and own["contests"] else None,
        balance=balance,
        waiting=balance["waiting"],
        final=moment.running.certified,
        sources=moment.vitals.sources,
        queued=moment.vitals.queued,
        unready=moment.vitals.unready,
        tempo=moment.vitals.tempo,
    )


class Figures(NamedTuple):
    """What a page shows that changes by itself, by key.

    `text` is written as it is; `bar` is a bar's left edge and width in per cent; `state` a word that the
    style sheet knows; `order` the candidates of a contest from the top; `tempo` the last minutes.
    """

    shape: str
    text: dict[str, str]
    bar: dict[str, tuple[float, float]]
    state: dict[str, str]
    order: dict[str, list[str]]
    tempo: tuple[Slice, ...]


def figures(moment: Moment, audience: Audience) -> dict[str, Any]:
    """The view of a moment for the board: what its stream sends."""
    return figures_of(seen(moment, audience))._asdict()


#: The audiences' views, for the board.
VIEWS: Final[Mapping[str, View]] = {
    "committee": lambda moment: figures(moment, "committee"),
    "observer": lambda moment: figures(moment, "observer"),
}


def figures_of(now: Seen) -> Figures:
    """Everything on the page that changes by itself."""
    text, bar = _at_a_glance(now), _outcome_bar(now.balance["messages"])
    state, order = dict[str, str](), dict[str, list[str]]()
    for heard in now.sources:
        text |= _source(heard, now.running.zone)
        state[f"source.{heard.name}"] = heard.hearing
    text |= _balance(now.balance)
    state |= _agreement(now.balance)
    state["intake"] = "bad" if now.unready else "ok"
    state |= {f"reason.{reason}": "on" for reason in now.unready}
    for contest in () if now.shown is None else now.shown["contests"]:
        more_text, more_bar = _contest(contest)
        text |= more_text
        bar |= more_bar
        state |= _placed(contest)
        order[contest["id"]] = [one["code"] for one in contest["candidates"]]
    return Figures(_shape(now), text, bar, state, order, now.tempo)


def _shape(now: Seen) -> str:
    """A text that changes with anything that is not a figure: which lines there are, and their words."""
    contests = () if now.shown is None else now.shown["contests"]
    parts = [
        now.status,
        "final" if now.final else "",
        "" if now.shown is None else now.shown["status"],
        *(f"{contest['id']}:{len(contest['candidates'])}" for contest in contests),
        *(
            f"-{one['code']}"
            for contest in contests
            for one in sorted(contest["candidates"], key=lambda one: str(one["code"]))
            if one.get("withdrawn")
        ),
        *sorted(outcome for outcome, count in now.balance["messages"].items() if count),
        *sorted(outcome for outcome, count in now.balance["selections"].items() if count),
    ]
    return " ".join(parts)


def _at_a_glance(now: Seen) -> dict[str, str]:
    messages, selections = now.balance["messages"], now.balance["selections"]
    return {
        "as_of": view.as_of(now.as_of),
        "received": number(messages.get("received", 0)),
        "last_hour": number(sum(heard.last_hour for heard in now.sources)),
        "counted": number(messages.get("counted", 0)),
        "choices": number(selections.get("counted", 0)),
        "waiting": number(now.waiting),
        "queued": number(now.queued),
    }


def _source(heard: Heard, zone: ZoneInfo) -> dict[str, str]:
    key = f"source.{heard.name}"
    return {
        f"{key}.last": "–" if heard.last_ms is None else clock_time(heard.last_ms, zone),
        f"{key}.minutes": "–" if heard.since_minutes is None else number(heard.since_minutes),
        f"{key}.hour": number(heard.last_hour),
    }


def _balance(balance: Mapping[str, Any]) -> dict[str, str]:
    parts = [("all", balance), *balance["by_channel"].items()]
    found: dict[str, str] = {}
    for what, whole in (("messages", "received"), ("selections", "made")):
        for outcome in {whole, "counted", *balance[what]}:
            found |= {f"{what}.{outcome}.{name}": number(part[what].get(outcome, 0)) for name, part in parts}
        for name, part in parts:
            ended = sum(part[what].values()) - part[what].get(whole, 0)
            found[f"{what}.sum.{name}"] = number(ended)
    return found


def _agreement(balance: Mapping[str, Any]) -> dict[str, str]:
    """Where the sums agree ("ok") and where they do not ("bad"), by column."""
    found = {"balance": "ok" if balance["balanced"] else "bad"}
    for name, part in [("all", balance), *balance["by_channel"].items()]:
        for what, whole in (("messages", "received"), ("selections", "made")):
            agrees = sum(part[what].values()) == 2 * part[what].get(whole, 0)
            found[f"{what}.{name}"] = "ok" if agrees else "bad"
    return found


def _outcome_bar(messages: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """How messages ended, side by side: each outcome's place in a bar of 100 per cent."""
    ended = {outcome: messages.get(outcome, 0) for outcome in MessageOutcome}
    whole, edge, found = sum(ended.values()) or 1, 0, dict[str, tuple[float, float]]()
    for outcome, count in ended.items():
        if count:
            found[f"outcome.{outcome}"] = (_per_cent(edge, whole), _per_cent(count, whole))
            edge += count
    return found


def _contest(contest: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, tuple[float, float]]]:
    rows, total = contest["candidates"], contest["votes"]
    longest = max((row["votes"] for row in rows), default=0) or 1
    text = {f"contest.{contest['id']}": number(total)}
    bar = {}
    for row in rows:
        key = f"{contest['id']}.{row['code']}"
        ranked = row["rank"] is not None and total > 0
        text[f"{key}.rank"] = str(row["rank"]) if ranked else "–"
        text[f"{key}.votes"] = number(row["votes"])
        text[f"{key}.share"] = f"{row['votes'] / (total or 1):.1%}"
        edge = 0
        for channel in CHANNELS:
            votes = row["by_channel"][channel]
            text[f"{key}.{channel}"] = number(votes)
            bar[f"{key}.{channel}"] = (_per_cent(edge, longest), _per_cent(votes, longest))
            edge += votes
    return text, bar


def _placed(contest: Mapping[str, Any]) -> dict[str, str]:
    """Who is within the places now: with equal votes that may be more than there are places."""
    return {
        f"{contest['id']}.{row['code']}.place": "in"
        for row in contest["candidates"]
        if row["rank"] is not None and row["rank"] <= contest["seats"] and row["votes"]
    }


def _per_cent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2)
