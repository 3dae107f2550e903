"""Decides whether a one-time value has come with another message before.

For signatures that do not cover the message: who has seen one could put it on a message of their own.
What has come is remembered in memory, up to a bound: after a restart, or a flood of genuine requests, an
old value is new again. The path token, which a source of such a kind must have, is the stronger lock.
"""

import hashlib


class Spent:
    """The one-time values that have come, each with what came with it."""

    __slots__ = ("_capacity", "_messages")

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._messages: dict[str, bytes] = {}

    def by_another(self, value: str, message: bytes) -> bool:
        """Whether the value came with another message; if it has not come yet, this message spends it."""
        known = self._messages.setdefault(value, hashlib.sha256(message).digest())
        if len(self._messages) > self._capacity:
            del self._messages[next(iter(self._messages))]
        return known != hashlib.sha256(message).digest()
