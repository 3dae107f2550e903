"""The server as a process that is watched from outside: what it logs, what it holds, how soon it answers."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientSession

from tests.fuzz.folder import Folder
from tests.gateway.test_process import SECONDS, Running

#: Numbers and a text that are sent everywhere, and may come out nowhere.
CANARIES = ("13877766655", "3877766655", "5377766", "暗号珊瑚")


@dataclass
class Watched(Running):
    """A running server whose log is kept. `slowest` is the longest that it kept the prober waiting."""

    said: list[str] = field(default_factory=list)
    slowest: float = 0.0
    probing: asyncio.Task[None] | None = None

    async def _drain(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            self.said.append(line.decode())

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def resident_mb(self) -> float:
        """What it holds in memory now."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
        return int(kilobytes) / 1024

    async def probe(self, session: ClientSession, pause: float = 0.1) -> None:
        """Ask for its health again and again, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            async with session.get(f"{self.url}/healthz") as response:
                assert response.status == 200
            self.slowest = max(self.slowest, loop.time() - began)
            await asyncio.sleep(pause)

    def faults(self) -> list[str]:
        """What it logged that it must not: errors, lines that are no JSON, canaries."""
        return [line for line in self.said if _is_fault(line)]

    async def still_counts(self, session: ClientSession) -> None:
        """A vote is taken and acknowledged; the log has no faults; then it stops, and what it kept holds."""
        await self.vote(session, 99, again=True)
        assert "m99" in self.acknowledged
        assert self.probing is not None
        assert not self.probing.done(), self.probing
        self.probing.cancel()
        assert await self.end(signal.SIGTERM) == 0
        assert not (faults := self.faults()), faults
        for words in (("verify",), ("recount",)):
            code, told = await self.command(*words)
            assert code == 0, told


def _is_fault(line: str) -> bool:
    if any(canary in line for canary in CANARIES):
        return True
    with suppress(ValueError):
        said = json.loads(line)
        return said["level"] in ("error", "critical")
    return True


@asynccontextmanager
async def watched(folder: Folder) -> AsyncIterator[tuple[Watched, ClientSession]]:
    """A server over the folder, with a session of a client's and a prober beside it."""
    running = Watched(folder.path)
    await running.start()
    async with ClientSession(timeout=SECONDS) as session:
        running.probing = asyncio.create_task(running.probe(session))
        try:
            yield running, session
        finally:
            running.probing.cancel()
            await asyncio.gather(running.probing, return_exceptions=True)
            if running.process is not None and running.process.returncode is None:
                await running.end(signal.SIGKILL)
