"""The operators' desk: one page to take calls with, and what its script asks.

Each address answers a form with a page and a script with JSON. A form that is not a call is 422 with the
reason in words; what cannot be recorded now is 503: the browser keeps the call and sends it again.
"""

import asyncio
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiohttp import web

from gateway.desk import form
from gateway.desk.desk import Desk, NotDue, Told
from gateway.desk.form import Call, Flaw
from gateway.intake.revise import Refused
from gateway.intake.source import Source
from gateway.pages import desk_view, forms, guard
from gateway.pages.words_desk import FLAWS, REFUSED, WORDS
from gateway.people.roles import Role
from gateway.storage.store import Place
from tally import acts

_LATEST: Final = 8
_READ_SECONDS: Final = 10.0
#: Calls to be entered again that are counted; more is "many" to an operator.
_MOST_DUE: Final = 99
#: A form with nothing in it.
_EMPTY: Final = dict.fromkeys(("caller", "codes", "words", "wish", "withheld"), "")
_PLACE: Final = re.compile(r"([0-9]{1,9})-([0-9]{1,12})", re.ASCII)

Answer = Callable[[web.Request, Source], Awaitable[web.Response]]


def routes(desk: Desk) -> list[web.RouteDef]:
    """The routes of the desk."""
    pages, operator = _Pages(desk), guard.only(Role.OPERATOR)
    return [
        guard.get("/operator", pages.front, operator),
        guard.get("/operator/{campaign}", pages.at(pages.page), operator),
        guard.post("/operator/{campaign}/calls", pages.at(pages.record), operator),
        guard.post("/operator/{campaign}/caller", pages.at(pages.caller), operator),
        guard.post("/operator/{campaign}/undo", pages.at(pages.undo), operator),
        guard.get("/operator/{campaign}/again", pages.at(pages.due), operator),
        guard.post("/operator/{campaign}/again", pages.at(pages.reenter), operator),
    ]


class _Pages:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def at(self, answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
        """An answer at one campaign's desk, with what the rules refuse put into words."""

        async def handle(request: web.Request) -> web.Response:
            source = self._desk.source(request.match_info["campaign"])
            if source is None:
                return _none(request)
            try:
                return await answer(request, source)
            except Flaw as flaw:
                said = FLAWS[flaw.word]
                return await self._refuse(request, source, 422, flaw.word, said, quoted=flaw.quoted)
            except Refused as refused:
                said = REFUSED.get(refused.word, REFUSED["other"])
                return await self._refuse(request, source, 409, refused.word, said)
            except NotDue:
                return await self._refuse(request, source, 409, "not_due", REFUSED["not_due"])

        return handle

    async def front(self, request: web.Request) -> web.Response:
        """The only vote that somebody answers for, or a list of them."""
        who, lang = guard.signed_in(request), guard.language(request)
        campaigns = [
            (id_, running.campaign.name_in(lang))
            for id_, running in request.app[guard.OFFICE].campaigns.items()
            if self._desk.source(id_) is not None and who.may_enter(id_)
        ]
        if len(campaigns) == 1:
            return guard.see_other(f"/operator/{campaigns[0][0]}")
        return guard.render(request, "desks.html", {"campaigns": campaigns}, words=WORDS)

    async def page(self, request: web.Request, source: Source) -> web.Response:
        """The desk; with `?call=…`, how that call of one's own ended."""
        form_id = request.query.get("call", "")
        login = guard.signed_in(request).login
        ended = await self._desk.find(source, login, form_id) if form_id else None
        return await self._page(request, source, ended)

    async def record(self, request: web.Request, source: Source) -> web.Response:
        """A call."""
        login = guard.signed_in(request).login
        if guard.wants_json(request):
            told = await self._desk.record(source, login, form.read(await _object(request)))
            return _json(desk_view.outcome(source.running, told, guard.language(request)))
        told = await self._desk.record(source, login, form.read(form.plain(await guard.form(request))))
        return web.Response(status=303, headers={"Location": f"{_home(source)}?call={told.id}"})

    async def caller(self, request: web.Request, source: Source) -> web.Response:
        """What a number is, and how its earlier messages ended."""
        asked = await _object(request)
        typed = asked.get("caller")
        if not isinstance(typed, str):
            raise Flaw("form")
        seen = await self._desk.look(source, typed)
        return _json(desk_view.looked(source.running, seen, guard.language(request)))

    async def undo(self, request: web.Request, source: Source) -> web.Response:
        """Take a call back."""
        login, script = guard.signed_in(request).login, guard.wants_json(request)
        asked: Mapping[str, Any] = await _object(request) if script else await guard.form(request)
        id_, reason, note = (asked.get(name, "") for name in ("id", "reason", "note"))
        if not all(isinstance(one, str) and forms.is_sound(one) for one in (id_, reason, note)):
            raise Flaw("form")
        if reason not in acts.REASONS["undo"]:
            raise Refused("no_reason")
        note = form.clean(note)[: form.LONGEST_WORDS]
        told = await self._desk.undo(source, login, id_, reason, note)
        if script:
            return _json(desk_view.outcome(source.running, told, guard.language(request)))
        return web.Response(status=303, headers={"Location": f"{_home(source)}?call={told.id}"})

    async def due(self, request: web.Request, source: Source) -> web.Response:
        """How many calls of others this operator may enter again, and the first of them."""
        due = await self._desk.due(source, guard.signed_in(request).login, _MOST_DUE)
        if not due:
            return _json({"due": 0})
        first = due[0]
        return _json(
            {
                "due": len(due),
                "call": f"{first.place.log_id}-{first.place.seq}",
                "time": desk_view.moment(first.at_ms, source.running)[5:],
                "operator": first.operator,
                "number": await self._desk.number_of(source, first),
            }
        )

    async def reenter(self, request: web.Request, source: Source) -> web.Response:
        """A call of another operator's, entered again."""
        asked = await _object(request)
        place = _PLACE.fullmatch(asked["call"]) if isinstance(asked.get("call"), str) else None
        if place is None:
            raise Flaw("form")
        call: Call | None = None if asked.get("missing") is True else form.read(asked)
        login = guard.signed_in(request).login
        await self._desk.reenter(source, login, Place(int(place[1]), int(place[2])), call)
        return _json({})

    async def _page(
        self,
        request: web.Request,
        source: Source,
        ended: Told | None = None,
        error: str = "",
        entered: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> web.Response:
        lang, running = guard.language(request), source.running
        latest = await self._desk.latest(source, guard.signed_in(request).login, _LATEST)
        values = {
            "campaign": running.id,
            "login": guard.signed_in(request).login,
            "zone": running.campaign.timezone,
            "form_id": secrets.token_urlsafe(16),
            "ballots": desk_view.ballots(running, lang),
            "latest": [desk_view.outcome(running, one, lang) for one in latest],
            "ended": desk_view.outcome(running, ended, lang) if ended else None,
            "outside": desk_view.outside(running, self._desk.now_ms, lang),
            "error": error,
            "entered": {**_EMPTY, **(entered or {})},
            "reasons": acts.REASONS["undo"],
            "reenters": source.desk is not None and source.desk.reentry_share > 0,
            "texts": desk_view.script_words(lang),
        }
        return guard.render(request, "desk.html", values, status, WORDS)

    async def _refuse(
        self, request: web.Request, source: Source, status: int, word: str, said: Any, quoted: str = ""
    ) -> web.Response:
        text = said.by(guard.language(request)).replace("{quoted}", quoted)
        if guard.wants_json(request):
            return _json({"error": word, "text": text}, status)
        entered = await guard.form(request)
        return await self._page(request, source, error=text, entered=entered, status=status)


def _home(source: Source) -> str:
    return f"/operator/{source.running.id}"


def _none(request: web.Request) -> web.Response:
    if guard.wants_json(request):
        return guard.refuse(request, "unknown")
    return guard.render(request, "desks.html", {"campaigns": None}, 404, WORDS)


def _json(value: Mapping[str, Any], status: int = 200) -> web.Response:
    return web.json_response(value, status=status, headers=guard.HEADERS)


async def _object(request: web.Request) -> dict[str, Any]:
    """The JSON object of a script. Raises `Flaw`, `guard.TurnedAway`."""
    try:
        async with asyncio.timeout(_READ_SECONDS):
            value = json.loads(await request.read())
    except TimeoutError:
        raise guard.TurnedAway("slow") from None
    except web.HTTPRequestEntityTooLarge:
        raise guard.TurnedAway("too_large") from None
    except ConnectionError:
        raise guard.TurnedAway("unreadable") from None
    except (ValueError, RecursionError):
        raise Flaw("form") from None
    if not isinstance(value, dict):
        raise Flaw("form")
    return value
