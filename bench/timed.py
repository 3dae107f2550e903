"""Runs one command and tells its cost, as JSON on the last line: `python -m bench.timed COMMAND …`.

It is a process of its own because a child's peak memory begins with that of whoever started it.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Final

#: Linux counts ru_maxrss in KiB.
_KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Took:
    """What a command printed and took."""

    output: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int


class Failed(RuntimeError):
    """A command did not succeed; the message is what it printed."""


def run(command: list[str], cwd: str, env: dict[str, str]) -> Took:
    """Run a command by way of this module. Raises `Failed`."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.timed", *command],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    output, _, cost = done.stdout.rstrip("\n").rpartition("\n")
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
    return Took(output, **json.loads(cost))


def _main() -> int:
    started = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:])
    _, status, usage = os.wait4(process.pid, 0)
    cost = {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * _KIB,
    }
    process.returncode = os.waitstatus_to_exitcode(status)
    print("\n" + json.dumps(cost), flush=True)
    return process.returncode


if __name__ == "__main__":
    sys.exit(_main())
