"""The ledger's files over HTTP, for anybody, under `/ledger/{campaign}/{node}/`.

`checkpoint`, `cosigned`, `tile/…` and `key`. The logs of earlier epochs stay (`n1` beside `n1.e2`).

Where ballots are open, the entries would tell the figures: they are kept back until the public may see those.
Checkpoints, tiles of hashes and a log's first entry alone, by which an epoch goes on, are not: whoever
watches the log needs nothing else.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from aiohttp import web

from gateway.intake.running import Running
from gateway.ledger import publisher
from gateway.ledger.folder import Folder, Missing
from gateway.ledger.publisher import Publisher
from gateway.pages import guard
from tally import entry, tiles

_FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_BRIEFLY: Final = {"Cache-Control": "public, max-age=1"}
_KEPT_BACK: Final = "ballots are open: the entries are published when the figures are\n"
_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "*"}


def _is_first_act(name: tiles.Name, bundle: bytes) -> bool:
    """Whether the bundle is a log's first entry alone, and that is an act."""
    return name == tiles.Name(-1, 0, 1) and tiles.entries(bundle, 1)[0].startswith(entry.ACT.encode())


def routes(published: Publisher, campaigns: Mapping[str, Running]) -> list[web.RouteDef]:
    """The routes of the logs that this node keeps."""

    def folder(request: web.Request) -> Folder:
        campaign, node = request.match_info["campaign"], request.match_info["node"]
        found = published.folder(campaign, node) if campaign in campaigns else None
        if found is None:
            raise web.HTTPNotFound
        return found

    async def told(request: web.Request, read: Callable[[Folder], str]) -> web.Response:
        signed = await asyncio.to_thread(read, folder(request))
        if not signed:
            raise web.HTTPNotFound
        return web.Response(text=signed, content_type="text/plain", headers={**_HEADERS, **_BRIEFLY})

    async def checkpoint(request: web.Request) -> web.Response:
        """The newest, with what witnesses have signed of it by now."""
        return await told(request, Folder.served)

    async def cosigned(request: web.Request) -> web.Response:
        """The newest that a witness has signed: while votes come in, a little older than the newest."""
        return await told(request, Folder.cosigned)

    async def key(request: web.Request) -> web.Response:
        folder(request)
        signer = publisher.signer(campaigns[request.match_info["campaign"]], request.match_info["node"])
        text = signer.verifier.vkey + "\n"
        return web.Response(text=text, content_type="text/plain", headers={**_HEADERS, **_BRIEFLY})

    async def tile(request: web.Request) -> web.Response:
        try:
            name = tiles.read_name(request.match_info["tile"])
            content = await asyncio.to_thread(folder(request).read, name)
        except (tiles.BadTile, Missing):
            raise web.HTTPNotFound from None
        public = campaigns[request.match_info["campaign"]].entries_are_public
        if name.level < 0 and not public and not _is_first_act(name, content):
            raise web.HTTPForbidden(text=_KEPT_BACK, headers=_HEADERS)
        return web.Response(
            body=content, content_type="application/octet-stream", headers={**_HEADERS, **_FOREVER}
        )

    path = "/ledger/{campaign}/{node}"
    return [
        guard.get(f"{path}/checkpoint", checkpoint, guard.PUBLIC),
        guard.get(f"{path}/cosigned", cosigned, guard.PUBLIC),
        guard.get(f"{path}/key", key, guard.PUBLIC),
        guard.get(f"{path}/tile/{{tile:.+}}", tile, guard.PUBLIC),
    ]
