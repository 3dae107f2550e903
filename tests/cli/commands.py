"""The command, as a person or a script meets it: called in this process, or started as one of its own."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from click.testing import CliRunner

from gateway import setup
from gateway.commands.base import televote
from tally.count import TotalKey

CAMPAIGN = "beita-2018"
HEADER = "流水号,主叫号码,呼叫时间,选择"
_ZONE = ZoneInfo("Asia/Shanghai")


class Said(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def call(*words: str | Path, lang: str = "en", settings: Path | None = None) -> Said:
    """A command, in this process."""
    before = ["--lang", lang] + ([] if settings is None else ["--settings", str(settings)])
    ended = CliRunner().invoke(televote, [*before, *map(str, words)])
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return Said(ended.exit_code, ended.stdout, ended.stderr)


def start(*words: str | Path, settings: Path | None = None, cwd: Path | None = None) -> subprocess.Popen[str]:
    """A command, as a process."""
    before = [] if settings is None else ["--settings", str(settings)]
    return subprocess.Popen(
        [sys.executable, "-m", "gateway", *before, *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def ended(process: subprocess.Popen[str]) -> Said:
    """Wait for a started command."""
    out, err = process.communicate(timeout=60)
    return Said(process.returncode, out, err)


def listening(process: subprocess.Popen[str]) -> None:
    """Wait until a server listens."""
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line)["event"] == "listening":
            return
    raise AssertionError("it ended before it listened")


@dataclass
class Home:
    """A folder that `televote init` could have written, with a campaign that is open now."""

    folder: Path

    @property
    def settings(self) -> Path:
        return self.folder / "televote.toml"

    @property
    def campaign(self) -> Path:
        return self.folder / f"campaigns/{CAMPAIGN}.toml"

    @property
    def database(self) -> Path:
        return self.folder / "televote.db"

    def call(self, *words: str | Path, lang: str = "en") -> Said:
        return call(*words, lang=lang, settings=self.settings)

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        return start(*words, settings=self.settings)

    @contextmanager
    def served(self) -> Iterator[list[Said]]:
        """A server over the folder, as a process; what it said is in the list that is yielded, at the end."""
        said: list[Said] = []
        with self.start("serve") as process:
            try:
                listening(process)
                yield said
            finally:
                process.terminate()
                said.append(ended(process))
        assert said[0].code == 0

    def edit(self, file: Path, old: str, new: str) -> None:
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the database; it is not changed, and a server beside it is not disturbed."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as db:
            return list(db.execute(sql))

    def entries(self) -> int:
        """How long the ledger is, 0 if there is none yet."""
        try:
            return int(self.query("SELECT count(*) FROM entries")[0][0])
        except sqlite3.OperationalError:
            return 0

    def totals(self) -> dict[TotalKey, int]:
        rows = self.query("SELECT subject, channel, contest, candidate, outcome, n FROM totals")
        return {TotalKey(*row[:5]): row[5] for row in rows}

    def roots(self) -> Any:
        """The root of the ledger, its every entry checked."""
        verified = self.call("verify", "--json")
        assert verified.code == 0, verified
        return verified.json()["roots"]

    def log(self, lines: Iterable[str], name: str = "log.csv", encoding: str = "utf-8") -> Path:
        """A page of the hotline's log."""
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in [HEADER, *lines]), encoding)
        return path


def home(folder: Path) -> Home:
    """A folder set up; the campaign is open since an hour, for another."""
    now = datetime.now(_ZONE)
    dates = setup.Dates(now - timedelta(hours=1), now + timedelta(hours=1))
    setup.write(folder, dates, "127.0.0.1:0")
    return Home(folder)


def minutes_ago(minutes: int = 5) -> str:
    """A time as the hotline's log writes it."""
    return (datetime.now(_ZONE) - timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M:%S")


def rows(count: int, first: int = 0) -> list[str]:
    """Calls of as many callers, each for a candidate."""
    at = minutes_ago()
    return [f"c{n},139{n:08d},{at},A{n % 11 + 1:02d}" for n in range(first, first + count)]


def outcomes(told: dict[str, Any]) -> dict[str, int]:
    """How messages ended, from standings as JSON."""
    return {name: count for name, count in told["balance"]["messages"].items() if name != "received"}
