"""What is voted on, when and how, and the votes, as people read them on a page as on paper. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from config.campaign import Campaign
from config.contest import Contest, VoteCap
from config.problems import Lang
from gateway.reporting.words import MONTHS, VOTE
from tally.outcome import CHANNELS, Channel
from tally.standings import Roll
from tally.window import ChannelWindow


class Voted(Protocol):
    """What is voted on and when: a running campaign, or the result of one."""

    @property
    def campaign(self) -> Campaign: ...
    @property
    def roll(self) -> Roll: ...
    @property
    def zone(self) -> ZoneInfo: ...
    def window(self, channel: Channel, /) -> ChannelWindow: ...


class Number(NamedTuple):
    """A published number, and what a telephone is to do with it: "tel:5169909", "" if that is unclear."""

    shown: str
    link: str


class Instant(NamedTuple):
    """An instant as people read it, and as ISO 8601."""

    text: str
    iso: str


class Period(NamedTuple):
    """A voting period; `channel` is "" if it is everybody's."""

    channel: str
    opens: Instant
    closes: Instant


class Bar(NamedTuple):
    """One line of a chart. `width` is in per cent of the longest bar, `share` in per cent of all votes."""

    code: str
    name: str
    unit: str
    withdrawn: bool
    votes: str = ""
    share: str = ""
    width: str = ""
    rank: str = ""


class Chart(NamedTuple):
    """One contest: its candidates by code, and its bars by votes if there are votes to show. `link` is where
    candidates have pages of their own."""

    id: str
    name: str
    seats: int
    limits: str
    candidates: list[Bar]
    votes: str
    bars: list[Bar]
    link: str = ""


def as_of(stamp: str) -> str:
    """A time of the standings as people read it; live.js writes it alike.

    >>> as_of("2018-07-20T10:00:00+08:00")
    '2018-07-20 10:00:00'
    """
    return stamp[:19].replace("T", " ")


def periods(running: Voted, lang: Lang) -> list[Period]:
    windows = {channel: running.window(channel) for channel in CHANNELS}
    if len({(window.opens_ms, window.closes_ms) for window in windows.values()}) == 1:
        return [_period("", windows["sms"], running, lang)]
    return [_period(channel, window, running, lang) for channel, window in windows.items()]


def _period(channel: str, window: ChannelWindow, running: Voted, lang: Lang) -> Period:
    return Period(channel, instant(window.opens_ms, running, lang), instant(window.closes_ms, running, lang))


def instant(ms: int, running: Voted, lang: Lang) -> Instant:
    """An instant in the campaign's zone."""
    at = datetime.fromtimestamp(ms // 1000, running.zone)
    clock = f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"
    if lang == "zh":
        return Instant(f"{at.year}年{at.month}月{at.day}日 {clock}", at.isoformat())
    return Instant(f"{at.day} {MONTHS[at.month - 1]} {at.year}, {clock}", at.isoformat())


def offset(running: Voted) -> str:
    """The zone's distance from UTC during the vote: "UTC+08:00", or both where it changes meanwhile."""
    window = running.window("sms")
    instants = [instant(ms, running, "en") for ms in (window.opens_ms, window.closes_ms)]
    return " / ".join(dict.fromkeys(f"UTC{instant.iso[19:]}" for instant in instants))


def number(shown: str | None, scheme: str) -> Number | None:
    if shown is None:
        return None
    plain = re.fullmatch(r"\+?[0-9 ()./-]{3,}", shown)
    return Number(shown, f"{scheme}:{re.sub(r'[^+0-9]', '', shown)}" if plain else "")


def caps(caps: Iterable[VoteCap], lang: Lang) -> str:
    joined: str = VOTE["joined"].by(lang)
    return joined.join(VOTE[f"per_{cap.per}"].by(lang).format(votes=cap.votes) for cap in caps)


def limits(contest: Contest, lang: Lang) -> str:
    ballot = contest.selections
    kind = "one" if ballot.max == 1 else "exactly" if ballot.min == ballot.max else "between"
    choose: str = VOTE[f"choose_{kind}"].by(lang).format(min=ballot.min, max=ballot.max)
    joined: str = VOTE["joined"].by(lang)
    return joined.join([choose, caps(contest.caps, lang)])


def charts(
    running: Voted, shown: Mapping[str, Any] | None, lang: Lang, *, linked: bool = False
) -> list[Chart]:
    """Every contest; its bars only if there is something to show."""
    counted = {} if shown is None else {contest["id"]: contest for contest in shown["contests"]}
    rules = running.campaign.contests_by_id
    charts = []
    for contest in running.roll.contests:
        names = {one.code: one.name_in(lang) for one in rules[contest.id].candidates}
        candidates = [
            Bar(one.code, names.get(one.code, one.name), one.unit, one.withdrawn)
            for one in contest.candidates
        ]
        votes, bars = _bars(counted.get(contest.id), names)
        charts.append(
            Chart(
                id=contest.id,
                name=rules[contest.id].name_in(lang),
                seats=contest.seats,
                limits=limits(rules[contest.id], lang),
                candidates=sorted(candidates, key=lambda bar: _code_order(bar.code)),
                votes=votes,
                bars=bars,
                link=_link(running.campaign, contest.id) if linked else "",
            )
        )
    return charts


def _link(campaign: Campaign, contest: str) -> str:
    """Where the candidates' own pages are, "" if they have none: no nominations are kept."""
    return f"/campaigns/{campaign.id}/candidates/{contest}" if contest in campaign.nominations else ""


def _bars(contest: dict[str, Any] | None, names: dict[str, str]) -> tuple[str, list[Bar]]:
    if contest is None:
        return "", []
    total, rows = contest["votes"], contest["candidates"]
    longest = max(row["votes"] for row in rows) or 1
    bars = [
        Bar(
            code=row["code"],
            name=names.get(row["code"], row["name"]),
            unit=row["unit"],
            withdrawn=row.get("withdrawn", False),
            votes=f"{row['votes']:,}",
            share=f"{row['votes'] / (total or 1):.1%}",
            width=f"{100 * row['votes'] / longest:.2f}%",
            rank="–" if row["rank"] is None or not total else str(row["rank"]),
        )
        for row in rows
    ]
    return f"{total:,}", bars


def _code_order(code: str) -> list[tuple[bool, int, str]]:
    """A2 before A10: numbers by their size and before letters."""
    parts = re.findall(r"([0-9]+)|([^0-9]+)", code)
    return [(not digits, int(digits or 0), letters) for digits, letters in parts]
