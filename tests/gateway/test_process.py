"""The server as a process: stopped, killed, and out of disk, with its senders' own record beside it.

Slow, because each case starts real processes.
"""

import asyncio
import json
import os
import random
import resource
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession, ClientTimeout

from gateway import setup
from tests.power import rig

SECONDS = ClientTimeout(total=10)
#: The seeds of the long run.
FIRST, TRIALS = int(os.environ.get("SOAK_FIRST", "0")), int(os.environ.get("SOAK_TRIALS", "200"))


@dataclass
class Running:
    """A served folder. `acknowledged` and `tried` are message ids, as the senders remember them."""

    folder: Path
    process: asyncio.subprocess.Process | None = None
    url: str = ""
    tried: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    refused: int = 0
    said: list[bytes] = field(default_factory=list)
    _errors: asyncio.Task[None] | None = None

    async def start(self, *words: str) -> None:
        settings = str(self.folder / "televote.toml")
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", "--settings", settings, "serve", *words),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self.process.stderr is not None
        async with asyncio.timeout(60):
            while True:
                line = await self.process.stderr.readline()
                assert line.startswith(b"{"), line
                said = json.loads(line)
                if said["event"] == "listening":
                    break
        self.url = said["url"]
        self._errors = asyncio.create_task(self._drain(self.process.stderr))

    async def _drain(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            self.said.append(line)

    async def end(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = await asyncio.wait_for(self.process.wait(), 20)
        if self._errors is not None:
            await self._errors
        return code

    async def vote(self, session: ClientSession, number: int, again: bool = False) -> None:
        """One caller's vote; tried again if asked, as a provider would."""
        token = (self.folder / "secrets/sim.token").read_text().strip()
        name = f"m{number}"
        url = f"{self.url}/in/sim/{token}?id={name}&from=138{number:08d}&text=A{number % 11 + 1:02d}"
        self.tried.add(name)
        for _ in range(40 if again else 1):
            try:
                async with session.get(url) as response:
                    assert response.status in (200, 503), response.status
                    if response.status == 200:
                        self.acknowledged.add(name)
                        return
                    assert response.headers["Retry-After"]
                    self.refused += 1
            except (ClientConnectionError, TimeoutError):
                pass
            await asyncio.sleep(0.05)

    def recorded(self) -> int:
        with sqlite3.connect(self.folder / "televote.db") as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            messages = db.execute("SELECT count(*) FROM entries WHERE kind = 'counted'").fetchone()[0]
            total = db.execute("SELECT coalesce(sum(n), 0) FROM totals WHERE subject = 'message'").fetchone()[
                0
            ]
        assert messages == total
        return messages

    async def command(self, *words: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", "--settings", str(self.folder / "televote.toml"), *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        return process.returncode or 0, out.decode()


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Running]:
    now = datetime.now(UTC)
    setup.write(folder, setup.Dates(now - timedelta(hours=1), now + timedelta(hours=1)), "127.0.0.1:0")
    running = Running(folder)
    await running.start()
    try:
        yield running
    finally:
        if running.process is not None and running.process.returncode is None:
            await running.end(signal.SIGKILL)


async def _crash_and_compare(folder: Path, seed: int, number: int) -> None:
    """Senders at full speed; the process ends at a random moment; after a restart they send again."""
    rng = random.Random(seed)
    async with served(folder) as running, ClientSession(timeout=SECONDS) as session:
        sending = [asyncio.create_task(running.vote(session, n)) for n in range(300)]
        await asyncio.sleep(rng.uniform(0.01, 0.4))
        code = await running.end(number)
        await asyncio.gather(*sending)
        assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
        before = running.recorded()
        assert before >= len(running.acknowledged), "an acknowledged vote is missing"
        await running.start()
        await asyncio.gather(*(running.vote(session, n, again=True) for n in range(300)))
        assert running.acknowledged == running.tried
        assert running.recorded() == 300, "every message once"
        assert await running.end(signal.SIGTERM) == 0
        for words in (("verify",), ("recount",)):
            code, told = await running.command(*words)
            assert code == 0, told


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_no_acknowledged_vote_is_lost(tmp_path: Path, number: int) -> None:
    for seed in range(2):
        await _crash_and_compare(tmp_path / str(seed), seed, number)


@pytest.fixture(name="spawner", scope="module")
def _spawner() -> Iterator[rig.Spawner]:
    with rig.spawning() as spawner:
        yield spawner


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(FIRST, FIRST + TRIALS))
async def test_no_acknowledged_vote_is_lost_in_many_crashes(
    tmp_path: Path, spawner: rig.Spawner, seed: int
) -> None:
    """The same, and what was kept examined here: servers that are forked, and no commands, cost a fifth."""
    rng, number = random.Random(seed), signal.SIGKILL if seed % 2 else signal.SIGTERM
    folder = tmp_path / "var"
    rig.set_up(folder)
    async with ClientSession(timeout=SECONDS) as session:
        with rig.listening(spawner, folder) as server:
            running = Running(folder, url=server.url)
            sending = [asyncio.create_task(running.vote(session, n)) for n in range(300)]
            await asyncio.sleep(rng.uniform(0.01, 0.4))
            code = await asyncio.to_thread(server.end, number)
            await asyncio.gather(*sending)
        assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
        await rig.examine(folder, running.acknowledged, running.tried)
        with rig.listening(spawner, folder) as server:
            running.url = server.url
            await asyncio.gather(*(running.vote(session, n, again=True) for n in range(300)))
            assert await asyncio.to_thread(server.end, signal.SIGTERM) == 0
    found = await rig.examine(folder, running.acknowledged, running.tried)
    assert running.acknowledged == running.tried == found.keys()


async def test_a_full_disk_is_503_and_red_and_mends_without_a_restart(tmp_path: Path) -> None:
    async with served(tmp_path / "var") as running, ClientSession(timeout=SECONDS) as session:
        assert running.process is not None
        await running.vote(session, 0)
        _, hard = resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        await asyncio.gather(*(running.vote(session, n) for n in range(1, 200)))
        assert running.refused > 0, "the disk was full"
        async with session.get(f"{running.url}/readyz") as ready:
            assert ready.status == 503
        assert running.recorded() == len(running.acknowledged) == 1, "nothing was acknowledged"
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        async with asyncio.timeout(10):
            while True:
                async with session.get(f"{running.url}/readyz") as ready:
                    if ready.status == 200:
                        break
                await asyncio.sleep(0.1)
        await asyncio.gather(*(running.vote(session, n, again=True) for n in range(200)))
        assert running.recorded() == len(running.acknowledged) == 200
        assert await running.end(signal.SIGTERM) == 0


async def test_commands_work_beside_the_server_and_a_second_server_does_not(tmp_path: Path) -> None:
    async with served(tmp_path / "var") as running, ClientSession(timeout=SECONDS) as session:
        await running.vote(session, 1)
        code, told = await running.command("health")
        assert (code, json.loads(told)["ready"]) == (0, True)
        code, told = await running.command("standings", "--json")
        assert (code, json.loads(told)["balance"]["messages"]["counted"]) == (0, 1)
        code, told = await running.command("serve")
        assert code == 2
        assert "another process" in told
        log = running.folder / "log.csv"
        at = datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        log.write_text(f"流水号,主叫号码,呼叫时间,选择\n1,5169909,{at},A02\n", "utf-8")
        code, told = await running.command("import", "--source", "hotline", "--json", str(log))
        assert (code, json.loads(told)[str(log)]["rows"]) == (0, 1), told
        code, told = await running.command("close", "--by", "test", "--reason", "a test")
        assert code == 2
        assert "--now" in told
        code, told = await running.command("close", "--by", "test", "--reason", "a test", "--now")
        assert code == 0, told
        await running.vote(session, 2)
        code, told = await running.command("standings", "--json")
        now = json.loads(told)
        assert (now["status"], now["balance"]["messages"]["late"]) == ("closed", 1)
        code, told = await running.command("export", str(tmp_path / "out"), "--json")
        assert (code, json.loads(told)["stamp"]) == (0, "provisional")
