"""Where parts are kept: functions of a database (`Jobs.run`).

None of them reads a text or a number: these stand sealed.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from gateway.storage import blocks
from gateway.storage.database import Database, transaction

_SQL: Final = blocks.load("gateway.parts", "parts.sql")


class Sealed(NamedTuple):
    """One part: its name, and its sealed content, None if its message is in the ledger."""

    part_key: str
    sealed: bytes | None


class Fresh(NamedTuple):
    """A part that has just come. `message_key` names its message among those that wait."""

    source: str
    message_key: str
    part_key: str
    received_ms: int
    until_ms: int
    sealed: bytes


class Set(NamedTuple):
    """The parts of one message, in the order in which they came."""

    id: int
    source: str
    parts: Sequence[Sealed]

    @property
    def is_recorded(self) -> bool:
        """Whether the message is in the ledger: whatever comes of it now was sent again."""
        return any(part.sealed is None for part in self.parts)


def keep(db: Database, campaign: str, part: Fresh) -> Set:
    """Keep a part, unless it is kept already; returns the set it belongs to. Durable when this returns."""
    with transaction(db):
        known = db.execute(_SQL["known"], (campaign, part.part_key)).fetchone()
        if known is not None:
            return _set(db, campaign, known[0], part.source)
        (own,) = db.execute(_SQL["next"]).fetchone()
        found = db.execute(_SQL["waiting"], (campaign, part.message_key, part.received_ms)).fetchone()
        set_id, until_ms = found or (own, part.until_ms)
        row = (
            own,
            campaign,
            part.source,
            set_id,
            part.message_key,
            part.part_key,
            part.received_ms,
            until_ms,
        )
        db.execute(_SQL["add"], (*row, part.sealed))
        return _set(db, campaign, set_id, part.source)


def due(db: Database, campaign: str, now_ms: int) -> list[Set]:
    """The sets whose time is over, oldest first. No part joins them any more."""
    with transaction(db):
        db.execute(_SQL["lapse"], (campaign, now_ms))
        found = db.execute(_SQL["due"], (campaign,)).fetchall()
        return [_set(db, campaign, set_id, source) for set_id, source in found]


def finish(db: Database, campaign: str, set_id: int) -> None:
    """The message is in the ledger: forget what its parts say."""
    db.execute(_SQL["finish"], (campaign, set_id))


def forget(db: Database, campaign: str, before_ms: int) -> None:
    """Forget recorded parts that came before an instant: they are not sent again any more."""
    db.execute(_SQL["forget"], (campaign, before_ms))


def erase(db: Database, campaign: str) -> None:
    """Forget every part of a campaign, also those that wait."""
    db.execute(_SQL["erase"], (campaign,))


def _set(db: Database, campaign: str, set_id: int, source: str) -> Set:
    return Set(set_id, source, [Sealed(*row) for row in db.execute(_SQL["set"], (campaign, set_id))])
