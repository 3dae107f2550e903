"""Messages by hour and channel, as CSV."""

from collections.abc import Iterator

from config.wording import Said
from gateway import clock
from gateway.reporting.report import Options, ReportKind
from gateway.reporting.result import Result
from tally import export


def write(result: Result, _options: Options) -> Iterator[bytes]:
    """A row for each hour of each channel in which something came; what was erased has no channel now."""
    yield from export.to_csv([("hour", "channel", "received", "counted")])
    rows = (
        (clock.stamp(one.at_ms, result.zone), one.channel or "erased", one.received, one.counted)
        for one in result.hours
    )
    yield from export.to_csv(rows, begin=False)


report = ReportKind(
    kind="hours",
    suffix="csv",
    audience="committee",
    title=Said("分时消息数", "Messages by hour"),
    about=Said("每小时每渠道收到和计票的消息数", "how many messages came and counted, by hour and channel"),
    write=write,
)
