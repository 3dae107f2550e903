"""A process that forks others to do one thing to a house, and to be killed at a moment of it: cheap deaths.

Lines of JSON come in, one a thing to do, and one goes out when its process has ended. `kill` is the how
manieth write it dies at (SIGKILL, before or after the write); 0 for none. What a child puts out as a
checkpoint is kept, in `published`, so that no checkpoint that anybody could have seen is forgotten.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

from config import load
from config.load import Loaded
from gateway.intake.inbound import Inbound
from gateway.keeping import epoch
from gateway.ledger.folder import Folder
from gateway.ledger.marks import Forked
from gateway.storage import append, migrate, sqlite
from gateway.storage import epochs as begun
from gateway.storage.sqlite import open_store
from gateway.storage.store import Unsafe
from gateway.watching import watch
from tally.note import Signer
from tests.conftest import House

CAMPAIGN = "beita-2018"
REFUSED, BEGUN_NOT = 3, 4


class Home(House):
    """A house with its database somewhere else, perhaps."""

    other = ""

    def load(self) -> Loaded:
        return load.everything(
            self.settings, {"TELEVOTE_STORAGE__URL": f"sqlite:{self.other}"} if self.other else {}
        )


def die_at(write: int) -> None:
    """Be killed at a write: an odd one before, an even one after it is done."""
    count = 0

    def mortal(done: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(done)
        def doing(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            for result in (None, done):
                count += 1
                if count == write:
                    os.kill(os.getpid(), signal.SIGKILL)
                if result is not None:
                    continue
                answer = done(*args, **kwargs)
            return answer

        return doing

    for owner, name in (
        (os, "fsync"),
        (Path, "replace"),
        (Path, "write_bytes"),
        (Signer, "sign"),
        (sqlite, "_append"),
        (append, "append_one"),
        (sqlite, "_settle"),
        (begun, "append_one"),
        (begun, "begin"),
    ):
        setattr(owner, name, mortal(getattr(owner, name)))


def remember(folder: Path) -> None:
    """Keep every checkpoint that is put out."""
    put = Folder.put_checkpoint

    def putting(self: Folder, signed: str) -> None:
        put(self, signed)
        with (folder / "published").open("a", encoding="utf-8") as file:
            file.write(json.dumps(signed) + "\n")

    Folder.put_checkpoint = putting  # type: ignore[method-assign]  # to be killed just there


async def send(house: Home, first: int, count: int) -> int:
    """Messages, some at a time, signed in between."""
    try:
        async with house.service() as counting:
            for number in range(first, first + count):
                one = Inbound(f"m{number}", f"138{number:08d}", "A01" if number % 3 else "不要A01")
                await counting.take(counting.sources["sim"], [one])
                if number % 2:
                    await counting.publisher.tick()
            await counting.publisher.tick()
            return REFUSED if counting.publisher.forked else 0
    except (Forked, FileNotFoundError):  # or another one of us took its half-written tile away: it stops
        return REFUSED


async def begin(house: Home) -> int:
    try:
        async with epoch.beginning(house.load(), CAMPAIGN) as beginning:
            await beginning.begin("wang", "li", "a trial", house.clock.ms)
    except Unsafe:
        return BEGUN_NOT
    return 0


async def bring_up(database: Path) -> int:
    """Migrate a database."""
    async with open_store(database):
        return 0


def do(asked: dict[str, Any]) -> int:
    watch.log_to(level="critical")
    house = Home(Path(asked["folder"]))
    house.other = asked.get("database", "")
    remember(house.folder)
    die_at(asked["kill"])
    match asked["do"]:
        case "send":
            return asyncio.run(send(house, asked["first"], asked["count"]))
        case "begin":
            return asyncio.run(begin(house))
        case "migrate":
            if "statement" in asked:
                die_in_sql(asked["statement"])
            # Nobody handles this signal: it kills at once, in the midst of a write of SQLite's, too.
            signal.setitimer(signal.ITIMER_REAL, asked.get("seconds", 0.0))
            return asyncio.run(bring_up(Path(asked["database"])))
    raise ValueError(asked)


def die_in_sql(statement: int) -> None:
    """Be killed when so many statements of migrations are done; also in the midst of the next one's "
    "commit."""
    count = 0
    told = migrate._statements

    def counted(sql: str) -> Any:
        nonlocal count
        for one in told(sql):
            if count == statement:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1
            yield one

    migrate._statements = counted  # type: ignore[assignment]  # to be killed just there


def child(asked: dict[str, Any]) -> None:
    code = 1
    with suppress(KeyboardInterrupt):
        code = do(asked)
    os._exit(code)


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        children = []
        for one in asked:
            pid = os.fork()
            if pid == 0:
                child(one)
            children.append(pid)
        ended = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
        sys.stdout.write(json.dumps(ended) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
