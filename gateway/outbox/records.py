"""Where replies wait: functions of a database (`Jobs.run`).

None of them reads a number or a text: these stand sealed. Each is one transaction, durable when it returns,
so that an attempt is on disk before it is made.
"""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from gateway.outbox.retry import Next
from gateway.storage.blocks import OUTBOX
from gateway.storage.database import Database, transaction
from tally import epochs

_HOUR_MS: Final = 3_600_000


class Taken(NamedTuple):
    """A reply that may be sent now: attempt number `attempt` is on disk."""

    voter: bytes
    log: int
    seq: int
    attempt: int
    sealed: bytes

    @property
    def name(self) -> tuple[bytes, int, int]:
        """The row's key."""
        return self.voter, self.log, self.seq


class Note(NamedTuple):
    """What came of one of them."""

    taken: Taken
    next: Next


class Turn(NamedTuple):
    """What to send now, how many replies still wait, how many will not be sent any more, and of how many
    nobody knows whether they went out."""

    taken: Sequence[Taken]
    waiting: int
    dropped: int
    doubtful: int


class Own(NamedTuple):
    """A source's replies that a node sends: those to messages in its own logs, as `logs` names them."""

    source: str
    logs: str

    def sql(self, block: str) -> str:
        """A statement about them."""
        return OUTBOX[block].format(logs=self.logs)


def logs(db: Database, node: str) -> str:
    """All logs of a node, of whichever campaign and epoch, as statements take them."""
    own = [str(log) for log, name in db.execute(OUTBOX["logs"]) if epochs.split(name)[0] == node]
    return ", ".join(own) or "NULL"


def turn(
    db: Database,
    own: Own,
    notes: Sequence[Note],
    room: int,
    now_ms: int,
    keep_ms: int,
    per_caller: int,
) -> Turn:
    """Write down what came of earlier attempts, and take up to `room` replies that are due."""
    with transaction(db):
        for note in notes:
            db.execute(OUTBOX["note"], (*note.next, *note.taken.name))
            db.execute(OUTBOX["erase"], note.taken.name)
        dropped = db.execute(OUTBOX["lapse"], (own.source, now_ms - keep_ms)).rowcount
        doubtful = db.execute(OUTBOX["lost"], (own.source, now_ms - keep_ms - _HOUR_MS)).rowcount
        taken = []
        for row in db.execute(own.sql("due"), (own.source, now_ms, room)).fetchall():
            one = Taken(*row)
            (told,) = db.execute(OUTBOX["told"], (one.voter, now_ms - _HOUR_MS)).fetchone()
            if told >= per_caller:
                dropped += db.execute(OUTBOX["enough"], one.name).rowcount
            else:
                db.execute(OUTBOX["take"], (now_ms, *one.name))
                taken.append(one)
        (waiting,) = db.execute(own.sql("waiting"), (own.source,)).fetchone()
    return Turn(taken, waiting, dropped, doubtful)


def resume(db: Database, own: Own, repeatable: bool, now_ms: int) -> tuple[int, int]:
    """After a start: how many replies wait, and of how many nobody knows whether they went out."""
    with transaction(db):
        doubtful = 0
        if repeatable:
            db.execute(own.sql("again"), (now_ms, own.source))
        else:
            doubtful = db.execute(own.sql("doubt"), (own.source,)).rowcount
        (waiting,) = db.execute(own.sql("waiting"), (own.source,)).fetchone()
    return waiting, doubtful


def abandon(db: Database, logs: str, known: Collection[str]) -> list[tuple[str, int]]:
    """Give up what waits for sources that have no outbox any more: which, and how many replies."""
    with transaction(db):
        left = db.execute(OUTBOX["left"].format(logs=logs)).fetchall()
        gone = [Own(source, logs) for (source,) in left if source not in known]
        return [(own.source, db.execute(own.sql("abandon"), (own.source,)).rowcount) for own in gone]


class Standing(NamedTuple):
    """How many of a source's replies are in a state, and why."""

    source: str
    state: str
    reason: str
    replies: int


def summary(db: Database) -> list[Standing]:
    """How every reply stands."""
    return [Standing(*row) for row in db.execute(OUTBOX["summary"])]
