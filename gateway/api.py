"""The standings for the committee and its dashboards: JSON, asked for or streamed, behind one token."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from gateway.pages import guard
from gateway.pages.events import relay
from gateway.people.roles import TOKEN
from gateway.watching.board import Board

#: Of every answer: what the committee sees is not for caches, and is what it says it is.
HEADERS: Final[Mapping[str, str]] = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def routes(board: Board, token: bytes, ping_seconds: float = 15.0) -> list[web.RouteDef]:
    """The routes under `/api/`, for those who know `token`.

    A stream without news carries a comment every `ping_seconds`. Raises what `behind` raises.
    """
    api = _Api(board, ping_seconds)
    campaign = "/api/campaigns/{id}"
    return [
        guard.get("/api/campaigns", behind(token, api.campaigns), TOKEN),
        guard.get(f"{campaign}/standings", behind(token, api.standings), TOKEN),
        guard.get(f"{campaign}/standings/stream", behind(token, api.stream), TOKEN, allow_head=False),
    ]


class _Api:
    def __init__(self, board: Board, ping_seconds: float) -> None:
        self._board, self._ping_seconds = board, ping_seconds

    async def campaigns(self, _: web.Request) -> web.Response:
        listed = [
            {"id": name, "name": running.campaign.name, "status": self._board.standings(name)["status"]}
            for name, running in self._board.campaigns().items()
        ]
        return _json({"campaigns": listed})

    async def standings(self, request: web.Request) -> web.Response:
        campaign = request.match_info["id"]
        if campaign not in self._board.campaigns():
            return _json({"error": "unknown_campaign"}, status=404)
        return _json(self._board.committee(campaign))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        campaign = request.match_info["id"]
        if campaign not in self._board.campaigns():
            return _json({"error": "unknown_campaign"}, status=404)
        return await relay(request, self._board.stream(campaign, "api"), HEADERS, self._ping_seconds)


def behind(token: bytes, handler: guard.Handler) -> guard.Handler:
    """The handler, for requests with `Authorization: Bearer <token>` only; others get a 401.

    Raises `ValueError` if the token is empty: it would keep nobody out.
    """
    if not token:
        raise ValueError("a token must not be empty")
    expected = hashlib.sha256(token).digest()

    async def guarded(request: web.Request) -> web.StreamResponse:
        given = _bearer(request)
        if given is None:
            return _unauthorized('Bearer realm="televote"')
        if not hmac.compare_digest(hashlib.sha256(given).digest(), expected):
            return _unauthorized('Bearer realm="televote", error="invalid_token"')
        return await handler(request)

    return guarded


def _bearer(request: web.Request) -> bytes | None:
    """The token that was given, None unless exactly one was. Total: any header is read."""
    headers = request.headers.getall("Authorization", ())
    if len(headers) != 1:
        return None
    scheme, _, token = headers[0].partition(" ")
    token = token.strip(" ")
    return token.encode("utf-8", "surrogateescape") if scheme.lower() == "bearer" and token else None


def _unauthorized(challenge: str) -> web.Response:
    response = _json({"error": "unauthorized"}, status=401)
    response.headers["WWW-Authenticate"] = challenge
    return response


def _json(value: Mapping[str, Any], status: int = 200) -> web.Response:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return web.Response(text=text, status=status, content_type="application/json", headers=HEADERS)
