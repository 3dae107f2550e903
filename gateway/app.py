"""The only builder of long-lived things: the service, its metrics and standings, and HTTP around them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from aiohttp import web

import gateway
from config.load import Loaded
from config.settings import Settings
from gateway import api, clock, control, desk
from gateway.board import Board
from gateway.intake.receive import RETRY_SECONDS, Door
from gateway.pages import public
from gateway.service import Service, open_service
from gateway.watch import CONTENT_TYPE, Metrics

_log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: A request under way may take this long when the server stops; then its sender must try again.
DRAIN_SECONDS: Final = 8.0


@dataclass(slots=True)
class Server:
    """A running server: `url` is where it listens; `stop` begins a graceful end."""

    service: Service
    board: Board
    metrics: Metrics
    url: str = ""
    draining: bool = False

    def status(self) -> dict[str, Any]:
        """How the server is, for `readyz` and the control socket."""
        recorder = self.service.recorder
        reasons = [
            reason
            for reason, bad in {
                "draining": self.draining,
                "store_unavailable": not recorder.healthy,
                "queue_full": recorder.is_crowded,
            }.items()
            if bad
        ]
        return {"ready": not reasons, "reasons": reasons, "version": gateway.__version__}


@asynccontextmanager
async def serve(loaded: Loaded, now_ms: Callable[[], int] = clock.now_ms) -> AsyncIterator[Server]:
    """A server, listening. At the end it drains: no new requests, the last commit finished, then closed.

    Raises what `open_service` raises, and `OSError` if the address is taken.
    """
    metrics = Metrics()
    async with open_service(loaded, metrics, now_ms, loaded.settings.limits.read_seconds) as service:
        board = Board(service.store, service.campaigns, lambda: service.recorder.version, now_ms)
        await board.refresh()
        server = Server(service, board, metrics)
        _gauges(server)
        showing = asyncio.create_task(board.run())
        try:
            async with desk.at_work(service), _listening(loaded.settings, server):
                yield server
                server.draining = True
                await board.stop()
        finally:
            await board.stop()
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)


@asynccontextmanager
async def _listening(settings: Settings, server: Server) -> AsyncIterator[None]:
    door = Door(
        server.service.sources,
        server.service.recorder,
        server.service.assembly,
        server.metrics,
        server.service.now_ms,
        settings.trusted_proxies,
        settings.limits.read_seconds,
    )
    app = web.Application(client_max_size=settings.limits.body_bytes)
    app.add_routes(routes(server, settings))
    public.set_up(app)
    runner = _runner(app)
    inner = _runner(control.application(server.service, server.status))
    try:
        await runner.setup()
        _before(runner, door)
        site = web.TCPSite(runner, settings.listen.host, settings.listen.port, backlog=1024)
        await site.start()
        await inner.setup()
        path = control.listen(Path(settings.data))
        await web.UnixSite(inner, path).start()
        path.chmod(0o600)
        host, port = runner.addresses[0][:2]
        server.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        _log.info("listening", url=server.url, version=gateway.__version__)
        yield
        _log.info("stopping")
    finally:
        await runner.cleanup()
        await inner.cleanup()


def _before(runner: web.AppRunner, door: Door) -> None:
    """Put the door before the application's router: a vote has one place to go."""
    assert runner.server is not None
    pages = runner.server.request_handler

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if door.takes(request):
            return await door.handle(request)
        response: web.StreamResponse = await pages(request)
        return response

    runner.server.request_handler = handle


def _runner(app: web.Application) -> web.AppRunner:
    return web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        keepalive_timeout=75,
        lingering_time=1,
        shutdown_timeout=DRAIN_SECONDS,
        auto_decompress=False,
    )


def routes(server: Server, settings: Settings) -> list[web.RouteDef]:
    """Every route but the door's. Without a token in the settings there is no API, and no metrics."""
    guarded: list[web.RouteDef] = []
    if settings.api.token is not None:
        token = settings.api.token.get_secret_value().encode()
        guarded = [
            *api.routes(server.board, token),
            web.get("/metrics", api.behind(token, _metrics(server.metrics))),
        ]
    return [
        *guarded,
        *public.routes(server.board, final=lambda running: server.board.is_final(running.id)),
        web.get("/healthz", _health),
        web.get("/readyz", _readiness(server)),
    ]


async def _health(_: web.Request) -> web.Response:
    """The process runs. It asks nothing else: a restart mends nothing else."""
    return web.json_response({"status": "ok"})


def _readiness(server: Server) -> Handler:
    async def readiness(_: web.Request) -> web.Response:
        status = server.status()
        if status["ready"]:
            return web.json_response(status)
        return web.json_response(status, status=503, headers={"Retry-After": str(RETRY_SECONDS)})

    return readiness


def _metrics(metrics: Metrics) -> Handler:
    async def exposition(_: web.Request) -> web.Response:
        return web.Response(body=metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})

    return exposition


def _gauges(server: Server) -> None:
    metrics, service, board = server.metrics, server.service, server.board
    metrics.gauge(
        "televote_queue_messages", "Messages that wait to be committed.", lambda: service.recorder.queued
    )
    metrics.gauge("televote_ready", "1 if the server takes votes.", lambda: float(server.status()["ready"]))
    metrics.by_campaign(
        "televote_campaign_open",
        "1 while the campaign's window is open.",
        lambda: {
            name: float(one.status(service.now_ms()) == "open") for name, one in service.campaigns.items()
        },
    )
    metrics.by_campaign(
        "televote_ledger_entries",
        "Entries in this node's ledger.",
        lambda: {name: service.recorder.head(name).size for name in service.campaigns},
    )
    metrics.by_campaign(
        "televote_balanced",
        "1 if every message and selection has exactly one outcome.",
        lambda: {name: float(board.standings(name)["balance"]["balanced"]) for name in service.campaigns},
    )
