"""The live pages: what the committee sees of the count as it goes on, and observers as far as they may.

Both are one page and one stream, drawn for an audience (`figures.seen`). Nothing on it changes anything.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from aiohttp import web

from gateway.intake.running import Running
from gateway.pages import events, figures, flow_view, guard, live_view
from gateway.pages.figures import Audience
from gateway.pages.guard import only
from gateway.pages.words_result import STEPS
from gateway.pages.words_room import LIVE, SHARED
from gateway.people.roles import Role
from gateway.result import timetable
from gateway.watching.board import Board
from gateway.watching.pulse import Pulse

#: A stream that outlives its session ends within this time, where another node or the clock ended that.
_STILL_SECONDS: Final = 60.0

_WORDS: Final = {**SHARED, **LIVE, **STEPS}


def routes(
    board: Board,
    pulse: Pulse,
    found: Mapping[str, int],
    now_ms: Callable[[], int],
    streams: int = 1_000,
    ping_seconds: float = 15.0,
) -> list[web.RouteDef]:
    """The live pages, their streams, and the lists that lead to them.

    The board has the views "committee" and "observer"; `found` is how much stands out among the votes of each
    campaign, for the committee. No more than `streams` are sent at a time, lest
    they use up the connections that votes need.
    """
    rooms = [
        _Live(board, pulse, found, now_ms, "committee", streams, ping_seconds),
        _Live(board, pulse, {}, now_ms, "observer", streams, ping_seconds),
    ]
    return [route for room in rooms for route in room.routes()]


class _Live:
    """The pages of one audience."""

    def __init__(
        self,
        board: Board,
        pulse: Pulse,
        found: Mapping[str, int],
        now_ms: Callable[[], int],
        audience: Audience,
        streams: int,
        ping_seconds: float,
    ) -> None:
        self._board, self._pulse, self._now_ms, self._audience = board, pulse, now_ms, audience
        self._found = found
        self._streams, self._ping_seconds, self._watching = streams, ping_seconds, 0

    def routes(self) -> list[web.RouteDef]:
        front, access = f"/{self._audience}", only(Role(self._audience))
        return [
            guard.get(front, self.front, access),
            guard.get(f"{front}/{{campaign}}", self.page, access),
            guard.get(f"{front}/{{campaign}}/events", self.events, access, allow_head=False),
        ]

    async def front(self, request: web.Request) -> web.StreamResponse:
        """The only campaign, or a list of them."""
        who, lang = guard.signed_in(request), guard.language(request)
        theirs = [one for name, one in self._board.campaigns().items() if who.may_enter(name)]
        if len(theirs) == 1:
            return guard.see_other(f"/{self._audience}/{theirs[0].id}")
        listed = [(one.id, one.campaign.name_in(lang), self._status(one)) for one in theirs]
        values = {"campaigns": listed, "front": f"/{self._audience}"}
        return guard.render(request, "room.html", values, words=_WORDS)

    async def page(self, request: web.Request) -> web.StreamResponse:
        """One campaign, as it stands."""
        running = self._running(request)
        now_ms = self._now_ms()
        span = flow_view.span(request.query.get("span"))
        since_ms = flow_view.since_ms(span, running, now_ms)
        slices = self._pulse.flow(running.id).slices(since_ms, now_ms + 1, span.step_ms)
        now = figures.seen(self._board.moment(running.id), self._audience)
        values = live_view.page(now, self._audience, guard.language(request), span, slices)
        values["steps"] = timetable.steps(running, now_ms) if self._audience == "committee" else []
        values["anomalies"] = 0 if running.keeps_figures_back else self._found.get(running.id, 0)
        values["events"] = f"/{self._audience}/{running.id}/events"
        return guard.render(request, "live.html", values, words=_WORDS)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """The figures, as they change."""
        running = self._running(request)
        if self._watching >= self._streams:
            headers = {**guard.HEADERS, "Retry-After": "60"}
            return web.json_response({"error": "too_many_viewers"}, status=503, headers=headers)
        self._watching += 1
        try:
            stream = _while_signed_in(request, self._board.stream(running.id, self._audience))
            return await events.relay(request, stream, guard.HEADERS, self._ping_seconds, guard.over(request))
        finally:
            self._watching -= 1

    def _running(self, request: web.Request) -> Running:
        return guard.campaign_of(request, self._board.campaigns())

    def _status(self, running: Running) -> str:
        status: str = self._board.standings(running.id)["status"]
        return "final" if self._board.is_final(running.id) else status


async def _while_signed_in(request: web.Request, events: AsyncIterator[str]) -> AsyncIterator[str]:
    """The events, until the session is over."""
    asked = time.monotonic()
    async for event in events:
        if time.monotonic() - asked > _STILL_SECONDS:
            if not await guard.still(request):
                return
            asked = time.monotonic()
        yield event
