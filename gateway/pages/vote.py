"""The how-to-vote sheet as a public page: what is printed, with links to send and to call by."""

from collections.abc import Callable, Mapping
from typing import Final

from aiohttp import web

from gateway.intake.running import Running
from gateway.pages import guard, public
from gateway.people.roles import PUBLIC
from gateway.reporting import sheet
from gateway.reporting.words import SHEET

#: In the public page's words: whether the result is known is not this page's matter.
_STATUS: Final = {"closed": "unshown"}


def routes(campaigns: Mapping[str, Running], now_ms: Callable[[], int]) -> list[web.RouteDef]:
    """The page of each campaign. The application also needs `public.set_up`."""
    drawn: dict[tuple[str, public.Asked, int, str], str] = {}

    async def page(request: web.Request) -> web.Response:
        """One campaign's sheet, drawn once for each state of its rules, and of its voting."""
        running, asked = campaigns.get(request.match_info["id"]), public.asking(request)
        if running is None:
            return public.missing(request)
        status = running.status(now_ms())
        key = (running.id, asked, running.edition, status)
        if key not in drawn:
            values = {
                "it": sheet.values(running, asked.lang),
                "name": running.campaign.name_in(asked.lang),
                "id": running.id,
                "status": _STATUS.get(status, status),
            }
            drawn[key] = public.render(request, "vote.html", values, SHEET)
        return public.respond(drawn[key], asked.lang)

    return [guard.get("/vote/{id}", page, PUBLIC)]
