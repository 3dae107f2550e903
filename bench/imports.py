"""A hotline's log brought in by `televote import`, then counted again from the ledger by `televote recount`.

Both are timed as a user sees them, start-up included. A tenth of the rows is brought in too: memory is flat
if the whole log takes hardly more.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from bench import campaign, servers, timed, votes
from bench.campaign import Campaign
from bench.timed import Took

#: A peak that grows by less over ten times the rows is called flat. Bounded caches must be full by a tenth.
_FLAT: Final = 1.2
_ENOUGH_ROWS: Final = 500_000
_MEBIBYTE: Final = 1024 * 1024


class NotAllCounted(RuntimeError):
    """Every row is a vote that counts, yet the command says otherwise."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What importing and recounting took; `tenth_peak_mb` is the peak for a tenth of the rows. MiB."""

    rows: int
    rows_per_s: float
    cpu_us: float
    peak_mb: float
    tenth_peak_mb: float
    recount_rows_per_s: float
    recount_cpu_us: float
    recount_peak_mb: float

    @property
    def is_flat(self) -> bool | None:
        """Whether memory does not grow with the log; None if the log is too short to tell."""
        if self.rows < _ENOUGH_ROWS:
            return None
        return self.peak_mb < _FLAT * self.tenth_peak_mb


def measure(folder: Path, rows: int, tell: Callable[[str], None]) -> Imported:
    """Import a tenth, then all, into a database each; recount the second. Raises `NotAllCounted`."""
    _, tenth = _import(folder / "tenth", max(rows // 10, 1), tell)
    place, took = _import(folder / "whole", rows, tell)
    recount = _command(place, "recount", "--json")
    counted = json.loads(recount.output)
    if not counted["agrees"] or _votes(counted["standings"]) != rows:
        raise NotAllCounted(f"a recount of {rows} rows: {counted['differences']} {counted['faults']}")
    tell(f"recounted {rows:,} rows in {recount.seconds:.1f} s")
    return Imported(
        rows=rows,
        rows_per_s=rows / took.seconds,
        cpu_us=took.cpu_seconds * 1e6 / rows,
        peak_mb=took.peak_bytes / _MEBIBYTE,
        tenth_peak_mb=tenth.peak_bytes / _MEBIBYTE,
        recount_rows_per_s=rows / recount.seconds,
        recount_cpu_us=recount.cpu_seconds * 1e6 / rows,
        recount_peak_mb=recount.peak_bytes / _MEBIBYTE,
    )


def _import(folder: Path, rows: int, tell: Callable[[str], None]) -> tuple[Campaign, Took]:
    place = campaign.write(folder)
    now, log = campaign.now(), folder / "calls.csv"
    votes.write_log(log, rows, now - timedelta(hours=23), now)
    took = _command(place, "import", "--source", "calls", "--json", str(log))
    (summary,) = json.loads(took.output).values()
    if summary["outcomes"] != {"counted": rows}:
        raise NotAllCounted(f"an import of {rows} rows: {summary['outcomes']}, {summary['unread']} not read")
    tell(f"imported {rows:,} rows in {took.seconds:.1f} s, peak {took.peak_bytes / _MEBIBYTE:.0f} MiB")
    return place, took


def _command(place: Campaign, *words: str) -> Took:
    command = [sys.executable, "-m", "gateway", "--settings", str(place.settings), *words]
    return timed.run(command, str(servers.ROOT), servers.environment())


def _votes(standings: dict[str, Any]) -> int:
    return sum(int(contest["votes"]) for contest in standings["contests"])
