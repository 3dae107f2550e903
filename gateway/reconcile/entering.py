"""What is done about a comparison: missing messages are brought in, and the reconciliation is entered."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final, NamedTuple

from gateway.intake import journey, payload
from gateway.intake.inbound import Inbound
from gateway.intake.payload import Unreadable
from gateway.intake.recorder import Busy
from gateway.intake.revise import Refused
from gateway.intake.running import Running
from gateway.intake.source import Source
from gateway.reconcile.comparing import Report, chosen
from gateway.reconcile.statement import Given, Statement
from gateway.service import Service
from gateway.storage.store import Place

#: Why a row may be missing, so that it can be brought in. Of one that was erased, or is listed twice, nothing
#: is missing.
TO_BRING_IN: Final = (
    "outage", "not_delivered", "sent_twice", "part_of_longer", "unread_here", "no_number",
)  # fmt: skip
#: Those that are meant unless somebody says otherwise.
USUALLY: Final = frozenset({"outage", "not_delivered"})
LONGEST: Final = 500
_BATCH: Final = 2_000
_BUSY_SECONDS, _BUSY_TIMES = 0.5, 120


class Explained(NamedTuple):
    """An explanation: of all findings of a kind and reason, or of one, the `at`-th that is listed."""

    kind: str
    reason: str
    text: str
    at: int | None = None


class BroughtIn(NamedTuple):
    """What bringing in came to: messages by outcome, how many were in already, and how many the statement has
    later than now."""

    outcomes: Counter[str]
    before: int
    ahead: int


async def bring_in(
    service: Service,
    running: Running,
    source: Source,
    statement: Statement,
    report: Report,
    reasons: Sequence[str],
    by: str,
) -> BroughtIn:
    """Record rows that are missing, for these likely reasons, as received now; the statement's time decides.

    What was sent before the close comes after it, so a person rules on it. An act tells who brought them in
    before any of them is recorded. Raises `Refused`, and as `Recorder.submit`.
    """
    wanted = {
        one.row
        for one in report.compared.findings
        if one.kind == "missing" and one.reason in reasons and one.reason in TO_BRING_IN and one.row
    }
    if not wanted or not report.whole:
        raise Refused("nothing_missing")
    latest_ms = service.now_ms() + running.skew_ms + report.compared.slip_ms
    given = await asyncio.to_thread(lambda: list(chosen(statement, wanted)))
    timely = [one for one in given if one.at_ms <= latest_ms]
    if not timely:
        raise Refused("nothing_missing")
    detail = {
        "by": by,
        "reason": "missing_here",
        "source": source.name,
        "statements": report.hashes,
        "messages": len(timely),
    }
    await service.acts.of_the_result(running, "backfill", detail, {})
    # Nobody is answered: the statement decides when it was sent, and the voter knows nothing of this.
    own = replace(source, clock="statement", reply=False, outbox=None)
    outcomes, before = Counter[str](), 0
    messages = _messages(timely, report)
    while batch := list(islice(messages, _BATCH)):
        for outcome, known in await _record(service, own, batch):
            before += known
            outcomes[outcome] += not known
    return BroughtIn(+outcomes, before, len(given) - len(timely))


async def _record(service: Service, source: Source, batch: Sequence[Inbound]) -> list[tuple[str, bool]]:
    for left in reversed(range(_BUSY_TIMES)):
        prepared = [journey.prepare(source, one, service.now_ms()) for one in batch]
        try:
            verdicts = await service.recorder.submit(source.running, prepared)
        except Busy:  # votes go first
            if not left:
                raise
            await asyncio.sleep(_BUSY_SECONDS)
        else:
            return [(one.outcome.value, one.redelivered) for one in verdicts]
    raise AssertionError("the last time it is raised")


def _messages(given: Sequence[Given], report: Report) -> Iterator[Inbound]:
    alike = Counter[tuple[str, str, int]]()
    for one in given:
        text = one.text or ""
        told = (one.caller, text, one.at_ms)
        alike[told] += 1
        raw = json.dumps([one.message, *told], ensure_ascii=False).encode("utf-8", "replace")
        try:
            name = one.message or payload.synthesised_id(one.caller, text, str(one.at_ms), str(alike[told]))
            yield Inbound(
                message_id=payload.message_id(name),
                caller=payload.caller_text(one.caller),
                text=payload.message_text(text),
                form=report.form,
                sent_ms=one.at_ms - report.compared.slip_ms,
                raw=raw,
            )
        except Unreadable as flaw:
            yield payload.unparsed(flaw.reason, raw, one.message)


def unexplained(report: Report, explained: Sequence[Explained]) -> list[tuple[str, str]]:
    """The kinds and reasons of findings that nobody has explained: all of a kind together, or one by one."""
    groups = {(one.kind, one.reason) for one in explained if one.text and one.at is None}
    single = {one.at for one in explained if one.text and one.at is not None}
    found = dict.fromkeys(
        (one.kind, one.reason)
        for at, one in enumerate(report.compared.findings)
        if (one.kind, one.reason) not in groups and at not in single
    )
    return list(found)


async def enter(
    service: Service, running: Running, report: Report, explained: Sequence[Explained], by: str, note: str
) -> Place:
    """Enter the reconciliation of a source into the ledger, as the report found it. Raises `Refused`, and as
    `Recorder.submit`."""
    if unexplained(report, explained):
        raise Refused("unexplained")
    detail: dict[str, Any] = {
        "by": by,
        "reason": "differences_explained" if report.compared.findings else "records_compared",
        "source": report.source,
        "statements": report.hashes,
        "compared": "counts" if report.counts else "messages",
        **report.figures,
        "messages": report.messages,
    }
    private: Mapping[str, Any] = {
        "note": note,
        "explanations": [_told(report, one) for one in explained if one.text],
    }
    return await service.acts.of_the_result(running, "reconcile", detail, private, size=report.size)


def _told(report: Report, one: Explained) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": one.kind, "reason": one.reason, "text": one.text}
    if one.at is not None:
        told["row"] = report.listed[one.at].where
        told["place"] = report.listed[one.at].place
    return told
