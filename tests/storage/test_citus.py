"""How the tables would lie on Citus. It cannot be installed here: what can be known without it is checked."""

import re

from gateway.storage import migrate
from gateway.storage.blocks import CLAIMS, LEDGER, OUTBOX
from gateway.storage.postgresql import citus
from gateway.storage.postgresql.session import SQL
from tests.postgres import Server

KEYS = """
SELECT c.conrelid::regclass, string_agg(a.attname, ' ') FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
WHERE c.contype IN ('p', 'u') AND c.connamespace = 'public'::regnamespace GROUP BY c.oid, c.conrelid
"""


def test_every_table_has_its_place(postgres: Server) -> None:
    tables = postgres.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", database="televote")
    places = [*citus.SPREAD, *citus.LOCAL, *citus.EVERYWHERE]
    assert sorted(places) == sorted(tables.split())


def test_every_unique_key_of_a_spread_table_has_its_column(postgres: Server) -> None:
    keys = [line.split("|") for line in postgres.sql(KEYS, database="televote").splitlines()]
    spread = [(table, columns.split()) for table, columns in keys if table in citus.SPREAD]
    assert {table for table, _ in spread} == set(citus.SPREAD), "each has a key"
    assert [table for table, columns in spread if citus.SPREAD[table] not in columns] == []


def test_no_foreign_key_leads_out_of_what_is_everywhere(postgres: Server) -> None:
    sql = "SELECT conrelid::regclass, confrelid::regclass FROM pg_constraint WHERE contype = 'f'"
    pairs = [line.split("|") for line in postgres.sql(sql, database="televote").splitlines()]
    assert pairs
    for table, other in pairs:
        assert citus.EVERYWHERE.index(other) < citus.EVERYWHERE.index(table)


def test_no_statement_is_one_that_citus_refuses() -> None:
    spread = "|".join(citus.SPREAD)
    for sql in (*LEDGER.values(), *CLAIMS.values(), *OUTBOX.values(), *SQL.values()):
        assert not re.search(r"\bFOR (UPDATE|SHARE)\b|\bMERGE\b|\bTEMP", sql), sql
        for table, columns in re.findall(
            rf"INSERT INTO ({spread}) .*?ON CONFLICT \(([^)]*)\)", sql, re.DOTALL
        ):
            assert citus.SPREAD[table] in columns.split(", "), sql
        for table, column in re.findall(rf"UPDATE ({spread}) SET (\w+) =", sql):
            assert citus.SPREAD[table] != column, sql


def test_the_triggers_that_go_are_all_that_there_are() -> None:
    made = [name for one in migrate.available() for name in re.findall(r"CREATE TRIGGER (\w+)", one.own)]
    gone = [name for sql in citus.statements() for name in re.findall(r"DROP TRIGGER (\w+)", sql)]
    assert made == gone != []


def test_those_that_belong_together_lie_together() -> None:
    told = citus.statements()
    assert "SELECT create_distributed_table('claims', 'voter_key')" in told
    assert "SELECT create_distributed_table('outbox', 'voter_key', colocate_with => 'claims')" in told
    assert "SELECT create_distributed_table('totals', 'log', colocate_with => 'entries')" in told
