"""Servers under `strace`, load upon them, and the examination of one that was started on a crashed disk."""

import asyncio
import json
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from config import load
from gateway import setup
from gateway.checking import audit
from gateway.ledger import publisher
from gateway.ledger.folder import Folder, Missing
from gateway.storage.store import Unavailable
from tally import entry, merkle, note, tiles
from tally.tiles import BadTile
from tally.verify import Tampered
from tests.power import trace
from tests.power.disk import Files

CAMPAIGN = "beita-2018"
DATABASE = "televote.db"
_HERE = Path(__file__).parents[2]
_SECONDS = ClientTimeout(total=30)
#: What is set up by people, and is on the disk long before.
_SETTINGS = ("televote.toml", "campaigns", "secrets")


class Broken(AssertionError):
    """A promise was not kept: `how` in a word, for the controls."""

    def __init__(self, how: str, what: object) -> None:
        super().__init__(f"{how}: {what}")
        self.how = how


def set_up(folder: Path) -> None:
    """A campaign that is open now."""
    now = datetime.now(UTC)
    setup.write(folder, setup.Dates(now - timedelta(hours=1), now + timedelta(hours=6)), "127.0.0.1:0")


@dataclass
class Server:
    """A server that was started; `url` is "" until it listens."""

    spawner: "Spawner"
    folder: Path
    process: int
    said: Path
    url: str = ""

    def wait(self, seconds: float = 60) -> None:
        """Until it listens. Raises `Broken` if it ends before."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            text = self.said.read_text("utf-8") if self.said.exists() else ""
            for line in text.splitlines():
                if line.startswith("{") and (event := json.loads(line))["event"] == "listening":
                    self.url = event["url"]
                    return
            code = self.spawner.ask({"ask": self.process})
            if code is not None:
                said = self.said.read_text("utf-8")[-500:]
                raise Broken(next((how for how, sign in _SIGNS if sign in said), "would not start"), said)
            time.sleep(0.01)
        raise Broken("would not start", "it does not listen")

    def end(self, number: int = signal.SIGKILL) -> Any:
        """Send a signal and wait."""
        return self.spawner.ask({"end": self.process, "signal": int(number)})


#: What a server says that does not start, and what that shows.
_SIGNS = (("corrupt", "malformed"), ("lost", "the database is an older copy"))


@dataclass
class Spawner:
    """What starts servers; `log` is the text of its strace, None if it is not traced."""

    process: "subprocess.Popen[str]"
    log: Path | None
    started: int = 0

    def ask(self, request: dict[str, Any]) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def start(self, folder: Path, patch: str = "") -> Server:
        """A server over a folder; it need not listen yet."""
        self.started += 1
        said = folder.with_name(f"{folder.name}.said.{self.started}")
        said.unlink(missing_ok=True)
        settings = folder / "televote.toml"
        process = self.ask({"settings": str(settings), "said": str(said), "patch": patch})
        return Server(self, folder, process, said)

    def position(self) -> int:
        """How long the strace's text is."""
        assert self.log is not None
        return self.log.stat().st_size

    def trace(self, since: int, server: Server, known: Iterable[str], first: int = 0) -> trace.Trace:
        """What was done below a server's folder since the text was so long. The server has ended."""
        assert self.log is not None
        end = re.compile(rb"^%d +\+\+\+ " % server.process, re.MULTILINE)
        for _ in range(500):
            with self.log.open("rb") as file:
                file.seek(max(since, self.position() - 200_000))
                if end.search(file.read()):
                    break
            time.sleep(0.02)
        else:
            tail = [line[:100] for line in self.log.read_bytes()[-20000:].splitlines()[-8:]]
            raise AssertionError(f"strace does not tell of the end of {server.process}: {tail}")
        return trace.read(trace.lines_from(self.log, since), server.folder, known, first)


@contextmanager
def spawning(log: Path | None = None, inject: str = "") -> Iterator[Spawner]:
    """A spawner, under strace if there is a `log` to write. `inject` is a fault, in strace's words."""
    words = [sys.executable, "-m", "tests.power.spawner"]
    if log is not None:
        log.touch()
        calls = f"trace={trace.CALLS},{trace.UNKNOWN}"
        how = ("-f", "-y", "-xx", "-s", "1000000", "--seccomp-bpf")
        fault = ("-e", f"inject={inject}") if inject else ()
        words = ["strace", *how, "-o", str(log), "-e", calls, *fault, *words]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_HERE)
    try:
        yield Spawner(process, log)
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        process.wait(30)


@dataclass
class Sender:
    """Votes to one server at a time, and what its senders remember: message ids."""

    folder: Path
    rng: random.Random
    tried: list[str] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)

    async def votes(self, url: str, names: Sequence[str], senders: int = 8, *, patient: bool = False) -> None:
        """Send votes, several at a time, each sender one after the other. An answer must be 200, or, if they
        are `patient`, become it."""
        token = (self.folder / "secrets/sim.token").read_text().strip()
        async with ClientSession(timeout=_SECONDS, connector=TCPConnector(limit=senders)) as session:

            async def get(url: str) -> int:
                async with session.get(url) as response:
                    return response.status

            async def send(some: Sequence[str]) -> None:
                for name in some:
                    number = int(name[1:])
                    self.tried.append(name)
                    # A fifth of the callers call again, and some messages come twice.
                    caller = number if number % 5 else number // 5
                    said = f"id={name}&from=138{caller:08d}&text=A{number % 11 + 1:02d}"
                    for _ in range(2 if self.rng.random() < 0.05 else 1):
                        while await get(f"{url}/in/sim/{token}?{said}") != 200:
                            if not patient:
                                raise Broken("refused", name)
                            await asyncio.sleep(0.02)
                        self.acknowledged.add(name)

            await asyncio.gather(*(send(names[at::senders]) for at in range(senders)))


def put(files: Files, like: Path, folder: Path) -> None:
    """A folder set up as another, holding what a disk was left with."""
    folder.mkdir()
    for name in _SETTINGS:
        kept = like / name
        shutil.copytree(kept, folder / name) if kept.is_dir() else shutil.copy(kept, folder / name)
    for path, content in files.items():
        if path.partition("/")[0] in _SETTINGS:
            continue
        if content is None:
            (folder / path).mkdir(parents=True, exist_ok=True)
        else:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)


def held(folder: Path) -> Files:
    """What is in a folder, as `disk` has it. If a server is running over it, something may be gone before it
    is read: then all is read again."""
    while True:
        with suppress(FileNotFoundError):
            return {
                str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
                for path in sorted(folder.rglob("*"))
                if not path.name.endswith(trace.FLEETING)
            }


async def examine(folder: Path, acknowledged: set[str], tried: Iterable[str]) -> Counter[str]:
    """The ledger of a folder that a server runs over: verified, recounted, nothing missing or twice.

    Returns how often each message id is there. Raises `Broken`.
    """
    found: Counter[str] = Counter()

    def see(chunk: audit.Chunk) -> None:
        found.update(one.opening.message_id for one in chunk.entries if one.opening is not None)

    try:
        with closing(sqlite3.connect(f"file:{folder / DATABASE}?mode=ro", uri=True)) as db:
            (said,) = db.execute("PRAGMA integrity_check").fetchone()
        if said != "ok":
            raise Broken("corrupt", said)
        async with audit.open_ledger(load.everything(folder / "televote.toml", {}), CAMPAIGN) as ledger:
            counted = await audit.recount(ledger, lambda _: None, see)
            verifier = publisher.signer(ledger.running, "n1").verifier
            heads = {head.node: head.size for head in ledger.heads}
    except (sqlite3.Error, Unavailable, Tampered, entry.BadEntry) as error:
        raise Broken("corrupt", error) from error
    if not counted.agrees:
        raise Broken("miscounted", (counted.differences, counted.faults))
    if missing := acknowledged - found.keys():
        raise Broken("lost", (len(missing), sorted(missing)[:5]))
    if twice := [name for name, times in found.items() if times > 1]:
        raise Broken("counted twice", twice[:5])
    if strange := found.keys() - set(tried):
        raise Broken("corrupt", strange)
    published(folder / "ledger" / CAMPAIGN / "n1", verifier, heads["n1"])
    return found


def published(path: Path, verifier: note.Verifier, entries: int) -> None:
    """The files that strangers take are what was signed. Raises `Broken`."""
    files = Folder(path)
    signed = note.read_checkpoint(note.open_note(files.checkpoint(), [verifier]))
    if signed.size > entries:
        raise Broken("signed what is not there", (signed.size, entries))
    try:
        leaves = [
            merkle.leaf_hash(one)
            for name in tiles.names(signed.size)
            if name.level < 0
            for one in tiles.entries(files.read(name), name.width)
        ]
        tree = tiles.Tree()
        differing = [
            name.path
            for name, content in [*tree.append(leaves), *tree.partial()]
            if files.read(name) != content
        ]
    except (Missing, BadTile) as error:
        raise Broken("published files are damaged", repr(error)) from error
    if differing or tree.root != signed.root:
        raise Broken("published files are damaged", (signed.size, differing))


@contextmanager
def listening(spawner: Spawner, folder: Path, patch: str = "") -> Iterator[Server]:
    """A server that listens, killed at the end if it still runs."""
    server = spawner.start(folder, patch)
    try:
        server.wait()
        yield server
    finally:
        if spawner.ask({"ask": server.process}) is None:
            server.end()
