"""What a worker is given of the gateway; and all that works beside the server, set to work."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.follow.follower import Follower
from gateway.follow.places import Places
from gateway.intake import receive
from gateway.intake.calllog import CallLog
from gateway.intake.importer import Landed
from gateway.intake.inbound import Inbound
from gateway.intake.source import Source
from gateway.service import Service


@dataclass(frozen=True, slots=True)
class SourceDesk:
    """See `worker.Desk`."""

    service: Service
    own: Source

    @property
    def source(self) -> str:
        """See `worker.Desk`."""
        return self.own.name

    @property
    def token(self) -> bytes:
        """See `worker.Desk`."""
        return self.own.token

    def admits(self, address: str) -> bool:
        """See `worker.Desk`."""
        return not self.own.allow_from or receive.within(address, self.own.allow_from)

    def now_ms(self) -> int:
        """See `worker.Desk`."""
        return self.service.now_ms()

    async def take(self, inbound: Sequence[Inbound]) -> Sequence[Landed]:
        """See `worker.Desk`."""
        return await self.service.take(self.own, inbound)


@asynccontextmanager
async def at_work(service: Service) -> AsyncIterator[None]:
    """The workers of all sources, and the followers of their logs. Raises `OSError` if one cannot begin."""
    async with AsyncExitStack() as working:
        for source in service.sources.values():
            if source.worker is not None:
                await working.enter_async_context(source.worker.working(SourceDesk(service, source)))
            if source.calllog is not None and source.follow:
                await working.enter_async_context(follower(service, source, source.calllog).at_work())
        yield


def follower(service: Service, source: Source, calllog: CallLog) -> Follower:
    """What follows the logs of a source."""
    return Follower(
        source.name,
        Path(source.follow),
        calllog,
        SourceDesk(service, source).take,
        Places(service.store, source.name),
        source.running.keys.message,
    )
