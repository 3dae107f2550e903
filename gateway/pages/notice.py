"""Public notices: `/notice/{campaign}` is the one that holds, `/notice/{campaign}/{number}` each one made.

Each is a page and, with `?as=docx` or `?as=pdf`, a Word document or a PDF, which is set once. Before two
people have published one there is nothing: the committee alone sees the draft.
"""

import asyncio
from typing import Final

import structlog
from aiohttp import web

from config.problems import Lang
from gateway import pdf
from gateway.documents import paper, word
from gateway.intake.running import Running
from gateway.pages import guard, public
from gateway.pages.committee import running_of
from gateway.pages.guard import only
from gateway.pages.words_result import NOTICE
from gateway.people.roles import PUBLIC, Role
from gateway.result import notice, workdays
from gateway.room.secretary import Secretary
from gateway.service import Service
from tally.certification import Notice

_TYPES: Final = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
_log: Final = structlog.get_logger()


def routes(service: Service, font: str) -> list[web.RouteDef]:
    """The notices for everybody; `font` is for PDFs, "" for one that is found. Also needs `public.set_up`."""
    pages = _Notices(service, font)
    return [
        guard.get("/notice/{campaign}", pages.holding, PUBLIC),
        guard.get("/notice/{campaign}/{number}", pages.one, PUBLIC),
    ]


def staff_routes(service: Service, secretary: Secretary, font: str) -> list[web.RouteDef]:
    """The draft, for the committee."""
    pages = _Notices(service, font, secretary)
    return [guard.get("/committee/{campaign}/notice", pages.draft, only(Role.COMMITTEE))]


class _Notices:
    def __init__(self, service: Service, font: str, secretary: Secretary | None = None) -> None:
        self._service, self._font, self._secretary = service, font, secretary
        self._setting = asyncio.Lock()
        #: The PDFs of published notices, which do not change: by campaign, number and language.
        self._set: dict[tuple[str, int, Lang], bytes] = {}

    async def holding(self, request: web.Request) -> web.Response:
        """The notice that holds."""
        running = self._service.campaigns.get(request.match_info["campaign"])
        made = running.progress.notice if running else None
        return await self._given(request, running, made)

    async def one(self, request: web.Request) -> web.Response:
        """One notice, whether it holds or was overtaken."""
        running = self._service.campaigns.get(request.match_info["campaign"])
        named = request.match_info["number"]
        made = (
            next((one for one in running.progress.notices if str(one.number) == named), None)
            if running
            else None
        )
        return await self._given(request, running, made)

    async def draft(self, request: web.Request) -> web.StreamResponse:
        """What would be published now, as from today."""
        assert self._secretary is not None, "the public's routes have no draft"
        running = running_of(request, self._service)
        if running.keeps_figures_back:
            raise guard.TurnedAway("unknown")
        facts, now_ms = await self._secretary.facts(running), self._service.now_ms()
        first = workdays.day_of(now_ms, running.zone)
        last = workdays.last_day(first, running.campaign.notice)
        made = Notice(
            len(running.progress.notices) + 1,
            now_ms,
            first.isoformat(),
            last.isoformat(),
            workdays.end_of(last, running.zone),
            facts.shortlist.listed,
        )
        return await self._drawn(request, running, made, guard.language(request), draft=True)

    async def _given(
        self, request: web.Request, running: Running | None, made: Notice | None
    ) -> web.Response:
        lang = public.asking(request).lang
        if running is None or made is None:
            return public.missing(request)
        return await self._drawn(request, running, made, lang, draft=False)

    async def _drawn(
        self, request: web.Request, running: Running, made: Notice, lang: Lang, *, draft: bool
    ) -> web.Response:
        document = notice.write(running, made, lang)
        kind = request.query.get("as")
        if kind in ("docx", "pdf"):
            key = None if draft else (running.id, made.number, lang)
            try:
                body = word.notice(document) if kind == "docx" else await self._pdf(document, lang, key)
            except pdf.NoPdf as error:
                _log.warning("pdf_unavailable", reason=str(error))
                return public.missing(request)
            name = f"notice-{running.id}-{made.number}-{lang}.{kind}"
            headers = {**public.HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
            return _kept(web.Response(body=body, content_type=_TYPES[kind], headers=headers), draft=draft)
        no_pdf = await asyncio.to_thread(pdf.lack, self._font)
        values = {
            "document": document,
            "draft": draft,
            "overtaken": not draft and made != running.progress.notice,
            "word": f"{request.path}?as=docx&lang={lang}",
            "pdf": "" if no_pdf else f"{request.path}?as=pdf&lang={lang}",
        }
        page = public.respond(public.render(request, "notice.html", values, NOTICE), lang)
        return _kept(page, draft=draft)

    async def _pdf(self, document: notice.Document, lang: Lang, key: tuple[str, int, Lang] | None) -> bytes:
        """Set one at a time, below everything that serves votes; kept under its key, if it has one. Raises
        `pdf.NoPdf`."""
        async with self._setting:
            if key is not None and key in self._set:
                return self._set[key]
            face = await asyncio.to_thread(pdf.font, self._font)
            found = await pdf.set_pages(paper.notice(document, lang), face, gently=True)
            if key is not None:
                self._set[key] = found
            return found


def _kept(response: web.Response, *, draft: bool) -> web.Response:
    """A draft is for who is signed in: nothing of it stays in the browser."""
    if draft:
        response.headers["Cache-Control"] = "no-store"
    return response
