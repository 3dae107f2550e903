"""A candidate's page for the public: name, unit, photo and summary, and nothing else of the nomination."""

from aiohttp import web

from gateway.nominations.cabinet import Lost
from gateway.nominations.papers import ENDINGS
from gateway.nominations.register import Public, Register
from gateway.pages import guard, public
from gateway.pages.nominations import FILE_HEADERS
from gateway.pages.words_nominations import WORDS
from gateway.people.roles import PUBLIC
from gateway.service import Service
from tally.standings import Candidate


def routes(service: Service, register: Register) -> list[web.RouteDef]:
    """The routes for everybody. The application also needs `public.set_up`."""
    pages = _Pages(service, register)
    path = "/campaigns/{id}/candidates/{contest}/{code}"
    return [
        guard.get(path, pages.page, PUBLIC),
        guard.get(f"{path}/photo", pages.photo, PUBLIC),
    ]


class _Pages:
    def __init__(self, service: Service, register: Register) -> None:
        self._service, self._register = service, register

    async def page(self, request: web.Request) -> web.Response:
        """The candidate as the campaign file names it, and what its nomination lets everybody see."""
        found = self._found(request)
        if found is None:
            return public.missing(request)
        asked = public.asking(request)
        running = self._service.campaigns[request.match_info["id"]]
        contest = request.match_info["contest"]
        rules = running.campaign.candidate(contest, found.code)
        nominated = await self._published(request, found)
        values = {
            "campaign": running.id,
            "code": found.code,
            "contest": running.campaign.contests_by_id[contest].name_in(asked.lang),
            "name": rules.name_in(asked.lang),
            "unit": found.unit,
            "withdrawn": found.withdrawn,
            "summary": "" if nominated is None else nominated.summary,
            "photo": f"{request.path}/photo" if nominated is not None and nominated.portrait else "",
        }
        text = public.render(request, "candidate.html", values, WORDS)
        return public.respond(text, asked.lang)

    async def photo(self, request: web.Request) -> web.Response:
        """The photo, without anything that the camera wrote into it."""
        found = self._found(request)
        nominated = None if found is None else await self._published(request, found)
        if found is None or nominated is None or not nominated.portrait:
            return public.missing(request)
        headers = {
            **public.HEADERS,
            **FILE_HEADERS,
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "public, max-age=300",
            "ETag": f'"{nominated.portrait}"',
        }
        if headers["ETag"] in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        running = self._service.campaigns[request.match_info["id"]]
        try:
            file, content = await self._register.file(running, nominated.id, nominated.portrait)
        except Lost:
            return public.missing(request)
        headers["Content-Disposition"] = f'inline; filename="{found.code}.{ENDINGS[file.media]}"'
        return web.Response(body=content, content_type=file.media, headers=headers)

    def _found(self, request: web.Request) -> Candidate | None:
        """The candidate that is voted for, None if there is none."""
        running = self._service.campaigns.get(request.match_info["id"])
        for contest in running.roll.contests if running else ():
            if contest.id == request.match_info["contest"]:
                code = request.match_info["code"]
                return next((one for one in contest.candidates if one.code == code), None)
        return None

    async def _published(self, request: web.Request, candidate: Candidate) -> Public | None:
        """What is published of the nomination, if it is the candidate's: the file may name another one."""
        running = self._service.campaigns[request.match_info["id"]]
        found = await self._register.published(running)
        one = found.get((request.match_info["contest"], candidate.code))
        return one if one is not None and (one.name, one.unit) == (candidate.name, candidate.unit) else None
