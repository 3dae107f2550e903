"""The one HTTP client of all senders: it makes an attempt, and says no more of it than is certain.

Every attempt has a connection of its own: on a kept one, a client may send a request again by itself when the
other end has closed it in the meantime.
"""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import structlog
from yarl import URL

import gateway
from gateway.outbox.letter import Letter
from gateway.outbox.sender import Call, Fate, Sender, Unsendable
from gateway.telling import cause

_log = structlog.get_logger()

#: Seconds for an attempt, and for its connection.
_WHOLE, _CONNECT = 15.0, 5.0
_ANSWER_BYTES: Final = 64 * 1024
_LONGEST_AFTER: Final = 3600.0


@asynccontextmanager
async def client(seconds: float = _WHOLE) -> AsyncIterator[aiohttp.ClientSession]:
    """The client; `seconds` is how long an attempt may take."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=min(_CONNECT, seconds / 2)),
        headers={"User-Agent": f"televote/{gateway.__version__}"},
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        yield session


async def deliver(
    session: aiohttp.ClientSession, sender: Sender, letter: Letter, now_ms: int, nonce: str
) -> Fate:
    """Make one attempt. Raises nothing but cancellation."""
    try:
        call = sender.call(letter, now_ms, nonce)
    except Unsendable as error:
        return Fate("failed", str(error))
    except Exception as error:  # noqa: BLE001 -- a mistake of ours stops this reply, and no other
        _log.error("reply_fault", **cause(error))
        return Fate("failed", "fault")
    try:
        return await _attempt(session, sender, call)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        return Fate("later", "unreachable")
    except (aiohttp.ClientError, TimeoutError, OSError):
        return Fate("unknown", "no_answer")
    except Exception as error:  # noqa: BLE001 -- as above; but it may have gone out
        _log.error("reply_fault", **cause(error))
        return Fate("unknown", "fault")


async def _attempt(session: aiohttp.ClientSession, sender: Sender, call: Call) -> Fate:
    async with session.post(
        URL(call.url, encoded=True), data=call.body, headers=call.headers, allow_redirects=False
    ) as answer:
        body = bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > _ANSWER_BYTES:
                break
        fate = sender.read(answer.status, bytes(body[:_ANSWER_BYTES]))
        if fate.state == "later" and not fate.after_seconds:
            return fate._replace(after_seconds=_seconds(answer.headers.get("Retry-After", "")))
        return fate


def _seconds(retry_after: str) -> float:
    """Seconds of a Retry-After; a date, and anything odd, is none."""
    try:
        seconds = float(retry_after)
    except ValueError:
        return 0.0
    return min(max(seconds, 0.0), _LONGEST_AFTER) if math.isfinite(seconds) else 0.0
