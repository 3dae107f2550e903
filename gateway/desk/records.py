"""What the desk itself remembers: whose call each entry is, and which are to be entered again.

Functions of a database (`Jobs.run`). None of them reads a number or a choice of a caller:
these stand sealed in the ledger.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from gateway.desk.report import Choices, Worked
from gateway.storage import blocks
from gateway.storage.database import Database, Rows, transaction
from gateway.storage.store import Place
from tally.outcome import Selection

DESK: Final = blocks.load("gateway.desk", "desk.sql")


class Taken(NamedTuple):
    """A call that an operator entered. `undone` is why they took it back, "" if they did not."""

    place: Place
    operator: str
    form: str
    at_ms: int
    undone: str


class Due(NamedTuple):
    """A call to be entered again, and who entered it first."""

    place: Place
    operator: str
    at_ms: int


def add(db: Database, campaign: str, call: Taken, chosen: Sequence[Selection], again: bool) -> None:
    """Remember a call, once; `again` has another operator enter it too."""
    with transaction(db):
        row = (*call.place, campaign, call.operator, call.form, call.at_ms)
        if db.execute(DESK["add-call"], row).rowcount != 1:
            return
        for one in chosen:
            db.execute(DESK["add-choice"], (campaign, call.operator, *one))
        if again:
            db.execute(DESK["add-reentry"], (*call.place, campaign, call.operator, call.at_ms))


def find(db: Database, campaign: str, operator: str, form: str) -> Taken | None:
    """The call of a form, if it was taken."""
    return next(_taken(db.execute(DESK["call"], (campaign, operator, form))), None)


def latest(db: Database, campaign: str, operator: str, limit: int) -> list[Taken]:
    """An operator's last calls, the newest first."""
    return list(_taken(db.execute(DESK["latest"], (campaign, operator, limit))))


def undo(db: Database, campaign: str, operator: str, form: str, reason: str) -> None:
    """Mark a call as taken back."""
    db.execute(DESK["undo"], (reason, campaign, operator, form))


def due(db: Database, campaign: str, before_ms: int, other_than: str, limit: int) -> list[Due]:
    """Calls to be entered again that somebody other than this operator entered before an instant."""
    rows = db.execute(DESK["due"], (campaign, before_ms, other_than, limit))
    return [Due(Place(log, seq), operator, at_ms) for log, seq, operator, at_ms in rows]


def reentry(db: Database, campaign: str, place: Place) -> Due | None:
    """One such call, None if it waits no longer."""
    row = db.execute(DESK["reentry"], (*place, campaign)).fetchone()
    return None if row is None else Due(Place(row[0], row[1]), row[2], row[3])


def close_reentry(db: Database, campaign: str, place: Place, result: str, second: str) -> bool:
    """Note how it went; False if somebody was faster."""
    return db.execute(DESK["close-reentry"], (result, second, *place, campaign)).rowcount == 1


def worked(db: Database, campaign: str) -> list[Worked]:
    """What each operator has done."""
    again: dict[tuple[str, str], int] = {
        (operator, result): n
        for operator, result, n in db.execute(DESK["reentries-by-operator"], (campaign,))
    }
    return [
        Worked(
            operator,
            calls,
            undone,
            *(again.get((operator, result), 0) for result in ("agreed", "differed", "missing", "")),
        )
        for operator, calls, undone in db.execute(DESK["calls-by-operator"], (campaign,))
    ]


def choices(db: Database, campaign: str) -> Choices:
    """How often each operator was told each candidate."""
    found: dict[str, dict[Selection, int]] = {}
    for operator, contest, candidate, n in db.execute(DESK["choices"], (campaign,)):
        found.setdefault(operator, {})[Selection(contest, candidate)] = n
    return found


def _taken(rows: Rows) -> Iterator[Taken]:
    return (Taken(Place(row[0], row[1]), *row[2:]) for row in rows)
