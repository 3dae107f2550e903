"""Decides what follows an attempt to send, and how fast attempts may follow one another. Pure."""

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from gateway.outbox.sender import Fate

State = Literal["due", "sent", "failed", "unknown"]

_FIRST_SECONDS: Final = 5.0
_LONGEST_SECONDS: Final = 600.0
_LONGEST_HOLD_SECONDS: Final = 60.0


class Plan(NamedTuple):
    """How one source's replies are sent: how many a second, in how many attempts each, until how old they
    are, and how many to one caller in an hour."""

    per_second: float = 5.0
    attempts: int = 6
    keep_ms: int = 3_600_000
    per_caller: int = 5


class Next(NamedTuple):
    """What a reply is now, when it is due if it is, and why."""

    state: State
    due_ms: int
    reason: str


def after(fate: Fate, attempt: int, repeatable: bool, plan: Plan, now_ms: int, spread: float) -> Next:
    """What follows attempt number `attempt`, the first being 1. `spread` is drawn from [0, 1)."""
    if fate.state == "sent":
        return Next("sent", now_ms, "")
    if fate.state == "failed" or (fate.state == "unknown" and not repeatable):
        return Next(fate.state, now_ms, fate.reason)
    if attempt >= plan.attempts:
        # The provider may have it: that it keeps silent on the last attempt does not say it failed.
        return Next("unknown" if fate.state == "unknown" else "failed", now_ms, fate.reason)
    seconds = max(backoff(attempt, spread), fate.after_seconds)
    return Next("due", now_ms + int(seconds * 1000), fate.reason)


def backoff(attempt: int, spread: float) -> float:
    """Seconds until the next attempt: twice as long each time, half to one and a half of it by chance.

    >>> [backoff(attempt, 0.5) for attempt in (1, 2, 3, 9)]
    [5.0, 10.0, 20.0, 600.0]
    """
    return min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** (attempt - 1)) * (0.5 + spread)


@dataclass(slots=True)
class Pace:
    """How many attempts may begin now: `per_second`, with a second's worth in hand. Instants are seconds.

    After a refusal that may pass everything waits a little, longer each time, until something is taken.
    """

    per_second: float
    _in_hand: float = field(init=False)
    _at: float | None = None
    _held_until: float = float("-inf")
    _stumbles: int = 0

    def __post_init__(self) -> None:
        self._in_hand = self._most

    @property
    def _most(self) -> float:
        return max(1.0, self.per_second)

    def allowance(self, now: float) -> int:
        """How many may begin now."""
        if self._at is not None:
            self._in_hand = min(self._most, self._in_hand + max(0.0, now - self._at) * self.per_second)
        self._at = now
        return 0 if now < self._held_until else int(self._in_hand)

    def spend(self, attempts: int) -> None:
        """So many have begun."""
        self._in_hand -= attempts

    def heard(self, fate: Fate, now: float) -> None:
        """What came of one of them."""
        if fate.state == "later":
            self._stumbles += 1
            seconds = max(min(_LONGEST_HOLD_SECONDS, 2.0 ** min(self._stumbles, 10)), fate.after_seconds)
            self._held_until = max(self._held_until, now + seconds)
        elif fate.state == "sent":
            self._stumbles = 0
