"""Brings a call log in: the same door as a webhook's, at *read*. A second import changes nothing.

Rows go in by batches, each one transaction; whatever was recorded before is recognised, so an import
that was cut off is resumed by running it again.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple

from gateway.intake.calllog import Row
from gateway.intake.inbound import Inbound

BATCH_ROWS: Final = 2000
#: Batches on their way at once: one is read while one is committed.
_IN_FLIGHT: Final = 2
#: Bad rows that are named one by one; all are counted.
_NAMED: Final = 200


class Landed(NamedTuple):
    """How one row ended: its outcome, and whether it had been recorded before."""

    outcome: str
    before: bool


Submit = Callable[[Sequence[Inbound]], Awaitable[Sequence[Landed]]]


@dataclass(slots=True)
class Summary:
    """What an import did. `bad` names lines, 1-based, with what is wrong, at most 200 of `unread`."""

    rows: int = 0
    skipped: int = 0
    before: int = 0
    unread: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    bad: list[tuple[int, str]] = field(default_factory=list)

    def see(self, row: Row) -> None:
        """Count a row as read."""
        self.rows += 1
        if row.inbound is None:
            self.skipped += 1
        elif row.note:
            self.unread += 1
            if len(self.bad) < _NAMED:
                self.bad.append((row.line, row.note))

    def land(self, landed: Iterable[Landed]) -> None:
        """Count rows as recorded."""
        for outcome, before in landed:
            if before:
                self.before += 1
            else:
                self.outcomes[outcome] += 1


async def import_rows(
    rows: Iterable[Row], submit: Submit, on_rows: Callable[[int], None] = lambda _: None
) -> Summary:
    """Submit a log's rows in order; `on_rows` hears how many were recorded after each batch.

    Raises what `submit` raises: all before that is recorded.
    """
    summary = Summary()
    waiting: deque[asyncio.Task[Sequence[Landed]]] = deque()
    rows = iter(rows)
    try:
        while batch := list(islice(rows, BATCH_ROWS)):
            for row in batch:
                summary.see(row)
            inbound = [row.inbound for row in batch if row.inbound is not None]
            waiting.append(asyncio.ensure_future(submit(inbound)))
            await asyncio.sleep(0)
            if len(waiting) >= _IN_FLIGHT:
                summary.land(await waiting.popleft())
                on_rows(summary.rows)
        while waiting:
            summary.land(await waiting.popleft())
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    on_rows(summary.rows)
    return summary
