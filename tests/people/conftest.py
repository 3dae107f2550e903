"""A database with nobody in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.people import folks
from tests.people.folks import Folk


@pytest_asyncio.fixture(name="folk")
async def _folk(tmp_path: Path) -> AsyncIterator[Folk]:
    """People over a database of their own."""
    async with folks.folk(tmp_path) as opened:
        yield opened
