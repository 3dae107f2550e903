"""How commands reach a running server: a Unix socket in the data folder, for its owner alone.

The server holds the database; `import` and `close` hand it their work instead of opening it themselves. Where
several nodes may share the folder each has a socket of its own, and a command asks any that answers.
"""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from socket import AF_UNIX
from socket import socket as Socket  # noqa: N812 -- ours is a path
from typing import Any, Final, TypeVar

from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector, web
from pydantic import ValidationError

from config.settings import Settings
from gateway.asked import USERS, Close, Erase, Take
from gateway.erasure import NotErased
from gateway.intake.importer import Landed
from gateway.intake.inbound import Inbound
from gateway.intake.recorder import Busy, Stopping
from gateway.intake.schedule import TooEarly
from gateway.pages import guard
from gateway.people.roles import OWNER
from gateway.service import Service
from gateway.storage.sqlite import is_locked
from gateway.storage.store import Unavailable

_LARGEST: Final = 256 * 1024 * 1024
_BUSY_SECONDS: Final = 0.5
_PATH_BYTES: Final = 100  # a socket's path has room for 107

T = TypeVar("T")


class NotServing(RuntimeError):
    """The server could not be asked, or could not do it; the message says why."""


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


def is_served(settings: Settings) -> bool:
    """Whether a process, which should be the server, has what these settings name.

    The lock of a file tells for every data folder. PostgreSQL is on another machine: there it is whoever
    listens in this folder, and a server elsewhere that has the node's name is found when the store is opened.
    """
    if not settings.storage.is_postgresql:
        database = Path(settings.database)
        return database.parent.exists() and is_locked(database)
    return _answers(_answering(settings))


def socket(settings: Settings) -> Path:
    """A node's socket in its data folder, by its shorter spelling."""
    name = f"control-{settings.node}.sock" if settings.storage.is_postgresql else "control.sock"
    absolute = (Path(settings.data) / name).absolute()
    return min(absolute, Path(os.path.relpath(absolute)), key=lambda path: len(os.fsencode(path)))


def _answering(settings: Settings) -> Path:
    """The socket of a node that answers in this data folder: rather our own node's than another's."""
    own = socket(settings)
    return next(filter(_answers, [own, *sorted(own.parent.glob("control-*.sock"))]), own)


def _answers(path: Path) -> bool:
    with closing(Socket(AF_UNIX)) as asked:
        return asked.connect_ex(str(path)) == 0


async def carry_out(service: Service, campaign: str, number: str, by: str, reason: str, *, now: bool) -> int:
    """Erase what a number has sent, or everybody if it is ""; returns how many messages.

    Raises as `Eraser.number`.
    """
    running = service.campaigns[campaign]
    if number:
        return await service.eraser.number(running, number, by, reason, now=now)
    return await service.eraser.everybody(running, by, reason)


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
        except ValidationError as error:
            return web.json_response({"error": _unfit(error)}, status=400)
        except Unknown as error:
            return web.json_response({"error": str(error)}, status=404)
        except Busy as error:
            return web.json_response({"error": str(error)}, status=503)
        except (Stopping, Unavailable, TooEarly, NotErased) as error:
            return web.json_response({"error": str(error)}, status=409)
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
    path = socket(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    if len(os.fsencode(path)) > _PATH_BYTES:
        raise NotServing(f"the path of {path} is too long for a socket: use a shorter data folder")
    path.unlink(missing_ok=True)
    return path


class Client:
    """A command's side."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session
        self._turn, self._failed = asyncio.Lock(), False

    async def take(self, source: str, inbound: Sequence[Inbound]) -> list[Landed]:
        """Have messages recorded, in the order of the calls, and none after some that could not be: or of
        a caller's two votes the later might count. Raises `NotServing`."""
        asked = {"source": source, "messages": [_plain(one) for one in inbound]}
        async with self._turn:
            if self._failed:
                raise NotServing("the messages before these could not be recorded")
            self._failed = True
            answer = await self._ask("POST", "/take", asked)
            self._failed = False
        return [Landed(*one) for one in answer["landed"]]

    async def close(self, campaign: str, by: str, reason: str, now: bool) -> None:
        """Have a campaign closed. Raises `NotServing`."""
        await self._ask("POST", "/close", {"campaign": campaign, "by": by, "reason": reason, "now": now})

    async def erase(self, asked: Mapping[str, Any]) -> int:
        """Have messages erased (`carry_out`); returns how many. Raises `NotServing`."""
        return int((await self._ask("POST", "/erase", asked))["messages"])

    async def users(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Have something done to accounts (`people.carry_out`). Raises `NotServing`."""
        return await self._ask("POST", "/users", asked)

    async def status(self) -> dict[str, Any]:
        """How the server is. Raises `NotServing`."""
        return await self._ask("GET", "/status", None)

    async def metrics(self) -> str:
        """Its own metrics, as Prometheus reads them. Raises `NotServing`."""
        return str((await self._ask("GET", "/exposition", None))["text"])

    async def _ask(self, method: str, path: str, value: object) -> dict[str, Any]:
        try:
            while True:
                async with self._session.request(method, f"http://televote{path}", json=value) as response:
                    answer: dict[str, Any] = await response.json()
                if response.status != 503:
                    break
                await asyncio.sleep(_BUSY_SECONDS)  # votes go first; a log can wait
        except (ClientError, OSError, ValueError) as error:
            raise NotServing(
                f"the server does not answer on its control socket ({type(error).__name__})"
            ) from error
        if "error" in answer:
            raise NotServing(answer["error"])
        return answer


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Client]:
    """A client of a server that holds this data folder."""
    async with connect_to(_answering(settings), seconds=600) as client:
        yield client


@asynccontextmanager
async def connect_to(path: Path, seconds: float) -> AsyncIterator[Client]:
    """A client of the server whose socket this is. No answer takes longer."""
    connector = UnixConnector(path=str(path))
    async with ClientSession(connector=connector, timeout=ClientTimeout(total=seconds)) as session:
        yield Client(session)


def _plain(inbound: Inbound) -> dict[str, Any]:
    return {**inbound._asdict(), "raw": base64.b64encode(inbound.raw).decode()}
