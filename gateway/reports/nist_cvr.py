"""Cast vote records for the public (`gateway/reporting/cvr.py`)."""

from collections.abc import Iterator

from gateway.pages.words import Said
from gateway.reporting import cvr
from gateway.reporting.report import Options, ReportKind
from gateway.reporting.result import Result


def write(result: Result, _options: Options) -> Iterator[bytes]:
    """What counts, a record a line."""
    return cvr.write(result, whole=False)


report = ReportKind(
    kind="nist-cvr",
    suffix="json",
    audience="public",
    title=Said("投票记录（NIST CVR）", "Cast vote records (NIST CVR)"),
    about=Said(
        "每条短信和来电一条记录，不含号码和时间，供任何人重新计票",
        "a record a message, without number and time: anybody can count again",
    ),
    write=write,
)
