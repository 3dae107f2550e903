"""Looks at something again and again beside the server, whatever happens to one look."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog

from gateway.intake.recorder import NOT_NOW
from gateway.storage.store import Conflict

_log = structlog.get_logger()

#: What may go better at the next look.
POSTPONES: Final = (*NOT_NOW, Conflict)


@asynccontextmanager
async def looking(
    source: str, look: Callable[[], Awaitable[None]], seconds: float, ours: tuple[type[Exception], ...] = ()
) -> AsyncIterator[None]:
    """Inside the context `look` is called every so many seconds.

    What is cut off at the end must be such that it can be done again. `ours` are errors of what is looked
    at; they are told once for as long as they stay.
    """
    expected: tuple[type[Exception], ...] = (*POSTPONES, *ours)

    async def run() -> None:
        said = ""
        while True:
            try:
                await look()
                said = ""
            except expected as error:
                if said != type(error).__name__:
                    said = type(error).__name__
                    _log.warning("look_postponed", source=source, error=said)
            except Exception:  # noqa: BLE001 -- a mistake of ours must not end the looking
                _log.exception("fault", source=source)
            await asyncio.sleep(seconds)

    task = asyncio.create_task(run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
