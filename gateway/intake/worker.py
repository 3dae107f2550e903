"""What a worker is: a source that is neither asked over HTTP nor handed in, but works beside the server.

It listens at a door of its own, or takes what a daemon has put down. A kind is one module in
`gateway/workers/` that offers `worker: WorkerKind`; `serve` runs every source of such a kind for as long
as it runs itself. Unlike a provider it does I/O; what it brings goes the way of any message from *read* on.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from pydantic import BaseModel

from gateway.intake.dialogue import Script
from gateway.intake.importer import Landed
from gateway.intake.inbound import Inbound
from gateway.kinds import discover
from tally.outcome import Channel


class Desk(Protocol):
    """What a worker has of the gateway."""

    @property
    def source(self) -> str:
        """The source's name, for the log."""
        ...

    @property
    def token(self) -> bytes:
        """The source's token, b"" if none is asked for."""
        ...

    def admits(self, address: str) -> bool:
        """Whether the source takes anything from this address."""
        ...

    def now_ms(self) -> int:
        """Our clock."""
        ...

    async def take(self, inbound: Sequence[Inbound]) -> Sequence[Landed]:
        """Record messages; returns when they are durable. Raises as `Recorder.submit`."""
        ...


class NotRelayed(ValueError):
    """`televote relay` was not called as the kind's daemon calls it; the message says how."""


class Worker(Protocol):
    """One configured source, ready to work."""

    def working(self, desk: Desk) -> AbstractAsyncContextManager[None]:
        """At work inside the context. Raises `OSError` if what it needs cannot be had."""
        ...


@runtime_checkable
class Relaying(Worker, Protocol):
    """A worker whose daemon can call us for each message, by `televote relay`."""

    def relayed(self, words: Sequence[str], environ: Mapping[str, str]) -> Sequence[Inbound]:
        """The messages that a hook was called for, by its words and environment.

        Raises `NotRelayed`, and `OSError` for a file that cannot be read.
        """
        ...


class WorkerBuilder(Protocol):
    """Builds a worker from its validated options, and what its campaign says in calls.

    Raises `dialogue.Unspeakable`.
    """

    def __call__(self, options: BaseModel, script: Script, /) -> Worker: ...


def _within(_options: BaseModel) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class WorkerKind:
    """A kind of worker, as `televote sources` lists it. `exposed` says of options whether strangers could
    reach the worker: such a source must have a token or an address list."""

    kind: str
    channel: Channel
    by: Literal["TCP", "folder", "database"]
    authentication: str
    options: type[BaseModel]
    build: WorkerBuilder
    gives_time: bool
    configure: str = ""
    reference: str = ""
    exposed: Callable[[BaseModel], bool] = _within


def kinds() -> dict[str, WorkerKind]:
    """Every kind of worker there is, by name."""
    found = discover("gateway.workers", "worker")
    return {name: kind for name, kind in found.items() if isinstance(kind, WorkerKind)}
