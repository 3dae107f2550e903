"""Sends what waits in the outboxes: after the commit, beside the count, and never twice for one message.

An attempt is on disk before it is made, and what came of it in the next turn. What a crash leaves between the
two is in doubt: it goes out again only where the provider sends once for one reference. Turns are few, for
they share the writer's connection with the votes.
"""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol

import structlog
from aiohttp import ClientSession

from gateway.outbox import delivery, records, retry
from gateway.outbox.letter import Unopened
from gateway.outbox.outbox import Outbox
from gateway.outbox.records import Note, Own, Taken
from gateway.outbox.retry import Pace
from gateway.outbox.sender import Fate
from gateway.storage.store import Conflict, Store, Unavailable
from gateway.telling import cause

_log = structlog.get_logger()

#: Attempts of one source that may be under way.
_AT_ONCE: Final = 16
#: Between two turns; how soon to look for what has become due; and for what nobody has said is there.
_TURN_SECONDS, _DUE_SECONDS, _IDLE_SECONDS = 0.2, 1.0, 60.0
#: How long a stop waits for attempts under way.
_STOP_SECONDS: Final = 5.0


class Observer(Protocol):
    """Who wants to know what became of replies (the metrics)."""

    def replied(self, source: str, result: str, replies: int) -> None:
        """Replies have come to a result: "sent", "retried", "failed", "unknown"."""
        ...


class Postman:
    """Empties one source's outbox: `begin` it, `run` it as a task, `stop` it to drain."""

    def __init__(
        self,
        own: Own,
        outbox: Outbox,
        store: Store,
        session: ClientSession,
        observer: Observer,
        now_ms: Callable[[], int],
    ) -> None:
        self._own, self._source, self._outbox, self._store = own, own.source, outbox, store
        self._session, self._observer, self._now_ms = session, observer, now_ms
        self._pace = Pace(outbox.plan.per_second)
        self._under_way: dict[asyncio.Task[None], Taken] = {}
        self._notes: list[Note] = []
        self._wake = asyncio.Event()
        self._stopping = False

    async def begin(self) -> None:
        """Take up what an earlier run has left. Raises `Unavailable`."""
        repeatable = self._outbox.sender.repeatable
        waiting, doubtful = await self._store.run(records.resume, self._own, repeatable, self._now_ms())
        self._outbox.waiting, self._outbox.wake = waiting, self._wake.set
        self._doubt(doubtful)

    def _doubt(self, replies: int) -> None:
        if replies:
            self._observer.replied(self._source, "unknown", replies)
            _log.warning("replies_in_doubt", source=self._source, replies=replies)

    async def run(self) -> None:
        """Send what is due, until stopped; then let attempts under way end, and note what came of them."""
        while not self._stopping:
            try:
                await self._turn(_AT_ONCE - len(self._under_way))
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is tried again
                _log.warning("replies_postponed", source=self._source, **cause(error))
                await asyncio.sleep(_DUE_SECONDS)
            await asyncio.sleep(_TURN_SECONDS)
            busy = self._under_way or self._outbox.waiting
            with suppress(TimeoutError):
                async with asyncio.timeout(_DUE_SECONDS if busy else _IDLE_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
        await self._end()

    def stop(self) -> None:
        """Begin no more attempts; `run` returns once those under way have ended."""
        self._stopping = True
        self._wake.set()

    async def _end(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_STOP_SECONDS)
        for task, taken in list(self._under_way.items()):
            if task.cancel():
                self._settle(taken, Fate("unknown", "stopped"))
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._notes:
            with suppress(Unavailable, Conflict):  # then they are in doubt at the next start
                await self._turn(0)

    async def _turn(self, free: int) -> None:
        """Write down what has come of attempts, and begin as many as the pace allows."""
        plan, notes = self._outbox.plan, self._notes
        room = max(0, min(free, self._pace.allowance(asyncio.get_running_loop().time())))
        self._notes = []
        try:
            turn = await self._store.run(
                records.turn, self._own, notes, room, self._now_ms(), plan.keep_ms, plan.per_caller
            )
        except BaseException:
            self._notes = notes + self._notes
            raise
        self._outbox.waiting = turn.waiting
        if turn.dropped:
            self._observer.replied(self._source, "failed", turn.dropped)
            _log.info("replies_dropped", source=self._source, replies=turn.dropped)
        self._doubt(turn.doubtful)
        self._pace.spend(len(turn.taken))
        for taken in turn.taken:
            task = asyncio.create_task(self._send(taken))
            self._under_way[task] = taken
            task.add_done_callback(lambda done: self._under_way.pop(done, None))

    async def _send(self, taken: Taken) -> None:
        try:
            letter = self._outbox.envelope.open(taken.log, taken.seq, taken.sealed)
        except Unopened:
            self._settle(taken, Fate("failed", "unreadable"))
            return
        sender, nonce = self._outbox.sender, secrets.token_hex(16)
        self._settle(taken, await delivery.deliver(self._session, sender, letter, self._now_ms(), nonce))

    def _settle(self, taken: Taken, fate: Fate) -> None:
        """To be written down in the next turn."""
        repeatable, spread = self._outbox.sender.repeatable, random.random()  # noqa: S311 -- to spread retries
        following = retry.after(fate, taken.attempt, repeatable, self._outbox.plan, self._now_ms(), spread)
        self._pace.heard(fate, asyncio.get_running_loop().time())
        self._notes.append(Note(taken, following))
        self._wake.set()
        result = "retried" if following.state == "due" else following.state
        self._observer.replied(self._source, result, 1)
        if result != "sent":
            _log.warning(
                "reply_not_sent",
                source=self._source,
                result=result,
                reason=fate.reason,
                attempt=taken.attempt,
            )


@asynccontextmanager
async def at_work(
    outboxes: Mapping[str, Outbox], store: Store, node: str, observer: Observer, now_ms: Callable[[], int]
) -> AsyncIterator[None]:
    """A postman for every outbox, by the names of their sources, and the replies that are this node's. Raises
    `Unavailable`."""
    logs = await store.run(records.logs, node)
    for name, replies in await store.run(records.abandon, logs, outboxes.keys()):
        observer.replied(name, "failed", replies)
        _log.warning("replies_dropped", source=name, replies=replies)
    if not outboxes:
        yield
        return
    async with delivery.client() as session:
        postmen = [
            Postman(Own(name, logs), outbox, store, session, observer, now_ms)
            for name, outbox in outboxes.items()
        ]
        for postman in postmen:
            await postman.begin()
        tasks = [asyncio.create_task(postman.run()) for postman in postmen]
        try:
            yield
        finally:
            for postman in postmen:
                postman.stop()
            await asyncio.gather(*tasks)
