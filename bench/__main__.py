"""`python -m bench`: measure, show, and end with one line of JSON."""

import signal
import sys
import tempfile
from pathlib import Path
from typing import Final, Literal, get_args

import click
from rich.console import Console

from bench import (
    growth,
    imports,
    load,
    machine,
    overload,
    postgresql,
    providers,
    proxies,
    report,
    servers,
    signing,
    timed,
    viewers,
    watching,
    webhook,
)

#: Of the tables, where there is no terminal.
_WIDTH: Final = 110

Part = Literal[
    "webhook",
    "array",
    "import",
    "viewers",
    "providers",
    "growth",
    "ledger",
    "overload",
    "signing",
    "postgresql",
]

#: Which lanes a part needs beside its own, to be compared with.
_LANES: Final[dict[str | None, tuple[str, ...]]] = {
    None: ("noop", "webhook", "paced", "matched", "array", "plain"),
    "webhook": ("noop", "webhook", "paced", "matched"),
    "array": ("webhook", "array", "plain"),
    "import": (),
    "viewers": (),
    "providers": ("noop",),
    "growth": (),
    "ledger": ("unledgered", "webhook"),
    "overload": (),
    "signing": (),
    "postgresql": (),
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="Under a minute: shorter turns, fewer rounds, a shorter log.")
@click.option("--rounds", type=click.IntRange(1), help="Rounds of alternating turns.  [default: 5, quick 3]")
@click.option(
    "--seconds", type=click.FloatRange(0.1, 600), help="How long a turn lasts.  [default: 4, quick 1.2]"
)
@click.option(
    "--rows",
    type=click.IntRange(10),
    help="Rows of the imported log.  [default: 1000000, quick 50000]  For growth: messages.  [10000000]",
)
@click.option(
    "--only",
    type=click.Choice(get_args(Part)),
    help="Measure this alone.",
)
@click.option(
    "--ledger",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="For growth: a folder that `python -m bench.grown` has made. It grows by the votes measured.",
)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the data goes until the end: on the disk to be measured.  [default: the system's]",
)
@click.option("--verbose", is_flag=True, help="Tell each round, and how busy the load generator was.")
def main(
    quick: bool,
    rounds: int | None,
    seconds: float | None,
    rows: int | None,
    only: Part | None,
    ledger: Path | None,
    folder: Path | None,
    verbose: bool,
) -> None:
    """Measure votes against a no-op server, arrays, import, recount, viewers. The last line is JSON.

    `--only providers` measures what each kind of source costs: it alone needs what the tests need. `--only
    growth` measures at ten million messages: to make that ledger takes a quarter of an hour or more. `--only
    ledger` measures against a server whose ledger could not be checked, `--only overload` what becomes of
    votes where more come than can be taken, `--only signing` how soon a vote is under a signed checkpoint,
    `--only postgresql` one node and two on PostgreSQL; that, too, needs what the tests need.
    """
    if sys.platform != "linux":
        raise click.ClickException("the benchmark reads /proc: Linux only")
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="televote-bench-", dir=folder) as made:
        try:
            _measure(
                Path(made),
                lanes=_LANES[only],
                rounds=rounds or (3 if quick else 5),
                seconds=seconds or (1.2 if quick else 4.0),
                rows=(rows or (50_000 if quick else 1_000_000)) if only in (None, "import") else 0,
                watched=only in (None, "viewers"),
                each_provider=only == "providers",
                messages=(rows or 10_000_000) if only == "growth" else 0,
                ledger=ledger,
                overloaded=only == "overload",
                signed=only == "signing",
                shared=only == "postgresql",
                quick=quick,
                verbose=verbose,
            )
        except (
            webhook.Miscounted,
            webhook.Unchecked,
            imports.NotAllCounted,
            growth.Disagrees,
            postgresql.NoServer,
            providers.NoTables,
            providers.NotTaken,
            load.Refused,
            servers.DidNotStart,
            proxies.DidNotStart,
            timed.Failed,
            watching.Unserved,
            OSError,
        ) as error:
            raise click.ClickException(f"{type(error).__name__}: {error}") from None


def _measure(
    folder: Path,
    *,
    lanes: tuple[str, ...],
    rounds: int,
    seconds: float,
    rows: int,
    watched: bool,
    each_provider: bool,
    messages: int,
    ledger: Path | None,
    overloaded: bool,
    signed: bool,
    shared: bool,
    quick: bool,
    verbose: bool,
) -> None:
    errors = Console(stderr=True, highlight=False)

    def tell(line: str) -> None:
        if verbose or errors.is_terminal:
            errors.print(line, markup=False, soft_wrap=True)

    where = machine.describe(folder)
    if where["disk"] in ("tmpfs", "ramfs"):
        errors.print("The data is in memory, not on a disk: choose a --folder.", style="yellow")
    imported = imports.measure(folder, rows, tell) if rows else None
    costs = providers.measure(tell) if each_provider else None
    found = webhook.measure(folder, lanes, rounds, seconds, tell, filled=not quick) if lanes else []
    seen = viewers.measure(folder, rounds, seconds, tell) if watched else []
    grown = growth.measure(folder, ledger, messages, rounds, seconds, tell) if messages else None
    storms = overload.measure(folder, seconds, tell) if overloaded else []
    under = signing.measure(folder, seconds, tell) if signed else None
    nodes = postgresql.measure(folder, rounds, seconds, tell) if shared else []
    out = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
    figures = report.figures(found, imported, seen, costs, grown, storms, under, nodes, where, quick)
    report.show(out, figures, found)


if __name__ == "__main__":
    main()
