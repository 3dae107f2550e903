"""The committee's pages of nominations: the list, one form with its endorsements and files, the roster."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from config.nominations import Nominating
from config.problems import Lang
from config.spreadsheet import workbook
from config.spreadsheet.faults import Faulty
from gateway.intake.running import Running
from gateway.nominations import checks, papers, pictures, roster, sheet
from gateway.nominations.cabinet import Lost
from gateway.nominations.checks import Flaw
from gateway.nominations.forms import FORMS, STAGES
from gateway.nominations.register import (
    KINDS,
    PAPER,
    Nomination,
    NominationRefused,
    Register,
    Unkept,
    nominating_of,
)
from gateway.nominations.roster import NotWritten
from gateway.pages import guard, nominations_view, times
from gateway.pages.committee import running_of
from gateway.pages.words_nominations import REFUSED, WORDS
from gateway.people.roles import Role
from gateway.service import Service
from gateway.spreadsheet import template

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: The form around a file; and a form whose 20,000 characters are written as %E4%B8%80.
_ROOM: Final = 64 * 1024
_FORM_BYTES: Final = 512 * 1024
#: An endorsement that has not been begun.
_EMPTY: Final = {"stage": "", "ruling": "agree", "who": "", "on": "", "note": "", "code": ""}
#: Of a file that somebody has handed in: it opens nothing, and nothing is made of it but what it says it is.
FILE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def routes(service: Service, register: Register, campaigns: Path) -> list[web.RouteDef]:
    """The committee's routes. `campaigns` is the folder of the campaign files."""
    pages, committee = _Pages(service, register, campaigns), guard.only(Role.COMMITTEE)
    front = "/committee/{campaign}/nominations"
    path, one = f"{front}/{{contest}}", f"{front}/{{contest}}/{{number:[0-9]+}}"
    return [
        guard.get(front, pages.front, committee),
        guard.post("/committee/{campaign}/roster", pages.write, committee),
        guard.get(path, pages.listed, committee),
        guard.get(f"{path}/new", pages.new, committee),
        guard.post(path, pages.enter, committee, body_bytes=_FORM_BYTES),
        guard.get(f"{path}/template", pages.template, committee),
        guard.post(f"{path}/import", pages.take, committee, body_bytes=workbook.MOST_BYTES + _ROOM),
        guard.get(one, pages.one, committee),
        guard.post(one, pages.change, committee, body_bytes=_FORM_BYTES),
        guard.post(f"{one}/endorse", pages.endorse, committee),
        guard.post(f"{one}/code", pages.recode, committee),
        guard.post(f"{one}/withdraw", pages.withdraw, committee),
        guard.post(f"{one}/files", pages.attach, committee, body_bytes=papers.MOST_BYTES + _ROOM),
        guard.get(f"{one}/files/{{file}}", pages.file, committee),
        guard.post(f"{one}/files/{{file}}/remove", pages.detach, committee),
    ]


class _Pages:
    def __init__(self, service: Service, register: Register, campaigns: Path) -> None:
        self._service, self._register, self._campaigns = service, register, campaigns

    # The list

    async def front(self, request: web.Request) -> web.StreamResponse:
        """The first contest that is nominated for."""
        running = running_of(request, self._service)
        for contest in running.campaign.nominations:
            return guard.see_other(f"{request.path}/{contest}")
        return guard.render(request, "nominations.html", {"tabs": []}, words=WORDS)

    async def listed(self, request: web.Request) -> web.StreamResponse:
        """The nominations of a contest, and its roster."""
        return await self._list(request)

    async def template(self, request: web.Request) -> web.StreamResponse:
        """The spreadsheet to fill in."""
        running, contest, nominating = self._contest(request)
        page = sheet.template(nominating, running.campaign.contests_by_id[contest].name[:31])
        named = f'attachment; filename="{running.id}-{contest}.xlsx"'
        headers = {**guard.HEADERS, "Content-Disposition": named}
        return web.Response(body=template.write([page]), content_type=_XLSX, headers=headers)

    async def take(self, request: web.Request) -> web.StreamResponse:
        """A spreadsheet: all of it, or nothing and what is wrong."""
        running, contest, _ = self._contest(request)
        _, content = await guard.file(request)
        if not content:
            return await self._list(request, 422, error="no_file_given")
        try:
            await self._register.take(running, contest, content, guard.signed_in(request).login)
        except Faulty as faulty:
            return await self._list(request, 422, faults=faulty.said(guard.language(request)))
        except NominationRefused as refused:
            return await self._list(request, 409, refused=refused.word)
        return guard.see_other(self._path(running, contest), done="imported")

    async def write(self, request: web.Request) -> web.StreamResponse:
        """Put the roster into the campaign file."""
        running = running_of(request, self._service)
        contests = list(running.campaign.nominations)
        if not contests:
            raise guard.TurnedAway("unknown")
        contest = (await guard.form(request)).get("contest", "")
        contest = contest if contest in contests else contests[0]
        try:
            await self._register.write(running, self._campaigns / f"{running.id}.toml")
        except NominationRefused as refused:
            return await self._list(request, 409, contest=contest, refused=refused.word)
        except NotWritten as problem:
            lang = guard.language(request)
            about = problem.about(running.campaign, lang)
            told = WORDS[problem.word].by(lang).format(about=about)
            return await self._list(request, 409, contest=contest, told=told)
        except OSError as error:
            about = error.strerror or type(error).__name__
            told = WORDS["roster_disk"].by(guard.language(request)).format(about=about)
            return await self._list(request, 409, contest=contest, told=told)
        return guard.see_other(self._path(running, contest), done="roster")

    async def _list(
        self,
        request: web.Request,
        status: int = 200,
        *,
        contest: str = "",
        error: str = "",
        refused: str = "",
        told: str = "",
        faults: Sequence[str] = (),
    ) -> web.StreamResponse:
        running = running_of(request, self._service)
        contest = contest or request.match_info["contest"]
        self._nominating(running, contest)
        lang = guard.language(request)
        heads = await self._register.heads(running)
        of_contest = [one for one in heads if one.contest == contest]
        asked = request.query.get("page", "")
        page = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
        rows, more = nominations_view.rows(of_contest, lang, page)
        approved = await self._register.approved(running)
        timetable, today = running.campaign.timetable, self._register.today(running)
        begins, ends = timetable.nominations_open, timetable.nominations_close
        values: dict[str, Any] = {
            "campaign": running.id,
            "contest": contest,
            "tabs": self._tabs(running, contest, lang),
            "may": self._register.may_change(running),
            "outside": (begins is not None and today < begins) or (ends is not None and today > ends),
            "rows": rows,
            "page": page,
            "more": more,
            "sums": nominations_view.sums(of_contest, lang),
            "approved": sum(map(len, approved.values())),
            "same": approved == roster.of_campaign(running.campaign),
            "error": error,
            "told": told or (REFUSED[refused].by(lang) if refused else ""),
            "faults": faults[: nominations_view.MOST_FAULTS],
            "faults_all": len(faults),
            "megabytes": workbook.MOST_BYTES // 1024 // 1024,
        }
        return guard.render(request, "nominations.html", values, status, WORDS)

    # One

    async def new(self, request: web.Request) -> web.StreamResponse:
        """An empty form."""
        return await self._form(request)

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """Keep a new nomination."""
        running, contest, _ = self._contest(request)
        given = await guard.form(request)
        try:
            id_ = await self._register.enter(running, contest, given, guard.signed_in(request).login)
        except Unkept as unkept:
            return await self._form(request, 422, typed=given, flaws=unkept.flaws)
        except NominationRefused as refused:
            return await self._form(request, 409, typed=given, refused=refused.word)
        return guard.see_other(f"{self._path(running, contest)}/{id_}", done="saved")

    async def one(self, request: web.Request) -> web.StreamResponse:
        """One nomination."""
        return await self._page(request)

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Keep another version."""
        running, contest, id_ = self._one(request)
        given = await guard.form(request)
        try:
            await self._register.change(running, contest, id_, given, guard.signed_in(request).login)
        except Unkept as unkept:
            return await self._page(request, 422, typed=given, flaws=unkept.flaws)
        except NominationRefused as refused:
            return await self._page(request, 409, typed=given, refused=refused.word)
        return guard.see_other(request.path, done="saved")

    async def endorse(self, request: web.Request) -> web.StreamResponse:
        """Record an endorsement."""
        running, contest, id_ = self._one(request)
        given = await guard.form(request)
        stage = given.get("stage", "")
        if stage not in STAGES:
            raise guard.TurnedAway("unreadable")
        try:
            await self._register.endorse(running, contest, id_, stage, given, guard.signed_in(request).login)
        except Unkept as unkept:
            return await self._page(request, 422, endorsing=given, wrong=unkept.flaws)
        except NominationRefused as refused:
            return await self._page(request, 409, endorsing=given, refused=refused.word)
        return guard.see_other(f"{self._path(running, contest)}/{id_}", done="endorsed")

    async def recode(self, request: web.Request) -> web.StreamResponse:
        """Give another code."""
        given = await guard.form(request)
        running, contest, id_ = self._one(request)
        login = guard.signed_in(request).login
        return await self._done(
            request, self._register.recode(running, contest, id_, given.get("code", ""), login), "recoded"
        )

    async def withdraw(self, request: web.Request) -> web.StreamResponse:
        """Take back, or up again."""
        given = await guard.form(request)
        running, contest, id_ = self._one(request)
        out, login = given.get("act") != "restore", guard.signed_in(request).login
        doing = self._register.withdraw(
            running, contest, id_, out=out, reason=given.get("reason", ""), by=login
        )
        return await self._done(request, doing, "withdrawn" if out else "restored")

    async def attach(self, request: web.Request) -> web.StreamResponse:
        """Add a file."""
        given = await guard.form(request)
        running, contest, id_ = self._one(request)
        name, content = await guard.file(request)
        if not content:
            return await self._page(request, 422, error="no_file_given")
        kind, login = given.get("kind", ""), guard.signed_in(request).login
        doing = self._register.attach(running, contest, id_, kind, name, content, login)
        return await self._done(request, doing, "attached")

    async def detach(self, request: web.Request) -> web.StreamResponse:
        """Destroy a file."""
        running, contest, id_ = self._one(request)
        login = guard.signed_in(request).login
        doing = self._register.detach(running, contest, id_, self._file(request), login)
        return await self._done(request, doing, "detached")

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file: photos are shown, papers are only ever saved."""
        running, contest, id_ = self._one(request)
        try:
            await self._register.head(running, contest, id_)
            one, content = await self._register.file(running, id_, self._file(request))
        except (NominationRefused, Lost):
            raise guard.TurnedAway("unknown") from None
        how = "attachment" if one.kind == PAPER else "inline"
        named = f'{how}; filename="{contest}-{id_}-{one.id}.{papers.ENDINGS[one.media]}"'
        headers = {**guard.HEADERS, **FILE_HEADERS, "Content-Disposition": named}
        return web.Response(body=content, content_type=one.media, headers=headers)

    async def _done(self, request: web.Request, doing: Any, word: str) -> web.StreamResponse:
        try:
            await doing
        except NominationRefused as refused:
            return await self._page(request, 409, refused=refused.word)
        running, contest, id_ = self._one(request)
        return guard.see_other(f"{self._path(running, contest)}/{id_}", done=word)

    async def _form(
        self,
        request: web.Request,
        status: int = 200,
        *,
        typed: Mapping[str, str] | None = None,
        flaws: Sequence[Flaw] = (),
        refused: str = "",
    ) -> web.StreamResponse:
        running, contest, nominating = self._contest(request)
        lang, form = guard.language(request), FORMS[nominating.form]
        values = {
            **self._frame(running, contest, nominating, lang),
            "action": self._path(running, contest),
            "nominated": None,
            "inputs": nominations_view.inputs(form, typed or {}, flaws, lang),
            "wrong": nominations_view.faults(flaws, lang),
            "told": REFUSED[refused].by(lang) if refused else "",
        }
        return guard.render(request, "nomination.html", values, status, WORDS)

    async def _page(
        self,
        request: web.Request,
        status: int = 200,
        *,
        typed: Mapping[str, str] | None = None,
        flaws: Sequence[Flaw] = (),
        endorsing: Mapping[str, str] | None = None,
        wrong: Sequence[Flaw] = (),
        refused: str = "",
        error: str = "",
    ) -> web.StreamResponse:
        running, contest, id_ = self._one(request)
        lang = guard.language(request)
        try:
            one = await self._register.one(running, contest, id_)
        except NominationRefused as missing:
            if missing.word == "no_nomination":
                raise guard.TurnedAway("unknown") from None
            return await self._list(request, 409, refused=missing.word)
        nominating = nominating_of(running, contest)
        frame = self._frame(running, contest, nominating, lang)
        values = {
            **frame,
            "action": f"{self._path(running, contest)}/{id_}",
            "nominated": one.head,
            "inputs": nominations_view.inputs(one.form, typed or one.values, flaws, lang),
            "told": (REFUSED[refused].by(lang) if refused else "")
            or (WORDS[error].by(lang) if error else ""),
            **self._beside(one, running, lang, may=frame["may"]),
            "endorsing": {**_EMPTY, **(endorsing or {})},
            "wrong": nominations_view.faults([*flaws, *wrong], lang),
            "history": [
                (times.shown(did.at_ms, running.zone), did.by, *self._did(did, one, lang))
                for did in await self._register.history(id_)
            ],
        }
        return guard.render(request, "nomination.html", values, status, WORDS)

    def _beside(self, one: Nomination, running: Running, lang: Lang, *, may: bool) -> dict[str, Any]:
        """What stands beside the form."""
        return {
            "standing": WORDS[f"standing_{one.head.standing}"].by(lang),
            "forgotten": one.forgotten,
            "missing": [nominations_view.said(flaw, lang) for flaw in one.flaws],
            "mine": checks.first_person(one.values.get("deeds", "")),
            "stages": nominations_view.stages(one.form, one.head, lang),
            "endorsable": nominations_view.endorsable(one.form, one.head, lang, may=may),
            "rulings": [(key, WORDS[f"ruling_{key}"].by(lang)) for key in ("agree", "disagree", "return")],
            "today": self._register.today(running).isoformat(),
            "files": [nominations_view.file_row(file, lang) for file in one.files],
            "kinds": [(kind, WORDS[f"kind_{kind}"].by(lang)) for kind in KINDS],
            "limits": {
                "photo": pictures.MOST_BYTES >> 20,
                "paper": papers.MOST_BYTES >> 20,
                "least": pictures.LEAST_SIDE,
                "most": pictures.MOST_SIDE,
            },
        }

    def _did(self, did: Any, one: Nomination, lang: Lang) -> tuple[str, str]:
        """What was done, and about what."""
        what = WORDS[f"did_{did.what}"].by(lang)
        if did.what != "opinion":
            return what, did.detail
        labels = {stage.key: stage.label for stage in nominations_view.stages(one.form, one.head, lang)}
        return what, f"{labels[did.detail]}：{WORDS[f'ruling_{did.more}'].by(lang)}"

    def _frame(self, running: Running, contest: str, nominating: Nominating, lang: Lang) -> dict[str, Any]:
        codes = nominating.codes
        return {
            "campaign": running.id,
            "contest": contest,
            "list": self._path(running, contest),
            "form_name": FORMS[nominating.form].name.by(lang),
            "may": self._register.may_change(running),
            "codes": f"{codes.code(codes.first)}–{codes.code(codes.last)}",
        }

    def _tabs(self, running: Running, contest: str, lang: Lang) -> list[tuple[str, str, bool]]:
        named = running.campaign.contests_by_id
        return [
            (self._path(running, id_), named[id_].name_in(lang), id_ == contest)
            for id_ in running.campaign.nominations
        ]

    def _path(self, running: Running, contest: str) -> str:
        return f"/committee/{running.id}/nominations/{contest}"

    def _contest(self, request: web.Request) -> tuple[Running, str, Nominating]:
        running, contest = running_of(request, self._service), request.match_info["contest"]
        return running, contest, self._nominating(running, contest)

    def _nominating(self, running: Running, contest: str) -> Nominating:
        try:
            return nominating_of(running, contest)
        except NominationRefused:
            raise guard.TurnedAway("unknown") from None

    def _one(self, request: web.Request) -> tuple[Running, str, int]:
        running, contest, _ = self._contest(request)
        number = request.match_info["number"]
        if len(number) > 15:
            raise guard.TurnedAway("unknown")
        return running, contest, int(number)

    def _file(self, request: web.Request) -> int:
        number = request.match_info["file"]
        if not (number.isascii() and number.isdigit() and len(number) < 16):
            raise guard.TurnedAway("unknown")
        return int(number)
