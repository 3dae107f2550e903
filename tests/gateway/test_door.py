"""The door: what it lets in, what it refuses, and that it never answers 5xx but 503."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Mapping

import pytest

from gateway.intake import receive
from gateway.intake.receive import RETRY_SECONDS
from gateway.lane import Lane
from tests.conftest import House, Visitor, standings_of


async def test_a_vote_is_counted_once_and_answered_alike(house: House) -> None:
    async with house.serve() as visitor:
        assert await visitor.vote("13812345678", "A01", "m1") == 200
        assert await visitor.vote("13812345678", "A01", "m1") == 200, "a redelivery"
        assert await visitor.vote("+86 138 1234 5678", "A02", "m2") == 200, "a repeat by another spelling"
        assert await visitor.kannel("008613812345678", "B03", "k1") == 200, (
            "the other contest, by another source"
        )
        assert await visitor.outcomes() == {"counted": 2, "repeat": 1}
        _, text = await visitor.get("/api/campaigns/beita-2018/standings", token=True)
        await visitor.server.board.refresh()
        _, text = await visitor.get("/api/campaigns/beita-2018/standings", token=True)
        assert {code: votes for code, votes in standings_of(text).items() if votes} == {"A01": 1, "B03": 1}
        assert json.loads(text)["balance"]["balanced"] is True


async def test_many_at_once_from_one_caller_count_once(house: House) -> None:
    async with house.serve() as visitor:
        votes = [visitor.vote("13812345678", f"A{n % 11 + 1:02d}", f"m{n}") for n in range(64)]
        assert set(await asyncio.gather(*votes)) == {200}
        assert await visitor.outcomes() == {"counted": 1, "repeat": 63}


async def test_the_same_message_at_once_is_one_message(house: House) -> None:
    async with house.serve() as visitor:
        assert set(await asyncio.gather(*(visitor.vote("13812345678", "A01", "m1") for _ in range(40)))) == {
            200
        }
        assert await visitor.outcomes() == {"counted": 1}


async def test_what_there_is_no_room_for_is_refused_before_it_is_read(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """Genuine or not: nobody is told which, and it costs no time. The log has one line, not hundreds."""
    narrow(house)
    async with house.serve() as visitor:

        async def forge() -> int:
            async with visitor.session.post(f"{visitor.server.url}/in/sms", data=b"{}") as answer:
                if answer.status == 503:
                    assert answer.headers["Retry-After"] == str(RETRY_SECONDS)
                    assert await answer.json() == {"error": "busy"}
                return answer.status

        votes = [visitor.vote(f"138123{n:05d}", "A01", f"m{n}") for n in range(40)]
        ended = await asyncio.gather(*votes, *(forge() for _ in range(40)))
        genuine, forged = Counter(ended[:40]), Counter(ended[40:])
        assert genuine.keys() == {200, 503}
        assert forged.keys() <= {401, 503}
        assert forged[503]
        assert await visitor.outcomes() == {"counted": genuine[200]}
        shed = genuine[503] + forged[503]
        told = list[int]()
        async with asyncio.timeout(10):
            while sum(told) < shed:
                await asyncio.sleep(0.1)
                told += [int(n) for n in re.findall(r" shed .*requests=(\d+)", capsys.readouterr().out)]
        assert sum(told) == shed
        assert len(told) < 5
        busy = f'televote_requests_total{{reason="busy",source="sms",status="503"}} {shed:.1f}'
        assert busy in (await visitor.get("/metrics", token=True))[1]


async def test_who_asks_again_at_once_leaves_time_for_votes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refusals have a rate of their own, however many ask."""
    monkeypatch.setattr(receive, "_SHEDS_PER_SECOND", 100)
    narrow(house)
    async with house.serve() as visitor:
        begun = asyncio.get_running_loop().time()
        ended = Counter(
            await asyncio.gather(*(visitor.vote("13812345678", "A01", f"m{n}") for n in range(60)))
        )
        took = asyncio.get_running_loop().time() - begun
        assert ended.keys() == {200, 503}
        assert took > ended[503] / 100 - 0.02


def narrow(house: House) -> None:
    """Let one message wait at a time."""
    house.edit(house.settings, "[api]", "[limits]\nqueue_messages = 1\nbatch_messages = 1\n\n[api]")


async def test_who_cannot_be_answered_costs_nobody_else_an_answer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are answered in a row, as soon as they are on disk: the connection of one may be in any state."""
    answered, answer = 0, Lane._answer

    def breaking(lane: Lane, whole: bytes, keep: bool) -> None:
        nonlocal answered
        answered += 1
        if answered == 3:
            assert lane.transport is not None
            lane.transport.abort()
            raise RuntimeError("this connection is broken")
        answer(lane, whole, keep)

    async with house.serve() as visitor:
        monkeypatch.setattr(Lane, "_answer", breaking)
        votes = [visitor.vote(f"138123{n:05d}", "A01", f"m{n}") for n in range(20)]
        ended = await asyncio.gather(*votes, return_exceptions=True)
        assert ended.count(200) == 19
        assert await visitor.vote("13812399999", "A01", "later") == 200
        assert await visitor.outcomes() == {"counted": 21}, "what was not answered is recorded all the same"


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("POST", "/in/nobody", {}, b"", 404),
        ("POST", "/in/sms/token-that-is-not-asked-for", {}, b"", 404),
        ("GET", "/in/sim", {}, b"", 403),
        ("GET", "/in/sim/wrong", {}, b"", 403),
        ("GET", "/in/sim/%ff%00", {}, b"", 403),
        ("DELETE", "/in/sms", {}, b"", 405),
        ("POST", "/in/sms", {}, b"{}", 401),
        ("POST", "/in/sms", {"Content-Encoding": "gzip"}, b"x", 415),
        ("POST", "/in/sms", {}, b"x" * 70_000, 413),
        (
            "POST",
            "/in/sms",
            {"webhook-id": "\u00e9", "webhook-timestamp": "x", "webhook-signature": "v1"},
            b"x",
            403,
        ),
    ],
)
async def test_what_is_refused_leaves_no_row(
    house: House, method: str, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    async with house.serve() as visitor:
        async with visitor.session.request(
            method, visitor.server.url + path, headers=headers, data=body or None
        ) as got:
            assert got.status == status
            assert "error" in await got.json()
        assert await visitor.outcomes() == {}


async def _raw(visitor: Visitor, *sent: bytes | float) -> bytes:
    """Bytes and pauses in a connection of our own; returns all that came back."""
    host, port = visitor.server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for one in sent:
        if isinstance(one, float):
            await asyncio.sleep(one)
        else:
            writer.write(one)
            await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


async def test_a_slow_body_is_cut_off(house: House) -> None:
    house.edit(house.settings, "[api]", "[limits]\nread_seconds = 0.3\n\n[api]")
    async with house.serve() as visitor:
        started = asyncio.get_running_loop().time()
        answer = await _raw(
            visitor, b"POST /in/sms HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n", b"drip"
        )
        assert answer.startswith(b"HTTP/1.1 503"), answer
        assert b"Connection: close" in answer, answer
        assert b"Retry-After: " in answer, answer
        assert asyncio.get_running_loop().time() - started < 5
        assert await visitor.vote("13812345678", "A01", "m1") == 200


async def test_a_sender_who_waits_to_be_told_so_is_told_to_send_the_body(house: House) -> None:
    body = b'{"type":"vote.received","data":{"from":"13812345678","text":"A01"}}'
    async with house.serve() as visitor:

        async def post(name: str, headers: Mapping[str, str]) -> int:
            url = f"{visitor.server.url}/in/{name}"
            async with visitor.session.post(url, data=body, headers=headers, expect100=True) as answer:
                return answer.status

        async with asyncio.timeout(2.5):  # aiohttp's client waits for ever; we, for a body, three seconds
            assert await post("sms", visitor.signed(body, "m1")) == 200
            assert await post("sms", visitor.signed(body, "m1")) == 200
            assert await post("sms", {}) == 401
            assert await post("nobody", {}) == 404
        assert await visitor.outcomes() == {"counted": 1}


async def test_an_endless_chunked_body_is_cut_off(house: House) -> None:
    async with house.serve() as visitor:
        head = b"POST /in/sms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        answer = await _raw(
            visitor, head, b"8000\r\n" + b"x" * 0x8000 + b"\r\n" + b"9000\r\n" + b"x" * 0x9000 + b"\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 413"), answer


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /in/sms HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /in/sms HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
        b"POST /in/sms HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /in/sms HTTP/1.1\r\nHost : x\r\n\r\n",
        b"POST /in/sms\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /in/sim/\xff\xfe?text=%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"POST /in/sms HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data\r\nContent-Length: 3\r\n"
        b"Connection: close\r\n\r\nabc",
        b"POST http://other/in/sms HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ],
)
async def test_malformed_requests_are_never_5xx(house: House, request_bytes: bytes) -> None:
    async with house.serve() as visitor:
        answer = await _raw(visitor, request_bytes)
        assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), answer
        assert await visitor.outcomes() == {}


KILLERS = {
    "lone surrogate": rb'{"type":"vote.received","data":{"from":"13812345678","text":"\ud800"}}',
    "huge integer": b'{"data":' + b"9" * 19 + b"}",
    "5,000 digits": b'{"data":' + b"9" * 5000 + b"}",
    "deep array": b"[" * 20_000 + b"]" * 20_000,
    "top-level list": b"[]",
    "null": b"null",
    "object as text": b'{"data":{"from":"13812345678","text":{}}}',
    "bad utf-8": b'{"data":"\xff"}',
    "empty": b"",
    "nan": b'{"data":NaN}',
    "duplicate keys": b'{"data":{"from":"13812345678","from":"13912345678","text":"A01"}}',
    "nul": b'{"data":{"from":"13812345678","text":"A\\u000001"}}',
    "overlong utf-8": b'{"data":{"from":"13812345678","text":"\xed\xa0\x80"}}',
}


@pytest.mark.parametrize("name", KILLERS)
async def test_authentic_and_unreadable_is_kept_and_answered(house: House, name: str) -> None:
    async with house.serve() as visitor:
        assert await visitor.send(KILLERS[name], "m1") == 200
        assert await visitor.send(KILLERS[name], "m1") == 200
        outcomes = await visitor.outcomes()
        assert sum(outcomes.values()) == 1, "kept, once"
        assert "counted" not in outcomes


async def test_an_address_list_holds_behind_trusted_proxies_only(house: House) -> None:
    house.edit(house.settings, "[sources.sim]", '[sources.sim]\nallow_from = ["203.0.113.0/24"]')
    async with house.serve() as visitor:
        assert await visitor.kannel("13812345678", "A01", "k1") == 403
    house.edit(house.settings, "listen = ", 'trusted_proxies = ["127.0.0.1"]\nlisten = ')
    async with house.serve() as visitor:
        url = f"{visitor.server.url}/in/sim/{house.secret('sim.token')}?id=1&from=13812345678&text=A01"
        for forwarded, status in (
            ("203.0.113.9", 200),
            ("203.0.113.9, 127.0.0.1", 200),
            ("198.51.100.7", 403),
            ("203.0.113.9, 198.51.100.7", 403),
            ("garbage", 403),
        ):
            async with visitor.session.get(url, headers={"X-Forwarded-For": forwarded}) as got:
                assert got.status == status, forwarded


async def test_readiness_tells_why(house: House) -> None:
    async with house.serve() as visitor:
        assert (await visitor.get("/readyz"))[0] == 200
        visitor.service.recorder.healthy = False
        status, text = await visitor.get("/readyz")
        assert (status, json.loads(text)["reasons"]) == (503, ["store_unavailable"])
        assert (await visitor.get("/healthz"))[0] == 200


async def test_a_withdrawn_candidates_selections_are_told_as_such(house: House) -> None:
    house.edit(house.campaign, '{ code = "A02",', '{ code = "A02", withdrawn = true,')
    async with house.serve() as visitor:
        assert await visitor.vote("13812345678", "A02", "m1") == 200
        assert await visitor.vote("13812345678", "A02 B01", "m2") == 200
        assert await visitor.outcomes() == {"withdrawn": 1, "counted": 1}
        await visitor.server.board.refresh()
        balance = visitor.server.board.standings("beita-2018")["balance"]
        assert balance["selections"] == {"made": 3, "withdrawn": 2, "counted": 1}
        assert balance["balanced"] is True


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
async def test_what_an_answer_says_of_itself_goes_with_it(house: House, connection: str) -> None:
    async with house.serve() as visitor:
        url = f"{visitor.server.url}/in/sim/{house.secret('sim.token')}?id=m1&from=13812345678&text=A01"
        async with visitor.session.get(url, headers={"Connection": connection}) as response:
            assert response.headers["X-Kannel-Coding"] == "2"
            assert not (await response.text()).isascii()
