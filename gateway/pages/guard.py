"""The guard of every page: each route states who may come, and nobody else gets to its handler.

`get` and `post` make routes that do; `check` refuses an application with a route that does not. Whoever is
signed in is known by a cookie. What changes something needs, besides, that our own page sent it: by what the
browser says of the sender, and by a token in the form (`csrf`) or in the header `X-CSRF-Token`.
"""

import asyncio
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Protocol, TypeVar
from weakref import WeakKeyDictionary

import aiohttp_jinja2
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import MultiDict

from config.problems import Lang
from config.wording import Said
from gateway.intake.receive import RETRY_SECONDS, Networks, client, within
from gateway.intake.recorder import NOT_NOW
from gateway.intake.running import Running
from gateway.pages import arrival, cookies, forms, languages, menu
from gateway.pages.arrival import Arrival, Door
from gateway.pages.files import TAGS
from gateway.pages.words_staff import WORDS
from gateway.people.roles import OWNER, PUBLIC, TOKEN, Access, SignedIn, only, refusal

__all__ = ["OWNER", "PUBLIC", "TOKEN", "SignedIn", "only"]

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: Of every page for people. Forms go to ourselves, which a referrer policy of "no-referrer" would hide.
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_HSTS: Final = "max-age=31536000"

_STATUS: Final = {
    "unreadable": 400,
    "signed_out": 401,
    "role": 403,
    "campaign": 403,
    "origin": 403,
    "csrf": 403,
    "insecure": 403,
    "unknown": 404,
    "slow": 408,
    "too_large": 413,
    "unavailable": 503,
}
#: How long a form may take to arrive: so long, and a file at so many bytes a second.
_READ_SECONDS: Final = 10.0
_SLOWEST_BYTES: Final = 100_000
_PATH: Final = re.compile(r"(/[A-Za-z0-9._-]+)+(\?[A-Za-z0-9._~%=&+-]{0,400})?")


class Unstated(RuntimeError):
    """A route does not state who may come: the service does not start."""


class TurnedAway(Exception):
    """The request ends here: a word that the catalogue explains."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Sessions(Protocol):
    """Who knows who is signed in."""

    async def who(self, token: str, *, active: bool = True) -> SignedIn | None:
        """Whose session that is, None if it is none or over. `active`: they have just done something."""
        ...

    def over(self, token: str) -> asyncio.Event:
        """What is set when somebody ends that session."""
        ...


@dataclass(frozen=True, slots=True)
class Office:
    """What the pages for people stand on."""

    sessions: Sessions
    campaigns: Mapping[str, Running]
    door: Door
    trusted_proxies: Networks


OFFICE: Final = web.AppKey("office", Office)

#: Fields of our forms that nobody is shown: the token, and passwords.
_NEVER_SHOWN: Final = frozenset({"csrf", "password", "again", "current"})
_WHO: Final = web.RequestKey("who", SignedIn)
_SESSION: Final = web.RequestKey("session", str)
_ACCESS: Final = web.RequestKey("access", Access)
_BROWSER: Final = web.RequestKey("browser", str)
_ARRIVAL: Final = web.RequestKey("arrival", Arrival)

_stated: WeakKeyDictionary[Handler, Access] = WeakKeyDictionary()


# Routes


def get(path: str, handler: Handler, access: Access, **options: Any) -> web.RouteDef:
    """A route that only shows. HEAD comes with it."""
    return web.get(path, _guarded(handler, access, unsafe=False), **options)


def post(path: str, handler: Handler, access: Access, *, body_bytes: int = 0) -> web.RouteDef:
    """A route that changes something. `body_bytes` is the largest body, 0 for the application's own limit."""
    return web.post(path, _guarded(handler, access, unsafe=True, body_bytes=body_bytes))


def check(app: web.Application) -> None:
    """Raises `Unstated` for a route that was made in any other way."""
    for route in app.router.routes():
        if access_of(route) is None:
            path = route.resource.canonical if route.resource else ""
            raise Unstated(f"{route.method} {path} does not state who may come: make it by guard.get or post")


def access_of(route: web.AbstractRoute) -> Access | None:
    """What a route demands, None if it does not say."""
    return _stated.get(route.handler)


def _guarded(handler: Handler, access: Access, *, unsafe: bool, body_bytes: int = 0) -> Handler:
    people = access.kind in ("public", "roles")

    async def guarded(request: web.Request) -> web.StreamResponse:
        if not people:
            return await handler(request)
        try:
            if body_bytes:
                request = request.clone(client_max_size=body_bytes)
            if access.kind == "roles":
                await _admit(request, access)
            if unsafe:
                await _ours(request)
            return await handler(request)
        except TurnedAway as refused:
            return refuse(request, refused.word, await _typed(request, access))
        except NOT_NOW:
            return refuse(request, "unavailable", await _typed(request, access))
        finally:
            forms.close(request)

    _stated[guarded] = access
    return guarded


# Who is asking


def signed_in(request: web.Request) -> SignedIn:
    """Whoever is asking for a page that is only for people who are signed in."""
    return request[_WHO]


def session(request: web.Request) -> str:
    """The token of the session they are in. Never to be shown."""
    return request[_SESSION]


async def still(request: web.Request) -> bool:
    """Whether they may look on yet: for streams, which outlast many pages. Looking on is no activity."""
    who = await request.app[OFFICE].sessions.who(request[_SESSION], active=False)
    return not refusal(request[_ACCESS], who, request.match_info.get("campaign"))


def over(request: web.Request) -> asyncio.Event:
    """What is set when the session is ended: for streams, too, which should end with it at once."""
    return request.app[OFFICE].sessions.over(request[_SESSION])


async def visitor(request: web.Request) -> SignedIn | None:
    """Whoever is asking for a page that is for everybody, None if they are not signed in."""
    token = cookies.read(request, "session", secure=arrived(request).secure)
    if not token or not arrived(request).private:
        return None
    return await request.app[OFFICE].sessions.who(token, active=not _looks_on(request))


def _looks_on(request: web.Request) -> bool:
    """Whether a page asks by itself, and nobody has done anything: for its stream, or to draw itself anew."""
    return "text/event-stream" in request.headers.get("Accept", "") or "X-Looking-On" in request.headers


async def _admit(request: web.Request, access: Access) -> None:
    """Find out who is asking. Raises `TurnedAway` if they may not, `Unavailable`."""
    who = await visitor(request)
    request[_ACCESS] = access
    if not all(map(forms.is_sound, [request.path, *chain(*request.query.items())])):
        raise TurnedAway("unknown")
    if who is not None:
        request[_WHO] = who
        request[_SESSION] = cookies.read(request, "session", secure=arrived(request).secure)
    if word := refusal(access, who, request.match_info.get("campaign")):
        raise TurnedAway(word)


# Whether our own page sent it


def arrived(request: web.Request) -> Arrival:
    """How the request came to us."""
    if _ARRIVAL not in request:
        office = request.app[OFFICE]
        trusted = within(request.remote or "", office.trusted_proxies)
        proto = request.headers.get("X-Forwarded-Proto", "").lower() if trusted else ""
        request[_ARRIVAL] = arrival.arrived(
            office.door, request.headers.get("Host", ""), address(request), proto
        )
    return request[_ARRIVAL]


def address(request: web.Request) -> str:
    """The sender's address."""
    return client(request, request.app[OFFICE].trusted_proxies)


def browser(request: web.Request) -> str:
    """The browser's own number; a new one, which `render` gives it, if it has none."""
    if _BROWSER not in request:
        known = cookies.read(request, "browser", secure=arrived(request).secure)
        request[_BROWSER] = known or cookies.fresh()
    return request[_BROWSER]


def csrf(request: web.Request) -> str:
    """The token for a page's forms and scripts: of the session, or of the browser before there is one."""
    return csrf_of(request[_SESSION] if _SESSION in request else browser(request))


def csrf_of(cookie: str) -> str:
    """The token for forms that goes with a cookie's value."""
    return hmac.digest(cookie.encode(), b"televote csrf", "sha256").hex()


async def form(request: web.Request) -> dict[str, str]:
    """The texts of a form; of several with one name the first. Raises `TurnedAway` if it cannot be read."""
    read = await _fields(request)
    return {name: value for name in read if isinstance(value := read[name], str)}


async def _fields(request: web.Request) -> MultiDict[forms.Field]:
    try:
        async with asyncio.timeout(_READ_SECONDS + (request.content_length or 0) / _SLOWEST_BYTES):
            return await forms.read(request)
    except TimeoutError:
        raise TurnedAway("slow") from None
    except web.HTTPRequestEntityTooLarge:
        raise TurnedAway("too_large") from None
    except (
        *(ValueError, LookupError, ConnectionError, AssertionError, web.RequestPayloadError),
        HttpProcessingError,  # a part's head
    ) as error:
        raise TurnedAway("unreadable") from error


async def _typed(request: web.Request, access: Access) -> list[str]:
    """What somebody has written into a form of ours that was refused, so that it is not lost: not what they
    have chosen, and no password."""
    ours = access.kind == "roles" and arrival.is_from_us(arrived(request), request.headers)
    if not ours or request.method != "POST" or not forms.is_urlencoded(request):
        return []
    try:
        fields = await form(request)
    except TurnedAway:
        return []
    written = [value for name, value in fields.items() if name not in _NEVER_SHOWN]
    return [value for value in written if not value.isascii() or len(value.split()) > 1]


async def texts(request: web.Request, name: str) -> list[str]:
    """All texts of one name in a form. Raises `TurnedAway`."""
    return [one for one in (await _fields(request)).getall(name, []) if isinstance(one, str)]


async def files(request: web.Request) -> list[web.FileField]:
    """The files in a form. Raises `TurnedAway`."""
    return [one for one in (await _fields(request)).values() if isinstance(one, web.FileField)]


async def file(request: web.Request) -> tuple[str, bytes]:
    """The last file in a form: its name, and all of it; nothing if there is none. Raises `TurnedAway`."""
    name, content = "", b""
    for field in await files(request):
        name, content = field.filename, await asyncio.to_thread(field.file.read)
    return name, content


async def _ours(request: web.Request) -> None:
    """Raises `TurnedAway` unless our own page sent it."""
    if not arrival.is_from_us(arrived(request), request.headers):
        raise TurnedAway("origin")
    given = request.headers.get("X-CSRF-Token")
    if given is None:
        given = (await form(request)).get("csrf", "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), csrf(request).encode()):
        raise TurnedAway("csrf")


# What is shown


def render(
    request: web.Request,
    template: str,
    values: Mapping[str, Any],
    status: int = 200,
    words: Mapping[str, Said] = {},
) -> web.Response:
    """A page on `staff.html`; `words` are said besides the catalogue of all such pages."""
    lang, who = language(request), request.get(_WHO)
    campaign = request.match_info.get("campaign", "")
    running = request.app[OFFICE].campaigns.get(campaign)
    inside = campaign if running is not None and who is not None and who.may_enter(campaign) else ""
    done = f"done_{request.query.get('done', '')}"
    catalogue = {**WORDS, **words}
    page = {
        "say": {key: said.by(lang) for key, said in catalogue.items()},
        "lang": lang,
        "csrf": csrf(request),
        "who": who,
        "nav": [] if who is None else menu.items(who, request.path, inside),
        "campaign_name": "" if running is None else running.campaign.name_in(lang),
        "path": _back_here(request),
        "tags": TAGS,
        "done": done if done in catalogue else "",
    }
    text = aiohttp_jinja2.render_string(template, request, {**page, **values})
    response = web.Response(text=text, status=status, content_type="text/html", headers=HEADERS)
    response.headers["Content-Language"] = WORDS["lang"].by(lang)
    return _finished(request, response)


def _back_here(request: web.Request) -> str:
    """Where the buttons for the language lead back to: the address without the language that it names.

    "" for a page that is the answer to a form: it has no address, and what was typed would be lost."""
    if request.method not in ("GET", "HEAD"):
        return ""
    here = request.rel_url.without_query_params("lang").raw_path_qs
    return here if is_path(here) else request.path


def see_other(path: str, done: str = "") -> web.Response:
    """Go on to another page; it then says `done_…` of its catalogue."""
    location = f"{path}?done={done}" if done else path
    return web.Response(status=303, headers={**HEADERS, "Location": location})


def is_path(path: str) -> bool:
    """Whether that is a path of ours, perhaps with a query, to which a form may lead back: no other host."""
    return _PATH.fullmatch(path) is not None


def refuse(request: web.Request, word: str, typed: Sequence[str] = ()) -> web.Response:
    """What somebody is told who may not, or cannot now: a page, with what they have `typed` to be copied; or
    for scripts the word and its sentence as JSON."""
    status, path = _STATUS[word], request.rel_url.raw_path
    if wants_json(request):
        told = {"error": word, "text": WORDS[f"refused_{word}_text"].by(language(request))}
        response = web.json_response(told, status=status, headers=HEADERS)
    elif word == "signed_out" and request.method in ("GET", "HEAD"):
        return see_other(f"/signin?next={path}")
    else:
        response = render(request, "refused.html", {"word": word, "typed": typed}, status)
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def wants_json(request: web.Request) -> bool:
    """Whether a script is asking, which has no use for a page."""
    accepted = request.headers.get("Accept", "")
    return "application/json" in accepted or "text/event-stream" in accepted


def campaign_of(request: web.Request, campaigns: Mapping[str, T]) -> T:
    """Whatever there is of the campaign of an address. Raises `TurnedAway`."""
    found = campaigns.get(request.match_info["campaign"])
    if found is None:
        raise TurnedAway("unknown")
    return found


def language(request: web.Request) -> Lang:
    """The page's language: as the address says, as the account says, or as the browser likes."""
    who = request.get(_WHO)
    return (
        languages.named(request.query.get("lang"))
        or (languages.named(who.lang) if who is not None else None)
        or languages.preferred(request.headers.get("Accept-Language", ""))
    )


def _finished(request: web.Request, response: web.Response) -> web.Response:
    secure = arrived(request).secure
    if secure:
        response.headers["Strict-Transport-Security"] = _HSTS
    if _BROWSER in request and not cookies.read(request, "browser", secure=secure):
        cookies.give(response, "browser", request[_BROWSER], secure=secure)
    return response
