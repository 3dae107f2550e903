"""Calls by hour and source, as CSV: how many came, and how many of them brought a vote."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from config.wording import Said
from gateway import clock
from gateway.reporting.batches import hour_of
from gateway.reporting.report import Options, ReportKind
from gateway.reporting.result import Result
from tally import export
from tally.outcome import MessageOutcome


def write(result: Result, _options: Options) -> Iterator[bytes]:
    """A row for each hour of each source of calls in which any came, as the messages stand now.

    `without_choice` are those in which nothing was chosen: no key was pressed, or none confirmed.
    """
    hours: defaultdict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for one in result.records:
        if one.channel == "hotline":
            hours[hour_of(one), one.source][one.ending[0]] += 1
    yield from export.to_csv([("hour", "source", "calls", "counted", "without_choice", "other")])
    rows = (
        (clock.stamp(at_ms, result.zone), source, *_figures(outcomes))
        for (at_ms, source), outcomes in sorted(hours.items())
    )
    yield from export.to_csv(rows, begin=False)


def _figures(outcomes: Counter[str]) -> tuple[int, int, int, int]:
    calls, counted = outcomes.total(), outcomes[MessageOutcome.COUNTED]
    without = outcomes[MessageOutcome.NO_CODE]
    return calls, counted, without, calls - counted - without


report = ReportKind(
    kind="calls",
    suffix="csv",
    audience="committee",
    title=Said("分时来电数", "Calls by hour"),
    about=Said(
        "每小时每来源的来电数，其中计票的、未作选择的各多少",
        "how many calls came by hour and source, how many counted, and in how many nothing was chosen",
    ),
    write=write,
)
