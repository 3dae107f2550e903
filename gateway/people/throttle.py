"""How fast passwords can be tried. Pure: whoever asks says what time it is.

Whoever has guessed wrong too often waits, longer each time; nobody is ever locked out. Guesses from where
somebody has signed in before are counted apart from everybody else's: however many strangers guess at an
account, its owner, at the usual desk or browser, does not wait for them.
"""

from collections import OrderedDict
from typing import Final, Literal, NamedTuple

#: Whose guesses: of a person's own browser or address; of strangers at one account; of one address at any
#: account; of codes by those who knew the password.
Whose = Literal["own", "account", "address", "code"]


class Key(NamedTuple):
    """A counter: whose guesses, and at what or from where."""

    whose: Whose
    what: str


class Limit(NamedTuple):
    """So many guesses are free; then the wait begins at a second and doubles up to `longest_ms`."""

    free: int
    longest_ms: int


LIMITS: Final[dict[Whose, Limit]] = {
    "own": Limit(10, 60_000),
    "account": Limit(10, 15 * 60_000),
    "address": Limit(30, 15 * 60_000),
    "code": Limit(5, 15 * 60_000),
}
#: A counter that has been quiet for so long begins anew.
FORGET_MS: Final = 24 * 3_600_000
#: Counters that are kept; beyond, the one that was quiet for longest goes. No attack fills the memory.
CAPACITY: Final = 50_000


class _Count(NamedTuple):
    guesses: int
    last_ms: int


class Throttle:
    """The counters, in memory: who makes us restart gains nothing that matters."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._counts: OrderedDict[Key, _Count] = OrderedDict()
        self._capacity = capacity

    def guess(self, keys: list[Key], now_ms: int) -> int:
        """How long to wait, in milliseconds. If none, the guess counts as wrong until `right` is called:
        or many at once would all be free."""
        wait_ms = max(self._wait_ms(key, now_ms) for key in keys)
        if not wait_ms:
            for key in keys:
                self._put(key, _Count(self._count(key, now_ms).guesses + 1, now_ms))
        return wait_ms

    def right(self, keys: list[Key]) -> None:
        """The guess was right. An address is not forgiven the others for it: it may have an account, too."""
        for key in keys:
            count = self._counts.pop(key, None)
            if count is not None and key.whose == "address" and count.guesses > 1:
                self._put(key, count._replace(guesses=count.guesses - 1))

    def _count(self, key: Key, now_ms: int) -> _Count:
        count = self._counts.get(key, _Count(0, now_ms))
        return _Count(0, now_ms) if now_ms - count.last_ms > FORGET_MS else count

    def _wait_ms(self, key: Key, now_ms: int) -> int:
        count = self._count(key, now_ms)
        return max(0, count.last_ms + pause_ms(LIMITS[key.whose], count.guesses) - now_ms)

    def _put(self, key: Key, count: _Count) -> None:
        self._counts[key] = count
        self._counts.move_to_end(key)
        if len(self._counts) > self._capacity:
            self._counts.popitem(last=False)


def pause_ms(limit: Limit, guesses: int) -> int:
    """How long to wait after so many wrong guesses.

    >>> [pause_ms(Limit(2, 5_000), guesses) for guesses in range(6)]
    [0, 0, 1000, 2000, 4000, 5000]
    """
    beyond = guesses - limit.free
    return 0 if beyond < 0 else min(1_000 << min(beyond, 30), limit.longest_ms)
