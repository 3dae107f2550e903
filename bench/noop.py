"""The baseline, `python -m bench.noop`: aiohttp as it comes; its handler reads the form and answers 200."""

import asyncio
import json
import signal
import sys

import uvloop
from aiohttp import web


async def _nothing(request: web.Request) -> web.Response:
    await request.post()
    return web.Response()


async def _serve() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    app = web.Application()
    app.router.add_post("/in/twilio", _nothing)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    port = runner.addresses[0][1]
    print(json.dumps({"event": "listening", "url": f"http://127.0.0.1:{port}"}), file=sys.stderr, flush=True)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(_serve())
