"""Work shared out among processes beside this one, or done in it: the same results, in the same order.

Whoever reads hands on what was read, so that all see one snapshot. The processes are started anew, never
forked, for threads run here. What they need to know, keys among it, goes to them through a socket, never by
their command line. They end when this process does, however it ends: at once, or once they are through with
what they have.
"""

import asyncio
import gc
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, aclosing, asynccontextmanager, suppress
from multiprocessing.connection import Connection, Pipe
from queue import SimpleQueue
from typing import Any, Final, Generic, Protocol, TypeVar

#: How much is read ahead for each process: while one thing is looked at, the next waits.
_AHEAD: Final = 2

W = TypeVar("W")
W_co = TypeVar("W_co", covariant=True)
K = TypeVar("K")
T = TypeVar("T")
R = TypeVar("R")


class Died(RuntimeError):
    """A process that had a share of the work has ended before it was done."""


class Shares(Protocol[W_co]):
    """Does one job with many things; `W_co` is what it knows."""

    def each(
        self, job: Callable[[W_co, T], R], things: AsyncGenerator[tuple[K, T], None]
    ) -> AsyncGenerator[tuple[K, R], None]:
        """The result of each thing, in order, beside what came with it. `things` is closed at the end.

        Raises `Died`, and as `things`.
        """
        ...


class Here(Generic[W]):
    """`Shares` in this process."""

    def __init__(self, known: W) -> None:
        self._known = known

    async def each(
        self, job: Callable[[W, T], R], things: AsyncGenerator[tuple[K, T], None]
    ) -> AsyncGenerator[tuple[K, R], None]:
        """See `Shares`."""
        async with aclosing(things):
            async for kept, thing in things:
                yield kept, job(self._known, thing)


class _Others(Generic[W]):
    """`Shares` among other processes. A thread for each waits for its answers."""

    def __init__(self, pipes: Sequence[Connection], threads: ThreadPoolExecutor) -> None:
        self._most, self._threads = _AHEAD * len(pipes), threads
        self._idle = SimpleQueue[Connection]()
        for pipe in pipes:
            self._idle.put(pipe)

    async def each(
        self, job: Callable[[W, T], R], things: AsyncGenerator[tuple[K, T], None]
    ) -> AsyncGenerator[tuple[K, R], None]:
        loop, failed = asyncio.get_running_loop(), None
        under_way = deque[tuple[K, asyncio.Future[R]]]()
        try:
            try:
                async with aclosing(things):
                    async for kept, thing in things:
                        under_way.append((kept, loop.run_in_executor(self._threads, self._ask, job, thing)))
                        if len(under_way) > self._most:
                            first, result = under_way.popleft()
                            yield first, await result
            except Died:
                raise
            except Exception as error:  # noqa: BLE001 -- told when its turn comes: what was read before is first
                failed = error
            while under_way:
                first, result = under_way.popleft()
                yield first, await result
            if failed is not None:
                raise failed
        finally:
            for _, result in under_way:
                if not result.cancel():
                    result.exception()  # it is over: what went wrong is told by the first, or by nobody

    def _ask(self, job: Callable[[W, T], R], thing: T) -> R:
        pipe = self._idle.get()
        try:
            pipe.send((job, thing))
            answer: R = pipe.recv()
        except (EOFError, OSError) as error:
            raise Died(
                "a process that checked a part of it has ended early, for want of memory perhaps: nothing is "
                "proven. Try again, or with --jobs 1"
            ) from error
        finally:
            self._idle.put(pipe)
        return answer


@asynccontextmanager
async def shared(known: W, jobs: int) -> AsyncIterator[Shares[W]]:
    """What shares work out among so many processes, which know `known`; one is this."""
    if jobs == 1:
        yield Here(known)
        return
    with ExitStack() as stack, ThreadPoolExecutor(jobs) as threads:
        processes = list[subprocess.Popen[bytes]]()
        try:
            pipes = [stack.enter_context(_start(known, processes)) for _ in range(jobs)]
            yield _Others(pipes, threads)
        finally:
            for process in processes:
                process.kill()
                process.wait()


def _start(known: object, processes: list[subprocess.Popen[bytes]]) -> Connection:
    ours, theirs = Pipe()
    with theirs:
        # The same modules as here, whatever lies in the folder where we were started.
        path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONSAFEPATH": "1"}
        command = [sys.executable, "-m", __name__, str(theirs.fileno())]
        processes.append(
            subprocess.Popen(  # noqa: S603 -- ourselves
                command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], env=os.environ | path
            )
        )
    with suppress(OSError):  # it has ended: so the first thing that is asked of it says
        ours.send(known)
    return ours


def _work(asked: Connection) -> None:
    """Do what is asked, until nobody is there any more who could ask."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for who has started us, and ends us
    gc.disable()  # nothing here is in a cycle
    with suppress(EOFError, ConnectionError):
        known: Any = asked.recv()
        while True:
            job, thing = asked.recv()
            asked.send(job(known, thing))


if __name__ == "__main__":
    _work(Connection(int(sys.argv[1])))
