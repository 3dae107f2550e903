"""Receipts, for whoever has a code: `/receipt`, `/receipt/{code}`, and the proof to keep.

A code that nobody has gets the same page with other words, as long, after the same work. Nothing here is
logged, kept by caches, or says whom a message was for.

Where ballots are open, the ledger tells of every entry what it chose. So a code, which leads to its entry, is
looked up only once the result is certified; until then it gets the very answer that nobody's gets.
"""

import asyncio
from collections.abc import Mapping
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
from tally.tiles import BadTile

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
    """A message that has the code: its leaf, its log, its place there, its campaign, and the log's newest
    checkpoint, "" if that does not cover it. `filed` is None if all but the leaf was lost."""

    leaf: bytes
    node: str
    seq: int
    running: Running
    checkpoint: str
    filed: Filed | None


def routes(service: Service, trusted_proxies: Networks) -> list[web.RouteDef]:
    """The routes of the receipts. The application also needs `public.set_up`."""
    pages = _Receipts(service, trusted_proxies)
    return [
        guard.get("/receipt", pages.form, PUBLIC),
        guard.get("/receipt/{code}", pages.page, PUBLIC),
        guard.get("/receipt/{code}/proof", pages.proof, PUBLIC),
    ]


class _Receipts:
    def __init__(self, service: Service, trusted_proxies: Networks) -> None:
        self._service, self._proxies = service, trusted_proxies
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
            found, known = await self._look_up(request, code)
        except _Denied as denied:
            return _deny(request, denied)
        lang = public.asking(request).lang
        # Both pages are drawn, whichever is answered: the one of a message takes longer.
        nobodys = _draw(request, receipt_view.nothing(code, self._held(), lang))
        if found is None:
            return nobodys
        message, signed = receipt_view.Message(found.leaf, found.seq, found.filed), found.checkpoint != ""
        told = receipt_view.page(code, message, found.running, signed=signed, lang=lang)
        somebodys = _draw(request, told)
        return somebodys if known else nobodys

    async def proof(self, request: web.Request) -> web.Response:
        """The proof as a file, under the newest checkpoint."""
        try:
            code = _code(request)
            found, known = await self._look_up(request, code)
        except _Denied as denied:
            return _deny(request, denied)
        if found is None or not known or not found.checkpoint:
            return _deny(request, _Denied("unsigned", 404))
        try:
            file = await asyncio.to_thread(self._prove, found)
        except (Missing, BadReceipt):
            return _deny(request, _Denied("unavailable", 503))
        name = f"{receipt.spelled(code)}.tlog-proof"
        headers = {**_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(body=file, content_type="text/plain", charset="utf-8", headers=headers)

    async def _look_up(self, request: web.Request, code: int) -> tuple[_Found | None, bool]:
        """The message that has the code, and True; or any, and False, if none has it, or it is not told yet.

        Raises `_Denied`.
        """
        now_ms = self._service.now_ms()
        address = network(client(request, self._proxies))
        if wait_ms := self._allowance.wait_ms(address, now_ms):
            raise _Denied("wait", 429, -(-wait_ms // 1000))
        try:
            known, filed, lost = await self._service.store.run(receipts.look_up, code, self._decoy(code))
        except Unavailable:
            raise _Denied("unavailable", 503) from None
        log, seq = (filed.log, filed.place.seq) if filed is not None else lost or ("", 0)
        campaign, _, node = log.partition("/")
        running = self._service.campaigns.get(campaign)
        if running is None or not running.receipts:
            return None, False
        checkpoint = await asyncio.to_thread(self._checkpoint, running, node, seq)
        try:
            leaf = filed.stored.leaf if filed else await asyncio.to_thread(self._leaf, running, node, seq)
        except (Missing, BadTile):
            raise _Denied("unavailable", 503) from None
        return _Found(leaf, node, seq, running, checkpoint, filed), known and not running.keeps_receipts

    def _held(self) -> list[Running]:
        """The campaigns whose codes are not told yet."""
        return [running for running in self._service.campaigns.values() if running.keeps_receipts]

    def _decoy(self, code: int) -> Place:
        """A message to read where nobody has the code: any, and with every code another."""
        giving = [name for name, running in self._service.campaigns.items() if running.receipts]
        if not giving:
            return Place(0, 0)
        head = self._service.recorder.head(giving[code % len(giving)])
        return Place(head.log_id, code % max(head.size, 1))

    def _folder(self, running: Running, node: str) -> Folder | None:
        return self._service.publisher.folder(running.id, node)

    def _checkpoint(self, running: Running, node: str, seq: int) -> str:
        """The newest checkpoint, "" if the entry is not under it, or stands in another node's log."""
        folder = self._folder(running, node)
        signed = folder.checkpoint() if folder else ""
        if not signed:
            return ""
        return signed if seq < _size(running, node, signed) else ""

    def _leaf(self, running: Running, node: str, seq: int) -> bytes:
        """An entry, from the published files. Raises `Missing`, `BadTile`."""
        folder = self._folder(running, node)
        if folder is None:
            raise Missing(node)
        number, at = divmod(seq, tiles.WIDTH)
        return tiles.entries(folder.read(tiles.Name(-1, number, at + 1)))[at]

    def _prove(self, found: _Found) -> bytes:
        """The proof, which is checked before it is handed out. Raises `Missing`, `BadReceipt`."""
        folder = self._folder(found.running, found.node)
        if folder is None:
            raise Missing(found.node)
        size = _size(found.running, found.node, found.checkpoint)
        hashes = tiles.Reader(size, folder.read).inclusion(found.seq)
        file = Receipt(found.leaf, found.seq, tuple(hashes), found.checkpoint).pack()
        receipt.check(file, publisher.signer(found.running, found.node).verifier)
        return file


def _size(running: Running, node: str, checkpoint: str) -> int:
    verifier = publisher.signer(running, node).verifier
    return note.read_checkpoint(note.open_note(checkpoint, [verifier])).size


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
