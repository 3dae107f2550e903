"""Group commit: what waits is judged and appended in one transaction, then its senders are answered.

A lone vote costs one fsync, a storm one fsync a batch. This task is the only one that appends, so the
order of the ledger is the order of the queue, and what was decided is decided on what was committed.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, Protocol, cast

import structlog

from dedup.keys import VoterKey
from gateway.intake import journey, revise
from gateway.intake.decide import Decided, Verdict, decide
from gateway.intake.journey import Prepared
from gateway.intake.revise import Act, Docket, Foreseen, Refused, Ruling
from gateway.intake.running import Running
from gateway.storage.store import Conflict, Head, Place, Store, Unavailable, Unsafe
from gateway.telling import cause
from tally import entry, receipt, seal, verify
from tally.acts import REVISIONS
from tally.outcome import MessageOutcome
from tally.verify import Stored

_log = structlog.get_logger()

#: A conflict means another node was first. Deciding again on what it wrote must succeed then, unless it is
#: first once more: of a caller who sends to all nodes at once, one message is recorded in every turn.
_ATTEMPTS: Final = 20
_ROLLED_BACK: Final = (
    "the ledger of {campaign} had {had} entries, and has {has} now: the database is an older copy, such as a "
    "standby that had not received all. Put the newest one back; if it is gone for good, stop the node and "
    "go on in a new epoch: televote new-epoch {campaign}"
)
_PROBE_SECONDS: Final = 1.0
#: Turns of the event loop before a batch is taken, in which what has arrived is read and brought here.
#: Fewer, larger commits cost less, and a lone vote waits microseconds for it.
_TURNS: Final = 4


class Busy(RuntimeError):
    """More is waiting than the settings allow: try again later."""


class Stopping(RuntimeError):
    """The recorder takes nothing more: try again elsewhere, or after the restart."""


#: What comes when nothing can be recorded just now: nothing was, and the same may be asked again.
NOT_NOW: Final = (Busy, Stopping, Unavailable)


class Observer(Protocol):
    """Who wants to know what was committed (the metrics)."""

    def committed(self, decided: Sequence[Decided], seconds: float) -> None:
        """Batches, one a campaign, are on disk; it took so long."""
        ...

    def heard(self, source: str, at_ms: int) -> None:
        """A source was heard."""
        ...

    def failed(self) -> None:
        """A batch could not be committed; its senders were asked to try again."""
        ...


class Done(Protocol):
    """What a sender waits for, a future or the like: verdicts on its items, in their order; none for acts.

    `done` says that nobody waits any more. The others return when the sender is told, and raise nothing.
    """

    def done(self) -> bool: ...

    def set_result(self, verdicts: list[Verdict], /) -> None: ...

    def set_exception(self, error: Exception, /) -> None: ...


_Verdicts = Iterator[Verdict]
#: Messages that are not recorded yet, by campaign and by their number in what was asked.
_Left = dict[str, dict[int, Prepared]]


@dataclass(slots=True)
class _Waiting:
    """What one sender handed in: messages, or else an act, or else rulings made at one instant.

    What is no message gets a batch of its own: it changes what the messages after it are judged by. So does
    `cut`, our clock, which says from when on nothing counts. `followed` is how many acts the campaign had
    taken up when an act was worked out.
    """

    running: Running
    done: Done
    messages: Sequence[Prepared] = ()
    act: Act | None = None
    rulings: Sequence[Ruling] = ()
    at_ms: int = 0
    foreseen: Foreseen | None = None
    followed: int = 0
    cut: Callable[[], int] | None = None

    @property
    def size(self) -> int:
        """How much was handed in."""
        return len(self.messages) or len(self.rulings) or 1


@dataclass(slots=True)
class _Log:
    head: Head
    sealer: seal.Sealer

    def opener(self, name: str) -> seal.Sealer:
        """What opens the entries of one of the campaign's logs ("campaign/node"), be it an earlier one."""
        own = f"{self.head.campaign}/{self.head.node}"
        return self.sealer if name == own else self.sealer.of(name)


class Recorder:
    """The one writer. `begin` it with the campaigns, `run` it as a task, `stop` it to drain.

    `queue` is how many messages may wait, `batch` how many go into one transaction (an array of more is
    not split). `randomness(n)` gives n random bytes.
    """

    def __init__(
        self,
        store: Store,
        node: str,
        observer: Observer,
        randomness: Callable[[int], bytes],
        queue: int = 20_000,
        batch: int = 8_000,
    ) -> None:
        self._store, self._node, self._observer, self._randomness = store, node, observer, randomness
        self._limit, self._batch = queue, batch
        self._queue: deque[_Waiting] = deque()
        self._queued = 0
        self._wake = asyncio.Event()
        self._stopping, self._behind = False, False
        self._campaigns: dict[str, Running] = {}
        self._logs: dict[str, _Log] = {}
        self.healthy = True
        #: Counts commits, here and elsewhere: who shows standings looks again when it has moved.
        self.version = 0

    @property
    def queued(self) -> int:
        """Messages that wait."""
        return self._queued

    def is_full(self, beside: int) -> bool:
        """Whether nothing more may wait; `beside` are messages on their way here."""
        return self._queued + beside >= self._limit

    @property
    def is_crowded(self) -> bool:
        """Whether so much waits that more would soon be refused."""
        return self._queued * 10 > self._limit * 9

    async def begin(self, campaigns: Mapping[str, Running]) -> None:
        """Load the heads of the campaigns' logs. Raises `store.Unsafe`, `store.Unavailable`."""
        self._campaigns = dict(campaigns)
        for running in campaigns.values():
            head = await self._store.head(running.id, self._node, running.keys.check)
            await self._store.adopt(head, sorted(running.pending))
            log = _Log(head, seal.Sealer(running.keys.sealing, f"{running.id}/{head.node}"))
            await self._catch_up(running, log)
            self._logs[running.id] = log

    def head(self, campaign: str) -> Head:
        """Where the campaign's log on this node stands."""
        return self._logs[campaign].head

    async def submit(self, running: Running, items: Sequence[Prepared]) -> list[Verdict]:
        """Record messages of one campaign; returns when they are durable, with a verdict each.

        Raises `Busy`, `Stopping`, or `store.Unavailable`: then nothing may be acknowledged.
        """
        done = _future()
        self.put(running, items, done)
        return await done

    async def act(self, act: Act) -> Place:
        """Record an act, after all that waits already; the campaign follows it. Returns where its entry
        stands. Raises as `submit`, and `revise.Refused` if another act came first: it may change what this
        one rests on."""
        done = _future()
        self._put(_Waiting(act.running, done, act=act, followed=act.running.followed))
        await done
        head = self.head(act.running.id)  # it was a batch of its own, and its sender goes on before the next
        return Place(head.log_id, head.size - 1)

    async def revise(
        self, running: Running, rulings: Sequence[Ruling], at_ms: int, foreseen: Foreseen | None = None
    ) -> list[Verdict]:
        """Record rulings on different messages of one campaign, all or none: how each message ended.

        Raises as `submit`, and `revise.Refused` if one is not allowed, or they do not come to what was
        `foreseen`.
        """
        done = _future()
        self._put(_Waiting(running, done, rulings=rulings, at_ms=at_ms, foreseen=foreseen))
        return await done

    async def foresee(self, running: Running, rulings: Sequence[Ruling], at_ms: int) -> Foreseen:
        """What rulings would come to now. Records nothing. Raises `revise.Refused`, `store.Unavailable`."""
        waiting = _Waiting(running, _future(), rulings=rulings, at_ms=at_ms)
        return revise.foreseen(await self._decide_alone(self._logs[running.id], waiting))

    def put(self, running: Running, items: Sequence[Prepared], done: Done) -> None:
        """Have messages of one campaign recorded; `done` gets a verdict each, or `Unavailable`.

        Raises `Busy` or `Stopping` at once.
        """
        self._put(_Waiting(running, done, items))

    def _put(self, waiting: _Waiting) -> None:
        if self._stopping:
            raise Stopping("the service is stopping")
        queued = self._queued + waiting.size
        if waiting.messages and self._queued and queued > self._limit:  # people, and the calendar, are few
            raise Busy("too many messages are waiting")
        self._queue.append(waiting)
        self._queued = queued
        self._wake.set()

    async def cut_short(self, running: Running, now_ms: Callable[[], int]) -> None:
        """Nothing that arrives once all that waits already is recorded counts, on any node. Where two are cut
        short at once, it is the first. Raises as `submit`."""
        done = _future()
        self._put(_Waiting(running, done, cut=now_ms))
        await done

    def look(self) -> None:
        """Other nodes have recorded something: take it up before the next batch."""
        self._behind = True
        self._wake.set()

    async def run(self) -> None:
        """Commit what waits until stopped and drained."""
        while True:
            while self._queue or self._behind:
                for _ in range(_TURNS):
                    if self._queued >= self._batch:
                        break
                    await asyncio.sleep(0)
                if self._behind:
                    await self._follow_others()
                else:
                    await self._commit(self._take())
            if self._stopping:
                return
            self._wake.clear()
            if self.healthy:
                await self._wake.wait()
            else:
                await self._recover()

    def stop(self) -> None:
        """Take nothing more; `run` returns once what waits is recorded."""
        self._stopping = True
        self._wake.set()

    def _take(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        size = 0
        while self._queue:
            waiting = self._queue[0]
            if taken and not (waiting.messages and size + len(waiting.messages) <= self._batch):
                break
            taken.append(self._queue.popleft())
            size += waiting.size
            if not waiting.messages:
                break
        self._queued -= size
        return taken

    async def _commit(self, taken: list[_Waiting]) -> None:
        try:
            verdicts = await self._record(taken)
        except Refused as refused:
            if not taken[0].done.done():
                taken[0].done.set_exception(refused)
            return
        except Exception as error:  # noqa: BLE001 -- whatever it is, nobody may be left waiting or acknowledged
            self._fail(taken, error)
            return
        self.healthy = True
        act = taken[0].act
        if act is not None:
            act.running.follow(act.kind, act.detail, act.private, act.at_ms)
        heard: dict[str, int] = {}
        for waiting in taken:
            ended = list(islice(verdicts[waiting.running.id], waiting.size))
            if waiting.messages:
                last = waiting.messages[-1]
                heard[last.source.name] = last.received_ms
            if not waiting.done.done():
                waiting.done.set_result(ended)
        for source, at_ms in heard.items():
            self._observer.heard(source, at_ms)

    def _fail(self, taken: list[_Waiting], error: Exception) -> None:
        self.healthy = False
        for waiting in taken:  # before anything else: what fails below may fail
            if not waiting.done.done():
                waiting.done.set_exception(Unavailable("the votes could not be written"))
        self._observer.failed()
        _log.error("commit_failed", messages=sum(waiting.size for waiting in taken), **cause(error))

    async def _record(self, taken: list[_Waiting]) -> dict[str, _Verdicts]:
        """Decide and commit; the verdicts by campaign, in the order of the items."""
        if not self.healthy:
            await self._reload()
        if not taken[0].messages:
            return await self._record_alone(taken[0])
        asked: dict[str, list[Prepared]] = {}
        for waiting in taken:
            asked.setdefault(waiting.running.id, []).extend(waiting.messages)
        try:
            return {campaign: iter(told) for campaign, told in (await self._record_all(asked)).items()}
        except Conflict as conflict:
            return await self._record_in_turns(asked, conflict)

    async def _record_all(self, asked: Mapping[str, Sequence[Prepared]]) -> dict[str, list[Verdict]]:
        """Decide and commit messages, all or none. Raises as `Store.append`.

        All that is read is read before the commit: after it nothing can fail that anyone waits for.
        """
        decided = {campaign: await self._decide(campaign, items) for campaign, items in asked.items()}
        verdicts = {campaign: await self._look_up(campaign, one) for campaign, one in decided.items()}
        await self._append(decided)
        return verdicts

    async def _record_in_turns(
        self, asked: Mapping[str, Sequence[Prepared]], conflict: Conflict
    ) -> dict[str, _Verdicts]:
        """Another node has recorded something of a caller meanwhile: that caller's messages are set aside and
        judged again, after the others. These need not wait for it, nor be judged on anything new."""
        ended: dict[str, dict[int, Verdict]] = {campaign: {} for campaign in asked}
        left: _Left = {campaign: dict(enumerate(items)) for campaign, items in asked.items()}
        aside: _Left = {campaign: {} for campaign in asked}
        await self._reload()
        _set_aside(left, aside, conflict.voters)
        for _ in range(_ATTEMPTS):
            if not any(left.values()):
                left, aside = aside, {campaign: {} for campaign in asked}
            try:
                told = await self._record_all(
                    {campaign: list(items.values()) for campaign, items in left.items() if items}
                )
            except Conflict as again:
                await self._reload()
                _set_aside(left, aside, again.voters)
            else:
                for campaign, verdicts in told.items():
                    ended[campaign].update(zip(left[campaign], verdicts, strict=True))
                left = {campaign: {} for campaign in asked}
                if not any(aside.values()):
                    return {
                        campaign: iter([one[at] for at in sorted(one)]) for campaign, one in ended.items()
                    }
        raise Unavailable("another node was always first")

    async def _cut_short(self, running: Running, now_ms: Callable[[], int]) -> dict[str, _Verdicts]:
        """No node records anything meanwhile, nor do we: what was received before counts, nothing else."""
        async with self._store.alone(self.head(running.id)):
            running.close_early(await self._store.cut_short(self.head(running.id), now_ms()))
        return {running.id: iter(())}

    async def _record_alone(self, waiting: _Waiting) -> dict[str, _Verdicts]:
        campaign = waiting.running.id
        if waiting.cut is not None:
            return await self._cut_short(waiting.running, waiting.cut)
        for _ in range(_ATTEMPTS):
            async with self._store.alone(self.head(campaign)):
                if self._store.is_shared:
                    await self._renew(campaign)
                decided = await self._decide_alone(self._logs[campaign], waiting)
                verdicts = await self._look_up(campaign, decided)
                try:
                    await self._append({campaign: decided})
                except Conflict:
                    await self._renew(campaign)
                else:
                    return {campaign: iter(verdicts)}
        raise Unavailable("another writer was always first")

    async def _append(self, decided: Mapping[str, Decided]) -> None:
        """Commit, and tell who watches. Raises as `Store.append`."""
        started = time.perf_counter()
        await self._store.append([one.batch for one in decided.values()])
        for campaign, one in decided.items():
            self._logs[campaign].head = one.batch.after
            for outbox, replies in one.posted.items():
                outbox.put(replies)
        self.version += 1
        try:
            self._observer.committed(list(decided.values()), time.perf_counter() - started)
        except Exception as error:  # noqa: BLE001 -- what is watched must not stop the count
            _log.error("observer_failed", **cause(error))

    async def _decide(self, campaign: str, asked: Sequence[Prepared]) -> Decided:
        log, running = self._logs[campaign], self._campaigns[campaign]
        items = [item if item.edition == running.edition else _again(item) for item in asked]
        recall = await self._store.recall(log.head, [item.heard for item in items])
        return decide(
            log.head, log.sealer, items, recall, self._randomness(entry.BLINDING_BYTES * len(items))
        )

    async def _decide_alone(self, log: _Log, waiting: _Waiting) -> Decided:
        """Acts, or rulings: each a batch of its own."""
        running, act, rulings = waiting.running, waiting.act, waiting.rulings
        if act is not None:
            if running.followed != waiting.followed or act.size not in (None, log.head.entries):
                raise Refused("changed")
            return revise.record(log.head, log.sealer, (act,), self._blinding)
        filed = await self._store.filed([ruling.target for ruling in rulings])
        cases = {
            one.place: revise.read_case(one, log.opener(one.log))
            for one in filed
            if one.log.partition("/")[0] == running.id
        }
        voters = [
            revise.voter_of(running, cases[ruling.target], line)
            for ruling in rulings
            if ruling.target in cases and cases[ruling.target].opening is not None
            for line in ("", ruling.line)
        ]
        held = await self._store.held(log.head, voters)
        docket = Docket(running, log.head, log.sealer, held, waiting.at_ms, self._blinding)
        decided = revise.judge(docket, cases, rulings)
        if waiting.foreseen is not None and revise.foreseen(decided) != waiting.foreseen:
            raise Refused("changed")
        return decided

    def _blinding(self) -> bytes:
        return self._randomness(entry.BLINDING_BYTES)

    async def _look_up(self, campaign: str, decided: Decided) -> list[Verdict]:
        """The verdicts, those of messages recorded in earlier batches read back from the ledger."""
        places = [verdict for verdict in decided.verdicts if isinstance(verdict, Place)]
        if not places:
            return cast("list[Verdict]", decided.verdicts)
        stored = iter(await self._store.entries_at(places))
        log, gives = self._logs[campaign], self._campaigns[campaign].receipts
        others = {place.log_id for place in places} - {log.head.log_id}
        nodes = await self._store.logs(campaign) if others else {}
        openers = {number: log.opener(f"{campaign}/{nodes[number]}") for number in others}
        return [
            _recorded(openers.get(verdict.log_id, log.sealer), verdict, next(stored), receipts=gives)
            if isinstance(verdict, Place)
            else verdict
            for verdict in decided.verdicts
        ]

    async def _reload(self) -> None:
        """What the database says now, after a failure or another node's commit."""
        if not self.healthy:
            await self._store.reopen()
        for campaign in self._logs:
            await self._renew(campaign)

    async def _renew(self, campaign: str) -> None:
        """What the database says of one campaign now.

        Raises `Unsafe` if it has lost what we were told is in it: what is written to an older copy stands
        where other votes are signed.
        """
        log = self._logs[campaign]
        head = await self._store.head(campaign, self._node, self._campaigns[campaign].keys.check)
        if head.size < log.head.size:
            raise Unsafe(_ROLLED_BACK.format(campaign=campaign, had=log.head.size, has=head.size))
        if head.edition != log.head.edition:
            await self._catch_up(self._campaigns[campaign], replace(log, head=head))
        self._logs[campaign] = replace(log, head=head)

    async def _catch_up(self, running: Running, log: _Log) -> None:
        """Follow acts that another node has recorded, or that we were told could not be written."""
        done = [act for act in await self._store.acts(running.id) if act.stored.kind not in REVISIONS]
        for node, stored in done[running.followed :]:
            act = verify.open_row(stored, log.opener(f"{running.id}/{node}"))
            running.take_up(act.leaf.kind, act.leaf.detail, act.private, act.leaf.at_ms)
        if log.head.closing_ms is not None and running.closed_ms is None and not running.closed:
            running.close_early(log.head.closing_ms)

    async def _follow_others(self) -> None:
        self._behind = False
        if self.healthy:
            try:
                await self._reload()
            except (Unavailable, Conflict) as error:  # the next commit meets it, too
                _log.warning("not_followed", **cause(error))
            except Exception as error:  # noqa: BLE001 -- whatever it is, nothing may be counted before it is over
                self.healthy = False
                _log.error("not_followed", **cause(error))
            else:
                self.version += 1

    async def _recover(self) -> None:
        """While broken: write something harmless every second, so that readiness returns by itself."""
        await asyncio.sleep(_PROBE_SECONDS)
        try:
            await self._reload()
            await self._store.probe()
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is still broken
            _log.warning("still_unavailable", **cause(error))
        else:
            self.healthy = True
            _log.info("available_again")


def _future() -> asyncio.Future[list[Verdict]]:
    return asyncio.get_running_loop().create_future()


def _again(item: Prepared) -> Prepared:
    """The message as the campaign is now: an act has been recorded since it was prepared."""
    return journey.prepare(item.source, item.inbound, item.received_ms)


def _recorded(sealer: seal.Sealer, place: Place, stored: Stored, *, receipts: bool) -> Verdict:
    """How a message ended that was recorded before."""
    code = receipt.number(stored.leaf_hash) if receipts else None
    try:
        opening = entry.unpack(sealer.open(stored.seq, stored.sealed or b"")[1])
    except entry.BadEntry:  # erased, or damaged: `verify` tells which; the outcome is in the leaf
        return Verdict(MessageOutcome(stored.kind), (), place, redelivered=True, receipt=code)
    return Verdict(MessageOutcome(opening.outcome), opening.selections, place, redelivered=True, receipt=code)


def _set_aside(left: _Left, aside: _Left, voters: Collection[VoterKey]) -> None:
    """Move the messages of these callers from what is left to what is judged after it."""
    for campaign, items in left.items():
        moved = [at for at, item in items.items() if item.heard.voter in voters]
        aside[campaign].update((at, items.pop(at)) for at in moved)
