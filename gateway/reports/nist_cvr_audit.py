"""Cast vote records with what became of each, for an auditor (`gateway/reporting/cvr.py`)."""

from functools import partial

from config.wording import Said
from gateway.reporting import cvr
from gateway.reporting.report import ReportKind

report = ReportKind(
    kind="nist-cvr-audit",
    suffix="json",
    audience="auditor",
    title=Said("投票记录全本（NIST CVR）", "Cast vote records with their history (NIST CVR)"),
    about=Said(
        "每条记录的原文所选、按规则的结果和历次裁定，只给审计员",
        "what each message chose, what the rules made of it, and each ruling; for an auditor alone",
    ),
    write=partial(cvr.write, whole=True),
)
