"""Overload: votes come faster than they can be taken. What is taken, how long that takes, and what a refusal.

How many can be taken is measured first; then as many come, twice as many, and five times. They come from so
many connections that one which waits for its answer is not missed.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import uvloop

from bench import campaign, load, machine, servers, votes
from bench.load import quantile_ms
from bench.servers import Server

TIMES: Final = (1, 2, 5)
#: May wait in the server, about a tenth of a second's votes: more is shed.
QUEUE: Final = 400
_CONNECTIONS: Final = 3_000
#: A storm is longer than a turn of the other measurements.
_LONGER: Final = 2.5
_SHARES: Final = (0.50, 0.99, 1.0)


class Storm(NamedTuple):
    """So many times what can be taken. Rates are in votes a second; latencies (50 %, 99 %, the longest) in
    milliseconds, of what was acknowledged and of what was shed; `busy` is the generator's share of a core."""

    times: int
    offered: float
    taken: float
    taken_ms: tuple[float, ...]
    shed_ms: tuple[float, ...]
    busy: float


def measure(folder: Path, seconds: float, tell: Callable[[str], None]) -> list[Storm]:
    """A storm of each of `TIMES`. Raises `load.Refused`, `servers.DidNotStart`."""
    place = campaign.write(folder / "overload")
    settings = place.settings.read_text("utf-8")
    limits = f"[limits]\nqueue_messages = {QUEUE}\nbatch_messages = {QUEUE}\n\n[api]"
    place.settings.write_text(settings.replace("[api]", limits, 1), "utf-8")
    requests = votes.Requests(place.secret("twilio.token"), place.secret("aliyun.token"))
    options, found = ("--settings", str(place.settings), "serve"), list[Storm]()
    with servers.started("gateway", options, folder / "overload.log") as server:
        _drive(server, requests, 5_000, 0.5, 64, 0.0)
        able = _drive(server, requests, 12_000, seconds, 64, 0.0).rate
        for times in TIMES:
            pace = able * times
            driven = _drive(server, requests, pace, seconds * _LONGER, _CONNECTIONS, _CONNECTIONS / pace)
            found.append(_storm(times, driven))
            tell(f"{times} times: {found[-1]}")
    return found


def _drive(
    server: Server, requests: votes.Requests, pace: float, seconds: float, connections: int, every: float
) -> load.Driven:
    ready = requests.twilio(int(pace * seconds) + connections)
    with machine.core(last=False):
        return uvloop.run(
            load.drive(server.host, server.port, ready, seconds, connections, every, sheds=True)
        )


def _storm(times: int, driven: load.Driven) -> Storm:
    taken, shed = (
        tuple(round(quantile_ms(found, share), 1) for share in _SHARES) if found else ()
        for found in (driven.latencies, driven.shed)
    )
    offered = (driven.answers + len(driven.shed)) / driven.seconds
    return Storm(times, round(offered), round(driven.rate), taken, shed, round(driven.busy, 2))
