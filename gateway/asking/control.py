"""What commands may have a running server do: at a Unix socket in the data folder, for its owner alone.

The server holds the database; `import` and `close` hand it their work (`calling`) instead of opening it
themselves. Where several nodes may share the folder each has a socket of its own, and a command asks any that
answers.
"""

import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from aiohttp import web
from pydantic import ValidationError

from config.settings import Settings
from gateway.asking import calling
from gateway.asking.asked import USERS, Close, Erase, Take
from gateway.asking.calling import NotServing
from gateway.intake.recorder import NOT_NOW, Busy
from gateway.intake.revise import Refused
from gateway.intake.schedule import TooEarly
from gateway.keeping.erasure import NotErased
from gateway.pages import guard
from gateway.people.roles import OWNER
from gateway.service import Service
from gateway.storage.store import Conflict

_LARGEST: Final = 256 * 1024 * 1024
_OTHERS_FIRST: Final = "somebody else did something first: look how it stands now, and try again"
_PATH_BYTES: Final = 100  # a socket's path has room for 107

T = TypeVar("T")


class Unknown(LookupError):
    """The server has nothing of that name."""


def _there(things: Mapping[str, T], name: str, what: str) -> T:
    if name not in things:
        raise Unknown(f"the server has no {what} of that name: is its configuration older?")
    return things[name]


def _unfit(error: ValidationError) -> str:
    """What is wrong with a request, without what it says."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part)[:40] for part in first["loc"]) or "the whole"
    return f"the server cannot read this ({first['type']} at {where}): are both of one version?"


async def carry_out(service: Service, campaign: str, number: str, by: str, reason: str, *, now: bool) -> int:
    """Erase what a number has sent, or everybody if it is ""; returns how many messages.

    Raises as `Eraser.number`.
    """
    running = service.campaigns[campaign]
    if number:
        return await service.eraser.number(running, number, by, reason, now=now)
    return await service.eraser.everybody(running, by, reason)


_TOLD: Final = (
    ValidationError, Unknown, *NOT_NOW, TooEarly, NotErased, Refused, Conflict, OSError,
)  # fmt: skip


def _answer(error: Exception) -> tuple[str, int]:
    """Why something was not done, for whoever asked, and the status."""
    match error:
        case ValidationError():
            return _unfit(error), 400
        case Unknown():
            return str(error), 404
        case Busy():
            return str(error), 503
        case Refused() | Conflict():
            return _OTHERS_FIRST, 409
        case OSError():
            return f"the system: {error.strerror}", 409
        case _:
            return str(error), 409


def application(
    service: Service,
    status: Callable[[], dict[str, Any]],
    users: Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]],
    exposition: Callable[[], bytes],
) -> web.Application:
    """The server's side."""

    async def take(request: web.Request) -> web.Response:
        asked = Take.model_validate_json(await request.read())
        source = _there(service.sources, asked.source, "source")
        inbound = [one.inbound() for one in asked.messages]
        return web.json_response({"landed": await service.take(source, inbound)})

    async def close(request: web.Request) -> web.Response:
        asked = Close.model_validate_json(await request.read())
        running = _there(service.campaigns, asked.campaign, "campaign")
        await service.schedule.close(running, asked.by, asked.reason, asked.now)
        return web.json_response({})

    async def erase(request: web.Request) -> web.Response:
        asked = Erase.model_validate_json(await request.read())
        _there(service.campaigns, asked.campaign, "campaign")
        return web.json_response({"messages": await carry_out(service, **dict(asked))})

    async def people(request: web.Request) -> web.Response:
        return web.json_response(await users(dict(USERS.validate_json(await request.read()))))

    async def tell(_: web.Request) -> web.Response:
        return web.json_response(status())

    async def metrics(_: web.Request) -> web.Response:
        return web.json_response({"text": exposition().decode()})

    @web.middleware
    async def said(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            response: web.StreamResponse = await handler(request)
        except _TOLD as error:
            text, status = _answer(error)
            return web.json_response({"error": text}, status=status)
        return response

    app = web.Application(client_max_size=_LARGEST, middlewares=[said])
    app.add_routes(
        [
            guard.post("/take", take, OWNER),
            guard.post("/close", close, OWNER),
            guard.post("/erase", erase, OWNER),
            guard.post("/users", people, OWNER),
            guard.get("/status", tell, OWNER),
            guard.get("/exposition", metrics, OWNER),
        ]
    )
    return app


def listen(settings: Settings) -> Path:
    """Makes room for the socket. Raises `NotServing` if its path is too long for the system."""
    path = calling.socket(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    if len(os.fsencode(path)) > _PATH_BYTES:
        raise NotServing(f"the path of {path} is too long for a socket: use a shorter data folder")
    path.unlink(missing_ok=True)
    return path
