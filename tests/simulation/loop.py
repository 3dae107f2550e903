"""An event loop in virtual time and one thread: the same seed gives the same run, and hours pass in no time.

Nothing is waited for: when nothing is ready, the clock goes on to whatever comes next. What the product gives
to threads (SQLite, files) runs in the loop, in the order it was given, after as long as a disk takes.
"""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class _NoSockets(selectors.BaseSelector):
    """A selector that sleeps by moving the loop's clock."""

    def __init__(self) -> None:
        self.loop: VirtualLoop | None = None
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = self._keys[fileobj] = selectors.SelectorKey(fileobj, 0, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def get_map(self) -> Any:
        return self._keys

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing can happen any more: somebody waits for what never comes")
        if timeout > 0 and self.loop is not None:
            self.loop.now += timeout
        return []

    def close(self) -> None:
        self._keys.clear()


class VirtualLoop(asyncio.SelectorEventLoop):
    """`now` is seconds since it was made. `latency` gives how long a job of a thread takes; `before_job` is
    called before a job that the product gives to a thread of its own (writing files)."""

    def __init__(self, latency: Callable[[], float], before_job: Callable[[], None]) -> None:
        selector = _NoSockets()
        super().__init__(selector)
        selector.loop = self
        self.now = 0.0
        self._latency, self._before_job = latency, before_job

    def time(self) -> float:
        return self.now

    def _write_to_self(self) -> None:
        """Nobody needs to be woken: nobody sleeps."""

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
        """Run it at once; the result comes after a while."""
        future = self.create_future()

        def tell(result: Any, error: BaseException | None) -> None:
            if not future.done():
                future.set_result(result) if error is None else future.set_exception(error)

        try:
            self._before_job()
            self.call_later(self._latency(), tell, func(*args), None)
        except Exception as error:  # noqa: BLE001 -- it is the caller's
            self.call_later(self._latency(), tell, None, error)
        return future


class Queue:
    """Stands for the queue of aiosqlite's thread: each job runs when the one before has ended."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop, self._free_at = loop, 0.0

    def put_nowait(self, job: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        self._free_at = max(self._loop.now, self._free_at) + 1e-6 + self._loop._latency()
        self._loop.call_at(self._free_at, self._run, *job)

    @staticmethod
    def _run(future: asyncio.Future[Any] | None, function: Callable[[], Any]) -> None:
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 -- it is the caller's
            if future is not None and not future.done():
                future.set_exception(error)
        else:
            if future is not None and not future.done():
                future.set_result(result)


class NoThread:
    """Stands for aiosqlite's thread."""

    def start(self) -> None: ...

    def join(self) -> None: ...
