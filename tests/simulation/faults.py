"""What breaks: statements of the real database connection, the process, the disk's speed, our own clock.

A crash takes the files as they are at that instant, and from then on the connection is dead: whatever the old
service still does is lost, as it is when a process is killed.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

#: What a run arms, or does, at some time.
ARMED = (
    "crash", "crash_in_transaction", "crash_before_commit", "crash_after_commit", "crash_while_writing_files",
    "crash_while_starting", "io_error", "commit_failed", "commit_done_but_reported_failed", "outage",
    "slow_disk", "clock_jump",
)  # fmt: skip
#: Every kind of fault that is counted when it is met.
KINDS = (
    *ARMED, "request_lost", "response_lost", "duplicate", "delayed_over_an_hour", "gave_up",
    "several_at_once", "log_overlaps", "early_close_raced",
)  # fmt: skip
#: Statements that pass before an armed fault comes, at most.
_STATEMENTS = {"crash_in_transaction": 25, "crash_while_starting": 25, "io_error": 25}

#: What SQLite makes anew, and what nobody writes.
_NOT_KEPT = ("-shm", ".lock", ".toml")


@dataclass
class Faults:
    """Armed faults, and how often each kind was met. `rng` decides nothing but what is drawn here."""

    rng: Random
    folder: Path
    met: Counter[str] = field(default_factory=Counter)
    dead: bool = False
    starting: bool = False
    down: bool = False
    slow: float = 0.0
    frozen: dict[str, bytes] = field(default_factory=dict)
    on_crash: Callable[[], None] = lambda: None
    _armed: list[tuple[str, int]] = field(default_factory=list)

    def arm(self, kind: str) -> None:
        """Have a fault happen soon: after some statements, commits or writings."""
        self._armed.append((kind, self.rng.randrange(1, _STATEMENTS.get(kind, 4))))

    def disarm(self) -> None:
        """Nothing more breaks."""
        self._armed.clear()

    def latency(self) -> float:
        """Seconds that a job of the disk takes."""
        return self.rng.uniform(0.0002, 0.003) + (self.slow and self.rng.uniform(0, self.slow))

    def _due(self, *kinds: str) -> str:
        for place, (kind, left) in enumerate(self._armed):
            if kind in kinds:
                if left > 1:
                    self._armed[place] = (kind, left - 1)
                    continue
                del self._armed[place]
                self.met[kind] += 1
                return kind
        return ""

    def execute(self, really: Callable[[], Any], sql: str) -> Any:
        """One statement, with whatever is due before or after it."""
        if self.dead:
            raise sqlite3.OperationalError("the process was killed")
        if self.down and not sql.startswith("ROLLBACK"):
            self.met["outage"] += 1
            raise sqlite3.OperationalError("disk I/O error")
        if sql == "COMMIT":
            return self._commit(really)
        if self._due(*(("crash_while_starting",) if self.starting else ("crash_in_transaction",))):
            self._crash()
        if not sql.startswith("ROLLBACK") and self._due("io_error"):
            raise sqlite3.OperationalError("disk I/O error")
        return really()

    def _commit(self, really: Callable[[], Any]) -> Any:
        due = self._due(
            "crash_before_commit", "crash_after_commit", "commit_failed", "commit_done_but_reported_failed"
        )
        if due == "crash_before_commit":
            self._crash()
        if due == "commit_failed":
            raise sqlite3.OperationalError("database or disk is full")
        done = really()
        if due == "crash_after_commit":
            self._crash()
        if due == "commit_done_but_reported_failed":
            raise sqlite3.OperationalError("disk I/O error")
        return done

    def before_file_job(self) -> None:
        """Before files are written."""
        if not self.dead and self._due("crash_while_writing_files"):
            self.kill()
        if self.dead:
            raise OSError("the process was killed")

    def _crash(self) -> None:
        self.kill()
        raise sqlite3.OperationalError("the process was killed")

    def kill(self) -> None:
        """End the process here: keep the files as they are now."""
        self.frozen = {
            str(file.relative_to(self.folder)): file.read_bytes()
            for file in self.folder.rglob("*")
            if file.is_file() and not file.name.endswith(_NOT_KEPT)
        }
        self.dead = True
        self.on_crash()

    def thaw(self) -> None:
        """The files as the killed process left them."""
        for file in sorted(self.folder.rglob("*"), reverse=True):
            name = str(file.relative_to(self.folder))
            if file.is_file() and name not in self.frozen and not file.name.endswith((".lock", ".toml")):
                file.unlink()
        for name, content in self.frozen.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(content)
        self.dead = False


def connection_of(faults: Faults) -> type[sqlite3.Connection]:
    """SQLite's own connection, each statement of which may fail."""

    class Breakable(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            return faults.execute(lambda: super(Breakable, self).execute(sql, *parameters), sql)

    return Breakable
