"""How soon a vote is under a signed checkpoint: votes at a fixed pace, while what is published is watched.

A vote's wait is counted from its arrival, by the time in its leaf, to the moment at which a published
checkpoint holds its entry. That is longer than from the acknowledgement, of which the promise is.
"""

import sqlite3
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

import uvloop

from bench import campaign, load, machine, servers, votes
from bench.load import quantile_ms
from gateway import clock, setup
from gateway.ledger.folder import Folder
from tally import entry, note

#: Votes a second.
PACE: Final = 1_000
_LOOK_SECONDS: Final = 0.005
#: Made ready at a time, so that making them keeps no vote waiting.
_READY: Final = 20


class Signed(NamedTuple):
    """So many votes, and how long they waited, in milliseconds: half of them, 99 in 100, the longest."""

    votes: int
    p50_ms: float
    p99_ms: float
    most_ms: float


class _Published:
    """The checkpoints that were seen: when (Unix milliseconds), and how many entries each holds."""

    def __init__(self, log: Folder) -> None:
        self._log, self._ended = log, threading.Event()
        self.seen: list[tuple[int, int]] = []

    def look(self) -> None:
        """Until told that it is enough."""
        while not self._ended.wait(_LOOK_SECONDS):
            text, signed, _ = self._log.checkpoint().rpartition("\n\n")
            size = note.read_checkpoint(f"{text}\n").size if signed else 0
            if size > (self.seen[-1][1] if self.seen else 0):
                self.seen.append((clock.now_ms(), size))

    @contextmanager
    def watched(self) -> Iterator[None]:
        thread = threading.Thread(target=self.look)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()


def measure(folder: Path, seconds: float, tell: Callable[[str], None]) -> Signed:
    """Votes for so many seconds. Raises `load.Refused`, `servers.DidNotStart`, `TimeoutError`."""
    place = campaign.write(folder / "signing")
    requests = votes.Requests(place.secret("twilio.token"), place.secret("aliyun.token"))
    published = _Published(Folder(place.settings.parent / "ledger" / setup.CAMPAIGN / "n1"))
    options = ("--settings", str(place.settings), "serve")
    with servers.started("gateway", options, folder / "signing.log") as server, published.watched():
        with machine.core(last=False):
            driven = uvloop.run(
                load.drive(
                    server.host,
                    server.port,
                    (request for _ in count() for request in requests.twilio(_READY)),
                    seconds,
                    every=load.CONNECTIONS / PACE,
                )
            )
        _settle(place.database, published)
    tell(f"{driven.answers} votes at {driven.rate:,.0f}/s, generator {driven.busy:.0%} busy")
    waits = array("d", sorted(_waits(place.database, published.seen)))
    shares = (round(quantile_ms(waits, share), 1) for share in (0.50, 0.99, 1.0))
    return Signed(driven.answers, *shares)


def _settle(database: Path, published: _Published) -> None:
    """Wait until all that was taken is published. Raises `TimeoutError`."""
    with closing(sqlite3.connect(database)) as db:
        (entries,) = db.execute("SELECT count(*) FROM entries").fetchone()
    until = time.monotonic() + 30
    while not published.seen or published.seen[-1][1] < entries:
        if time.monotonic() > until:
            raise TimeoutError("not all votes were published under a signed checkpoint")
        time.sleep(_LOOK_SECONDS)


def _waits(database: Path, seen: list[tuple[int, int]]) -> Iterator[float]:
    """Of each vote, in seconds."""
    checkpoints = iter(seen)
    at_ms, size = next(checkpoints)
    with closing(sqlite3.connect(database)) as db:
        for seq, leaf in db.execute("SELECT seq, leaf FROM entries ORDER BY seq"):
            while size <= seq:
                at_ms, size = next(checkpoints)
            read = entry.read_leaf(leaf)
            if read.is_message:
                yield (at_ms - read.at_ms) / 1000
