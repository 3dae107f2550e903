"""What is not safe does not start: each way is really provoked, and ends in one clear line."""

import os
import re
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gateway.storage.sqlite import is_locked
from tests.cli import commands
from tests.cli.commands import Home, Said

FAILED, USAGE = 1, 2


@pytest.fixture
def used(tmp_path: Path) -> Home:
    """A folder in which votes were recorded and signed."""
    home = commands.home(tmp_path / "var")
    vote(home, 0)
    return home


def vote(home: Home, first: int) -> None:
    log = home.log(commands.rows(3, first), f"log{first}.csv")
    assert home.call("import", "--source", "hotline", log).code == 0


def change(home: Home, sql: str) -> None:
    with closing(sqlite3.connect(home.database)) as db:
        for (trigger,) in list(db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")):
            db.execute(f"DROP TRIGGER {trigger}")  # whoever may write the file may do this too
        db.execute(sql)
        db.commit()


def another_key(home: Home) -> None:
    (home.folder / f"secrets/{commands.CAMPAIGN}.key").write_text(os.urandom(32).hex())


def signed(home: Home) -> str:
    return (home.folder / f"ledger/{commands.CAMPAIGN}/n1/checkpoint").read_text("utf-8")


def an_older_copy(home: Home) -> None:
    shutil.copy(home.database, home.folder / "older")
    vote(home, 10)
    shutil.copy(home.folder / "older", home.database)


def without_its_log(home: Home) -> None:
    """Killed, and somebody tidied up the file beside the database."""
    with home.start("serve") as process:
        commands.listening(process)
        log = home.log(commands.rows(5, 20), "more.csv")
        before = signed(home)
        assert home.call("import", "--source", "hotline", log).code == 0
        while signed(home) == before:
            time.sleep(0.05)
        process.kill()
        commands.ended(process)
    home.database.with_name("televote.db-wal").unlink()


def cut_short(home: Home) -> None:
    os.truncate(home.database, 4096)


def without_shared_memory(home: Home) -> None:
    """Where SQLite cannot keep its index of the log of writes: a network file system, say."""
    home.database.with_name("televote.db-shm").mkdir()


WAYS: list[tuple[str, Callable[[Home], object], int, str]] = [
    (
        "synchronous OFF",
        lambda home: home.edit(home.settings, "[api]", '[storage]\nsynchronous = "OFF"\n[api]'),
        USAGE,
        'storage.synchronous: would lose acknowledged votes in a power cut — write "FULL" or "EXTRA"',
    ),
    (
        "synchronous NORMAL",
        lambda home: home.edit(home.settings, "[api]", '[storage]\nsynchronous = "NORMAL"\n[api]'),
        USAGE,
        'storage.synchronous: would lose acknowledged votes in a power cut — write "FULL" or "EXTRA"',
    ),
    ("another key", another_key, USAGE, "was begun with another secret"),
    (
        "a newer schema",
        lambda home: change(home, "INSERT INTO migrations VALUES (999, '0999_new.sql', '')"),
        USAGE,
        "has migration 0999_new.sql, which this version does not know",
    ),
    (
        "an edited migration",
        lambda home: change(home, "UPDATE migrations SET checksum = '' WHERE number = 2"),
        USAGE,
        "was edited after it was applied",
    ),
    (
        "entries that are gone",
        lambda home: change(home, "DELETE FROM entries WHERE seq = (SELECT max(seq) FROM entries)"),
        USAGE,
        "its head says",
    ),
    ("an older copy", an_older_copy, USAGE, "the database is an older copy"),
    ("no log of writes", without_its_log, USAGE, "the database is an older copy"),
    (
        "no database",
        lambda home: home.database.unlink(),
        USAGE,
        "the database is an older copy",
    ),
    (
        "another's checkpoint",
        lambda home: (home.folder / f"ledger/{commands.CAMPAIGN}/n1/checkpoint").write_text("signed\n"),
        USAGE,
        "was not signed with the key of",
    ),
    (
        "no SQLite file",
        lambda home: home.database.write_bytes(b"no database" * 500),
        FAILED,
        "cannot open .*: file is not a database",
    ),
    ("a file cut short", cut_short, FAILED, "cannot open .*: database disk image is malformed"),
    (
        "no shared memory",
        without_shared_memory,
        FAILED,
        "cannot open .*: attempt to write a readonly database",
    ),
]


def refused(said: Said, code: int, told: str) -> None:
    """One line, and nothing else."""
    assert said.code == code, said
    (line,) = said.err.splitlines()
    assert line.startswith("Error: ")
    assert re.search(told, line), line
    assert said.out == ""


@pytest.mark.parametrize(("provoke", "code", "told"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS])
def test_what_is_unsafe_does_not_start(
    used: Home, provoke: Callable[[Home], object], code: int, told: str
) -> None:
    provoke(used)
    held = used.database.read_bytes() if used.database.exists() else b""
    # `import` opens what `serve` does, and ends if nothing is wrong.
    refused(used.call("import", "--source", "hotline", used.log(commands.rows(1, 50))), code, told)
    assert not is_locked(used.database), "the next one may try"
    if held and code == USAGE and "migration" not in told:
        assert used.database.read_bytes() == held, "nothing was changed"


def _the_same(home: Home) -> Path:
    return home.settings


def _without_the_lock_file(home: Home) -> Path:
    """Somebody takes it for a leftover."""
    home.database.with_name("televote.db.lock").unlink()
    return home.settings


def _by(make: Callable[[Path, Path], None]) -> Callable[[Home], Path]:
    def by(home: Home) -> Path:
        make(home.folder / "other.db", home.database)
        text = home.settings.read_text("utf-8").replace('data = "."', 'data = "other"')
        settings = home.folder / "other.toml"
        settings.write_text(f'{text}\n[storage]\nurl = "sqlite:other.db"\n', "utf-8")
        return settings

    return by


@contextmanager
def serving(home: Home) -> Iterator[None]:
    with home.start("serve") as process:
        commands.listening(process)
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            assert commands.ended(process).code == 0


@pytest.mark.parametrize(
    "other",
    [_the_same, _without_the_lock_file, _by(Path.symlink_to), _by(Path.hardlink_to)],
    ids=["the same settings", "the lock file removed", "a symbolic link", "a hard link"],
)
def test_a_second_writer_does_not_start_beside_the_first(used: Home, other: Callable[[Home], Path]) -> None:
    """SQLite 3.40 can damage its log of writes when two connections write and checkpoint."""
    with serving(used):
        settings = other(used)
        with commands.start("serve", settings=settings) as process:
            said = commands.ended(process)
        refused(said, USAGE, "another process has .* open for writing: stop it first")
