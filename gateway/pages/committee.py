"""What the committee's pages have in common.

What a form asks is done, or its page is drawn again with why not; an act is shown as it will be before it is
done.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiohttp import web

from config.problems import Lang
from config.wording import Said as Sentence
from gateway.intake.recorder import NOT_NOW
from gateway.intake.revise import Refused
from gateway.intake.running import Running
from gateway.pages import case_view, guard, motion_view, words_result
from gateway.pages.room_form import Flaw
from gateway.pages.words_reasons import REFUSED
from gateway.pages.words_rulings import ACTS, RULINGS, SHARED
from gateway.room.chamber import Considered, Done
from gateway.room.proposals import Proposal
from gateway.service import Service

WORDS: Final = {**SHARED, **ACTS, **RULINGS, **words_result.ACTS}


class Said(NamedTuple):
    """Why something was not done: a word, and the sentence for it."""

    word: str
    text: str
    status: int = 409


async def attempt(doing: Awaitable[web.StreamResponse], lang: Lang) -> web.StreamResponse | Said:
    """What came of it, or why it was not done, in the page's language."""
    try:
        return await doing
    except Flaw as flaw:
        text = REFUSED[flaw.word].by(lang).replace("{quoted}", flaw.quoted)
        return Said(flaw.word, text, 422)
    except Refused as refused:
        return Said(refused.word, REFUSED[refused.word].by(lang))
    except NOT_NOW:
        return Said("unavailable", REFUSED["unavailable"].by(lang), 503)


Fields = Mapping[str, str]
Doing = Callable[[web.Request, Running, Fields], Awaitable[web.StreamResponse]]
Redrawn = Callable[[web.Request, Running, Said | None, Fields], Awaitable[web.StreamResponse]]


async def submit(request: web.Request, service: Service, do: Doing, page: Redrawn) -> web.StreamResponse:
    """Do what a form asks, or draw its page again with what was entered, and why it was not done; or because
    whoever saw what it would do wants it changed."""
    running, fields = running_of(request, service), await guard.form(request)
    if "change" in fields:
        return await page(request, running, None, fields)
    ended = await attempt(do(request, running, fields), guard.language(request))
    return await page(request, running, ended, fields) if isinstance(ended, Said) else ended


class Sent(NamedTuple):
    """Which fields of a form are sent again from the page that shows what it will do, on which page it stood,
    and with which words."""

    fields: Sequence[str]
    back: str
    words: Mapping[str, Sentence]


def confirm(
    request: web.Request,
    running: Running,
    considered: Considered,
    fields: Fields,
    sent: Sent,
    view: motion_view.View | None = None,
    *,
    kept_back: bool = False,
) -> web.StreamResponse:
    """The page that shows what an act will do, and sends it again with the digest of what was shown."""
    state, lang = considered.outlook.state, guard.language(request)
    values = {
        "campaign": running.id,
        "view": view or motion_view.shown(running, considered.motion, state, (), lang),
        "two": considered.two,
        "digest": considered.digest,
        "fields": {name: fields[name] for name in sent.fields if name in fields},
        "kept_back": kept_back,
        "zone": running.campaign.timezone,
        "back": sent.back,
    }
    return guard.render(request, "confirm.html", values, words=sent.words)


def lead_back(running: Running, page: str, ended: Done | Proposal) -> web.Response:
    """From an act to the page it was done on, which says where its entries stand, or that another must
    agree."""
    path = f"/committee/{running.id}/{page}"
    if isinstance(ended, Proposal):
        return guard.see_other(path, done="proposed")
    return guard.see_other(f"{path}?entries={motion_view.span(ended.entries)}")


def running_of(request: web.Request, service: Service) -> Running:
    """The campaign of an address. Raises `guard.TurnedAway`."""
    return guard.campaign_of(request, service.campaigns)


def contests(running: Running, lang: Lang) -> list[dict[str, Any]]:
    """Every candidate to choose from, by contest."""
    return [
        {
            "id": contest.id,
            "name": running.campaign.contests_by_id[contest.id].name_in(lang),
            "max": running.ballots[contest.id].max,
            "candidates": [
                {
                    "value": f"{contest.id}/{one.code}",
                    "code": one.code,
                    "name": case_view.named(running, contest.id, one.code, lang),
                    "unit": one.unit,
                    "withdrawn": (contest.id, one.code) in running.withdrawn,
                }
                for one in contest.candidates
            ],
        }
        for contest in running.roll.contests
    ]
