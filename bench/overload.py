"""Overload: votes come faster than they can be taken. What is taken, how long that takes, and what a refusal.

How many can be taken is measured first; then as many come, twice as many, and five times, straight to the
server and through each proxy that is installed, with the file we ship for it. They come from so many
connections that one which waits for its answer is not missed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import uvloop

from bench import campaign, load, machine, proxies, servers, votes
from bench.load import quantile_ms
from bench.proxies import Proxy
from bench.servers import Server

TIMES: Final = (1, 2, 5)
#: May wait in the server, and be under way in a proxy: fewer than as shipped, for the connections we have.
QUEUE: Final = 800
_CONNECTIONS: Final = 3_000
#: A storm is longer than a turn of the other measurements.
_LONGER: Final = 2.5
_SHARES: Final = (0.50, 0.99, 1.0)


class Storm(NamedTuple):
    """So many times what can be taken, `by` a proxy ("" by none). Rates are in votes a second; latencies
    (50 %, 99 %, the longest) in milliseconds, of what was acknowledged and of what was shed; `busy` is the
    generator's share of a core."""

    by: str
    times: int
    offered: float
    taken: float
    taken_ms: tuple[float, ...]
    shed_ms: tuple[float, ...]
    busy: float


def measure(folder: Path, seconds: float, tell: Callable[[str], None]) -> list[Storm]:
    """A storm of each of `TIMES`. Raises `load.Refused`, `servers.DidNotStart`, `proxies.DidNotStart`."""
    place = campaign.write(folder / "overload")
    settings = place.settings.read_text("utf-8")
    limits = f"[limits]\nqueue_messages = {QUEUE}\nbatch_messages = {QUEUE}\n\n[api]"
    place.settings.write_text(settings.replace("[api]", limits, 1), "utf-8")
    requests = votes.Requests(place.secret("twilio.token"), place.secret("aliyun.token"))
    options, found = ("--settings", str(place.settings), "serve"), list[Storm]()
    with servers.started("gateway", options, folder / "overload.log") as server:
        _drive(server, requests, 5_000, 0.5, 64, 0.0)
        able = _drive(server, requests, 12_000, seconds, 64, 0.0).rate
        for way in ("", *proxies.available()):
            with _by(way, folder, server) as there:
                for times in TIMES:
                    pace = able * times
                    driven = _drive(
                        there, requests, pace, seconds * _LONGER, _CONNECTIONS, _CONNECTIONS / pace
                    )
                    found.append(_storm(way, times, driven))
                    tell(f"{way} {times} times: {found[-1]}")
    return found


@contextmanager
def _by(way: str, folder: Path, server: Server) -> Iterator[Server | Proxy]:
    """The server itself, or a proxy before it, which shares the generator's core."""
    if not way:
        yield server
        return
    with machine.core(last=False):
        proxy = proxies.started(way, folder / way, server.port, "keepalive_requests 1000000;", QUEUE)
        with proxy as there:
            yield there


def _drive(
    server: Server | Proxy,
    requests: votes.Requests,
    pace: float,
    seconds: float,
    connections: int,
    every: float,
) -> load.Driven:
    ready = requests.twilio(int(pace * seconds) + connections)
    with machine.core(last=False):
        return uvloop.run(
            load.drive(server.host, server.port, ready, seconds, connections, every, sheds=True)
        )


def _storm(by: str, times: int, driven: load.Driven) -> Storm:
    taken, shed = (
        tuple(round(quantile_ms(found, share), 1) for share in _SHARES) if found else ()
        for found in (driven.latencies, driven.shed)
    )
    offered = (driven.answers + len(driven.shed)) / driven.seconds
    return Storm(by, times, round(offered), round(driven.rate), taken, shed, round(driven.busy, 2))
