"""The server as a process, killed between commit and sending, and between sending and noting it.

Slow, because each case starts real processes.
"""

import asyncio
import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession

from gateway import setup
from tests.gateway.test_process import SECONDS, Running
from tests.outbox.provider import Provider, listening

VOTES = 12

Kill = Callable[[Provider], Awaitable[object]]


def folder(path: Path, provider: Provider, repeatable: bool) -> Path:
    """A set-up folder, open now, whose SIM replies by the provider."""
    today = datetime.now(UTC)
    setup.write(path, setup.Dates(today - timedelta(days=1), today + timedelta(days=9)), "127.0.0.1:0")
    with (path / "televote.toml").open("a", encoding="utf-8") as file:
        file.write(
            f'\n[sources.sim.outbox]\nkind = "http"\nper_second = 50\n'
            f'options = {{ url = "{provider.url}", repeatable = {str(repeatable).lower()} }}\n'
        )
    return path


def standing(path: Path) -> Counter[str]:
    """How many replies are in which state; what is still to be sent counts as "waiting"."""
    with closing(sqlite3.connect(path / "televote.db")) as db:
        found = db.execute("SELECT state, sealed IS NOT NULL FROM outbox").fetchall()
    return Counter("waiting" if waits else state for state, waits in found)


async def finished(path: Path) -> None:
    async with asyncio.timeout(40):
        while standing(path)["waiting"]:  # noqa: ASYNC110 -- what is waited for is in another process
            await asyncio.sleep(0.05)


async def trial(path: Path, provider: Provider, repeatable: bool, kill: Kill) -> Counter[str]:
    """Votes, a kill in the midst of their replies, a restart; returns how the replies ended."""
    running = Running(folder(path, provider, repeatable))
    await running.start()
    async with ClientSession(timeout=SECONDS) as session:
        votes = [asyncio.create_task(running.vote(session, number)) for number in range(VOTES)]
        await kill(provider)
        await running.end(signal.SIGKILL)
        await asyncio.gather(*votes, return_exceptions=True)
        provider.manner = "ok"
        await running.start()
        await finished(running.folder)
        # Whoever was not acknowledged sends it again; and so does a provider that only thinks so.
        await asyncio.gather(*(running.vote(session, number, again=True) for number in range(VOTES)))
        await finished(running.folder)
    assert await running.end(signal.SIGTERM) == 0
    assert len(running.acknowledged) == VOTES
    return standing(running.folder)


def received(provider: Provider) -> Counter[str]:
    """How many requests to send came for each caller."""
    return Counter(one["to"] for one in provider.asked)


async def between_commit_and_sending(path: Path, seed: int) -> None:
    moment = random.Random(seed).uniform(0.0, 0.4)  # reproducible
    async with listening() as provider:
        ended = await trial(path, provider, False, lambda _: asyncio.sleep(moment))
    assert ended.total() == VOTES
    assert ended["sent"] + ended["unknown"] == VOTES
    assert max(received(provider).values(), default=0) <= 1, "nobody is sent two SMS"
    assert ended["sent"] <= len(provider.asked)


async def between_sending_and_noting(path: Path, repeatable: bool) -> None:
    async with listening("hang") as provider:  # it has the request; the sender does not know yet
        ended = await trial(path, provider, repeatable, lambda one: asyncio.wait_for(one.came.wait(), 20))
    names: dict[str, set[str]] = {}
    for one in provider.asked:
        names.setdefault(one["to"], set()).add(one["reference"])
    assert all(len(references) == 1 for references in names.values())
    if repeatable:
        assert ended == {"sent": VOTES}
        assert len(names) == VOTES, "everybody is sent one, by a provider that knows its references"
        assert max(received(provider).values()) == 2
    else:
        assert max(received(provider).values()) == 1, "nobody is sent two SMS"
        assert ended["unknown"] >= 1
        assert ended["sent"] + ended["unknown"] == VOTES


@pytest.mark.parametrize("seed", range(3))
async def test_killed_between_commit_and_sending(tmp_path: Path, seed: int) -> None:
    await between_commit_and_sending(tmp_path, seed)


@pytest.mark.parametrize("repeatable", [True, False])
async def test_killed_between_sending_and_noting_it(tmp_path: Path, repeatable: bool) -> None:
    await between_sending_and_noting(tmp_path, repeatable)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(int(os.environ.get("SOAK_TRIALS", "50"))))
async def test_killed_again_and_again(tmp_path: Path, seed: int) -> None:
    match seed % 3:
        case 0:
            await between_commit_and_sending(tmp_path, seed)
        case one:
            await between_sending_and_noting(tmp_path, repeatable=one == 1)
