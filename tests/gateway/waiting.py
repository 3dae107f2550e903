"""Waiting for what is recorded beside the requests."""

import asyncio

from tests.conftest import Visitor


async def until(visitor: Visitor, outcomes: dict[str, int], seconds: float = 10) -> None:
    """Wait until messages have ended so, and no others."""
    async with asyncio.timeout(seconds):
        while await visitor.outcomes() != outcomes:  # noqa: ASYNC110 -- what is waited for is in a database
            await asyncio.sleep(0.01)
