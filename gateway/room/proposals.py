"""Proposals: whether one may be approved, and where they are kept until it is.

The rules are pure. What is kept are functions of a database; the act itself is sealed at rest,
for it may hold a number or a choice, and is forgotten when the proposal ends.
"""

import hmac
from typing import Final, Literal, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from dedup import keys
from gateway.intake.running import Running
from gateway.room import motion
from gateway.storage.blocks import load
from gateway.storage.database import Database

#: How long a proposal can be agreed to.
LASTS_MS: Final = 15 * 60_000

#: Why a proposal is not approved, beside the rules' own reasons (`revise.REFUSALS`).
REFUSALS: Final = (
    "no_such_proposal", "proposer_gone", "already_done", "was_declined", "was_withdrawn", "stale",
    "other_parameters", "interrupted",
)  # fmt: skip

_SQL: Final = load("gateway.room", "proposals.sql")
_KEY_BYTES: Final = 64

State = Literal["open", "approved", "declined", "withdrawn", "stale"]


class Proposal(NamedTuple):
    """A proposal as it is kept. `second` is who agreed, or declined; `sealed` is empty once it has ended.

    One that was approved, and has not forgotten what it said, was interrupted before that was recorded.
    """

    id: int
    kind: motion.Kind
    digest: str
    sealed: bytes
    by: str
    at_ms: int
    state: State
    second: str

    @property
    def is_unrecorded(self) -> bool:
        """Whether it was agreed to, and is not done yet as far as is noted: under way, or broken off."""
        return self.state == "approved" and self.sealed != b""

    @property
    def until_ms(self) -> int:
        """The last moment in which it can be agreed to."""
        return self.at_ms + LASTS_MS


_ENDED: Final = {
    "approved": "already_done",
    "declined": "was_declined",
    "withdrawn": "was_withdrawn",
    "stale": "stale",
}


def ended(proposal: Proposal | None, now_ms: int) -> str:
    """Why nothing more can be done with a proposal, in a word of `REFUSALS`; "" if it is open."""
    if proposal is None:
        return "no_such_proposal"
    if proposal.is_unrecorded:
        return "interrupted"
    if proposal.state != "open":
        return _ENDED[proposal.state]
    return "stale" if now_ms > proposal.until_ms else ""


def objection(proposal: Proposal | None, second: str, digest: str, now_ms: int) -> str:
    """Why `second`, who was shown the act of that digest, cannot agree to it; "" if they can."""
    if word := ended(proposal, now_ms):
        return word
    assert proposal is not None
    if second == proposal.by:
        return "same_person"
    return "" if hmac.compare_digest(digest, proposal.digest) else "other_parameters"


class Envelope:
    """Seals what one campaign's proposals say."""

    def __init__(self, running: Running) -> None:
        self._siv = AESSIV(keys.derive(running.keys.sealing, "proposals", _KEY_BYTES))
        self._bound = [b"proposal", running.id.encode()]

    def seal(self, packed: bytes) -> bytes:
        """Seal a packed motion."""
        return self._siv.encrypt(packed, self._bound)

    def open(self, proposal: Proposal) -> bytes:
        """The packed motion, b"" if it is not the one whose digest was kept."""
        try:
            packed = self._siv.decrypt(proposal.sealed, self._bound)
        except (InvalidTag, ValueError):
            return b""
        return packed if hmac.compare_digest(motion.digest(packed), proposal.digest) else b""


def add(db: Database, campaign: str, kind: str, digest: str, sealed: bytes, by: str, at_ms: int) -> int:
    """Keep a proposal; returns its number."""
    (number,) = db.execute(_SQL["add"], (campaign, kind, digest, sealed, by, at_ms)).fetchone()
    return int(number)


def find(db: Database, campaign: str, number: int) -> Proposal | None:
    """One proposal."""
    row = db.execute(_SQL["find"], (campaign, number)).fetchone()
    return None if row is None else Proposal(*row)


def are_open(db: Database, campaign: str, now_ms: int) -> list[Proposal]:
    """Those that can be agreed to, oldest first. Those that are too old are forgotten."""
    db.execute(_SQL["lapse"], (b"", campaign, now_ms - LASTS_MS))
    return [Proposal(*row) for row in db.execute(_SQL["open"], (campaign, now_ms - LASTS_MS))]


def latest(db: Database, campaign: str, limit: int) -> list[Proposal]:
    """How the last ones ended, newest first."""
    return [Proposal(*row) for row in db.execute(_SQL["latest"], (campaign, limit))]


def end(db: Database, number: int, state: State, who: str) -> bool:
    """End an open proposal. False if somebody else was first."""
    return db.execute(_SQL["end"], (state, who, number)).rowcount == 1


def close(db: Database, number: int, state: State, who: str) -> bool:
    """End an open proposal of which nothing will be done, and drop what it said. False as of `end`."""
    return db.execute(_SQL["close"], (state, who, b"", number)).rowcount == 1


def reopen(db: Database, number: int) -> None:
    """Its act could not be recorded: it can be agreed to again."""
    db.execute(_SQL["reopen"], (number,))


def forget(db: Database, number: int) -> None:
    """Drop what an ended proposal said."""
    db.execute(_SQL["forget"], (b"", number))
