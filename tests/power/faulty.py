"""A real server whose disk fails when a test says so (`faults.c`), and what its senders were told."""

import asyncio
import errno
import json
import mmap
import os
import signal
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from tests.power import rig

WRITES, SYNCS = 1, 2
ALWAYS = 2**32 - 1
_SOURCE = Path(__file__).with_name("faults.c")


def build(folder: Path) -> Path:
    """The library to preload."""
    library = folder / "faults.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, _SOURCE], check=True)
    return library


class Faults:
    """The numbers shared with the server."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(24))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 24)

    def _get(self, at: int) -> int:
        return int(struct.unpack_from("=I", self._shared, 4 * at)[0])

    @property
    def failed(self) -> int:
        """Calls that have failed since the last `arm`."""
        return self._get(4)

    @property
    def seen(self) -> int:
        return self._get(0)

    def arm(self, k: int, count: int = 1, error: int = errno.EIO, meant: int = WRITES | SYNCS) -> None:
        """Let the k-th call from now on fail, and those after it, `count` in all."""
        struct.pack_into("=6I", self._shared, 0, 0, k, count, error, 0, meant)

    def lift(self) -> None:
        """Nothing fails any more. How often something did can still be asked."""
        struct.pack_into("=I", self._shared, 4, 0)


@dataclass
class Faulty:
    """A server, and its senders' memory: message ids. A refused one may be in the ledger all the same."""

    folder: Path
    faults: Faults
    process: asyncio.subprocess.Process
    url: str
    session: ClientSession
    acknowledged: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    next: int = 0

    async def vote(self, name: str, caller: int) -> bool:
        """Whether it was acknowledged; else it was refused as it should be."""
        token = (self.folder / "secrets/sim.token").read_text().strip()
        said = f"id={name}&from=138{caller:08d}&text=A{caller % 11 + 1:02d}"
        async with self.session.get(f"{self.url}/in/sim/{token}?{said}") as response:
            assert response.status in (200, 503), response.status
            if response.status == 200:
                self.acknowledged.add(name)
                self.refused.discard(name)
                return True
            assert response.headers["Retry-After"] == "5"
            self.refused.add(name)
            return False

    async def burst(self, size: int = 6) -> list[bool]:
        """New votes, at once: which were acknowledged."""
        first, self.next = self.next, self.next + size
        return await asyncio.gather(*(self.vote(f"m{n}", n) for n in range(first, first + size)))

    async def again(self) -> None:
        """What was refused is sent again, and again, as providers do."""
        async with asyncio.timeout(30):
            while self.refused:
                await asyncio.gather(*(self.vote(name, int(name[1:])) for name in sorted(self.refused)))

    async def ready(self) -> tuple[int, list[str]]:
        """What readyz says: the status, the reasons."""
        async with self.session.get(f"{self.url}/readyz") as response:
            assert response.status == 200 or response.headers["Retry-After"]
            return response.status, (await response.json())["reasons"]

    async def mended(self) -> None:
        """Wait until it takes votes again, by itself."""
        async with asyncio.timeout(30):
            while (await self.ready())[0] != 200:  # noqa: ASYNC110 -- what is waited for is in another process
                await asyncio.sleep(0.05)

    async def holds(self, *, only_acknowledged: bool = False) -> None:
        """What was acknowledged is there once, and nothing that nobody sent."""
        tried = self.acknowledged if only_acknowledged else self.acknowledged | self.refused
        await rig.examine(self.folder, self.acknowledged, tried)


@asynccontextmanager
async def served(
    folder: Path, library: Path, under: str = "televote.db", before: Iterable[str] = ()
) -> AsyncIterator[Faulty]:
    """A server over a new folder, whose files that begin with `under` can be made to fail. `before` is what
    its command stands behind (`unshare …`)."""
    rig.set_up(folder)
    faults = Faults(folder.with_name(f"{folder.name}.faults"))
    shim = {
        "LD_PRELOAD": str(library),
        "FAULTS": str(folder.with_name(f"{folder.name}.faults")),
        "UNDER": str(folder / under),
    }
    process = await asyncio.create_subprocess_exec(
        *(*before, sys.executable, "-m", "gateway", "--settings", str(folder / "televote.toml"), "serve"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **shim},
    )
    assert process.stderr is not None
    stream = process.stderr
    draining: asyncio.Task[None] | None = None
    try:
        async with asyncio.timeout(60):
            while (said := json.loads(await stream.readline()))["event"] != "listening":
                pass

        async def drain() -> None:
            while await stream.readline():
                pass

        draining = asyncio.create_task(drain())
        async with ClientSession(
            timeout=ClientTimeout(total=30), connector=TCPConnector(limit=32)
        ) as session:
            yield Faulty(folder, faults, process, said["url"], session)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        if draining is not None:
            await draining
