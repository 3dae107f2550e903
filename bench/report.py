"""The result: a table to read, and one line of JSON to keep. What was not measured is null."""

import json
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Final

from rich.console import Console
from rich.table import Table

import gateway
from bench import postgresql, viewers
from bench.growth import Grown
from bench.imports import Imported
from bench.overload import QUEUE, Storm
from bench.providers import DEAR_US
from bench.signing import PACE, Signed
from bench.webhook import Round, Turn

_MEBIBYTE: Final = 1024 * 1024
#: A saturated server gets this much of its core where nothing else runs.
_UNDISTURBED: Final = 0.9

FLAT: Final = {True: "memory is flat", False: "memory GROWS", None: "too few rows to tell if memory is flat"}


def figures(
    rounds: Sequence[Round],
    imported: Imported | None,
    seen: Sequence[viewers.Round],
    costs: dict[str, float] | None,
    grown: Grown | None,
    storms: Sequence[Storm],
    signed: Signed | None,
    shared: Sequence[postgresql.Round],
    machine: dict[str, Any],
    quick: bool,
) -> dict[str, Any]:
    """What goes into the JSON line. Each is the median over the rounds; ratios are taken within a round."""
    return {
        "webhook_ratio": _ratio(rounds, "webhook", "noop", _rate, 3),
        "webhook_cpu_ratio": _ratio(rounds, "webhook", "noop", _cpu, 2),
        "webhook_votes_per_s": _median(rounds, "webhook", _rate, 0),
        "noop_per_s": _median(rounds, "noop", _rate, 0),
        "webhook_cpu_us": _median(rounds, "webhook", _cpu, 1),
        "noop_cpu_us": _median(rounds, "noop", _cpu, 1),
        "webhook_p50_ms": _median(rounds, "webhook", lambda turn: turn.p50_ms, 2),
        "webhook_p99_ms": _median(rounds, "webhook", lambda turn: turn.p99_ms, 2),
        "noop_p50_ms": _median(rounds, "noop", lambda turn: turn.p50_ms, 2),
        "noop_p99_ms": _median(rounds, "noop", lambda turn: turn.p99_ms, 2),
        "noop_core": _median(rounds, "noop", lambda turn: turn.core, 2),
        "paced_per_s": _median(rounds, "paced", _rate, 0),
        "paced_cpu_us": _median(rounds, "paced", _cpu, 1),
        "paced_cpu_ratio": _ratio(rounds, "paced", "matched", _cpu, 2),
        "paced_p50_ms": _median(rounds, "paced", lambda turn: turn.p50_ms, 2),
        "paced_p99_ms": _median(rounds, "paced", lambda turn: turn.p99_ms, 2),
        "paced_p999_ms": _median(rounds, "paced", lambda turn: turn.p999_ms, 2),
        "matched_cpu_us": _median(rounds, "matched", _cpu, 1),
        "matched_p50_ms": _median(rounds, "matched", lambda turn: turn.p50_ms, 2),
        "matched_p99_ms": _median(rounds, "matched", lambda turn: turn.p99_ms, 2),
        "matched_p999_ms": _median(rounds, "matched", lambda turn: turn.p999_ms, 2),
        "array_votes_per_s": _median(rounds, "array", _rate, 0),
        "array_ratio": _ratio(rounds, "array", "webhook", _rate, 2),
        "array_cpu_us": _median(rounds, "array", _cpu, 1),
        "array_p99_ms": _median(rounds, "array", lambda turn: turn.p99_ms, 2),
        "array_plain_ratio": _ratio(rounds, "array", "plain", _rate, 2),
        "array_plain_cpu_ratio": _ratio(rounds, "array", "plain", _cpu, 2),
        "plain_votes_per_s": _median(rounds, "plain", _rate, 0),
        "plain_cpu_us": _median(rounds, "plain", _cpu, 1),
        "import_rows": imported and imported.rows,
        "import_rows_per_s": imported and round(imported.rows_per_s),
        "import_cpu_us": imported and round(imported.cpu_us, 1),
        "import_peak_mb": imported and round(imported.peak_mb, 1),
        "import_tenth_peak_mb": imported and round(imported.tenth_peak_mb, 1),
        "import_flat": imported and imported.is_flat,
        "recount_rows_per_s": imported and round(imported.recount_rows_per_s),
        "recount_cpu_us": imported and round(imported.recount_cpu_us, 1),
        "recount_peak_mb": imported and round(imported.recount_peak_mb, 1),
        "viewers": viewers.VIEWERS if seen else None,
        "viewers_core": _of(seen, lambda one: one.core, 3),
        "viewers_alone_core": _of(seen, lambda one: one.alone, 3),
        "viewers_updates_per_s": _of(seen, lambda one: one.updates, 2),
        "viewers_event_bytes": _of(seen, lambda one: one.event_bytes, 0),
        "viewers_p99_ms": _of(seen, lambda one: one.together_p99_ms, 2),
        "viewers_alone_p99_ms": _of(seen, lambda one: one.alone_p99_ms, 2),
        "viewers_p99_ratio": _of(seen, lambda one: one.together_p99_ms / one.alone_p99_ms, 2),
        "ledger_cpu_ratio": _ratio(rounds, "webhook", "unledgered", _cpu, 3),
        "unledgered_cpu_us": _median(rounds, "unledgered", _cpu, 1),
        "overload": [storm._asdict() for storm in storms] or None,
        "signing": signed and signed._asdict(),
        "provider_us": costs,
        "postgresql": _shared(shared),
        **_grown(grown),
        "rounds": max(len(rounds), len(seen), len(shared), len(grown.rounds) if grown else 0),
        "quick": quick,
        "machine": machine,
        "version": gateway.__version__,
    }


def _shared(rounds: Sequence[postgresql.Round]) -> dict[str, Any] | None:
    """By lane the medians of a turn, and of two nodes' rate to one's within a round."""
    if not rounds:
        return None
    found: dict[str, Any] = {
        lane: {
            field: round(median(getattr(one[lane], field) for one in rounds), 1)
            for field in postgresql.Turn._fields
        }
        for lane in postgresql.LANES
    }
    ratios = [one["two"].rate / one["one"].rate for one in rounds]
    return found | {"ratio": [round(value(ratios), 2) for value in (median, min, max)]}


def _grown(grown: Grown | None) -> dict[str, Any]:
    rounds = grown.rounds if grown else []
    return {
        "growth_rows": grown and grown.rows,
        "growth_ratio": _ratio(rounds, "grown", "empty", _rate, 2),
        "growth_cpu_ratio": _ratio(rounds, "grown", "empty", _cpu, 2),
        "growth_votes_per_s": _median(rounds, "grown", _rate, 0),
        "growth_empty_votes_per_s": _median(rounds, "empty", _rate, 0),
        "growth_cpu_us": _median(rounds, "grown", _cpu, 1),
        "growth_empty_cpu_us": _median(rounds, "empty", _cpu, 1),
        "growth_noop_cpu_us": _median(rounds, "noop", _cpu, 1),
        "growth_p99_ms": _median(rounds, "grown", lambda turn: turn.p99_ms, 2),
        "growth_empty_p99_ms": _median(rounds, "empty", lambda turn: turn.p99_ms, 2),
        "growth_written_bytes": grown and round(grown.written_bytes["grown"]),
        "growth_empty_written_bytes": grown and round(grown.written_bytes["empty"]),
        "growth_memory_mb": grown and [round(one, 1) for one in grown.resident_mb],
        "growth_standings_ms": grown and round(grown.standings_ms, 2),
        "growth_recount_s": grown and round(grown.recount.seconds, 1),
        "growth_recount_cpu_s": grown and round(grown.recount.cpu_seconds, 1),
        "growth_recount_peak_mb": grown and round(grown.recount.peak_bytes / _MEBIBYTE, 1),
        "growth_verify_s": grown and round(grown.verify.seconds, 1),
        "growth_verify_cpu_s": grown and round(grown.verify.cpu_seconds, 1),
        "growth_verify_peak_mb": grown and round(grown.verify.peak_bytes / _MEBIBYTE, 1),
    }


def show(console: Console, found: dict[str, Any], rounds: Sequence[Round]) -> None:
    """The tables, then the JSON line, last."""
    if rounds:
        console.print(_webhooks(rounds))
        if (got := found["noop_core"]) is not None and got < _UNDISTURBED:
            console.print(
                f"The server that does nothing got only {got:.0%} of its core: other processes disturbed "
                "this, and only the CPU ratio can be relied on.",
                style="yellow",
            )
    if found["import_rows"] is not None:
        console.print(_imports(found))
    if found["viewers"] is not None:
        console.print(_viewers(found))
    if found["overload"] is not None:
        console.print(_overload(found["overload"]))
    if found["signing"] is not None:
        console.print(_signing(found["signing"]))
    if found["postgresql"] is not None:
        console.print(_postgresql(found["postgresql"]))
    if found["provider_us"] is not None:
        console.print(_providers(found["provider_us"], found["noop_cpu_us"]))
    if found["growth_rows"] is not None:
        console.print(_growth(found))
    console.print(
        ", ".join(f"{name} {value}" for name, value in found["machine"].items()), style="dim", highlight=False
    )
    console.file.write(json.dumps(found, ensure_ascii=False) + "\n")
    console.file.flush()


def _webhooks(rounds: Sequence[Round]) -> Table:
    table = Table(
        title="Votes by webhook, 64 keep-alive connections, one core",
        title_justify="left",
        caption="Medians of the rounds; ratios are taken within a round, their range in brackets. "
        "noop: aiohttp, post(), 200. paced: single votes at half the rate; matched: the no-op at that pace. "
        "array: pushes of 500, against single votes. plain: the rows of 500 votes, by executemany, synced; "
        "its times are a commit's. "
        "unledgered: nothing is encrypted, hashed into a tree, signed or published; webhook is then measured "
        "against it.",
        caption_justify="left",
    )
    for name in ("", "votes/s", "ratio", "CPU µs/vote", "CPU ratio", "p50 ms", "p99 ms", "p99.9 ms"):
        table.add_column(name, justify="right" if name else "left")
    compared = "noop" if "noop" in rounds[0] else "unledgered"
    lanes = (
        ("noop", None),
        ("unledgered", None),
        ("webhook", compared),
        ("paced", "matched"),
        ("matched", None),
        ("array", "webhook"),
        ("plain", None),
    )
    for name, base in lanes:
        if name in rounds[0]:
            based = base if base in rounds[0] else None
            table.add_row(
                name,
                f"{_median(rounds, name, _rate, 0):,.0f}",
                _range(rounds, name, based, _rate),
                f"{_median(rounds, name, _cpu, 1):,.1f}",
                _range(rounds, name, based, _cpu),
                f"{_median(rounds, name, lambda turn: turn.p50_ms, 2):.2f}",
                f"{_median(rounds, name, lambda turn: turn.p99_ms, 2):.2f}",
                f"{_median(rounds, name, lambda turn: turn.p999_ms, 2):.2f}",
            )
    return table


def _imports(found: dict[str, Any]) -> Table:
    flat = FLAT[found["import_flat"]]
    table = Table(
        title="A hotline's log, by command, start-up included",
        title_justify="left",
        caption=f"A tenth of the rows takes {found['import_tenth_peak_mb']} MiB: {flat}.",
        caption_justify="left",
    )
    for name in ("", "rows", "rows/s", "CPU µs/row", "peak MiB"):
        table.add_column(name, justify="right" if name else "left")
    for name in ("import", "recount"):
        table.add_row(
            name,
            f"{found['import_rows']:,}",
            f"{found[f'{name}_rows_per_s']:,}",
            f"{found[f'{name}_cpu_us']:.1f}",
            f"{found[f'{name}_peak_mb']:.1f}",
        )
    return table


def _viewers(found: dict[str, Any]) -> Table:
    table = Table(
        title=f"{found['viewers']} viewers of the live page, {viewers.PACE} votes/s",
        title_justify="left",
        caption=f"For each {found['viewers_updates_per_s']} updates/s, {found['viewers_event_bytes']} bytes; "
        f"p99 with viewers is {found['viewers_p99_ratio']} of p99 without.",
        caption_justify="left",
    )
    for name in ("", "of a core", "p99 ms of a vote"):
        table.add_column(name, justify="right" if name else "left")
    table.add_row("votes alone", f"{found['viewers_alone_core']:.1%}", f"{found['viewers_alone_p99_ms']:.2f}")
    table.add_row("viewers besides", f"{found['viewers_core']:.1%}", f"{found['viewers_p99_ms']:.2f}")
    return table


def _overload(storms: Sequence[dict[str, Any]]) -> Table:
    table = Table(
        title=f"More votes than can be taken, at most {QUEUE} waiting",
        title_justify="left",
        caption="Latencies in ms: half of them, 99 in 100, all. Shed: 503 with Retry-After.",
        caption_justify="left",
    )
    table.add_column("by")
    for name in ("times", "offered/s", "taken/s", "taken ms", "shed ms", "generator busy"):
        table.add_column(name, justify="right")
    for storm in storms:
        latencies = (" / ".join(f"{ms:.0f}" for ms in storm[name]) or "–" for name in ("taken_ms", "shed_ms"))
        rates = (f"{storm[name]:,.0f}" for name in ("offered", "taken"))
        table.add_row(storm["by"], str(storm["times"]), *rates, *latencies, f"{storm['busy']:.0%}")
    return table


def _signing(found: dict[str, Any]) -> Table:
    table = Table(
        title=f"Signed and published, {PACE:,} votes/s",
        title_justify="left",
        caption="From a vote's arrival to a checkpoint that holds it.",
        caption_justify="left",
    )
    for name in ("votes", "p50 ms", "p99 ms", "longest ms"):
        table.add_column(name, justify="right")
    table.add_row(f"{found['votes']:,}", *(f"{found[name]:.0f}" for name in ("p50_ms", "p99_ms", "most_ms")))
    return table


def _postgresql(found: dict[str, Any]) -> Table:
    middle, least, most = found["ratio"]
    table = Table(
        title="Votes by webhook on PostgreSQL, no process kept on a core",
        title_justify="left",
        caption=f"Two nodes took {middle} [{least}–{most}] of one's votes a second. Cores that are not busy "
        "wait for the disk, or for each other.",
        caption_justify="left",
    )
    for name in ("", "votes/s", "CPU µs/vote, nodes", "database", "p99 ms", "cores busy"):
        table.add_column(name, justify="right" if name else "left")
    for lane, name in (("sqlite", "SQLite"), ("one", "one node"), ("two", "two nodes")):
        turn = found[lane]
        table.add_row(
            name,
            f"{turn['rate']:,.0f}",
            *(str(turn[field]) for field in ("node_us", "server_us", "p99_ms", "cores")),
        )
    return table


def _of(seen: Sequence[viewers.Round], value: Callable[[viewers.Round], float], digits: int) -> Any:
    return round(median(map(value, seen)), digits or None) if seen else None


def _providers(costs: dict[str, float], noop_us: float) -> Table:
    table = Table(
        title="A good request authenticated and read, in microseconds of CPU",
        title_justify="left",
        caption=f"Beside it: a whole request to the server that does nothing, {noop_us:.0f} µs. In yellow: "
        f"over {DEAR_US} µs, which only a public key's signature may cost.",
        caption_justify="left",
    )
    for name in ("", "µs", "of a no-op"):
        table.add_column(name, justify="right" if name else "left")
    for kind, cost in sorted(costs.items(), key=lambda one: one[1]):
        style = "yellow" if cost > DEAR_US else ""
        table.add_row(kind, f"{cost:.1f}", f"{cost / noop_us:.0%}", style=style)
    return table


def _growth(found: dict[str, Any]) -> Table:
    first_mb, last_mb = found["growth_memory_mb"]
    table = Table(
        title=f"With {found['growth_rows']:,} messages in the ledger",
        title_justify="left",
        caption=f"{found['growth_ratio']} of an empty one's votes a second. The server that does nothing: "
        f"{found['growth_noop_cpu_us']} µs a request. Memory from {first_mb} to {last_mb} MiB; standings in "
        f"{found['growth_standings_ms']} ms.",
        caption_justify="left",
    )
    for name in ("", "votes/s", "CPU µs/vote", "p99 ms", "bytes written"):
        table.add_column(name, justify="right" if name else "left")
    for name, key in (("empty", "growth_empty_"), ("grown", "growth_")):
        table.add_row(
            name,
            f"{found[f'{key}votes_per_s']:,}",
            f"{found[f'{key}cpu_us']:.1f}",
            f"{found[f'{key}p99_ms']:.2f}",
            f"{found[f'{key}written_bytes']:,}",
        )
    for name in ("recount", "verify"):
        seconds, cpu_s, peak_mb = (found[f"growth_{name}_{unit}"] for unit in ("s", "cpu_s", "peak_mb"))
        table.add_row(name, f"{seconds} s", f"{cpu_s * 1e6 / found['growth_rows']:.1f}", f"{peak_mb} MiB", "")
    return table


Value = Callable[[Turn], float]


def _rate(turn: Turn) -> float:
    return turn.rate


def _cpu(turn: Turn) -> float:
    return turn.cpu_us


def _median(rounds: Sequence[Round], name: str, value: Value, digits: int) -> Any:
    found = [value(one[name]) for one in rounds if name in one]
    return round(median(found), digits or None) if found else None


def _ratios(rounds: Sequence[Round], name: str, base: str, value: Value) -> list[float]:
    return [value(one[name]) / value(one[base]) for one in rounds if name in one and base in one]


def _ratio(rounds: Sequence[Round], name: str, base: str, value: Value, digits: int) -> float | None:
    found = _ratios(rounds, name, base, value)
    return round(median(found), digits) if found else None


def _range(rounds: Sequence[Round], name: str, base: str | None, value: Value) -> str:
    if base is None:
        return ""
    found = _ratios(rounds, name, base, value)
    return f"{median(found):.2f} [{min(found):.2f}–{max(found):.2f}]"
