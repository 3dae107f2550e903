"""A provider of SMS on the loopback: real HTTP, and every way there is to let a sender down."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

Manner = Literal["ok", "refuse", "busy", "fail", "hang", "die", "half"]

_ANSWERS: dict[Manner, bytes] = {
    "ok": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "refuse": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "busy": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
    "fail": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
    "half": b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\nok",
    "die": b"",
    "hang": b"",
}


@dataclass
class Provider:
    """`manners` are for the next requests, one each; then `manner` is. `asked` are the requests' JSON bodies.

    `came` is set by every request, before it is answered.
    """

    manner: Manner = "ok"
    manners: deque[Manner] = field(default_factory=deque)
    asked: list[dict[str, Any]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    _server: asyncio.Server | None = None
    _talks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/send"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._met, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for talk in self._talks:
                talk.cancel()
            await asyncio.gather(*self._talks, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
            self.asked.append(json.loads(await reader.readexactly(length)))
            self.came.set()
            manner = self.manners.popleft() if self.manners else self.manner
            writer.write(_ANSWERS[manner])
            await writer.drain()
            if manner == "hang":
                await asyncio.sleep(60)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the sender has gone, or the test is over
        finally:
            writer.close()
            self._talks.discard(task)


@asynccontextmanager
async def listening(manner: Manner = "ok") -> AsyncIterator[Provider]:
    provider = Provider(manner)
    await provider.open()
    try:
        yield provider
    finally:
        await provider.close()
