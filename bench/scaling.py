"""What given rates need, from the inputs that stand in a page, and the page made again from them.

The page's first table is the truth: name, value, unit, whence. What stands between the marks that name a part
is made from it, and the picture beside the page.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import click

from bench import closing, curve
from bench.closing import Closing, Node

PAGE: Final = Path("docs/scaling.md")
PICTURE: Final = "img/closing.svg"
RATES: Final = (2_000, 50_000, 1_000_000)
#: Of the rate a node can do: what arrives in the closing second.
LOADS: Final = (0.8, 2.0, 4.0)
WINDOW_S, GRACE_S, SEED = 300.0, 900.0, 2018
#: What a core or a disk is planned to do of what it can: the rest is for peaks.
_PLANNED: Final = 0.7
_INPUT: Final = re.compile(r"^\| `([a-z0-9_]+)` \| ([0-9][0-9,.]*) \|", re.MULTILINE)

Inputs = Mapping[str, float]


class NoInput(KeyError):
    """The page's table lacks an input, or a mark."""


def inputs(page: str) -> Inputs:
    """The values of the page's table."""
    return {name: float(value.replace(",", "")) for name, value in _INPUT.findall(page)}


def node(given: Inputs) -> Node:
    """A node on SQLite: one process, one core."""
    return Node(
        given["vote_us"] / 1e6,
        given["batch_ms"] / 1e3,
        given["shed_us"] / 1e6,
        int(given["queue"]),
        int(given["batch"]),
    )


class Need(NamedTuple):
    """What a rate needs. `processes` and `shards` are whole; `syncs` are those of one process a second."""

    rate: int
    processes: int
    shards: int
    cores: float
    syncs: float
    disk_mb_s: float
    gb_an_hour: float
    network_mbit_s: float


def need(rate: int, given: Inputs) -> Need:
    """On SQLite while one process can do it, then on PostgreSQL: `shards` is how many primaries."""
    alone = rate * given["vote_us"] / 1e6 <= _PLANNED
    node_us = given["vote_us"] if alone else given["pg_node_us"]
    processes = 1 if alone else math.ceil(rate * node_us / 1e6 / _PLANNED)
    rows = rate * given["rows_per_vote"]
    shards = 0 if alone else math.ceil(rows / given["pg_rows_per_s"] / _PLANNED)
    server_us = 0.0 if alone else given["pg_server_us"]
    each = rate / processes
    return Need(
        rate,
        processes,
        shards,
        cores=rate * (node_us + server_us) / 1e6,
        syncs=max(0.0, 1 - each * node_us / 1e6) / (given["batch_ms"] / 1e3),
        disk_mb_s=rate * given["written_bytes"] / 1e6,
        gb_an_hour=rate * given["db_bytes"] * 3600 / 1e9,
        network_mbit_s=rate * (given["request_bytes"] + given["answer_bytes"]) * 8 / 1e6,
    )


def _needs(given: Inputs) -> Iterator[str]:
    head = (
        "votes/s",
        "processes",
        "database",
        "cores",
        "syncs/s a process",
        "disk MB/s",
        "GB/h kept",
        "Mbit/s",
    )
    found = (need(rate, given) for rate in RATES)
    yield from _table(
        head,
        [
            [
                f"{one.rate:,}",
                str(one.processes),
                f"PostgreSQL × {one.shards}" if one.shards else "SQLite",
                f"{one.cores:.1f}",
                f"{one.syncs:,.0f}",
                f"{one.disk_mb_s:,.1f}",
                f"{one.gb_an_hour:,.0f}",
                f"{one.network_mbit_s:,.0f}",
            ]
            for one in found
        ],
    )


def _limits(given: Inputs) -> Iterator[str]:
    core, disk = 1e6 / given["vote_us"], given["disk_mb_s"] * 1e6 / given["written_bytes"]
    primary = given["pg_rows_per_s"] / given["rows_per_vote"]
    yield from _table(
        ("limit", "votes/s", "what then"),
        [
            ["one core of Python, SQLite", f"{core:,.0f}", "PostgreSQL, and a process for each core"],
            ["the disk under one SQLite writer", f"{disk:,.0f}", "never met first: a core is"],
            ["one PostgreSQL primary", f"{primary:,.0f}", "Citus: a caller's rows share a shard"],
            [
                "a Citus batch over many shards",
                f"{given['citus_wide_rows_per_s'] / given['rows_per_vote']:,.0f}",
                "two-phase commit on each: batches grouped by shard, few shards a node",
            ],
            [
                "one gigabit",
                f"{1e9 / 8 / (given['request_bytes'] + given['answer_bytes']):,.0f}",
                "ten gigabit",
            ],
        ],
    )


def simulated(given: Inputs) -> list[tuple[float, Closing]]:
    """The closing of a window at each of the loads."""
    one, found = node(given), []
    for load in LOADS:
        messages = int(load * one.most_per_s / closing.peak_per_s(1, WINDOW_S))
        at = closing.arrivals(messages, WINDOW_S, SEED)
        found.append((load, closing.run(at, one, WINDOW_S, GRACE_S, SEED)))
    return found


def _closings(given: Inputs, found: Iterable[tuple[float, Closing]]) -> Iterator[str]:
    yield (
        f"One node that can do {node(given).most_per_s:,.0f} votes/s, a window of {WINDOW_S:.0f} s, a grace "
        f"of {GRACE_S:.0f} s, a queue of {given['queue']:,.0f}; seed {SEED}. Providers and their rules:"
    )
    yield ""
    yield from _table(
        ("provider", "share", "waits s", "sends again after s", "tells when it was sent"),
        [
            [
                one.name,
                f"{one.share:.0%}",
                f"{one.timeout_s:.0f}",
                _pauses(one.retries_s),
                "yes" if one.has_clock else "no",
            ]
            for one in closing.PROVIDERS
        ],
    )
    for load, one in found:
        yield ""
        yield (
            f"**{load:g} times** what the node can do arrives at the close. The last message is recorded "
            f"{max(0.0, one.last_s - WINDOW_S):,.1f} s after it; the longest queue is "
            f"{max(one.queued.values()):,}."
        )
        yield ""
        yield from _table(closing.HEADER, list(closing.rows(one)))


def _pauses(pauses: Sequence[float]) -> str:
    if not pauses:
        return "never"
    first = ", ".join(f"{one:g}" for one in pauses[:4])
    return first if len(pauses) <= 4 else f"{first} … {len(pauses)} times"


def _table(head: Sequence[str], body: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join(['---'] * len(head))}|"
    for row in body:
        yield f"| {' | '.join(row)} |"


def made(page: str) -> tuple[str, str]:
    """The page and its picture, as they follow from the page's inputs. Raises `NoInput`."""
    given = inputs(page)
    try:
        found = simulated(given)
        parts = {"needs": _needs(given), "limits": _limits(given), "closing": _closings(given, found)}
        for name, lines in parts.items():
            page = _replaced(page, name, "\n".join(lines))
        return page, curve.svg(
            [(f"{load:g}×", one.queued) for load, one in found], WINDOW_S, int(given["queue"])
        )
    except KeyError as error:
        raise NoInput(*error.args) from error


def _replaced(page: str, name: str, content: str) -> str:
    begin, end = f"<!-- made: {name} -->\n", f"<!-- end: {name} -->"
    if page.count(begin) != 1 or page.count(end) != 1:
        raise NoInput(f"the marks of {name}")
    before, rest = page.split(begin)
    return f"{before}{begin}\n{content}\n\n{end}{rest.split(end)[1]}"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--write",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Make this page, and its picture, again from its own table of inputs.",
)
def main(path: Path | None) -> None:
    """Print what is assumed of a closing minute, and what comes of it."""
    page = (path or PAGE).read_text("utf-8")
    try:
        again, picture = made(page)
    except NoInput as error:
        raise click.ClickException(f"{path or PAGE} lacks {error.args[0]}") from None
    if path is not None:
        path.write_text(again, "utf-8")
        (path.parent / PICTURE).write_text(picture, "utf-8")
        return
    given = inputs(page)
    print(json.dumps(given, indent=2))
    print("\n".join(_closings(given, simulated(given))))


if __name__ == "__main__":
    main()
