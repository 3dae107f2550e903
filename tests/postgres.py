"""A PostgreSQL server of our own: the wheel's programs, or the system's, in a temporary folder.

It will not run as root: then it runs as nobody, in a folder that is nobody's.
"""

import asyncio
import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg

from gateway.storage.postgresql import dialect

_NOBODY = 65_534
_SECONDS = 60
#: So much may the databases of a run take: where memory has the room, they stand there.
_ROOM = 4 << 30
_numbers = count(1)


@cache
def programs() -> Path:
    """Where initdb, postgres and the others are: those of the newest version there is."""
    wheel = Path(sys.prefix).glob("lib/python*/site-packages/pgserver/pginstall/bin")
    found = [
        path for path in (*wheel, *Path("/usr/lib/postgresql").glob("*/bin")) if (path / "initdb").exists()
    ]
    assert found, "no PostgreSQL: pip install pgserver, or apt-get install postgresql"
    return max(map(_entered, found), key=lambda path: run_(path / "postgres", "--version"))


def _entered(path: Path) -> Path:
    """Programs that whoever runs the server may run: a copy of them, if they stand in a closed folder."""
    try:
        run_(path / "postgres", "--version")
    except PermissionError:
        copy = Path(tempfile.mkdtemp(prefix="televote-postgres-"))
        atexit.register(shutil.rmtree, copy, ignore_errors=True)
        copy.chmod(0o755)
        shutil.copytree(path.parent, copy / "pginstall", symlinks=True)
        return copy / "pginstall/bin"
    return path


def run_(program: Path, *args: str, env: Mapping[str, str] = {}) -> str:
    """What a program says, run as whom the server runs as."""
    done = subprocess.run(
        [program, *args],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **env},
        cwd="/",
        **_whom(),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _whom() -> dict[str, object]:
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def free_port() -> int:
    """A port that nobody listens on."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Server:
    """One server; `settings` go on its command line."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder, self.port, self.settings = folder, free_port(), settings
        self.data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None

    def make(self) -> "Server":
        """A fresh cluster."""
        run_(
            programs() / "initdb",
            "-D",
            str(self.data),
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--auth=trust",
            "--no-sync",
        )
        return self

    def copy_of(self, other: "Server") -> "Server":
        """A standby of another."""
        run_(
            *(programs() / "pg_basebackup", "-D", str(self.data), "-R", "-X", "stream", "-c", "fast"),
            *("-d", f"host=127.0.0.1 port={other.port} user=postgres application_name=standby"),
        )
        return self

    def start(self, **settings: str) -> "Server":
        self.settings |= settings
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "60",
            "shared_buffers": "32MB",
            **self.settings,
        }
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            [programs() / "postgres", "-D", self.data, "-p", str(self.port)]
            + [f"--{name}={value}" for name, value in options.items()],
            stdout=log,
            stderr=log,
            cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            **_whom(),
        )
        log.close()
        end = time.monotonic() + _SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.05)
        return self

    def _answers(self) -> bool:
        try:
            run_(programs() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port))
        except AssertionError:
            return False
        return True

    def stop(self, how: str = "immediate") -> None:
        """`immediate` is as a crash: it recovers from its log when it starts again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if how == "immediate" else signal.SIGINT)
            self._process.wait(_SECONDS)
            self._process = None

    def cpu_seconds(self) -> float:
        """User and system time of all its processes so far, those that have ended too."""
        assert self._process is not None
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            if self._process.pid in (int(stat.parent.name), int(fields[1])):
                own = int(stat.parent.name) == self._process.pid
                ticks += sum(map(int, fields[11 : 15 if own else 13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def promote(self) -> None:
        run_(programs() / "pg_ctl", "promote", "-D", str(self.data), "-w")

    def sql(self, *statements: str, database: str = "postgres") -> str:
        """What statements answer, a row a line."""
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database)
        each = [part for one in statements for part in ("-c", one)]
        return run_(programs() / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", *where, *each).strip()

    def url(self, database: str, port: int = 0) -> str:
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{database}?sslmode=disable"

    def fresh(self, like: str = "template1") -> str:
        """A database like another, or else an empty one; returns its name."""
        name = f"televote_{next(_numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {like}")
        return name


def sql(url: str, statement: str, *parameters: Any) -> list[Any]:
    """What one of our statements answers on a connection of its own."""

    async def ask() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            rows = await connection.fetch(dialect.statement(statement).sql, *parameters)
            return [tuple(row) for row in rows]
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as thread:  # the test's own event loop is running
        return thread.submit(asyncio.run, ask()).result()


@contextmanager
def cluster(**settings: str) -> Iterator[Server]:
    """A server, running; gone at the end."""
    with folder() as path:
        server = Server(path, **settings).make()
        try:
            yield server.start()
        finally:
            server.stop()


def give(path: Path) -> None:
    """Make a folder that of whom the server runs as."""
    if os.geteuid() == 0:
        os.chown(path, _NOBODY, _NOBODY)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that the server may enter, gone at the end."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > _ROOM
    path = Path(tempfile.mkdtemp(prefix="televote-postgres-", dir=memory if roomy else None))
    give(path)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
