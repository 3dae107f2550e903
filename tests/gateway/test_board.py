"""What the public sees, and when: each publish mode against a clock that is set, over a real store."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from config import load
from gateway.intake.inbound import Inbound
from gateway.service import Service
from gateway.storage.store import Unavailable
from gateway.watching.board import Board
from tests.conftest import CLOSES_MS, OPENS_MS, SETTLED_MS, House
from tests.pages import boards
from tests.pages.boards import Stage, stage

CAMPAIGN = "beita-2018"
SECOND, DAY = 1000, 24 * 3_600_000

T = TypeVar("T")


def at(text: str) -> int:
    """A moment in Shanghai."""
    return int(datetime.fromisoformat(f"{text}+08:00").timestamp() * 1000)


def publishing(house: House, how: str) -> House:
    house.edit(house.campaign, 'publish = "live"', f'publish = "{how}"')
    return house


@asynccontextmanager
async def board_of(house: House) -> AsyncIterator[tuple[Board, Service]]:
    """A service and its board, not running: the test refreshes it."""
    async with house.service() as counting:
        board = Board(counting.store, counting.campaigns, lambda: counting.recorder.version, house.clock)
        await board.refresh()
        yield board, counting


async def vote(counting: Service, caller: int, code: str = "A01") -> None:
    (landed,) = await counting.take(
        counting.sources["sim"], [Inbound(f"m{caller}", f"138{caller:08d}", code)]
    )
    assert landed.outcome == "counted"


def votes(shown: dict[str, Any] | None) -> int | None:
    """The votes for the first contest in what the public sees, None if it sees nothing."""
    return None if shown is None else shown["contests"][0]["votes"]


async def seen(board: Board, house: House, ms: int) -> int | None:
    """What the public sees at a moment."""
    house.clock.ms = ms
    await board.refresh()
    shown = board.public(CAMPAIGN)
    assert shown is None or "balance" not in shown, "how messages ended is not for the public"
    return votes(shown)


async def close(house: House, counting: Service) -> None:
    house.clock.ms = SETTLED_MS + 1
    await counting.schedule.tick()


async def test_live(house: House) -> None:
    house.clock.ms = OPENS_MS - 1
    async with board_of(publishing(house, "live")) as (board, counting):
        assert await seen(board, house, OPENS_MS - 1) is None, "nothing before the window"
        assert await seen(board, house, OPENS_MS) == 0
        await vote(counting, 1)
        assert votes(board.public(CAMPAIGN)) == 0, "until the next look"
        assert await seen(board, house, OPENS_MS + SECOND) == 1
        assert await seen(board, house, CLOSES_MS) == 1
        await close(house, counting)
        assert await seen(board, house, SETTLED_MS + 2) == 1


async def test_after_close(house: House) -> None:
    async with board_of(publishing(house, "after_close")) as (board, counting):
        await vote(counting, 1)
        for ms in (OPENS_MS, CLOSES_MS - 1, CLOSES_MS, SETTLED_MS, SETTLED_MS + 1):
            assert await seen(board, house, ms) is None, "not in the window, nor in its grace"
        await close(house, counting)
        assert await seen(board, house, SETTLED_MS + 1) == 1


async def test_never(house: House) -> None:
    async with board_of(publishing(house, "never")) as (board, counting):
        await vote(counting, 1)
        for ms in (OPENS_MS, CLOSES_MS, SETTLED_MS):
            assert await seen(board, house, ms) is None
        await close(house, counting)
        assert await seen(board, house, SETTLED_MS + DAY) is None
        assert board.standings(CAMPAIGN)["contests"][0]["votes"] == 1, "the committee sees it"


async def test_daily_shows_a_snapshot_of_its_time(house: House) -> None:
    async with board_of(publishing(house, "daily at 20:00")) as (board, counting):
        assert await seen(board, house, at("2018-07-09T19:59:59.999")) is None, "nothing before the first"
        await vote(counting, 1)
        assert await seen(board, house, at("2018-07-09T19:59:59.999")) is None
        assert await seen(board, house, at("2018-07-09T20:00:00")) == 1
        await vote(counting, 2)
        assert await seen(board, house, at("2018-07-09T20:00:01")) == 1, "of 20:00, until the next"
        assert board.standings(CAMPAIGN)["contests"][0]["votes"] == 2
        assert await seen(board, house, at("2018-07-10T00:00:00")) == 1
        assert await seen(board, house, at("2018-07-10T19:59:59")) == 1
        assert await seen(board, house, at("2018-07-10T20:00:00")) == 2
        shown = board.public(CAMPAIGN)
        assert shown is not None
        assert shown["as_of"] == "2018-07-10T20:00:00+08:00"


async def test_daily_is_kept_over_a_restart_and_taken_once(house: House) -> None:
    async with board_of(publishing(house, "daily at 20:00")) as (board, counting):
        await vote(counting, 1)
        assert await seen(board, house, at("2018-07-09T20:00:30")) == 1
        await vote(counting, 2)
    async with board_of(house) as (board, counting):
        assert votes(board.public(CAMPAIGN)) == 1, "at once, and not of the time of the start"
        assert await seen(board, house, at("2018-07-10T19:00:00")) == 1
        rows = await counting.store.run(lambda db: db.execute("SELECT count(*) FROM snapshots").fetchall())
        assert rows == [(1,)]


async def test_daily_is_made_up_for_after_a_pause(house: House) -> None:
    async with board_of(publishing(house, "daily at 20:00")) as (board, counting):
        await vote(counting, 1)
    house.clock.ms = at("2018-07-12T09:00:00")
    async with board_of(house) as (board, counting):
        shown = board.public(CAMPAIGN)
        assert votes(shown) == 1
        assert shown is not None
        assert shown["as_of"] == "2018-07-12T09:00:00+08:00", "it says of when it is"
        await vote(counting, 2)
        assert await seen(board, house, at("2018-07-12T19:00:00")) == 1
        assert await seen(board, house, at("2018-07-12T20:00:00")) == 2


async def test_daily_ends_with_the_result(house: House) -> None:
    async with board_of(publishing(house, "daily at 08:00")) as (board, counting):
        assert await seen(board, house, at("2018-07-09T08:00:00")) == 0, "the first as it opens"
        await vote(counting, 1)
        assert await seen(board, house, at("2018-07-20T08:00:00")) == 1
        await vote(counting, 2)
        assert await seen(board, house, CLOSES_MS) == 1, "the last snapshot, while the grace runs"
        await close(house, counting)
        assert await seen(board, house, SETTLED_MS + 1) == 2
        assert await seen(board, house, SETTLED_MS + 3 * DAY) == 2


async def test_each_campaign_by_its_own_rule(house: House) -> None:
    text = house.campaign.read_text("utf-8")
    other = house.folder / "campaigns/other.toml"
    other.write_text(
        text.replace('id = "beita-2018"', 'id = "other"').replace('publish = "live"', 'publish = "never"'),
        "utf-8",
    )
    (house.folder / "secrets/other.key").write_text("0123456789abcdef" * 4)
    (house.folder / "secrets/other.key").chmod(0o600)
    async with board_of(house) as (board, _):
        assert (votes(board.public(CAMPAIGN)), board.public("other")) == (0, None)


# Streams


def soon(waiting: Awaitable[T]) -> Awaitable[T]:
    return asyncio.wait_for(waiting, 5)


async def opened(audience: str = "api") -> tuple[Stage, AsyncIterator[str]]:
    """A board on show, and a stream whose first event has been read."""
    shown = stage()
    await shown.board.refresh()
    stream = shown.board.stream(CAMPAIGN, audience)
    assert json.loads(await soon(anext(stream)))["campaign"] == CAMPAIGN
    return shown, stream


async def test_a_stream_ends_when_stopped_between_two_events() -> None:
    """Nobody waits on the condition just then: the stream must still see that it is over."""
    shown, stream = await opened()
    await shown.board.stop()
    with pytest.raises(StopAsyncIteration):
        await soon(anext(stream))


async def test_a_stream_ends_when_stopped_while_it_waits() -> None:
    shown, stream = await opened()
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await shown.board.stop()
    with pytest.raises(StopAsyncIteration):
        await soon(waiting)


async def test_a_stream_ends_even_with_news_to_tell() -> None:
    shown, stream = await opened()
    shown.vote("window", "A01")
    await shown.board.refresh()
    await shown.board.stop()
    with pytest.raises(StopAsyncIteration):
        await soon(anext(stream))


async def test_a_stream_after_the_stop_is_empty() -> None:
    shown, _ = await opened()
    await shown.board.stop()
    assert [event async for event in shown.board.stream(CAMPAIGN, "api")] == []


async def test_a_stream_says_what_is_new_and_nothing_twice() -> None:
    shown, stream = await opened()
    waiting = asyncio.ensure_future(anext(stream))
    await shown.board.refresh()
    await asyncio.sleep(0.01)
    assert not waiting.done(), "no commit, no event"
    shown.vote("window", "A01", 3)
    await shown.board.refresh()
    event = json.loads(await soon(waiting))
    before = sum(boards.VOTES[code] for code in ("A01", "A02", "A03", "A10"))
    assert event["contests"][0]["votes"] == before + 3
    assert "balance" in event
    for _ in range(3):
        shown.vote("window", "A01")
        await shown.board.refresh()
    latest = json.loads(await soon(anext(stream)))
    assert latest["contests"][0]["votes"] == before + 6, "a slow viewer gets the latest"


async def test_a_public_stream_waits_until_there_is_something_to_see() -> None:
    shown = stage(boards.campaign(publish="after_close"))
    await shown.board.refresh()
    stream = shown.board.stream(CAMPAIGN, "public")
    waiting = asyncio.ensure_future(anext(stream))
    shown.vote("window", "A01")
    await shown.at("closing")
    await asyncio.sleep(0.01)
    assert not waiting.done()
    await shown.at("closed")
    event = json.loads(await soon(waiting))
    assert event["status"] == "closed"
    assert "balance" not in event
    await shown.board.stop()


async def test_all_streams_end_and_so_does_the_board() -> None:
    shown = stage()
    running = asyncio.create_task(shown.board.run())
    await asyncio.sleep(0)

    async def follow(audience: str) -> int:
        return len([event async for event in shown.board.stream(CAMPAIGN, audience)])

    following = [asyncio.create_task(follow("public" if n % 2 else "api")) for n in range(50)]
    await asyncio.sleep(0.05)
    await shown.board.stop()
    assert set(await soon(asyncio.gather(*following))) == {1}
    await soon(running)


async def test_the_board_goes_on_when_the_store_is_there_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a broken database is opened anew, nothing can be read: that must not be the end of the show."""
    monkeypatch.setattr("gateway.watching.board.INTERVAL_SECONDS", 0.01)
    shown = stage()
    await shown.board.refresh()
    running = asyncio.create_task(shown.board.run())
    read = shown.store.totals

    async def broken(_: str) -> object:
        raise Unavailable("the database is closed")

    monkeypatch.setattr(shown.store, "totals", broken)
    shown.vote("window", "A01")
    await asyncio.sleep(0.05)
    monkeypatch.setattr(shown.store, "totals", read)
    stream = shown.board.stream(CAMPAIGN, "api")
    before = json.loads(await soon(anext(stream)))["contests"][0]["votes"]
    while (now := json.loads(await soon(anext(stream)))["contests"][0]["votes"]) == before:
        pass
    assert now == before + 1
    await shown.board.stop()
    await soon(running)


def test_the_sample_publishes_after_the_close() -> None:
    shipped = Path(load.__file__).parent / "campaigns/beita-2018.toml"
    assert load.campaign(shipped).publish.mode == "after_close"
