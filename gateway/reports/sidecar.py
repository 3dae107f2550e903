"""What the cast vote records leave out, for an auditor alone: where in the ledger each is, when it came and
by what, its caller's pseudonym, and the hashes of what was sent and of its leaf. No number, no text."""

from collections.abc import Iterator
from typing import Final

from config.wording import Said
from gateway import clock
from gateway.reporting.report import Options, ReportKind
from gateway.reporting.result import Record, Result
from tally import export

HEADER: Final = (
    "unique_id", "node", "entry", "channel", "source", "received_at", "provider_time", "window_class",
    "caller_pseudonym", "raw_hash", "chain_hash", "outcome", "selections", "ruled_by_entries",
)  # fmt: skip


def write(result: Result, _options: Options) -> Iterator[bytes]:
    """A row a record, in the order of the records."""
    yield from export.to_csv([HEADER])
    yield from export.to_csv((_row(result, record) for record in result.records), begin=False)


def _row(result: Result, record: Record) -> list[object]:
    outcome, selections = record.ending
    return [
        record.id, record.node, record.entry, record.channel, record.source,
        clock.stamp(record.received_ms, result.zone),
        "" if record.sent_ms is None else clock.stamp(record.sent_ms, result.zone),
        _window(result, record), record.voter, record.raw_sha256, record.leaf_hash, outcome,
        " ".join(f"{contest}/{code}:{ended}" for contest, code, ended in selections),
        " ".join(str(ruling.entry) for ruling in record.rulings),
    ]  # fmt: skip


def _window(result: Result, record: Record) -> str:
    """Before, during or after the vote, as its window stood at the end."""
    window = result.window(record.channel)
    if record.decided_ms < window.opens_ms:
        return "pre"
    return "during" if record.decided_ms < window.closes_ms else "post"


report = ReportKind(
    kind="sidecar",
    suffix="csv",
    audience="auditor",
    title=Said("审计对照表", "Auditor’s sidecar"),
    about=Said(
        "把投票记录对应到账本条目、时间和号码代号，只给审计员",
        "leads from each cast vote record to its ledger entry, time and caller’s pseudonym",
    ),
    write=write,
)
