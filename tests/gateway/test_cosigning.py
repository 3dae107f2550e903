"""Witnesses over HTTP: what they sign, what they refuse, and that nobody waits for one that is away."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import ClientSession, web

from gateway.ledger import cosigning
from gateway.ledger.vouching import Vouching, listening
from gateway.ledger.witness import Witness
from tally import merkle, note, submission, tiles
from tally.note import Checkpoint, Signer
from tally.submission import Submission
from tally.tiles import Reader, Tree
from tests.conftest import House, Visitor
from tests.gateway.test_audit import files_in
from tests.gateway.test_witness import CAMPAIGN, key, other_history, votes

LOG = Signer("televote/test/n1", bytes(range(32)))
AT_MS = 1_531_094_400_000


class History:
    """A log in memory that can show what it was."""

    def __init__(self, size: int, what: bytes = b"", since: int = 0) -> None:
        hashes = [merkle.leaf_hash(b"%d" % n + (what if n >= since else b"")) for n in range(size)]
        self.size, tree = size, Tree()
        self._tiles = dict(tree.append(hashes))
        self._tiles |= dict(tree.partial())

    def _cut(self, name: tiles.Name) -> bytes:
        return self._tiles[name]

    @property
    def root(self) -> bytes:
        return Reader(self.size, self._cut).root()

    def signed(self, by: Signer = LOG, origin: str = LOG.verifier.name) -> str:
        return by.sign(Checkpoint(origin, self.size, self.root).text())

    def since(self, old: int) -> tuple[bytes, ...]:
        return tuple(Reader(self.size, self._cut).consistency(old))

    def handed_in(self, old: int) -> bytes:
        return Submission(old, self.since(old), self.signed()).pack()


@dataclass
class Asked:
    """A witness that listens in this process."""

    url: str
    state: Path
    witness: Witness
    told: list[str] = field(default_factory=list)

    @property
    def seen(self) -> Checkpoint:
        return note.read_checkpoint(
            note.open_note((self.state / "checkpoint").read_text("utf-8"), [LOG.verifier])
        )

    async def add(self, body: bytes) -> tuple[int, str, str]:
        async with ClientSession() as session, session.post(f"{self.url}/add-checkpoint", data=body) as said:
            return said.status, said.content_type, await said.text()


@asynccontextmanager
async def asked(state: Path) -> AsyncIterator[Asked]:
    told: list[str] = []
    watching = Witness("http://127.0.0.1:1", LOG.verifier, state)
    vouching = Vouching(watching, "notary.example", lambda: AT_MS, told.append)
    async with listening(vouching, "127.0.0.1", 0) as url:
        yield Asked(url, state, watching, told)


def cosigned(signed: str, lines: str, by: note.Verifier) -> bool:
    try:
        note.open_note(signed + lines, [by])
    except note.BadNote:
        return False
    return True


async def test_it_signs_a_log_that_only_grows(tmp_path: Path) -> None:
    async with asked(tmp_path) as one:
        known = 0
        for size in (1, 1, 2, 255, 257, 700, 700):
            now = History(size)
            status, _, lines = await one.add(now.handed_in(known))
            assert status == 200, lines
            assert lines.startswith("— notary.example ")
            assert lines.count("\n") == 1
            assert cosigned(now.signed(), lines, one.witness.signer("").witness)
            assert not cosigned(History(size + 1).signed(), lines, one.witness.signer("").witness)
            assert one.seen == Checkpoint(LOG.verifier.name, size, now.root), "kept before it answered"
            known = size
    assert one.told == []


NOW = History(20)
PACKED = NOW.handed_in(10)
HEAD, _, TAIL = PACKED.partition(b"\n\n")
STRANGER = Signer(LOG.verifier.name, bytes(32))
#: What is handed in to a witness that knows ten entries, and what it answers.
REFUSED: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "no old size": (PACKED.replace(b"old 10\n", b""), 400),
    "a sign before the size": (PACKED.replace(b"old 10", b"old +10"), 400),
    "a leading zero": (PACKED.replace(b"old 10", b"old 010"), 400),
    "two blanks": (PACKED.replace(b"old 10", b"old  10"), 400),
    "no empty line": (PACKED.replace(b"\n\n", b"\n"), 400),
    "carriage returns": (PACKED.replace(b"\n", b"\r\n"), 400),
    "a hash cut short": (HEAD[:-4] + b"\n\n" + TAIL, 400),
    "a hash in another spelling": (HEAD.replace(b"=", b""), 400),
    "64 hashes": (Submission(10, (bytes(32),) * 64, NOW.signed()).pack(), 400),
    "no checkpoint": (HEAD + b"\n\nhello\n\n\xe2\x80\x94 a AAAA\n", 400),
    "no signatures": (PACKED.rpartition(b"\n\n")[0], 400),
    "broken signature line": (PACKED[:-1], 400),
    "not UTF-8": (PACKED + b"\xff\n", 400),
    "smaller than the old size": (Submission(21, (), NOW.signed()).pack(), 400),
    "another log": (Submission(10, (), NOW.signed(origin="televote/test/n2")).pack(), 404),
    "another key": (Submission(10, NOW.since(10), NOW.signed(STRANGER)).pack(), 403),
    "a changed size": (PACKED.replace(b"\n20\n", b"\n21\n"), 403),
    "stale": (NOW.handed_in(0), 409),
    "ahead": (NOW.handed_in(15), 409),
    "another root": (History(10, b"!").handed_in(10), 409),
    "another history": (History(20, b"!", since=3).handed_in(10), 422),
    "no proof": (Submission(10, (), NOW.signed()).pack(), 422),
    "a proof of other sizes": (Submission(10, NOW.since(11), NOW.signed()).pack(), 422),
    "a hash too many": (Submission(10, (*NOW.since(10), bytes(32)), NOW.signed()).pack(), 422),
    "too long": (PACKED + b"\xe2\x80\x94 x AAAA\n" * 10_000, 413),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_it_refuses(tmp_path: Path, what: str) -> None:
    body, wanted = REFUSED[what]
    async with asked(tmp_path) as one:
        assert (await one.add(History(10).handed_in(0)))[0] == 200
        before = files_in(tmp_path)
        status, kind, text = await one.add(body)
        assert status == wanted, text
        assert "— " not in text, "nothing signed"
        if what in ("stale", "ahead"):
            assert (kind, text) == ("text/x.tlog.size", "10\n")
        else:
            assert kind != "text/x.tlog.size"
        after = files_in(tmp_path)
        assert {name: after[name] for name in before} == before, "it believes what it believed"
        evidence = [name for name in after if name.startswith("evidence")]
        contradicts = wanted == 422 or what == "another root"
        assert len(evidence) == (2 if contradicts else 0)
        assert len(one.told) == contradicts
        await one.add(body)
        assert len(one.told) == contradicts, "told once, however often it is handed in"
        assert (await one.add(NOW.handed_in(10)))[0] == 200, "and goes on with what is right"


async def test_a_first_checkpoint_takes_no_proof(tmp_path: Path) -> None:
    async with asked(tmp_path) as one:
        for body, wanted in (
            (Submission(0, (bytes(32),), NOW.signed()).pack(), 422),
            (Submission(0, (), LOG.sign(Checkpoint(LOG.verifier.name, 0, bytes(32)).text())).pack(), 422),
            (NOW.handed_in(5), 409),
            (History(0).handed_in(0), 200),
            (NOW.handed_in(0), 200),
        ):
            status, _, text = await one.add(body)
            assert status == wanted, text


async def test_of_many_at_once_none_is_taken_back(tmp_path: Path) -> None:
    """The race that c2sp.org/tlog-witness warns of: whatever is signed goes on from all signed before."""
    async with asked(tmp_path) as one:
        known = 0
        for first in range(1, 60, 12):
            bodies = [History(first + n).handed_in(known) for n in range(12)]
            said = await asyncio.gather(*map(one.add, bodies))
            assert sorted(status for status, *_ in said) == [200] + [409] * 11
            (won,) = [n for n, (status, *_) in enumerate(said) if status == 200]
            known = first + won
            assert one.seen.size == known
            assert all(text == f"{known}\n" for status, _, text in said if status == 409)


async def test_what_cannot_be_kept_is_not_signed(tmp_path: Path) -> None:
    async with asked(tmp_path) as one:
        assert (await one.add(History(10).handed_in(0)))[0] == 200
        (tmp_path / ".checkpoint.part").mkdir()  # also root cannot write a file there
        status, _, text = await one.add(NOW.handed_in(10))
        assert (status, "— " in text) == (500, False)
        assert one.seen.size == 10
        (tmp_path / ".checkpoint.part").rmdir()
        assert (await one.add(NOW.handed_in(10)))[0] == 200


# ---- the real ones: our server, and witnesses that are processes of their own -------------------------


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server in this process asks sooner."""
    monkeypatch.setattr(cosigning, "PACE_SECONDS", 0.1)
    monkeypatch.setattr(cosigning, "_LONGEST_WAIT_SECONDS", 0.3)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class Notary:
    """`televote witness --listen`, as a process. Its key can be had before it runs."""

    name: str
    state: Path
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    @property
    def key(self) -> note.Verifier:
        return Witness("", LOG.verifier, self.state).signer(self.name).witness

    @property
    def table(self) -> str:
        return f'\n[[ledger.witnesses]]\nkey = "{self.key.vkey}"\nurl = "http://127.0.0.1:{self.port}"\n'

    async def start(self, visitor: Visitor, every: int = 600) -> None:
        url = f"{visitor.server.url}/ledger/{CAMPAIGN}/n1"
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", "witness", url, "--key", key(visitor.house).vkey),
            *("--state", str(self.state), "--name", self.name, "--listen", f"127.0.0.1:{self.port}"),
            *("--every", str(every)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), 30)
        assert line.decode() == f"our key: {self.key.vkey}\n"
        while not (await asyncio.wait_for(self.process.stdout.readline(), 30)).startswith(b"listening: "):
            pass

    async def end(self, number: int = signal.SIGTERM) -> tuple[int | None, str]:
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        _, errors = await asyncio.wait_for(self.process.communicate(), 30)
        return self.process.returncode, errors.decode()


@asynccontextmanager
async def notaries(tmp_path: Path, *names: str) -> AsyncIterator[list[Notary]]:
    """Witnesses, not started yet; those that run at the end are killed."""
    made = [Notary(name, tmp_path / name) for name in names]
    try:
        yield made
    finally:
        for one in made:
            if one.process is not None and one.process.returncode is None:
                await one.end(signal.SIGKILL)


def told_of(house: House, made: list[Notary]) -> None:
    text = house.settings.read_text("utf-8")
    house.settings.write_text(text + "".join(one.table for one in made), "utf-8")


async def served(visitor: Visitor) -> str:
    return (await visitor.get(f"/ledger/{CAMPAIGN}/n1/checkpoint"))[1]


async def until(what: Callable[[], Awaitable[Any]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await what():  # noqa: ASYNC110 -- what another process does has no event here
            await asyncio.sleep(0.05)


def signers(text: str) -> list[str]:
    return [line.split(" ")[1] for line in text.rpartition("\n\n")[2].splitlines()]


async def metric(visitor: Visitor, name: str) -> float | None:
    _, text = await visitor.get("/metrics", token=True)
    return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(name)), None)


@pytest.mark.usefixtures("hasty")
async def test_two_witnesses_sign_what_is_served(house: House, tmp_path: Path) -> None:
    """One is killed and restarted, one looks by itself all the time; both end up on the newest checkpoint."""
    origin = f"televote/{CAMPAIGN}/n1"
    async with notaries(tmp_path, "notary.example", "press.example") as made:
        told_of(house, made)
        async with house.serve() as visitor:

            async def both() -> bool:
                text = await served(visitor)
                return signers(text) == [origin, *(one.name for one in made)]

            for one in made:
                await one.start(visitor, every=1)
            await votes(visitor, 0, 5)
            await until(both)
            await made[0].end(signal.SIGKILL)
            await votes(visitor, 5, 300)
            await until(lambda: metric(visitor, 'televote_witness_requests_total{result="unreachable"'))
            await made[0].start(visitor, every=1)
            await votes(visitor, 305, 5)
            await until(both)
            text = await served(visitor)
            told = note.read_checkpoint(note.open_note(text, [key(house)]))
            assert told.size == visitor.service.recorder.head(CAMPAIGN).size
            for one in made:
                assert note.read_checkpoint(note.open_note(text, [one.key])) == told
                entries = await metric(
                    visitor, f'televote_witness_entries{{campaign="{CAMPAIGN}",witness="{one.name}"}}'
                )
                assert entries == told.size
            assert (await visitor.get(f"/ledger/{CAMPAIGN}/n1/cosigned"))[1] == text
        async with house.serve() as visitor:
            assert await served(visitor) != "", "and it starts again with what it had"
            assert signers(await served(visitor))[0] == origin
        for one in made:
            assert (await one.end())[0] == 0


@pytest.mark.usefixtures("hasty")
async def test_a_witness_that_is_away_delays_nobody(house: House, tmp_path: Path) -> None:
    """One refuses connections; one takes them and says nothing."""
    async with notaries(tmp_path, "away.example", "silent.example") as made:
        told_of(house, made)
        with socket.create_server(("127.0.0.1", made[1].port)), structlog.testing.capture_logs() as logs:
            async with house.serve() as visitor:
                await votes(visitor, 0, 20)
                assert signers(await served(visitor)) == [f"televote/{CAMPAIGN}/n1"]
                size = note.read_checkpoint(note.open_note(await served(visitor), [key(house)])).size
                assert size == visitor.service.recorder.head(CAMPAIGN).size
                assert (await visitor.get(f"/ledger/{CAMPAIGN}/n1/cosigned"))[0] == 404
                await until(
                    lambda: metric(
                        visitor,
                        'televote_witness_requests_total{result="unreachable",witness="away.example"}',
                    )
                )
                assert (await visitor.get("/readyz"))[0] == 200
    seen = [one for one in logs if one["event"] == "witness_unreachable"]
    assert {one["log_level"] for one in seen} == {"warning"}
    assert "127.0.0.1" not in json.dumps(seen), "no addresses in logs"


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("now", [9, 2])
async def test_a_fork_is_refused_and_told_by_both(house: House, tmp_path: Path, now: int) -> None:
    async with notaries(tmp_path, "notary.example") as (one,):
        told_of(house, [one])
        async with house.serve() as visitor:
            await votes(visitor, 0, 6)
            await one.start(visitor)
            await until(lambda: _cosigned(visitor, one))
        before = (one.state / "checkpoint").read_text("utf-8")
        await other_history(house, 100, now, tmp_path / "aside")
        with structlog.testing.capture_logs() as logs:
            async with house.serve() as visitor:
                word = "refused" if now > 6 else "ahead"
                await until(lambda: metric(visitor, f'televote_witness_requests_total{{result="{word}"'))
                assert one.name not in signers(await served(visitor)), "nothing was vouched for"
                await votes(visitor, 200, 1)
                assert (await visitor.get("/readyz"))[0] == 200, "votes are taken all the same"
        (event,) = [entry for entry in logs if entry["event"] == f"witness_{word}"][:1]
        assert event["log_level"] == "error"
        assert (one.state / "checkpoint").read_text("utf-8") == before
        code, errors = await one.end()
        if now > 6:
            assert event["status"] == 422
            assert (code, "NOT COSIGNED" in errors) == (1, True)
            assert len(list(one.state.glob("evidence-*.txt"))) == 2
        else:
            assert (event["entries"], event["ours"]) == (8, now + 2)


async def _cosigned(visitor: Visitor, one: Notary) -> bool:
    return one.name in signers(await served(visitor))


@pytest.mark.usefixtures("hasty")
async def test_the_log_goes_ahead_of_its_witness(house: House, tmp_path: Path) -> None:
    """The gateway has forgotten what the witness knows: it asks, and proves from there."""
    async with notaries(tmp_path, "notary.example") as (one,):
        told_of(house, [one])
        async with house.serve() as visitor:
            await votes(visitor, 0, 6)
            await one.start(visitor)
            await until(lambda: _cosigned(visitor, one))
        (house.folder / "ledger" / CAMPAIGN / "n1/cosigned").unlink()
        async with house.serve() as visitor:
            await votes(visitor, 6, 300)
            await until(lambda: _cosigned(visitor, one))
        assert (await one.end())[0] == 0


@pytest.mark.usefixtures("hasty")
async def test_a_damaged_tile_accuses_nobody(house: House, tmp_path: Path) -> None:
    """It is damaged while no server hands in: the proof from what the witness knows must need it."""
    plain = house.settings.read_text("utf-8")
    async with notaries(tmp_path, "notary.example") as (one,):
        told_of(house, [one])
        with_witness = house.settings.read_text("utf-8")
        async with house.serve() as visitor:
            await votes(visitor, 0, 6)
            await one.start(visitor)
            await until(lambda: _cosigned(visitor, one))
        house.settings.write_text(plain, "utf-8")
        async with house.serve() as visitor:
            await votes(visitor, 6, 260)
        tile = house.folder / "ledger" / CAMPAIGN / "n1/tile/0/000"
        good = tile.read_bytes()
        tile.write_bytes(bytes(len(good)))
        house.settings.write_text(with_witness, "utf-8")
        async with house.serve() as visitor:
            await until(lambda: metric(visitor, 'televote_witness_requests_total{result="unproved"'))
            tile.write_bytes(good)
            await until(lambda: _cosigned(visitor, one))
        assert await one.end() == (0, "")
        assert not list(one.state.glob("evidence-*"))


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("answer", ["", "hello\n", "— notary.example AAAA\n", "another's"])
async def test_what_is_not_the_witness_is_not_kept(house: House, tmp_path: Path, answer: str) -> None:
    """What a stranger answers in the witness's place does not get beside our signature."""
    other = Signer("notary.example", bytes(32))

    async def add(request: web.Request) -> web.Response:
        signed = submission.read(await request.read()).signed
        lines = other.cosign(signed, 1).rpartition("\n\n")[2].splitlines()[-1] + "\n"
        return web.Response(text=lines if answer == "another's" else answer)

    async with notaries(tmp_path, "notary.example") as (one,):
        told_of(house, [one])
        app = web.Application()
        app.add_routes([web.post("/add-checkpoint", add)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", one.port).start()
        async with house.serve() as visitor:
            await until(lambda: metric(visitor, 'televote_witness_requests_total{result="unverified"'))
            assert signers(await served(visitor)) == [f"televote/{CAMPAIGN}/n1"]
        await runner.cleanup()


def test_the_state_of_a_witness_can_be_moved(tmp_path: Path) -> None:
    """What binds it is in files: another machine goes on from them."""
    first = Witness("", LOG.verifier, tmp_path / "a")
    first.add(History(10).handed_in(0), 1, "notary.example")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    again = Witness("", LOG.verifier, tmp_path / "b")
    with pytest.raises(submission.Refusal) as refused:
        again.add(NOW.handed_in(0), 2, "x")
    assert (refused.value.status, refused.value.size) == (409, 10)
    assert again.signer("x").witness == first.signer("").witness
