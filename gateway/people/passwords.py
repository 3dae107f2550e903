"""Passwords at rest: Argon2id, hashed in threads while votes go on.

Two are hashed at a time: one of somebody who is known here, one of a stranger. So a flood of strangers'
guesses keeps the committee waiting for half a second, not for the end of the queue.
"""

import asyncio
from typing import Final, Literal

from argon2 import Parameters, PasswordHasher, Type, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.people import policy

Hashing = Literal["standard", "small"]

#: "standard" is RFC 9106's second recommendation, 64 MiB; "small" is OWASP's minimum, 19 MiB.
PARAMETERS: Final[dict[Hashing, Parameters]] = {
    "standard": profiles.RFC_9106_LOW_MEMORY,
    "small": Parameters(Type.ID, 19, 16, 32, time_cost=2, memory_cost=19_456, parallelism=1),
}
#: So many strangers may wait for their turn.
_QUEUE: Final = 8


class Crowded(RuntimeError):
    """Too many strangers are guessing: this one is not heard now."""


class Passwords:
    """Hashes and checks passwords. `hashing` is the setting."""

    def __init__(self, hashing: Hashing) -> None:
        self._hasher = PasswordHasher.from_parameters(PARAMETERS[hashing])
        self._known, self._strangers = asyncio.Semaphore(1), asyncio.Semaphore(1)
        self._waiting = 0
        self._nobodys = ""

    async def hash(self, password: str) -> str:
        """The hash of a password that was chosen."""
        async with self._known:
            return await asyncio.to_thread(self._hasher.hash, policy.password(password))

    async def check(self, hashed: str | None, password: str, *, known: bool) -> bool:
        """Whether it is the password. Without a hash it takes as long, and is wrong. Raises `Crowded`."""
        if known:
            async with self._known:
                return await self._check(hashed, password)
        if self._waiting >= _QUEUE:
            raise Crowded
        self._waiting += 1
        try:
            async with self._strangers:
                return await self._check(hashed, password)
        finally:
            self._waiting -= 1

    def is_outdated(self, hashed: str) -> bool:
        """Whether it was hashed by other parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)

    async def _check(self, hashed: str | None, password: str) -> bool:
        self._nobodys = self._nobodys or await asyncio.to_thread(self._hasher.hash, "nobody's")
        right = await asyncio.to_thread(self._verify, hashed or self._nobodys, policy.password(password))
        return right and hashed is not None

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password[: policy.LONGEST])
        except (VerificationError, InvalidHashError):
            return False
