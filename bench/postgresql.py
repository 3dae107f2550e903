"""Votes by webhook on PostgreSQL: by one node, and by two on the same database.

Nobody is kept on a core: nodes, database and load share those there are. So on few cores rates tell little;
what a vote costs a node, and what the database, tells where the next limit is. The data is on a disk.
The database is as it comes, but for 128 MB of buffers; its programs are those that the tests use.
"""

import asyncio
import importlib
import os
import shutil
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import uvloop

from bench import campaign, load, servers, votes, webhook
from bench.campaign import Campaign
from bench.load import quantile_ms
from bench.servers import Server
from bench.webhook import Count

#: Lanes, and how many nodes each has.
LANES: Final = {"sqlite": 1, "one": 1, "two": 2}
_GUESS: Final = 6_000
#: Of all nodes of a lane together: a commit on PostgreSQL takes some round trips, in which votes gather.
_CONNECTIONS: Final = 256
_ALL: Final = range(os.cpu_count() or 1)


class NoServer(RuntimeError):
    """There is no PostgreSQL here, or not what the tests need to start it."""


class Turn(NamedTuple):
    """Votes a second; microseconds of CPU a vote, of the nodes together and of the database; the longest that
    99 in 100 acknowledgements took; how many cores were busy, the load generator's among them."""

    rate: float
    node_us: float
    server_us: float
    p99_ms: float
    cores: float

    @property
    def told(self) -> str:
        """What a vote cost whom."""
        return f"nodes {self.node_us:.0f} µs, database {self.server_us:.0f} µs, {self.cores:.1f} cores busy"


Round = dict[str, Turn]


def measure(folder: Path, rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Round]:
    """Rounds of turns of `LANES`, every other in reverse.

    Raises `NoServer`, `webhook.Miscounted`, `load.Refused`, `servers.DidNotStart`.
    """
    with ExitStack() as stack:
        return webhook.take_turns(list(_opened(folder, stack)), rounds, seconds, tell)


class _Lane:
    """Nodes on one database, and who sends them votes. `database` gives the database's seconds of CPU."""

    def __init__(
        self, name: str, nodes: Sequence[Server], place: Campaign, database: Callable[[], float]
    ) -> None:
        self.name, self._nodes, self._database = name, nodes, database
        self._requests = votes.Requests(place.secret("twilio.token"), place.secret("aliyun.token"))
        self._count = Count(nodes[0], place.secret("api.token"))
        self._guess = float(_GUESS)

    def turn(self, seconds: float) -> Turn:
        each = int(self._guess * seconds * 1.5 / len(self._nodes)) + _CONNECTIONS
        requests = [self._requests.twilio(each) for _ in self._nodes]
        for node in self._nodes:
            _let_go(node.pid)
        nodes, database = self._cpu(), self._database()
        driven = uvloop.run(self._drive(requests, seconds))
        answers = sum(one.answers for one in driven)
        self._count.confirm(answers)
        node_s, server_s = self._cpu() - nodes, self._database() - database
        took = max(one.seconds for one in driven)
        self._guess = answers / took
        latencies = sorted(one for run in driven for one in run.latencies)
        busy = max(one.busy for one in driven)  # it is of the process, which is one
        return Turn(
            rate=answers / took,
            node_us=node_s * 1e6 / answers,
            server_us=server_s * 1e6 / answers,
            p99_ms=quantile_ms(array("d", latencies), 0.99),
            cores=(node_s + server_s) / took + busy,
        )

    def _cpu(self) -> float:
        return sum(node.cpu_seconds() for node in self._nodes)

    async def _drive(self, requests: Sequence[Sequence[bytes]], seconds: float) -> list[load.Driven]:
        connections = _CONNECTIONS // len(self._nodes)
        return await asyncio.gather(
            *[
                load.drive(node.host, node.port, some, seconds, connections)
                for node, some in zip(self._nodes, requests, strict=True)
            ]
        )


def _opened(folder: Path, stack: ExitStack) -> Iterator[_Lane]:
    cluster = stack.enter_context(_cluster(folder))
    for name, many in LANES.items():
        place = campaign.write(folder / name)
        if name != "sqlite":
            with place.settings.open("a", encoding="utf-8") as file:
                file.write(f'\n[storage]\nurl = "{cluster.url(cluster.fresh())}"\n')
        homes = [place.settings]
        for number in range(2, many + 1):
            other = folder / f"{name}-{number}"
            shutil.copytree(place.settings.parent, other)
            homes.append(other / place.settings.name)
        nodes = [
            stack.enter_context(
                servers.started(
                    "gateway",
                    ("--settings", str(home), "serve", "--node", f"n{number}"),
                    folder / f"{name}-{number}.log",
                )
            )
            for number, home in enumerate(homes, 1)
        ]
        for node in nodes:
            webhook.refuse_forged(node, place.secret("aliyun.token"))
        used = (lambda: 0.0) if name == "sqlite" else cluster.cpu_seconds
        yield _Lane(name, nodes, place, used)


@contextmanager
def _cluster(folder: Path) -> Iterator[Any]:
    """A PostgreSQL server in a folder below, where whom it runs as may go."""
    try:
        postgres: Any = importlib.import_module("tests.postgres")
        postgres.programs()
    except (ImportError, AssertionError) as error:
        raise NoServer(f"{error}: `make lint` installs what the tests need") from error
    folder.chmod(0o711)
    home = folder / "postgres"
    home.mkdir()
    postgres.give(home)
    server = postgres.Server(home, shared_buffers="128MB").make().start()
    try:
        yield server
    finally:
        server.stop()


def _let_go(pid: int) -> None:
    """Let a server run on every core: it was started on one."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), _ALL)
