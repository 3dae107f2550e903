"""Whoever is slow is hung up on in bounded time, and holds nobody else up."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.fuzz.folder import set_up
from tests.fuzz.served import watched

SLOW = int(os.environ.get("SLOW_CLIENTS", "25"))
SOAK_SLOW = int(os.environ.get("SLOW_SOAK_CLIENTS", "300"))
#: The head's ten seconds and the body's three, and what a machine that is busy may take.
BOUND = 40.0
#: What is sent at once, and what is dripped after it, a byte each half second.
WAYS = {
    "idle": (b"", b""),
    "a head that drips": (b"POST /in/sms HTTP/1.1\r\nHost: x\r\n", b"X-A: " + b"a" * 200),
    "half a first line": (b"POST /in/s", b""),
    "a body that drips": (b"POST /in/sms HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n", b"x" * 200),
    "chunks that drip": (
        b"POST /in/sms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\nx\r\n" * 40,
    ),
    "a form that drips": (
        b"POST /signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 500\r\n\r\n",
        b"x" * 200,
    ),
}


@pytest.mark.parametrize("each", [SLOW, pytest.param(SOAK_SLOW, marks=pytest.mark.soak)])
def test_slow_clients_are_cut_off_and_votes_are_taken(tmp_path: Path, each: int) -> None:
    folder = set_up(tmp_path / "var")

    async def trickle() -> None:
        async with watched(folder) as (server, session):
            slow = {
                asyncio.create_task(until_hung_up(server.address, *WAYS[way])): way
                for way in WAYS
                for _ in range(each)
            }
            voted = 0
            while not all(one.done() for one in slow):
                await server.vote(session, 1000 + voted)
                voted += 1
                await asyncio.sleep(0.1)
            held = {way: one.result() for one, way in slow.items() if not one.result()}
            assert held == {}
            assert server.refused == 0
            assert len(server.acknowledged) == server.recorded() == voted > 10
            await server.still_counts(session)

    asyncio.run(trickle())


async def until_hung_up(address: tuple[str, int], head: bytes, drip: bytes) -> bool:
    """Whether the server hangs up in time on one that sends so slowly."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(head)
    try:
        async with asyncio.timeout(BOUND):
            over = asyncio.create_task(reader.read())
            for byte in drip:
                writer.write(bytes([byte]))
                await asyncio.wait([over], timeout=0.5)
                if over.done():
                    break
            await over
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    finally:
        writer.transport.abort()
    return True
