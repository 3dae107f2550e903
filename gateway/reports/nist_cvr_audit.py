"""Cast vote records with what became of each, for an auditor (`gateway/reporting/cvr.py`)."""

from collections.abc import Iterator

from gateway.pages.words import Said
from gateway.reporting import cvr
from gateway.reporting.report import Options, ReportKind
from gateway.reporting.result import Result


def write(result: Result, _options: Options) -> Iterator[bytes]:
    """What each message said, what the rules made of it, and what people did, a record a line."""
    return cvr.write(result, whole=True)


report = ReportKind(
    kind="nist-cvr-audit",
    suffix="json",
    audience="auditor",
    title=Said("投票记录全本（NIST CVR）", "Cast vote records with their history (NIST CVR)"),
    about=Said(
        "每条记录的原文所选、按规则的结果和历次裁定，只给审计员",
        "what each message chose, what the rules made of it, and each ruling; for an auditor alone",
    ),
    write=write,
)
