"""A walk over all logs of a campaign: each entry checked, every act after all that it had seen."""

from collections.abc import AsyncGenerator, Mapping, Sequence, Set
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any, Final, Self

from gateway.ledger.signed import Bound
from gateway.storage.reader import Reader
from gateway.storage.store import Acted, Head, placed
from tally import bulk, merkle, order, verify
from tally.bulk import Said
from tally.order import Disordered
from tally.outcome import MessageOutcome
from tally.seal import Sealer
from tally.verify import Checked, Stored, Tampered, Verifier

_OUTCOMES: Final = frozenset(outcome.value for outcome in MessageOutcome)
_OTHERS: Final = "it tells of the other logs what cannot have been"


@dataclass(frozen=True)
class Chunk:
    """Some entries of one log in order, as stored, checked one by one or, if all are `said`, in bulk."""

    node: str
    rows: Sequence[Stored]
    said: Said | None
    one_by_one: Sequence[Checked]
    sealer: Sealer

    @cached_property
    def entries(self) -> Sequence[Checked]:
        """The entries, taken apart."""
        if self.said is None:
            return self.one_by_one
        return [verify.open_row(row, self.sealer) for row in self.rows]

    @property
    def last_ms(self) -> int:
        """When the latest of them was received or done."""
        if self.said is not None:
            return max(map(int, self.said.received_ms))
        return max(checked.leaf.at_ms for checked in self.one_by_one)


class Log:
    """One log while it is walked over, against what was signed of it. `apart` are messages that acts are
    about."""

    def __init__(self, head: Head, sealer: Sealer, bound: Bound, apart: Set[int]) -> None:
        self.head, self.bound = head, bound
        self._sealer, self._apart = sealer, apart
        self._verifier = Verifier(head.campaign, sealer)
        self._chunks: AsyncGenerator[Sequence[Stored], None] | None = None
        self._left: Sequence[Stored] = ()

    @property
    def size(self) -> int:
        """How many entries were taken."""
        return self._verifier.size

    @property
    def root(self) -> bytes:
        """The root of those entries."""
        return self._verifier.root()

    async def begin(self, reader: Reader, stack: AsyncExitStack) -> Self:
        """Have entries read while `stack` stands."""
        self._chunks = await stack.enter_async_context(aclosing(reader.entries(self.head.log_id)))
        return self

    async def take(self, end: int | None) -> list[Chunk]:
        """The next entries, checked: up to an entry, None for all there are. Nothing if there are no more.

        Raises `Tampered`.
        """
        assert self._chunks is not None
        if not self._left:
            async for rows in self._chunks:
                self._left = rows
                break
        room = len(self._left) if end is None else end - self.size
        rows, self._left = self._left[:room], self._left[room:]
        return [self._chunk(list(some), in_bulk=alike) for alike, some in groupby(rows, self._is_alike)]

    def _is_alike(self, row: Stored) -> bool:
        """Whether an entry is like most: a message that is there, and no act is about it."""
        return row.sealed is not None and row.kind in _OUTCOMES and row.seq not in self._apart

    def _chunk(self, rows: Sequence[Stored], *, in_bulk: bool) -> Chunk:
        said = bulk.check(self._verifier, rows) if in_bulk else None
        one_by_one: list[Checked] = []
        if said is None:
            one_by_one = [self._check(row) for row in rows]
        else:
            self.bound.see([row.leaf_hash for row in rows])
        return Chunk(self.head.node, rows, said, one_by_one, self._sealer)

    def _check(self, row: Stored) -> Checked:
        try:
            checked = self._verifier.check(row)
        except Tampered as found:
            raise self.bound.earlier(found) from found
        self.bound.see((row.leaf_hash,))
        return checked

    def end(self) -> None:
        """After the last entry: its root is the one recorded. Raises `Tampered`."""
        name, size = f"{self.head.campaign}/{self.head.node}", self._verifier.size
        self.bound.end()
        if size != self.head.size:
            raise Tampered(size, f"missing: the log of {name} should have {self.head.size} entries")
        if self._verifier.root() != merkle.root(self.head.frontier):
            raise Tampered(size, f"the root of {name} is not the one recorded with its last commit")


async def walk(logs: Sequence[Log], reader: Reader, acts: Sequence[Acted]) -> AsyncGenerator[Chunk, None]:
    """Every entry of every log, checked, in chunks; at the end of a log its root is compared.

    `acts` are the campaign's, as they are kept to be found; where there are several logs, the entries
    themselves must tell the same of their order. Raises `Tampered` at the first bad entry.
    """
    async with AsyncExitStack() as stack:
        known = {log.head.node: await log.begin(reader, stack) for log in logs}
        for span in _spans(logs, acts):
            log = known[span.node]
            while log.size < span.end and (chunks := await log.take(span.end)):
                for chunk in chunks:
                    if len(logs) > 1:
                        _hold_to_order(chunk, known)
                    yield chunk
            if log.size < span.end:
                log.end()  # it says what is missing
        for log in logs:
            while chunks := await log.take(None):  # more than there should be
                for chunk in chunks:
                    yield chunk
            log.end()


def _spans(logs: Sequence[Log], acts: Sequence[Acted]) -> list[order.Span]:
    sizes = {log.head.node: log.head.size for log in logs}
    if len(logs) == 1:
        return list(order.spans(sizes, ()))
    try:
        return list(order.spans(sizes, [placed(act) for act in acts]))
    except Disordered as fault:
        raise Tampered(fault.act.seq, fault.what) from fault


def _hold_to_order(chunk: Chunk, logs: Mapping[str, Log]) -> None:
    """What acts tell of the other logs is as far as these were walked. Raises `Tampered`."""
    for checked in chunk.one_by_one:
        leaf = checked.leaf
        if leaf.is_message:
            continue
        seen: Any = leaf.detail.get(order.SEEN, {})
        others = {node: log for node, log in logs.items() if node != chunk.node and log.size}
        if seen != {node: log.size for node, log in others.items()}:
            raise Tampered(checked.seq, _OTHERS)
        roots = {node: log.root.hex() for node, log in others.items()}
        if leaf.kind == "close" and leaf.detail.get("roots", {}) != roots:
            raise Tampered(checked.seq, "the roots that it tells of the other logs are not theirs")
