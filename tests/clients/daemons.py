"""Programs not written here, beside the gateway: on loopback, as long as a test, ended by their own id."""

import asyncio
import shutil
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import clock, setup
from tests.conftest import Clock, House

#: No daemon gets more memory than this.
_BYTES = 1 << 30


class Wall(Clock):
    """The real clock: the daemons have no other."""

    def __call__(self) -> int:
        self.ms = clock.now_ms()
        return self.ms


def open_now(folder: Path) -> House:
    """The sample, open since an hour, for another, and listening where a daemon can be told to call."""
    now = datetime.now(UTC)
    dates = setup.Dates(now - timedelta(hours=1), now + timedelta(hours=1))
    setup.write(folder, dates, f"127.0.0.1:{free_port()}")
    return House(folder, Wall())


def free_port() -> int:
    """A port of this machine's own address that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def needs(*programs: str, package: str) -> None:
    """Skip a test whose programs are not there; in CI they are installed, and a skipped test is a failure."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: apt-get install {package}")


@dataclass
class Daemon:
    """A running program and what it says."""

    process: Process
    log: Path

    async def says(self, words: str, seconds: float = 30) -> str:
        """Wait until it has said something; returns all it has said."""
        try:
            async with asyncio.timeout(seconds):
                while words not in (told := self.log.read_text("utf-8", "replace")):  # noqa: ASYNC110 -- a file
                    await asyncio.sleep(0.05)
                return told
        except TimeoutError:
            raise AssertionError(f"no {words!r} from:\n{self.log.read_text('utf-8', 'replace')}") from None


@asynccontextmanager
async def running(log: Path, *command: str | Path) -> AsyncIterator[Daemon]:
    """A program at work inside the context."""
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *("prlimit", f"--as={_BYTES}", *map(str, command)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=log.parent,
        )
    try:
        yield Daemon(process, log)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
