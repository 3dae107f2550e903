"""Migrations: applied once, in order, whole or not at all; and a database that is not ours to bring up."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.checking import audit
from gateway.intake.inbound import Inbound
from gateway.storage import migrate
from gateway.storage.migrate import Migration, MigrationFault
from gateway.storage.store import Unsafe
from tests.conftest import House

FIRST = Migration(1, "0001_begin.sql", "CREATE TABLE a (x INTEGER) STRICT;\nINSERT INTO a VALUES (1);\n")
SECOND = Migration(2, "0002_more.sql", "ALTER TABLE a ADD COLUMN y TEXT;\nUPDATE a SET y = 'old';\n")
TRIGGER = """\
-- A statement with statements in it; and -- a comment; with semicolons.
CREATE TRIGGER a_keep BEFORE UPDATE ON a
BEGIN
    SELECT RAISE(ABORT, 'never; ever');
END;
CREATE TABLE b (x INTEGER) STRICT;
-- The end.
"""


@pytest.fixture(name="db")
def _db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as db:
        yield db


def tables(db: sqlite3.Connection) -> set[str]:
    own = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return {name for (name,) in db.execute(own)}


def applied(db: sqlite3.Connection) -> list[int]:
    return [number for (number,) in db.execute("SELECT number FROM migrations ORDER BY number")]


def schema(db: sqlite3.Connection) -> list[tuple[str, str]]:
    return list(db.execute("SELECT name, sql FROM sqlite_schema ORDER BY name"))


def test_those_we_ship_are_numbered_without_gaps_and_apply_to_a_fresh_database(
    db: sqlite3.Connection,
) -> None:
    shipped = migrate.available()
    assert [one.number for one in shipped] == list(range(1, len(shipped) + 1))
    assert migrate.apply(db) == [one.name for one in shipped]
    assert tables(db) >= {"campaigns", "logs", "entries", "claims", "totals", "snapshots", "migrations"}
    strict = {name: strict for _, name, _, _, _, strict in db.execute("PRAGMA table_list")}
    assert all(strict[name] for name in tables(db)), "every table is STRICT: a column holds what it says"


def test_applied_twice_they_change_nothing(db: sqlite3.Connection) -> None:
    migrate.apply(db)
    before = schema(db)
    assert migrate.apply(db) == []
    assert schema(db) == before


def test_a_newer_one_is_applied_to_an_old_file_with_data_in_it(db: sqlite3.Connection) -> None:
    assert migrate.apply(db, [FIRST]) == ["0001_begin.sql"]
    db.execute("INSERT INTO a VALUES (2)")
    assert migrate.apply(db, [FIRST, SECOND]) == ["0002_more.sql"]
    assert db.execute("SELECT * FROM a").fetchall() == [(1, "old"), (2, "old")]
    assert applied(db) == [1, 2]


def test_an_edited_file_is_refused_by_name(db: sqlite3.Connection) -> None:
    migrate.apply(db, [FIRST])
    edited = FIRST._replace(sql=FIRST.sql + " ")
    with pytest.raises(MigrationFault, match=r"0001_begin\.sql was edited after it was applied"):
        migrate.apply(db, [edited, SECOND])
    assert applied(db) == [1], "and nothing after it is applied"


def test_a_newer_database_is_refused_by_name(db: sqlite3.Connection) -> None:
    migrate.apply(db, [FIRST, SECOND])
    before = schema(db)
    with pytest.raises(MigrationFault, match=r"0002_more\.sql, which this version does not know"):
        migrate.apply(db, [FIRST])
    assert schema(db) == before


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("CREATE TABLE b (x INTEGER);\nINSERT INTO nowhere VALUES (1);\n", sqlite3.OperationalError),
        ("CREATE TABLE b (x INTEGER);\nCREATE TABEL c (x);\n", sqlite3.OperationalError),
        ("UPDATE a SET x = 7;\nINSERT INTO a VALUES ('text');\n", sqlite3.IntegrityError),
        ("CREATE TABLE b (x UNIQUE);\nINSERT OR ROLLBACK INTO b VALUES (1), (1);\n", sqlite3.IntegrityError),
        (
            "CREATE TABLE b (x INTEGER);\nCREATE TRIGGER t BEFORE UPDATE ON a BEGIN\n",
            sqlite3.OperationalError,
        ),
    ],
    ids=["no table", "no SQL", "constraint", "SQLite rolls back itself", "cut off"],
)
def test_one_that_fails_leaves_nothing_behind(
    db: sqlite3.Connection, sql: str, error: type[Exception]
) -> None:
    migrate.apply(db, [FIRST])
    before = schema(db)
    with pytest.raises(error):
        migrate.apply(db, [FIRST, Migration(2, "0002_bad.sql", sql)])
    assert not db.in_transaction
    assert schema(db) == before
    assert db.execute("SELECT x FROM a").fetchall() == [(1,)]
    assert applied(db) == [1]
    assert migrate.apply(db, [FIRST, SECOND]) == ["0002_more.sql"], "put right, it applies"


def test_statements_are_told_apart_as_sqlite_does(db: sqlite3.Connection) -> None:
    migrate.apply(db, [FIRST, Migration(2, "0002_trigger.sql", TRIGGER)])
    assert "b" in tables(db)
    with pytest.raises(sqlite3.IntegrityError, match="never; ever"):
        db.execute("UPDATE a SET x = 2")


def test_a_last_statement_without_its_semicolon_is_applied_too(db: sqlite3.Connection) -> None:
    migrate.apply(db, [Migration(1, "0001_x.sql", "CREATE TABLE a (x INTEGER);\nCREATE TABLE b (x INTEGER)")])
    assert {"a", "b"} <= tables(db)


async def test_the_service_does_not_start_on_a_newer_database(house: House) -> None:
    async with house.service():
        pass
    with closing(sqlite3.connect(house.database)) as db:
        db.execute("INSERT INTO migrations VALUES (999, '0999_future.sql', 'x')")
        db.commit()
    with pytest.raises(Unsafe, match=r"0999_future\.sql, which this version does not know"):
        async with house.service():
            pass
    with closing(sqlite3.connect(house.database)) as db:
        db.execute("DELETE FROM migrations WHERE number = 999")
        db.commit()
    async with house.service():
        pass


async def test_a_database_from_before_there_were_rulings_is_brought_up(house: House) -> None:
    """What waits for a person gets its case; the acts are found; the ledger recounts and can be ruled on."""
    async with house.service() as counting:
        texts = ["不要A01", "A01", "A99", "不要B01", "你好"]
        sent = [Inbound(f"m{n}", f"1381234567{n}", text) for n, text in enumerate(texts)]
        await counting.take(counting.sources["sim"], sent)
    with closing(sqlite3.connect(house.database, isolation_level=None)) as db:
        for table in ("acts", "cases", "tempo"):
            db.execute(f"DROP TABLE {table}")
        later = migrate.available()[2:]
        own = {made for one in later for made in re.findall(r"CREATE ((?:TABLE|VIEW) \w+)", one.sql)}
        for made in own:
            db.execute(f"DROP {made}")
        for column in ("edition", "closing_ms", "unswept"):
            db.execute(f"ALTER TABLE campaigns DROP COLUMN {column}")
        db.execute("DELETE FROM totals WHERE subject = 'waiting'")
        db.execute("CREATE INDEX unsealed ON entries (log, seq) WHERE sealed IS NULL")
        db.execute("DELETE FROM migrations WHERE number > 1")
    for _ in range(2):
        async with house.service() as counting:
            waiting = await counting.casebook.waiting("beita-2018")
            assert [case.outcome for case in waiting] == ["unclear", "unknown_code", "unclear"]
            assert counting.campaigns["beita-2018"].opened, "the acts were found"
    async with audit.open_ledger(house.load(), "beita-2018") as ledger:
        assert (await audit.recount(ledger, lambda _: None)).agrees
