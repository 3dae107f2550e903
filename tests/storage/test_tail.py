"""Claims that wait: whatever is asked, also after a crash, it is as if they had been put in place at once."""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dedup.keys import VoterKey
from gateway.checking import audit
from gateway.intake import journey
from gateway.intake.inbound import Inbound
from gateway.intake.recorder import Recorder
from gateway.service import Service
from gateway.storage import seen, sqlite, tail
from gateway.storage.seen import Seen
from gateway.storage.store import Conflict, Head, Heard, Recall
from tests.conftest import House

CAMPAIGN = "beita-2018"

CLAIMS = """SELECT cap, contest, length(period), ordinal, candidate, channel, log, seq FROM claimed
ORDER BY seq, cap, contest"""
TOTALS = "SELECT * FROM totals ORDER BY 1, 2, 3, 4, 5, 6"


def messages(rng: random.Random, count: int, callers: int) -> list[Inbound]:
    """New callers and old ones, new messages and some that come again, some that nobody can read."""
    made: list[Inbound] = []
    for n in range(count):
        if made and rng.random() < 0.15:
            made.append(rng.choice(made))
            continue
        text = rng.choice(["A01", "A02", "B01", "B02", "A01B01", "不要A01", "A99", "hello"])
        made.append(Inbound(f"m{n}", f"138{rng.randrange(callers):08d}", text))
    return made


def crashed(house: House, number: int) -> House:
    """The folder as it is now, of a server that is not asked: what a kill leaves behind."""
    folder = house.folder.parent / f"after-{number}"
    shutil.copytree(house.folder, folder, ignore=shutil.ignore_patterns("*.sock", "*.lock"))
    return House(folder, house.clock)


def rows(database: Path, *statements: str) -> list[list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(database)) as db:
        return [db.execute(sql).fetchall() for sql in statements]


async def played(house: House, sent: Sequence[Inbound], rng: random.Random, crashes: float) -> list[Any]:
    """How messages ended, and what is then in the database; the server crashes now and then."""
    ended: list[Any] = []
    left, number = list(sent), 0
    while left:
        number += 1
        async with house.service() as counting:
            while left:
                some, left = left[: (size := rng.randrange(1, 30))], left[size:]
                ended += await counting.take(counting.sources["sim"], some)
                if left and rng.random() < crashes:
                    break
            await _agrees(house)
            kept = rows(house.database, CLAIMS, TOTALS)
            after = crashed(house, number)
        assert rows(house.database, CLAIMS, TOTALS) == kept
        assert rows(house.database, "SELECT count(*) FROM unsettled") == [[(0,)]], "closing settles"
        house = after
    return [*ended, *kept]


async def _agrees(house: House) -> None:
    """A reader beside the writer, or after a crash, sees all claims."""
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        counted = await audit.recount(ledger, lambda _: None)
    assert counted.agrees, (counted.differences, counted.faults)


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(3, 60))]
)
async def test_a_campaign_with_a_tail_and_crashes_is_as_one_without(
    house: House, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = messages(random.Random(seed), 400, callers=120)
    found = []
    for room, crashes in ((0, 0.0), (tail.ROOM, 0.0), (60, 0.15)):
        monkeypatch.setattr(tail, "ROOM", room)
        copy = House(house.folder.with_name(f"room-{room}-{seed}") / "var", house.clock)
        shutil.copytree(house.folder, copy.folder)
        found.append(await played(copy, sent, random.Random(seed), crashes))
    assert found[0] == found[1] == found[2]


class Forgetful:
    """A store that remembers nothing."""

    def __init__(self, store: sqlite.SqliteStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def recall(self, head: Head, heard: Sequence[Heard]) -> Recall:
        return Recall({}, ())


async def submit(counting: Service, recorder: Recorder, house: House, inbound: Inbound) -> None:
    source = counting.sources["sim"]
    await recorder.submit(source.running, [journey.prepare(source, inbound, house.clock.ms)])


@pytest.mark.parametrize("settled", [False, True])
@pytest.mark.parametrize("again", [Inbound("m1", "13812345678", "A01"), Inbound("m2", "13812345678", "A02")])
async def test_what_was_claimed_is_refused_wherever_it_is(
    house: House, monkeypatch: pytest.MonkeyPatch, again: Inbound, settled: bool
) -> None:
    async with house.service() as counting:
        await counting.take(counting.sources["sim"], [Inbound("m1", "13812345678", "A01")])
        if settled:
            await counting.store.run(sqlite._settle, counting.store._tail)
        assert await counting.store.run(lambda db: db.execute("SELECT count(*) FROM claims").fetchone()) == (
            2 if settled else 0,
        )
        refused: list[Conflict] = []
        append = counting.store.append

        async def heard(batches: Any) -> None:
            try:
                await append(batches)
            except Conflict as conflict:
                refused.append(conflict)
                raise

        monkeypatch.setattr(counting.store, "append", heard)
        monkeypatch.setattr(counting.recorder, "_store", Forgetful(counting.store))
        with pytest.raises(Exception, match="could not be written"):
            await submit(counting, counting.recorder, house, again)
        assert len(refused) > 1, "decided again, and refused again"
        monkeypatch.setattr(counting.recorder, "_store", counting.store)


def _claims(db: sqlite3.Connection, voters: Sequence[bytes]) -> None:
    db.executemany("INSERT INTO claims (voter_key) VALUES (?)", [(voter,) for voter in voters])


def test_who_was_seen_is_never_a_stranger_and_few_strangers_pass_for_seen() -> None:
    rng = random.Random(1)
    voters = [VoterKey(rng.randbytes(16)) for _ in range(3 * seen._CHUNK + 7)]
    known = Seen()
    assert known.maybe(voters[:1]), "before it has looked, anybody may be"
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE claims (voter_key BLOB)")
        _claims(db, voters)
        looks = 0
        while not known.is_ready:
            known.learn(db)
            looks += 1
    assert looks == 4
    assert known.maybe(voters) == set(voters)
    strangers = [VoterKey(rng.randbytes(16)) for _ in range(20_000)]
    assert len(known.maybe(strangers)) < 20
    known.update(strangers)
    assert known.maybe([*voters, *strangers]) == {*voters, *strangers}


async def test_after_a_start_it_learns_who_was_seen_without_any_vote(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house.service() as counting:
        sent = [Inbound(f"m{n}", f"138{n:08d}", "A01") for n in range(100)]
        await counting.take(counting.sources["sim"], sent)
    monkeypatch.setattr(seen, "_CHUNK", 7)
    async with house.service() as counting:
        assert isinstance(counting.store, sqlite.SqliteStore)
        known = counting.store._tail.seen
        assert not known.is_ready
        assert counting.store._learning is not None
        await asyncio.wait_for(counting.store._learning, 10)
        assert known.is_ready
        assert len(known.maybe([VoterKey(bytes((n,)) * 16) for n in range(256)])) < 3
        landed = await counting.take(counting.sources["sim"], sent)
        assert all(one.before for one in landed)
