"""The world of one seed: a drawn campaign on the real service and a real database, in virtual time.

Threads and chance are taken from the product, its own pauses are made longer, and the system's clock is ours;
all else is what runs in earnest.
"""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from config import load
from config.load import Loaded
from gateway.desk.desk import Desk
from gateway.exporting.exports import Exports
from gateway.intake import schedule
from gateway.intake.receive import Door
from gateway.intake.recorder import Busy, Stopping
from gateway.ledger import publisher
from gateway.parts import assembly
from gateway.room.chamber import Chamber
from gateway.room.secretary import Secretary
from gateway.service import Service, open_service
from gateway.storage import connection, sqlite
from gateway.storage.store import Unavailable
from gateway.watching.watch import Metrics
from tests.simulation import campaigns, faults
from tests.simulation.campaigns import START_MS
from tests.simulation.faults import Faults
from tests.simulation.loop import NoThread, Queue, VirtualLoop
from tests.simulation.oracle import Message

#: The service could not take it: whoever asked may ask again.
LATER = (Unavailable, Busy, Stopping)


class Diverged(AssertionError):
    """The product and the oracle differ, or a promise was broken."""

    def __init__(self, seed: int, what: str) -> None:
        super().__init__(f"{what}\nseed {seed}; again: .venv/bin/python -m tests.simulation {seed}")


@dataclass
class Mail:
    """A message under way: what it is, when it was tried (first and last moment), what its sender heard."""

    message: Message
    tried: list[list[int]] = field(default_factory=list)
    acknowledged: bool = False


@dataclass
class Asked:
    """An act that was asked for, from when to when, and the answer: "done", "refused", or "unknown"."""

    kind: str
    told: dict[str, Any]
    asked_ms: int
    answered_ms: int = 0
    answer: str = "unknown"


class World:
    """All that a seed draws. `mails` are by source and id, `asked` by the note that an act carries."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed, self.folder = seed, folder
        self.rng, self.entropy = Random(seed), Random(seed + 1)
        # By a chance of its own, so that what earlier seeds draw stays what it was.
        self.drawn = campaigns.draw(self.rng, folder, is_open=Random(seed ^ 0x0BE4).random() < 0.7)
        self.faults = Faults(Random(seed ^ 0x5EED), folder)
        self.faults.on_crash = self._died
        self.loop = VirtualLoop(self.faults.latency, self.faults.before_file_job)
        self.skew_ms, self.skews = 0, {0}
        self.mails: dict[tuple[str, str], Mail] = {}
        self.asked: dict[str, Asked] = {}
        self.checkpoints: set[str] = set()
        self.heard: list[str] = []
        self.service: Service | None = None
        self.crashed = asyncio.Event()
        self.crashes, self.ending = 0, False

    @property
    def true_ms(self) -> int:
        """What time it is."""
        return START_MS + int(self.loop.now * 1000)

    def now_ms(self) -> int:
        """What our clock says, which may be wrong."""
        return self.true_ms + self.skew_ms

    async def until(self, ms: float) -> None:
        """Wait for a moment."""
        await asyncio.sleep(max(0.0, (ms - START_MS) / 1000 - self.loop.now))

    def fail(self, what: str) -> None:
        """Raises `Diverged`."""
        raise Diverged(self.seed, what)

    @property
    def loaded(self) -> Loaded:
        """The set-up as its files say it."""
        return load.everything(self.drawn.settings, {})

    def _died(self) -> None:
        self.crashes += 1
        self.crashed.set()

    def lives(self, crashes: int) -> bool:
        """Whether the service that was asked when so many had crashed could still answer."""
        return self.crashes == crashes and not self.faults.dead

    async def serve(self) -> None:
        """Run the service; when it was killed, start it again on what it left, after a while."""
        while not self.ending:
            self.crashed.clear()
            self.faults.starting = True
            loaded = self.loaded
            try:
                async with open_service(loaded, Metrics(), self.now_ms) as service:
                    self.faults.starting = False
                    self._opened(service, loaded)
                    await self.crashed.wait()
                    self.service = None
            except (Unavailable, OSError):
                self.service = None
            self.faults.starting = False
            if self.faults.dead:
                self.faults.thaw()
                self.crashed.clear()
            if not self.ending:
                await asyncio.sleep(self.rng.choice([0.1, 5, 90]))

    def _opened(self, service: Service, loaded: Loaded) -> None:
        async def sits(login: str, campaign: str) -> bool:
            return True

        self.door = Door(service.sources, service.recorder, service.assembly, _Nobody(), self.now_ms)
        secretary = Secretary(service, Exports(loaded))
        self.chamber = Chamber(service, self.entropy.randbytes, sits, secretary)
        self.desk = Desk(service, self.entropy.randbytes)
        self.service = service

    @contextmanager
    def trying(self, *mails: Mail) -> Iterator[None]:
        """Note from when to when messages were on their way into the service."""
        tries = [[self.true_ms, self.true_ms] for _ in mails]
        for mail, one in zip(mails, tries, strict=True):
            mail.tried.append(one)
        try:
            yield
        finally:
            for one in tries:
                one[1] = self.true_ms


class _Nobody:
    def answered(self, source: str, status: int, reason: str) -> None:
        """Nobody watches."""


@contextmanager
def in_one_thread(world: World) -> Iterator[None]:
    """The product without threads and chance, for as long as this is open."""
    faulty, really = faults.connection_of(world.faults), connection.Connection.__init__

    def single(self: Any, *args: Any, **kwargs: Any) -> None:
        really(self, *args, **kwargs)
        self._tx, self._thread = Queue(world.loop), NoThread()

    def breakable(path: Path) -> sqlite3.Connection:
        if world.faults.dead:
            raise sqlite3.OperationalError("the process was killed")
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=faulty)

    with ExitStack() as stack:
        for owner, name, value in (
            (connection.Connection, "__init__", single),
            (sqlite, "_open", breakable),
            (schedule, "_TICK_SECONDS", 1200.0),
            (assembly, "_TICK_SECONDS", 3600.0),
            (publisher, "INTERVAL_SECONDS", 1500.0),
            (os, "urandom", world.entropy.randbytes),
            (os, "fsync", lambda _: None),
        ):
            stack.enter_context(mock.patch.object(owner, name, value))
        yield
