"""Signing in and out, and the one-time link by which somebody chooses their password."""

import re
from typing import Any, Final

import structlog
from aiohttp import web

from gateway.pages import agents, cookies, guard, menu
from gateway.pages.guard import PUBLIC, TurnedAway
from gateway.pages.words_people import WORDS
from gateway.people import policy
from gateway.people.entrance import Denied, Entered, NeedsCode
from gateway.people.people import People
from gateway.people.places import From
from gateway.people.roles import ANYBODY, Role
from gateway.people.store import Account

_log = structlog.get_logger()

#: Where a sign-in may lead: to a page below one's own front page, and nowhere else.
_BELOW: Final = re.compile(r"(/[A-Za-z0-9_-]+)*")


def routes(people: People) -> list[web.RouteDef]:
    """`/signin`, `/signout`, `/welcome/…`."""
    pages = _SignIn(people)
    return [
        guard.get("/signin", pages.form, PUBLIC),
        guard.post("/signin", pages.sign_in, PUBLIC),
        guard.post("/signout", pages.sign_out, ANYBODY),
        guard.get("/welcome/{token}", pages.welcome, PUBLIC),
        guard.post("/welcome/{token}", pages.accept, PUBLIC),
    ]


def coming_from(request: web.Request) -> From:
    """Where somebody is, as far as it matters to the entrance."""
    kind = agents.described(request.headers.get("User-Agent", ""))
    return From(guard.address(request), guard.browser(request), kind)


def denial(denied: Denied) -> dict[str, Any]:
    """What the pages say to somebody who was denied: a key of the catalogue, and how many seconds to wait."""
    return {"denied": f"denied_{denied.word}", "seconds": -(-denied.wait_ms // 1000)}


def password_error(chosen: str, again: str, account: Account) -> str:
    """A key of the catalogue: why that cannot be the new password; "" if it can."""
    if weakness := policy.weakness(chosen, account.login, account.name):
        return f"password_{weakness}"
    return "" if chosen == again else "password_differs"


class _SignIn:
    def __init__(self, people: People) -> None:
        self._people = people

    async def form(self, request: web.Request) -> web.StreamResponse:
        _must_be_private(request)
        who = await guard.visitor(request)
        if who is not None:
            return guard.see_other(menu.front(who.role))
        return _page(request, {"next": request.query.get("next", "")})

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        _must_be_private(request)
        given, entrance = await guard.form(request), self._people.entrance
        at, ticket = coming_from(request), given.get("ticket", "")
        if ticket:
            answer: Entered | NeedsCode | Denied = await entrance.by_code(ticket, given.get("code", ""), at)
        else:
            answer = await entrance.by_password(given.get("login", ""), given.get("password", ""), at)
        if isinstance(answer, Entered):
            return await self._enter(request, answer, given.get("next", ""))
        values: dict[str, Any] = {"next": given.get("next", ""), "login": given.get("login", "")}
        if isinstance(answer, NeedsCode):
            return _page(request, {**values, "ticket": answer.ticket})
        # With a wrong code the first step still holds; any other denial begins anew.
        again = ticket if answer.word in ("code", "wait") else ""
        return _page(request, {**values, **denial(answer), "ticket": again}, status=403)

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        await self._people.sessions.end(guard.session(request))
        _log.info("signed_out", account=guard.signed_in(request).login)
        response = guard.see_other("/signin", done="signed_out")
        cookies.take_back(response, "session", secure=guard.arrived(request).secure)
        return response

    async def welcome(self, request: web.Request) -> web.StreamResponse:
        _must_be_private(request)
        account = await self._people.entrance.welcomed(request.match_info["token"])
        return _gone(request) if account is None else _choose(request, account)

    async def accept(self, request: web.Request) -> web.StreamResponse:
        _must_be_private(request)
        given, entrance, token = await guard.form(request), self._people.entrance, request.match_info["token"]
        account = await entrance.welcomed(token)
        if account is None:
            return _gone(request)
        chosen = given.get("password", "")
        if error := password_error(chosen, given.get("again", ""), account):
            return _choose(request, account, error)
        answer = await entrance.by_link(token, chosen, coming_from(request))
        return await self._enter(request, answer, "") if isinstance(answer, Entered) else _gone(request)

    async def _enter(self, request: web.Request, entered: Entered, wanted: str) -> web.StreamResponse:
        """Give the browser the new session; the one it had, if any, ends."""
        secure = guard.arrived(request).secure
        if before := cookies.read(request, "session", secure=secure):
            await self._people.sessions.end(before)
        front = menu.front(Role(entered.account.role))
        mine = wanted.startswith(front) and _BELOW.fullmatch(wanted.removeprefix(front))
        response = guard.see_other(wanted if mine else front)
        cookies.give(response, "session", entered.token, secure=secure)
        cookies.give(response, "browser", guard.browser(request), secure=secure)
        return response


def _page(request: web.Request, values: dict[str, Any], status: int = 200) -> web.StreamResponse:
    nothing = {"login": "", "ticket": "", "denied": "", "seconds": 0}
    return guard.render(request, "signin.html", {**nothing, **values}, status, WORDS)


def _choose(request: web.Request, account: Account, error: str = "") -> web.StreamResponse:
    values = {"login": account.login, "name": account.name, "error": error}
    return guard.render(request, "welcome.html", values, 400 if error else 200, WORDS)


def _gone(request: web.Request) -> web.StreamResponse:
    return guard.render(request, "link_gone.html", {}, 404, WORDS)


def _must_be_private(request: web.Request) -> None:
    if not guard.arrived(request).private:
        raise TurnedAway("insecure")
