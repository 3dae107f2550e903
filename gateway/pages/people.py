"""Everybody's accounts, for administrators: made, changed, disabled, reset; each new link is shown once."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import web

from gateway.intake.running import Running
from gateway.pages import guard
from gateway.pages.guard import only
from gateway.pages.words_people import WORDS
from gateway.people.accounts import LINK_MS, AccountRefused, state
from gateway.people.people import People
from gateway.people.roles import Role, SignedIn
from gateway.people.store import Account, Listed

_PEOPLE: Final = "/people"
#: The field that a refusal is about; the others are of the account as a whole.
_FIELDS: Final = {"login_shape": "login", "login_taken": "login", "name_shape": "name"}
_EMPTY: Final = {"login": "", "name": "", "role": "", "campaigns": ()}


def routes(
    people: People, campaigns: Mapping[str, Running], shown: Callable[[int], str]
) -> list[web.RouteDef]:
    """The routes under `/people`; `shown` is how an instant is written."""
    pages, administrator = _Accounts(people, campaigns, shown), only(Role.ADMINISTRATOR)
    one = f"{_PEOPLE}/{{login}}"
    return [
        guard.get(_PEOPLE, pages.everybody, administrator),
        guard.post(_PEOPLE, pages.add, administrator),
        guard.get(one, pages.one, administrator),
        guard.post(one, pages.change, administrator),
        guard.post(f"{one}/disable", pages.disable, administrator),
        guard.post(f"{one}/enable", pages.enable, administrator),
        guard.post(f"{one}/reset", pages.reset, administrator),
    ]


class _Accounts:
    def __init__(
        self,
        people: People,
        campaigns: Mapping[str, Running],
        shown: Callable[[int], str],
    ) -> None:
        self._accounts, self._campaigns = people.accounts, campaigns
        self._shown = shown

    async def everybody(self, request: web.Request) -> web.StreamResponse:
        return await self._list(request)

    async def add(self, request: web.Request) -> web.StreamResponse:
        given = await self._given(request)
        try:
            token = await self._accounts.add(**given, by=guard.signed_in(request).login)
        except AccountRefused as refused:
            return await self._list(request, refused.word, given)
        return self._link(request, await self._accounts.named(given["login"]), token)

    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._edit(request)

    async def change(self, request: web.Request) -> web.StreamResponse:
        given = {**await self._given(request), "login": (await self._account(request)).login}
        try:
            await self._accounts.change(**given, by=guard.signed_in(request).login)
        except AccountRefused as refused:
            return await self._edit(request, refused.word, given)
        return guard.see_other(_PEOPLE, done="changed")

    async def disable(self, request: web.Request) -> web.StreamResponse:
        account = await self._account(request)
        try:
            await self._accounts.disable(account.login, by=guard.signed_in(request).login)
        except AccountRefused as refused:
            return await self._edit(request, refused.word)
        return guard.see_other(_PEOPLE, done="disabled")

    async def enable(self, request: web.Request) -> web.StreamResponse:
        account = await self._account(request)
        try:
            await self._accounts.enable(account.login, by=guard.signed_in(request).login)
        except AccountRefused as refused:
            return await self._edit(request, refused.word)
        return guard.see_other(_PEOPLE, done="enabled")

    async def reset(self, request: web.Request) -> web.StreamResponse:
        account = await self._account(request)
        try:
            token = await self._accounts.reset(account.login, by=guard.signed_in(request).login)
        except AccountRefused as refused:
            return await self._edit(request, refused.word)
        return self._link(request, account, token)

    async def _account(self, request: web.Request) -> Account:
        """The account that is asked about, if it is one that whoever asks may see."""
        try:
            account = await self._accounts.named(request.match_info["login"])
        except AccountRefused:
            raise guard.TurnedAway("unknown") from None
        if not _is_of(guard.signed_in(request), account):
            raise guard.TurnedAway("unknown")
        return account

    async def _given(self, request: web.Request) -> dict[str, Any]:
        given = await guard.form(request)
        own = guard.signed_in(request).campaigns
        chosen = [name for name, _ in self._names(request) if given.get(f"campaign-{name}")]
        try:
            role = Role(given.get("role", ""))
        except ValueError:
            raise guard.TurnedAway("unreadable") from None
        # Every one is the same as none: also those that are yet to come. Nobody gives more than they have.
        campaigns = own if not chosen or len(chosen) == len(self._campaigns) else tuple(chosen)
        return {
            "login": given.get("login", ""),
            "name": given.get("name", ""),
            "role": role,
            "campaigns": campaigns,
        }

    async def _list(
        self, request: web.Request, refused: str = "", given: Mapping[str, Any] = _EMPTY
    ) -> web.StreamResponse:
        values = {
            "people": [
                self._row(one)
                for one in await self._accounts.listed()
                if _is_of(guard.signed_in(request), one.account)
            ],
            **_refusal(request, refused),
            "given": given,
            "roles": list(Role),
            "campaigns": self._names(request),
        }
        return guard.render(request, "people.html", values, 400 if refused else 200, WORDS)

    async def _edit(
        self, request: web.Request, refused: str = "", given: Mapping[str, Any] | None = None
    ) -> web.StreamResponse:
        account = await self._account(request)
        kept = {"name": account.name, "role": account.role, "campaigns": account.campaigns.split()}
        values = {
            "account": account,
            "given": given or kept,
            **_refusal(request, refused),
            "roles": list(Role),
            "campaigns": self._names(request),
            "oneself": account.login == guard.signed_in(request).login,
        }
        return guard.render(request, "person.html", values, 400 if refused else 200, WORDS)

    def _link(self, request: web.Request, account: Account, token: str) -> web.StreamResponse:
        values = {
            "account": account,
            "link": f"{guard.arrived(request).own}/welcome/{token}",
            "until": self._shown(self._accounts.now_ms() + LINK_MS),
        }
        return guard.render(request, "person_link.html", values, words=WORDS)

    def _names(self, request: web.Request) -> list[tuple[str, str]]:
        lang, who = guard.language(request), guard.signed_in(request)
        return [
            (name, running.campaign.name_in(lang))
            for name, running in self._campaigns.items()
            if who.may_enter(name)
        ]

    def _row(self, listed: Listed) -> dict[str, Any]:
        account = listed.account
        return {
            "account": account,
            "campaigns": account.campaigns.split(),
            "state": state(listed, self._accounts.now_ms()),
            "seen": "" if account.signed_in_ms is None else self._shown(account.signed_in_ms),
        }


def _refusal(request: web.Request, word: str) -> dict[str, Any]:
    """Why something was refused: beside the field that it is about, if it is about one."""
    text = WORDS[f"refused_{word}"].by(guard.language(request)) if word else ""
    at = _FIELDS.get(word)
    return {"refused": "" if at else text, "wrong": defaultdict(str, {at: text} if at else {})}


def _is_of(who: SignedIn, account: Account) -> bool:
    """Whether an account is kept to campaigns that are all somebody's own."""
    theirs = account.campaigns.split()
    return not who.campaigns or (bool(theirs) and all(map(who.may_enter, theirs)))
