"""A process killed in the midst of a migration leaves the old schema or the new one, and every row."""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.storage import migrate
from tests.gateway.test_epoch_killed import Forks, forking

KILLS = int(os.environ.get("MIGRATION_KILLS", "100"))
SHIPPED = migrate.available()
STATEMENTS = {one.number: len(migrate._statements(one.sql)) for one in SHIPPED}

Rows = dict[str, list[tuple[object, ...]]]


@pytest.fixture(name="forks", scope="module")
def _forks() -> Iterator[Forks]:
    with forking() as forks:
        yield forks


def tables(db: sqlite3.Connection) -> list[str]:
    asked = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
    return [name for (name,) in db.execute(asked)]


#: Columns that a migration reads, and what can stand there.
READ: dict[str, Callable[[int], object]] = {"uses": lambda n: f'[["c{n}","contest","",1,"x"]]'}


def fill(db: sqlite3.Connection, rows: int) -> None:
    """Rows in every table there is, of whatever its columns hold: no claim waits that is in its place."""
    for table in tables(db):
        if table == "migrations" or table.startswith("sqlite_"):
            continue
        columns = [
            name if name in READ else kind for _, name, kind, *_ in db.execute(f"PRAGMA table_info({table})")
        ]
        kinds = {
            "INTEGER": lambda n: n + 1,
            "TEXT": lambda n: f"t{n}",
            "BLOB": (table + "%d").encode().__mod__,
            **READ,
        }
        places = ",".join("?" * len(columns))
        db.executemany(
            f"INSERT INTO {table} VALUES ({places})",
            [[kinds[kind](n) for kind in columns] for n in range(rows)],
        )
    db.execute("UPDATE totals SET subject = 'waiting'")


def old(path: Path, number: int, rows: int) -> Rows:
    """A database as it was before a migration, with rows in it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        migrate.apply(db, SHIPPED[: number - 1])
        if number > 1:
            db.execute("BEGIN")
            fill(db, rows)
            db.execute("COMMIT")
        return held(db)


#: Claims may change their place: where they wait and where they stand are one table here.
CLAIMED = (
    "SELECT voter_key, campaign, cap, contest, period, ordinal, candidate, channel, log, seq FROM claimed"
)
PLACES = ("claims", "tails", "slices")


def held(db: sqlite3.Connection) -> Rows:
    asked = {table: f"SELECT * FROM {table}" for table in tables(db) if table != "migrations"}
    if "tails" in asked:
        asked = {"claimed": CLAIMED} | {table: sql for table, sql in asked.items() if table not in PLACES}
    return {
        table: sorted(db.execute(sql), key=repr)
        for table, sql in asked.items()
        if not table.startswith("sqlite_")
    }


def schema(db: sqlite3.Connection) -> list[tuple[str, str, str]]:
    return list(db.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name"))


def schema_of(number: int) -> list[tuple[str, str, str]]:
    """The schema once so many migrations are applied."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate.apply(db, SHIPPED[:number])
        return schema(db)


def whole(path: Path, before: Rows, at_least: int) -> int:
    """That a database is of one version, with every row it had; returns the version."""
    with closing(sqlite3.connect(path)) as db:
        numbers = [number for (number,) in db.execute("SELECT number FROM migrations ORDER BY number")]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= at_least
        assert schema(db) == schema_of(len(numbers)), "never between"
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        now = held(db)
    for table, rows in before.items():  # a migration may have given them a column more
        kept = now[table if table in now else "claimed"]
        assert [new[: len(old)] for old, new in zip(rows, kept, strict=True)] == rows, "no row is lost"
    return len(numbers)


def finish(forks: Forks, path: Path, before: Rows) -> None:
    """The next start brings it up."""
    assert forks.do({"folder": str(path.parent), "do": "migrate", "kill": 0, "database": str(path)}) == [0]
    assert whole(path, before, len(SHIPPED)) == len(SHIPPED)


@pytest.mark.parametrize("number", [one.number for one in SHIPPED])
def test_killed_between_any_two_statements(forks: Forks, tmp_path: Path, number: int) -> None:
    before = old(tmp_path / "old.db", number, rows=3)
    asked = {"folder": str(tmp_path), "do": "migrate", "kill": 0}
    for statement in range(STATEMENTS[number] + 1):
        path = tmp_path / f"{statement}.db"
        shutil.copy(tmp_path / "old.db", path)
        forks.do({**asked, "database": str(path), "statement": statement})
        reached = whole(path, before, number - 1)
        assert reached == (number - 1 if statement < STATEMENTS[number] else number)
    finish(forks, path, before)


@pytest.mark.soak
@pytest.mark.parametrize("number", [one.number for one in SHIPPED[1:]])
def test_killed_at_any_moment(forks: Forks, tmp_path: Path, number: int) -> None:
    """Within SQLite's own writes too: the commit, the checkpoint of the log of writes."""
    rng = random.Random(number)
    before, reached = old(tmp_path / "old.db", number, rows=5_000), set[int]()
    asked = {"folder": str(tmp_path), "do": "migrate", "kill": 0}
    for _ in range(KILLS):
        for left in tmp_path.glob("x.db*"):
            left.unlink()
        shutil.copy(tmp_path / "old.db", tmp_path / "x.db")
        forks.do({**asked, "database": str(tmp_path / "x.db"), "seconds": rng.uniform(0.005, 0.12)})
        reached.add(whole(tmp_path / "x.db", before, number - 1))
    finish(forks, tmp_path / "x.db", before)
    assert len(reached) > 1, f"killed too early, or too late: {reached}"
