"""What the benchmark runs on, and which core does what."""

import os
import platform
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def core(last: bool) -> Iterator[None]:
    """Keep this thread, and the processes it starts meanwhile, on the first or last core there is for us."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before) if last else min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def describe(folder: Path) -> dict[str, Any]:
    """The machine, without its name; `disk` is the file system that the votes were written to."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "kernel": platform.release(),
        "disk": _file_system(folder),
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """The type of the file system that the folder is on: that of the longest mount point above it."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text("utf-8").splitlines())
    above = {point: kind for _, point, kind, *_ in mounts if folder.resolve().is_relative_to(point)}
    return above[max(above, key=len)] if above else "unknown"
