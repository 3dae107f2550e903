"""Operators at their desks: signed in to a real server, by scripts and by plain forms."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from gateway.people.roles import Role
from tests.conftest import House, Staff, Visitor

HOME = "/operator/beita-2018"

_forms = itertools.count(1)


def form_id() -> str:
    """A form's id, as a browser makes one."""
    return f"form-{next(_forms):016}"


@dataclass
class Hand:
    """Somebody at the desk."""

    staff: Staff

    async def page(self, path: str = HOME) -> tuple[int, str]:
        answer = await self.staff.get(path)
        return answer.status, answer.text

    async def send(self, where: str, value: Any) -> tuple[int, dict[str, Any]]:
        """What a script sends: a value as JSON, or bytes as they are."""
        if isinstance(value, bytes):
            return await self._raw(where, value)
        answer = await self.staff.script(f"{HOME}/{where}", value)
        return answer.status, answer.json()

    async def _raw(self, where: str, raw: bytes) -> tuple[int, dict[str, Any]]:
        headers = {
            "Accept": "application/json",
            "X-CSRF-Token": self.staff.csrf,
            "Origin": self.staff.visitor.server.url,
        }
        answer = await self.staff.ask("POST", f"{HOME}/{where}", headers, data=raw)
        return answer.status, answer.json()

    async def ask(self, where: str) -> Any:
        return (await self.staff.ask("GET", f"{HOME}/{where}", {"Accept": "application/json"})).json()

    async def call(self, caller: str, *codes: str, **fields: Any) -> dict[str, Any]:
        """A call that is taken; returns how it ended."""
        status, answer = await self.send(
            "calls", {"id": form_id(), "caller": caller, "codes": codes, **fields}
        )
        assert status == 200, answer
        return answer

    async def post(self, where: str, **fields: str) -> tuple[int, str, str]:
        """A form without a script: status, where it leads, text."""
        answer = await self.staff.post(f"{HOME}/{where}", **fields)
        return answer.status, answer.location, answer.text


async def hand(visitor: Visitor, login: str, role: Role = Role.OPERATOR) -> Hand:
    """Somebody, signed in."""
    return Hand(await visitor.sign_in(role, login))


@asynccontextmanager
async def at_the_desk(house: House, *logins: str) -> AsyncIterator[tuple[Any, ...]]:
    """A served house, and operators at its desk."""
    async with house.serve() as visitor:
        yield (visitor, *[await hand(visitor, login) for login in logins])
