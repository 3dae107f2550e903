"""The committee's look at the operators: what each has entered, and what a second entry showed."""

from aiohttp import web

from gateway.desk.desk import Desk
from gateway.pages import desk_view, guard
from gateway.pages.words_desk import WORDS
from gateway.people.roles import Role


def routes(desk: Desk) -> list[web.RouteDef]:
    """The route of the report."""

    async def report(request: web.Request) -> web.Response:
        source = desk.source(request.match_info["campaign"])
        if source is None:
            return guard.render(request, "desks.html", {"campaigns": None}, 404, WORDS)
        running = source.running
        worked, skews = await desk.report(running)
        kept_back = running.keeps_figures_back
        values = {
            "worked": desk_view.worked(worked),
            "kept_back": kept_back,
            "tables": [] if kept_back else desk_view.skew_tables(running, skews, guard.language(request)),
        }
        return guard.render(request, "operators.html", values, words=WORDS)

    return [guard.get("/committee/{campaign}/operators", report, guard.only(Role.COMMITTEE))]
