"""What a store of either engine does by jobs alone (`records.py`, `cases.py`)."""

from collections.abc import Mapping, Sequence

from gateway.storage import cases, records
from gateway.storage.database import Jobs
from gateway.storage.store import Acted, Filed, Head, Place
from tally.count import TotalKey


class Keeping(Jobs):
    """The part of `store.Store` that is the same on both engines. It needs `run`."""

    async def cut_short(self, head: Head, at_ms: int) -> int:
        """See `store.Store`."""
        return await self.run(records.cut_short, head, at_ms)

    async def adopt(self, head: Head, pending: Sequence[str]) -> None:
        """See `store.Store`."""
        await self.run(records.adopt, head, pending)

    async def acts(self, campaign: str) -> Sequence[Acted]:
        """See `store.Store`."""
        return await self.run(records.acts, campaign)

    async def totals(self, campaign: str) -> Mapping[TotalKey, int]:
        """See `store.Store`."""
        return await self.run(records.totals, campaign)

    async def logs(self, campaign: str) -> Mapping[int, str]:
        """See `store.Store`."""
        return await self.run(cases.logs, campaign)

    async def filed(self, places: Sequence[Place]) -> Sequence[Filed]:
        """See `store.Store`."""
        return await self.run(cases.filed, places)

    async def probe(self) -> None:
        """See `store.Store`."""
        await self.run(records.probe)

    async def snapshot(self, campaign: str) -> tuple[int, str] | None:
        """See `store.Store`."""
        return await self.run(records.snapshot, campaign)

    async def add_snapshot(self, campaign: str, due_ms: int, standings: str) -> None:
        """See `store.Store`."""
        await self.run(records.add_snapshot, campaign, due_ms, standings)
