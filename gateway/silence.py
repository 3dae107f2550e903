"""Who connects and never gets a request's head across is hung up on: a connection is not had for nothing.

aiohttp's own clock for this is the one for idle connections, which a proxy in front wants to be long.
"""

import asyncio
from typing import Final

from aiohttp import web

#: Within which the first head of a connection must be here.
HEAD_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 1.0


class Silence:
    """Watches a server's connections. Tell it of each request; `run` it as a task, until cancelled."""

    def __init__(self, server: web.Server, seconds: float = HEAD_SECONDS) -> None:
        self._server, self._seconds = server, seconds
        self._since: dict[object, float] = {}
        self._spoke: set[object] = set()

    def broken_by(self, request: web.BaseRequest) -> None:
        """A request has come."""
        self._spoke.add(request.protocol)

    async def run(self) -> None:
        """Look at every connection each second."""
        while True:
            self._look(asyncio.get_running_loop().time())
            await asyncio.sleep(_LOOK_SECONDS)

    def _look(self, now: float) -> None:
        there = self._server.connections
        self._since = {one: self._since.get(one, now) for one in there}
        self._spoke.intersection_update(there)
        for one in there:
            if one not in self._spoke and now - self._since[one] >= self._seconds:
                one.force_close()
