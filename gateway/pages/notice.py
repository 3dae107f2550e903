"""Public notices: `/notice/{campaign}` is the one that holds, `/notice/{campaign}/{number}` each one made.

Each is a page and, with `?as=docx`, a Word document. Before two people have published one there is nothing:
the committee alone sees the draft.
"""

from typing import Final

from aiohttp import web

from config.problems import Lang
from gateway.documents import word
from gateway.intake.running import Running
from gateway.pages import guard, public
from gateway.pages.guard import only
from gateway.pages.rulings import running_of
from gateway.pages.words_result import NOTICE
from gateway.people.roles import PUBLIC, Role
from gateway.result import notice, workdays
from gateway.result.secretary import Secretary
from gateway.service import Service
from tally.certification import Notice

_WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def routes(service: Service) -> list[web.RouteDef]:
    """The notices for everybody. The application also needs `public.set_up`."""
    pages = _Notices(service)
    return [
        guard.get("/notice/{campaign}", pages.holding, PUBLIC),
        guard.get("/notice/{campaign}/{number}", pages.one, PUBLIC),
    ]


def staff_routes(service: Service, secretary: Secretary) -> list[web.RouteDef]:
    """The draft, for the committee."""
    pages = _Notices(service, secretary)
    return [guard.get("/committee/{campaign}/notice", pages.draft, only(Role.COMMITTEE))]


class _Notices:
    def __init__(self, service: Service, secretary: Secretary | None = None) -> None:
        self._service, self._secretary = service, secretary

    async def holding(self, request: web.Request) -> web.Response:
        """The notice that holds."""
        running = self._service.campaigns.get(request.match_info["campaign"])
        made = running.progress.notice if running else None
        return self._given(request, running, made)

    async def one(self, request: web.Request) -> web.Response:
        """One notice, whether it holds or was overtaken."""
        running = self._service.campaigns.get(request.match_info["campaign"])
        named = request.match_info["number"]
        made = (
            next((one for one in running.progress.notices if str(one.number) == named), None)
            if running
            else None
        )
        return self._given(request, running, made)

    async def draft(self, request: web.Request) -> web.StreamResponse:
        """What would be published now, as from today."""
        assert self._secretary is not None, "the public's routes have no draft"
        running = running_of(request, self._service)
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
        return self._drawn(request, running, made, guard.language(request), draft=True)

    def _given(self, request: web.Request, running: Running | None, made: Notice | None) -> web.Response:
        lang = public.asking(request).lang
        if running is None or made is None:
            text = public.render(request, "missing.html", {})
            return public.respond(text, lang, 404)
        return self._drawn(request, running, made, lang, draft=False)

    @staticmethod
    def _drawn(
        request: web.Request, running: Running, made: Notice, lang: Lang, *, draft: bool
    ) -> web.Response:
        document = notice.write(running, made, lang)
        if request.query.get("as") == "docx":
            name = f"notice-{running.id}-{made.number}-{lang}.docx"
            headers = {**public.HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
            return web.Response(body=word.notice(document), content_type=_WORD, headers=headers)
        values = {
            "document": document,
            "draft": draft,
            "overtaken": not draft and made != running.progress.notice,
            "word": f"{request.path}?as=docx&lang={lang}",
        }
        return public.respond(public.render(request, "notice.html", values, NOTICE), lang)
