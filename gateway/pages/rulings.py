"""The committee's queue: everything that waits for a person, oldest first, and a ruling on each.

A form is answered with the page of the next message, a script with JSON. A ruling that two must agree to
becomes a proposal, which stands on the second page here until another member agrees.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from config.problems import Lang
from gateway.intake.revise import Case, Refused
from gateway.intake.running import Running
from gateway.pages import case_view, guard, motion_view, room_form
from gateway.pages.committee import WORDS, Fields, Redrawn, Said, attempt, contests, running_of
from gateway.pages.guard import only
from gateway.pages.words_rulings import RULINGS
from gateway.people.roles import Role
from gateway.room.chamber import Chamber, Done
from gateway.room.motion import Motion
from gateway.room.proposals import Proposal
from gateway.service import Service
from gateway.storage.cases import START
from gateway.storage.store import Place
from tally import acts

#: Messages on one page: more would only be scrolled past.
_PAGE: Final = 25


def routes(service: Service, chamber: Chamber) -> list[web.RouteDef]:
    """The queue, and what is done in it. For the committee alone."""
    pages, committee = _Rulings(service, chamber), only(Role.COMMITTEE)
    path = "/committee/{campaign}/rulings"
    return [
        guard.get(path, pages.queue, committee),
        guard.post(path, pages.rule, committee),
        guard.post(f"{path}/reveal", pages.reveal, committee),
        guard.get(f"{path}/agree", pages.agree, committee),
    ]


def redrawn(service: Service, chamber: Chamber) -> Redrawn:
    """The page of what another member has proposed, for what was refused elsewhere."""
    return _Rulings(service, chamber).draw_agree


class _Rulings:
    def __init__(self, service: Service, chamber: Chamber) -> None:
        self._service, self._chamber = service, chamber

    async def queue(self, request: web.Request) -> web.StreamResponse:
        """What waits, and one message of it in full."""
        return await self._queue(request, running_of(request, self._service))

    async def rule(self, request: web.Request) -> web.StreamResponse:
        """Rule on a message, or on all with the identical text."""
        running, lang = running_of(request, self._service), guard.language(request)
        fields = await guard.form(request)
        ended = await attempt(self._rule(request, running, fields), lang)
        if not isinstance(ended, Said):
            return ended
        if guard.wants_json(request):
            told = {"error": ended.word, "text": ended.text}
            return _json({**told, **await self._since(running, ended, fields)}, ended.status)
        return await self._queue(request, running, ended, fields)

    async def reveal(self, request: web.Request) -> web.StreamResponse:
        """A whole number, once, to somebody who says why."""
        running, lang = running_of(request, self._service), guard.language(request)
        fields = await guard.form(request)
        ended = await attempt(self._reveal(request, running, fields), lang)
        if not isinstance(ended, Said):
            return ended
        if guard.wants_json(request):
            return _json({"error": ended.word, "text": ended.text}, ended.status)
        values = {"campaign": running.id, "refused": ended.text, "told": None}
        return guard.render(request, "revealed.html", values, ended.status, WORDS)

    async def agree(self, request: web.Request) -> web.StreamResponse:
        """Rulings that another member has proposed."""
        return await self.draw_agree(request, running_of(request, self._service))

    async def draw_agree(
        self, request: web.Request, running: Running, refused: Said | None = None, _: Fields | None = None
    ) -> web.StreamResponse:
        """The same, with what was refused."""
        lang = guard.language(request)
        opened = [one for one in await self._chamber.open(running) if one.motion.kind == "adjudicate"]
        who, now_ms = guard.signed_in(request).login, self._service.now_ms()
        shown = []
        for one in opened:
            cases = await self._service.casebook.cases(running.id, one.motion.targets)
            shown.append(motion_view.proposal(running, one, cases, who, now_ms, lang))
        values = {
            **await self._shared(running, len(opened)),
            "proposals": shown,
            "here": "agree",
            "back": "rulings/agree",
            "refused": refused.text if refused else "",
        }
        return guard.render(request, "agree.html", values, refused.status if refused else 200, WORDS)

    async def _rule(
        self, request: web.Request, running: Running, fields: Mapping[str, str]
    ) -> web.StreamResponse:
        lang = guard.language(request)
        case = await self._case(running, fields.get("at", ""))
        targets = await self._targets(running, case, fields)
        values = await guard.texts(request, "for")
        motion = room_form.ruling(running, fields, values, targets)
        ended = await self._chamber.rule(running, motion, guard.signed_in(request).login)
        if not guard.wants_json(request):
            done = "proposed" if isinstance(ended, Proposal) else "ruled"
            after = fields.get("after", "")
            there = f"/committee/{running.id}/rulings?done={done}"
            return guard.see_other(f"{there}&after={after}" if case_view.place(after) else there)
        told = {"places": [case_view.key(one) for one in targets], "waiting": await self._waiting(running)}
        return _json({**told, **_told(motion, ended, lang)})

    async def _since(self, running: Running, refused: Said, fields: Mapping[str, str]) -> dict[str, int]:
        """What others may have changed since a script's page was drawn, which would be refused again."""
        if refused.word == "changed":
            case = await self._case(running, fields.get("at", ""))
            return {"alike": len(await self._service.casebook.alike(running.id, case))}
        return {"waiting": await self._waiting(running)} if refused.word == "not_waiting" else {}

    async def _targets(self, running: Running, case: Case, fields: Mapping[str, str]) -> Sequence[Place]:
        """The message, or all with its text if that is asked: exactly as many as were shown."""
        if fields.get("alike", "") in ("", "1"):
            return [case.place]
        alike = await self._service.casebook.alike(running.id, case)
        if str(len(alike)) != fields["alike"] or case.place not in alike:
            raise Refused("changed")
        return alike

    async def _reveal(
        self, request: web.Request, running: Running, fields: Mapping[str, str]
    ) -> web.StreamResponse:
        case = await self._case(running, fields.get("at", ""))
        who, reason = guard.signed_in(request).login, fields.get("reveal_reason", "")
        note = fields.get("reveal_note", "").strip()[: room_form.LONGEST_NOTE]
        number = await self._service.acts.reveal(running, case.place, who, reason, note)
        raw = case.opening.raw if case.opening else ""
        told = {"number": number, "raw": motion_view.unmasked(raw), "base64": raw}
        if guard.wants_json(request):
            return _json(told)
        shown = case_view.shown(running, case, guard.language(request))
        values = {"campaign": running.id, "refused": "", "told": told, "case": shown}
        return guard.render(request, "revealed.html", values, words=WORDS)

    async def _case(self, running: Running, named: str) -> Case:
        place = case_view.place(named)
        case = None if place is None else await self._service.casebook.case(running.id, place)
        if case is None:
            raise Refused("no_such_message")
        return case

    async def _waiting(self, running: Running) -> int:
        totals = await self._service.store.totals(running.id)
        return sum(n for key, n in totals.items() if key.subject == "waiting")

    async def _shared(self, running: Running, proposed: int) -> dict[str, Any]:
        return {
            "campaign": running.id,
            "waiting": await self._waiting(running),
            "proposed": proposed,
            "two": running.campaign.adjudicators == 2,
            "zone": running.campaign.timezone,
        }

    async def _queue(
        self,
        request: web.Request,
        running: Running,
        refused: Said | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> web.StreamResponse:
        lang, book = guard.language(request), self._service.casebook
        asked = request.query.get("after", "") if fields is None else fields.get("after", "")
        after = case_view.place(asked) or START
        cases = await book.waiting(running.id, _PAGE + 1, after)
        page, more = cases[:_PAGE], len(cases) > _PAGE
        alike = await asyncio.gather(*(book.alike(running.id, case) for case in page))
        opened = [one for one in await self._chamber.open(running) if one.motion.kind == "adjudicate"]
        proposed = {place: one.proposal.by for one in opened for place in one.motion.targets}
        named = request.query.get("at", "") if fields is None else fields.get("at", "")
        values = {
            **await self._shared(running, len(opened)),
            "here": "waiting",
            "after": "" if after == START else case_view.key(after),
            "next": case_view.key(page[-1].place) if more else "",
            "cases": [case_view.shown(running, case, lang) for case in page],
            "alike": {
                case_view.key(case.place): [case_view.key(one) for one in places or [case.place]]
                for case, places in zip(page, alike, strict=True)
            },
            "proposed_by": {case_view.key(place): who for place, who in proposed.items()},
            "current": _current(page, named, proposed),
            "contests": contests(running, lang),
            "reasons": {one: case_view.reasons(acts.REASONS[one], lang) for one in ("count", "reject")},
            "reveal_reasons": case_view.reasons(acts.REASONS["reveal"], lang),
            "refused": refused.text if refused else "",
            "entered": defaultdict(str, fields or {}),
        }
        status = refused.status if refused else 200
        return guard.render(request, "rulings.html", values, status, WORDS)


def _current(page: Sequence[Case], named: str, proposed: Mapping[Place, str]) -> str:
    """Which message is shown in full: the one asked for, or the first on which nobody has proposed."""
    places = {case_view.key(case.place): case.place for case in page}
    if named in places:
        return named
    return next((key for key, place in places.items() if place not in proposed), next(iter(places), ""))


def _told(motion: Motion, ended: Done | Proposal, lang: Lang) -> dict[str, Any]:
    """What a ruling came to, for the script."""
    if isinstance(ended, Proposal):
        return {"text": RULINGS["proposed_wait"].by(lang), "entries": [], "proposed": True}
    outcomes = [case_view.outcome_text(verdict.outcome, lang) for verdict in ended.verdicts]
    counts = {one: outcomes.count(one) for one in outcomes}
    if motion.verdict != "count":
        text = RULINGS[motion.verdict].by(lang)
    else:
        text = ", ".join(counts if len(outcomes) == 1 else (f"{one} {n}" for one, n in counts.items()))
    entry = RULINGS["ruled_entry"].by(lang).format(entry=motion_view.span(ended.entries))
    return {"text": f"{text} · {entry}", "entries": list(ended.entries), "proposed": False}


def _json(value: Mapping[str, Any], status: int = 200) -> web.Response:
    return web.json_response(value, status=status, headers=guard.HEADERS)
