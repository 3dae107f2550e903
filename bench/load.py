"""The load: keep-alive connections, one request in flight each, and as little work as can be in between.

Requests are ready as bytes before the clock starts. Of an answer only the status and the length are read;
any status but 200 ends the run. The generator must be faster than what it measures: `Driven.busy` tells.
"""

import asyncio
import re
import time
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, cast

CONNECTIONS: Final = 64
#: Beyond the time given, how long the last answers may take.
_PATIENCE_SECONDS: Final = 30.0

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_MARK: Final = b"\r\n\r\n"
_OK: Final = b"HTTP/1.1 200 "
_SHED: Final = b"HTTP/1.1 503 "


class Refused(Exception):
    """The server did not answer 200, or hung up; the message is the status line at most."""


@dataclass(frozen=True, slots=True)
class Driven:
    """What one run saw. `latencies` are seconds, sorted, and so are those of what was `shed` with 503; `busy`
    is the generator's own share of a core.
    """

    seconds: float
    latencies: "array[float]"
    busy: float
    shed: "array[float]"

    @property
    def answers(self) -> int:
        """How many requests were answered 200: all that were sent."""
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds

    def quantile_ms(self, share: float) -> float:
        """The latency that `share` of the answers kept within, in milliseconds."""
        return quantile_ms(self.latencies, share)


def quantile_ms(latencies: "array[float]", share: float) -> float:
    """The latency, of some that are sorted, that `share` of them kept within, in milliseconds."""
    return latencies[min(int(len(latencies) * share), len(latencies) - 1)] * 1000


async def drive(
    host: str,
    port: int,
    requests: Iterable[bytes],
    seconds: float,
    connections: int = CONNECTIONS,
    every: float = 0.0,
    *,
    sheds: bool = False,
) -> Driven:
    """Send requests for `seconds`, or until there are no more, and wait for every answer.

    Each connection sends its next when the last was answered, but no more often than at a beat of its own,
    `every` seconds long. What is late because an answer was is timed from its beat, as whoever sent it would;
    beats that passed meanwhile are left out. Where the server `sheds`, an answer may be 503.

    Raises `Refused`, `TimeoutError`, and `OSError` if there is nobody.
    """
    loop = asyncio.get_running_loop()
    run = _Run(requests, loop.create_future(), every, sheds=sheds)
    lines = [(await loop.create_connection(lambda: _Line(run), host, port))[1] for _ in range(connections)]
    try:
        busy, started = time.process_time(), time.perf_counter()
        run.begin(lines, started + seconds)
        async with asyncio.timeout(seconds + _PATIENCE_SECONDS):
            ended = await run.done
        busy = time.process_time() - busy
    finally:
        for line in lines:
            line.hang_up()
    if not run.latencies:
        raise Refused("there was nothing to send")
    elapsed = ended - started
    latencies, shed = (array("d", sorted(found)) for found in (run.latencies, run.shed))
    return Driven(elapsed, latencies, busy / elapsed, shed)


class _Run:
    """What the connections of a run share. `done` gets the time of the last answer."""

    def __init__(
        self, requests: Iterable[bytes], done: "asyncio.Future[float]", every: float, *, sheds: bool
    ) -> None:
        self.requests, self.done, self.every = iter(requests), done, every
        self.latencies, self.shed = array("d"), array("d")
        self._good = (_OK, _SHED) if sheds else (_OK,)
        self.ends = 0.0
        self._at_work = 0
        self._lengths: dict[bytes, int] = {}

    def begin(self, lines: list["_Line"], ends: float) -> None:
        self.ends, self._at_work = ends, len(lines)
        for place, line in enumerate(lines):
            line.begin(self.every * place / len(lines))

    def rest(self, now: float) -> None:
        """A connection has sent its last and heard the answer."""
        self._at_work -= 1
        if not self._at_work and not self.done.done():
            self.done.set_result(now)

    def fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(Refused(reason))

    def body_length(self, head: bytes) -> int:
        """How long the body after this head is. Heads repeat: each is read once. -1 after a failure."""
        length = self._lengths.get(head)
        if length is None:
            found = _LENGTH.search(head)
            if not head.startswith(self._good) or found is None:
                self.fail(head.partition(b"\r\n")[0][:100].decode("latin-1"))
                return -1
            length = self._lengths[head] = int(found[1])
        return length


class _Line(asyncio.Protocol):
    """One connection, one request in flight."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._due = self._since = 0.0
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        self._run.fail("the server hung up")

    def begin(self, wait: float) -> None:
        """The first request, after so many seconds: all further beats follow from it."""
        now = time.perf_counter()
        self._due = now + wait
        self._send_when_due(now)

    def _send(self, now: float) -> None:
        """The next request, if there is time and one is left."""
        request = next(self._run.requests, None) if now < self._run.ends else None
        if request is None or self._transport is None:
            self._run.rest(now)
            return
        self._since = min(self._due, now)  # a timer may be a little early
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        head, mark, body = data.partition(_MARK)
        if not mark or len(body) < (length := self._run.body_length(head)):
            self._rest = data
            return
        if len(body) > length:
            self._run.fail("more was answered than asked")
            return
        self._rest = b""
        now = time.perf_counter()
        (self._run.shed if head.startswith(_SHED) else self._run.latencies).append(now - self._since)
        every = self._run.every
        self._due = self._due + every * max(1, (now - self._due) // every) if every else now
        self._send_when_due(now)

    def _send_when_due(self, now: float) -> None:
        wait = self._due - now
        if wait > 0:
            asyncio.get_running_loop().call_later(wait, lambda: self._send(time.perf_counter()))
        else:
            self._send(now)

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()
