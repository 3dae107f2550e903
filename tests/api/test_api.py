"""The committee's API: who gets in, what they see, and how they hear of changes."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from gateway import api
from gateway.pages import events
from tests.pages import boards

CAMPAIGNS = "/api/campaigns"
STANDINGS = "/api/campaigns/beita-2018/standings"
STREAM = "/api/campaigns/beita-2018/standings/stream"
PATHS = [CAMPAIGNS, STANDINGS, STREAM]

RIGHT = b"Authorization: Bearer " + boards.TOKEN

#: Header lines as they come, and whether they let in.
HEADERS = {
    "right": ([RIGHT], True),
    "scheme in small letters": ([b"Authorization: bearer " + boards.TOKEN], True),
    "name in small letters": ([b"authorization: Bearer " + boards.TOKEN], True),
    "two spaces": ([b"Authorization: Bearer  " + boards.TOKEN], True),
    "none": ([], False),
    "empty": ([b"Authorization:"], False),
    "only the scheme": ([b"Authorization: Bearer"], False),
    "scheme and a space": ([b"Authorization: Bearer "], False),
    "another scheme": ([b"Authorization: Basic " + boards.TOKEN], False),
    "no scheme": ([b"Authorization: " + boards.TOKEN], False),
    "another token": ([b"Authorization: Bearer another"], False),
    "a longer token": ([RIGHT + b"x"], False),
    "a shorter token": ([RIGHT[:-1]], False),
    "in capitals": ([b"Authorization: Bearer " + boards.TOKEN.upper()], False),
    "bytes that are no text": ([b"Authorization: Bearer \xff\xfe\x80"], False),
    "a scheme that is no text": ([b"Authorization: \xff\xfe " + boards.TOKEN], False),
    "Chinese": (["Authorization: Bearer 投票".encode()], False),
    "twice": ([RIGHT, RIGHT], False),
    "right and wrong": ([RIGHT, b"Authorization: Bearer another"], False),
    "very long": ([b"Authorization: Bearer " + b"x" * 8_000], False),
    "in another header": ([b"X-Authorization: Bearer " + boards.TOKEN], False),
}


async def ask(client: boards.Client, path: str, lines: list[bytes]) -> tuple[int, bytes]:
    """Status, and head and body as far as they came, of a request with exactly these header lines."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    request = [f"GET {path} HTTP/1.1".encode(), b"Host: localhost", b"Connection: close", *lines]
    writer.write(b"\r\n".join(request) + b"\r\n\r\n")
    answer = await reader.readuntil(b"\r\n\r\n")
    if b"event-stream" not in answer:
        answer += await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(answer.split()[1]), answer


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", HEADERS)
async def test_who_gets_in(name: str, path: str) -> None:
    lines, admitted = HEADERS[name]
    stage = boards.stage(votes={})
    await stage.board.refresh()
    async with boards.client(stage) as client:
        status, answer = await ask(client, path, lines)
    assert status == (200 if admitted else 401)
    if not admitted:
        assert b'WWW-Authenticate: Bearer realm="televote"' in answer
        assert answer.endswith(b'{"error":"unauthorized"}')


def test_no_token_no_api() -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        api.routes(boards.stage(votes={}).board, b"")


@pytest.mark.parametrize("path", ["/api/campaigns/other/standings", "/api/campaigns/other/standings/stream"])
async def test_unknown_campaign(path: str) -> None:
    stage = boards.stage(votes={})
    await stage.board.refresh()
    async with boards.client(stage) as client:
        answer = await client.get(path, headers=boards.BEARER)
        assert (answer.status, await answer.json()) == (404, {"error": "unknown_campaign"})
        stranger = await client.get(path)
        assert stranger.status == 401, "a stranger is not told which campaigns there are"


@pytest.mark.parametrize("path", [*PATHS, "/api/campaigns/other/standings"])
@pytest.mark.parametrize("headers", [{}, boards.BEARER], ids=["stranger", "committee"])
async def test_headers(path: str, headers: dict[str, str]) -> None:
    stage = boards.stage(votes={})
    await stage.board.refresh()
    async with boards.client(stage) as client:
        answer = await client.get(path, headers=headers | {"Origin": "https://example.org"})
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
        answer.close()


async def test_campaigns() -> None:
    stage = boards.stage(boards.campaign(), boards.campaign(id="other", name="另一个评选"))
    await stage.at("open")
    async with boards.client(stage) as client:
        answer = await client.get(CAMPAIGNS, headers=boards.BEARER)
        assert await answer.json() == {
            "campaigns": [
                {"id": "beita-2018", "name": "最美服务窗口和最美服务明星评选", "status": "open"},
                {"id": "other", "name": "另一个评选", "status": "open"},
            ]
        }


@pytest.mark.parametrize("publish", ["live", "daily at 20:00", "after_close", "never"])
async def test_standings_are_the_boards_whatever_the_public_sees(publish: str) -> None:
    stage = boards.stage(boards.campaign(publish=publish))
    await stage.at("open")
    async with boards.client(stage) as client:
        answer = await client.get(STANDINGS, headers=boards.BEARER)
        assert answer.content_type == "application/json"
        standings = await answer.json()
    assert standings == stage.board.standings("beita-2018")
    assert standings["balance"]["balanced"]
    assert [row["rank"] for row in standings["contests"][0]["candidates"]] == [1, 2, 2, None]


async def test_stream_begins_with_the_standings_and_says_when_to_come_back() -> None:
    stage = boards.stage()
    await stage.board.refresh()
    async with boards.client(stage) as client:
        stream = await client.get(STREAM, headers=boards.BEARER)
        assert stream.content_type == "text/event-stream"
        retry = (await stream.content.readline()).decode().strip()
        fastest, slowest = events.RETRY_MS
        assert fastest <= int(retry.removeprefix("retry: ")) < slowest
        event = await boards.next_event(stream)
        assert event is not None
        assert json.loads(event) == stage.board.standings("beita-2018")
        stream.close()


async def test_many_changes_within_a_second_are_at_most_two_events() -> None:
    stage = boards.stage(votes={})
    await stage.board.refresh()
    async with boards.client(stage) as client:
        stream = await client.get(STREAM, headers=boards.BEARER)
        assert await boards.next_event(stream) is not None
        showing = asyncio.create_task(stage.board.run())
        for _ in range(100):
            stage.vote("window", "A01")
            await asyncio.sleep(0.003)
        heard: list[dict[str, Any]] = []
        while not heard or heard[-1]["contests"][0]["votes"] < 100:
            heard.append(json.loads(await boards.next_event(stream) or "null"))
        assert len(heard) <= 2
        await stage.board.stop()
        assert await boards.next_event(stream) is None
        await showing


@pytest.mark.parametrize("path", [STREAM, "/campaigns/beita-2018/events"])
@pytest.mark.parametrize("publish", ["live", "never"])
async def test_streams_end_at_once_when_the_board_stops(path: str, publish: str) -> None:
    stage = boards.stage(boards.campaign(publish=publish))
    await stage.board.refresh()
    async with boards.client(stage) as client:
        streams = [await client.get(path, headers=boards.BEARER) for _ in range(5)]
        for stream in streams:
            await stream.content.readline()
        await asyncio.sleep(0.05)
        await stage.board.stop()
        async with asyncio.timeout(1):
            for stream in streams:
                await stream.content.read()


async def test_a_quiet_stream_is_kept_alive() -> None:
    stage = boards.stage()
    await stage.board.refresh()
    async with boards.client(stage, ping_seconds=0.05) as client:
        stream = await client.get(STREAM, headers=boards.BEARER)
        async with asyncio.timeout(2):
            await stream.content.readuntil(b": ping")
        stream.close()


async def test_a_viewer_who_left_before_the_stream_began_is_no_error() -> None:
    stage = boards.stage()
    await stage.board.refresh()
    request = make_mocked_request("GET", STREAM)
    request.protocol.transport = None
    answer = await events.relay(request, stage.board.stream("beita-2018", "api"), {}, 15)
    assert not answer.prepared


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_only_get(method: str, path: str) -> None:
    stage = boards.stage(votes={})
    await stage.board.refresh()
    async with boards.client(stage) as client:
        answer = await client.request(method, path, headers=boards.BEARER)
        assert answer.status == web.HTTPMethodNotAllowed.status_code
