"""The servers under load: each a process of its own, kept on one core, asked only from outside."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bench import machine

ROOT: Final = Path(__file__).resolve().parents[1]
#: A gateway publishes what was not published when it ended, before it listens.
_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 20.0
_TAIL: Final = 2000
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class DidNotStart(RuntimeError):
    """A server ended, or said nothing; the message is the end of what it logged."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens on 127.0.0.1."""

    pid: int
    host: str
    port: int
    log: Path

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far, in steps of 10 ms."""
        after_name = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / _TICKS

    def resident_bytes(self) -> int:
        """Its memory that is in RAM, files that it maps left out."""
        status = Path(f"/proc/{self.pid}/status").read_text("utf-8")
        return int(status.partition("RssAnon:")[2].split()[0]) * 1024

    def written_bytes(self) -> int:
        """What it has had the disk write so far, in whole pages."""
        told = Path(f"/proc/{self.pid}/io").read_text("utf-8")
        return int(told.partition("write_bytes:")[2].split()[0])

    def said_last(self) -> str:
        """The end of its log."""
        return self.log.read_text("utf-8", "replace")[-_TAIL:]


def environment() -> dict[str, str]:
    """Ours, without what would change a setting."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TELEVOTE_")}


@contextmanager
def started(module: str, arguments: Sequence[str], log: Path) -> Iterator[Server]:
    """`python -m module`, on the last core. It says where it listens as JSON lines on stderr, here `log`.

    Raises `DidNotStart`.
    """
    with log.open("wb") as out, machine.core(last=True):
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=out,
            cwd=ROOT,
            env=environment(),
        )
    try:
        address = urlsplit(_url(process, log))
        assert address.hostname is not None
        assert address.port is not None
        yield Server(process.pid, address.hostname, address.port, log)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _url(process: "subprocess.Popen[bytes]", log: Path) -> str:
    until = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        for line in log.read_text("utf-8").splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                said = json.loads(line)
                if said["event"] == "listening":
                    return str(said["url"])
        time.sleep(0.02)
    raise DidNotStart(log.read_text("utf-8", "replace")[-_TAIL:] or "it said nothing")
