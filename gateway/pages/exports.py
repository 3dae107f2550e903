"""The exports page: have an export made, see what its manifest says, and take the files.

The committee has everything; observers have the public files, once what is in them may be seen.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

import structlog
from aiohttp import web

from config.problems import Lang
from gateway import pdf
from gateway.exporting.exports import KEPT, REPORTS, Built, Exports, observable, zipped
from gateway.intake.running import Running
from gateway.pages import guard
from gateway.pages.figures import Audience
from gateway.pages.guard import only
from gateway.pages.words_room import EXPORTS, SHARED
from gateway.people.roles import Role
from gateway.reporting import folder, report
from gateway.reporting.folder import Made
from gateway.watching.board import Board

_log = structlog.get_logger()

_WORDS: Final = {**SHARED, **EXPORTS}
_AUDIENCES: Final[tuple[Audience, Audience]] = ("committee", "observer")


def routes(board: Board, exports: Exports, font: str = "") -> list[web.RouteDef]:
    """The pages of both audiences. Only the committee has exports made. `font` is for PDFs, "" to find it."""
    committee, observers = (_Pages(board, exports, one, font) for one in _AUDIENCES)
    return [
        *committee.routes(),
        *observers.routes(),
        guard.post("/committee/{campaign}/exports", committee.make, only(Role.COMMITTEE)),
    ]


class _Pages:
    """The pages of one audience."""

    def __init__(self, board: Board, exports: Exports, audience: Audience, font: str) -> None:
        self._board, self._exports, self._audience = board, exports, audience
        self._font, self._setting = font, asyncio.Lock()
        self._files = "committee" if audience == "committee" else "public"

    def routes(self) -> list[web.RouteDef]:
        path, access = f"/{self._audience}/{{campaign}}/exports", only(Role(self._audience))
        return [
            guard.get(path, self.page, access),
            guard.get(f"{path}/{{build}}/{{file}}", self.file, access),
            guard.get(f"{path}/{{build}}/{REPORTS}/{{file}}", self.report, access),
        ]

    async def page(self, request: web.Request) -> web.StreamResponse:
        """What there is."""
        running = self._running(request)
        making = self._exports.making
        values = {
            "front": f"/{self._audience}/{running.id}/exports",
            "may_make": self._audience == "committee" and not running.keeps_figures_back,
            "kept_back": self._audience == "committee" and running.keeps_figures_back,
            "making": self._audience == "committee" and making == running.id,
            "busy": making not in ("", running.id),
            "failed": self._exports.failed(running.id) if self._audience == "committee" else "",
            "built": list(_all_shown(self._offered(running), self._files, guard.language(request))),
            "no_pdf": await self._no_pdf(guard.language(request)),
            "kept": KEPT,
            "zone": running.campaign.timezone,
        }
        return guard.render(request, "exports.html", values, words=_WORDS)

    async def file(self, request: web.Request) -> web.StreamResponse:
        """One file."""
        running, build, name = self._running(request), request.match_info["build"], request.match_info["file"]
        for one in self._offered(running):
            if one.name == build:
                try:
                    path = one.path(name, self._files)
                except FileNotFoundError:  # another process has just let the export go
                    raise guard.TurnedAway("unknown") from None
                if path is not None:
                    return web.FileResponse(path, headers=_attached(f"{running.id}-{build}-{name}"))
        raise guard.TurnedAway("unknown")

    async def report(self, request: web.Request) -> web.StreamResponse:
        """One report; a PDF is set when it is asked for first, one at a time."""
        running, build, name = self._running(request), request.match_info["build"], request.match_info["file"]
        for one in self._offered(running):
            if one.name == build:
                try:
                    async with self._setting:
                        path = await folder.path(one.folder / REPORTS, name, self._files, self._font)
                except pdf.NoPdf as error:
                    _log.warning("pdf_unavailable", reason=str(error))
                    raise guard.TurnedAway("unknown") from None
                except FileNotFoundError:  # the export was let go while its turn to be set was awaited
                    raise guard.TurnedAway("unknown") from None
                if path is not None:
                    return web.FileResponse(path, headers=_attached(f"{running.id}-{build}-{name}"))
        raise guard.TurnedAway("unknown")

    async def _no_pdf(self, lang: Lang) -> str:
        """Why there are no PDFs here, "" if there are."""
        lack = await asyncio.to_thread(pdf.lack, self._font)
        return "" if lack is None else lack.by(lang)

    async def make(self, request: web.Request) -> web.StreamResponse:
        """Have an export made; the page then shows how it goes."""
        running = self._running(request)
        if not running.keeps_figures_back:
            self._exports.begin(running.id, guard.language(request))
        return guard.see_other(f"/committee/{running.id}/exports")

    def _offered(self, running: Running) -> list[Built]:
        if self._audience == "committee":
            return [] if running.keeps_figures_back else self._exports.built(running.id)
        mode, status = running.campaign.publish.mode, self._board.standings(running.id)["status"]
        return [one for one in self._exports.built(running.id) if observable(mode, status, one.manifest)]

    def _running(self, request: web.Request) -> Running:
        return guard.campaign_of(request, self._board.campaigns())


def _attached(name: str) -> dict[str, str]:
    return {**guard.HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}


def _all_shown(some: Iterable[Built], audience: str, lang: Lang) -> Iterator[Mapping[str, Any]]:
    """Exports as the template shows them, but those that another process lets go meanwhile."""
    for one in some:
        with suppress(FileNotFoundError):
            yield _shown(one, audience, lang)


def _shown(built: Built, audience: str, lang: Lang) -> Mapping[str, Any]:
    """An export as the template shows it: its ZIP apart from the files that are in it."""
    files = built.files(audience)
    archives = [zipped(one) for one in ("public", "committee")]
    return {
        "name": built.name,
        "manifest": built.manifest,
        "files": [one for one in files if one.name not in archives],
        "archives": [one for one in files if one.name in archives],
        "reports": [_listed(one, lang) for one in folder.read(built.folder / REPORTS, audience)],
    }


def _listed(made: Made, lang: Lang) -> Mapping[str, Any]:
    """A report as the template shows it."""
    kind = report.kinds()[made.kind]
    return {
        "title": kind.title.by(lang),
        "about": kind.about.by(lang),
        "audience": made.audience,
        "files": [] if made.why else [(one, f"{made.kind}.{one}") for one in made.formats],
        "why": made.why.get(lang, ""),
    }
