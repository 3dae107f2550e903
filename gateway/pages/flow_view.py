"""The chart of messages over time, as the server draws it: plain values for its template. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from gateway.intake.running import Running
from gateway.watching.vitals import HOUR_MS, MINUTE_MS, Slice


class Span(NamedTuple):
    """A stretch of time for the chart of messages: its name, and how long a column is."""

    name: str
    step_ms: int


SPANS: Final = (Span("hours", MINUTE_MS), Span("day", 10 * MINUTE_MS), Span("all", HOUR_MS))


def span(name: str | None) -> Span:
    """The stretch of that name, or else the first."""
    return next((one for one in SPANS if one.name == name), SPANS[0])


def since_ms(chosen: Span, running: Running, now_ms: int) -> int:
    """Where a stretch begins."""
    lengths = {"hours": 3 * HOUR_MS, "day": 24 * HOUR_MS, "all": max(HOUR_MS, now_ms - running.opens_ms)}
    return now_ms - lengths[chosen.name] + chosen.step_ms


class Column(NamedTuple):
    """One column of the chart: its place and heights in the units of the drawing, and its words."""

    x: float
    width: float
    counted: float
    others: float
    at_ms: int
    time: str
    counted_text: str
    others_text: str


class Drawn(NamedTuple):
    """The chart of messages as the server draws it, 100 units high; `most` is its highest column."""

    columns: list[Column]
    most: str
    empty: bool
    ticks: list[tuple[float, str]]


#: The drawing's width. It is stretched to the page, so only proportions matter.
WIDTH: Final = 1000


def flow(slices: Sequence[Slice], zone: ZoneInfo) -> Drawn:
    """Messages as columns, those that counted below the others."""
    most = max((one.counted + one.others for one in slices), default=0)
    step = WIDTH / max(1, len(slices))
    columns = [
        Column(
            x=round(place * step, 2),
            width=round(step * 0.8, 2),
            counted=round(100 * one.counted / (most or 1), 2),
            others=round(100 * one.others / (most or 1), 2),
            at_ms=one.at_ms,
            time=clock_time(one.at_ms, zone),
            counted_text=number(one.counted),
            others_text=number(one.others),
        )
        for place, one in enumerate(slices)
    ]
    return Drawn(columns, number(most), most == 0, _ticks(columns))


def _ticks(columns: Sequence[Column]) -> list[tuple[float, str]]:
    """Times below the chart: the first, the last, and some between, as per cent of the width."""
    if not columns:
        return []
    every = max(1, len(columns) // 4)
    return [(round(column.x / WIDTH * 100, 2), column.time) for column in columns[::every]]


def clock_time(at_ms: int, zone: ZoneInfo) -> str:
    """A minute as people read it: "07-14 12:05"."""
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%m-%d %H:%M}"


def number(count: int) -> str:
    """A count as people read it: 1,234."""
    return f"{count:,}"
