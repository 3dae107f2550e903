"""Operators at their desks: signed in to a real server, by scripts and by plain forms."""

import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, CookieJar

from gateway.people.roles import Role
from tests.conftest import House, Visitor

HOME = "/operator/beita-2018"
PASSWORD = "a long sentence for a test"

_forms = itertools.count(1)


def form_id() -> str:
    """A form's id, as a browser makes one."""
    return f"form-{next(_forms):016}"


@dataclass
class Hand:
    """Somebody who is signed in."""

    visitor: Visitor
    session: ClientSession
    login: str
    csrf: str = ""

    @property
    def url(self) -> str:
        return self.visitor.server.url

    async def page(self, path: str = HOME) -> tuple[int, str]:
        async with self.session.get(self.url + path) as response:
            text = await response.text()
        if found := re.search(r'<meta name="csrf" content="(\w+)">', text):
            self.csrf = found[1]
        return response.status, text

    async def send(self, where: str, value: Any, raw: bytes | None = None) -> tuple[int, dict[str, Any]]:
        """What a script sends."""
        headers = {"Accept": "application/json", "X-CSRF-Token": self.csrf, "Origin": self.url}
        sent = {"json": value} if raw is None else {"data": raw}
        async with self.session.post(f"{self.url}{HOME}/{where}", headers=headers, **sent) as response:
            return response.status, await response.json()

    async def ask(self, where: str) -> dict[str, Any]:
        async with self.session.get(
            f"{self.url}{HOME}/{where}", headers={"Accept": "application/json"}
        ) as response:
            answer: dict[str, Any] = await response.json()
        return answer

    async def call(self, caller: str, *codes: str, **fields: Any) -> dict[str, Any]:
        """A call that is taken; returns how it ended."""
        status, answer = await self.send(
            "calls", {"id": form_id(), "caller": caller, "codes": codes, **fields}
        )
        assert status == 200, answer
        return answer

    async def post(self, where: str, **fields: str) -> tuple[int, str, str]:
        """A form without a script: status, where it leads, text."""
        async with self.session.post(
            f"{self.url}{HOME}/{where}",
            data={"csrf": self.csrf, **fields},
            headers={"Origin": self.url},
            allow_redirects=False,
        ) as response:
            return response.status, response.headers.get("Location", ""), await response.text()


@asynccontextmanager
async def signed_in(visitor: Visitor, login: str, role: Role = Role.OPERATOR) -> AsyncIterator[Hand]:
    """A new account, its owner signed in by the link."""
    people = visitor.server.people
    assert people is not None
    token = await people.accounts.add(login, login.title(), role, (), "test")
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        hand = Hand(visitor, session, login)
        await hand.page(f"/welcome/{token}")
        async with session.post(
            f"{hand.url}/welcome/{token}",
            data={"csrf": hand.csrf, "password": PASSWORD, "again": PASSWORD},
            headers={"Origin": hand.url},
        ) as response:
            assert response.status == 200, await response.text()
        await hand.page("/account" if role is not Role.OPERATOR else HOME)
        yield hand


@asynccontextmanager
async def at_the_desk(house: House, *logins: str) -> AsyncIterator[tuple[Any, ...]]:
    """A served house, and operators at its desk."""
    async with house.serve() as visitor:
        if len(logins) == 1:
            async with signed_in(visitor, logins[0]) as one:
                yield visitor, one
        else:
            async with signed_in(visitor, logins[0]) as one, signed_in(visitor, logins[1]) as two:
                yield visitor, one, two
