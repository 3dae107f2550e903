"""The committee's records: messages looked up, the history of one, and the log of acts. They only show.

A search is a form; its result has an address of its own that names the search, never what was searched for.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from config.problems import Lang
from gateway.intake.revise import Case
from gateway.intake.running import Running
from gateway.pages import act_view, case_view, guard, room_form
from gateway.pages.committee import WORDS as ROOM
from gateway.pages.committee import Said, attempt, contests, running_of
from gateway.pages.guard import only
from gateway.pages.room_form import Flaw
from gateway.pages.words_reasons import KINDS
from gateway.pages.words_rulings import RECORDS
from gateway.people.roles import Role
from gateway.room import records
from gateway.room.records import Acted, Archive, Ends, Query
from gateway.room.searches import Searches
from gateway.service import Service
from gateway.storage.store import Place
from tally import acts, receipt
from tally.outcome import MessageOutcome

_PAGE: Final = 50
#: So many logs an address may name: a campaign has one for each node, and for each of its epochs.
_LOGS: Final = 200
_WORDS: Final = {**ROOM, **RECORDS}
_NEWEST: Final = Query()


def routes(service: Service) -> list[web.RouteDef]:
    """Messages, one message, and acts. For the committee alone."""
    pages, committee = _Records(service), only(Role.COMMITTEE)
    path = "/committee/{campaign}/records"
    return [
        guard.get(path, pages.found, committee),
        guard.post(path, pages.search, committee),
        guard.get(f"{path}/acts", pages.acts, committee),
        guard.get(f"{path}/{{node}}/{{entry}}", pages.record, committee),
        guard.post(f"{path}/{{node}}/{{entry}}/caller", pages.caller, committee),
    ]


class _Records:
    def __init__(self, service: Service) -> None:
        self._service, self._searches = service, Searches()
        self._archives = {name: Archive(running) for name, running in service.campaigns.items()}

    async def found(self, request: web.Request) -> web.StreamResponse:
        """What a search has found so far; the newest messages if there is none."""
        running, who = running_of(request, self._service), guard.signed_in(request).login
        named = request.query.get("search", "")
        query = self._searches.named(running.id, who, named) if named else _NEWEST
        return await self._found(request, running, query, named)

    async def search(self, request: web.Request) -> web.StreamResponse:
        """Begin a search."""
        running, lang = running_of(request, self._service), guard.language(request)
        fields = await guard.form(request)
        ended = await attempt(self._search(request, running, fields), lang)
        if isinstance(ended, Said):
            return await self._found(request, running, _NEWEST, "", ended, fields)
        return ended

    async def caller(self, request: web.Request) -> web.StreamResponse:
        """All messages of one message's caller: whoever asks need not know the number."""
        running = running_of(request, self._service)
        opening = (await self._case(request, running)).opening
        number = "" if opening is None else opening.line or opening.given
        return self._go(request, running, Query(number=number, told=False))

    async def record(self, request: web.Request) -> web.StreamResponse:
        """One message: as it came, what was done about it and why, and as it stands."""
        running, lang = running_of(request, self._service), guard.language(request)
        case = await self._case(request, running)
        values = {
            **self._shared(running),
            "case": case_view.shown(running, case, lang),
            "received": self._received(running, case, lang),
            "steps": [case_view.step(running, act, lang) for act in case.acts],
            "receipt": await self._receipt(running, case),
            "receipt_held": running.keeps_receipts,
            "decided_by": case.opening.decided_by if case.opening else "",
            "counts": any(one[2] == "counted" for one in case.selections),
            "void_reasons": case_view.reasons(acts.REASONS["void"], lang),
            "reveal_reasons": case_view.reasons(acts.REASONS["reveal"], lang),
        }
        return guard.render(request, "record.html", values, words=_WORDS)

    async def acts(self, request: web.Request) -> web.StreamResponse:
        """The log of acts, newest first."""
        running, lang = running_of(request, self._service), guard.language(request)
        kind = request.query.get("kind", "")
        after = case_view.place(request.query.get("after", ""))
        async with self._service.store.reader() as reader:
            done, rest = await self._archives[running.id].acts(
                reader, kind if kind in KINDS else "", after, _PAGE
            )
        values = {
            **self._shared(running),
            "acts": [_act(running, one, lang) for one in done],
            "kinds": [(word, said.by(lang)) for word, said in KINDS.items()],
            "kind": kind,
            "rest": case_view.key(rest) if rest else "",
        }
        return guard.render(request, "actlog.html", values, words=_WORDS)

    async def _search(
        self, request: web.Request, running: Running, fields: Mapping[str, str]
    ) -> web.StreamResponse:
        code = fields.get("code", "").strip().upper()
        return self._go(
            request,
            running,
            Query(
                records.number(fields.get("number", "")),
                "" if running.keeps_figures_back else code,
                _known(fields.get("outcome", ""), MessageOutcome),
                _known(fields.get("source", ""), self._sources(running)),
                _instant(running, fields.get("since", "")),
                _instant(running, fields.get("until", "")),
            ),
        )

    def _go(self, request: web.Request, running: Running, query: Query) -> web.StreamResponse:
        name = self._searches.keep(running.id, guard.signed_in(request).login, query)
        return guard.see_other(f"/committee/{running.id}/records?search={name}")

    async def _found(
        self,
        request: web.Request,
        running: Running,
        query: Query | None,
        named: str,
        refused: Said | None = None,
        entered: Mapping[str, str] | None = None,
    ) -> web.StreamResponse:
        lang, asked = guard.language(request), query or _NEWEST
        after = _ends(request.query.get("after", "")) if refused is None else None
        async with self._service.store.reader() as reader:
            found = await self._archives[running.id].search(reader, asked, after, _PAGE)
        values = {
            **self._shared(running),
            "cases": [case_view.shown(running, case, lang) for case in found.cases],
            "rest": ".".join(case_view.key(Place(*end)) for end in found.after.items()),
            "looked": f"{found.looked:,}",
            "search": named if query else "",
            "forgotten": query is None,
            "whose": "" if asked.told else case_view.masked(asked.number, asked.number),
            "asked": defaultdict(str, entered or _asked(running, asked)),
            "codes": contests(running, lang),
            "outcomes": [(one.value, case_view.outcome_text(one, lang)) for one in MessageOutcome],
            "sources": [(name, name) for name in self._sources(running)],
            "refused": refused.text if refused else "",
        }
        status = refused.status if refused else 200
        return guard.render(request, "records.html", values, status, _WORDS)

    async def _case(self, request: web.Request, running: Running) -> Case:
        node, named = request.match_info["node"], request.match_info["entry"]
        seq = int(named) if named.isascii() and named.isdecimal() and len(named) < 16 else -1
        place = await self._service.casebook.place(running.id, node, seq)
        case = None if place is None else await self._service.casebook.case(running.id, place)
        if case is None:
            raise guard.TurnedAway("unknown")
        return case

    async def _receipt(self, running: Running, case: Case) -> str:
        """The message's receipt code, "" if it has none, or may not be told yet."""
        if not running.receipts or running.keeps_receipts:
            return ""
        (filed,) = await self._service.store.filed([case.place])
        return receipt.spelled(receipt.number(filed.stored.leaf_hash))

    def _shared(self, running: Running) -> dict[str, Any]:
        return {
            "campaign": running.id,
            "zone": running.campaign.timezone,
            "kept_back": running.keeps_figures_back,
        }

    def _sources(self, running: Running) -> list[str]:
        return [name for name, source in self._service.sources.items() if source.running is running]

    @staticmethod
    def _received(running: Running, case: Case, lang: Lang) -> dict[str, Any]:
        """How the message ended when it came."""
        if case.opening is None:
            return {"outcome": "", "choices": []}
        return {
            "outcome": case_view.outcome_text(case.opening.outcome, lang),
            "choices": case_view.choices(running, case.opening.selections, lang),
        }


def _known(word: str, allowed: Any) -> str:
    if word and word not in tuple(allowed):
        raise Flaw("form")
    return word


def _instant(running: Running, text: str) -> int | None:
    """A form's date and time in the campaign's zone, None if it is empty. Raises `Flaw`."""
    if not text:
        return None
    at = room_form.date_and_time(text)
    return int(at.replace(tzinfo=at.tzinfo or running.zone).timestamp() * 1000)


def _asked(running: Running, query: Query) -> dict[str, str]:
    """A search as its form had it."""
    times = {"since": query.since_ms, "until": query.until_ms}
    return {
        "number": query.number if query.told else "",
        "code": query.code,
        "outcome": query.outcome,
        "source": query.source,
        **{name: "" if at is None else room_form.local(running, at) for name, at in times.items()},
    }


def _act(running: Running, acted: Acted, lang: Lang) -> dict[str, Any]:
    """An act of the log: what is public of it, and the committee's note."""
    leaf, private = acted.act.leaf, acted.act.private
    return {
        "entry": acted.place.seq,
        "node": acted.node,
        "at": case_view.moment(leaf.at_ms, running),
        "kind": leaf.kind,
        "kind_text": KINDS[leaf.kind].by(lang) if leaf.kind in KINDS else leaf.kind,
        "by": leaf.detail.get("by", ""),
        "second": leaf.detail.get("second", ""),
        "reason": case_view.reason(leaf.detail.get("reason", ""), lang),
        "about": leaf.detail.get("entry"),
        "about_node": leaf.detail.get("node", acted.node),
        "number": case_view.masked(private.get("line", ""), "") if leaf.kind in ("bar", "unbar") else "",
        "note": private.get("note", ""),
        "detail": act_view.told(running, leaf.detail, lang),
    }


def _ends(named: str) -> Ends | None:
    """Where a search goes on in each log, as the address of its next page names it; None at the beginning."""
    places = [place for one in named.split(".")[:_LOGS] if (place := case_view.place(one)) is not None]
    return dict(places) or None
