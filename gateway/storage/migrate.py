"""Brings a database to today's schema: numbered files, each applied with its record in one transaction."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable
from importlib import resources
from typing import Final, NamedTuple

from gateway.storage.blocks import STORAGE
from gateway.storage.database import Database, transaction

_OWN: Final = ".postgresql.sql"
ALONE: Final = ".sqlite.sql"


class Migration(NamedTuple):
    """One numbered file, in SQLite's words; `own` is what PostgreSQL runs after it (`….postgresql.sql`), or
    instead of it, if the file is SQLite's alone (`….sqlite.sql`)."""

    number: int
    name: str
    sql: str
    own: str = ""

    @property
    def checksum(self) -> str:
        """SHA-256 of the file's text: an applied migration must not be edited."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationFault(RuntimeError):
    """The database's schema is not one this version can bring up to date."""


def available() -> list[Migration]:
    """The migrations that this version ships, in order."""
    files = {
        file.name: file.read_text("utf-8")
        for file in resources.files("gateway.storage").joinpath("migrations").iterdir()
        if file.name.endswith(".sql")
    }
    return [
        Migration(
            int(name[:4]), name, sql, files.get(name.removesuffix(".sql").removesuffix(".sqlite") + _OWN, "")
        )
        for name, sql in sorted(files.items())
        if not name.endswith(_OWN)
    ]


def apply(
    db: Database,
    migrations: list[Migration] | None = None,
    words: Callable[[Migration], Iterable[str]] = lambda migration: _statements(migration.sql),
) -> list[str]:
    """Apply what is missing; returns the names applied. The connection is in autocommit mode.

    `words` are a migration's statements as the engine takes them. Raises `MigrationFault` if the database was
    made by a newer version, or an applied file was edited.
    """
    known = available() if migrations is None else migrations
    with transaction(db):
        db.execute(STORAGE["migrations"])
    done = {number: (name, checksum) for number, name, checksum in db.execute("SELECT * FROM migrations")}
    newer = sorted(set(done) - {migration.number for migration in known})
    if newer:
        raise MigrationFault(
            f"the database has migration {done[newer[0]][0]}, which this version does not know: "
            "run the version that made it, or a newer one"
        )
    applied = []
    for migration in known:
        if migration.number not in done:
            applied += [migration.name] * _apply_one(db, migration, words(migration))
        elif done[migration.number][1] != migration.checksum:
            raise MigrationFault(
                f"migration {migration.name} was edited after it was applied: restore the released file"
            )
    return applied


def _apply_one(db: Database, migration: Migration, statements: Iterable[str]) -> bool:
    """False if another node has just done so."""
    with transaction(db):
        if db.execute("SELECT 1 FROM migrations WHERE number = ?", (migration.number,)).fetchone():
            return False
        for statement in statements:
            db.execute(statement)
        db.execute("INSERT INTO migrations VALUES (?, ?, ?)", (*migration[:2], migration.checksum))
    return True


def _statements(sql: str) -> list[str]:
    """The statements of a script, the last also without its `;`. `executescript` would commit first."""
    statements, pending = [], ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending.strip())
            pending = ""
    return [*statements, pending]
