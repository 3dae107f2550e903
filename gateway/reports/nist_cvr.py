"""Cast vote records for the public (`gateway/reporting/cvr.py`)."""

from functools import partial

from config.wording import Said
from gateway.reporting import cvr
from gateway.reporting.report import ReportKind

report = ReportKind(
    kind="nist-cvr",
    suffix="json",
    audience="public",
    title=Said("投票记录（NIST CVR）", "Cast vote records (NIST CVR)"),
    about=Said(
        "每条短信和来电一条记录，不含号码和时间，供任何人重新计票",
        "a record a message, without number and time: anybody can count again",
    ),
    write=partial(cvr.write, whole=False),
)
