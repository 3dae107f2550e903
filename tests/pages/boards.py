"""A board over a small award, with a store in memory and a clock to set."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from config.campaign import Campaign
from gateway import api
from gateway.intake import running
from gateway.intake.running import Running
from gateway.pages import public
from gateway.watching.board import Board
from tally import count
from tally.count import TotalKey, Totals

OPENS, CLOSES = "2018-07-09T08:00:00+08:00", "2018-07-20T18:00:00+08:00"


def ms(stamp: str) -> int:
    """An instant as Unix milliseconds."""
    return int(datetime.fromisoformat(stamp).timestamp() * 1000)


#: A moment in each status; "closed" needs `running.closed` as well.
MOMENTS = {
    "scheduled": ms("2018-07-01T12:00:00+08:00"),
    "open": ms("2018-07-14T12:00:00+08:00"),
    "closing": ms("2018-07-20T18:01:00+08:00"),
    "closed": ms("2018-07-20T20:00:00+08:00"),
}

WINDOW_CONTEST: dict[str, Any] = {
    "id": "window",
    "name": "最美服务窗口",
    "name_en": "Most beautiful service window",
    "seats": 2,
    "caps": [{"per": "campaign", "votes": 1}],
    "candidates": [
        {"code": "A01", "name": "政务大厅社保窗口", "name_en": "Social security desk", "unit": "区人社局"},
        {"code": "A02", "name": "不动产登记窗口", "unit": "区国土局"},
        {"code": "A03", "name": "户籍窗口", "unit": "公安分局", "withdrawn": True},
        {"code": "A10", "name": "办税窗口", "unit": "区税务局"},
    ],
}
STAR_CONTEST: dict[str, Any] = {
    "id": "star",
    "name": "最美服务明星",
    "seats": 1,
    "selections": {"min": 1, "max": 2},
    "caps": [{"per": "day", "votes": 2}, {"per": "candidate", "votes": 1}],
    "candidates": [
        {"code": "B01", "name": "张三", "unit": "区人社局"},
        {"code": "B02", "name": "李四", "unit": "区国土局"},
    ],
}
#: Counted votes by candidate.
VOTES = {"A01": 1200, "A02": 600, "A03": 200, "A10": 600, "B01": 3, "B02": 1}


def campaign(**changes: Any) -> Campaign:
    """The award, with some keys changed."""
    table: dict[str, Any] = {
        "id": "beita-2018",
        "name": "最美服务窗口和最美服务明星评选",
        "name_en": "Most beautiful service windows and stars",
        "timezone": "Asia/Shanghai",
        "publish": "live",
        "numbers": {"sms": "13517420858", "hotline": "0739-5169909"},
        "window": {
            "opens_at": datetime.fromisoformat(OPENS),
            "closes_at": datetime.fromisoformat(CLOSES),
            "grace": "15m",
        },
        "caller": {"region": "CN", "area_code": "0739"},
        "contests": [WINDOW_CONTEST, STAR_CONTEST],
    }
    return Campaign.model_validate(table | changes)


@dataclass
class Store:
    """Totals and snapshots in memory."""

    counted: Totals = field(default_factory=Totals)
    snapshots: list[tuple[int, str]] = field(default_factory=list)

    async def totals(self, campaign: str) -> Mapping[TotalKey, int]:
        return Totals(self.counted)

    async def snapshot(self, campaign: str) -> tuple[int, str] | None:
        return self.snapshots[-1] if self.snapshots else None

    async def add_snapshot(self, campaign: str, due_ms: int, standings: str) -> None:
        self.snapshots.append((due_ms, standings))

    def vote(self, contest: str, candidate: str, votes: int = 1) -> None:
        """Counted votes, every third by telephone."""
        for vote in range(votes):
            channel = "sms" if vote % 3 else "hotline"
            count.add_messages(self.counted, channel, "counted", [(contest, candidate, "counted")])


@dataclass
class Stage:
    """Campaigns, their board, and the hands that move them."""

    campaigns: list[Running]
    store: Store = field(default_factory=Store)
    now_ms: int = MOMENTS["open"]
    commits: int = 0
    board: Board = field(init=False)

    def __post_init__(self) -> None:
        self.board = Board(
            self.store, {one.id: one for one in self.campaigns}, lambda: self.commits, lambda: self.now_ms
        )

    @property
    def running(self) -> Running:
        return self.campaigns[0]

    def vote(self, contest: str, candidate: str, votes: int = 1) -> None:
        """Votes, and their commit. The board shows them when it is refreshed."""
        self.store.vote(contest, candidate, votes)
        self.commits += 1

    async def at(self, status: str) -> None:
        """Move to a moment of that status."""
        self.now_ms = MOMENTS[status]
        self.running.closed = status == "closed"
        await self.board.refresh()


def stage(*campaigns: Campaign, votes: Mapping[str, int] = VOTES) -> Stage:
    """The award (or others) on stage with `votes` counted. The board is not refreshed yet."""
    built = Stage([running.run(one, bytes(range(32))) for one in campaigns or (campaign(),)])
    for contest in built.running.campaign.contests:
        for candidate in contest.candidates:
            if number := votes.get(candidate.code, 0):
                built.store.vote(contest.id, candidate.code, number)
    return built


TOKEN = b"a-token-of-the-committee"
BEARER = {"Authorization": f"Bearer {TOKEN.decode()}"}

Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def client(
    stage: Stage,
    final: Callable[[Running], bool] = lambda _: False,
    streams: int = 10,
    ping_seconds: float = 15.0,
) -> AsyncIterator[Client]:
    """A real server over the stage, and a client of it. Streams have ended when it closes."""
    app = web.Application()
    public.set_up(app)
    app.add_routes(public.routes(stage.board, final, streams, ping_seconds))
    app.add_routes(api.routes(stage.board, TOKEN, ping_seconds))
    async with TestClient(TestServer(app)) as opened:
        yield opened
        await stage.board.stop()


async def next_event(stream: ClientResponse) -> str | None:
    """The data of the next event, None if the stream has ended."""
    async for line in stream.content:
        if line.startswith(b"data: "):
            return line.removeprefix(b"data: ").decode().strip()
    return None
