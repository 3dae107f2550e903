"""A dry run: how messages would end if they were recorded now. The same rules, and nothing is recorded."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from dedup.keys import VoterKey
from gateway.intake import journey
from gateway.intake.decide import decide
from gateway.intake.importer import Landed
from gateway.intake.inbound import Inbound
from gateway.intake.source import Source
from gateway.storage.store import Batch, Head, Heard, HeldClaim, Place, Recall
from tally import entry, seal
from tally.seal import Sealer

#: What would be sealed is thrown away: any key will do.
_SEALER = Sealer(bytes(range(seal.KEY_BYTES)), "dry run")


class DryRun:
    """Messages judged in order. What earlier ones of the run would have claimed, later ones find claimed.

    `recall` asks the store, `head` is where the log stands, `now_ms` when it all would be received.
    """

    def __init__(
        self,
        source: Source,
        head: Head,
        recall: Callable[[Head, Sequence[Heard]], Awaitable[Recall]],
        now_ms: int,
    ) -> None:
        self._source, self._head, self._recall, self._now_ms = source, head, recall, now_ms
        self._heard: dict[Heard, Place] = {}
        self._claims: dict[VoterKey, list[HeldClaim]] = {}
        self._turn = asyncio.Lock()

    async def take(self, inbound: Sequence[Inbound]) -> list[Landed]:
        """How these would end, after those before them."""
        if not inbound:
            return []
        async with self._turn:
            items = [journey.prepare(self._source, one, self._now_ms) for one in inbound]
            stored = await self._recall(self._head, [item.heard for item in items])
            voters = dict.fromkeys(item.heard.voter for item in items)
            claims = [claim for voter in voters for claim in self._claims.get(voter, ())]
            known = Recall({**stored.heard, **self._heard}, [*stored.claims, *claims])
            decided = decide(self._head, _SEALER, items, known, bytes(entry.BLINDING_BYTES * len(items)))
            self._remember(decided.batch)
        return [
            Landed("", before=True)
            if isinstance(verdict, Place)
            else Landed(verdict.outcome, verdict.redelivered)
            for verdict in decided.verdicts
        ]

    def _remember(self, batch: Batch) -> None:
        for voter, message, seq, channel, uses in batch.messages:
            self._heard[Heard(voter, message)] = Place(self._head.log_id, seq)
            self._claims.setdefault(voter, []).extend([HeldClaim(voter, use, channel) for use in uses])
