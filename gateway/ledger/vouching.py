"""A witness as a server: logs hand in their checkpoints, and get a signature (c2sp.org/tlog-witness).

`POST /add-checkpoint`. What is signed was kept before, durably; what contradicts it is refused, and told
aloud.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from gateway.ledger.watched import Alarm
from gateway.ledger.witness import Witness
from tally import submission
from tally.submission import Refusal

#: A checkpoint with 63 hashes before it and a score of signatures behind it is far smaller.
BODY_BYTES: Final = 64 * 1024
_READ_SECONDS: Final = 10.0


class Vouching:
    """What answers: `name` is ours, `now_ms` the clock, `tell` says an alarm to whoever runs this."""

    def __init__(
        self, watching: Witness, name: str, now_ms: Callable[[], int], tell: Callable[[str], None]
    ) -> None:
        self._watching, self._name, self._now_ms, self._tell = watching, name, now_ms, tell
        #: Whether there ever was an alarm.
        self.alarmed = False

    async def add(self, request: web.Request) -> web.Response:
        """`add-checkpoint`."""
        try:
            async with asyncio.timeout(_READ_SECONDS):
                body = await request.read()
            lines = await asyncio.to_thread(self._watching.add, body, self._now_ms() // 1000, self._name)
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except Refusal as refusal:
            return _refused(refusal)
        except Alarm as alarm:
            self.alarm(alarm)
            cause = alarm.__cause__
            return _refused(cause if isinstance(cause, Refusal) else Refusal(500, "not to be answered"))
        except OSError as error:
            self._tell(f"cannot keep what is to be signed: {error.strerror or error}")
            raise web.HTTPInternalServerError from None
        return web.Response(text=lines, content_type="text/plain")

    def alarm(self, alarm: Alarm) -> None:
        """Say it aloud."""
        self.alarmed = True
        self._tell(str(alarm))


def _refused(refusal: Refusal) -> web.Response:
    if refusal.size is not None:
        return web.Response(
            status=refusal.status,
            body=f"{refusal.size}\n".encode(),
            headers={"Content-Type": submission.SIZE_TYPE},
        )
    return web.Response(status=refusal.status, text=f"{refusal}\n", content_type="text/plain")


@asynccontextmanager
async def listening(vouching: Vouching, host: str, port: int) -> AsyncIterator[str]:
    """The server, while it listens; yields its address. Raises `OSError` if that is taken."""
    app = web.Application(client_max_size=BODY_BYTES)
    app.add_routes([web.post("/add-checkpoint", vouching.add)])
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, keepalive_timeout=75, lingering_time=1, shutdown_timeout=5
    )
    try:
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        at, number = runner.addresses[0][:2]
        yield f"http://[{at}]:{number}" if ":" in at else f"http://{at}:{number}"
    finally:
        await runner.cleanup()
