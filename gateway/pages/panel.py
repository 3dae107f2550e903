"""The page of a member of the panel: a table of candidates and criteria, kept as it is typed, then submitted.

A script sends each row as it changes; without one, a button sends all. A spreadsheet may be handed in
instead.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from config.evaluation import Judging
from config.spreadsheet import workbook
from config.spreadsheet.faults import Faulty
from gateway.intake.revise import Refused
from gateway.intake.running import Running
from gateway.pages import guard, panel_view
from gateway.pages.panel_view import WORDS, Errors
from gateway.pages.words_reasons import REFUSED
from gateway.panel import evaluating, marking, scoring
from gateway.panel.drafts import Draft
from gateway.panel.marking import RECUSED, Marks, Wrong
from gateway.panel.scoring import Scoring
from gateway.people.roles import Role
from gateway.service import Service
from gateway.spreadsheet import reading, template

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: The form around the file.
_ROOM: Final = 64 * 1024


def routes(service: Service, scores: Scoring) -> list[web.RouteDef]:
    """The panel's routes."""
    pages, panel = _Pages(service, scores), guard.only(Role.PANEL)
    path = "/panel/{campaign}/{contest}"
    return [
        guard.get("/panel", pages.front, panel),
        guard.get("/panel/{campaign}", pages.first, panel),
        guard.get(path, pages.page, panel),
        guard.post(path, pages.save, panel),
        guard.post(f"{path}/submit", pages.submit, panel),
        guard.get(f"{path}/template", pages.template, panel),
        guard.post(f"{path}/import", pages.take, panel, body_bytes=workbook.MOST_BYTES + _ROOM),
    ]


class _Pages:
    def __init__(self, service: Service, scores: Scoring) -> None:
        self._service, self._scores = service, scores
        self._reading = asyncio.Lock()  # one spreadsheet at a time: votes go first

    async def front(self, request: web.Request) -> web.StreamResponse:
        """The only vote that there is to judge, or a list of them."""
        who, lang = guard.signed_in(request), guard.language(request)
        campaigns = [
            (id_, running.campaign.name_in(lang))
            for id_, running in self._service.campaigns.items()
            if running.campaign.evaluation is not None and who.may_enter(id_)
        ]
        if len(campaigns) == 1:
            return guard.see_other(f"/panel/{campaigns[0][0]}")
        return guard.render(request, "panels.html", {"campaigns": campaigns}, words=WORDS)

    async def first(self, request: web.Request) -> web.StreamResponse:
        """The first contest."""
        evaluation = self._running(request).campaign.evaluation
        if evaluation is None:
            return guard.render(request, "panels.html", {"campaigns": []}, words=WORDS)
        return guard.see_other(f"{request.path}/{next(iter(evaluation.contests))}")

    async def page(self, request: web.Request) -> web.StreamResponse:
        """One contest's sheet."""
        return await self._page(request)

    async def save(self, request: web.Request) -> web.StreamResponse:
        """Keep what was typed; with `act=review`, show what would be submitted."""
        running, contest, judging = self._contest(request)
        fields = await guard.form(request)
        draft = await self._scores.draft(running, contest, guard.signed_in(request).login)
        marks, errors = _read(fields, judging, evaluating.candidates(running, contest), draft)
        if guard.wants_json(request):
            return await self._row(request, running, contest, marks, errors)
        if errors:
            return await self._page(request, 422, errors=errors, typed=fields, error="panel_errors")
        try:
            await self._scores.enter(running, contest, guard.signed_in(request).login, marks)
        except Refused as refused:
            return await self._page(request, 409, refused=refused.word)
        if fields.get("act") == "review":
            return await self._page(request, reviewing=True)
        return guard.see_other(request.path, done="panel_saved")

    async def submit(self, request: web.Request) -> web.StreamResponse:
        """Make the sheet final."""
        running, contest, _ = self._contest(request)
        login, reviewed = guard.signed_in(request).login, (await guard.form(request)).get("digest", "")
        try:
            await self._scores.submit(running, contest, login, reviewed)
        except Refused as refused:
            return await self._page(request, 409, refused=refused.word)
        return guard.see_other(f"/panel/{running.id}/{contest}", done="panel_submitted")

    async def template(self, request: web.Request) -> web.StreamResponse:
        """The sheet as a workbook, with what has been entered so far."""
        running, contest, judging = self._contest(request)
        draft = await self._scores.draft(running, contest, guard.signed_in(request).login)
        named = [
            (code, running.campaign.candidate(contest, code).name)
            for code in evaluating.candidates(running, contest)
        ]
        page = marking.template(contest, judging, named, draft)
        headers = {
            **guard.HEADERS,
            "Content-Disposition": f'attachment; filename="{running.id}-{contest}.xlsx"',
        }
        return web.Response(body=template.write([page]), content_type=_XLSX, headers=headers)

    async def take(self, request: web.Request) -> web.StreamResponse:
        """A spreadsheet: all of it, or nothing and what is wrong."""
        running, contest, judging = self._contest(request)
        _, content = await guard.file(request)
        if not content:
            return await self._page(request, 422, error="panel_no_file")
        try:
            codes = evaluating.candidates(running, contest)
            async with self._reading:
                marks = await asyncio.to_thread(lambda: marking.read(reading.read(content), judging, codes))
            await self._scores.enter(running, contest, guard.signed_in(request).login, marks)
        except Faulty as faulty:
            faults = faulty.said(guard.language(request))
            return await self._page(request, 422, error="panel_faulty", faults=faults)
        except Refused as refused:
            return await self._page(request, 409, refused=refused.word)
        return guard.see_other(f"/panel/{running.id}/{contest}", done="panel_imported")

    async def _row(
        self, request: web.Request, running: Running, contest: str, marks: Marks, errors: Errors
    ) -> web.StreamResponse:
        """A row, for the script: kept, and its total; or what is wrong with it."""
        lang, login = guard.language(request), guard.signed_in(request).login
        if errors:
            said = {f"{code}/{name}": panel_view.said(wrong, lang) for (code, name), wrong in errors.items()}
            seen = panel_view.told(errors)
            return web.json_response({"errors": said, "seen": seen}, status=422, headers=guard.HEADERS)
        try:
            await self._scores.enter(running, contest, login, marks)
        except Refused as refused:
            word = REFUSED[refused.word].by(lang)
            return web.json_response({"error": refused.word, "text": word}, status=409, headers=guard.HEADERS)
        draft = await self._scores.draft(running, contest, login)
        judging = scoring.judging_of(running, contest)
        rows = panel_view.rows(running, contest, judging, draft, lang)
        told = {
            "totals": {row.code: row.total for row in rows},
            "missing": sum(not row.total and not row.recused for row in rows),
            "seen": {row.code: row.seen for row in rows if (row.code, "") in marks},
        }
        return web.json_response(told, headers=guard.HEADERS)

    async def _page(
        self,
        request: web.Request,
        status: int = 200,
        *,
        error: str = "",
        refused: str = "",
        errors: Errors | None = None,
        typed: Mapping[str, str] | None = None,
        faults: list[str] | None = None,
        reviewing: bool = False,
    ) -> web.StreamResponse:
        running, contest, judging = self._contest(request)
        lang, login = guard.language(request), guard.signed_in(request).login
        evaluation = running.campaign.evaluation
        assert evaluation is not None, "a contest is judged"
        panel = await self._scores.panel(running)
        sheet = next((one for one in panel.sheets.get(contest, ()) if one.judge == login), None)
        draft = panel_view.as_draft(sheet) if sheet else await self._scores.draft(running, contest, login)
        rows = panel_view.rows(running, contest, judging, draft, lang, errors or {}, typed or {})
        missing = [row.code for row in rows if not row.total and not row.recused]
        values: dict[str, Any] = {
            "campaign": running.id,
            "contest": contest,
            "tabs": [
                (f"/panel/{running.id}/{name}", panel_view.contest_name(running, name, lang), name == contest)
                for name in evaluation.contests
            ],
            "criteria": panel_view.criteria(judging, lang),
            "most": panel_view.most(judging),
            "rows": rows,
            "missing": missing,
            "reviewing": reviewing and not missing,
            "digest": scoring.digest_of(draft),
            "unfinished": reviewing and bool(missing),
            "submitted": sheet is not None,
            "may_enter": sheet is None and running.opened and not running.certified,
            "not_open": not running.opened,
            "done_sheets": len(panel.judges(contest)),
            "judges": evaluation.judges,
            "blind": evaluation.blind,
            "others": panel_view.others(running, contest, judging, panel, login)
            if sheet and evaluating.in_the_open(running, panel, contest)
            else [],
            "error": error,
            "refused": REFUSED[refused].by(lang) if refused else "",
            "faults": faults or [],
            "megabytes": workbook.MOST_BYTES // 1024 // 1024,
        }
        return guard.render(request, "panel.html", values, status, WORDS)

    def _running(self, request: web.Request) -> Running:
        return guard.campaign_of(request, self._service.campaigns)

    def _contest(self, request: web.Request) -> tuple[Running, str, Judging]:
        running, contest = self._running(request), request.match_info["contest"]
        try:
            return running, contest, scoring.judging_of(running, contest)
        except Refused:
            raise guard.TurnedAway("unknown") from None


def _read(
    fields: Mapping[str, str], judging: Judging, codes: list[str], draft: Draft
) -> tuple[Marks, Errors]:
    """The marks of a form, and what is wrong with them. A row that is not in it stays as it is.

    So does one that is in it as it was seen, for another window may have changed it since. The points of a
    candidate from whom the judge is recused are not looked at.
    """
    marks, errors = Marks(), dict[tuple[str, str], Wrong]()
    for code in codes:
        if f"row-{code}" not in fields:
            continue
        recused = f"recused-{code}" in fields
        given = {"": RECUSED if recused else ""}
        for criterion in judging.criteria:
            found = (
                "" if recused else marking.points(criterion, fields.get(f"mark-{code}-{criterion.id}", ""))
            )
            if isinstance(found, Wrong):
                errors[code, criterion.id] = found
            else:
                given[criterion.id] = found
        if any(one.id not in given for one in judging.criteria):
            continue
        typed, stands = marking.row(judging, given), marking.row(judging, draft.get(code, {}))
        seen = fields.get(f"seen-{code}", stands)
        if typed != seen and stands not in (seen, typed):
            errors[code, judging.criteria[0].id] = marking.since(stands)
        elif typed != seen:
            marks |= {(code, one): points for one, points in given.items()}
    return marks, errors
