"""The exports page: have an export made, see what its manifest says, and take the files.

The committee has everything; observers have the public files, once what is in them may be seen.
"""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from gateway.board import Board
from gateway.exports import KEPT, Built, Exports, observable, zipped
from gateway.intake.running import Running
from gateway.pages import guard
from gateway.pages.guard import only
from gateway.pages.live_view import Audience
from gateway.pages.words_room import EXPORTS, SHARED
from gateway.people.roles import Role

_WORDS: Final = {**SHARED, **EXPORTS}


def routes(board: Board, exports: Exports) -> list[web.RouteDef]:
    """The pages of both audiences. Only the committee has exports made."""
    committee, observers = _Pages(board, exports, "committee"), _Pages(board, exports, "observer")
    return [
        *committee.routes(),
        *observers.routes(),
        guard.post("/committee/{campaign}/exports", committee.make, only(Role.COMMITTEE)),
    ]


class _Pages:
    """The pages of one audience."""

    def __init__(self, board: Board, exports: Exports, audience: Audience) -> None:
        self._board, self._exports, self._audience = board, exports, audience
        self._files = "committee" if audience == "committee" else "public"

    def routes(self) -> list[web.RouteDef]:
        path, access = f"/{self._audience}/{{campaign}}/exports", only(Role(self._audience))
        return [
            guard.get(path, self.page, access),
            guard.get(f"{path}/{{build}}/{{file}}", self.file, access),
        ]

    async def page(self, request: web.Request) -> web.StreamResponse:
        """What there is."""
        running = self._running(request)
        making = self._exports.making
        values = {
            "front": f"/{self._audience}/{running.id}/exports",
            "may_make": self._audience == "committee" and not self._kept_back(running),
            "kept_back": self._audience == "committee" and self._kept_back(running),
            "making": self._audience == "committee" and making == running.id,
            "busy": making not in ("", running.id),
            "failed": self._exports.failed(running.id) if self._audience == "committee" else "",
            "built": [_shown(one, self._files) for one in self._offered(running)],
            "kept": KEPT,
        }
        return guard.render(request, "exports.html", values, words=_WORDS)

    async def file(self, request: web.Request) -> web.StreamResponse:
        """One file."""
        running, build, name = self._running(request), request.match_info["build"], request.match_info["file"]
        for one in self._offered(running):
            path = one.path(name, self._files)
            if one.name == build and path is not None:
                headers = {
                    **guard.HEADERS,
                    "Content-Disposition": f'attachment; filename="{running.id}-{build}-{name}"',
                }
                return web.FileResponse(path, headers=headers)
        raise guard.Refused("unknown")

    async def make(self, request: web.Request) -> web.StreamResponse:
        """Have an export made; the page then shows how it goes."""
        running = self._running(request)
        if not self._kept_back(running):
            self._exports.begin(running.id, guard.language(request))
        return guard.see_other(f"/committee/{running.id}/exports")

    def _offered(self, running: Running) -> list[Built]:
        if self._audience == "committee":
            return [] if self._kept_back(running) else self._exports.built(running.id)
        mode, status = running.campaign.publish.mode, self._board.standings(running.id)["status"]
        return [one for one in self._exports.built(running.id) if observable(mode, status, one.manifest)]

    def _kept_back(self, running: Running) -> bool:
        """Whether the committee keeps the figures from itself: they can be counted from any export."""
        return not self._board.committee(running.id)["contests"]

    def _running(self, request: web.Request) -> Running:
        running = self._board.campaigns().get(request.match_info["campaign"])
        if running is None:
            raise guard.Refused("unknown")
        return running


def _shown(built: Built, audience: str) -> Mapping[str, Any]:
    """An export as the template shows it: its ZIP apart from the files that are in it."""
    files = built.files(audience)
    archives = [zipped(one) for one in ("public", "committee")]
    return {
        "name": built.name,
        "manifest": built.manifest,
        "files": [one for one in files if one.name not in archives],
        "archives": [one for one in files if one.name in archives],
    }
