"""The pages for people over a small award: a board with a pulse, and whoever is signed in."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from config.campaign import Campaign
from gateway.intake.source import Source
from gateway.pages import guard, live, public
from gateway.pages.arrival import Door
from gateway.pages.figures import VIEWS
from gateway.pages.guard import Office
from gateway.people.roles import Role, SignedIn
from gateway.watching.board import Board
from gateway.watching.pulse import Pulse
from gateway.watching.vitals import MINUTE_MS
from tests.pages import boards
from tests.pages.boards import Client, Stage
from tests.pages.reading import Page

#: Tokens of sessions, by who is in them.
PEOPLE = {
    "committee": SignedIn("wang", "王主任", Role.COMMITTEE),
    "observer": SignedIn("guan", "关观察", Role.OBSERVER),
    "operator": SignedIn("jie", "接线员", Role.OPERATOR),
    "administrator": SignedIn("guanli", "管理员", Role.ADMINISTRATOR),
    "elsewhere": SignedIn("li", "李委员", Role.COMMITTEE, ("other",)),
}


class Sessions:
    """Who is signed in: a token each, until it is revoked."""

    def __init__(self) -> None:
        self.people = dict(PEOPLE)
        self.active: list[bool] = []

    async def who(self, token: str, *, active: bool = True) -> SignedIn | None:
        self.active.append(active)
        return self.people.get(token)

    def over(self, _: str) -> asyncio.Event:
        return asyncio.Event()


@dataclass
class Room:
    """A stage with sources that were heard. `minutes` are rows of the projection."""

    stage: Stage
    sources: dict[str, Source]
    minutes: list[tuple[int, str, int, int]] = field(default_factory=list)
    queued: int = 0
    unready: Sequence[str] = ()
    found: Mapping[str, int] = field(default_factory=dict)
    sessions: Sessions = field(default_factory=Sessions)
    read: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pulse = Pulse(self._tempo, self.sources, lambda: self.queued, lambda: self.unready)
        self.stage.board = Board(
            self.stage.store,
            {one.id: one for one in self.stage.campaigns},
            lambda: self.stage.commits,
            lambda: self.stage.now_ms,
            self.pulse,
            VIEWS,
        )

    async def _tempo(self, campaign: str, since_ms: int) -> list[tuple[int, str, int, int]]:
        self.read.append(since_ms)
        return [row for row in self.minutes if row[0] >= since_ms]

    def hear(self, source: str, ago: Iterable[int], counted: int = 1, others: int = 0) -> None:
        """A source was heard so many minutes ago."""
        now = self.stage.now_ms // MINUTE_MS * MINUTE_MS
        self.minutes += [(now - minutes * MINUTE_MS, source, counted, others) for minutes in ago]
        self.stage.commits += 1


def room(*campaigns: Campaign, votes: Mapping[str, int] = boards.VOTES, **settings: Any) -> Room:
    """The award with an SMS source ("sim") and a hotline's ("desk"), both of the first campaign."""
    stage = boards.stage(*campaigns, votes=votes)
    numbering = stage.running.campaign.caller.numbering()
    sources = {
        name: Source(name, kind, channel, stage.running, "arrival", numbering, **settings)
        for name, kind, channel in (("sim", "kannel", "sms"), ("desk", "desk", "hotline"))
    }
    return Room(stage, sources)  # type: ignore[arg-type]


@asynccontextmanager
async def client(room: Room, who: str | None = "committee", **options: Any) -> AsyncIterator[Client]:
    """A real server over the room, and a browser in which `who` is signed in."""
    board = room.stage.board
    routes = live.routes(board, room.pulse, room.found, lambda: room.stage.now_ms, **options)
    async with visit(board, routes, who, room.sessions) as opened:
        yield opened


@asynccontextmanager
async def visit(
    board: Board, routes: Iterable[web.RouteDef], who: str | None, sessions: Sessions | None = None
) -> AsyncIterator[Client]:
    """A real server with these routes, and a browser in which `who` is signed in. Streams end with it."""
    app = web.Application()
    app[guard.OFFICE] = Office(sessions or Sessions(), board.campaigns(), Door(None, insecure_http=True), ())
    public.set_up(app)
    app.add_routes([*public.routes(board), *routes])
    guard.check(app)
    cookies = {} if who is None else {"televote-plain": who}
    async with TestClient(TestServer(app), cookies=cookies) as opened:
        yield opened
        await board.stop()


async def token(client: Client, path: str) -> str:
    """The token for the forms of a page."""
    page = Page(await (await client.get(path)).text())
    return page.all("meta", name="csrf")[0]["content"]


async def post(client: Client, path: str, at: str, **fields: str) -> ClientResponse:
    """Send a form of the page `at`, as a browser does."""
    url = client.make_url(path)
    return await client.post(
        path,
        data={"csrf": await token(client, at), **fields},
        headers={"Origin": f"http://{url.host}:{url.port}"},
        allow_redirects=False,
    )
