"""A walk over all logs of a campaign: each entry checked, every act after all that it had seen."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import Any, NamedTuple, Self

from gateway.ledger.signed import Bound
from gateway.storage.reader import Reader
from gateway.storage.store import Acted, Head
from tally import entry, merkle, order
from tally.order import Disordered, Placed
from tally.verify import Checked, Stored, Tampered, Verifier

_OTHERS = "it tells of the other logs what cannot have been"


class Chunk(NamedTuple):
    """Some entries of one log in order: as stored, and as checked."""

    node: str
    rows: Sequence[Stored]
    entries: list[Checked]


class Log:
    """One log while it is walked over, against what was signed of it."""

    def __init__(self, head: Head, verifier: Verifier, bound: Bound) -> None:
        self.head, self.bound = head, bound
        self._verifier = verifier
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

    async def take(self, end: int | None) -> Chunk | None:
        """The next entries, checked: up to an entry, None for all there are. None if there are no more.

        Raises `Tampered`.
        """
        assert self._chunks is not None
        if not self._left:
            async for rows in self._chunks:
                self._left = rows
                break
        room = len(self._left) if end is None else end - self.size
        rows, self._left = self._left[:room], self._left[room:]
        if not rows:
            return None
        return Chunk(self.head.node, rows, [self._check(row) for row in rows])

    def _check(self, row: Stored) -> Checked:
        try:
            checked = self._verifier.check(row)
        except Tampered as found:
            raise self.bound.earlier(found) from found
        self.bound.see(row.leaf_hash)
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
            while log.size < span.end and (chunk := await log.take(span.end)):
                if len(logs) > 1:
                    _hold_to_order(chunk, known)
                yield chunk
            if log.size < span.end:
                log.end()  # it says what is missing
        for log in logs:
            while chunk := await log.take(None):  # more than there should be
                yield chunk
            log.end()


def _spans(logs: Sequence[Log], acts: Sequence[Acted]) -> list[order.Span]:
    sizes = {log.head.node: log.head.size for log in logs}
    if len(logs) == 1:
        return list(order.spans(sizes, ()))
    try:
        return list(order.spans(sizes, [_placed(act) for act in acts]))
    except Disordered as fault:
        raise Tampered(fault.act.seq, _OTHERS) from fault


def _placed(act: Acted) -> Placed:
    try:
        return order.placed(act.node, act.stored.seq, entry.read_leaf(act.stored.leaf).detail)
    except (entry.BadEntry, ValueError, TypeError, AttributeError):  # it is checked when it is come to
        return Placed(act.node, act.stored.seq, {})


def _hold_to_order(chunk: Chunk, logs: Mapping[str, Log]) -> None:
    """What acts tell of the other logs is as far as these were walked. Raises `Tampered`."""
    for checked in chunk.entries:
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
