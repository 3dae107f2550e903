"""The store on PostgreSQL when its server fails: nothing acknowledged is lost, nothing is counted twice.

Slow, for servers are made, killed and promoted.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest

from gateway.checking import audit
from gateway.intake import journey
from gateway.intake.decide import Verdict
from gateway.intake.inbound import Inbound
from gateway.service import Service
from gateway.storage.postgresql.session import SQL, Address, connect
from gateway.storage.postgresql.store import _SETTINGS, open_store
from gateway.storage.store import Unavailable, Unsafe
from tests import postgres as own
from tests.conftest import House
from tests.postgres import Server

CAMPAIGN = "beita-2018"


async def opened(url: str, node: str = "n1") -> None:
    async with open_store(Address(url, None, node)):
        pass


# What is fast


@pytest.mark.parametrize("name", ["recall", "held", "taken", "entries-at"])
async def test_votes_look_up_by_key_though_it_was_planned_while_there_were_none(
    postgres: Server, name: str
) -> None:
    """A plan is kept as long as the connection: one that reads all claims for each message is as good while
    there are none, and a hundred times as dear at ten thousand."""
    url = postgres.url(postgres.fresh())
    await opened(url)
    types = {"bytea": "'x'::bytea", "bigint": "1", "text": "'x'"}
    places = dict(re.findall(r"\$(\d+)(?:::(\w+)\[\])?", SQL[name]))
    given = [
        f"array[{types[places[at]]}]" if places[at] else "1" for at in map(str, range(1, len(places) + 1))
    ]
    kinds = [f"{places[at]}[]" if places[at] else "bigint" for at in map(str, range(1, len(places) + 1))]
    writer = await connect(Address(url, None, "n1"), 20.0, _SETTINGS)
    try:
        await writer.execute(f"PREPARE asked ({', '.join(kinds)}) AS {SQL[name]}")
        for _ in range(6):  # then it keeps to a plan for all there may be
            await writer.execute(f"EXECUTE asked ({', '.join(given)})")
        plan = [line for (line,) in await writer.fetch(f"EXPLAIN EXECUTE asked ({', '.join(given)})")]
    finally:
        await writer.close()
    found = [line for line in plan if "Index Cond" in line]
    assert found
    assert all(re.search(r"\((voter_key|log) = ", line) for line in found), plan


# What is not safe


@pytest.mark.parametrize("commit", ["off", "local", "remote_write"])
async def test_less_than_a_whole_commit_is_refused(postgres: Server, commit: str) -> None:
    name = postgres.fresh()
    postgres.sql(f"ALTER DATABASE {name} SET synchronous_commit = {commit}")
    with pytest.raises(Unsafe, match=f"synchronous_commit={commit}: a power cut could lose acknowledged"):
        await opened(postgres.url(name))


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
async def test_a_server_that_a_power_cut_could_break_is_refused(setting: str) -> None:
    with own.cluster(**{setting: "off"}) as server:
        with pytest.raises(
            Unsafe, match=f"{setting}=off: a power cut could lose acknowledged votes. Set {setting} = on"
        ):
            await opened(server.url("postgres"))
        server.stop()
        server.start(**{setting: "on"})
        await opened(server.url("postgres"))


async def test_another_encoding_is_refused(postgres: Server) -> None:
    postgres.sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(Unsafe, match="server_encoding=LATIN1"):
        await opened(postgres.url("latin"))


async def test_a_database_of_something_else_is_refused_and_left_alone(postgres: Server) -> None:
    name = postgres.fresh()
    postgres.sql("CREATE TABLE theirs (x int)", database=name)
    with pytest.raises(Unsafe, match="tables of something else"):
        await opened(postgres.url(name))
    assert postgres.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database=name) == "1"


async def test_a_name_is_one_process_s(postgres: Server) -> None:
    url = postgres.url(postgres.fresh("televote"))
    async with open_store(Address(url, None, "n1")):
        await opened(url, "n2")
        with pytest.raises(Unsafe, match="another process has this database open as node n1"):
            await opened(url, "n1")
    await opened(url, "n1")


async def test_nodes_that_start_at_once_bring_one_schema_up(postgres: Server) -> None:
    url = postgres.url(postgres.fresh())
    await asyncio.gather(*(opened(url, f"n{number}") for number in range(4)))


async def test_neither_password_nor_what_was_sent_is_in_an_error(postgres: Server) -> None:
    url = postgres.url(postgres.fresh("televote"))
    async with open_store(Address(url, None, "n1")) as store:
        for sql, parameters in (
            ("SELECT seq FROM entries WHERE seq = ?", ("13812345678",)),
            ("SELECT CAST(? AS text)", ("13812345678\0",)),
        ):
            with pytest.raises(Unavailable) as found:
                await store.run(lambda db, sql=sql, some=parameters: db.execute(sql, some))
            assert "13812345678" not in str(found.value)


async def test_entries_stay_as_they_are(postgres: Server) -> None:
    url = postgres.url(postgres.fresh("televote"))
    insert = "INSERT INTO entries VALUES (1, 0, 'x', '', '', 'y') RETURNING 1"
    assert own.sql(url, insert) == [(1,)]
    for sql in ("UPDATE entries SET leaf = 'z'", "DELETE FROM entries", "TRUNCATE entries"):
        with pytest.raises(Exception, match="ledger entries never change"):
            own.sql(url, sql)
    own.sql(url, "UPDATE entries SET sealed = NULL")
    assert own.sql(url, "SELECT leaf, sealed FROM entries") == [(b"", None)]


# What is cut


class Proxy:
    """A door to the server that can be cut in the votes' own connection: once `when` is said there, and
    handed on or not, nothing comes back."""

    def __init__(self, port: int) -> None:
        self.port, self.when, self.after, self.cuts = port, b"", True, 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up = await asyncio.open_connection("127.0.0.1", self.port)
        back = asyncio.create_task(_copy(up_reader, writer))
        try:
            await self._forward(reader, up, back)
        finally:
            back.cancel()
            for one in (up, writer):
                one.transport.abort()
                with suppress(OSError):
                    await one.wait_closed()

    async def _forward(
        self, reader: asyncio.StreamReader, up: asyncio.StreamWriter, back: asyncio.Task[None]
    ) -> None:
        voting = False
        while data := await reader.read(65_536):
            voting |= b"lock_shared" in data
            if voting and self.when and self.when in data:
                self.when, self.cuts = b"", self.cuts + 1
                back.cancel()
                if self.after:
                    up.write(data)
                    await up.drain()
                    await asyncio.sleep(0.3)  # the server has done it; its answer is on its way
                return
            up.write(data)
            await up.drain()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def proxied(server: Server) -> AsyncIterator[tuple[Proxy, int]]:
    proxy = Proxy(server.port)
    serving = set[asyncio.Task[None]]()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(proxy.serve(reader, writer)))

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield proxy, listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def send(house: House, counting: Service, first: int, count: int) -> list[Verdict]:
    """Votes of different callers, each sent until it is acknowledged; what was acknowledged."""
    source = counting.sources["sim"]
    ended: list[Verdict] = []
    for number in range(first, first + count):
        one = Inbound(f"m{number}", f"138{number:08d}", "A01")
        async with asyncio.timeout(60):
            while True:
                with suppress(Unavailable):
                    ended += await counting.recorder.submit(
                        source.running, [journey.prepare(source, one, house.clock.ms)]
                    )
                    break
                await asyncio.sleep(0.05)
    return ended


async def counted(house: House) -> int:
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        found = await audit.recount(ledger, lambda _: None)
    assert found.agrees, (found.differences, found.faults)
    return int(found.standings["balance"]["messages"].get("counted", 0))


@pytest.mark.parametrize("after", [True, False], ids=["sent, and not answered", "never sent"])
@pytest.mark.parametrize("when", [b"COMMIT", b"A01"], ids=["the commit", "the rows"])
async def test_a_connection_lost_in_a_commit(
    house: House, postgres: Server, when: bytes, after: bool
) -> None:
    """The message is sent again, and is counted once, whether it was committed or not."""
    name = postgres.fresh("televote")
    async with proxied(postgres) as (proxy, port):
        house.move_to(postgres.url(name, port))
        async with house.service() as counting:
            await send(house, counting, 0, 2)
            proxy.when, proxy.after = when, after
            (verdict,) = await send(house, counting, 2, 1)
            assert (proxy.cuts, verdict.outcome) == (1, "counted")
            assert verdict.redelivered is (when == b"COMMIT" and after), "it was there already"
            await send(house, counting, 3, 2)
        assert await counted(house) == 5


async def test_a_server_that_starts_again(house: House) -> None:
    with own.cluster() as server:
        house.move_to(server.url("postgres"))
        async with house.service() as counting:
            sending = asyncio.create_task(send(house, counting, 0, 60))
            for _ in range(2):
                await asyncio.sleep(0.3)
                await asyncio.to_thread(server.stop)
                await asyncio.to_thread(server.start)
            assert {one.outcome for one in await sending} == {"counted"}
        assert await counted(house) == 60


async def test_a_connection_lost_while_nothing_happens_costs_no_vote(house: House, postgres: Server) -> None:
    name = postgres.fresh("televote")
    house.move_to(postgres.url(name))
    async with house.service() as counting:
        await send(house, counting, 0, 1)
        postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        await asyncio.sleep(0.2)
        source = counting.sources["sim"]
        prepared = [journey.prepare(source, Inbound("m9", "13900000009", "A01"), house.clock.ms)]
        (verdict,) = await counting.recorder.submit(source.running, prepared)
        assert verdict.outcome == "counted"
    assert await counted(house) == 2


# A node that is stopped


async def test_a_node_that_is_stopped_lets_the_others_go_on(house: House, postgres: Server) -> None:
    """Its session is ended for it, and its locks go with that. Slow: five seconds are given to it."""
    house.move_to(postgres.url(postgres.fresh()))
    stopped = await connect(Address(house.load().settings.storage.url, None, "n2"), 20.0, _SETTINGS)
    async with house.service() as counting:
        try:
            lock = f"SELECT pg_advisory_xact_lock(1702192502, {counting.recorder.head(CAMPAIGN).campaign_id})"
            await stopped.execute(f"BEGIN; {lock}")
            async with asyncio.timeout(15), counting.store.alone(counting.recorder.head(CAMPAIGN)):
                pass
            async with counting.store.alone(counting.recorder.head(CAMPAIGN)):
                left = await counting.store._writer.fetchval("SHOW idle_session_timeout")
            after = await counting.store._writer.fetchval("SHOW idle_session_timeout")
            assert (left, after) == ("10s", "0")
        finally:
            stopped.terminate()


# A standby


@pytest.fixture
def pair() -> Iterator[tuple[Server, Server]]:
    """A primary whose commits wait for its standby."""
    with own.cluster() as primary, own.folder() as folder:
        standby = Server(folder).copy_of(primary).start()
        try:
            primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'", "SELECT pg_reload_conf()")
            yield primary, standby
        finally:
            standby.stop()


async def test_a_wait_for_the_standby_that_is_cancelled_is_not_acknowledged(
    house: House, pair: tuple[Server, Server]
) -> None:
    """The commit is on the primary's disk then, and a failover would lose it: also who sends it again hears
    nothing until the standby has it."""
    primary, standby = pair
    house.move_to(primary.url("postgres"))
    async with house.service() as counting:
        await send(house, counting, 0, 1)
        await asyncio.to_thread(standby.stop)
        source = counting.sources["sim"]
        prepared = [journey.prepare(source, Inbound("m1", "13800000001", "A01"), house.clock.ms)]
        waiting = asyncio.create_task(counting.recorder.submit(source.running, prepared))
        cancel = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        for _ in range(3):  # the first try, and what follows it
            while await asyncio.to_thread(primary.sql, cancel) == "0":  # noqa: ASYNC110 -- it is elsewhere
                await asyncio.sleep(0.05)
        with pytest.raises(Unavailable):
            await waiting
        again = asyncio.create_task(send(house, counting, 1, 1))
        await asyncio.sleep(1)
        assert primary.sql("SELECT count(*) FROM claims WHERE cap = 'message'") == "2", "it is there"
        assert not again.done(), "and is not acknowledged"
        await asyncio.to_thread(standby.start)
        (verdict,) = await again
        assert (verdict.outcome, verdict.redelivered) == ("counted", True)
    assert await counted(house) == 2


async def test_after_a_failover_that_lost_votes_no_more_are_taken(
    house: House, pair: tuple[Server, Server]
) -> None:
    """What is written there would stand where other votes are signed: then not even a new epoch can go on."""
    primary, standby = pair
    both = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    house.move_to(f"postgresql://postgres@{both}/postgres?sslmode=disable")
    size = "SELECT count(*) FROM entries"
    async with house.service() as counting:
        source = counting.sources["sim"]
        await send(house, counting, 0, 5)
        primary.sql("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
        await asyncio.to_thread(standby.stop)
        await send(house, counting, 5, 5)
        await counting.publisher.tick()
        signed = counting.recorder.head(CAMPAIGN).size
        await asyncio.to_thread(primary.stop)
        await asyncio.to_thread(standby.start)
        await asyncio.to_thread(standby.promote)
        had = int(standby.sql(size))
        assert had < signed
        for _ in range(3):
            prepared = journey.prepare(source, Inbound("late", "13899999999", "A01"), house.clock.ms)
            with pytest.raises(Unavailable):
                await asyncio.wait_for(counting.recorder.submit(source.running, [prepared]), 30)
            await asyncio.sleep(1.2)  # it looks every second whether it can go on
        assert not counting.recorder.healthy
        assert int(standby.sql(size)) == had
    await asyncio.to_thread(primary.start)  # as if the newest one were found again
    await asyncio.to_thread(standby.stop)
    assert await counted(house) == 10


async def test_a_failover_loses_nothing_that_was_acknowledged(
    house: House, pair: tuple[Server, Server]
) -> None:
    primary, standby = pair
    both = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    house.move_to(f"postgresql://postgres@{both}/postgres?sslmode=disable")
    async with house.service() as counting:
        sending = asyncio.create_task(send(house, counting, 0, 60))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(primary.stop)
        await asyncio.to_thread(standby.promote)
        assert {one.outcome for one in await sending} == {"counted"}
    assert await counted(house) == 60
