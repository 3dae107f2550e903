"""How SQLite finds rows: a statement that runs for every vote must not read a whole table.

A look-up that scanned `claims` once made each vote slower than the one before.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from gateway.storage import migrate
from gateway.storage.blocks import CLAIMS, LEDGER, OUTBOX
from gateway.storage.seen import SEEN
from gateway.storage.tail import TAIL

BLOCKS = {f"claims: {name}": sql for name, sql in CLAIMS.items()} | {
    f"{table}: {name}": sql
    for table, blocks in (("ledger", LEDGER), ("outbox", OUTBOX), ("tail", TAIL), ("seen", SEEN))
    for name, sql in blocks.items()
}
#: These run once: for a recount, when a candidate withdraws, after a migration, at a start, when asked, when
#: a new epoch begins. The tail, which is bounded, is read at a start, and when somebody looks for a caller.
WHOLE = {
    *("tail: load", "tail: marks", "claims: messages-of"),
    *("claims: count-claims", "claims: release-candidate", "claims: erase-everybody"),
    *("ledger: adopt-cases", "ledger: adopt-totals"),
    *("claims: every-claim", "ledger: every-act", "ledger: every-case", "ledger: every-minute"),
    *("ledger: every-receipt", "ledger: every-receipt-led"),
    *("outbox: left", "outbox: summary", "outbox: forget", "outbox: restored", "outbox: logs"),
}


@pytest.fixture(name="db")
def _db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate.apply(db)
        yield db


def filled(sql: str, count: int) -> str:
    """A block with its placeholders for so many rows."""
    columns = re.search(r"INSERT INTO \w+ \(([^)]*)\)", sql)
    row = "(" + ",".join("?" * (columns[1].count(",") + 1 if columns else 0)) + ")"
    return sql.format(
        rows=",".join([row] * count),
        pairs=",".join(["(?,?)"] * count),
        keys=",".join(["(?,?,?,?,?,?)"] * count),
        voters=",".join("?" * count),
        campaign=1,
        log=1,
        kinds="?",
        logs="1,2",
    )


def plan(db: sqlite3.Connection, sql: str) -> list[str]:
    return [detail for *_, detail in db.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?"))]


def scanned(db: sqlite3.Connection, steps: list[str]) -> list[str]:
    """The tables of the database that are read whole."""
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return [step for step in steps if any(re.match(rf"SCAN {table}\b", step) for table in tables)]


@pytest.mark.parametrize("count", [1, 2, 512])
@pytest.mark.parametrize("name", sorted(BLOCKS.keys() - WHOLE))
def test_no_table_is_read_whole(db: sqlite3.Connection, name: str, count: int) -> None:
    steps = plan(db, filled(BLOCKS[name], count))
    assert scanned(db, steps) == [], steps
    if "FROM" in BLOCKS[name]:
        assert any(step.startswith("SEARCH ") for step in steps), steps


@pytest.mark.parametrize(
    ("name", "by"),
    [
        (
            "claims: heard",
            "(voter_key=? AND campaign=? AND cap=? AND contest=? AND period=? AND ordinal=?)",
        ),
        ("claims: claims", "(voter_key=? AND campaign=? AND cap=?)"),
        ("ledger: entry", "(log=? AND seq=?)"),
        ("ledger: entries", "(log=? AND seq>?)"),
        ("ledger: log", "(campaign=? AND node=?)"),
        ("ledger: advance-log", "(rowid=?)"),
    ],
)
def test_rows_are_found_by_their_whole_key(db: sqlite3.Connection, name: str, by: str) -> None:
    steps = plan(db, filled(BLOCKS[name], 2))
    assert any(step.startswith("SEARCH ") and step.endswith(by) for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps


def test_the_look_for_scans_sees_one(db: sqlite3.Connection) -> None:
    """The form that looks as good and was not: a row value IN (VALUES …)."""
    steps = plan(db, "SELECT log FROM claims WHERE (voter_key, period) IN (VALUES (?,?),(?,?))")
    assert scanned(db, steps), steps
