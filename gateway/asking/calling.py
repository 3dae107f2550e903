"""How a command, or another worker, reaches a running server: by the socket that `control` answers at.

It may be asked often, and by what should start fast (`televote health`): little is loaded here.
"""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from socket import AF_UNIX
from socket import socket as endpoint
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector

from config.settings import Settings
from gateway.intake.importer import Landed
from gateway.intake.inbound import Inbound
from gateway.storage.sqlite import is_locked

_BUSY_SECONDS: Final = 0.5


class NotServing(RuntimeError):
    """The server could not be asked, or could not do it; the message says why."""


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
    with closing(endpoint(AF_UNIX)) as asked:
        return asked.connect_ex(str(path)) == 0


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
