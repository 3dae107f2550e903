"""A folder whose server has a source of every kind, open now, with people who are signed in."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway import clock, setup
from gateway.pages import cookies, guard
from gateway.people import accounts, store
from gateway.people.people import open_people
from gateway.people.roles import Role
from tests.conftest import Clock, House
from tests.providers.runner import KINDS, TABLES

#: The path token of every source that is given one.
TOKEN = "a-path-token-of-the-tests"
#: How many people there are of each role, with a session each: what is sent may end sessions.
EACH = 12


@dataclass(frozen=True)
class Session:
    """A signed-in person: what a browser of theirs sends."""

    role: Role
    login: str
    token: str

    @property
    def csrf(self) -> str:
        return guard.csrf_of(self.token)


@dataclass(frozen=True)
class Folder:
    """A set-up folder. `sources` has a kind's source by name, with its path token, "" if it has none."""

    path: Path
    sources: Mapping[str, str]
    sessions: tuple[Session, ...]
    api_token: str

    @property
    def settings(self) -> Path:
        return self.path / "televote.toml"


def source_of(kind: str) -> str:
    """The name of a kind's source."""
    return f"of-{kind}"


def set_up(path: Path, limits: str = "read_seconds = 1.0", more: str = "") -> Folder:
    """Write it. `limits` are settings of that table; `more` is added at the end."""
    now = datetime.now(UTC)
    setup.write(path, setup.Dates(now - timedelta(hours=1), now + timedelta(hours=5)), "127.0.0.1:0")
    house = House(path, Clock(clock.now_ms()))
    house.edit(house.settings, "[api]", f"[limits]\n{limits}\n\n[api]")
    house.edit(house.settings, "[accounts]", '[accounts]\nhashing = "small"')
    sources = {"sms": "", "sim": house.secret("sim.token")}
    with house.settings.open("a", encoding="utf-8") as file:
        for kind in KINDS:
            sources[source_of(kind)] = TOKEN if needs_token(kind) else ""
            file.write(source(kind, {"token": TOKEN} if needs_token(kind) else {}))
        file.write(more)
    return Folder(path, sources, asyncio.run(_people(house)), house.secret("api.token"))


def needs_token(kind: str) -> bool:
    """Whether a source of that kind, with its table's options, must have a path token."""
    made, options = KINDS[kind], TABLES[kind].options
    signs = made.signs and (not made.signs_with or bool(options.get(made.signs_with)))
    return not signs or not made.seals or bool(made.unsealed_by and options.get(made.unsealed_by))


def source(kind: str, more: Mapping[str, object]) -> str:
    """The settings of a source of that kind, with its table's options."""
    table = {"kind": kind, "campaign": setup.CAMPAIGN, **more, "options": TABLES[kind].options}
    return f"\n[sources.{source_of(kind)}]\n" + "".join(f"{key} = {toml(table[key])}\n" for key in table)


def toml(value: object) -> str:
    """A value as TOML writes it, on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return re.sub("\x7f", r"\\u007f", json.dumps(value, ensure_ascii=False))


async def _people(house: House) -> tuple[Session, ...]:
    """Accounts and sessions of every role; only the passwords are left out, which take their time."""
    loaded, made = house.load(), []
    async with house.service() as service:
        people = open_people(service.store, loaded.settings.accounts, service.campaigns, house.clock)
        assert people is not None
        for role in Role:
            for number in range(EACH):
                login = f"{role}-{number}"
                await people.accounts.add(login, login, role, (), by="the tests")
                account, token = await people.accounts.named(login), cookies.fresh()
                await service.store.run(
                    store.begin, account, accounts.hashed(token), house.clock.ms, "a test", []
                )
                made.append(Session(role, login, token))
    return tuple(made)
