"""Handing in a call log at the desk: choose it, see how its rows would end, then record it.

Nothing is kept between the two: the same file is sent twice, and what is recorded must be what was tried.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from aiohttp import web

from config.problems import Lang
from gateway.desk import handin
from gateway.desk.handin import MOST_BYTES, Log, Shown
from gateway.intake.calllog import UnreadableLog
from gateway.intake.importer import Summary
from gateway.intake.source import Source
from gateway.pages import desk_view, guard, words_rows
from gateway.pages.words_desk import OUTCOMES, WORDS
from gateway.people.roles import Role
from gateway.service import Service
from tally.outcome import MessageOutcome

_log = structlog.get_logger()

#: The form around the file.
_ROOM: Final = 64 * 1024


def routes(service: Service) -> list[web.RouteDef]:
    """The routes of the hand-in."""
    pages, operator = _Pages(service), guard.only(Role.OPERATOR)
    path = "/operator/{campaign}/upload"
    return [
        guard.get(path, pages.form, operator),
        guard.post(path, pages.take, operator, body_bytes=MOST_BYTES + _ROOM),
    ]


class _Wrong(Exception):
    """What is handed in cannot be read: a key of the catalogue, a status, and what the reader says of it."""

    def __init__(self, word: str, status: int = 422, told: str = "", log: Log | None = None) -> None:
        super().__init__(word)
        self.word, self.status, self.told, self.log = word, status, told, log


class _Pages:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._turn = asyncio.Lock()  # one file at a time: votes go first

    async def form(self, request: web.Request) -> web.Response:
        """Choose a file."""
        return self._page(request)

    async def take(self, request: web.Request) -> web.Response:
        """A file, to be tried or recorded."""
        given = await guard.form(request)
        try:
            log = await self._handed_in(request, given)
            async with self._turn:
                return await self._read(request, log, given)
        except _Wrong as wrong:
            return self._page(request, wrong.status, error=wrong.word, told=wrong.told, log=wrong.log)

    async def _read(self, request: web.Request, log: Log, given: dict[str, str]) -> web.Response:
        """Try a file, or record one that was tried."""
        record = given.get("act") == "record"
        if record and given.get("tried") != log.seal:
            raise _Wrong("upload_changed", 409, log=log)
        try:
            first = await asyncio.to_thread(log.first)
            summary = await (handin.recorded if record else handin.tried)(self._service, log)
        except UnreadableLog as unreadable:
            told = getattr(unreadable, guard.language(request))
            raise _Wrong("upload_unreadable", told=told, log=log) from None
        if record:
            login = guard.signed_in(request).login
            _log.info("log_handed_in", source=log.source.name, account=login, rows=summary.rows)
        return self._page(request, log=log, first=first, summary=summary, recorded=record)

    async def _handed_in(self, request: web.Request, given: dict[str, str]) -> Log:
        """The file in the form. Raises `_Wrong`."""
        _, content = await guard.file(request)
        source = self._sources(request).get(given.get("source", ""))
        if source is None:
            raise _Wrong("upload_no_source")
        if not content:
            raise _Wrong("upload_no_file")
        usual = _columns(source) if handin.by_name(source) else {}
        named = {word: given.get(f"column-{word}", "").strip()[:100] for word in usual}
        columns = {word: name for word, name in named.items() if name and name != usual[word]}
        return Log(source, content, columns)

    def _sources(self, request: web.Request) -> dict[str, Source]:
        """The campaign's call logs."""
        campaign = request.match_info["campaign"]
        return {
            name: source
            for name, source in self._service.sources.items()
            if source.calllog is not None and source.running.id == campaign
        }

    def _page(
        self,
        request: web.Request,
        status: int = 200,
        *,
        error: str = "",
        told: str = "",
        log: Log | None = None,
        first: Sequence[Shown] = (),
        summary: Summary | None = None,
        recorded: bool = False,
    ) -> web.Response:
        sources, lang = self._sources(request), guard.language(request)
        values = {
            "campaign": request.match_info["campaign"],
            "sources": list(sources),
            "chosen": log.source.name if log else next(iter(sources), ""),
            "megabytes": MOST_BYTES // 1024 // 1024,
            "error": error,
            "told": told,
            "columns": {**_columns(log.source), **log.columns} if log else {},
            "header": _header(log) if log else [],
            "first": [_first(row, log, lang) for row in first] if log else [],
            "summary": summary,
            "bad": [(line, words_rows.said(note, lang)) for line, note in (summary.bad if summary else ())],
            "endings": _endings(summary, request) if summary else [],
            "recorded": recorded,
            "tried": log.seal if log and summary and not recorded else "",
        }
        return guard.render(request, "handin.html", values, status, WORDS)


def _columns(source: Source) -> dict[str, str]:
    return dict(source.calllog.columns) if source.calllog else {}


def _header(log: Log) -> list[str]:
    try:
        return log.header()
    except UnreadableLog:
        return []


def _first(row: Shown, log: Log, lang: Lang) -> tuple[Shown, str]:
    """A row as it is shown, and when its call began, "" if that is not known."""
    began = "" if row.sent_ms is None else desk_view.moment(row.sent_ms, log.source.running)
    return row._replace(note=words_rows.said(row.note, lang)), began


def _endings(summary: Summary, request: web.Request) -> list[tuple[str, str, int]]:
    """Outcomes with their words and counts, the most frequent first."""
    lang = guard.language(request)
    words = desk_view.words(OUTCOMES, lang)
    return [
        (outcome, words[MessageOutcome(outcome)], count) for outcome, count in summary.outcomes.most_common()
    ]
