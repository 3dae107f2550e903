"""A campaign's calendar: its rules are frozen when it opens, and it closes when the last grace is over.

Each step is an act in the ledger: `config` (the rules' hash, before opening), `open`, `close`.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog

from gateway.intake.recorder import Recorder
from gateway.intake.revise import Act, Refused
from gateway.intake.running import Running
from gateway.storage.store import Acted, Place, Unsafe
from gateway.telling import Postponed
from tally import acts, entry, verify
from tally.certification import NotAllowed
from tally.seal import Sealer

_log = structlog.get_logger()

_TICK_SECONDS: Final = 0.25
#: Beyond the time that requests may take: how long people have to record that they have closed early.
_CLOSING_MS: Final = 15_000


class TooEarly(RuntimeError):
    """The campaign cannot be closed yet without cutting its window or grace short."""


def resume(running: Running, recorded: Iterable[Acted]) -> None:
    """Take up the state that the ledger's acts tell, all of them from the first: it may be done again.

    Raises `Unsafe` if the rules are not those the campaign was opened with, or an act does not open.
    """
    running.anew()
    for node, stored in recorded:
        try:
            act = verify.open_row(stored, Sealer(running.keys.sealing, f"{running.id}/{node}"))
        except entry.BadEntry as error:
            raise Unsafe(f"entry {stored.seq} of {running.id}: {error}. Run `televote verify`") from error
        try:
            running.take_up(act.leaf.kind, act.leaf.detail, act.private, act.leaf.at_ms)
        except NotAllowed as error:
            raise Unsafe(
                f"entry {stored.seq} of {running.id}: {act.leaf.kind} was not allowed then. "
                "Run `televote verify`"
            ) from error


class Schedule:
    """Records the acts that time brings. `begin`, then `run` as a task.

    A request that began in time may take `linger_seconds` to arrive whole: the close is recorded after it.
    `down` names the other nodes that are not at work. Of several nodes each does what is due, and the first
    has done it.
    """

    def __init__(
        self,
        recorder: Recorder,
        campaigns: Iterable[Running],
        now_ms: Callable[[], int],
        linger_seconds: float = 0.0,
        down: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._recorder, self._campaigns, self._now_ms = recorder, list(campaigns), now_ms
        self._linger_seconds, self._down = linger_seconds, down
        #: Nobody closes what somebody else is closing.
        self._closing = {running.id: asyncio.Lock() for running in self._campaigns}

    async def begin(self, known: dict[str, str | None]) -> None:
        """Record the rules of campaigns that are not open yet; `known` is each one's last recorded hash."""
        for running in self._campaigns:
            if not running.opened and known.get(running.id) != running.campaign.rules_hash:
                with suppress(Refused):
                    await self._act(running, "config", {"by": "system", "rules": running.campaign.rules_hash})
        await self.tick()

    async def run(self) -> None:
        """Open and close on time, for as long as the service runs."""
        postponed = Postponed("act_postponed")
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            with postponed.outlived():
                await self.tick()

    async def tick(self) -> None:
        """Record what is due."""
        now_ms, linger_ms = self._now_ms(), int(self._linger_seconds * 1000)
        for running in self._campaigns:
            with suppress(Refused):
                if not running.opened and running.status(now_ms) in ("open", "closing"):
                    await self._act(running, "open", {"by": "system", "rules": running.campaign.rules_hash})
                # Who closes early records it, if nothing keeps them from it.
                wait_ms = linger_ms + (0 if running.closed_ms is None else _CLOSING_MS)
                due = running.opened and not running.closed and now_ms > running.settled_ms + wait_ms
                if due and not self._closing[running.id].locked():
                    async with self._closing[running.id]:
                        await self._close(running, "system", "the schedule")

    async def close(
        self, running: Running, by: str, reason: str, now: bool, second: str = "", note: str = ""
    ) -> Place | None:
        """Close by hand. `now` cuts the window, or the grace, short; `second` is who agreed.

        `note` is sealed. Returns where the entry stands, None if the campaign is closed already. Raises
        `TooEarly` if it would be cut short and `now` is not said.
        """
        async with self._closing[running.id]:
            return None if running.closed else await self._close_by(running, by, reason, now, second, note)

    async def _close_by(
        self, running: Running, by: str, reason: str, now: bool, second: str, note: str
    ) -> Place:
        now_ms = self._now_ms()
        early = now_ms <= running.settled_ms
        if not running.opened:
            raise TooEarly(f"{running.id} has not opened")
        if early and not now:
            raise TooEarly(
                f"{running.id} counts until its grace is over; to close it this minute, say --now: "
                "what arrives later will not count"
            )
        if early:
            await self._recorder.cut_short(running, self._now_ms)
            await asyncio.sleep(self._linger_seconds)
        return await self._close(running, by, reason, second, note)

    async def _close(self, running: Running, by: str, reason: str, second: str = "", note: str = "") -> Place:
        """Record it; when it was cut short, as of then, be it that it could not be recorded then."""
        early = running.closed_ms is not None
        agreed = {"second": second} if second else {}
        detail = {"by": by, **agreed, "reason": reason, "early": early, "closes_ms": running.closes_ms}
        if down := self._down():
            detail["down"] = sorted(down)
        return await self._act(running, "close", detail, {"note": note} if note else {}, running.closed_ms)

    async def _act(
        self,
        running: Running,
        kind: acts.Kind,
        detail: dict[str, Any],
        private: Mapping[str, Any] = {},
        at_ms: int | None = None,
    ) -> Place:
        at_ms = self._now_ms() if at_ms is None else at_ms
        place = await self._recorder.act(Act(running, kind, at_ms, detail, private))
        _log.info("act_recorded", campaign=running.id, act=kind)
        return place


def last_rules(recorded: Iterable[Acted]) -> str | None:
    """The rules' hash that the newest `config` or `open` act tells, None if there is none."""
    leaves = [entry.read_leaf(act.stored.leaf) for act in recorded]
    hashes = [leaf.detail["rules"] for leaf in leaves if "rules" in leaf.detail]
    return hashes[-1] if hashes else None
