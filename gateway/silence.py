"""Who connects and never gets a request's head across is hung up on: a connection is not had for nothing.

aiohttp's own clock for this is the one for idle connections, which a proxy in front wants to be long.
"""

import asyncio
from typing import Final

from gateway.lane import Lane, Lanes

#: Within which the first head of a connection must be here.
HEAD_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 1.0


class Silence:
    """Watches a server's connections. `run` it as a task, until cancelled."""

    def __init__(self, server: Lanes) -> None:
        self._server = server
        self._since: dict[object, float] = {}

    async def run(self) -> None:
        """Look at every connection each second."""
        while True:
            self._look(asyncio.get_running_loop().time())
            await asyncio.sleep(_LOOK_SECONDS)

    def _look(self, now: float) -> None:
        there = [one for one in self._server.connections if isinstance(one, Lane)]
        self._since = {one: self._since.get(one, now) for one in there}
        for one in there:
            if not one.has_spoken and now - self._since[one] >= HEAD_SECONDS:
                one.force_close()
