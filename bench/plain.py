"""The same rows written plainly, `python -m bench.plain DATABASE FOLDER SECONDS`: what SQLite itself can do.

Entries and claims that a server has written are inserted again, into an empty database of the same schema:
`executemany`, a transaction for each 500 votes, synced. Nothing is read, judged, hashed, sealed or answered.
The last line is JSON.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from bench import votes
from gateway.storage import migrate

#: Votes that are read before the clock starts; if they are written sooner, the turn is shorter.
_MOST: Final = 100_000

_ENTRIES: Final = (
    "SELECT log, seq, kind, leaf, leaf_hash, sealed FROM entries WHERE seq > ? ORDER BY seq LIMIT ?"
)
_CLAIMS: Final = (
    "SELECT voter_key, campaign, cap, contest, period, ordinal, candidate, channel, log, seq FROM claimed "
    "WHERE seq > ? AND seq <= ? ORDER BY seq"
)
#: The acts that begin a campaign are no votes.
_LAST_ACT: Final = "SELECT coalesce(max(seq), -1) FROM acts"

Rows = Sequence[tuple[Any, ...]]


def main(database: Path, folder: Path, seconds: float) -> None:
    """Write for so long, and tell how much that was."""
    batches = list(_batches(database))
    with closing(sqlite3.connect(folder / "plain.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        migrate.apply(db)
        took: list[float] = []
        began, used = time.perf_counter(), time.process_time()
        for entries, claims in batches:
            since = time.perf_counter()
            if since - began > seconds:
                break
            _write(db, entries, claims)
            took.append(time.perf_counter() - since)
        told = {
            "votes": len(took) * votes.ARRAY,
            "seconds": time.perf_counter() - began,
            "cpu_seconds": time.process_time() - used,
            "commits": sorted(took),
        }
    print(json.dumps(told))


def _write(db: sqlite3.Connection, entries: Rows, claims: Rows) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.executemany("INSERT INTO entries VALUES (?,?,?,?,?,?)", entries)
    db.executemany("INSERT INTO claims VALUES (?,?,?,?,?,?,?,?,?,?)", claims)
    db.execute("COMMIT")


def _batches(database: Path) -> Iterator[tuple[Rows, Rows]]:
    """The votes in a database, 500 at a time: their entries and their claims."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as db:
        (act,) = db.execute(_LAST_ACT).fetchone()
        entries = db.execute(_ENTRIES, (act, _MOST)).fetchall()
        claims = iter(db.execute(_CLAIMS, (act, act + _MOST)).fetchall())
        claim = next(claims, None)
        for start in range(0, len(entries) - votes.ARRAY + 1, votes.ARRAY):
            some = entries[start : start + votes.ARRAY]
            own = []
            while claim is not None and claim[-1] <= some[-1][1]:
                own.append(claim)
                claim = next(claims, None)
            yield some, own


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
