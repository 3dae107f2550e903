"""What was found, as JSON values and in sentences. No number of anybody is in it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from config.campaign import Campaign
from config.contest import Contest
from config.wording import Said
from gateway import clock
from gateway.anomalies.battery import Looked
from gateway.anomalies.finding import Finding
from gateway.anomalies.gathering import Gathered
from tally.holdings import Where

FORMAT: Final = "televote-anomalies/1"
#: So many entries are named of one finding: enough to look at, and a file that can be read.
_NAMED: Final = 50

FAMILIES: Final[Mapping[str, Said]] = {
    "bursts": Said("短时集中", "bursts"),
    "blocks": Said("号段集中", "number blocks"),
    "runs": Said("号码相连", "consecutive numbers"),
    "segments": Said("运营商", "operators"),
    "templates": Said("同一写法", "one wording"),
    "regularity": Said("机器般规律", "machine regularity"),
}

_SENTENCES: Final[Mapping[str, Said]] = {
    "burst": Said(
        "{begin} 起 {seconds} 秒内 {observed} 票；按其他候选的节奏约 {expected} 票",
        "{observed} votes within {seconds} s from {begin}; by the pace of the others about {expected}",
    ),
    "block": Said(
        "号段 {block}**** 有 {observed} 票；按 {place} 的其他号码约 {expected} 票",
        "{observed} votes by numbers {block}****; by the other numbers of {place} about {expected}",
    ),
    "pairs": Said(
        "相差 {step} 的号码有 {observed} 对；按其他候选约 {expected} 对",
        "{observed} pairs of numbers {step} apart; by the other candidates about {expected}",
    ),
    "run": Said(
        "号段 {block}**** 中有 {observed} 个相连的号码；偶然约 {expected} 个",
        "{observed} consecutive numbers in {block}****; by chance about {expected}",
    ),
    "segment": Said(
        "{segment}号码有 {observed} 票；按其他候选约 {expected} 票",
        "{observed} votes by numbers of {segment}; by the other candidates about {expected}",
    ),
    "template": Said(
        "同一写法“{template}”有 {observed} 票；按其他候选约 {expected} 票",
        "{observed} votes in one wording, “{template}”; by the other candidates about {expected}",
    ),
    "gaps": Said(
        "{votes} 票之间的间隔过于均匀：离散 {observed}，偶然约 {expected}",
        "the pauses between {votes} votes are alike: {observed} where chance gives {expected}",
    ),
    "clock": Said(
        "{votes} 票按时钟的间隔过于均匀：离散 {observed}，偶然约 {expected}",
        "the pauses between {votes} votes are alike by the clock: {observed} where chance gives {expected}",
    ),
    "period": Said(
        "{votes} 票每 {period} 秒一拍：强度 {observed}，偶然约 {expected}",
        "{votes} votes keep a beat of {period} s: {observed} where chance gives {expected}",
    ),
}

#: What is rarer than this is not worth telling apart.
_NEVER: Final = 1e-9


def document(gathered: Gathered, looked: Mapping[str, Looked], campaign: Campaign) -> dict[str, Any]:
    """What was looked at and found: of the same ledger always the same."""
    zone = ZoneInfo(campaign.timezone)
    return {
        "format": FORMAT,
        "campaign": campaign.id,
        "entries": gathered.entries,
        "roots": dict(gathered.roots),
        "seed": gathered.seed.hex(),
        "contests": [_contest(contest, looked[contest.id], gathered, zone) for contest in campaign.contests],
    }


def _contest(contest: Contest, looked: Looked, gathered: Gathered, zone: ZoneInfo) -> dict[str, Any]:
    names = {one.code: one.name for one in contest.candidates}
    return {
        "id": contest.id,
        "name": contest.name,
        "callers": looked.votes,
        "unplaced": looked.unplaced,
        "margin": looked.margin,
        "levels": dict(looked.levels),
        "concerns": [{**one._asdict(), "name": names.get(one.candidate, "")} for one in looked.concerns],
        "findings": [
            _finding(one, gathered.contests[contest.id].entries, gathered.places, zone)
            for one in looked.findings
        ],
    }


def _finding(
    one: Finding, entries: Sequence[Where], places: Mapping[str, str], zone: ZoneInfo
) -> dict[str, Any]:
    said = _SENTENCES[one.kind]
    begin = "" if one.begin_ms is None else clock.stamp(one.begin_ms, zone)
    end = "" if one.end_ms is None else clock.stamp(one.end_ms, zone)
    seconds = 0 if one.begin_ms is None or one.end_ms is None else (one.end_ms - one.begin_ms) // 1000
    told = {
        "observed": _figure(one.observed), "expected": _figure(one.expected), "begin": begin[:19],
        "seconds": seconds, "block": one.block, "place": one.place, "step": one.step, "segment": one.segment,
        "template": one.template, "votes": len(one.indices), "period": one.period_s,
    }  # fmt: skip
    return {
        "family": one.family,
        "kind": one.kind,
        "candidate": one.candidate,
        "p": one.p,
        "level": one.level,
        "observed": one.observed,
        "expected": one.expected,
        "votes": len(one.indices),
        "begin": begin,
        "end": end,
        "severity": one.severity,
        "said": {
            "zh": said.zh.format(**{**told, "place": places.get(one.place, "")}),
            "en": said.en.format(**told),
        },
        "entries": [
            {"node": node, "entry": entry} for node, entry in (entries[at] for at in one.indices[:_NAMED])
        ],
    }


def _figure(number: float) -> str:
    """As people read it: whole where it is, else with as many places as say something.

    >>> _figure(12.0), _figure(3.1415), _figure(0.0312)
    ('12', '3.1', '0.031')
    """
    if number == int(number):
        return str(int(number))
    return f"{number:.1f}" if number >= 1 else f"{number:.2g}"


def chance(p: float) -> str:
    """A probability as people say it: once in how many times.

    >>> chance(0.002), chance(1.1e-5), chance(0.0)
    ('1/500', '1/91,000', '< 1/1,000,000,000')
    """
    if p < _NEVER:
        return f"< 1/{1 / _NEVER:,.0f}"
    return f"1/{float(f'{1 / p:.2g}'):,.0f}"


def size(severity: float) -> str:
    """A figure by which things are put in order: two digits are enough.

    >>> size(0.0412), size(3.26), size(241.3)
    ('0.041', '3.3', '240')
    """
    return f"{float(f'{severity:.2g}'):,.10g}"
