"""The one writer: nobody beside it, nothing unsafe under it, and the database has the last word."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.checking import audit
from gateway.intake import journey
from gateway.intake.decide import Verdict
from gateway.intake.inbound import Inbound
from gateway.intake.recorder import Recorder
from gateway.service import Service
from gateway.storage import sqlite
from gateway.storage.postgresql.session import Address
from gateway.storage.postgresql.store import PostgresStore
from gateway.storage.sqlite import SqliteStore, is_locked, open_store
from gateway.storage.store import Batch, Conflict, Head, Heard, Recall, Store, Unavailable, Unsafe
from gateway.watching.watch import Metrics
from tests.conftest import House

CAMPAIGN = "beita-2018"
ENGINES = ("sqlite", "postgresql")


def held_in(folder: Path) -> set[str]:
    """The files in a folder that this process has open."""
    links = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return {link.name for link in links if link.is_relative_to(folder)}


def modes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


async def test_a_second_writer_is_refused_until_the_first_has_closed(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    assert not is_locked(path)
    async with open_store(path):
        assert is_locked(path)
        with pytest.raises(Unsafe, match=r"another process has .*x\.db open for writing"):
            async with open_store(path):
                pass
        assert is_locked(path), "the refused one has not freed the first one's lock"
    assert not is_locked(path)
    async with open_store(path):
        assert is_locked(path)
    assert held_in(tmp_path) == set()


async def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    async with open_store(path):
        found = modes(tmp_path)
    assert set(found) >= {"x.db", "x.db-wal", "x.db.lock"}
    assert set(found.values()) == {0o600}


def _in_memory(_: Path) -> sqlite3.Connection:
    """SQLite cannot keep a write-ahead log for this one: a network file system is no better."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


async def test_a_database_without_a_write_ahead_log_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_open", _in_memory)
    with pytest.raises(Unsafe, match="journal_mode=memory"):
        async with open_store(tmp_path / "x.db"):
            pass
    assert not is_locked(tmp_path / "x.db"), "the lock is free again"


@pytest.mark.parametrize(("synchronous", "level"), [("OFF", 0), ("NORMAL", 1), ("FULL", 2), ("EXTRA", 3)])
async def test_less_than_full_synchronisation_is_refused(
    tmp_path: Path, synchronous: str, level: int
) -> None:
    path = tmp_path / "x.db"
    if level < 2:
        with pytest.raises(Unsafe, match=f"synchronous={level}: a power cut could lose"):
            async with open_store(path, synchronous):
                pass
    else:
        async with open_store(path, synchronous) as store:
            (found,) = await store.run(lambda db: db.execute("PRAGMA synchronous").fetchone())
            assert found == level
    assert not is_locked(path)


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(Unavailable, match="cannot open"):
        async with open_store(path):
            pass
    assert not is_locked(path)
    assert path.read_bytes() == b"no database" * 100


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    async with open_store(tmp_path / "x.db") as store:
        pass
    with pytest.raises(Unavailable, match="closed"):
        await store.totals(CAMPAIGN)


def _second(house: House) -> SqliteStore | PostgresStore:
    url = house.load().settings.storage.url
    return PostgresStore(Address(url, None, "n2")) if url else SqliteStore(house.database, "FULL")


@asynccontextmanager
async def second_writer(house: House, counting: Service) -> AsyncIterator[Recorder]:
    """A recorder of its own over a second connection: what the lock file keeps out."""
    store = _second(house)
    await (store.open() if isinstance(store, PostgresStore) else store._connect())
    recorder = Recorder(store, "n1", Metrics(), os.urandom)
    await recorder.begin(counting.campaigns)
    running = asyncio.create_task(recorder.run())
    try:
        yield recorder
    finally:
        recorder.stop()
        await running
        await store.close()


async def submit(house: House, counting: Service, recorder: Recorder, *inbound: Inbound) -> list[Verdict]:
    source = counting.sources["sim"]
    prepared = [journey.prepare(source, one, house.clock.ms) for one in inbound]
    return await recorder.submit(source.running, prepared)


async def sound(house: House) -> dict[str, int]:
    """How messages ended, once a recount agrees."""
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        counted = await audit.recount(ledger, lambda _: None)
    assert counted.agrees, (counted.differences, counted.faults)
    messages = counted.standings["balance"]["messages"]
    return {outcome: count for outcome, count in messages.items() if outcome != "received"}


async def test_a_log_moved_behind_the_recorders_back_is_taken_up_where_it_is(house: House) -> None:
    async with house.service() as counting, second_writer(house, counting) as other:
        (theirs,) = await submit(house, counting, other, Inbound("m1", "13812345678", "A01"))
        again, more, new = await submit(
            house,
            counting,
            counting.recorder,
            Inbound("m1", "13812345678", "A01"),
            Inbound("m2", "13812345678", "A02"),
            Inbound("m3", "13912345678", "A02"),
        )
        assert again == theirs._replace(redelivered=True), "the same message, by two ways at once"
        assert (more.outcome, new.outcome) == ("repeat", "counted")
        assert [one.place.seq for one in (again, more, new)] == [2, 3, 4]
        assert counting.recorder.head(CAMPAIGN).size == 5
        (last,) = await submit(house, counting, other, Inbound("m4", "13712345678", "A03"))
        assert last.place.seq == 5, "and the other way round"
    assert await sound(house) == {"counted": 3, "repeat": 1}


@pytest.mark.on_sqlite
@pytest.mark.parametrize(("messages", "pages"), [(1, 1000), (15, 1000), (16, 4000)])
async def test_less_waits_in_the_log_of_writes_while_commits_are_small(
    house: House, messages: int, pages: int
) -> None:
    async with house.service() as counting:
        calls = [Inbound(f"m{n}", f"138{n:08d}", "A01") for n in range(messages)]
        await submit(house, counting, counting.recorder, *calls)
        store = counting.store
        assert isinstance(store, SqliteStore)
        limit = await store.run(lambda db: db.execute("PRAGMA wal_autocheckpoint").fetchone())
    assert limit == (pages,)


async def test_two_writers_at_once_record_every_message_once(house: House) -> None:
    async with house.service() as counting, second_writer(house, counting) as other:
        calls = [Inbound(f"m{n}", f"138{n % 40:08d}", "A01") for n in range(120)]

        async def all_of(recorder: Recorder) -> list[Verdict]:
            ended: list[Verdict] = []
            while some := calls[len(ended) : len(ended) + 20]:
                try:
                    ended += await submit(house, counting, recorder, *some)
                except Unavailable:  # the other was always first: a sender tries again
                    await asyncio.sleep(0.01)
            return ended

        mine, theirs = await asyncio.gather(all_of(counting.recorder), all_of(other))
    assert [one.place for one in mine] == [one.place for one in theirs]
    assert all(one.redelivered or two.redelivered for one, two in zip(mine, theirs, strict=True))
    assert await sound(house) == {"counted": 40, "repeat": 80}


class Forgetful:
    """A store whose memory fails it: so often, nothing is recalled."""

    def __init__(self, store: Store, times: int) -> None:
        self._store, self.times, self.conflicts = store, times, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def recall(self, head: Head, heard: Sequence[Heard]) -> Recall:
        self.times -= 1
        return Recall({}, ()) if self.times >= 0 else await self._store.recall(head, heard)

    async def append(self, batches: Sequence[Batch]) -> None:
        try:
            await self._store.append(batches)
        except Conflict:
            self.conflicts += 1
            raise


@pytest.mark.parametrize(
    "inbound",
    [Inbound("m1", "13812345678", "A01"), Inbound("m2", "13812345678", "A02")],
    ids=["the same message", "the same caller's cap"],
)
@pytest.mark.parametrize("times", [1, 100])
async def test_what_was_claimed_cannot_be_claimed_again_whatever_was_decided(
    house: House, monkeypatch: pytest.MonkeyPatch, inbound: Inbound, times: int
) -> None:
    """The constraint is the last word: docs/rules.md"""
    async with house.service() as counting:
        (first,) = await submit(house, counting, counting.recorder, Inbound("m1", "13812345678", "A01"))
        forgetful = Forgetful(counting.store, times)
        monkeypatch.setattr(counting.recorder, "_store", forgetful)
        if times == 1:
            (verdict,) = await submit(house, counting, counting.recorder, inbound)
            assert (verdict.outcome, verdict.redelivered) in [("counted", True), ("repeat", False)]
        else:
            with pytest.raises(Unavailable):
                await submit(house, counting, counting.recorder, inbound)
        assert forgetful.conflicts >= 1
        monkeypatch.setattr(counting.recorder, "_store", counting.store)
        (verdict,) = await submit(house, counting, counting.recorder, Inbound("m1", "13812345678", "A01"))
        assert verdict == first._replace(redelivered=True)
    outcomes = await sound(house)
    assert outcomes["counted"] == 1


async def test_a_claim_made_twice_is_a_conflict_and_an_entry_too(house: House) -> None:
    async with house.service() as counting:
        await submit(house, counting, counting.recorder, Inbound("m1", "13812345678", "A01"))
    async with house.service() as counting:  # what waited in the tail is settled
        for table in ("claims", "entries"):
            with pytest.raises(Conflict):
                await counting.store.run(
                    lambda db, table=table: db.execute(f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1")
                )
    assert house.sql("SELECT count(*) FROM claims") == [(2,)], "a cap's use, and a message"
