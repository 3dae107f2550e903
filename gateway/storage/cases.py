"""Messages as a person looks at them: each with what was ruled on it. Functions of a connection."""

from collections.abc import Iterable, Sequence
from typing import Final

from dedup.keys import VoterKey
from gateway.storage.blocks import CLAIMS, LEDGER
from gateway.storage.database import Database
from gateway.storage.store import Acted, Filed, Place, in_order
from tally.verify import Stored

#: Before the first place.
START: Final = Place(0, -1)


def filed(db: Database, places: Iterable[Place]) -> list[Filed]:
    """See `store.Store.filed`."""
    found = []
    for place in places:
        row = db.execute(LEDGER["filed"], place).fetchone()
        if row is not None:
            log, *stored, state, text_key = row
            acts = [Acted(node, Stored(*act)) for node, *act in db.execute(LEDGER["acts-on"], place)]
            found.append(Filed(place, log, Stored(*stored), state, text_key, tuple(in_order(acts))))
    return found


def waiting(db: Database, campaign: str, after: Place, limit: int) -> list[Filed]:
    """Those that wait for a person, oldest first, after a place."""
    return filed(db, _places(db.execute(LEDGER["waiting"], (campaign, *after, limit))))


def alike(db: Database, campaign: str, text_key: str, outcome: str, limit: int) -> list[Place]:
    """Those that wait with the identical text and for the same reason."""
    asked = (text_key, campaign, outcome, limit)
    return _places(db.execute(LEDGER["alike"], asked)) if text_key else []


def of_caller(db: Database, campaign: str, voter: VoterKey) -> list[Filed]:
    """All messages of one caller."""
    known = db.execute(CLAIMS["campaign"], (campaign,)).fetchone()
    return filed(db, _places(db.execute(CLAIMS["messages-of"], (voter, known[0]))) if known else ())


def logs(db: Database, campaign: str) -> dict[int, str]:
    """A campaign's logs by their number, each with its node; the newest first."""
    rows = [(log, node) for node, *_, log in db.execute(LEDGER["logs"], (campaign,))]
    return dict(sorted(rows, reverse=True))


def tempo(db: Database, campaign: str, since_ms: int) -> list[tuple[int, str, int, int]]:
    """Messages by minute and source: (minute in Unix milliseconds, source, counted, others)."""
    return db.execute(LEDGER["tempo"], (campaign, since_ms)).fetchall()


def last_heard(db: Database, campaign: str) -> dict[str, int]:
    """The last minute in which each source brought something in, in Unix milliseconds."""
    return dict(db.execute(LEDGER["last-heard"], (campaign,)).fetchall())


def by_source(db: Database, campaign: str) -> dict[str, int]:
    """How many messages each source has brought in."""
    return dict(db.execute(LEDGER["by-source"], (campaign,)).fetchall())


def adopt(db: Database, log_id: int, pending: Sequence[str]) -> None:
    """A database from before there were cases: what waits for a person gets its case, once."""
    kinds = ",".join("?" * len(pending))
    if db.execute("SELECT 1 FROM totals WHERE log = ? AND subject = 'waiting'", (log_id,)).fetchone():
        return
    if db.execute(LEDGER["adopt-totals"].format(kinds=kinds), (log_id, *pending)).rowcount > 0:
        db.execute(LEDGER["adopt-cases"].format(kinds=kinds), (log_id, *pending))


def _places(rows: Iterable[tuple[int, int]]) -> list[Place]:
    return [Place(*row) for row in rows]
