"""Several processes of one machine that serve one address: each a node of its own, n1, n1-2, n1-3 …

The parent binds the address and starts the workers, which inherit it: a connection that waits to be accepted
when one of them dies is accepted by another. The parent does nothing else but start again who dies, pass on
the signal to stop, and wait. A worker stops by itself when its parent is gone.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import structlog

from config.settings import Listen

_log = structlog.get_logger()

_ENDING: Final = (signal.SIGTERM, signal.SIGINT)
_WATCHED: Final = (*_ENDING, signal.SIGCHLD)
#: Who has died is started again after a pause; who dies so soon, and so often one after the other, is not.
_PAUSE_SECONDS, _SOON_SECONDS, _SOON_TIMES = 1.0, 10.0, 5
_LONG_SECONDS: Final = 3600.0


class Crew(NamedTuple):
    """What a worker has in common with the others: their names, with its own, the socket that all of them
    listen on, and a file that ends when the parent does."""

    names: Sequence[str]
    listening: socket.socket
    parent: int

    def is_first(self, node: str) -> bool:
        """Whether the node does what only one of them can: read files as they grow, and serve daemons."""
        return node == self.names[0]


class Gone(RuntimeError):
    """A worker does not stay; what is wrong with it, it has said itself."""


def names(node: str, workers: int) -> list[str]:
    """What the workers are called as nodes.

    >>> names("n1", 3)
    ['n1', 'n1-2', 'n1-3']
    """
    return [node, *(f"{node}-{number}" for number in range(2, workers + 1))]


def bound(listen: Listen) -> socket.socket:
    """A socket that has the address, and listens. Raises `OSError`."""
    found = socket.getaddrinfo(*listen, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, *_, address = found[0]
    return socket.create_server(address[:2], family=family, backlog=1024)


def split(named: Sequence[str], listening: socket.socket) -> tuple[str, Crew] | None:
    """Become the workers and their parent: returns in each worker with its name, and in the parent, with
    None, once all have ended as they were asked to. Raises `Gone`."""
    return _Parent(named, listening).run()


class _Parent:
    """`due` is when those are to be started that do not run, `running` who runs and since when."""

    def __init__(self, named: Sequence[str], listening: socket.socket) -> None:
        self._named, self._listening = named, listening
        self._alive = os.pipe()
        self._due = dict.fromkeys(named, 0.0)
        self._running: dict[int, tuple[str, float]] = {}
        self._died = dict.fromkeys(named, 0)
        self._stopping, self._gone = False, ""

    def run(self) -> tuple[str, Crew] | None:
        """See `split`."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
        while self._running or not self._stopping:
            for name in [name for name, at in self._due.items() if at <= time.monotonic()]:
                if self._start(name):
                    os.close(self._alive[1])
                    signal.pthread_sigmask(signal.SIG_SETMASK, before)
                    return name, Crew(self._named, self._listening, self._alive[0])
            told = signal.sigtimedwait(_WATCHED, self._seconds())
            if told is not None and told.si_signo in _ENDING:
                self._stop()
            self._bury()
        if self._gone:
            raise Gone(f"worker {self._gone} has ended {_SOON_TIMES} times at once: see what it said above")
        return None

    def _start(self, name: str) -> bool:
        """Whether we are the worker."""
        del self._due[name]
        sys.stdout.flush()
        pid = os.fork()
        if pid:
            self._running[pid] = name, time.monotonic()
        return pid == 0

    def _seconds(self) -> float:
        return max(0.0, min(self._due.values(), default=_LONG_SECONDS + time.monotonic()) - time.monotonic())

    def _stop(self) -> None:
        self._stopping = True
        self._due.clear()
        for pid in self._running:
            os.kill(pid, signal.SIGTERM)

    def _bury(self) -> None:
        """Whoever has ended; they are due again, unless nothing is any more."""
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            name, since = self._running.pop(pid)
            if self._stopping:
                continue
            soon = time.monotonic() - since < _SOON_SECONDS
            self._died[name] = self._died[name] + 1 if soon else 1
            _log.warning("worker_ended", node=name, code=os.waitstatus_to_exitcode(status))
            self._due[name] = time.monotonic() + _PAUSE_SECONDS
            if self._died[name] >= _SOON_TIMES:
                self._gone = name
                self._stop()
