"""The committee's page on which statements are compared with our record, and what differs is dealt with.

Nothing of a file is kept: it is sent again with what is to be done about it, and what it comes to must be
what was seen.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog
from aiohttp import web

from config.problems import Lang
from config.spreadsheet.faults import Faulty
from gateway.intake.revise import Refused
from gateway.intake.running import Running
from gateway.intake.source import Source
from gateway.pages import guard, reconcile_view
from gateway.pages.committee import running_of
from gateway.pages.guard import only
from gateway.pages.words_reasons import REFUSED
from gateway.pages.words_reconcile import KINDS, RECONCILE
from gateway.people.roles import Role
from gateway.reconcile import books, comparing, entering
from gateway.reconcile.columns import TEMPLATES
from gateway.reconcile.comparing import Report
from gateway.reconcile.statement import File, Statement
from gateway.service import Service
from gateway.spreadsheet import template
from gateway.storage import cases
from tally.verify import Tampered

_log = structlog.get_logger()

MOST_BYTES: Final = 96 * 1024 * 1024
#: The form around the files, with its explanations.
_ROOM: Final = 2 * 1024 * 1024
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def routes(service: Service) -> list[web.RouteDef]:
    """The page, and what is done on it. For the committee alone."""
    pages, committee = _Pages(service), only(Role.COMMITTEE)
    path = "/committee/{campaign}/reconcile"
    return [
        guard.get(path, pages.page, committee),
        guard.post(path, pages.take, committee, body_bytes=MOST_BYTES + _ROOM),
        guard.get(f"{path}/template/{{name}}", pages.template, committee),
    ]


class _Wrong(Exception):
    """Why it cannot be compared, or was not done: a word of the catalogue, and a status. `told` is a sentence
    more."""

    def __init__(self, word: str, status: int = 422, told: str = "", faults: Sequence[str] = ()) -> None:
        super().__init__(word)
        self.word, self.status, self.told, self.faults = word, status, told, faults


class _Asked(NamedTuple):
    """What the form asks."""

    running: Running
    source: Source
    zone: str
    fields: Mapping[str, str]
    by: str


class _Done(NamedTuple):
    """What is shown of it."""

    report: Report
    brought: str = ""
    entered: int | None = None


class _Pages:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._turn = asyncio.Lock()  # one at a time: votes go first

    async def page(self, request: web.Request) -> web.StreamResponse:
        """How each source stands, and the form."""
        return await self._page(request, running_of(request, self._service))

    async def template(self, request: web.Request) -> web.StreamResponse:
        """An empty statement."""
        running_of(request, self._service)
        chosen = TEMPLATES.get(request.match_info["name"])
        if chosen is None:
            raise guard.TurnedAway("unknown")
        headers = {**guard.HEADERS, "Content-Disposition": f'attachment; filename="{chosen.name}"'}
        return web.Response(body=template.write([chosen.page]), content_type=_XLSX, headers=headers)

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Compare, bring in, or enter."""
        running, fields = running_of(request, self._service), await guard.form(request)
        report: Report | None = None
        try:
            asked = self._asked(request, running, fields)
            async with self._turn, _kept(request) as files:
                statement = await asyncio.to_thread(Statement, files, asked.zone)
                report = await self._compare(asked, statement)
                done = await self._do(asked, statement, report, guard.language(request))
        except Faulty as faulty:
            wrong = _Wrong("faulty", faults=faulty.said(guard.language(request)))
        except Refused as refused:
            told = REFUSED[refused.word].by(guard.language(request))
            wrong = _Wrong("was_refused", 409, told=told)
        except Tampered:
            wrong = _Wrong("damaged", 409)
        except _Wrong as error:
            wrong = error
        else:
            return await self._page(request, running, done, fields=fields)
        return await self._page(request, running, _Done(report) if report else None, wrong, fields)

    def _asked(self, request: web.Request, running: Running, fields: Mapping[str, str]) -> _Asked:
        source = self._service.sources.get(fields.get("source", ""))
        if source is None or source.running is not running:
            raise _Wrong("no_source")
        zone = "UTC" if fields.get("zone") == "UTC" else running.campaign.timezone
        return _Asked(running, source, zone, fields, guard.signed_in(request).login)

    async def _compare(self, asked: _Asked, statement: Statement) -> Report:
        others = [
            name
            for name, source in self._service.sources.items()
            if source.running is asked.running and source is not asked.source
        ]
        async with self._service.store.reader() as reader:
            return await comparing.compare(asked.running, asked.source, others, statement, reader)

    async def _do(self, asked: _Asked, statement: Statement, report: Report, lang: Lang) -> _Done:
        act, fields = asked.fields.get("act", "check"), asked.fields
        if act not in ("bring", "record"):
            return _Done(report)
        if fields.get("tried") != report.seal:
            raise _Wrong("changed", 409)
        if act == "record":
            explained = reconcile_view.explained(report, fields, entering.LONGEST)
            note = fields.get("note", "").strip()[: entering.LONGEST]
            place = await entering.enter(self._service, asked.running, report, explained, asked.by, note)
            _log.info("reconciliation_entered", source=report.source, account=asked.by)
            return _Done(report, entered=place.seq)
        reasons = [name.removeprefix("bring-") for name in fields if name.startswith("bring-")]
        came = await entering.bring_in(
            self._service, asked.running, asked.source, statement, report, reasons, asked.by
        )
        _log.info("backfilled", source=report.source, account=asked.by, messages=came.outcomes.total())
        report = await self._compare(asked, statement)
        return _Done(report, brought=reconcile_view.brought(came.outcomes, came.before, came.ahead, lang))

    async def _page(
        self,
        request: web.Request,
        running: Running,
        done: _Done | None = None,
        wrong: _Wrong | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> web.StreamResponse:
        lang, fields = guard.language(request), fields or {}
        messages = await self._service.messages(running.id)
        report = done.report if done else None
        own = [name for name, one in self._service.sources.items() if one.running is running]
        values: dict[str, Any] = {
            "campaign": running.id,
            "standings": [
                (one.source, f"{one.messages:,}", one.state)
                for one in books.standings(running.progress, messages)
            ],
            "complete": running.progress.is_reconciled(messages),
            "closed": running.closed,
            "certified": running.certified,
            "sources": [(name, name) for name in own],
            "chosen": fields.get("source", ""),
            "zone": running.campaign.timezone,
            "utc": fields.get("zone") == "UTC",
            "megabytes": MOST_BYTES // 1024 // 1024,
            "templates": list(TEMPLATES),
            "wrong": RECONCILE[wrong.word].by(lang) if wrong else "",
            "told": wrong.told if wrong else "",
            "faults": wrong.faults if wrong else [],
            "report": report,
            "brought": done.brought if done else "",
            "entered": "" if done is None or done.entered is None else str(done.entered),
            "most": reconcile_view.MOST,
            "note": fields.get("note", ""),
        }
        if report is not None:
            nodes = await self._service.store.run(cases.logs, running.id)
            values |= {
                "figures": {name: f"{n:,}" for name, n in report.figures.items()},
                "groups": reconcile_view.groups(report, fields, lang),
                "items": reconcile_view.items(report, nodes, running, fields, lang),
                "slip": reconcile_view.slip(report, lang),
                "tried": report.seal,
                "may_bring": report.whole
                and running.closed
                and not running.certified
                and report.compared.count("missing") > 0,
            }
        status = wrong.status if wrong else 200
        return guard.render(request, "reconcile.html", values, status, {**RECONCILE, **KINDS})


@asynccontextmanager
async def _kept(request: web.Request) -> AsyncIterator[list[File]]:
    """The files of a form on disk, for as long as they are looked at. Raises `_Wrong` if there is none."""
    with tempfile.TemporaryDirectory(prefix="televote-statement-") as folder:
        files = list[File]()
        for field in await guard.files(request):
            path = Path(folder) / str(len(files))
            await asyncio.to_thread(_copy, field, path)
            if path.stat().st_size:
                files.append(File(path, field.filename[-60:]))
        if not files:
            raise _Wrong("no_file")
        yield files


def _copy(field: web.FileField, path: Path) -> None:
    with path.open("wb") as copy:
        shutil.copyfileobj(field.file, copy, 1 << 20)
