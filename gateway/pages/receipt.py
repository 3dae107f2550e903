"""Receipts, for whoever has a code: `/receipt`, `/receipt/{code}`, and the proof to keep.

A code that nobody has gets the same page with other words, as long, after the same work. Nothing here is
logged, kept by caches, or says whom a message was for.

Where ballots are open, the ledger tells of every entry what it chose. So a code, which leads to its entry, is
looked up only once the result is final; until then it gets the very answer that nobody's gets.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from aiohttp import web

from gateway.intake.receive import RETRY_SECONDS, Networks, client
from gateway.intake.running import Running
from gateway.ledger import publisher
from gateway.ledger.folder import Folder, Missing
from gateway.pages import guard, public, receipt_view
from gateway.pages.allowance import Allowance
from gateway.pages.words_receipt import WORDS
from gateway.people.places import network
from gateway.people.roles import PUBLIC
from gateway.service import Service
from gateway.storage import receipts
from gateway.storage.store import Filed, Place, Unavailable
from tally import note, receipt, tiles
from tally.receipt import BadCode, BadReceipt, Receipt

#: What one address may ask: a hall full of people behind one router, then one look-up a second.
BURST: Final = 120
REFILL_MS: Final = 1_000
#: Every answer is filled up to this, so that its length tells nothing to who watches the line.
PAGE_BYTES: Final = 8_192

_HEADERS: Final[Mapping[str, str]] = {
    **public.HEADERS,
    "Content-Security-Policy": public.HEADERS["Content-Security-Policy"].replace(
        "form-action 'none'", "form-action 'self'"
    ),
    "Cache-Control": "no-store",
}


class _Denied(Exception):
    """The look-up ends here: a word of the catalogue, and how long to wait."""

    def __init__(self, word: str, status: int, seconds: int = 0) -> None:
        super().__init__(word)
        self.word, self.status, self.seconds = word, status, seconds


class _Found(NamedTuple):
    """A message that has the code, its campaign, and the newest checkpoint, "" if that does not cover it."""

    filed: Filed
    running: Running
    checkpoint: str


def routes(
    service: Service, node: str, trusted_proxies: Networks, final: Callable[[str], bool]
) -> list[web.RouteDef]:
    """The routes of the receipts; `final` says whether a campaign's result is. Also needs `public.set_up`."""
    pages = _Receipts(service, node, trusted_proxies, final)
    return [
        guard.get("/receipt", pages.form, PUBLIC),
        guard.get("/receipt/{code}", pages.page, PUBLIC),
        guard.get("/receipt/{code}/proof", pages.proof, PUBLIC),
    ]


class _Receipts:
    def __init__(
        self, service: Service, node: str, trusted_proxies: Networks, final: Callable[[str], bool]
    ) -> None:
        self._service, self._node, self._proxies, self._final = service, node, trusted_proxies, final
        self._allowance = Allowance(BURST, REFILL_MS)

    async def form(self, request: web.Request) -> web.Response:
        """The form; what was typed in leads on to its page."""
        typed = request.query.get("code")
        if typed is None:
            held = receipt_view.held(self._held(), public.asking(request).lang)
            return _draw(request, {**receipt_view.BLANK, "held": held})
        try:
            code = receipt.spelled(receipt.read_code(typed))
        except BadCode:
            return _deny(request, _Denied("bad_code", 400), typed)
        asked = public.asking(request)
        location = f"/receipt/{code}" + (f"?lang={asked.lang}" if asked.kept else "")
        return web.Response(status=303, headers={**_HEADERS, "Location": location})

    async def page(self, request: web.Request) -> web.Response:
        """What became of the message that has the code."""
        try:
            code = _code(request)
            found = await self._look_up(request, code)
        except _Denied as denied:
            return _deny(request, denied)
        lang = public.asking(request).lang
        if found is None:
            return _draw(request, receipt_view.nothing(code, self._held(), lang))
        signed = found.checkpoint != ""
        return _draw(request, receipt_view.page(code, found.filed, found.running, signed=signed, lang=lang))

    async def proof(self, request: web.Request) -> web.Response:
        """The proof as a file, under the newest checkpoint."""
        try:
            code = _code(request)
            found = await self._look_up(request, code)
        except _Denied as denied:
            return _deny(request, denied)
        if found is None or not found.checkpoint:
            return _deny(request, _Denied("unsigned", 404))
        try:
            file = await asyncio.to_thread(self._prove, found)
        except (Missing, BadReceipt):
            return _deny(request, _Denied("unavailable", 503))
        name = f"{receipt.spelled(code)}.tlog-proof"
        headers = {**_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(body=file, content_type="text/plain", charset="utf-8", headers=headers)

    async def _look_up(self, request: web.Request, code: int) -> _Found | None:
        """The message that has the code. Raises `_Denied`."""
        now_ms = self._service.now_ms()
        address = network(client(request, self._proxies))
        if wait_ms := self._allowance.wait_ms(address, now_ms):
            raise _Denied("wait", 429, -(-wait_ms // 1000))
        try:
            known, filed = await self._service.store.run(receipts.look_up, code, self._decoy(code))
        except Unavailable:
            raise _Denied("unavailable", 503) from None
        if filed is None:
            return None
        campaign, _, node = filed.log.partition("/")
        running = self._service.campaigns.get(campaign)
        if running is None or not running.receipts:
            return None
        checkpoint = await asyncio.to_thread(self._checkpoint, running, node, filed.place.seq)
        return _Found(filed, running, checkpoint) if known and running not in self._held() else None

    def _held(self) -> list[Running]:
        """The campaigns whose codes are not told yet."""
        return [
            running
            for name, running in self._service.campaigns.items()
            if running.receipts and running.open_ballots and not self._final(name)
        ]

    def _decoy(self, code: int) -> Place:
        """A message to read where nobody has the code: any, and with every code another."""
        giving = [name for name, running in self._service.campaigns.items() if running.receipts]
        if not giving:
            return Place(0, 0)
        head = self._service.recorder.head(giving[code % len(giving)])
        return Place(head.log_id, code % max(head.size, 1))

    def _folder(self, running: Running) -> Folder:
        return self._service.publisher.folder(running.id)

    def _checkpoint(self, running: Running, node: str, seq: int) -> str:
        """The newest checkpoint, "" if the entry is not under it, or stands in another node's log."""
        signed = self._folder(running).checkpoint() if node == self._node else ""
        if not signed:
            return ""
        verifier = publisher.signer(running, node).verifier
        return signed if seq < note.read_checkpoint(note.open_note(signed, [verifier])).size else ""

    def _prove(self, found: _Found) -> bytes:
        """The proof, which is checked before it is handed out. Raises `Missing`, `BadReceipt`."""
        verifier = publisher.signer(found.running, self._node).verifier
        size = note.read_checkpoint(note.open_note(found.checkpoint, [verifier])).size
        seq = found.filed.place.seq
        hashes = tiles.Reader(size, self._folder(found.running).read).inclusion(seq)
        file = Receipt(found.filed.stored.leaf, seq, tuple(hashes), found.checkpoint).pack()
        receipt.check(file, verifier)
        return file


def _code(request: web.Request) -> int:
    try:
        return receipt.read_code(request.match_info["code"])
    except BadCode:
        raise _Denied("bad_code", 400) from None


def _draw(request: web.Request, values: Mapping[str, Any], status: int = 200) -> web.Response:
    text = public.render(request, "receipt.html", values, WORDS)
    text += " " * (PAGE_BYTES - len(text.encode()))
    response = public.respond(text, public.asking(request).lang, status)
    response.headers.update(_HEADERS)
    return response


def _deny(request: web.Request, denied: _Denied, typed: str = "") -> web.Response:
    lang = public.asking(request).lang
    values = receipt_view.problem(denied.word, lang, typed[:100], denied.seconds)
    response = _draw(request, values, denied.status)
    if denied.status in (429, 503):
        response.headers["Retry-After"] = str(denied.seconds or RETRY_SECONDS)
    return response
