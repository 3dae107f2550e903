"""Messages opened for a person's eyes: what waits, what was ruled, what a caller has sent. Only reads."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from dedup import keys
from gateway.intake import revise
from gateway.intake.revise import Case
from gateway.intake.running import Running
from gateway.storage import cases
from gateway.storage.cases import START
from gateway.storage.store import Filed, Place, Store
from tally import entry
from tally.outcome import MessageOutcome
from tally.seal import Sealer

#: Messages with the identical text that are ruled on in one go.
MOST_ALIKE: Final = 500


class Earlier(NamedTuple):
    """An earlier message of a caller, as an operator may see it: never for whom."""

    at_ms: int
    channel: str
    outcome: MessageOutcome


class Casebook:
    """Reads few messages at a time: votes go first."""

    def __init__(self, store: Store, campaigns: Mapping[str, Running]) -> None:
        self._store, self._campaigns = store, campaigns
        self._sealers: dict[str, Sealer] = {}

    async def waiting(self, campaign: str, limit: int = 50, after: Place = START) -> list[Case]:
        """Those that wait for a person, oldest first, after a place."""
        return self._opened(await self._store.run(cases.waiting, campaign, after, limit))

    async def case(self, campaign: str, place: Place) -> Case | None:
        """One message, None if none of the campaign stands there: places are easily guessed."""
        return next(iter(await self.cases(campaign, [place])), None)

    async def cases(self, campaign: str, places: Sequence[Place]) -> list[Case]:
        """Several messages of a campaign, in the order of their places."""
        filed = await self._store.filed(places)
        return self._opened([one for one in filed if one.log.partition("/")[0] == campaign])

    async def place(self, campaign: str, node: str, seq: int) -> Place | None:
        """Where a node's entry stands, the only node's if none is named; None if there is no such node."""
        logs = await self._store.run(cases.logs, campaign)
        found = [log for log, name in logs.items() if node in ("", name)]
        return Place(found[0], seq) if len(found) == 1 else None

    async def alike(self, campaign: str, case: Case) -> list[Place]:
        """Those that wait with the identical text and for the same reason, the case itself among them."""
        return await self._store.run(cases.alike, campaign, case.text_key, case.outcome, MOST_ALIKE)

    async def of_caller(self, running: Running, line: str) -> list[Case]:
        """All messages of one line (E.164), in the order they were recorded."""
        voter = keys.voter_key(running.keys.voter, line, "")
        return self._opened(await self._store.run(cases.of_caller, running.id, voter))

    async def earlier(self, running: Running, line: str) -> list[Earlier]:
        """What became of a line's messages: outcomes, never choices."""
        return [
            Earlier(case.opening.received_ms, case.opening.channel, case.outcome)
            for case in await self.of_caller(running, line)
            if case.opening is not None
        ]

    def _opened(self, filed: Sequence[Filed]) -> list[Case]:
        opened = []
        for one in filed:
            try:
                opened.append(revise.read_case(one, self._sealer(one.log)))
            except entry.BadEntry:  # `verify` names it; one damaged entry must not hide the others
                continue
        return opened

    def _sealer(self, log: str) -> Sealer:
        sealer = self._sealers.get(log)
        if sealer is None:
            running = self._campaigns[log.partition("/")[0]]
            sealer = self._sealers[log] = Sealer(running.keys.sealing, log)
        return sealer
