"""Viewers of the live page: what they cost the server, and what they cost the votes.

In every round votes come at a steady pace twice, once without viewers and once with: a vote or more a second
means an update a second for each. The server's CPU and the time of its acknowledgements are compared
within the round.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import uvloop

from bench import campaign, load, machine, servers, votes
from bench.servers import Server
from bench.watching import Unserved
from config import load as settings
from gateway import clock, service, setup
from gateway.pages import cookies
from gateway.people import accounts, store
from gateway.people.people import open_people
from gateway.people.roles import Role
from gateway.watching import watch

VIEWERS: Final = 500
#: Votes a second, from so many connections: far from what the server can do.
PACE: Final = 200
_CONNECTIONS: Final = 20
_PATH: Final = f"/committee/{setup.CAMPAIGN}/events"
#: An update comes every second: a shorter turn might have none.
_SHORTEST_SECONDS: Final = 2.0
_WARM_UP_SECONDS: Final = 0.5


class Round(NamedTuple):
    """One round: the server's share of a core and its acknowledgements, alone and with viewers.

    `updates` is how many a viewer had in a second.
    """

    alone: float
    together: float
    alone_p99_ms: float
    together_p99_ms: float
    updates: float
    event_bytes: float

    @property
    def core(self) -> float:
        """The share of a core that all viewers together cost."""
        return self.together - self.alone


def measure(folder: Path, rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Round]:
    """Rounds of two turns of `seconds` each. Raises `Unserved`, `load.Refused`, `servers.DidNotStart`."""
    place = campaign.write(folder / "viewers")
    requests = votes.Requests(place.secret("twilio.token"), place.secret("aliyun.token"))
    cookie, seconds = uvloop.run(_sign_in(place.settings)), max(seconds, _SHORTEST_SECONDS)
    options, found = ("--settings", str(place.settings), "serve"), list[Round]()
    with servers.started("gateway", options, folder / "viewers.log") as server:
        _turn(server, requests, _WARM_UP_SECONDS)
        for number in range(1, rounds + 1):
            found.append(_round(server, requests, cookie, seconds))
            alone, together = f"{found[-1].alone:.1%}", f"{found[-1].together:.1%}"
            tell(f"round {number} of {rounds}: {alone} of a core alone, {together} with viewers")
    return found


def _round(server: Server, requests: votes.Requests, cookie: str, seconds: float) -> Round:
    alone, alone_p99_ms = _turn(server, requests, seconds)
    with _watching(server, cookie) as process:
        together, together_p99_ms = _turn(server, requests, seconds)
        counted = _counted(process)
    if not counted["fewest"]:
        raise Unserved("a viewer was told nothing")
    updates = counted["events"] / VIEWERS / counted["seconds"]
    return Round(alone, together, alone_p99_ms, together_p99_ms, updates, counted["event_bytes"])


def _turn(server: Server, requests: votes.Requests, seconds: float) -> tuple[float, float]:
    """The share of a core that the server used, and how long the slowest hundredth of votes waited."""
    ready = requests.twilio(int(PACE * seconds * 1.5) + _CONNECTIONS)
    before, every = server.cpu_seconds(), _CONNECTIONS / PACE
    with machine.core(last=False):
        driven = uvloop.run(load.drive(server.host, server.port, ready, seconds, _CONNECTIONS, every))
    return (server.cpu_seconds() - before) / driven.seconds, driven.quantile_ms(0.99)


@contextmanager
def _watching(server: Server, cookie: str) -> Iterator["subprocess.Popen[str]"]:
    """A process of viewers, each of which has had its first event."""
    words = [server.host, str(server.port), _PATH, cookie, str(VIEWERS)]
    with machine.core(last=False):
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.watching", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=servers.ROOT,
            text=True,
        )
    try:
        assert process.stdout is not None
        if (said := process.stdout.readline().strip()) != "ready":
            raise Unserved(said)
        yield process
    finally:
        process.kill()
        process.wait()


def _counted(process: "subprocess.Popen[str]") -> dict[str, float]:
    said, _ = process.communicate()
    counted: dict[str, float] = json.loads(said)
    return counted


async def _sign_in(path: Path) -> str:
    """The cookie of a committee member's session, begun before the server starts."""
    watch.log_to(level="error")
    loaded = settings.everything(path, {})
    async with service.open_service(loaded, watch.Metrics()) as opened:
        people = open_people(opened.store, loaded.settings.accounts, opened.campaigns, clock.now_ms)
        assert people is not None, "the sample has a key for accounts"
        await people.accounts.add("bench", "Bench", Role.COMMITTEE, (), by="the benchmark")
        account, token = await people.accounts.named("bench"), cookies.fresh()
        await opened.store.run(
            store.begin, account, accounts.hashed(token), clock.now_ms(), "a benchmark", []
        )
    return f"televote-plain={token}"
