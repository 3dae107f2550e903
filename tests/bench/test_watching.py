"""The viewers: each event is counted once however it is cut, and a refusal is not taken for a stream."""

import asyncio
import json
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benchmark reads /proc")


async def watched(chunks: list[bytes], viewers: int, until: asyncio.Event) -> tuple[list[str], int | None]:
    """What the viewers of a server that sends these chunks say, and their exit code."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            for chunk in chunks:
                writer.write(chunk)
                await writer.drain()
                await asyncio.sleep(0.01)
            await until.wait()
            writer.write(b"data: more\r\n\r\n")
            await writer.drain()
            await reader.read()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        host, port = listening.sockets[0].getsockname()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.watching", host, str(port), "/events", "a=b", str(viewers)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        first = (await process.stdout.readline()).decode().strip()
        until.set()
        await asyncio.sleep(1)
        process.stdin.close()
        rest = (await process.stdout.read()).decode().split("\n")
        return [first, *filter(None, rest)], await process.wait()


async def test_events_are_counted_once_however_they_are_cut() -> None:
    event = b"data: {}\r\n\r\n"
    said, code = await watched([HEAD[:20], HEAD[20:], event[:3], event[3:]], 7, asyncio.Event())
    assert (said[0], code) == ("ready", 0)
    counted = json.loads(said[1])
    assert (counted["fewest"], counted["events"]) == (1, 7)


async def test_a_refusal_is_said() -> None:
    said, code = await watched([b"HTTP/1.1 401 Unauthorized\r\n\r\n"], 1, asyncio.Event())
    assert (said, code) == (["Unserved: HTTP/1.1 401 Unauthorized"], 1)
