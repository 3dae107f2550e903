"""The committee's acts: each is shown as it will be before it is done, and two people agree where two must.

A form goes to the page that shows what will happen; that page sends the same form again, with the digest of
what it has shown. What was proposed is agreed to, or declined, below `/proposals`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from config.problems import Lang
from dedup import caller
from gateway.intake import chair
from gateway.intake.revise import Case, Refused
from gateway.intake.running import Running
from gateway.pages import case_view, guard, motion_view, room_form
from gateway.pages.committee import (
    WORDS,
    Redrawn,
    Said,
    Sent,
    attempt,
    confirm,
    contests,
    lead_back,
    running_of,
    submit,
)
from gateway.pages.guard import only
from gateway.pages.motion_view import Figures, Ranked
from gateway.pages.room_form import Flaw
from gateway.people.roles import Role
from gateway.room.chamber import Chamber, Considered
from gateway.room.motion import RULINGS, Motion
from gateway.service import Service
from gateway.storage.store import Place
from gateway.watching.board import as_they_stand
from tally import acts, standings
from tally.outcome import CHANNELS

#: Proposals that have ended, as many as are shown.
_LATEST: Final = 8
#: What of a form is sent again from the page that shows what will happen.
_KEPT: Final = (
    "kind", "reason", "note", "candidate", "number", "barred", "entries", "of", "release", "closes_sms",
    "closes_hotline",
)  # fmt: skip

_SENT: Final = Sent(_KEPT, "acts", WORDS)


def routes(service: Service, chamber: Chamber, others: Mapping[str, Redrawn]) -> list[web.RouteDef]:
    """The acts, and the proposals that wait for a second person. For the committee alone.

    Proposals also stand on `others`, by the ends of their paths: who cannot agree to one is told so there.
    """
    pages, committee = _Acts(service, chamber, others), only(Role.COMMITTEE)
    path = "/committee/{campaign}"
    return [
        guard.get(f"{path}/acts", pages.page, committee),
        guard.post(f"{path}/acts", pages.act, committee),
        guard.post(f"{path}/acts/review", pages.review, committee),
        guard.post(f"{path}/proposals/{{number}}/approve", pages.approve, committee),
        guard.post(f"{path}/proposals/{{number}}/decline", pages.decline, committee),
    ]


class _Acts:
    def __init__(self, service: Service, chamber: Chamber, others: Mapping[str, Redrawn]) -> None:
        self._service, self._chamber = service, chamber
        self._pages: Mapping[str, Redrawn] = {"acts": self._page, **others}

    async def page(self, request: web.Request) -> web.StreamResponse:
        """What can be done, and what waits for a second person."""
        return await self._page(request, running_of(request, self._service))

    async def review(self, request: web.Request) -> web.StreamResponse:
        """What an act will do, before it is done."""
        return await submit(request, self._service, self._review, self._page)

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Do it, or propose it."""
        return await submit(request, self._service, self._act, self._page)

    async def approve(self, request: web.Request) -> web.StreamResponse:
        """Agree to a proposal, and have it done."""
        return await self._decide(request, "approve")

    async def decline(self, request: web.Request) -> web.StreamResponse:
        """Decline a proposal, or withdraw one's own."""
        return await self._decide(request, "decline")

    async def _decide(self, request: web.Request, how: str) -> web.StreamResponse:
        running, lang = running_of(request, self._service), guard.language(request)
        fields = await guard.form(request)
        back = fields["back"] if fields.get("back") in self._pages else "acts"
        ended = await attempt(self._decided(request, running, fields, how, back), lang)
        return await self._pages[back](request, running, ended, {}) if isinstance(ended, Said) else ended

    async def _decided(
        self, request: web.Request, running: Running, fields: Mapping[str, str], how: str, back: str
    ) -> web.StreamResponse:
        who, named = guard.signed_in(request).login, request.match_info["number"]
        number = int(named) if named.isascii() and named.isdecimal() and len(named) < 16 else 0
        path = f"/committee/{running.id}/{back}"
        if how == "decline":
            ended = await self._chamber.decline(running, number, who)
            return guard.see_other(path, done=ended)
        done = await self._chamber.approve(running, number, who, fields.get("digest", ""))
        if back != "rulings/agree":
            return guard.see_other(f"{path}?entries={motion_view.span(done.entries)}")
        return guard.see_other(path, done="approved")

    async def _review(
        self, request: web.Request, running: Running, fields: Mapping[str, str]
    ) -> web.StreamResponse:
        motion = await self._motion(running, fields)
        considered = await self._chamber.consider(running, motion)
        lang = guard.language(request)
        view, kept_back = await self._view(running, considered, lang), running.keeps_figures_back
        return confirm(request, running, considered, fields, _SENT, view, kept_back=kept_back)

    async def _act(
        self, request: web.Request, running: Running, fields: Mapping[str, str]
    ) -> web.StreamResponse:
        motion, who = await self._motion(running, fields), guard.signed_in(request).login
        ended = await self._chamber.act(running, motion, who, fields.get("digest", ""))
        return lead_back(running, "acts", ended)

    async def _motion(self, running: Running, fields: Mapping[str, str]) -> Motion:
        targets = await self._targets(running, fields) if room_form.kind(fields) == "void" else ()
        return room_form.act(running, fields, targets)

    async def _targets(self, running: Running, fields: Mapping[str, str]) -> Sequence[Place]:
        """The messages to void: those named, or all that a caller's counted votes are in."""
        if named := room_form.entries(fields.get("entries", "")):
            return await self._named(running, named)
        if of := room_form.entries(fields.get("of", "")):
            return await self._of_message(running, await self._place(running, *of[0]))
        if name := fields.get("barred", ""):
            return await self._of_line(running, room_form.barred(running, name))
        if number := fields.get("number", "").strip():
            return await self._of_line(running, chair.line(running, number))
        raise Flaw("no_votes_to_void")

    async def _named(self, running: Running, named: Sequence[tuple[str, int]]) -> Sequence[Place]:
        """The messages of these entries. Which of them is none is said: whoever names twenty must find it."""
        places = {one: await self._place(running, *one) for one in named}
        found = {case.place for case in await self._service.casebook.cases(running.id, [*places.values()])}
        for (node, seq), place in places.items():
            if place not in found:
                raise _no_entry(node, seq)
        return list(dict.fromkeys(places.values()))

    async def _place(self, running: Running, node: str, seq: int) -> Place:
        place = await self._service.casebook.place(running.id, node, seq)
        if place is None:
            raise _no_entry(node, seq)
        return place

    async def _of_message(self, running: Running, place: Place) -> list[Place]:
        case = await self._service.casebook.case(running.id, place)
        if case is None:
            raise Refused("no_such_message")
        line = case.opening.line if case.opening else ""
        return await self._of_line(running, line) if line else [place]

    async def _of_line(self, running: Running, line: str) -> list[Place]:
        cases = await self._service.casebook.of_caller(running, line)
        counted = [case.place for case in cases if any(one[2] == "counted" for one in case.selections)]
        if not counted:
            raise Refused("nothing_to_void")
        return counted

    async def _view(self, running: Running, considered: Considered, lang: Lang) -> motion_view.View:
        motion = considered.motion
        cases = await self._cases(running, motion)
        ranked = await self._ranked(running, motion, lang) if motion.kind == "withdraw" else ()
        totals = await self._service.store.totals(running.id)
        waiting = sum(n for key, n in totals.items() if key.subject == "waiting")
        return motion_view.shown(
            running,
            motion,
            considered.outlook.state,
            cases,
            lang,
            await self._figures(running),
            ranked,
            waiting,
        )

    async def _cases(self, running: Running, motion: Motion) -> Sequence[Case]:
        if motion.kind not in RULINGS:
            return ()
        return await self._service.casebook.cases(running.id, motion.targets)

    async def _figures(self, running: Running) -> Figures | None:
        """Counted votes as they stand, None if they are kept back."""
        if running.keeps_figures_back:
            return None
        figures: dict[tuple[str, str], int] = {}
        for key, n in (await self._service.store.totals(running.id)).items():
            if (key.subject, key.outcome) == ("selection", "counted"):
                one = (key.contest, key.candidate)
                figures[one] = figures.get(one, 0) + n
        return figures

    async def _ranked(self, running: Running, motion: Motion, lang: Lang) -> list[Ranked]:
        """The contest's ranks with the candidate, and without."""
        if running.keeps_figures_back:
            return []
        (gone,) = motion.selections
        totals, now_ms = await self._service.store.totals(running.id), self._service.now_ms()
        before = as_they_stand(running, totals, now_ms)
        after = standings.build(running.roll.without(gone), totals, before["status"], before["as_of"])
        ranks = {one["code"]: one["rank"] for one in _contest(after, gone.contest)}
        return [
            Ranked(
                one["code"],
                case_view.named(running, gone.contest, one["code"], lang),
                f"{one['votes']:,}",
                _rank(one["rank"]),
                _rank(ranks[one["code"]]),
            )
            for one in _contest(before, gone.contest)
        ]

    async def _page(
        self,
        request: web.Request,
        running: Running,
        refused: Said | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> web.StreamResponse:
        lang, now_ms = guard.language(request), self._service.now_ms()
        who, figures = guard.signed_in(request).login, await self._figures(running)
        opened = [
            motion_view.proposal(
                running, one, await self._cases(running, one.motion), who, now_ms, lang, figures
            )
            for one in await self._chamber.open(running)
        ]
        values: dict[str, Any] = {
            "campaign": running.id,
            "proposals": opened,
            "latest": [
                {
                    "id": one.id,
                    "kind": one.kind,
                    "by": one.by,
                    "second": one.second,
                    "at": case_view.moment(one.at_ms, running),
                    "state": "interrupted" if one.is_unrecorded else one.state,
                }
                for one in await self._chamber.latest(running, _LATEST)
            ],
            "contests": contests(running, lang),
            "barred": _barred(running),
            "closes": [
                (
                    channel,
                    room_form.local(running, running.window(channel).closes_ms),
                    case_view.moment(running.window(channel).closes_ms, running),
                )
                for channel in CHANNELS
            ],
            "reasons": {kind: case_view.reasons(words, lang) for kind, words in acts.REASONS.items()},
            "early": now_ms <= running.settled_ms,
            "settled": case_view.moment(running.settled_ms, running),
            "is_open": running.opened and not running.closed,
            "zone": running.campaign.timezone,
            "refused": refused.text if refused else "",
            "entered": defaultdict(str, fields or {}),
            "entries": case_view.numbers(request.query.get("entries", "")),
            "back": "acts",
        }
        return guard.render(request, "acts.html", values, refused.status if refused else 200, WORDS)


def _no_entry(node: str, seq: int) -> Flaw:
    return Flaw("no_such_entry", f"{node}/{seq}" if node else str(seq))


def _contest(shown: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    (rows,) = [contest["candidates"] for contest in shown["contests"] if contest["id"] == name]
    return list(rows)


def _rank(rank: int | None) -> str:
    return "–" if rank is None else str(rank)


def _barred(running: Running) -> list[tuple[str, str]]:
    """Barred lines: what forms call them, and as they are shown."""
    named = [(room_form.barred_name(running, line), caller.mask(line)) for line in running.barred]
    return sorted(named, key=lambda one: one[1])
