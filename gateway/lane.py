"""A vote's way through HTTP without a task of its own: what aiohttp starts for a request costs most of it.

aiohttp reads the head and holds every limit; it then wakes the connection's task, which starts another for
the request, which wakes it again. A vote that is here whole needs none of that: it is handed to the door as
it is read, and its answer is written when the commit is through. Whatever is not plain (a body still on its
way, a second request behind the first, HTTP/1.0, any other page) goes aiohttp's way, on the same connection.
"""

from typing import Any, Final, NamedTuple

from aiohttp import HttpVersion11, web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler
from multidict import CIMultiDictProxy

from gateway.intake.receive import PREFIX, Door

_METHODS: Final = ("POST", "GET")


class _Head(NamedTuple):
    """See `receive.Head`."""

    method: str
    raw_path: str
    headers: CIMultiDictProxy[str]
    remote: str | None


class Lane(RequestHandler):
    """One connection. While `_waiter` waits, aiohttp's task sleeps, and nothing is under way."""

    __slots__ = ("_door", "_mine")

    def __init__(self, manager: web.Server, door: Door, **settings: Any) -> None:
        super().__init__(manager, **settings)
        self._door = door
        self._mine = False  # a vote of ours is under way

    @property
    def has_spoken(self) -> bool:
        """Whether the head of a request has ever come."""
        return self._request_count > 0

    def data_received(self, data: bytes) -> None:
        """Bytes have come: parsed by aiohttp, whose task is only woken for what is not ours."""
        waiter = self._waiter
        if waiter is None or waiter.done():
            super().data_received(data)
            return
        self._waiter = None
        try:
            super().data_received(data)
        finally:
            self._waiter = waiter
        if self._messages and not self._mine and not self._take():
            waiter.set_result(None)

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Called whenever a body has been read. Where nothing is paused there is nothing to resume: aiohttp
        would send its parser through an empty piece."""
        if self._reading_paused or self._buffer_paused:
            super().resume_reading(resume_parser)

    def _take(self) -> bool:
        """Hand the only request to the door, if it is one for it and is here whole."""
        message, payload = self._messages[0]
        if len(self._messages) > 1 or not (
            isinstance(message, RawRequestMessage)
            and message.path.startswith(PREFIX)
            and message.method in _METHODS
            and message.version == HttpVersion11
            and not (message.should_close or message.upgrade)
            and payload.is_eof()
            and payload.exception() is None
        ):
            return False
        assert self._parser is not None
        assert self._manager is not None
        self._messages.popleft()
        self._parser.message_consumed()
        self._manager.requests_count += 1
        # What aiohttp looks at when it stops, and when it hangs up on who is idle.
        self._mine = self._request_in_progress = True
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        head = _Head(message.method, message.path, message.headers, self._remote())
        self._door.begin(head, payload.read_nowait(), self._answer)
        return True

    def _remote(self) -> str | None:
        peer = self.peername
        return str(peer[0]) if isinstance(peer, tuple) else peer

    def _answer(self, whole: bytes, keep: bool) -> None:
        """The answer, and what has come meanwhile is next."""
        if self.transport is not None:  # else the sender has gone
            self.transport.write(whole)
        self._mine = self._request_in_progress = False
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._handler_waiter is not None:
            self._handler_waiter.set_result(None)
        elif not keep or self._close:
            self.force_close()
        elif self._messages and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Lanes(web.Server):
    """The connections of a listener, each a `Lane` to the door; what is not for it is for the pages."""

    def __init__(self, pages: web.Server, door: Door) -> None:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            if door.takes(request):
                return await door.handle(request)
            response: web.StreamResponse = await pages.request_handler(request)
            return response

        super().__init__(handle, request_factory=pages.request_factory, **pages._kwargs)
        self._door = door

    def __call__(self) -> RequestHandler:
        return Lane(self, self._door, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Runs an application behind the door."""

    __slots__ = ("_door",)

    def __init__(self, app: web.Application, door: Door, **settings: Any) -> None:
        super().__init__(app, **settings)
        self._door = door

    async def _make_server(self) -> web.Server:
        return Lanes(await super()._make_server(), self._door)
