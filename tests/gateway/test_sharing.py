"""Work shared out among processes: the same results in the same order, and an end in every case."""

import operator
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest

from gateway.checking.sharing import Died, shared

#: `operator.mul(7, n)`: what a job knows, and what it gets.
KNOWN = 7


async def numbers(upto: int, fault: Exception | None = None) -> AsyncGenerator[tuple[str, int], None]:
    for number in range(upto):
        yield str(number), number
    if fault is not None:
        raise fault


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("upto", [0, 1, 5, 50])
async def test_all_results_come_in_order(jobs: int, upto: int) -> None:
    async with shared(KNOWN, jobs) as shares:
        found = [one async for one in shares.each(operator.mul, numbers(upto))]
    assert found == [(str(number), KNOWN * number) for number in range(upto)]


@pytest.mark.parametrize("jobs", [1, 3])
async def test_what_was_read_before_a_fault_comes_before_it(jobs: int) -> None:
    async with shared(KNOWN, jobs) as shares:
        results = shares.each(operator.mul, numbers(4, LookupError("the disk")))
        assert [await anext(results) for _ in range(4)] == [(str(one), 7 * one) for one in range(4)]
        with pytest.raises(LookupError, match="the disk"):
            await anext(results)


@pytest.mark.parametrize("jobs", [1, 3])
async def test_who_has_seen_enough_may_stop(jobs: int) -> None:
    async with shared(KNOWN, jobs) as shares, aclosing(shares.each(operator.mul, numbers(100))) as results:
        async for _, one in results:
            if one == 21:
                break
        again = [one async for _, one in shares.each(operator.mul, numbers(3))]
    assert again == [0, 7, 14]


async def test_a_process_that_dies_is_told_of(capfd: pytest.CaptureFixture[str]) -> None:
    async with shared(os._exit, 2) as shares, aclosing(shares.each(operator.call, numbers(9))) as results:
        with pytest.raises(Died, match="ended early"):
            await anext(results)
    assert capfd.readouterr().err == "", "one clear line, which the command says"


#: Has two processes always at work, and says who they are.
WORKS = """
import asyncio, itertools, operator, os, pathlib, signal, time
from gateway.checking.sharing import shared

async def things():
    for number in itertools.count():
        yield number, 0.2
        if number == 1:
            own = os.getpid()
            print(pathlib.Path(f"/proc/{own}/task/{own}/children").read_text(), flush=True)

async def main():
    async with shared(time.sleep, 2) as shares:
        async for _ in shares.each(operator.call, things()):
            pass

signal.signal(signal.SIGINT, signal.default_int_handler)  # nohup would have it ignored
asyncio.run(main())
"""


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_ends_no_process_is_left(way: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WORKS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as asker:
        assert asker.stdout is not None
        children = [Path("/proc") / one for one in asker.stdout.readline().split()]
        assert len(children) == 2
        assert b"gateway.checking.sharing" in (children[0] / "cmdline").read_bytes()
        asker.send_signal(way)
        assert asker.wait(20) != 0
    deadline = time.monotonic() + 20
    while left := [one for one in children if _is_at_work(one)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def _is_at_work(process: Path) -> bool:
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
