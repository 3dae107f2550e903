"""The count, without a network: store, recorder and calendar over loaded settings.

`serve` puts HTTP around it; `import` and `close` use it directly when no server runs.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from config.load import Loaded
from gateway import clock, entrances
from gateway.casebook import Casebook
from gateway.fleet.nodes import Neighbours
from gateway.intake import schedule
from gateway.intake.chair import Chair
from gateway.intake.importer import Landed
from gateway.intake.inbound import Inbound
from gateway.intake.recorder import Observer, Recorder
from gateway.intake.running import Running
from gateway.intake.schedule import Schedule
from gateway.intake.source import Source
from gateway.keeping.erasure import Eraser
from gateway.ledger.folder import published
from gateway.ledger.mirror import Mirror
from gateway.ledger.publisher import Publisher
from gateway.parts.assembly import Assembly
from gateway.storage import cases, receipts
from gateway.storage.opening import open_store
from gateway.storage.store import Acted, Store

_log = structlog.get_logger()


class Shift:
    """Tasks that run as long as the service. That one ended before, by an error, is told at once, and stays
    known: nothing does its work any more."""

    def __init__(self) -> None:
        self.is_short = False

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """One more task."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.is_short = True
            _log.error("fault", exc_info=error)


@dataclass(frozen=True, slots=True)
class Service:
    """Everything long-lived but HTTP."""

    campaigns: Mapping[str, Running]
    sources: Mapping[str, Source]
    store: Store
    recorder: Recorder
    assembly: Assembly
    schedule: Schedule
    casebook: Casebook
    acts: Chair
    publisher: Publisher
    neighbours: Neighbours
    eraser: Eraser
    shift: Shift
    now_ms: Callable[[], int]

    async def tempo(self, campaign: str, since_ms: int) -> list[tuple[int, str, int, int]]:
        """Messages by minute and source: (minute in Unix milliseconds, source, counted, others)."""
        return await self.store.run(cases.tempo, campaign, since_ms)

    async def last_heard(self, campaign: str) -> dict[str, int]:
        """The last minute in which each source brought something in, in Unix milliseconds."""
        return await self.store.run(cases.last_heard, campaign)

    async def messages(self, campaign: str) -> dict[str, int]:
        """How many messages each source has brought in; a source of the campaign that is silent has 0."""
        own = {name: 0 for name, source in self.sources.items() if source.running.id == campaign}
        return {**own, **await self.store.run(cases.by_source, campaign)}

    async def take(self, source: Source, inbound: Sequence[Inbound]) -> list[Landed]:
        """Record messages that did not come by HTTP, received now. Raises as `Recorder.submit`."""
        verdicts = await self.assembly.take(source, inbound, self.now_ms())
        return [Landed(verdict.outcome, verdict.redelivered) for verdict in verdicts]


@asynccontextmanager
async def open_service(
    loaded: Loaded, observer: Observer, now_ms: Callable[[], int] = clock.now_ms, linger_seconds: float = 0.0
) -> AsyncIterator[Service]:
    """The service, its campaigns taken up where the ledger left them; drained and closed at the end.

    `linger_seconds` is how long a request that came in time may take to arrive. Raises
    `config.problems.Problems`, `store.Unsafe`, `store.Unavailable`.
    """
    settings = loaded.settings
    campaigns = entrances.run_campaigns(loaded)
    sources = entrances.open_all(loaded, campaigns)
    async with open_store(settings) as store:
        recorder = Recorder(
            store,
            settings.node,
            observer,
            os.urandom,
            queue=settings.limits.queue_messages,
            batch=settings.limits.batch_messages,
        )
        acts = await _take_up(store, recorder, campaigns)
        neighbours = Neighbours(store, settings.node, recorder.look, now_ms)
        await neighbours.begin()
        publisher = Publisher(published(settings), campaigns, store, recorder.head)
        await publisher.begin()
        mirror = Mirror(published(settings), campaigns, store, settings.node)
        calendar = Schedule(recorder, campaigns.values(), now_ms, linger_seconds, neighbours.down)
        eraser = Eraser(store, recorder, campaigns, now_ms, Path(settings.data))
        shift = Shift()
        async with _recording(shift, recorder, publisher, neighbours, mirror):
            await calendar.begin({name: schedule.last_rules(known) for name, known in acts.items()})
            assembly = Assembly(store, recorder, sources, now_ms)
            async with _tending(shift, calendar, assembly, eraser):
                casebook = Casebook(store, campaigns)
                chair = Chair(recorder, casebook, now_ms)
                yield Service(
                    campaigns,
                    sources,
                    store,
                    recorder,
                    assembly,
                    calendar,
                    casebook,
                    chair,
                    publisher,
                    neighbours,
                    eraser,
                    shift,
                    now_ms,
                )


async def _take_up(
    store: Store, recorder: Recorder, campaigns: Mapping[str, Running]
) -> Mapping[str, Sequence[Acted]]:
    """The campaigns as their acts have left them, and these acts."""
    acts = {name: await store.acts(name) for name in campaigns}
    for name, running in campaigns.items():
        schedule.resume(running, acts[name])
    await recorder.begin(campaigns)
    for name, running in campaigns.items():
        if running.receipts:
            await store.run(receipts.adopt, recorder.head(name).log_id)
    return acts


@asynccontextmanager
async def _recording(
    shift: Shift, recorder: Recorder, publisher: Publisher, neighbours: Neighbours, mirror: Mirror
) -> AsyncIterator[None]:
    """Inside the context messages are recorded and published. At its end the recorder is drained, and the
    publisher last: what was recorded is signed."""
    writing = shift.begin(recorder.run())
    publishing = shift.begin(publisher.run())
    looking = shift.begin(neighbours.run())
    mirroring = shift.begin(mirror.run())
    try:
        yield
    finally:
        neighbours.stop()
        mirror.stop()
        await asyncio.gather(looking, mirroring, return_exceptions=True)
        recorder.stop()
        await asyncio.gather(writing, return_exceptions=True)
        publisher.stop()
        await asyncio.gather(publishing, return_exceptions=True)


@asynccontextmanager
async def _tending(
    shift: Shift, calendar: Schedule, assembly: Assembly, eraser: Eraser
) -> AsyncIterator[None]:
    """Inside the context what is due is done: opening and closing, parts that wait too long, erasing."""
    ticking = shift.begin(calendar.run())
    assembling = shift.begin(assembly.run())
    erasing = shift.begin(eraser.run())
    try:
        yield
    finally:
        ticking.cancel()
        assembling.cancel()
        eraser.stop()
        await asyncio.gather(ticking, assembling, erasing, return_exceptions=True)
