"""`serve --workers`: real processes that listen on one address, and what is left when some of them die.

Slow, because each case starts real processes.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession, TCPConnector
from prometheus_client.parser import text_string_to_metric_families

from gateway.checking import audit
from tests import postgres as own
from tests.conftest import House
from tests.deploy.balanced import CAMPAIGN, open_now, until
from tests.gateway.test_process import SECONDS, Running

NAMES = ["n1", "n1-2", "n1-3"]


def children(process: asyncio.subprocess.Process) -> list[int]:
    """The workers of a parent."""
    told = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii")
    return [int(pid) for pid in told.split()]


def is_there(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


@asynccontextmanager
async def served(house: House) -> AsyncIterator[Running]:
    running = Running(house.folder)
    await running.start("--workers", str(len(NAMES)))
    try:
        yield running
    finally:
        if running.process is not None and running.process.returncode is None:
            await running.end(signal.SIGKILL)


async def up(running: Running, session: ClientSession) -> dict[str, float]:
    """Which workers answer, as whoever is asked tells it."""
    token = (running.folder / "secrets/api.token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with session.get(f"{running.url}/metrics", headers=headers) as response:
            assert response.status == 200
            text = await response.text()
    except ClientConnectionError:
        return {}
    found = {family.name: family for family in text_string_to_metric_families(text)}
    ready = {sample.labels["node"] for sample in found["televote_ready"].samples}
    told = {sample.labels["node"]: sample.value for sample in found["televote_node_up"].samples}
    assert ready == {name for name, value in told.items() if value}
    return told


async def until_up(running: Running, session: ClientSession, expected: dict[str, float]) -> None:
    async with asyncio.timeout(60):
        while await up(running, session) != expected:  # noqa: ASYNC110 -- other processes do it
            await asyncio.sleep(0.1)


async def test_workers_die_and_return_and_nothing_is_lost(tmp_path: Path, postgres: own.Server) -> None:
    house = open_now(tmp_path / "var", postgres)
    connector = TCPConnector(force_close=True)
    async with served(house) as running, ClientSession(timeout=SECONDS, connector=connector) as session:
        assert running.process is not None
        await until_up(running, session, dict.fromkeys(NAMES, 1.0))
        sending = [asyncio.create_task(running.vote(session, n, again=True)) for n in range(400)]
        await until(lambda: len(running.acknowledged) >= 50)
        before = children(running.process)
        os.kill(before[1], signal.SIGKILL)
        await asyncio.gather(*sending)
        assert running.acknowledged == running.tried
        await until_up(running, session, dict.fromkeys(NAMES, 1.0))
        after = children(running.process)
        assert len(after) == len(NAMES)
        assert len(set(before) & set(after)) == len(NAMES) - 1
        os.kill(after[0], signal.SIGSTOP)  # it has the address still, and answers nobody
        shown = {"n1": 0.0, "n1-2": 1.0, "n1-3": 1.0}
        await until_up(running, session, shown)
        os.kill(after[0], signal.SIGCONT)
        assert (await running.command("health"))[0] == 0
        assert await running.end(signal.SIGTERM) == 0
        assert not any(map(is_there, after))
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        counted = await audit.recount(ledger, lambda _: None)
        assert sorted(head.node for head in ledger.heads) == NAMES
    assert counted.agrees
    assert counted.voters == 400


async def test_no_worker_outlives_its_parent(tmp_path: Path, postgres: own.Server) -> None:
    async with served(open_now(tmp_path / "var", postgres)) as running:
        assert running.process is not None
        workers = children(running.process)
        running.process.kill()
        await until(lambda: not any(map(is_there, workers)))


async def test_workers_that_do_not_stay_end_it(tmp_path: Path, postgres: own.Server) -> None:
    """Another process has the name of one of them."""
    house = open_now(tmp_path / "var", postgres)
    other = Running(house.folder)
    await other.start("--node", "n1-2")
    try:
        code, told = await other.command("serve", "--workers", "2")
        assert code == 1
        assert "open as node n1-2" in told
        assert told.endswith("Error: worker n1-2 has ended 5 times at once: see what it said above\n")
    finally:
        await other.end(signal.SIGKILL)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--workers", "2"], "Error: SQLite has one process that writes: several workers need PostgreSQL"),
        (["--node", "N 1"], "--node: is not a short name"),
        (["--workers", "0"], "Invalid value for '--workers'"),
    ],
)
async def test_what_is_refused(house: House, words: list[str], told: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "--settings", str(house.settings), "serve", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 2
    assert told in out.decode()
