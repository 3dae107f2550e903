"""A manifest with Arlo's columns: a batch is an hour of a source. `televote sample-audit` draws from it.

How many ballots a batch has is the provider's figure where there is a statement, so that a message which
never became a record can be drawn; without one it is our own, and the audit is only of what we have.
"""

from collections.abc import Iterator

from config.wording import Said
from gateway.reporting.batches import batches
from gateway.reporting.report import Options, ReportKind
from gateway.reporting.result import Result
from tally import export
from tally.sampling import COLUMNS


def write(result: Result, _options: Options) -> Iterator[bytes]:
    """A line a batch."""
    yield from export.to_csv([COLUMNS])
    yield from export.to_csv(batches(result), begin=False)


report = ReportKind(
    kind="arlo",
    suffix="csv",
    audience="committee",
    title=Said("抽查清单", "Manifest for a hand audit"),
    about=Said(
        "按来源和小时列出消息数，供公开抽签后人工核对",
        "messages by source and hour, to draw a sample from by a public seed",
    ),
    write=write,
)
