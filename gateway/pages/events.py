"""Server-sent events: what a page, or a dashboard, is told for as long as somebody looks at it."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Final

from aiohttp import web
from aiohttp_sse import EventSourceResponse

#: How soon a viewer who was cut off should come back: spread out, or all would come at once.
RETRY_MS: Final = (2_000, 5_000)


async def relay(
    request: web.Request,
    events: AsyncIterator[str],
    headers: Mapping[str, str],
    ping_seconds: float,
    over: asyncio.Event | None = None,
) -> web.StreamResponse:
    """Server-sent events until there are no more, nobody listens any more, or nobody may: `over` is set."""
    if request.transport is None:
        return web.Response()  # the viewer left before we began, and aiohttp_sse asserts that none does
    response = EventSourceResponse(ping_interval=ping_seconds)
    response.headers.update(headers)
    await response.prepare(request)
    async with response:
        fastest, slowest = RETRY_MS
        sending = asyncio.create_task(_send(response, events, fastest + secrets.randbelow(slowest - fastest)))
        # A stream may have nothing to say for days: only the ping then notices that the viewer has left.
        left = asyncio.create_task(response.wait())
        tasks = [sending, left, *([asyncio.create_task(over.wait())] if over else [])]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            with suppress(asyncio.CancelledError, ConnectionError, TimeoutError):
                await sending
    return response


async def _send(response: EventSourceResponse, events: AsyncIterator[str], retry_ms: int) -> None:
    await response.write(f"retry: {retry_ms}\r\n\r\n".encode())
    async for event in events:
        await response.send(event)
