"""A whole campaign on SQLite and on PostgreSQL, with the same clock and the same randomness: the same export,
byte for byte; and a database that is moved from the one to the other.

Slow, for a campaign is served, closed and exported several times.
"""

import asyncio
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest

from gateway import service
from gateway.checking import audit
from gateway.keeping import moving
from gateway.people.roles import Role
from gateway.storage.store import Unsafe
from tally.outcome import Selection
from tests import postgres as own
from tests.cli import commands
from tests.conftest import SETTLED_MS, House, Visitor
from tests.gateway.test_audit import CAMPAIGN, exported
from tests.intake.test_revise import count, reject
from tests.postgres import Server

TEXTS = ("A01", "a1 B02", "A02", "不要A01", "B03", "hello", "A99")


async def played(visitor: Visitor) -> None:
    """Votes by two ways, repeats, one that is sent again, rulings, an act, and the close."""
    house, counting = visitor.house, visitor.service
    running = counting.campaigns[CAMPAIGN]
    for number in range(42):
        house.clock.ms += 1_000
        status = await visitor.vote(f"138{number % 30:08d}", TEXTS[number % 7], f"w{number}")
        assert (status, await visitor.kannel(f"139{number % 9:08d}", "投A03", f"k{number}")) == (200, 200)
    assert await visitor.vote("13800000000", "A01", "w0") == 200
    first, second, *_ = await counting.casebook.waiting(CAMPAIGN)
    rulings = [count(first.place, Selection("window", "A02")), reject(second.place)]
    await counting.recorder.revise(running, rulings, house.clock.ms)
    await counting.acts.bar(running, "13700000000", "wang", "fraud")
    house.clock.ms = SETTLED_MS + 60_000  # also for requests that were under way
    await counting.schedule.tick()
    assert running.closed


async def sound(house: House) -> int:
    """How many entries there are, once everything has been verified and counted again."""
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        assert (await audit.recount(ledger, lambda _: None)).agrees
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        return await audit.verify(ledger, lambda _: None)


async def test_the_export_is_the_same_to_the_byte(
    house: House, postgres: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = House(tmp_path / "other", replace(house.clock))
    shutil.copytree(house.folder, other.folder)
    other.move_to(postgres.url(postgres.fresh("televote")))
    found = []
    for one in (house, other):
        monkeypatch.setattr(service, "os", SimpleNamespace(urandom=random.Random(1).randbytes))
        async with one.serve() as visitor:
            await played(visitor)
        assert await sound(one) > 84
        found.append(await exported(one, one.folder / "out"))
    assert found[0] == found[1]
    assert len(found[0]) > 5


@pytest.mark.parametrize("crashed", [False, True])
async def test_a_moved_database_goes_on_where_it_was(
    house: House, postgres: Server, tmp_path: Path, crashed: bool
) -> None:
    """Also one whose claims still wait, for its process was killed."""
    async with house.serve() as visitor:
        await played(visitor)
        await visitor.sign_in(Role.COMMITTEE, "wang")
        if crashed:
            left = shutil.copytree(house.folder, tmp_path / "left", ignore=shutil.ignore_patterns("*.sock"))
            house = House(left, house.clock)
            with closing(sqlite3.connect(house.database)) as db:
                assert db.execute("SELECT 1 FROM tails").fetchone()
    had, before = await sound(house), await exported(house, tmp_path / "before")
    url = postgres.url(postgres.fresh())
    told = await moving.move(house.load(), url, lambda *_: lambda _: None)
    assert told["campaigns"] == {CAMPAIGN: had}
    assert told["rows"]["entries"] == had
    with pytest.raises(Unsafe, match=r"has rows in .* already"):
        await moving.move(house.load(), url, lambda *_: lambda _: None)
    house.move_to(url)
    assert await exported(house, tmp_path / "after") == before
    async with house.serve() as visitor:
        assert await visitor.vote("13800000000", "A01", "w0") == 200, "known, as before"
        await visitor.sign_in(Role.COMMITTEE, "li")
    assert await sound(house) == had


def test_the_command_moves_and_can_be_killed_on_its_way(postgres: Server, tmp_path: Path) -> None:
    """Until it has committed, nothing of it is there; then it can be run again."""
    home = commands.home(tmp_path / "var")
    log = home.log(commands.rows(3_000), "log.csv")
    assert home.call("import", "--source", "hotline", log).code == 0
    name = postgres.fresh()
    url = postgres.url(name)
    copying = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND query LIKE 'COPY%'"

    async def until_it_copies(process: subprocess.Popen[str]) -> None:
        watching = await asyncpg.connect(postgres.url("postgres"))
        while not await watching.fetchval(copying):
            assert process.poll() is None
            await asyncio.sleep(0.001)
        await watching.close()

    with home.start("migrate", "--to", url) as process:
        asyncio.run(until_it_copies(process))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    while postgres.sql(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'") != "0":
        time.sleep(0.05)
    assert own.sql(url, "SELECT count(*) FROM entries") == [(0,)]
    said = home.call("migrate", "--to", url)
    assert (said.code, f'url = "{url}"' in said.out) == (0, True), said.err
    assert own.sql(url, "SELECT count(*) FROM entries") == [(home.entries(),)]
    again = home.call("migrate", "--to", url)
    assert (again.code, "already" in again.err) == (2, True)
    wrong = home.call("migrate", "--to", "postgresql://me:hunter2@localhost/x")
    assert (wrong.code, "hunter2" in wrong.err) == (2, False)


def test_a_backup_of_postgresql_is_its_own(postgres: Server, tmp_path: Path) -> None:
    home = commands.home(tmp_path / "var")
    url = postgres.url(postgres.fresh("televote"))
    home.settings.write_text(f'{home.settings.read_text("utf-8")}\n[storage]\nurl = "{url}"\n', "utf-8")
    said = home.call("backup", tmp_path / "backup")
    assert (said.code, "pg_basebackup" in said.err) == (2, True)
    log = home.log(commands.rows(3), "log.csv")
    assert home.call("import", "--source", "hotline", log).code == 0
    with home.served():
        refused = home.call("migrate", "--to", url)
        assert refused.code == 2
        assert (
            home.call("import", "--source", "hotline", home.log(commands.rows(2, 10), "more.csv")).code == 0
        )
    assert home.call("verify").code == 0
    assert home.call("init", "--citus").code == 2
