"""One's own account: password, second factor, sessions, language.

A password or second factor is changed only by who knows the password of now, not by who found a session open.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import segno
import structlog
from aiohttp import web
from markupsafe import Markup

from gateway.pages import guard, languages
from gateway.pages.signin import denial, password_error
from gateway.pages.words_people import WORDS
from gateway.people import second_factor
from gateway.people.accounts import hashed
from gateway.people.people import People
from gateway.people.roles import ANYBODY
from gateway.people.sessions import TERMS
from gateway.people.store import Account, SessionOver

_log = structlog.get_logger()

_ACCOUNT: Final = "/account"


def routes(people: People, shown: Callable[[int], str]) -> list[web.RouteDef]:
    """The routes under `/account`; `shown` is how an instant is written."""
    pages = _Own(people, shown)
    return [
        guard.get(_ACCOUNT, pages.show, ANYBODY),
        guard.post(f"{_ACCOUNT}/language", pages.language, ANYBODY),
        guard.post(f"{_ACCOUNT}/password", pages.password, ANYBODY),
        guard.post(f"{_ACCOUNT}/second", pages.second, ANYBODY),
        guard.post(f"{_ACCOUNT}/second/confirm", pages.confirm, ANYBODY),
        guard.post(f"{_ACCOUNT}/second/remove", pages.remove, ANYBODY),
        guard.post(f"{_ACCOUNT}/sessions", pages.sessions, ANYBODY),
    ]


class _Own:
    def __init__(self, people: People, shown: Callable[[int], str]) -> None:
        self._people, self._shown = people, shown

    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request)

    async def language(self, request: web.Request) -> web.StreamResponse:
        """From the head of every page, to which it leads back."""
        given = await guard.form(request)
        if lang := languages.named(given.get("lang")):
            await self._people.accounts.prefer(guard.signed_in(request).login, lang)
        wanted = given.get("next", "")
        return guard.see_other(wanted if guard.is_path(wanted) else _ACCOUNT)

    async def password(self, request: web.Request) -> web.StreamResponse:
        given, account = await guard.form(request), await self._account(request)
        chosen = given.get("password", "")
        if error := password_error(chosen, given.get("again", ""), account):
            at = "again" if error == "password_differs" else "password"
            return await self._page(request, {at: WORDS[error].by(guard.language(request))}, 400)
        if refused := await self._unproven(request, account, given, "current"):
            return refused
        with _in_session():
            await self._people.entrance.change_password(account, chosen, guard.session(request))
        return guard.see_other(_ACCOUNT, done="password")

    async def second(self, request: web.Request) -> web.StreamResponse:
        """Offer a secret. Nothing is kept of it before it is confirmed."""
        given, account = await guard.form(request), await self._account(request)
        if refused := await self._unproven(request, account, given, "second-current"):
            return refused
        return _offer(request, account, *self._people.entrance.offer_second(account))

    async def confirm(self, request: web.Request) -> web.StreamResponse:
        given, account, entrance = (
            await guard.form(request),
            await self._account(request),
            self._people.entrance,
        )
        secret = entrance.offered(account, given.get("sealed", ""))
        if secret is None:
            return guard.see_other(_ACCOUNT)
        with _in_session():
            right = await entrance.set_second(account, secret, given.get("code", ""), guard.session(request))
        if not right:
            return _offer(request, account, secret, given["sealed"], "denied_code")
        return guard.see_other(_ACCOUNT, done="second")

    async def remove(self, request: web.Request) -> web.StreamResponse:
        given, account = await guard.form(request), await self._account(request)
        if refused := await self._unproven(request, account, given, "second-current"):
            return refused
        with _in_session():
            await self._people.entrance.remove_second(account, guard.session(request))
        return guard.see_other(_ACCOUNT, done="second_removed")

    async def sessions(self, request: web.Request) -> web.StreamResponse:
        """End one session, or all others."""
        given, account = await guard.form(request), await self._account(request)
        if one := given.get("session"):
            try:
                await self._people.sessions.end_one(account.id, bytes.fromhex(one))
            except ValueError:
                raise guard.TurnedAway("unreadable") from None
        else:
            await self._people.sessions.end_others(account.id, guard.session(request))
        _log.info("sessions_ended", account=account.login)
        return guard.see_other(_ACCOUNT, done="session")

    async def _account(self, request: web.Request) -> Account:
        return await self._people.accounts.named(guard.signed_in(request).login)

    async def _unproven(
        self, request: web.Request, account: Account, given: dict[str, str], at: str
    ) -> web.StreamResponse | None:
        """The page that says, at a field, that the current password is wrong; None if it is right."""
        denied = await self._people.entrance.proves(account, given.get("current", ""))
        if denied is None:
            return None
        told = denial(denied)
        word = "current_wrong" if denied.word == "wrong" else told["denied"]
        text = WORDS[word].by(guard.language(request)).format(seconds=told["seconds"])
        return await self._page(request, {at: text}, 403)

    async def _page(
        self, request: web.Request, wrong: Mapping[str, str] = {}, status: int = 200
    ) -> web.StreamResponse:
        """`wrong` is what is said at which field."""
        account, here = await self._account(request), hashed(guard.session(request))
        term = TERMS[guard.signed_in(request).role]
        values = {
            "account": account,
            "idle": term.idle_ms // 60_000,
            "longest": term.longest_ms // 3_600_000,
            "sessions": [
                {
                    "id": one.token.hex(),
                    "browser": one.browser,
                    "begun": self._shown(one.begun_ms),
                    "seen": self._shown(one.seen_ms),
                    "here": one.token == here,
                }
                for one in await self._people.sessions.listed(account)
            ],
            "wrong": defaultdict(str, wrong),
        }
        return guard.render(request, "account.html", values, status, WORDS)


@contextmanager
def _in_session() -> Iterator[None]:
    """The session may end between the question for a password and what was to be done with the answer."""
    try:
        yield
    except SessionOver:
        raise guard.TurnedAway("signed_out") from None


def _offer(
    request: web.Request, account: Account, secret: bytes, sealed: str, denied: str = ""
) -> web.StreamResponse:
    values = {
        "picture": _picture(second_factor.address(secret, account.login)),
        "secret": second_factor.spelled(secret),
        "sealed": sealed,
        "denied": denied,
    }
    return guard.render(request, "second.html", values, 403 if denied else 200, WORDS)


def _picture(text: str) -> Markup:
    """A QR code as an SVG element: black on white in either colour scheme, or telephones do not read it."""
    drawn = segno.make(text, error="m").svg_inline(scale=5, border=3, light="#fff", svgclass="qr")
    return Markup(drawn)  # noqa: S704 -- it is made of numbers
