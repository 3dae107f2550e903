"""The queues of one node while a vote closes, on paper: who is answered, shed, late, lost, and until when.

Discrete events, seeded, without a clock or network. `python -m bench.scaling` prints what is assumed and what
comes of it.
"""

import heapq
import math
import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Final, NamedTuple

#: The published curve's rate has no bound at its end. It was fitted in steps of a day over some hundred days:
#: so it is bounded here by a hundredth of the window.
_STEPS: Final = 100


class Provider(NamedTuple):
    """How a provider hands in messages, of which it has a `share`.

    `timeout_s` is how long it waits for an answer; `retries_s` are its pauses before each further attempt
    after a 503 or a time-out: after the last it gives up. (None documents that it keeps to our Retry-After.)
    `has_clock` says whether it tells when a message was sent: then that decides, and not when we received it.
    """

    name: str
    share: float
    timeout_s: float
    retries_s: tuple[float, ...]
    has_clock: bool


def _doubling(first: float, most: float, until: float) -> tuple[float, ...]:
    pauses: list[float] = []
    while sum(pauses) < until:
        pauses.append(min(first * 2 ** len(pauses), most))
    return tuple(pauses)


#: As their documents say. The shares are assumed, and aliyun's patience, which is not documented.
PROVIDERS: Final = (
    Provider("aliyun", 0.25, 5.0, (60, 300, 600), has_clock=True),
    Provider("vonage", 0.15, 15.0, _doubling(5, 900, 86_400), has_clock=True),
    Provider("sinch", 0.10, 15.0, _doubling(5, 81_920, 86_400), has_clock=True),
    Provider("sns", 0.15, 15.0, (20, 20, 20), has_clock=True),
    Provider("kannel, retries on", 0.10, 240.0, (10,) * 30, has_clock=True),
    Provider("jasmin", 0.10, 30.0, (30, 30, 30), has_clock=False),
    Provider("twilio, as it comes", 0.15, 15.0, (), has_clock=False),
)


@dataclass(frozen=True, slots=True)
class Node:
    """What one node can do: a batch takes `batch_s` and `vote_s` for each of its messages, an answer of 503
    `shed_s`. `queue` messages may wait, `batch` go into one transaction."""

    vote_s: float
    batch_s: float
    shed_s: float
    queue: int = 20_000
    batch: int = 8_000

    @property
    def most_per_s(self) -> float:
        """Votes a second with full batches."""
        return self.batch / (self.batch_s + self.batch * self.vote_s)


@dataclass(slots=True)
class Told:
    """What became of a provider's messages.

    `shed` and `again` are requests: answered 503, and sent again. `late` are messages after the close by the
    clock that decides, `in_transit` those before it that were taken after the grace. `waits` are the seconds
    from the attempt that was taken to its answer.
    """

    messages: int = 0
    recorded: int = 0
    lost: int = 0
    shed: int = 0
    again: int = 0
    redelivered: int = 0
    late: int = 0
    in_transit: int = 0
    waits: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Closing:
    """How it went: by provider, the longest queue in each second, and when the last message was recorded."""

    told: list[Told]
    requests: int = 0
    answered: int = 0
    queued: dict[int, int] = field(default_factory=dict)
    last_s: float = 0.0

    def total(self, name: str) -> int:
        """A figure of `Told` over all providers."""
        return sum(getattr(one, name) for one in self.told)


class _Attempt(NamedTuple):
    at: float
    message: int
    number: int


def arrivals(messages: int, window_s: float, seed: int) -> list[float]:
    """When messages arrive, in order: people's pressure to act is one over the time that is left."""
    rng, step = random.Random(seed), window_s / _STEPS
    whole = 1 + _STEPS
    return sorted(window_s + step - step * whole ** (1 - rng.random()) for _ in range(messages))


def peak_per_s(messages: int, window_s: float) -> float:
    """The rate of `arrivals` at the close."""
    return messages / (window_s / _STEPS * math.log(1 + _STEPS))


def run(
    at: Sequence[float],
    node: Node,
    window_s: float,
    grace_s: float,
    seed: int,
    providers: Sequence[Provider] = PROVIDERS,
) -> Closing:
    """Let messages arrive at these times, in order, until each was answered for good or given up."""
    whose = random.Random(seed).choices(range(len(providers)), [one.share for one in providers], k=len(at))
    return _Simulation(at, node, window_s, grace_s, whose, providers).run()


class _Simulation:
    def __init__(
        self,
        at: Sequence[float],
        node: Node,
        window_s: float,
        grace_s: float,
        whose: Sequence[int],
        providers: Sequence[Provider],
    ) -> None:
        self._node, self._window_s, self._grace_s = node, window_s, grace_s
        self._whose, self._providers, self._sent = whose, providers, at
        # In order of time, so it is a heap.
        self._events = [_Attempt(*one) for one in zip(at, range(len(at)), repeat(1), strict=False)]
        self._queue: deque[_Attempt] = deque()
        self._free, self._debt = 0.0, 0.0
        self._recorded = bytearray(len(at))
        self._closing = Closing([Told() for _ in providers])
        for one in whose:
            self._closing.told[one].messages += 1

    def run(self) -> Closing:
        while self._events or self._queue:
            if self._queue and (not self._events or self._free <= self._events[0].at):
                self._serve()
            else:
                self._arrive(heapq.heappop(self._events))
        return self._closing

    def _arrive(self, one: _Attempt) -> None:
        self._closing.requests += 1
        self._closing.told[self._whose[one.message]].again += one.number > 1
        if len(self._queue) >= self._node.queue:
            self._debt += self._node.shed_s
            self._closing.told[self._whose[one.message]].shed += 1
            self._fail(one, one.at)
            return
        self._queue.append(one)
        self._look(one.at)

    def _look(self, at: float) -> None:
        second = int(at)
        self._closing.queued[second] = max(self._closing.queued.get(second, 0), len(self._queue))

    def _serve(self) -> None:
        """One batch: whoever is there when the node is free."""
        start = max(self._free, self._queue[0].at)
        self._look(start)
        batch: list[_Attempt] = []
        while self._queue and self._queue[0].at <= start and len(batch) < self._node.batch:
            batch.append(self._queue.popleft())
        self._free = start + self._node.batch_s + len(batch) * self._node.vote_s + self._debt
        self._debt = 0.0
        for one in batch:
            self._answer(one)

    def _answer(self, one: _Attempt) -> None:
        whose = self._whose[one.message]
        told, provider = self._closing.told[whose], self._providers[whose]
        self._closing.answered += 1
        if self._recorded[one.message]:
            told.redelivered += 1
        else:
            self._recorded[one.message] = 1
            told.recorded += 1
            told.waits.append(self._free - one.at)
            self._closing.last_s = max(self._closing.last_s, self._free)
            decides = self._sent[one.message] if provider.has_clock else one.at
            told.late += decides >= self._window_s
            told.in_transit += decides < self._window_s <= one.at - self._grace_s
        if self._free - one.at > provider.timeout_s:
            self._fail(one, one.at + provider.timeout_s)

    def _fail(self, one: _Attempt, at: float) -> None:
        whose = self._whose[one.message]
        told, provider = self._closing.told[whose], self._providers[whose]
        if one.number <= len(provider.retries_s):
            pause = provider.retries_s[one.number - 1]
            heapq.heappush(self._events, _Attempt(at + pause, one.message, one.number + 1))
        elif not self._recorded[one.message]:
            told.lost += 1


def rows(closing: Closing, providers: Sequence[Provider] = PROVIDERS) -> Iterator[list[str]]:
    """A row for each provider, and their sum, as `HEADER` says; p99 is a wait that 99 of 100 kept within."""
    names = ("messages", "recorded", "lost", "shed", "again", "redelivered", "late", "in_transit")
    waits = [one.waits for one in closing.told]
    for provider, one in zip(providers, closing.told, strict=True):
        yield [provider.name, *(f"{getattr(one, name):,}" for name in names), _p99_ms(one.waits)]
    yield [
        "all",
        *(f"{closing.total(name):,}" for name in names),
        _p99_ms([one for some in waits for one in some]),
    ]


HEADER: Final = (
    "provider", "messages", "recorded", "lost", "503", "sent again", "redelivered", "late", "in transit",
    "p99 ms",
)  # fmt: skip


def _p99_ms(waits: list[float]) -> str:
    return f"{sorted(waits)[len(waits) * 99 // 100] * 1000:,.0f}" if waits else "–"
