"""The only builder of long-lived things: the service, its metrics and standings, and HTTP around them."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from aiohttp import web

import gateway
from config.load import Loaded
from config.settings import Settings
from gateway import api, clock, pdf, workshop
from gateway.asking import control, siblings
from gateway.desk.desk import Desk
from gateway.exporting.exports import Exports
from gateway.fleet.workforce import Crew
from gateway.intake.receive import RETRY_SECONDS, Door
from gateway.lane import Lanes, Runner
from gateway.ledger import cosigning, publisher
from gateway.nominations.register import Register
from gateway.outbox import postman
from gateway.outbox.outbox import Outbox
from gateway.pages import (
    account,
    acts,
    anomalies,
    arrival,
    candidate,
    desk,
    evaluation,
    exports,
    figures,
    guard,
    handin,
    ledger,
    live,
    nominations,
    notice,
    operators,
    panel,
    public,
    receipt,
    reconcile,
    records,
    result,
    rulings,
    signin,
    times,
    vote,
)
from gateway.pages import people as accounts
from gateway.pages.guard import Office
from gateway.people.people import People, carry_out, open_people
from gateway.people.roles import PUBLIC, TOKEN
from gateway.result import timetable
from gateway.result.reminding import Reminder
from gateway.room.chamber import Chamber
from gateway.room.secretary import Secretary
from gateway.service import Service, open_service
from gateway.silence import Silence
from gateway.watching.board import Board
from gateway.watching.lookout import Lookout
from gateway.watching.pulse import Pulse
from gateway.watching.watch import CONTENT_TYPE, Metrics

_log = structlog.get_logger()

#: What a server's requests come to, before it is known for which route they are.
Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_CONTINUE: Final = "100-continue"

#: A request under way may take this long when the server stops; then its sender must try again.
DRAIN_SECONDS: Final = 8.0


@dataclass(slots=True)
class Server:
    """A running server: `url` is where it listens; `people` is None if the settings have no key for them, and
    `crew` if it is not one of several workers."""

    service: Service
    board: Board
    pulse: Pulse
    exports: Exports
    lookout: Lookout
    metrics: Metrics
    register: Register
    font: str = ""
    people: People | None = None
    crew: Crew | None = None
    url: str = ""
    draining: bool = False

    def unready(self) -> list[str]:
        """Why it takes no votes; nothing if it does."""
        recorder = self.service.recorder
        return [
            reason
            for reason, bad in {
                "draining": self.draining,
                "store_unavailable": not recorder.healthy,
                "queue_full": recorder.is_crowded,
                "task_ended": self.service.shift.is_short,
            }.items()
            if bad
        ]

    async def users(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What `televote users` asks, and where links lead."""
        assert self.people is not None, "the command asks for a key first, in the same settings"
        return {**await carry_out(self.people, asked), "url": self.url}

    def status(self) -> dict[str, Any]:
        """How the server is, for `readyz` and the control socket."""
        reasons = self.unready()
        return {"ready": not reasons, "reasons": reasons, "version": gateway.__version__}


@asynccontextmanager
async def serve(
    loaded: Loaded, now_ms: Callable[[], int] = clock.now_ms, crew: Crew | None = None
) -> AsyncIterator[Server]:
    """A server, listening; where its `crew` does, if it is one of several workers.

    At the end it drains: no new requests, the last commit finished, then closed.

    Raises what `open_service` raises, and `OSError` if the address is taken.
    """
    metrics, node = Metrics(), loaded.settings.node
    async with open_service(loaded, metrics, now_ms, loaded.settings.limits.read_seconds) as service:
        server = _server(loaded, service, metrics)
        server.crew = crew
        board = server.board
        await board.refresh()
        server.people = open_people(service.store, loaded.settings.accounts, service.campaigns, now_ms)
        _gauges(server)
        showing = service.shift.begin(board.run())
        guarding = service.shift.begin(server.lookout.run())
        reminding = service.shift.begin(Reminder(service.campaigns.values(), now_ms).run())
        looking = asyncio.create_task(_look_for_a_font(server.font))
        try:
            async with (
                workshop.at_work(service) if crew is None or crew.is_first(node) else nullcontext(),
                postman.at_work(_outboxes(service), service.store, node, metrics, now_ms),
                cosigning.at_work(lambda: _logs(service), _witnesses(loaded), metrics),
                _listening(loaded.settings, server),
            ):
                yield server
                server.draining = True
                await board.stop()
        finally:
            await board.stop()
            await server.exports.stop()
            showing.cancel()
            reminding.cancel()
            guarding.cancel()
            await asyncio.gather(showing, reminding, guarding, looking, return_exceptions=True)


async def _look_for_a_font(named: str) -> None:
    """Say at once if no PDF can be made here: nothing else depends on it."""
    lack = await asyncio.to_thread(pdf.lack, named)
    if lack is not None:
        _log.warning("pdf_unavailable", reason=lack.en)


def _outboxes(service: Service) -> dict[str, Outbox]:
    return {name: source.outbox for name, source in service.sources.items() if source.outbox is not None}


def _logs(service: Service) -> list[cosigning.Log]:
    """The newest log of every campaign: those before it are signed no more."""
    return [
        cosigning.Log(name, folder, publisher.signer(running, node).verifier)
        for name, running in service.campaigns.items()
        for node in (service.recorder.head(name).node,)
        if (folder := service.publisher.folder(name, node)) is not None
    ]


def _witnesses(loaded: Loaded) -> dict[str, str]:
    return {one.key: one.url for one in loaded.settings.ledger.witnesses}


def _server(loaded: Loaded, service: Service, metrics: Metrics) -> Server:
    recorder = service.recorder
    pulse = Pulse(service.tempo, service.sources, lambda: recorder.queued, lambda: server.unready())
    board = Board(
        service.store, service.campaigns, lambda: recorder.version, service.now_ms, pulse, figures.VIEWS
    )
    register = Register(service, Path(loaded.settings.data), os.urandom)
    font = loaded.settings.pdf_font or ""
    lookout = Lookout(
        loaded,
        service.campaigns,
        lambda name: recorder.head(name).entries,
        service.neighbours.is_first,
        service.now_ms,
    )
    server = Server(service, board, pulse, Exports(loaded), lookout, metrics, register, font)
    return server


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
    app = web.Application(client_max_size=settings.limits.body_bytes, middlewares=[public.for_people])
    app.add_routes(routes(server, settings))
    public.set_up(app)
    if server.people is not None:
        entry = arrival.Door(settings.public_url, settings.accounts.insecure_http)
        app[guard.OFFICE] = Office(
            server.people.sessions, server.service.campaigns, entry, settings.trusted_proxies
        )
        app.add_routes(staff_routes(server, server.people, Path(settings.campaigns)))
    controls = control.application(server.service, server.status, server.users, server.metrics.exposition)
    for routed in (app, controls):
        guard.check(routed)
    runner, inner = Runner(app, door, **_CONNECTIONS), web.AppRunner(controls, **_CONNECTIONS)
    listening: asyncio.Task[None] | None = None
    try:
        await runner.setup()
        assert isinstance(runner.server, Lanes)
        listening = server.service.shift.begin(Silence(runner.server).run())
        await inner.setup()
        assert inner.server is not None
        for one in (runner.server, inner.server):
            one.request_handler = _expecting(one.request_handler)
        await _site(runner, settings, server.crew).start()
        path = control.listen(settings)
        await web.UnixSite(inner, path).start()
        path.chmod(0o600)
        host, port = runner.addresses[0][:2]
        server.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        _log.info("listening", url=server.url, version=gateway.__version__)
        yield
        _log.info("stopping")
    finally:
        if listening is not None:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        await runner.cleanup()
        await inner.cleanup()


def _site(runner: web.AppRunner, settings: Settings, crew: Crew | None) -> web.BaseSite:
    if crew is not None:
        return web.SockSite(runner, crew.listening, backlog=1024)
    return web.TCPSite(runner, settings.listen.host, settings.listen.port, backlog=1024)


def _expecting(handle: Handle) -> Handle:
    """Refuse whoever expects anything but to be told to go on: where that is no text, aiohttp has a fault."""

    async def handling(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Expect", _CONTINUE).lower() != _CONTINUE:
            return web.Response(status=417)
        return await handle(request)

    return handling


#: How connections are kept, whoever listens.
_CONNECTIONS: Final[dict[str, Any]] = {
    "access_log": None,
    "handle_signals": False,
    "keepalive_timeout": 75,
    "lingering_time": 1,
    "shutdown_timeout": DRAIN_SECONDS,
    "auto_decompress": False,
}


def routes(server: Server, settings: Settings) -> list[web.RouteDef]:
    """Every route but the door's. Without a token in the settings there is no API, and no metrics."""
    guarded: list[web.RouteDef] = []
    if settings.api.token is not None:
        token = settings.api.token.get_secret_value().encode()
        guarded = [
            *api.routes(server.board, token),
            guard.get("/metrics", api.behind(token, _metrics(server, settings)), TOKEN),
        ]
    return [
        *guarded,
        *ledger.routes(server.service.publisher, server.service.campaigns),
        *vote.routes(server.service.campaigns, server.service.now_ms),
        *public.routes(server.board, final=lambda running: server.board.is_final(running.id)),
        *notice.routes(server.service, server.font),
        *candidate.routes(server.service, server.register),
        *receipt.routes(server.service, settings.trusted_proxies),
        guard.get("/healthz", _health, PUBLIC),
        guard.get("/readyz", _readiness(server), PUBLIC),
    ]


def staff_routes(server: Server, people: People, files: Path) -> list[web.RouteDef]:
    """The pages for people who sign in. They stand on an `Office`. `files` is where campaign files are."""
    secretary = Secretary(server.service, server.exports)
    chamber = Chamber(server.service, os.urandom, people.accounts.sits, secretary)
    campaigns = server.service.campaigns
    zone = times.zone_of(campaigns)
    return [
        *signin.routes(people),
        *account.routes(people, lambda ms: times.shown(ms, zone)),
        *accounts.routes(people, campaigns, lambda ms: times.shown(ms, zone)),
        *live.routes(server.board, server.pulse, server.lookout.found, server.service.now_ms),
        *exports.routes(server.board, server.exports, server.font),
        *anomalies.routes(server.board, server.exports, server.lookout),
        *rulings.routes(server.service, chamber),
        *acts.routes(
            server.service,
            chamber,
            {
                "rulings/agree": rulings.redrawn(server.service, chamber),
                "result": result.redrawn(server.service, chamber, secretary),
                "evaluation": evaluation.redrawn(server.service, chamber, secretary.scoring),
            },
        ),
        *reconcile.routes(server.service),
        *result.routes(server.service, chamber, secretary),
        *evaluation.routes(server.service, chamber, secretary.scoring),
        *nominations.routes(server.service, server.register, files),
        *panel.routes(server.service, secretary.scoring),
        *notice.staff_routes(server.service, secretary, server.font),
        *records.routes(server.service),
        *_desk_routes(server),
    ]


def _desk_routes(server: Server) -> list[web.RouteDef]:
    floor = Desk(server.service, os.urandom)
    return [*desk.routes(floor), *handin.routes(server.service), *operators.routes(floor)]


async def _health(_: web.Request) -> web.Response:
    """The process runs. It asks nothing else: a restart mends nothing else."""
    return web.json_response({"status": "ok"})


def _readiness(server: Server) -> guard.Handler:
    async def readiness(_: web.Request) -> web.Response:
        status = server.status()
        if status["ready"]:
            return web.json_response(status)
        return web.json_response(status, status=503, headers={"Retry-After": str(RETRY_SECONDS)})

    return readiness


def _metrics(server: Server, settings: Settings) -> guard.Handler:
    async def exposition(_: web.Request) -> web.Response:
        body = server.metrics.exposition()
        if server.crew is not None:
            others = [name for name in server.crew.names if name != settings.node]
            told = {settings.node: body.decode(), **await siblings.expositions(settings, others)}
            body = siblings.joined(dict(sorted(told.items())))
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    return exposition


def _gauges(server: Server) -> None:
    metrics, service, board = server.metrics, server.service, server.board
    metrics.gauge(
        "televote_queue_messages", "Messages that wait to be committed.", lambda: service.recorder.queued
    )
    metrics.by_source(
        "televote_outbox_replies",
        "Replies that wait in the source's outbox.",
        lambda: {name: outbox.waiting for name, outbox in _outboxes(service).items()},
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
        "televote_anomalies",
        "What stood out among the votes at the last look.",
        lambda: {name: float(found) for name, found in server.lookout.found.items()},
    )
    metrics.by_campaign(
        "televote_certified",
        "1 once two people have certified the result.",
        lambda: {name: float(one.certified) for name, one in service.campaigns.items()},
    )
    metrics.by_campaign(
        "televote_late_steps",
        "Steps of the timetable that are late.",
        lambda: {
            name: sum(step.state == "late" for step in timetable.steps(one, service.now_ms()))
            for name, one in service.campaigns.items()
        },
    )
    metrics.by_campaign(
        "televote_ledger_entries",
        "Entries in this node's ledger.",
        lambda: {name: service.recorder.head(name).size for name in service.campaigns},
    )
    metrics.by_campaign(
        "televote_ledger_signed_entries",
        "Entries of this node's ledger that it has signed.",
        lambda: {name: service.publisher.signed(name) for name in service.campaigns},
    )
    metrics.by_campaign(
        "televote_balanced",
        "1 if every message and selection has exactly one outcome.",
        lambda: {name: float(board.standings(name)["balance"]["balanced"]) for name in service.campaigns},
    )
