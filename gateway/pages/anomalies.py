"""What stands out among the votes, as the newest look found it: for people to look at."""

import asyncio
from typing import Any

from aiohttp import web

from gateway.anomalies import telling
from gateway.exporting.exports import Exports
from gateway.pages import guard
from gateway.pages.committee import contests
from gateway.pages.words_anomalies import WORDS
from gateway.people.roles import Role
from gateway.watching.board import Board
from gateway.watching.lookout import Lookout


def routes(board: Board, exports: Exports, lookout: Lookout) -> list[web.RouteDef]:
    """The route of the page."""

    async def page(request: web.Request) -> web.StreamResponse:
        running = guard.campaign_of(request, board.campaigns())
        kept_back = running.keeps_figures_back
        told = None if kept_back else await asyncio.to_thread(_newest, exports, lookout, running.id)
        lang = guard.language(request)
        choices = contests(running, lang)
        values = {
            "kept_back": kept_back,
            "told": told,
            "names": {one["id"]: one["name"] for one in choices},
            "candidates": {each["value"]: each["name"] for one in choices for each in one["candidates"]},
            "families": {family: said.by(lang) for family, said in telling.FAMILIES.items()},
            "exports": f"/committee/{running.id}/exports",
            "records": f"/committee/{running.id}/records",
            "chance": telling.chance,
            "size": telling.size,
        }
        return guard.render(request, "anomalies.html", values, words=WORDS)

    return [guard.get("/committee/{campaign}/anomalies", page, guard.only(Role.COMMITTEE))]


def _newest(exports: Exports, lookout: Lookout, campaign: str) -> Any:
    """The look at the most entries, an export's before one of the lookout; None if there is none."""
    exported = next((told for one in exports.built(campaign) if (told := one.anomalies()) is not None), None)
    looks = [told for told in (exported, lookout.newest(campaign)) if told is not None]
    return max(looks, key=lambda told: told["entries"], default=None)
