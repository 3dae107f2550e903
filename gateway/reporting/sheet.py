"""What tells people how to vote, as plain values, all from the rules that votes are judged by. Pure."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from config.campaign import Campaign
from config.contest import Contest
from config.problems import Lang
from gateway.reporting import view
from gateway.reporting.view import Bar, Voted
from gateway.reporting.words import WORDS
from tally.evaluation import written
from tally.outcome import MessageOutcome, Selection

#: What an organiser may say of itself, in the order in which it is printed.
_CONTACTS: Final = ("organiser", "enquiries", "complaints", "email", "address", "rules_at", "approval")
_FIELDS: Final[Mapping[str, str]] = {"organiser": "name", "rules_at": "rules_url"}
#: What the public must be told, although it is not known: that it will be announced.
_ANNOUNCED: Final = ("complaints", "rules_at")


class Listed(NamedTuple):
    """A contest as the sheet shows it. `pad` is what to press, by code."""

    name: str
    seats: int
    limits: str
    candidates: list[Bar]
    pad: Mapping[str, str]


def values(voted: Voted, lang: Lang) -> dict[str, Any]:
    """The values of `sheet_parts.html`."""
    campaign = voted.campaign
    say = {key: said.by(lang) for key, said in WORDS.items()}
    ballots = [example(voted, contest) for contest in campaign.contests]
    return {
        "sms": view.number(campaign.numbers.sms, "sms"),
        "hotline": view.number(campaign.numbers.hotline, "tel"),
        "example": " ".join(ballots[0]),
        "example_all": " ".join(code for ballot in ballots for code in ballot) if len(ballots) > 1 else "",
        "periods": view.periods(voted, lang),
        "grace": _grace(voted, lang),
        "zone": campaign.timezone,
        "offset": view.offset(voted),
        "listed": [
            Listed(chart.name, chart.seats, chart.limits, chart.candidates, _pad(campaign, chart.id))
            for chart in view.charts(voted, None, lang)
        ],
        "together": view.caps(campaign.caps, lang),
        "counts": _counts(campaign, lang),
        "weight": weight(campaign, say, lang),
        "publish": say[f"publish_{campaign.publish.mode}"].format(
            at="" if campaign.publish.at is None else f"{campaign.publish.at:%H:%M}"
        ),
        "contacts": contacts(campaign, say),
        "receipts": campaign.tells_receipts,
        "rules_short": campaign.rules_hash[:12],
    }


def example(voted: Voted, contest: Contest) -> list[str]:
    """As many codes as a ballot of the contest must have at least, of candidates that are still there."""
    (listed,) = (one for one in voted.roll.contests if one.id == contest.id)
    standing = [one.code for one in listed.candidates if not one.withdrawn]
    return standing[: contest.selections.min]


def contacts(campaign: Campaign, say: Mapping[str, str]) -> list[tuple[str, str]]:
    """Whom to turn to: what it is, and how it is written."""
    found = []
    for key in _CONTACTS:
        given = getattr(campaign.organiser, _FIELDS.get(key, key))
        if given is not None or key in _ANNOUNCED:
            found.append((say[key], say["not_given"] if given is None else given))
    return found


def _pad(campaign: Campaign, contest: str) -> dict[str, str]:
    keypad = campaign.codebook.keypad
    return {
        one.code: keypad.get(Selection(contest, one.code), "")
        for one in campaign.contests_by_id[contest].candidates
    }


def _grace(voted: Voted, lang: Lang) -> str:
    sms, hotline = voted.window("sms"), voted.window("hotline")
    if not sms.grace_ms and not hotline.grace_ms:
        return ""
    said: str = WORDS["in_time"].by(lang)
    return said.format(sms=_length(sms.grace_ms, lang), hotline=_length(hotline.grace_ms, lang))


def _length(ms: int, lang: Lang) -> str:
    unit, size = next(
        (unit, size)
        for unit, size in (("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1000), ("seconds", 1))
        if ms % size == 0
    )
    said: str = WORDS[unit].by(lang)
    return said.format(n=ms // size)


def _counts(campaign: Campaign, lang: Lang) -> list[str]:
    """What else decides whether a vote counts."""
    say = {key: said.by(lang) for key, said in WORDS.items()}
    void = [one for one in campaign.contests if one.over_cap == "void_all"]
    pending = MessageOutcome.WITHHELD_CALLER in campaign.pending
    return [
        say["ballot"],
        *([say["over_first"]] if len(void) < len(campaign.contests) else []),
        *(say["over_void"].format(contest=one.name_in(lang)) for one in void),
        say["hidden_pending" if pending else "hidden"],
    ]


def weight(campaign: Campaign, say: Mapping[str, str], lang: Lang) -> str:
    """How much the public's votes weigh, and in which contests if a panel does not judge them all."""
    evaluation = campaign.evaluation
    if evaluation is None:
        return say["weight_all"]
    public = 100 * evaluation.public_weight
    part = say["weight_part"].format(public=written(public), other=written(100 - public))
    if all(contest.id in evaluation.contests for contest in campaign.contests):
        return part
    return " ".join(
        say["weight_in"].format(
            contest=contest.name_in(lang),
            weight=part if contest.id in evaluation.contests else say["weight_all"],
        )
        for contest in campaign.contests
    )
