"""The committee's page of the evaluation: every step, what it hangs on, the panel's agreement, and lots."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from gateway.intake.running import Running
from gateway.pages import case_view, evaluation_view, guard, motion_view, room_form, words_panel
from gateway.pages.committee import Redrawn, Said, Sent, confirm, lead_back, running_of, submit
from gateway.pages.guard import only
from gateway.pages.words_rulings import ACTS, RULINGS, SHARED
from gateway.panel.scoring import Scoring
from gateway.people.roles import Role
from gateway.room.chamber import Chamber
from gateway.service import Service
from tally import export

_WORDS: Final = {**SHARED, **ACTS, **RULINGS, **words_panel.ACTS, **words_panel.EVALUATION}
_KEPT: Final = ("kind", "reason", "note", "contest", "order")

_SENT: Final = Sent(_KEPT, "evaluation", _WORDS)


def routes(service: Service, chamber: Chamber, scores: Scoring) -> list[web.RouteDef]:
    """The page, and how a lot is entered on it. For the committee alone."""
    pages, committee = _Evaluation(service, chamber, scores), only(Role.COMMITTEE)
    path = "/committee/{campaign}/evaluation"
    return [
        guard.get(path, pages.page, committee),
        guard.get(f"{path}/evaluation.json", pages.json, committee),
        guard.post(path, pages.act, committee),
        guard.post(f"{path}/review", pages.review, committee),
    ]


def redrawn(service: Service, chamber: Chamber, scores: Scoring) -> Redrawn:
    """The page, for what was refused elsewhere."""
    return _Evaluation(service, chamber, scores).draw


class _Evaluation:
    def __init__(self, service: Service, chamber: Chamber, scores: Scoring) -> None:
        self._service, self._chamber, self._scores = service, chamber, scores

    async def page(self, request: web.Request) -> web.StreamResponse:
        """How votes and points weigh."""
        return await self.draw(request, running_of(request, self._service))

    async def json(self, request: web.Request) -> web.StreamResponse:
        """The same as JSON (docs/evaluation.md)."""
        running = running_of(request, self._service)
        document = await self._scores.document(running)
        if document is None or running.keeps_figures_back:
            raise guard.TurnedAway("unknown")
        headers = {
            **guard.HEADERS,
            "Content-Disposition": f'attachment; filename="{running.id}-evaluation.json"',
        }
        return web.Response(body=export.to_json(document), content_type="application/json", headers=headers)

    async def review(self, request: web.Request) -> web.StreamResponse:
        """What a lot will do, before it is entered."""
        return await submit(request, self._service, self._review, self.draw)

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Propose it to a second person."""
        return await submit(request, self._service, self._act, self.draw)

    async def _review(
        self, request: web.Request, running: Running, fields: Mapping[str, str]
    ) -> web.StreamResponse:
        considered = await self._chamber.consider(running, room_form.lot(running, fields))
        return confirm(request, running, considered, fields, _SENT)

    async def _act(
        self, request: web.Request, running: Running, fields: Mapping[str, str]
    ) -> web.StreamResponse:
        motion, who = room_form.lot(running, fields), guard.signed_in(request).login
        ended = await self._chamber.act(running, motion, who, fields.get("digest", ""))
        return lead_back(running, "evaluation", ended)

    async def draw(
        self,
        request: web.Request,
        running: Running,
        refused: Said | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> web.StreamResponse:
        """The page, with what was refused, and what was entered."""
        lang, now_ms, who = guard.language(request), self._service.now_ms(), guard.signed_in(request).login
        evaluation, contests = running.campaign.evaluation, []
        values: dict[str, Any] = {}
        kept_back = running.keeps_figures_back
        if evaluation is not None:
            panel = await self._scores.panel(running)
            document = await self._scores.document(running)
            for told in document["contests"] if document else ():
                seen = {**told, "rows": []} if kept_back else told
                one = evaluation_view.contest(running, seen, panel, lang)
                contests.append({**one, "hidden": evaluation_view.hidden(running, panel, told["id"])})
            values = {
                "method": evaluation_view.method(evaluation, lang),
                "public": evaluation_view.percent(evaluation.public_weight),
                "panel": evaluation_view.percent(1 - evaluation.public_weight),
            }
        values |= {
            "campaign": running.id,
            "contests": contests,
            "kept_back": kept_back,
            "closed": running.closed,
            "certified": running.certified,
            "width": evaluation_view.WIDTH,
            "left": evaluation_view.LEFT,
            "right": evaluation_view.RIGHT,
            "proposals": [
                motion_view.proposal(running, one, (), who, now_ms, lang)
                for one in await self._chamber.open(running)
                if one.motion.kind == "lot"
            ],
            "refused": refused.text if refused else "",
            "entered": defaultdict(str, fields or {}),
            "entries": case_view.numbers(request.query.get("entries", "")),
            "back": "evaluation",
        }
        return guard.render(request, "evaluation.html", values, refused.status if refused else 200, _WORDS)
