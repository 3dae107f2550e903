"""Whether what is kept beside the ledger of how messages came says what the ledger says: how many each source
brought in each minute, by which a provider's statement is compared, and voters' receipts.

Like `gateway/checking/projections.py`, for what follows from messages as they came, whatever became of them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import aclosing

from gateway import clock
from gateway.checking.looking import Beside, Looking
from gateway.intake.running import Running
from gateway.storage.reader import Reader
from gateway.storage.store import MINUTE_MS, Minute
from tally import receipt
from tally.outcome import MessageOutcome
from tally.verify import Checked, Tampered


class Arrivals:
    """Feed every message with `see`, in order, or what a run of them was found to be with `take`; then
    ask."""

    def __init__(self, running: Running, looking: Looking) -> None:
        self._running, self._looking = running, looking
        self._came = defaultdict[str, Counter[Minute]](Counter)
        self._erased = Counter[tuple[str, int, bool]]()
        self._messages = Counter[str]()
        self._receipts = Counter[str]()
        self._last: dict[str, int] = {}

    def see(self, node: str, checked: Checked, leaf_hash: bytes) -> None:
        """One message of a node's log."""
        minute_ms = checked.leaf.at_ms // MINUTE_MS * MINUTE_MS
        counted = checked.leaf.kind == MessageOutcome.COUNTED
        if checked.opening is None:
            self._erased[node, minute_ms, counted] += 1
        else:
            self._came[node][Minute(minute_ms, checked.opening.source, counted)] += 1
        self._receive(node, 1, checked.seq, self._looking.receipts(checked.seq, [leaf_hash]))

    def take(self, node: str, beside: Beside) -> None:
        """A run of messages of a node's log, none of which an act is about."""
        self._came[node].update(beside.came)
        self._receive(node, beside.came.total(), beside.last, beside.receipts)

    def _receive(self, node: str, messages: int, last: int, receipts: int) -> None:
        self._messages[node] += messages
        self._receipts[node] += receipts
        self._last[node] = last

    async def tempo(self, reader: Reader) -> Iterator[tuple[str, int, int]]:
        """Where other numbers of messages are kept: what, how many are kept, and are in the ledger. Of those
        that were erased the source is known no more. Raises `Unavailable`."""
        kept = defaultdict[str, Counter[Minute]](Counter)
        for node, minute_ms, source, counted, others in await reader.every_minute(self._running.id):
            kept[node][Minute(minute_ms, source, True)] += counted
            kept[node][Minute(minute_ms, source, False)] += others
        return self._differing(kept)

    def _differing(self, kept: Mapping[str, Counter[Minute]]) -> Iterator[tuple[str, int, int]]:
        for node in sorted(kept.keys() | self._came.keys(), key=str):
            came, left = self._came[node], kept.get(node, Counter[Minute]())
            hidden = Counter[tuple[str, int, bool]]()
            for one in sorted(came.keys() | left.keys(), key=str):
                place, more = (node, one.minute_ms, one.counted), left[one] - came[one]
                if more < 0 or (more and not self._erased[place]):
                    yield f"{self._told(*place)}, from {one.source}", left[one], came[one]
                hidden[place] += more
            for place, times in self._erased.items():
                if place[0] == node and hidden[place] != times:
                    yield f"{self._told(*place)}, erased", hidden[place], times

    def _told(self, node: str, minute_ms: int, counted: bool) -> str:
        at = clock.stamp(minute_ms, self._running.zone)[:16].replace("T", " ")
        return f"{node}, messages in the minute of {at}, {'counted' if counted else 'not counted'}"

    async def receipts(
        self, reader: Reader, sizes: Mapping[str, int], lost: Mapping[str, int]
    ) -> Tampered | tuple[str, int, int] | None:
        """The first entry to which another's receipt leads, or how many there are and should be.

        `sizes` are the entries of each log; `lost` is up to where logs went that were lost in part: receipts
        of what is lost are still known. Raises `Unavailable`.
        """
        if not self._running.receipts:
            return None
        sums, times, begun = Counter[str](), Counter[str](), set[str]()
        async with aclosing(reader.every_receipt(self._running.id)) as chunks:
            async for rows in chunks:
                for node, seq, code in rows:
                    if seq < sizes.get(node, 0):
                        sums[node] += self._looking.receipt(seq, code)
                        times[node] += 1
                    elif seq >= lost.get(node, 0):
                        return _led(seq)
                    if seq == self._last.get(node):
                        begun.add(node)
        if all(sums[node] == self._receipts[node] for node in times.keys() | begun):
            return None
        wrong = [
            seq
            async for rows in reader.every_receipt_led(self._running.id)
            for seq, code, leaf_hash in rows
            if leaf_hash is not None and code != receipt.number(leaf_hash)
        ]
        if wrong:
            return _led(min(wrong))
        # Of a log whose last message has none, all are given theirs when the server starts.
        have, should = (sum(told[node] for node in begun) for told in (times, self._messages))
        return None if have == should else ("receipts", have, should)


def _led(seq: int) -> Tampered:
    return Tampered(seq, "a receipt kept beside the ledger leads to it that is not its own")
