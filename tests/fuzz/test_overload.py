"""More than can be taken is told so, for whomever it is; what is acknowledged counts once."""

import asyncio
import os
from collections import Counter
from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector

from tests.fuzz.folder import set_up
from tests.fuzz.served import Watched, watched
from tests.gateway.test_process import SECONDS

VOTES = int(os.environ.get("OVERLOAD_VOTES", "2500"))
SOAK_VOTES = int(os.environ.get("OVERLOAD_SOAK_VOTES", "100000"))
TOGETHER = 300
#: The 99.9th percentile of chi-square with ten degrees of freedom: there are eleven candidates.
CHI_SQUARE = 29.59


@pytest.mark.parametrize("votes", [VOTES, pytest.param(SOAK_VOTES, marks=pytest.mark.soak)])
def test_overload_is_shed_fairly_and_nothing_acknowledged_is_lost(tmp_path: Path, votes: int) -> None:
    folder = set_up(tmp_path / "var", "read_seconds = 30.0\nqueue_messages = 40\nbatch_messages = 20")

    async def storm() -> None:
        async with watched(folder) as (server, session), _many() as crowd:
            before = server.resident_mb()
            await _all(server, crowd, range(1000, 1000 + votes))
            taken, shed = len(server.acknowledged), server.refused
            assert taken + shed == votes, "each was answered, and by nothing but 200 or 503 with Retry-After"
            assert taken > 100
            assert shed > 100, "there was no overload"
            assert server.recorded() == taken
            assert _chi_square(votes, server.acknowledged) < CHI_SQUARE
            assert server.resident_mb() - before < 100
            async with session.get(f"{server.url}/readyz") as ready:
                assert ready.status == 200, "it is over"
            again = [n for n in range(1000, 1000 + votes) if f"m{n}" not in server.acknowledged][:1000]
            await _all(server, crowd, again, again=True)
            assert server.recorded() == len(server.acknowledged) == taken + len(again)
            await server.still_counts(session)

    asyncio.run(storm())


def _many() -> ClientSession:
    return ClientSession(timeout=SECONDS, connector=TCPConnector(limit=TOGETHER))


async def _all(
    server: Watched, session: ClientSession, numbers: range | list[int], again: bool = False
) -> None:
    left = iter(numbers)

    async def send() -> None:
        for number in left:
            await server.vote(session, number, again=again)

    await asyncio.gather(*(send() for _ in range(40 if again else TOGETHER)))


def _chi_square(votes: int, acknowledged: set[str]) -> float:
    """How far what was taken of each candidate's votes is from what was taken of all."""
    sent = Counter(number % 11 for number in range(1000, 1000 + votes))
    taken = Counter(int(name[1:]) % 11 for name in acknowledged)
    rate = taken.total() / votes
    return sum((taken[one] - sent[one] * rate) ** 2 / (sent[one] * rate * (1 - rate)) for one in sent)
