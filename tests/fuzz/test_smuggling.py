"""What one peer takes for the end of a request, our server takes for it too, or it hangs up.

A trial is a connection: a vote, then a request with two readings, a vote hidden in what another parser
takes for its body or for the next request. The hidden vote must never be heard.
"""

import asyncio
import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fuzz.exchange import PATIENCE, statuses
from tests.fuzz.folder import set_up
from tests.fuzz.served import Watched, watched

TRIALS = int(os.environ.get("SMUGGLING_TRIALS", "300"))
SOAK_TRIALS = int(os.environ.get("SMUGGLING_SOAK_TRIALS", "10000"))
TOGETHER = 16

#: Heads with two readings. LENGTH is that of what follows; all that follows is hidden in one of the readings.
AMBIGUOUS: dict[str, bytes] = {
    "length and chunks": b"Content-Length: LENGTH\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: LENGTH\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: LENGTH\r\n\r\n",
    "lengths in a list": b"Content-Length: 0, LENGTH\r\n\r\n",
    "plus": b"Content-Length: +LENGTH\r\n\r\n",
    "minus": b"Content-Length: -LENGTH\r\n\r\n",
    "blank in a length": b"Content-Length: LENGTH 0\r\n\r\n",
    "hexadecimal": b"Content-Length: 0xff\r\n\r\n",
    "underscore": b"Content-Length: 1_0\r\n\r\n",
    "full-width length": "Content-Length: １０\r\n\r\n".encode(),
    "absurd length": b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
    "absurd chunk": b"Transfer-Encoding: chunked\r\n\r\n" + b"F" * 20 + b"\r\n",
    "negative chunk": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    "chunk with 0x": b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
    "blank before the colon": b"Content-Length : LENGTH\r\n\r\n",
    "folded line": b"X-A: b\r\n Content-Length: LENGTH\r\n\r\n",
    "folded encoding": b"Transfer-Encoding:\r\n chunked\r\nContent-Length: LENGTH\r\n\r\n0\r\n\r\n",
    "bare LF": b"X-A: b\nContent-Length: LENGTH\r\n\r\n",
    "bare CR": b"X-A: b\rContent-Length: LENGTH\r\n\r\n",
    "chunk ended by LF": b"Transfer-Encoding: chunked\r\n\r\n0\n\n",
    "NUL in a name": b"Content-Length\0: LENGTH\r\n\r\n",
    "NUL in a value": b"X-A: \0\r\nContent-Length: LENGTH\r\n\r\n",
    "two hosts": b"Host: other\r\nContent-Length: LENGTH\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked, then not": b"Transfer-Encoding: chunked, identity\r\nContent-Length: LENGTH\r\n\r\n0\r\n\r\n",
    "not quite chunked": b"Transfer-Encoding: xchunked\r\nContent-Length: LENGTH\r\n\r\n0\r\n\r\n",
    "vertical tab": b"Transfer-Encoding: \x0bchunked\r\nContent-Length: LENGTH\r\n\r\n0\r\n\r\n",
    "no colon": b"Content-Length LENGTH\r\n\r\n",
    "empty name": b": x\r\nContent-Length: LENGTH\r\n\r\n",
}


#: What an ambiguous request asks for; PATH is where votes go.
TARGETS = (b"POST /in/nobody", b"POST PATH", b"POST /signin", b"GET /")


def _vote(path: bytes, name: str, caller: int) -> bytes:
    return b"GET %s?id=%s&from=138%08d&text=A01 HTTP/1.1\r\nHost: x\r\n" % (path, name.encode(), caller)


def trial(path: bytes, seed: int, targets: Sequence[bytes] = TARGETS) -> tuple[str, bytes, bytes]:
    """The kind; vote `good`; and an ambiguous head with vote `bad` behind it."""
    rng = random.Random(seed)
    kind = rng.choice(list(AMBIGUOUS))
    hidden = _vote(path, f"bad{seed}", 2 * seed + 1) + b"\r\n"
    first = _vote(path, f"good{seed}", 2 * seed) + b"\r\n"
    head = b"%s HTTP/1.1\r\nHost: x\r\n" % rng.choice(targets).replace(b"PATH", path)
    return kind, first, head + AMBIGUOUS[kind].replace(b"LENGTH", b"%d" % len(hidden)) + hidden


@pytest.mark.parametrize("trials", [TRIALS, pytest.param(SOAK_TRIALS, marks=pytest.mark.soak)])
def test_no_request_hides_in_another(tmp_path: Path, trials: int) -> None:
    folder = set_up(tmp_path / "var")
    path = b"/in/sim/" + folder.sources["sim"].encode()

    async def smuggle() -> None:
        async with watched(folder) as (server, session):
            found: list[str] = []
            seeds = iter(range(trials))

            good = 0

            async def hunt() -> None:
                nonlocal good
                for seed in seeds:
                    kind, first, second = trial(path, seed)
                    given = await twice(server.address, first, second, apart=seed % 4 > 0)
                    good += given[:1] == [200]
                    # In one piece with what is no HTTP, a vote may be refused with it.
                    allowed = (1, 2) if seed % 4 == 0 else (2,)
                    if len(given) not in allowed or not 400 <= given[-1] < 500:
                        found.append(f"{seed} {kind}: {given}")

            await asyncio.gather(*(hunt() for _ in range(TOGETHER)))
            assert found == []
            assert good >= trials * 3 // 4
            assert server.recorded() == good, "the votes in the open, and none that was hidden"
            await server.still_counts(session)

    asyncio.run(smuggle())


async def twice(address: tuple[str, int], first: bytes, second: bytes, *, apart: bool) -> list[int]:
    """The statuses of all answers, until the server hangs up; the second is sent after the first answer if
    they are `apart`."""
    reader, writer = await asyncio.open_connection(*address)
    answer = b""
    try:
        writer.write(first if apart else first + second)
        async with asyncio.timeout(PATIENCE):
            if apart:
                answer = await reader.readuntil(b"\r\n\r\n")
                writer.write(second)
            answer += await reader.read()
            while piece := await reader.read():
                answer += piece
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()
    return statuses(answer)


def _pipelined(path: bytes, first: int, many: int) -> bytes:
    return b"".join(_vote(path, f"p{n}", n) + b"\r\n" for n in range(first, first + many - 1)) + _vote(
        path, f"p{first + many - 1}", first + many - 1
    ) + b"Connection: close\r\n\r\n"  # fmt: skip


def test_pipelined_requests_are_answered_in_order_each_its_own(tmp_path: Path) -> None:
    folder = set_up(tmp_path / "var")
    path = b"/in/sim/" + folder.sources["sim"].encode()

    async def pipeline() -> None:
        async with watched(folder) as (server, session):
            for turn, cut in enumerate((1, 7, 4096, 10**6)):
                sent = _pipelined(path, turn * 40, 40)
                answer = await _in_pieces(server, sent, cut)
                assert statuses(answer) == [200] * 40
            assert server.recorded() == 160
            await server.still_counts(session)

    asyncio.run(pipeline())


async def _in_pieces(server: Watched, sent: bytes, size: int) -> bytes:
    reader, writer = await asyncio.open_connection(*server.address)
    for at in range(0, len(sent), size):
        writer.write(sent[at : at + size])
        await writer.drain()
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    return answer
