"""People over a real database, with a clock we set and a key of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from config import settings
from gateway.people.entrance import Denied, Entered, NeedsCode
from gateway.people.people import People, open_people
from gateway.people.places import From
from gateway.people.roles import Role
from gateway.storage.sqlite import SqliteStore, open_store
from tests.conftest import Clock

KEY = bytes(range(32)).hex()
PASSWORD = "每天八点开门的窗口"
OTHER = "seven green lanterns"

#: The office, with the browser that everybody there has used before; its new browser; and elsewhere.
OFFICE = From("192.0.2.10", "office-browser", "Chrome 109, Windows")
NEW = From("192.0.2.10", "new-browser", "Firefox 140, Linux")
AWAY = From("198.51.100.7", "away-browser", "")


@dataclass
class Folk:
    """Everybody, and what they are kept in."""

    store: SqliteStore
    people: People
    clock: Clock

    async def add(self, login: str, role: Role = Role.COMMITTEE, at: From | None = OFFICE) -> str:
        """Somebody who has chosen their password, at some place; returns the session's token."""
        token = await self.people.accounts.add(login, f"Name {login}", role, (), by="chief")
        if at is None:
            return ""
        entered = await self.people.entrance.by_link(token, PASSWORD, at)
        assert isinstance(entered, Entered)
        return entered.token

    async def enter(
        self, login: str, password: str = PASSWORD, at: From = OFFICE
    ) -> Entered | NeedsCode | Denied:
        """Try to sign in."""
        return await self.people.entrance.by_password(login, password, at)


@asynccontextmanager
async def folk(path: Path) -> AsyncIterator[Folk]:
    """Nobody yet, in two campaigns."""
    clock = Clock()
    async with open_store(path / "people.db") as store:
        chosen = settings.Accounts(key=SecretStr(KEY), hashing="small")
        people = open_people(store, chosen, ("beita-2018", "other"), clock)
        assert people is not None
        yield Folk(store, people, clock)
