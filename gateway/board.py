"""The standings on show: read at most once a second, encoded once, shared by all who look.

The committee's API sees the count as it stands; the public sees what the campaign's `publish` setting
allows (RULES §7).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog

from gateway import clock
from gateway.intake.running import Running
from gateway.storage.store import Unavailable
from tally import standings
from tally.count import TotalKey

_log = structlog.get_logger()

Standings = dict[str, Any]

#: At most one event a second to each viewer, and as often a look whether there is one.
INTERVAL_SECONDS: Final = 1.0


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


@dataclass(slots=True)
class _Shown:
    running: Running
    version: tuple[int, str] = (-1, "")
    standings: Standings = field(default_factory=dict)
    public: Standings | None = None
    text: str | None = None
    public_text: str | None = None
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)


class Board:
    """Call `refresh` first; then `run` keeps it up to date until `stop`.

    `version` says how many commits there were: while it stands still nothing is read.
    """

    def __init__(
        self,
        store: Totals,
        campaigns: Mapping[str, Running],
        version: Callable[[], int],
        now_ms: Callable[[], int] = clock.now_ms,
    ) -> None:
        self._store, self._version, self._now_ms = store, version, now_ms
        self._shown = {name: _Shown(running) for name, running in campaigns.items()}
        self._stopping = asyncio.Event()

    def campaigns(self) -> Mapping[str, Running]:
        """The campaigns on show."""
        return {name: shown.running for name, shown in self._shown.items()}

    def standings(self, campaign: str) -> Standings:
        """The standings as they stand (DESIGN §8). For the committee, not for the public."""
        return self._shown[campaign].standings

    def public(self, campaign: str) -> Standings | None:
        """The standings that the public may see now, None if none. Without the balance."""
        return self._shown[campaign].public

    def is_final(self, campaign: str) -> bool:
        """Whether the campaign is closed, and nothing in it waits for a person."""
        shown = self._shown[campaign]
        messages = shown.standings["balance"]["messages"]
        return shown.running.closed and not standings.waiting(messages, shown.running.pending)

    async def run(self) -> None:
        """Refresh every second until stopped."""
        while not self._stopping.is_set():
            try:
                await self.refresh()
            except Unavailable:  # the recorder says more, and readiness too: look again in a second
                _log.warning("standings_postponed")
            try:
                await asyncio.wait_for(self._stopping.wait(), INTERVAL_SECONDS)
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """End `run` and every stream."""
        self._stopping.set()
        for shown in self._shown.values():
            async with shown.changed:
                shown.changed.notify_all()

    async def refresh(self) -> None:
        """Look whether anything was committed, or a status has changed."""
        for shown in self._shown.values():
            now_ms = self._now_ms()
            version = (self._version(), shown.running.status(now_ms))
            due = await self._snapshot_due(shown.running, now_ms)
            if version == shown.version and due is None:
                continue
            totals = await self._store.totals(shown.running.id)
            shown.standings = as_they_stand(shown.running, totals, now_ms)
            if due is not None:
                await self._store.add_snapshot(shown.running.id, due, json.dumps(_public(shown.standings)))
            shown.public = await self._publish(shown.running, shown.standings)
            shown.text, shown.public_text = _text(shown.standings), _text(shown.public)
            shown.version = version
            async with shown.changed:
                shown.changed.notify_all()

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

    async def stream(self, campaign: str, public: bool) -> AsyncIterator[str]:
        """The standings as JSON, now and whenever they change, at most once a second, until `stop`.

        A public stream says nothing while there is nothing the public may see.
        """
        shown = self._shown[campaign]
        last: str | None = None

        def news() -> str | None:
            current = shown.public_text if public else shown.text
            return None if current == last else current

        while not self._stopping.is_set():
            text = news()
            if text is not None:
                last = text
                yield text
            async with shown.changed:
                await shown.changed.wait_for(lambda: self._stopping.is_set() or news() is not None)


def as_they_stand(running: Running, totals: Mapping[TotalKey, int], now_ms: int) -> Standings:
    """The standings from kept totals, as of `now_ms`, to the second."""
    as_of = clock.stamp(now_ms // 1000 * 1000, running.zone)
    return standings.build(running.roll, totals, running.status(now_ms), as_of)


def _text(current: Standings | None) -> str | None:
    return None if current is None else json.dumps(current, ensure_ascii=False, separators=(",", ":"))


def _public(current: Standings) -> Standings:
    return {key: value for key, value in current.items() if key != "balance"}
