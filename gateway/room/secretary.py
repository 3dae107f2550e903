"""Keeps the result: what must hold before each of its acts, what the act comes to, and its entry.

The gates are looked at when an act is proposed and again when it is carried out. That the count was done
again is taken from an export that was made of the same result: it recounts the ledger, and re-hashes it.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple, cast

from gateway.exporting.exports import Built, Exports
from gateway.intake.revise import Refused
from gateway.intake.running import Running
from gateway.panel import evaluating
from gateway.panel.scoring import Scoring
from gateway.result import workdays
from gateway.room.motion import Motion
from gateway.room.outlook import Outlook
from gateway.service import Service
from gateway.storage.store import Place
from gateway.watching.board import as_they_stand
from tally import acts, certification, certified
from tally.certification import NotAllowed
from tally.outcome import Selection
from tally.shortlist import Shortlist
from tally.years import YEARS

#: Acts that rest on all that there is: gates, and numbers that nothing else may have.
_OF_ALL: Final = frozenset({*certification.GATES, "object"})


class Facts(NamedTuple):
    """What holds of a result now. `digest` stands for the result; `export` is the newest one made of it."""

    holds: Mapping[str, bool]
    standings: Mapping[str, Any]
    shortlist: Shortlist
    digest: str
    export: Built | None


class Secretary:
    """Every method raises `Refused`, and what the store raises."""

    def __init__(self, service: Service, exports: Exports) -> None:
        self._service, self._exports = service, exports
        self.scoring = Scoring(service)

    async def facts(self, running: Running) -> Facts:
        """What holds now."""
        now_ms = self._service.now_ms()
        totals = await self._service.store.totals(running.id)
        current = as_they_stand(running, totals, now_ms)
        weighed = await self.scoring.document(running)
        listed = evaluating.shortlist(current, weighed)
        digest = certified.digest(current, listed, weighed)
        built = self._exports.built(running.id)
        export = await asyncio.to_thread(_export_of, built, digest, listed, weighed)
        progress = running.progress
        notice = progress.notice
        return Facts(
            {
                "closed": running.closed,
                "nothing_waits": not current["balance"]["waiting"],
                "balanced": current["balance"]["balanced"],
                "recounted": export is not None,
                "reconciled": progress.is_reconciled(await self._service.messages(running.id)),
                "evaluated": evaluating.is_in(weighed),
                "no_open_tie": not listed.tied,
                "no_open_objection": not progress.open_objections,
                "same_result": progress.result == digest,
                "notice_over": notice is not None and now_ms >= notice.until_ms,
            },
            current,
            listed,
            digest,
            export,
        )

    async def look(self, running: Running, motion: Motion, now_ms: int) -> Mapping[str, Any]:
        """What an act comes to, as JSON. Raises `Refused` if it is not allowed, or a gate does not hold."""
        if motion.reason not in acts.REASONS.get(motion.reasons, ()):
            raise Refused("no_reason")
        kind = motion.kind
        if kind == "waive":
            if not running.closed:
                raise Refused("not_closed")
            if running.certified:
                raise Refused("certified")
            if running.progress.reconciled == "waived":
                raise Refused("already_waived")
            return {"status": running.progress.status}
        facts = await self.facts(running)
        act = cast("certification.Act", kind)
        try:
            status = certification.edge(running.progress, act, motion.said("verdict"))
        except NotAllowed as error:
            raise Refused(error.word) from error
        if missing := certification.unmet(act, facts.holds):
            raise Refused(f"gate_{missing[0]}")
        return {"status": status, **self._coming(running, motion, facts, now_ms)}

    async def carry_out(
        self, running: Running, motion: Motion, outlook: Outlook, by: str, second: str
    ) -> Place:
        """Record what was seen; returns where its entry stands."""
        seen = outlook.state
        detail = {"by": by, **({"second": second} if second else {}), "reason": motion.reason}
        told = {name: value for name, value in seen.items() if name not in ("status", "listed")}
        listed = {"listed": seen["listed"]} if "listed" in seen else {}  # nobody's to know before the notice
        return await self._service.acts.of_the_result(
            running,
            cast("acts.Kind", motion.kind),
            {**detail, **told},
            {**_private(motion), **listed},
            motion.said("verdict"),
            # An objection or a message that came in since, at whichever node, may have shut a gate.
            size=outlook.entries if motion.kind in _OF_ALL else None,
        )

    def _coming(self, running: Running, motion: Motion, facts: Facts, now_ms: int) -> dict[str, Any]:
        match motion.kind:
            case "complete":
                return {"result": facts.digest, "listed": _plain(facts.shortlist)}
            case "publish":
                return {"result": facts.digest, "notice": self._notice(running, motion, facts, now_ms)}
            case "object":
                return self._objection(running, motion, now_ms)
            case "answer":
                return _answer(running, motion)
            case "certify":
                assert facts.export is not None, "it is one of the gates"
                return {
                    "result": facts.digest,
                    "winners": _plain(facts.shortlist),
                    "notice": running.progress.notices[-1].number,
                    "manifest": facts.export.manifest_sha256(),
                    "ledger": facts.export.manifest["ledger"],
                }
            case _:
                return {}

    @staticmethod
    def _notice(running: Running, motion: Motion, facts: Facts, now_ms: int) -> dict[str, Any]:
        first = _day(motion.said("first_day"))
        if first < workdays.day_of(now_ms, running.zone):
            raise Refused("day_gone")
        if (motion.reason == "first_notice") != (not running.progress.notices):
            raise Refused("wrong_notice")
        last = workdays.last_day(first, running.campaign.notice)
        return {
            "number": len(running.progress.notices) + 1,
            "first_day": first.isoformat(),
            "last_day": last.isoformat(),
            "until_ms": workdays.end_of(last, running.zone),
            "listed": _plain(facts.shortlist),
        }

    @staticmethod
    def _objection(running: Running, motion: Motion, now_ms: int) -> dict[str, Any]:
        came = _day(motion.said("came_on"))
        if came > workdays.day_of(now_ms, running.zone):
            raise Refused("day_to_come")
        if not motion.said("subject").strip():
            raise Refused("no_subject")
        about_of(running, motion.said("about"))
        due = workdays.answer_day(came, running.campaign.notice)
        return {
            "objection": len(running.progress.objections) + 1,
            "channel": motion.reason,
            "anonymous": not motion.said("name").strip(),
            "came_on": came.isoformat(),
            "due_ms": workdays.end_of(due, running.zone),
        }


def _export_of(
    exports: Iterable[Built], digest: str, listed: Shortlist, weighed: Mapping[str, Any] | None
) -> Built | None:
    """The newest export of this very result. Blocks: it reads files."""
    for built in exports:
        try:
            told = json.loads((built.folder / "standings.json").read_bytes())
        except FileNotFoundError:  # it was let go meanwhile
            continue
        if built.manifest["recount"] == "agrees" and certified.digest(told, listed, weighed) == digest:
            return built
    return None


def about_of(running: Running, named: str) -> Selection | None:
    """The candidate that an objection is about ("window/A01"), None for none. Raises `Refused`."""
    if not named:
        return None
    contest, _, code = named.partition("/")
    one = Selection(contest, code)
    if one not in running.rules().candidates:
        raise Refused("no_candidate")
    return one


def _answer(running: Running, motion: Motion) -> dict[str, Any]:
    named = motion.said("objection")
    asked = running.progress.objection(int(named)) if named.isascii() and named.isdecimal() else None
    if asked is None or asked.verdict:
        raise Refused("no_such_objection")
    if not motion.said("answer").strip():
        raise Refused("no_answer")
    return {"objection": asked.number, "verdict": motion.said("verdict")}


def _private(motion: Motion) -> dict[str, str]:
    """What of an act is for the committee alone: who objected, to what, and what was answered."""
    said = ("name", "contact", "about", "subject", "evidence", "answer")
    return {"note": motion.note, **{one: motion.said(one) for one in said if motion.said(one)}}


def _plain(listed: Shortlist) -> dict[str, list[str]]:
    return {contest: list(codes) for contest, codes in listed.listed.items()}


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused("bad_day") from None
    if day.year not in YEARS:
        raise Refused("bad_day")
    return day
