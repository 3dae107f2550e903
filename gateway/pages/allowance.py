"""How many requests one address may make. Pure: whoever asks says what time it is.

An allowance is full at first, and fills again at a steady rate. Many telephones may share an address, so it
is wide enough for a crowd; what it stops is one machine that asks all day.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

#: Addresses that are remembered; beyond, the one that asked longest ago goes. No attack fills the memory.
CAPACITY: Final = 20_000


class _Left(NamedTuple):
    requests: float
    at_ms: int


class Allowance:
    """`burst` requests at once, then one more every `refill_ms`; in memory, by address."""

    def __init__(self, burst: int, refill_ms: int, capacity: int = CAPACITY) -> None:
        self._burst, self._refill_ms, self._capacity = burst, refill_ms, capacity
        self._left: OrderedDict[str, _Left] = OrderedDict()

    def wait_ms(self, address: str, now_ms: int) -> int:
        """How long the address must wait, in milliseconds. If not at all, this request is taken off.

        >>> allowance = Allowance(2, 1_000)
        >>> [allowance.wait_ms("192.0.2.7", at_ms) for at_ms in (0, 0, 0, 400, 1_000, 1_000)]
        [0, 0, 1000, 600, 0, 1000]
        """
        before = self._left.get(address, _Left(self._burst, now_ms))
        gained = max(0, now_ms - before.at_ms) / self._refill_ms
        left = min(float(self._burst), before.requests + gained)
        short = round((1 - left) * self._refill_ms)
        self._left[address] = _Left(left if short > 0 else left - 1, now_ms)
        self._left.move_to_end(address)
        if len(self._left) > self._capacity:
            self._left.popitem(last=False)
        return max(0, short)
