"""Keeps each campaign's vitals: reads new minutes after a commit, and asks the server how it is."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from gateway.intake.running import Running
from gateway.intake.source import Source
from gateway.watching import vitals
from gateway.watching.vitals import MINUTE_MS, Flow, Minute, Vitals

#: Minutes that may still grow are read again: a message is committed some seconds after it was received.
_AGAIN_MINUTES: Final = 5
#: So many minutes go with each look; whoever missed more asks for the page anew.
RECENT_MINUTES: Final = 10

#: The projection: rows of (minute, source, counted, others) of a campaign since an instant.
Tempo = Callable[[str, int], Awaitable[Sequence[tuple[int, str, int, int]]]]


class Pulse:
    """`refresh` it after a commit; `vitals` costs no reading.

    `tempo` reads the projection, `queued` says how many messages wait to be committed, `unready` why no
    votes are taken.
    """

    def __init__(
        self,
        tempo: Tempo,
        sources: Mapping[str, Source],
        queued: Callable[[], int],
        unready: Callable[[], Sequence[str]],
    ) -> None:
        self._tempo, self._sources, self._queued, self._unready = tempo, sources, queued, unready
        self._flows: defaultdict[str, Flow] = defaultdict(Flow)
        self._read_ms: dict[str, int] = {}

    async def refresh(self, running: Running, now_ms: int) -> None:
        """Take in what was committed: first all of it, then the last minutes. Raises `Unavailable`."""
        rows = await self._tempo(running.id, self._read_ms.get(running.id, 0))
        self._flows[running.id].tell(Minute(*row) for row in rows)
        self._read_ms[running.id] = now_ms // MINUTE_MS * MINUTE_MS - _AGAIN_MINUTES * MINUTE_MS

    def flow(self, campaign: str) -> Flow:
        """The campaign's messages by source and minute."""
        return self._flows[campaign]

    def vitals(self, running: Running, now_ms: int) -> Vitals:
        """How the campaign is doing now."""
        flow = self._flows[running.id]
        since_ms = now_ms - (RECENT_MINUTES - 1) * MINUTE_MS
        return Vitals(
            sources=vitals.sources(flow, self._sources, running.id, now_ms),
            queued=self._queued(),
            unready=tuple(self._unready()),
            tempo=tuple(flow.slices(since_ms, now_ms + 1)),
        )
