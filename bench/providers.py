"""What each provider costs: one good request of its test table, authenticated and read, in this process.

The requests are those of tests/providers, so this part needs what testing needs.
"""

import gc
import importlib
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any, Final

from gateway.intake.provider import Provider, Refusal, Request

#: A signature by a private key costs more than a hash; everything else stays below this.
DEAR_US: Final = 100
_BATCH: Final = 200
_BATCHES: Final = 15


class NoTables(RuntimeError):
    """The tables of requests are not there, or what they need is not."""


class NotTaken(RuntimeError):
    """A provider refuses or cannot read the request it is measured with."""


def measure(tell: Callable[[str], None]) -> dict[str, float]:
    """Microseconds a request, by kind. Raises `NoTables`, `NotTaken`."""
    try:
        runner: Any = importlib.import_module("tests.providers.runner")
    except ImportError as error:
        raise NoTables(f"{error}: `make lint` installs what the tests need") from error
    found = {}
    for kind, table in runner.TABLES.items():
        row = next(row for row in table.rows if row.covers == "accepted")
        found[kind] = round(_cost(kind, runner.build(kind, row.options), row.request), 1)
        tell(f"{kind}: {found[kind]} µs")
    return found


def _cost(kind: str, provider: Provider, request: Request) -> float:
    if isinstance(provider.authenticate(replace(request)), Refusal):
        raise NotTaken(f"{kind} refuses the first good request of its table")
    batches = []
    gc.disable()
    try:
        for _ in range(_BATCHES):
            requests = [replace(request) for _ in range(_BATCH)]  # each keeps what authenticating worked out
            started = time.process_time_ns()
            for one in requests:
                provider.authenticate(one)
                provider.read(one)
            batches.append(time.process_time_ns() - started)
    finally:
        gc.enable()
    return median(batches) / _BATCH / 1000
