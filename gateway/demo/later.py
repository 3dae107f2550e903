"""The demo's server some days later: the same server, by a clock that is set forward.

`python -m gateway.demo.later SETTINGS DAYS`. A public notice stands a week, and the demo a minute.
"""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Final

from config import load
from gateway import app, clock
from gateway.watching import watch

_DAY_MS: Final = 86_400_000


async def serve(settings: Path, days: int) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with app.serve(load.everything(settings, {}), lambda: clock.now_ms() + days * _DAY_MS):
        await stop.wait()


if __name__ == "__main__":
    watch.log_to(level="info")
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
