"""Brings a database to today's schema: numbered files, each applied with its record in one transaction."""

import hashlib
import sqlite3
from importlib import resources
from typing import NamedTuple


class Migration(NamedTuple):
    """One numbered file."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file's text: an applied migration must not be edited."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationFault(RuntimeError):
    """The database's schema is not one this version can bring up to date."""


def available() -> list[Migration]:
    """The migrations that this version ships, in order."""
    files = [
        file
        for file in resources.files("gateway.storage").joinpath("migrations").iterdir()
        if file.name.endswith(".sql")
    ]
    return sorted(Migration(int(file.name[:4]), file.name, file.read_text("utf-8")) for file in files)


def apply(connection: sqlite3.Connection, migrations: list[Migration] | None = None) -> list[str]:
    """Apply what is missing; returns the names applied. The connection is in autocommit mode.

    Raises `MigrationFault` if the database was made by a newer version, or an applied file was edited.
    """
    known = available() if migrations is None else migrations
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations"
        " (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT"
    )
    done = {
        number: (name, checksum) for number, name, checksum in connection.execute("SELECT * FROM migrations")
    }
    newer = sorted(set(done) - {migration.number for migration in known})
    if newer:
        raise MigrationFault(
            f"the database has migration {done[newer[0]][0]}, which this version does not know: "
            "run the version that made it, or a newer one"
        )
    applied = []
    for migration in known:
        if migration.number not in done:
            _apply_one(connection, migration)
            applied.append(migration.name)
        elif done[migration.number][1] != migration.checksum:
            raise MigrationFault(
                f"migration {migration.name} was edited after it was applied: restore the released file"
            )
    return applied


def _apply_one(connection: sqlite3.Connection, migration: Migration) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _statements(migration.sql):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO migrations VALUES (?, ?, ?)", (migration.number, migration.name, migration.checksum)
        )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite has rolled back itself if the disk is full
            connection.execute("ROLLBACK")
        raise


def _statements(sql: str) -> list[str]:
    """The statements of a script, the last also without its `;`. `executescript` would commit first."""
    statements, pending = [], ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending.strip())
            pending = ""
    return [*statements, pending]
