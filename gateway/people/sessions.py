"""Sessions: kept here, known by a random token of which only a hash is kept, and ended whenever we like.

How long somebody may do nothing, and how long they may stay at all (ASVS 5.0, 7.3; NIST SP 800-63B): who
rules, closes or makes accounts, a quarter of an hour and a working day of eight hours. An operator waits for
calls and must not lose one to a sign-in page: an hour, and twelve. An observer can change nothing, and may
leave a screen on the wall for the evening: twelve hours. A judge reads long between two marks: an hour, and a
working day.
"""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

from gateway.people import store
from gateway.people.accounts import hashed
from gateway.people.roles import Role, SignedIn
from gateway.people.store import OpenSession
from gateway.storage.store import Store

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS


class Term(NamedTuple):
    """How long a session lasts without anything being done, and at most."""

    idle_ms: int
    longest_ms: int


TERMS: Final = {
    Role.COMMITTEE: Term(15 * _MINUTE_MS, 8 * _HOUR_MS),
    Role.ADMINISTRATOR: Term(15 * _MINUTE_MS, 8 * _HOUR_MS),
    Role.OPERATOR: Term(_HOUR_MS, 12 * _HOUR_MS),
    Role.PANEL: Term(_HOUR_MS, 8 * _HOUR_MS),
    Role.OBSERVER: Term(12 * _HOUR_MS, 12 * _HOUR_MS),
}
#: What somebody does is noted at most so often: votes go first.
_NOTED_MS: Final = _MINUTE_MS


class Sessions:
    """Every session."""

    def __init__(self, database: Store, now_ms: Callable[[], int]) -> None:
        self._db, self._now_ms = database, now_ms
        self._over: WeakValueDictionary[bytes, asyncio.Event] = WeakValueDictionary()

    def over(self, token: str) -> asyncio.Event:
        """What is set when that session is ended from here: for streams, which wait long for what to send."""
        return self._over.setdefault(hashed(token), asyncio.Event())

    async def who(self, token: str, *, active: bool = True) -> SignedIn | None:
        """Whose session that is, None if it is none or over. `active`: they have just done something."""
        key, now_ms = hashed(token), self._now_ms()
        found = await self._db.run(store.session, key)
        if found is None:
            return None
        who = found.account.signed_in()
        term = TERMS[who.role]
        if now_ms - found.begun_ms >= term.longest_ms or now_ms - found.seen_ms >= term.idle_ms:
            await self._db.run(store.end, key)
            return None
        if active and now_ms - found.seen_ms >= _NOTED_MS:
            await self._db.run(store.see, key, now_ms)
        return who

    async def end(self, token: str) -> None:
        """Sign out."""
        key = hashed(token)
        await self._db.run(store.end, key)
        self._ended(key)

    async def listed(self, account: store.Account) -> list[OpenSession]:
        """Somebody's sessions that are not over, the latest first."""
        now_ms, longest_ms = self._now_ms(), max(term.longest_ms for term in TERMS.values())
        await self._db.run(store.end_old, now_ms - longest_ms)
        found = await self._db.run(store.sessions_of, account.id)
        term = TERMS[account.signed_in().role]
        return [
            one
            for one in found
            if now_ms - one.begun_ms < term.longest_ms and now_ms - one.seen_ms < term.idle_ms
        ]

    async def end_one(self, account_id: int, token: bytes) -> None:
        """End one of somebody's own sessions."""
        await self._db.run(store.end_of, account_id, token)
        self._ended(token)

    async def end_others(self, account_id: int, token: str) -> None:
        """End all of somebody's sessions but theirs of now."""
        await self._db.run(store.end_others, account_id, hashed(token))

    def _ended(self, key: bytes) -> None:
        if (streams := self._over.get(key)) is not None:
            streams.set()
