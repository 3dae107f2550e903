"""One source's outbox, as the recorder fills it and its postman empties it."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.outbox.letter import Envelope
from gateway.outbox.retry import Plan
from gateway.outbox.sender import Sender


def _nobody() -> None:
    """There is no postman: whoever serves next sends it."""


@dataclass(slots=True, eq=False)
class Outbox:
    """`limit` is how many replies may wait; `waiting` how many do, as far as is known here."""

    sender: Sender
    envelope: Envelope
    plan: Plan
    limit: int
    waiting: int = 0
    wake: Callable[[], None] = _nobody

    def has_room(self, more: int) -> bool:
        """Whether one more reply is taken, `more` being on their way in already."""
        return self.waiting + more < self.limit

    def put(self, replies: int) -> None:
        """So many are on disk now."""
        self.waiting += replies
        self.wake()
