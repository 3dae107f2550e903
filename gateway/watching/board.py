"""What is on show: read at most once a second, encoded once for each audience, shared by all who look.

The committee sees the count as it stands, unless the campaign's `committee_totals` keeps it back until the
close; the public sees what its `publish` setting allows. How a moment is shown to an audience is
a view: a function of the moment, of which the board only sees that it changes.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

from gateway import clock
from gateway.intake.running import Running
from gateway.telling import Postponed
from gateway.watching.pulse import Pulse
from gateway.watching.vitals import Vitals
from tally import standings
from tally.count import TotalKey

Standings = dict[str, Any]

#: At most one event a second to each viewer, and as often a look whether there is one.
INTERVAL_SECONDS: Final = 1.0
#: Viewers are told in so many turns, so far apart for each of them that votes get in between, and all
#: within an interval.
_TURNS: Final = 64
_APART_SECONDS: Final = 0.001
_SPREAD_SECONDS: Final = 0.8


class Totals(Protocol):
    """Where totals and daily snapshots are kept (the store)."""

    async def totals(self, campaign: str) -> Mapping[TotalKey, int]:
        """The campaign's totals over all its logs."""
        ...

    async def snapshot(self, campaign: str) -> tuple[int, str] | None:
        """The newest daily snapshot: when it was due (Unix milliseconds), and the standings as JSON."""
        ...

    async def add_snapshot(self, campaign: str, due_ms: int, standings: str) -> None:
        """Keep a daily snapshot; the first of a day stands."""
        ...


class Moment(NamedTuple):
    """All there is to show of a campaign at one look: the standings, as each may see them, and the vitals."""

    running: Running
    standings: Standings
    committee: Standings
    public: Standings | None
    vitals: Vitals


#: How a moment is shown to an audience: as JSON values, None if it may see nothing.
View = Callable[[Moment], Any]

#: The audiences that every board has: the committee's API, and everybody.
_VIEWS: Final[Mapping[str, View]] = {
    "api": lambda moment: moment.committee,
    "public": lambda moment: moment.public,
}


class _Feed:
    """What one audience is told of one campaign, and who waits for more, each in a turn of their own."""

    def __init__(self) -> None:
        self.text: str | None = None
        self.watching = 0
        self._came = 0
        self._changed = [asyncio.Event() for _ in range(_TURNS)]

    def enter(self) -> int:
        """One more who follows; returns their turn."""
        self.watching += 1
        self._came += 1
        return self._came % _TURNS

    def changed(self, turn: int) -> asyncio.Event:
        """Set at the next news. An event wakes everybody once; whoever comes later waits for the next."""
        return self._changed[turn]

    def tell(self, text: str | None) -> None:
        """Wake those who wait, turn after turn, if it is news."""
        if text != self.text:
            self.text = text
            self.wake(min(_SPREAD_SECONDS, (self.watching - 1) * _APART_SECONDS))

    def wake(self, seconds: float = 0.0) -> None:
        """Wake everybody, spread over so many seconds."""
        for turn in range(_TURNS):
            if seconds > 0:
                asyncio.get_running_loop().call_later(seconds * turn / _TURNS, self._wake, turn)
            else:
                self._wake(turn)

    def _wake(self, turn: int) -> None:
        self._changed[turn].set()
        self._changed[turn] = asyncio.Event()


@dataclass(slots=True)
class _Shown:
    running: Running
    feeds: Mapping[str, _Feed]
    version: tuple[int, str] = (-1, "")
    standings: Standings = field(default_factory=dict)
    public: Standings | None = None
    moment: Moment | None = None


class Board:
    """Call `refresh` first; then `run` keeps it up to date until `stop`.

    `version` says how many commits there were: while it stands still nothing is read. `views` are the
    audiences beside the API's and the public.
    """

    def __init__(
        self,
        store: Totals,
        campaigns: Mapping[str, Running],
        version: Callable[[], int],
        now_ms: Callable[[], int] = clock.now_ms,
        pulse: Pulse | None = None,
        views: Mapping[str, View] | None = None,
    ) -> None:
        self._store, self._version, self._now_ms, self._pulse = store, version, now_ms, pulse
        self._views = {**_VIEWS, **(views or {})}
        self._shown = {
            name: _Shown(running, {audience: _Feed() for audience in self._views})
            for name, running in campaigns.items()
        }
        self._stopping = asyncio.Event()

    def campaigns(self) -> Mapping[str, Running]:
        """The campaigns on show."""
        return {name: shown.running for name, shown in self._shown.items()}

    def standings(self, campaign: str) -> Standings:
        """The standings as they stand. For the service itself, whatever others may see."""
        return self._shown[campaign].standings

    def committee(self, campaign: str) -> Standings:
        """The standings that the committee may see now: no contests while it keeps them from itself."""
        return self.moment(campaign).committee

    def public(self, campaign: str) -> Standings | None:
        """The standings that the public may see now, None if none. Without the balance."""
        return self._shown[campaign].public

    def moment(self, campaign: str) -> Moment:
        """All there is to show, as of the last look."""
        moment = self._shown[campaign].moment
        assert moment is not None, "a board is refreshed before it is looked at"
        return moment

    def is_final(self, campaign: str) -> bool:
        """Whether two people have certified the result."""
        return self._shown[campaign].running.certified

    async def run(self) -> None:
        """Refresh every second until stopped."""
        postponed = Postponed("standings_postponed")
        while not self._stopping.is_set():
            with postponed.outlived():
                await self.refresh()
            try:
                await asyncio.wait_for(self._stopping.wait(), INTERVAL_SECONDS)
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """End `run` and every stream."""
        self._stopping.set()
        for shown in self._shown.values():
            for feed in shown.feeds.values():
                feed.wake()

    async def refresh(self) -> None:
        """Look whether anything was committed, a status has changed, or time alone has changed something."""
        for shown in self._shown.values():
            now_ms = self._now_ms()
            await self._read(shown, now_ms)
            moment = self._see(shown, now_ms)
            if moment != shown.moment:
                shown.moment = moment
                for audience, feed in shown.feeds.items():
                    feed.tell(_text(self._views[audience](moment)))

    async def _read(self, shown: _Shown, now_ms: int) -> None:
        version = (self._version(), shown.running.status(now_ms))
        due = await self._snapshot_due(shown.running, now_ms)
        if version == shown.version and due is None:
            return
        totals = await self._store.totals(shown.running.id)
        shown.standings = as_they_stand(shown.running, totals, now_ms)
        if due is not None:
            await self._store.add_snapshot(shown.running.id, due, json.dumps(_public(shown.standings)))
        shown.public = await self._publish(shown.running, shown.standings)
        if self._pulse is not None:
            await self._pulse.refresh(shown.running, now_ms)
        shown.version = version

    def _see(self, shown: _Shown, now_ms: int) -> Moment:
        vitals = Vitals() if self._pulse is None else self._pulse.vitals(shown.running, now_ms)
        committee = _committee(shown.running, shown.standings)
        return Moment(shown.running, shown.standings, committee, shown.public, vitals)

    async def _snapshot_due(self, running: Running, now_ms: int) -> int | None:
        """When a daily snapshot was due that has not been taken, None if none was."""
        publish = running.campaign.publish
        if publish.mode != "daily" or publish.at is None or running.status(now_ms) == "scheduled":
            return None
        now = datetime.fromtimestamp(now_ms / 1000, running.zone)
        due = now.replace(hour=publish.at.hour, minute=publish.at.minute, second=0, microsecond=0)
        if due > now:
            due -= timedelta(days=1)
        due_ms = int(due.timestamp() * 1000)
        taken = await self._store.snapshot(running.id)
        return due_ms if due_ms >= running.opens_ms and (taken is None or taken[0] < due_ms) else None

    async def _publish(self, running: Running, current: Standings) -> Standings | None:
        match running.campaign.publish.mode:
            case "live":
                return None if current["status"] == "scheduled" else _public(current)
            case "daily" if current["status"] != "closed":
                taken = await self._store.snapshot(running.id)
                return None if taken is None else json.loads(taken[1])
            case "daily" | "after_close":
                return _public(current) if current["status"] == "closed" else None
            case "never":
                return None

    async def stream(self, campaign: str, audience: str) -> AsyncIterator[str]:
        """What the audience is told, as JSON: now and at every change, at most once a second, until `stop`.

        It is silent while there is nothing that the audience may see.
        """
        feed, last = self._shown[campaign].feeds[audience], None
        turn = feed.enter()
        try:
            while not self._stopping.is_set():
                changed, text = feed.changed(turn), feed.text
                if text is not None and text != last:
                    last = text
                    yield text
                else:
                    await changed.wait()
        finally:
            feed.watching -= 1


def as_they_stand(running: Running, totals: Mapping[TotalKey, int], now_ms: int) -> Standings:
    """The standings from kept totals, as of `now_ms`, to the second."""
    as_of = clock.stamp(now_ms // 1000 * 1000, running.zone)
    return standings.build(running.roll, totals, running.status(now_ms), as_of, running.lost)


def _text(current: Standings | None) -> str | None:
    return None if current is None else json.dumps(current, ensure_ascii=False, separators=(",", ":"))


def _public(current: Standings) -> Standings:
    return {key: value for key, value in current.items() if key != "balance"}


def _committee(running: Running, current: Standings) -> Standings:
    return {**current, "contests": []} if running.keeps_figures_back else current
