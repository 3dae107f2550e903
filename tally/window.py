"""In the window or not, by which clock (docs/rules.md). Instants are Unix ms; the close is exclusive."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Clock = Literal["arrival", "provider"]
#: Whose time decides: for what is brought in from a statement, the statement's.
DecidedBy = Literal["arrival", "provider", "statement"]


@dataclass(frozen=True, slots=True)
class ChannelWindow:
    """`[opens_ms, closes_ms)`, and how long after the close an on-time message may still arrive."""

    opens_ms: int
    closes_ms: int
    grace_ms: int = 0

    @property
    def settled_ms(self) -> int:
        """From here on nothing that arrives can be counted without a person's ruling."""
        return self.closes_ms + self.grace_ms

    def closed_at(self, closed_ms: int | None) -> "ChannelWindow":
        """This window, cut short by a close at `closed_ms`: what arrives after that counts no more."""
        if closed_ms is None or closed_ms >= self.settled_ms:
            return self
        closes_ms = min(self.closes_ms, closed_ms)
        return ChannelWindow(min(self.opens_ms, closed_ms), closes_ms, closed_ms - closes_ms)


class Placement(NamedTuple):
    """Where a message falls, the instant that decided it, and whose clock that was.

    `note` is "" or "future": the sender's time was too far ahead to be believed.
    """

    when: Literal["on_time", "early", "late", "in_transit"]
    at_ms: int
    decided_by: DecidedBy
    note: Literal["", "future"] = ""


def place(
    window: ChannelWindow, received_ms: int, sent_ms: int | None, clock: DecidedBy, skew_ms: int
) -> Placement:
    """Place one message in its channel's window."""
    note: Literal["", "future"] = ""
    if clock != "arrival" and sent_ms is not None:
        if sent_ms <= received_ms + skew_ms:
            return _by_sender(window, received_ms, sent_ms, clock)
        note = "future"
    if received_ms < window.opens_ms:
        return Placement("early", received_ms, "arrival", note)
    if received_ms >= window.closes_ms:
        return Placement("late", received_ms, "arrival", note)
    return Placement("on_time", received_ms, "arrival", note)


def _by_sender(window: ChannelWindow, received_ms: int, sent_ms: int, clock: DecidedBy) -> Placement:
    if sent_ms < window.opens_ms:
        return Placement("early", sent_ms, clock)
    if sent_ms >= window.closes_ms:
        return Placement("late", sent_ms, clock)
    if received_ms > window.settled_ms:
        return Placement("in_transit", sent_ms, clock)
    return Placement("on_time", sent_ms, clock)
