"""The committee's page for what follows the vote: timetable, conditions, public notices, objections, and the
acts that lead to the certified result. Each act is shown as it will be before it is done."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from aiohttp import web

from config.problems import Lang
from gateway.intake.running import Running
from gateway.pages import case_view, guard, motion_view, room_form, words_result
from gateway.pages.committee import Redrawn, Said, Sent, confirm, contests, lead_back, running_of, submit
from gateway.pages.guard import only
from gateway.pages.words_result import RESULT
from gateway.pages.words_rulings import ACTS, RULINGS, SHARED
from gateway.people.roles import Role
from gateway.result import register, timetable, workdays
from gateway.result.register import Entered
from gateway.room.chamber import Chamber
from gateway.room.motion import RESULT as KINDS
from gateway.room.secretary import Facts, Secretary
from gateway.service import Service
from tally import acts, certification
from tally.certification import VERDICTS, Notice

_WORDS: Final = {**SHARED, **ACTS, **RULINGS, **words_result.ACTS, **RESULT}
_KEPT: Final = ("kind", "reason", "note", *room_form.TOLD)

_SENT: Final = Sent(_KEPT, "result", _WORDS)


def routes(service: Service, chamber: Chamber, secretary: Secretary) -> list[web.RouteDef]:
    """The page, and what is done on it. For the committee alone."""
    pages, committee = _Result(service, chamber, secretary), only(Role.COMMITTEE)
    path = "/committee/{campaign}/result"
    return [
        guard.get(path, pages.page, committee),
        guard.post(path, pages.act, committee),
        guard.post(f"{path}/review", pages.review, committee),
    ]


def redrawn(service: Service, chamber: Chamber, secretary: Secretary) -> Redrawn:
    """The page, for what was refused elsewhere."""
    return _Result(service, chamber, secretary).draw


class Gate(NamedTuple):
    """One thing that must hold."""

    name: str
    holds: bool


class _Result:
    def __init__(self, service: Service, chamber: Chamber, secretary: Secretary) -> None:
        self._service, self._chamber, self._secretary = service, chamber, secretary

    async def page(self, request: web.Request) -> web.StreamResponse:
        """How far the result has come, and what can be done."""
        return await self.draw(request, running_of(request, self._service))

    async def review(self, request: web.Request) -> web.StreamResponse:
        """What an act will do, before it is done."""
        return await submit(request, self._service, self._review, self.draw)

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Do it, or propose it."""
        return await submit(request, self._service, self._act, self.draw)

    async def _review(
        self, request: web.Request, running: Running, fields: Mapping[str, str]
    ) -> web.StreamResponse:
        considered = await self._chamber.consider(running, room_form.of_the_result(fields))
        return confirm(request, running, considered, fields, _SENT)

    async def _act(
        self, request: web.Request, running: Running, fields: Mapping[str, str]
    ) -> web.StreamResponse:
        motion, who = room_form.of_the_result(fields), guard.signed_in(request).login
        ended = await self._chamber.act(running, motion, who, fields.get("digest", ""))
        return lead_back(running, "result", ended)

    async def draw(
        self,
        request: web.Request,
        running: Running,
        refused: Said | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> web.StreamResponse:
        """The page, with what was refused, and what was entered."""
        lang, now_ms, who = guard.language(request), self._service.now_ms(), guard.signed_in(request).login
        facts = await self._secretary.facts(running)
        entered = register.read(running, await self._service.store.acts(running.id))
        progress, kept_back = running.progress, running.keeps_figures_back
        values: dict[str, Any] = {
            "campaign": running.id,
            "status": progress.status,
            "statuses": certification.STATUSES,
            "steps": [_step(one) for one in timetable.steps(running, now_ms)],
            "kept_back": kept_back,
            "gates": [
                Gate(name, facts.holds[name])
                for name in certification.GATES["certify"]
                if not (kept_back and name == "no_open_tie")
            ],
            "unmet": {
                kind: words_result.REFUSED[f"gate_{missing[0]}"].by(lang)
                for kind in certification.GATES
                if (missing := certification.unmet(kind, facts.holds))
            },
            "allowed": {kind for state, kind in certification.EDGES if state == progress.status},
            "digest": "" if kept_back else facts.digest,
            "listed": [] if kept_back else _listed(running, facts, lang),
            "notices": [_notice(running, one) for one in progress.notices],
            "objections": [_objection(running, one, now_ms, lang) for one in entered],
            "open": [one.number for one in progress.open_objections],
            "may_waive": running.closed and not facts.holds["reconciled"] and not running.certified,
            "proposals": [
                motion_view.proposal(running, one, (), who, now_ms, lang)
                for one in await self._chamber.open(running)
                if one.motion.kind in KINDS
            ],
            "contests": contests(running, lang),
            "reasons": {
                kind: case_view.reasons(acts.REASONS[kind], lang) for kind in KINDS if kind != "answer"
            },
            "verdicts": [
                (f"{verdict}/{word}", f"{RESULT[f'verdict_{verdict}'].by(lang)}: {text}")
                for verdict in VERDICTS
                for word, text in case_view.reasons(acts.REASONS[verdict], lang)
            ],
            "today": workdays.day_of(now_ms, running.zone).isoformat(),
            "length": _length(running, lang),
            "refused": refused.text if refused else "",
            "entered": defaultdict(str, fields or {}),
            "entries": case_view.numbers(request.query.get("entries", "")),
            "zone": running.campaign.timezone,
            "back": "result",
        }
        return guard.render(request, "result.html", values, refused.status if refused else 200, _WORDS)


def _step(step: timetable.Step) -> Mapping[str, str]:
    return {
        "name": step.name,
        "state": step.state,
        "begins": _said(step.begins),
        "due": _said(step.due),
    }


def _said(day: date | None) -> str:
    return day.isoformat() if day else ""


def _length(running: Running, lang: Lang) -> str:
    notice = running.campaign.notice
    said = "calendar_days" if notice.working_days is None else "working_days"
    return RESULT[said].by(lang).format(n=notice.working_days or notice.days)


def _listed(running: Running, facts: Facts, lang: Lang) -> list[Mapping[str, Any]]:
    """The shortlist, contest by contest, with votes."""
    votes = {
        (contest["id"], one["code"]): one["votes"]
        for contest in facts.standings["contests"]
        for one in contest["candidates"]
    }

    def named(contest: str, codes: Sequence[str]) -> list[Mapping[str, str]]:
        return [
            {
                "code": code,
                "name": case_view.named(running, contest, code, lang),
                "unit": running.campaign.candidate(contest, code).unit,
                "votes": f"{votes[contest, code]:,}",
            }
            for code in codes
        ]

    evaluation = running.campaign.evaluation
    judged = evaluation.contests if evaluation else {}
    return [
        {
            "name": case_view.contest_name(running, contest, lang),
            "rows": named(contest, codes),
            "judged": contest in judged,
            "tied": named(contest, facts.shortlist.tied.get(contest, ())),
        }
        for contest, codes in facts.shortlist.listed.items()
    ]


def _notice(running: Running, notice: Notice) -> Mapping[str, Any]:
    return {
        "number": notice.number,
        "first": notice.first_day,
        "last": notice.last_day,
        "holds": notice == running.progress.notice,
        "known": workdays.is_known(date.fromisoformat(notice.last_day), running.campaign.notice)
        or running.campaign.notice.working_days is None,
    }


def _objection(running: Running, one: Entered, now_ms: int, lang: Lang) -> Mapping[str, Any]:
    contest, _, code = one.private.get("about", "").partition("/")
    return {
        "number": one.detail["objection"],
        "came_on": one.detail["came_on"],
        "channel": case_view.reason(one.detail["channel"], lang),
        "name": one.private.get("name", ""),
        "contact": one.private.get("contact", ""),
        "about": f"{code} {case_view.named(running, contest, code, lang)}" if code else "",
        "subject": one.private.get("subject", ""),
        "evidence": one.private.get("evidence", ""),
        "due": workdays.day_of(one.detail["due_ms"] - 1, running.zone).isoformat(),
        "late": not one.answer and now_ms >= one.detail["due_ms"],
        "verdict": one.answer.get("verdict", ""),
        "why": case_view.reason(one.answer["reason"], lang) if one.answer else "",
        "answer": one.answer.get("answer", ""),
        "by": " · ".join(filter(None, (one.answer.get("by", ""), one.answer.get("second", "")))),
        "answered": case_view.moment(one.answered_ms, running) if one.answer else "",
    }
