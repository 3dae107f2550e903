"""The public page: what is voted on, how to vote, and what the campaign lets everybody see (docs/rules.md).

It works without scripts; with them it follows the stream of events. A page is drawn once for each state
of the standings, however many ask for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import aiohttp_jinja2
import jinja2
from aiohttp import web

from config.problems import Lang
from config.wording import Said
from gateway.intake.running import Running
from gateway.pages import campaign_view, events, guard, languages
from gateway.pages.files import FILES, TAGS
from gateway.pages.words import WORDS
from gateway.people.roles import PUBLIC
from gateway.watching.board import Board, Standings

#: Of every page, stream and file here. The pages have no inline script or style, so none can be slipped in.
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


#: Below these only programs ask.
_MACHINES: Final = ("/in/", "/api/", "/ledger/")


def set_up(app: web.Application) -> None:
    """Make the templates known to the application: once, before it starts."""
    aiohttp_jinja2.setup(
        app,
        loader=jinja2.PackageLoader("gateway.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def routes(
    board: Board,
    final: Callable[[Running], bool] = lambda _: False,
    streams: int = 1_000,
    ping_seconds: float = 15.0,
) -> list[web.RouteDef]:
    """The routes of the public page. The application also needs `set_up`.

    `final` says whether nothing can move a closed campaign's result; until then it is provisional.
    No more than `streams` viewers are sent events at a time, lest they use up the connections that
    votes need; the others are asked to come back.
    """
    pages = _Pages(board, final, streams, ping_seconds)
    return [
        guard.get("/", pages.front, PUBLIC),
        guard.get("/campaigns/{id}", pages.campaign, PUBLIC),
        guard.get("/campaigns/{id}/events", pages.events, PUBLIC, allow_head=False),
        guard.get("/static/{file}", pages.static, PUBLIC),
        guard.get("/static/vendor/{file}", pages.static, PUBLIC),
    ]


class Asked(NamedTuple):
    """In which language, and whether the address said so: then its links go on saying it."""

    lang: Lang
    kept: bool


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A page, and what it was drawn from."""

    standings: Standings
    shown: Standings | None
    status: str
    text: str

    def still(self, standings: Standings, shown: Standings | None, status: str) -> bool:
        """Whether a page drawn now would be the same: the board makes new standings when they change."""
        return self.standings is standings and self.shown is shown and self.status == status


class _Pages:
    def __init__(
        self, board: Board, final: Callable[[Running], bool], streams: int, ping_seconds: float
    ) -> None:
        self._board, self._final = board, final
        self._streams, self._ping_seconds, self._watching = streams, ping_seconds, 0
        self._drawn: dict[tuple[str, Asked], _Drawn] = {}

    async def front(self, request: web.Request) -> web.Response:
        """The only campaign, or a list of them."""
        running = list(self._board.campaigns().values())
        if len(running) == 1:
            return self._page(request, running[0])
        lang = asking(request).lang
        listed = [(one.id, one.campaign.name_in(lang), self._status(one)) for one in running]
        return respond(render(request, "campaigns.html", {"campaigns": listed}), lang)

    async def campaign(self, request: web.Request) -> web.Response:
        """One campaign."""
        running = self._board.campaigns().get(request.match_info["id"])
        return missing(request) if running is None else self._page(request, running)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """What the public may see, as it changes."""
        campaign = request.match_info["id"]
        if campaign not in self._board.campaigns():
            return _refusal(404, "unknown_campaign")
        if self._watching >= self._streams:
            refusal = _refusal(503, "too_many_viewers")
            refusal.headers["Retry-After"] = "60"
            return refusal
        self._watching += 1
        try:
            stream = self._board.stream(campaign, "public")
            return await events.relay(request, stream, HEADERS, self._ping_seconds)
        finally:
            self._watching -= 1

    async def static(self, request: web.Request) -> web.Response:
        """A style sheet or script. Pages ask for it with its tag, so it may be kept for long."""
        file = FILES.get(request.path.removeprefix("/static/"))
        if file is None:
            return missing(request)
        headers = {**HEADERS, "ETag": f'"{file.tag}"', "Cache-Control": "public, max-age=86400"}
        if file.tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        return web.Response(body=file.content, content_type=file.kind, charset="utf-8", headers=headers)

    def _page(self, request: web.Request, running: Running) -> web.Response:
        asked = asking(request)
        standings, shown = self._board.standings(running.id), self._board.public(running.id)
        status = self._status(running)
        drawn = self._drawn.get((request.path, asked))
        if drawn is None or not drawn.still(standings, shown, status):
            values = campaign_view.page(running, status, shown, asked.lang)
            several = len(self._board.campaigns()) > 1
            text = render(request, "campaign.html", {**values, "several": several})
            drawn = self._drawn[request.path, asked] = _Drawn(standings, shown, status, text)
        return respond(drawn.text, asked.lang)

    def _status(self, running: Running) -> str:
        """The status as the catalogue words it: a closed campaign's result is provisional or final."""
        status: str = self._board.standings(running.id)["status"]
        if status != "closed":
            return status
        if running.campaign.publish.mode == "never":
            return "unshown"
        return "final" if self._final(running) else "closed"


@web.middleware
async def for_people(request: web.Request, handler: guard.Handler) -> web.StreamResponse:
    """The page `missing` for people whose address leads nowhere; programs get the words that they know."""
    nowhere = isinstance(request.match_info.http_exception, web.HTTPNotFound)
    reads = request.method in ("GET", "HEAD") and "text/html" in request.headers.get("Accept", "")
    if nowhere and reads and not request.path.startswith(_MACHINES):
        return missing(request)
    return await handler(request)


def missing(request: web.Request) -> web.Response:
    """The page that says that there is none."""
    return respond(render(request, "missing.html", {}), asking(request).lang, 404)


def asking(request: web.Request) -> Asked:
    """The language of a public page: as the address says, or as the browser likes."""
    named = languages.named(request.query.get("lang"))
    if named is not None:
        return Asked(named, kept=True)
    return Asked(languages.preferred(request.headers.get("Accept-Language", "")), kept=False)


def render(
    request: web.Request, template: str, values: Mapping[str, Any], words: Mapping[str, Said] = {}
) -> str:
    """A page on `base.html`; `words` are said besides the catalogue of all such pages."""
    lang, kept = asking(request)
    page = {
        "say": {key: said.by(lang) for key, said in {**WORDS, **words}.items()},
        "lang": lang,
        "query": f"?lang={lang}" if kept else "",
        "tags": TAGS,
    }
    return aiohttp_jinja2.render_string(template, request, {**page, **values})


def respond(text: str, lang: Lang, status: int = 200) -> web.Response:
    """A page, as everybody may have it."""
    headers = {
        **HEADERS,
        "Cache-Control": "no-cache",
        "Content-Language": WORDS["lang"].by(lang),
        "Vary": "Accept-Language",
    }
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def _refusal(status: int, reason: str) -> web.Response:
    headers = {**HEADERS, "Cache-Control": "no-store"}
    return web.json_response({"error": reason}, status=status, headers=headers)
