"""No fork is signed, whatever dies when, whatever database is put back, and whoever else is started.

A trial is a house to which such things happen, one after the other. At the end all checkpoints that were ever
put out of one log are beginnings of one tree.
"""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.checking import audit
from gateway.ledger.folder import Folder
from tally import merkle, note, tiles
from tests.conftest import House
from tests.gateway.killed import BEGUN_NOT, CAMPAIGN, REFUSED

ROOT = Path(__file__).parents[2]
#: The seeds of the long run.
FIRST, TRIALS = int(os.environ.get("EPOCH_FIRST", "100")), int(os.environ.get("EPOCH_TRIALS", "500"))


class Forks:
    """The process that forks others."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.gateway.killed"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            cwd=ROOT,
        )

    def do(self, *asked: dict[str, Any]) -> list[int]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        ended: list[int] = json.loads(self._process.stdout.readline())
        assert set(ended) <= {0, REFUSED, BEGUN_NOT, -signal.SIGKILL, -signal.SIGALRM}, ended
        return ended

    def close(self) -> None:
        self._process.communicate(timeout=30)


@contextmanager
def forking() -> Iterator[Forks]:
    """The process, and its end."""
    forks = Forks()
    try:
        yield forks
    finally:
        forks.close()


@pytest.fixture(name="forks", scope="module")
def _forks() -> Iterator[Forks]:
    with forking() as forks:
        yield forks


class Trial:
    """A house, and what happens to it."""

    def __init__(self, house: House, forks: Forks, seed: int) -> None:
        self.house, self.forks, self.rng = house, forks, random.Random(seed)
        self.sent, self.copies, self.done = 0, 0, list[str]()

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        return {"folder": str(self.house.folder), "do": do, "kill": 0, **more}

    def send(self, kill: int, **more: Any) -> dict[str, Any]:
        count = self.rng.randrange(1, 6)
        self.sent += count
        return self.ask("send", first=self.sent - count, count=count, kill=kill, **more)

    def step(self) -> None:
        what = self.rng.choice(["send", "send", "die", "die", "copy", "back", "back", "delete", "two"])
        self.done.append(what)
        match what:
            case "send":
                self.forks.do(self.send(0))
            case "die":
                self.forks.do(self.send(self.rng.randrange(1, 60)))
            case "copy" if self.house.database.exists():
                self.copy(self.house.folder / f"copy{self.copies}")
                self.copies += 1
            case "back" if self.copies:
                self.remove()
                shutil.copy(self.house.folder / f"copy{self.rng.randrange(self.copies)}", self.house.database)
            case "delete":
                self.remove()
            case "two" if self.house.database.exists():
                self.two()
        self.look()
        if what in ("back", "delete"):
            self.go_on()

    def two(self) -> None:
        """Two instances at once: the other one has a copy of the database, and signs into the same folder."""
        other = self.house.folder / "other.db"
        self.copy(other)
        self.forks.do(self.send(0), self.send(0, database=str(other)))
        self.look()
        if self.forks.do(self.send(0)) == [REFUSED]:  # the other one has won
            self.remove()
            shutil.copy(other, self.house.database)
            for left in self.house.folder.glob("other.db-*"):
                shutil.copy(left, self.house.folder / left.name.replace("other", "televote"))
        for left in self.house.folder.glob("other.db*"):
            left.unlink()

    def go_on(self) -> None:
        """It starts, or refuses and goes on in a new epoch; the people try again if they are killed."""
        for _ in range(20):
            (ended,) = self.forks.do(self.send(0))
            self.look()
            if ended == 0:
                return
            assert ended == REFUSED
            (begun,) = self.forks.do(
                self.ask("begin", kill=self.rng.choice([0, 0, self.rng.randrange(1, 40)]))
            )
            self.look()
            if begun == BEGUN_NOT:  # a copy from between a commit and its signing, of a log given up since
                self.remove()
        pytest.fail(f"it does not go on: {self.done}")

    def remove(self) -> None:
        for file in self.house.folder.glob("televote.db*"):
            file.unlink()

    def copy(self, copy: Path) -> None:
        """A copy of the database with what stands beside it."""
        with closing(sqlite3.connect(self.house.database)) as db, closing(sqlite3.connect(copy)) as to:
            db.backup(to)

    def look(self) -> None:
        """Somebody from outside takes down what is published."""
        with (self.house.folder / "published").open("a", encoding="utf-8") as file:
            for one in (self.house.folder / "ledger" / CAMPAIGN).glob("*/checkpoint"):
                file.write(json.dumps(one.read_text("utf-8")) + "\n")

    def consistent(self) -> int:
        """That all that was ever published of a log is of one tree; returns how many checkpoints there "
        "were."""
        path = self.house.folder / "published"
        notes = {json.loads(one) for one in path.read_text("utf-8").splitlines()} if path.exists() else set()
        logs: dict[str, list[note.Checkpoint]] = {}
        for one in notes:
            told = note.read_checkpoint(one.rpartition("\n\n")[0] + "\n")
            logs.setdefault(told.origin, []).append(told)
        for origin, told in logs.items():
            last = max(told, key=lambda one: one.size)
            files = Folder(self.house.folder / "ledger" / CAMPAIGN / origin.rpartition("/")[2])
            leaves = [
                merkle.leaf_hash(leaf)
                for name in tiles.names(last.size)
                if name.level < 0
                for leaf in tiles.entries(files.read(name), name.width)
            ]
            for one in told:
                root = merkle.root(merkle.extend(0, (), leaves[: one.size])[1])
                assert root == one.root, (origin, one.size, self.done)
        return len(notes)


async def trial(house: House, forks: Forks, seed: int, steps: int = 6) -> int:
    found = Trial(house, forks, seed)
    found.forks.do(found.send(0))
    for _ in range(steps):
        found.step()
    found.go_on()
    seen = found.consistent()
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        counted = await audit.recount(ledger, lambda _: None)
    assert counted.agrees, (found.done, counted.differences, counted.faults)
    return seen


@pytest.mark.parametrize("seed", range(5))
async def test_no_fork_is_signed(house: House, forks: Forks, seed: int) -> None:
    assert await trial(house, forks, seed) > 3


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(FIRST, FIRST + TRIALS))
async def test_no_fork_is_signed_long(house: House, forks: Forks, seed: int) -> None:
    assert await trial(house, forks, seed) > 1, "of one checkpoint nothing can be told"
