"""Votes by webhook, and in arrays, against the server that does nothing.

In every round each lane has its turn, all on the same core; what counts is the ratio within a round. After
each turn the server must have counted exactly the votes that it acknowledged. "paced" are votes at half the
rate that the server takes, "matched" requests to the other at that same pace; "plain" are rows that a server
has written, written again by SQLite alone.
"""

import functools
import http.client
import json
import math
import socket
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import uvloop

from bench import campaign, load, machine, servers, votes
from bench.servers import Server
from gateway import setup
from gateway.storage import tail

_WARM_UP_SECONDS: Final = 0.5
#: The first guess at a lane's requests a second; after that the last turn's rate is the guess.
_GUESS: Final = 5_000
#: So many more requests than guessed are made ready; if they run out all the same, the turn is shorter.
_MARGIN: Final = 1.4
_COUNTED_WITHIN_SECONDS: Final = 10.0
_SENT_WITHIN_SECONDS: Final = 300.0
#: Connections for arrays: more would have more waiting than a server takes.
_PUSHING: Final = 16


class Miscounted(RuntimeError):
    """The server has not counted what it acknowledged."""


class Unchecked(RuntimeError):
    """The server takes a vote whose signature is wrong: what it does is not worth measuring."""


class Turn(NamedTuple):
    """What one lane did in one round, `rate` in votes a second.

    `core` is how much of its core the server used (or got: other processes may have wanted it too), `busy`
    how much of its own the load generator used.
    """

    rate: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    core: float
    busy: float

    @property
    def told(self) -> str:
        """Who was busy."""
        return f"server {self.core:.0%}, generator {self.busy:.0%} busy"


class _Told(Protocol):
    """What is told of a turn in every benchmark."""

    @property
    def rate(self) -> float: ...

    @property
    def told(self) -> str: ...


T = TypeVar("T", bound=_Told)
T_co = TypeVar("T_co", covariant=True)


class Taking(Protocol[T_co]):
    """What has a name, and takes a turn."""

    @property
    def name(self) -> str: ...

    def turn(self, seconds: float, /) -> T_co: ...


Round = dict[str, Turn]


@dataclass(slots=True)
class Lane:
    """One kind of request to one server; `confirm` hears how many votes were acknowledged."""

    name: str
    server: Server
    build: Callable[[int], Sequence[bytes]]
    votes: int
    confirm: Callable[[int], None]
    guess: float = _GUESS
    connections: int = load.CONNECTIONS
    pace: Callable[[], float] | None = None  # requests a second, as many as it takes if None

    def turn(self, seconds: float) -> Turn:
        requests = self.build(math.ceil(self.guess * seconds * _MARGIN) + self.connections)
        before = self.server.cpu_seconds()
        with machine.core(last=False):
            driven = self._drive(requests, seconds)
        during = self.server.cpu_seconds() - before
        # The work of a vote is over when it is counted, be that before or after the answer.
        self.confirm(driven.answers * self.votes)
        used = self.server.cpu_seconds() - before
        self.guess = driven.rate
        return Turn(
            rate=driven.rate * self.votes,
            cpu_us=used * 1e6 / (driven.answers * self.votes),
            p50_ms=driven.quantile_ms(0.50),
            p99_ms=driven.quantile_ms(0.99),
            p999_ms=driven.quantile_ms(0.999),
            core=during / driven.seconds,
            busy=driven.busy,
        )

    def send(self, least: int) -> None:
        """So many votes, or a few more, outside of any turn."""
        if least:
            driven = self._drive(self.build(math.ceil(least / self.votes)), _SENT_WITHIN_SECONDS)
            self.confirm(driven.answers * self.votes)

    def _drive(self, requests: Sequence[bytes], seconds: float) -> load.Driven:
        every = self.connections / self.pace() if self.pace is not None else 0.0
        try:
            return uvloop.run(
                load.drive(self.server.host, self.server.port, requests, seconds, self.connections, every)
            )
        except load.Refused as error:
            raise load.Refused(f"{self.name}: {error}\n{self.server.said_last()}") from None


@dataclass(slots=True)
class _Plain:
    """The rows of the server's database, written again."""

    database: Path
    folder: Path
    name: str = "plain"

    def turn(self, seconds: float) -> Turn:
        with tempfile.TemporaryDirectory(dir=self.folder) as folder, machine.core(last=True):
            done = subprocess.run(
                [sys.executable, "-m", "bench.plain", str(self.database), folder, str(seconds)],
                cwd=servers.ROOT,
                env=servers.environment(),
                capture_output=True,
                text=True,
                check=True,
            )
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        commits = load.Driven(told["seconds"], array("d", told["commits"]), 0.0, array("d"))
        return Turn(
            rate=told["votes"] / told["seconds"],
            cpu_us=told["cpu_seconds"] * 1e6 / told["votes"],
            p50_ms=commits.quantile_ms(0.50),
            p99_ms=commits.quantile_ms(0.99),
            p999_ms=commits.quantile_ms(0.999),
            core=told["cpu_seconds"] / told["seconds"],
            busy=0.0,
        )


class Count:
    """Compares what was acknowledged since with the standings, over the API."""

    def __init__(self, server: Server, token: str) -> None:
        self._server, self._token = server, token
        #: Votes that are there.
        self.acknowledged = self._balance()

    def confirm(self, more: int) -> None:
        """Wait until all acknowledged votes are counted, and no others. Raises `Miscounted`."""
        self.acknowledged += more
        until = time.monotonic() + _COUNTED_WITHIN_SECONDS
        while (found := self._balance()) != self.acknowledged:
            if time.monotonic() > until:
                raise Miscounted(f"{self.acknowledged} votes were acknowledged, {found} are counted")
            time.sleep(0.2)

    def _balance(self) -> int:
        connection = http.client.HTTPConnection(self._server.host, self._server.port, timeout=30)
        try:
            connection.request(
                "GET",
                f"/api/campaigns/{setup.CAMPAIGN}/standings",
                headers={"Authorization": f"Bearer {self._token}"},
            )
            standings: dict[str, Any] = json.load(connection.getresponse())
        finally:
            connection.close()
        messages = standings["balance"]["messages"]
        if messages["received"] != messages.get("counted", 0) or not standings["balance"]["balanced"]:
            raise Miscounted(f"every vote should count: {standings['balance']}")
        return sum(int(contest["votes"]) for contest in standings["contests"])


def measure(
    folder: Path,
    lanes: Sequence[str],
    rounds: int,
    seconds: float,
    tell: Callable[[str], None],
    *,
    filled: bool,
) -> list[Round]:
    """Rounds of turns of about `seconds` each; `lanes` are some of "noop", "unledgered", "webhook", "paced",
    "matched", "array" and "plain": those that need another are after it. `filled`: servers have so many votes
    before that claims are brought over, as in all but the first minutes of a campaign.

    Raises `Miscounted`, `Unchecked`, `load.Refused`, `servers.DidNotStart`.
    """
    with _opened(folder, lanes, tail.ROOM if filled else 0) as ready:
        return take_turns(ready, rounds, seconds, tell)


def take_turns(
    lanes: Sequence[Taking[T]], rounds: int, seconds: float, tell: Callable[[str], None]
) -> list[dict[str, T]]:
    """Rounds in which each lane has its turn, every other round in reverse. Raises as `measure`."""
    for lane in lanes:
        lane.turn(min(seconds, _WARM_UP_SECONDS))
    found = []
    for number in range(1, rounds + 1):
        order = lanes if number % 2 else lanes[::-1]
        found.append({lane.name: lane.turn(seconds) for lane in order})
        told = (f"{name} {turn.rate:,.0f}/s ({turn.told})" for name, turn in found[-1].items())
        tell(f"round {number} of {rounds}: {', '.join(told)}")
    return found


@contextmanager
def _opened(folder: Path, names: Sequence[str], filling: int) -> Iterator[list[Lane | _Plain]]:
    """The lanes, their servers running, each with so many votes."""
    place = campaign.write(folder / "webhook")
    requests = votes.Requests(place.secret("twilio.token"), place.secret("aliyun.token"))
    aliyun = functools.partial(requests.aliyun, at=campaign.now())
    with ExitStack() as stack:
        settings = ("--settings", str(place.settings), "serve")
        gateway = stack.enter_context(servers.started("gateway", settings, folder / "gateway.log"))
        refuse_forged(gateway, place.secret("aliyun.token"))
        count = Count(gateway, place.secret("api.token"))
        webhook = Lane("webhook", gateway, requests.twilio, 1, count.confirm)

        def half() -> float:
            return webhook.guess / 2

        array = Lane("array", gateway, aliyun, votes.ARRAY, count.confirm, _GUESS / votes.ARRAY, _PUSHING)
        array.send(filling)
        lanes: dict[str, Lane | _Plain] = {
            "webhook": webhook,
            "paced": Lane("paced", gateway, requests.twilio, 1, count.confirm, pace=half),
            "array": array,
            "plain": _Plain(place.database, folder),
        }
        if "unledgered" in names:
            lanes["unledgered"] = _unledgered(folder, stack, filling)
        if "noop" in names:
            noop = stack.enter_context(servers.started("bench.noop", (), folder / "noop.log"))
            lanes["noop"] = Lane("noop", noop, requests.twilio, 1, lambda _: None)
            lanes["matched"] = Lane("matched", noop, requests.twilio, 1, lambda _: None, pace=half)
        yield [lanes[name] for name in names]


def _unledgered(folder: Path, stack: ExitStack, filling: int) -> Lane:
    """The webhook without what makes the ledger checkable, in a folder of its own."""
    place = campaign.write(folder / "unledgered")
    settings = ("--settings", str(place.settings), "serve")
    server = stack.enter_context(servers.started("bench.unledgered", settings, folder / "unledgered.log"))
    requests = votes.Requests(place.secret("twilio.token"), place.secret("aliyun.token"))
    lane = Lane("unledgered", server, requests.twilio, 1, Count(server, place.secret("api.token")).confirm)
    lane.send(filling)
    return lane


def refuse_forged(gateway: Server, path_token: str) -> None:
    """See that signatures are checked. Raises `Unchecked`."""
    (forged,) = votes.Requests("not the auth token", path_token).twilio(1)
    with socket.create_connection((gateway.host, gateway.port), timeout=30) as connection:
        connection.sendall(forged)
        answer = connection.recv(4096)
    if not answer.startswith(b"HTTP/1.1 403 "):
        raise Unchecked(f"a forged vote was answered {answer[:12].decode('latin-1')}")
