"""The load generator: every answer is read whole, and anything but 200 ends the run."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from bench import load

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd"


@asynccontextmanager
async def server(
    chunks: Sequence[bytes], hang_up: bool = False, first_takes: float = 0.0
) -> AsyncIterator[tuple[str, int, list[bytes]]]:
    """Answers each request of four bytes with these chunks, the first of all after some seconds."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                seen.append(await reader.readexactly(4))
                if len(seen) == 1:
                    await asyncio.sleep(first_takes)
                for chunk in chunks:
                    writer.write(chunk)
                    await writer.drain()
                    await asyncio.sleep(0)
                if hang_up:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield *listening.sockets[0].getsockname(), seen


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([OK], id="whole"),
        pytest.param([OK[:10], OK[10:]], id="cut in the head"),
        pytest.param([OK[:-2], OK[-2:]], id="cut in the body"),
        pytest.param([bytes([byte]) for byte in OK], id="byte by byte"),
    ],
)
async def test_reads_answers_however_they_are_cut(chunks: list[bytes]) -> None:
    async with server(chunks) as (host, port, seen):
        driven = await load.drive(host, port, [b"%04d" % n for n in range(50)], 10, connections=4)

    assert sorted(seen) == [b"%04d" % n for n in range(50)]
    assert driven.answers == 50
    assert list(driven.latencies) == sorted(driven.latencies)
    assert 0 < driven.quantile_ms(0.5) <= driven.quantile_ms(1)


async def test_ends_in_time() -> None:
    async with server([OK]) as (host, port, seen):
        driven = await load.drive(host, port, iter(lambda: b"more", b""), 0.1, connections=2)

    assert driven.answers == len(seen)
    assert 0.1 <= driven.seconds < 5


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(OK.replace(b"200 OK", b"503 Busy"), "503 Busy", id="another status"),
        pytest.param(OK.replace(b"Content-Length", b"X-Length"), "200 OK", id="no length"),
        pytest.param(OK + b"more", "more was answered", id="too much"),
    ],
)
async def test_a_strange_answer_ends_the_run(answer: bytes, said: str) -> None:
    async with server([answer]) as (host, port, _):
        with pytest.raises(load.Refused, match=said):
            await load.drive(host, port, [b"vote"], 10, connections=1)


async def test_a_hang_up_ends_the_run() -> None:
    async with server([OK[:-1]], hang_up=True) as (host, port, _):
        with pytest.raises(load.Refused, match="hung up"):
            await load.drive(host, port, [b"vote"], 10, connections=1)


async def test_keeps_a_pace() -> None:
    async with server([OK]) as (host, port, seen):
        driven = await load.drive(host, port, [b"%04d" % n for n in range(500)], 0.5, 4, every=0.1)

    assert driven.answers == len(seen) <= 4 * 6
    assert driven.answers >= 4


async def test_what_an_answer_makes_late_is_timed_from_its_beat() -> None:
    async with server([OK], first_takes=0.5) as (host, port, seen):
        driven = await load.drive(host, port, [b"%04d" % n for n in range(500)], 0.9, 1, every=0.2)

    first, late = driven.latencies[-1], driven.latencies[-2]
    assert first >= 0.49, "sent at 0, answered after 0.5"
    assert late >= first % 0.2 - 0.01, "due at 0.4, sent at 0.5; the beat at 0.2 is left out"
    assert driven.answers == len(seen) <= 4, "then at 0.6 and at 0.8: the beats stay where they were"
