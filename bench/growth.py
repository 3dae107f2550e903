"""What many messages in the ledger change: votes a second, memory, standings; and how long it takes to count
and to verify them again.

Two gateways, one with nothing recorded and one with the grown ledger, take turns with the server that does
nothing, on one core. Recount and verification are timed as a user with one core sees them, start-up included.
"""

import http.client
import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench import campaign, servers, timed, votes, webhook
from bench.campaign import Campaign
from bench.servers import Server
from bench.timed import Took
from bench.webhook import Count, Lane, Round
from gateway import setup

_ASKED: Final = 50
#: A server that has just started learns who has voted before; it is measured once it is idle.
_IDLE: Final = 0.05
_IDLE_SECONDS: Final = 1.0
_LEARNT_WITHIN_SECONDS: Final = 600.0
_MEBIBYTE: Final = 1024 * 1024


class Disagrees(RuntimeError):
    """The recount of a ledger that nobody has touched does not agree, or verification counts otherwise."""


@dataclass(frozen=True, slots=True)
class Grown:
    """`rounds` have the lanes "noop", "empty" and "grown"; `resident_mb` is the grown server's memory in MiB,
    before and after them; `written_bytes` what either had the disk write for each vote."""

    rows: int
    rounds: list[Round]
    resident_mb: tuple[float, float]
    written_bytes: dict[str, float]
    standings_ms: float
    recount: Took
    verify: Took


def measure(
    folder: Path, ledger: Path | None, rows: int, rounds: int, seconds: float, tell: Callable[[str], None]
) -> Grown:
    """Measure with `ledger`, a folder that `bench.grown` has made, or a new one of `rows` messages.

    Raises `Disagrees`, and as `webhook.measure`.
    """
    if ledger is None:
        ledger = folder / "grown"
        timed.run(
            [sys.executable, "-m", "bench.grown", str(ledger), str(rows)],
            str(servers.ROOT),
            servers.environment(),
        )
    grown, empty = Campaign(ledger / "televote.toml"), campaign.write(folder / "empty")
    with ExitStack() as stack:
        noop = stack.enter_context(servers.started("bench.noop", (), folder / "noop.log"))
        gateways = {
            name: _Gateway(stack, place, folder / f"{name}.log")
            for name, place in (("empty", empty), ("grown", grown))
        }
        requests = votes.Requests("any", "any")
        lanes = [Lane("noop", noop, requests.twilio, 1, lambda _: None)]
        lanes += [
            Lane(name, one.server, one.requests.twilio, 1, one.count.confirm)
            for name, one in gateways.items()
        ]
        entries = gateways["grown"].count.acknowledged
        first_mb = gateways["grown"].server.resident_bytes() / _MEBIBYTE
        found = webhook.take_turns(lanes, rounds, seconds, tell)
        last_mb = gateways["grown"].server.resident_bytes() / _MEBIBYTE
        written = {name: one.written_per_vote() for name, one in gateways.items()}
        standings_ms = gateways["grown"].standings_ms()
    tell(f"standings in {standings_ms:.1f} ms, memory {first_mb:.0f} to {last_mb:.0f} MiB")
    recount, verify = _command(grown, "recount"), _command(grown, "verify")
    tell(f"recounted in {recount.seconds:.0f} s, verified in {verify.seconds:.0f} s")
    return Grown(entries, found, (first_mb, last_mb), written, standings_ms, recount, verify)


class _Gateway:
    """A gateway that listens, and the votes that are new to it."""

    def __init__(self, stack: ExitStack, place: Campaign, log: Path) -> None:
        settings: Sequence[str] = ("--settings", str(place.settings), "serve")
        self.server: Server = stack.enter_context(servers.started("gateway", settings, log))
        webhook.refuse_forged(self.server, place.secret("aliyun.token"))
        _until_idle(self.server)
        self._token = place.secret("api.token")
        self.count = Count(self.server, self._token)
        self._before, self._written = self.count.acknowledged, self.server.written_bytes()
        self.requests = votes.Requests(
            place.secret("twilio.token"), place.secret("aliyun.token"), self._before + 1
        )

    def written_per_vote(self) -> float:
        """Bytes that the disk was given for each vote since the start."""
        taken = self.count.acknowledged - self._before
        return (self.server.written_bytes() - self._written) / max(1, taken)

    def standings_ms(self) -> float:
        """The standings by the API, on a connection that is open: the median."""
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=30)
        headers, taken = {"Authorization": f"Bearer {self._token}"}, []
        try:
            for _ in range(_ASKED):
                started = time.perf_counter()
                connection.request("GET", f"/api/campaigns/{setup.CAMPAIGN}/standings", headers=headers)
                connection.getresponse().read()
                taken.append((time.perf_counter() - started) * 1000)
        finally:
            connection.close()
        return median(taken)


def _until_idle(server: Server) -> None:
    until = time.monotonic() + _LEARNT_WITHIN_SECONDS
    while time.monotonic() < until:
        before = server.cpu_seconds()
        time.sleep(_IDLE_SECONDS)
        if server.cpu_seconds() - before < _IDLE * _IDLE_SECONDS:
            return


def _command(place: Campaign, name: str) -> Took:
    own = ["--json", "--jobs=1"]
    command = [sys.executable, "-m", "gateway", "--settings", str(place.settings), name, *own]
    took = timed.run(command, str(servers.ROOT), servers.environment())
    if name == "recount" and not json.loads(took.output)["agrees"]:
        raise Disagrees(took.output[-1000:])
    return took
