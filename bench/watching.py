"""Viewers of a stream of events, many in a process: `python -m bench.watching HOST PORT PATH COOKIE VIEWERS`.

Says "ready" when each has had its first event, then counts until its input ends, and says what was counted
as JSON. It is a process of its own, below the load generator, so that reading does not delay the votes.
"""

import asyncio
import json
import os
import sys
import time
from typing import Final, cast

_EVENT: Final = b"data: "
#: So many connections are opened at once: the server's backlog is not what is measured.
_AT_ONCE: Final = 50
_PATIENCE_SECONDS: Final = 30.0


class Unserved(RuntimeError):
    """A viewer was refused or cut off; the message is the status line at most."""


class _Viewer(asyncio.Protocol):
    """One connection. Events are counted by their beginning, also where it is cut in two."""

    def __init__(self, request: bytes, served: "asyncio.Future[None]") -> None:
        self._request, self.served = request, served
        self.events = self.received = 0
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self.received and not data.startswith(b"HTTP/1.1 200 "):
            self._fail(data.partition(b"\r\n")[0][:100].decode("latin-1"))
        self.received += len(data)
        self.events += (self._tail + data).count(_EVENT)
        self._tail = data[1 - len(_EVENT) :]
        if self.events and not self.served.done():
            self.served.set_result(None)

    def connection_lost(self, _error: Exception | None) -> None:
        self._fail("the server hung up")

    def _fail(self, reason: str) -> None:
        if not self.served.done():
            self.served.set_exception(Unserved(reason))


async def _watch(host: str, port: int, path: str, cookie: str, viewers: int) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: text/event-stream\r\nCookie: {cookie}\r\n\r\n"
    ).encode()
    watching = [_Viewer(request, loop.create_future()) for _ in range(viewers)]
    async with asyncio.timeout(_PATIENCE_SECONDS):
        for first in range(0, viewers, _AT_ONCE):
            some = watching[first : first + _AT_ONCE]
            for one in some:
                await loop.create_connection(lambda one=one: one, host, port)  # type: ignore[misc]  # the default binds it
            await asyncio.gather(*(one.served for one in some))
    before = [(one.events, one.received) for one in watching]
    started = time.perf_counter()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    seconds = time.perf_counter() - started
    events = [one.events - had for one, (had, _) in zip(watching, before, strict=True)]
    received = sum(one.received - had for one, (_, had) in zip(watching, before, strict=True))
    return {
        "seconds": seconds,
        "events": sum(events),
        "fewest": min(events),
        "event_bytes": received / max(1, sum(events)),
    }


def _main() -> int:
    host, port, path, cookie, viewers = sys.argv[1:]
    os.nice(10)
    try:
        counted = asyncio.run(_watch(host, int(port), path, cookie, int(viewers)))
    except (Unserved, OSError, TimeoutError) as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        return 1
    print(json.dumps(counted), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(_main())
