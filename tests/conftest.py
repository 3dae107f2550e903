"""A house to test in: a real campaign folder, a real database, a real server, and a clock we set."""

import asyncio
import base64
import hmac
import json
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import hypothesis
import pytest
import structlog
from aiohttp import ClientSession

from config import load
from config.load import Loaded
from gateway import app, service, setup
from gateway.app import Server
from gateway.pages import cookies, guard
from gateway.people import accounts, store
from gateway.people.roles import Role
from gateway.service import Service
from gateway.storage.postgresql.session import Address
from gateway.storage.postgresql.store import open_store
from gateway.watching.watch import Metrics
from tests import postgres as own

for _name in [name for name in os.environ if name.startswith("TELEVOTE_")]:
    del os.environ[_name]

# The same examples in every run: what fails is what was changed. `DRAW_ANEW=1 make test` draws others.
hypothesis.settings.register_profile("same", derandomize=True)
if not os.environ.get("DRAW_ANEW"):
    hypothesis.settings.load_profile("same")

#: `TEST_ENGINE=postgresql make test` has every house on PostgreSQL that is not told otherwise.
_ENGINE = os.environ.get("TEST_ENGINE", "sqlite")

#: 2018-07-09 08:00 in Shanghai, and the close of the shipped sample.
OPENS_MS, CLOSES_MS = 1_531_094_400_000, 1_532_080_800_000
GRACE_MS, SETTLED_MS = 15 * 60_000, CLOSES_MS + 24 * 3_600_000


def pytest_xdist_auto_num_workers() -> int:
    """One more than cores: tests of processes, browsers and disks wait for a third of their time."""
    return len(os.sched_getaffinity(0)) + 1


@dataclass
class Clock:
    """A clock that stands where it is put."""

    ms: int = OPENS_MS + 3_600_000

    def __call__(self) -> int:
        return self.ms


@dataclass
class House:
    """A set-up folder. `clock` is the gateway's."""

    folder: Path
    clock: Clock = field(default_factory=Clock)

    @property
    def settings(self) -> Path:
        return self.folder / "televote.toml"

    @property
    def campaign(self) -> Path:
        return self.folder / "campaigns/beita-2018.toml"

    @property
    def database(self) -> Path:
        return self.folder / "televote.db"

    def load(self) -> Loaded:
        return load.everything(self.settings, {})

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text().strip()

    def edit(self, file: Path, old: str, new: str) -> None:
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")

    def move_to(self, url: str) -> None:
        """Have another database."""
        self.settings.write_text(f'{self.settings.read_text("utf-8")}\n[storage]\nurl = "{url}"\n', "utf-8")

    def sql(self, sql: str, *parameters: Any) -> list[Any]:
        """What one of our statements answers, or does, on whichever engine, beside the service."""
        storage = self.load().settings.storage
        if storage.url and storage.is_postgresql:
            return own.sql(storage.url, sql, *parameters)
        with closing(sqlite3.connect(self.database)) as db, db:
            return db.execute(sql, parameters).fetchall()

    @asynccontextmanager
    async def service(self) -> AsyncIterator[Service]:
        async with service.open_service(self.load(), Metrics(), self.clock) as counting:
            yield counting

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["Visitor"]:
        async with app.serve(self.load(), self.clock) as server, ClientSession() as session:
            yield Visitor(self, server, session)


@dataclass
class Visitor:
    """Whoever sends something to a running server."""

    house: House
    server: Server
    session: ClientSession

    @property
    def service(self) -> Service:
        return self.server.service

    async def kannel(self, caller: str, text: str, name: str = "", **query: str) -> int:
        """A message by the SIM's relay; returns the HTTP status."""
        named = {"id": name} if name else {}
        asked = urlencode({**named, "from": caller, "text": text, "coding": "0", "charset": "UTF-8", **query})
        url = f"{self.server.url}/in/sim/{self.house.secret('sim.token')}?{asked}"
        async with self.session.get(url) as response:
            return response.status

    def signed(self, body: bytes, name: str) -> Mapping[str, str]:
        """Standard Webhooks headers for a body, as our own relay would make them."""
        secret = base64.b64decode(self.house.secret("sms.secret").removeprefix("whsec_"))
        at = self.house.clock.ms // 1000
        signature = base64.b64encode(hmac.digest(secret, f"{name}.{at}.".encode() + body, "sha256")).decode()
        return {"webhook-id": name, "webhook-timestamp": str(at), "webhook-signature": f"v1,{signature}"}

    async def send(self, body: bytes, name: str) -> int:
        """A signed body, whatever is in it; returns the HTTP status."""
        async with self.session.post(
            f"{self.server.url}/in/sms", data=body, headers=self.signed(body, name)
        ) as response:
            return response.status

    async def vote(self, caller: str, text: str, name: str) -> int:
        """A vote by our own relay; returns the HTTP status."""
        return await self.send(
            json.dumps(
                {
                    "type": "vote.received",
                    "timestamp": "2018-07-09T09:00:00+08:00",
                    "data": {"from": caller, "text": text},
                }
            ).encode(),
            name,
        )

    async def get(self, path: str, token: bool = False) -> tuple[int, str]:
        """Any page; returns status and text."""
        headers = {"Authorization": f"Bearer {self.house.secret('api.token')}"} if token else {}
        async with self.session.get(self.server.url + path, headers=headers) as response:
            return response.status, await response.text()

    async def outcomes(self) -> dict[str, int]:
        """How many messages ended how, from the store."""
        totals = await self.service.store.totals("beita-2018")
        counted: dict[str, int] = {}
        for key, count in totals.items():
            if key.subject == "message":
                counted[key.outcome] = counted.get(key.outcome, 0) + count
        return counted

    async def sign_in(
        self, role: Role, login: str = "", campaigns: Sequence[str] = (), name: str = ""
    ) -> "Staff":
        """Somebody of that role, signed in: an account of that login is made if there is none.

        Their session is a real one; only the password is left out, which takes its time.
        """
        people, login = self.server.people, login or f"the-{role}"
        assert people is not None
        if login not in {one.account.login for one in await people.accounts.listed()}:
            await people.accounts.add(login, name or f"{role} {login}", role, campaigns, by="the tests")
        account, token = await people.accounts.named(login), cookies.fresh()
        await self.service.store.run(
            store.begin, account, accounts.hashed(token), self.house.clock.ms, "a test", []
        )
        return Staff(self, role, login, token)


class Answer(NamedTuple):
    """What a page answered. Redirects are not followed: `location` is where they lead."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Staff:
    """Somebody who is signed in, with the cookie of their session."""

    visitor: Visitor
    role: Role
    login: str
    token: str

    @property
    def csrf(self) -> str:
        return guard.csrf_of(self.token)

    @property
    def cookies(self) -> dict[str, str]:
        return {"televote-plain": self.token}

    async def ask(self, method: str, path: str, headers: Mapping[str, str] = {}, **how: Any) -> Answer:
        """Any request, with the cookie and whatever else is given, and nothing else."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        async with self.visitor.session.request(
            method,
            self.visitor.server.url + path,
            headers={"Cookie": cookie, **headers},
            allow_redirects=False,
            **how,
        ) as response:
            return Answer(response.status, await response.text(), response.headers)

    async def get(self, path: str, **headers: str) -> Answer:
        """A page, as a browser asks for it."""
        return await self.ask("GET", path, {"Accept": "text/html", **headers})

    async def post(self, path: str, **fields: str) -> Answer:
        """A form of ours, sent."""
        headers = {"Accept": "text/html", "Origin": self.visitor.server.url}
        return await self.ask("POST", path, headers, data={"csrf": self.csrf, **fields})

    async def script(self, path: str, value: Any) -> Answer:
        """JSON, sent by a script of ours."""
        headers = {
            "Accept": "application/json",
            "Origin": self.visitor.server.url,
            "X-CSRF-Token": self.csrf,
        }
        return await self.ask("POST", path, headers, json=value)


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A test that sets up the logs does so for itself: its stream is gone after it."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Iterator[own.Server]:
    """A PostgreSQL server for the tests of one process."""
    with own.cluster() as server:
        server.sql("CREATE DATABASE televote")
        asyncio.run(_bring_up(server.url("televote")))
        yield server


async def _bring_up(url: str) -> None:
    async with open_store(Address(url, None, "n1")):
        pass


@pytest.fixture
def house(tmp_path: Path, request: pytest.FixtureRequest) -> House:
    """The shipped sample as it was in 2018, one hour after its opening."""
    folder = tmp_path / "var"
    dates = setup.Dates(
        datetime.fromisoformat("2018-07-09T08:00:00+08:00"),
        datetime.fromisoformat("2018-07-20T18:00:00+08:00"),
    )
    setup.write(folder, dates, "127.0.0.1:0")
    made = House(folder)
    if getattr(request, "param", _ENGINE) == "postgresql":
        server: own.Server = request.getfixturevalue("postgres")
        made.move_to(server.url(server.fresh("televote")))
    return made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module with `ENGINES` has its houses on each of them; a test marked `on_sqlite` on that alone."""
    engines = getattr(metafunc.module, "ENGINES", ())
    told = metafunc.definition.get_closest_marker("on_sqlite")
    if engines and "house" in metafunc.fixturenames and not told:
        metafunc.parametrize("house", engines, indirect=True)


def standings_of(text: str) -> dict[str, Any]:
    """Candidate code -> votes."""
    return {
        one["code"]: one["votes"] for contest in json.loads(text)["contests"] for one in contest["candidates"]
    }
