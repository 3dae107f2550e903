"""Reminds of the timetable: a log event for each step that is due or late, once a day."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

import structlog

from gateway.intake.running import Running
from gateway.result import timetable, workdays
from gateway.telling import Postponed

_log = structlog.get_logger()

_EVERY_SECONDS: Final = 60.0


class Reminder:
    """Run `run` as a task."""

    def __init__(self, campaigns: Iterable[Running], now_ms: Callable[[], int]) -> None:
        self._campaigns, self._now_ms = list(campaigns), now_ms
        self._told: set[tuple[str, str, str, date]] = set()

    async def run(self) -> None:
        """Look every minute, for as long as the service runs."""
        postponed = Postponed("reminder_postponed")
        while True:
            with postponed.outlived():
                self.look()
            await asyncio.sleep(_EVERY_SECONDS)

    def look(self) -> None:
        """Log what somebody should be reminded of today."""
        now_ms = self._now_ms()
        for running in self._campaigns:
            today = workdays.day_of(now_ms, running.zone)
            for step in timetable.reminders(timetable.steps(running, now_ms)):
                told = (running.id, step.name, step.state, today)
                if told not in self._told:
                    self._told.add(told)
                    due = step.due.isoformat() if step.due else ""
                    _log.warning(f"step_{step.state}", campaign=running.id, step=step.name, due=due)
