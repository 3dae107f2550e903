"""A walk over all logs of a campaign: each entry checked, every act after all that it had seen."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final, Self

from gateway.checking.looking import Asked, Beside, Looking, Run
from gateway.checking.sharing import Shares
from gateway.ledger.signed import Bound
from gateway.storage.reader import Reader
from gateway.storage.store import Acted, Head, placed
from tally import merkle, order, verify
from tally.bulk import Columns, Said
from tally.order import Disordered
from tally.seal import Sealer
from tally.verify import Checked, Stored, Tampered, Verifier

_OTHERS: Final = "it tells of the other logs what cannot have been"


@dataclass(frozen=True)
class Chunk:
    """Some entries of one log in order, as stored, checked one by one or, if all are `said`, in bulk: then
    `beside` is what follows from them."""

    node: str
    rows: Sequence[Stored]
    said: Said | None
    beside: Beside | None
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
            return self.said.latest_ms
        return max(checked.leaf.at_ms for checked in self.one_by_one)


class Log:
    """One log while it is walked over, against what was signed of it."""

    def __init__(self, head: Head, sealer: Sealer, bound: Bound) -> None:
        self.head, self.bound = head, bound
        self._sealer = sealer
        self._verifier = Verifier(head.campaign, sealer)
        self._looked: AsyncGenerator[tuple[Sequence[Stored], Sequence[Run]], None] | None = None

    @property
    def size(self) -> int:
        """How many entries were taken."""
        return self._verifier.size

    @property
    def root(self) -> bytes:
        """The root of those entries."""
        return self._verifier.root()

    async def begin(
        self, reader: Reader, shares: Shares[Looking], ends: Sequence[int], stack: AsyncExitStack
    ) -> Self:
        """Have entries read and looked at while `stack` stands, some at a time, never such from before and
        from behind one of `ends` together."""
        looked = shares.each(Looking.entries, self._rows(reader, ends))
        self._looked = await stack.enter_async_context(aclosing(looked))
        return self

    async def _rows(
        self, reader: Reader, ends: Sequence[int]
    ) -> AsyncGenerator[tuple[Sequence[Stored], Asked], None]:
        first = 0
        async with aclosing(reader.entries(self.head.log_id)) as chunks:
            async for rows in chunks:
                last = first + len(rows)
                cuts = ends[bisect_right(ends, first) : bisect_left(ends, last)]
                for start, end in pairwise([first, *cuts, last]):
                    some = rows[start - first : end - first]
                    yield some, Asked(self.head.node, start, Columns(*zip(*some, strict=True)))
                first = last

    async def take(self) -> list[Chunk]:
        """The next entries, checked. Nothing if there are no more.

        Raises `Tampered`.
        """
        assert self._looked is not None
        async for rows, runs in self._looked:
            at, chunks = 0, list[Chunk]()
            for run in runs:
                chunks.append(self._chunk(rows[at : at + run.length], run))
                at += run.length
            return chunks
        return []

    def _chunk(self, rows: Sequence[Stored], run: Run) -> Chunk:
        one_by_one: list[Checked] = []
        if run.said is None:
            one_by_one = [self._check(row) for row in rows]
        else:
            hashes = [row.leaf_hash for row in rows]
            self._verifier.take(hashes)
            self.bound.see(hashes)
        return Chunk(self.head.node, rows, run.said, run.beside, one_by_one, self._sealer)

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


async def walk(
    logs: Sequence[Log], reader: Reader, acts: Sequence[Acted], shares: Shares[Looking]
) -> AsyncGenerator[Chunk, None]:
    """Every entry of every log, checked, in chunks; at the end of a log its root is compared.

    `acts` are the campaign's, as they are kept to be found; where there are several logs, the entries
    themselves must tell the same of their order. Raises `Tampered` at the first bad entry.
    """
    spans, ends = _spans(logs, acts), defaultdict[str, list[int]](list)
    for span in spans:
        ends[span.node].append(span.end)
    async with AsyncExitStack() as stack:
        known = {log.head.node: await log.begin(reader, shares, ends[log.head.node], stack) for log in logs}
        for span in spans:
            log = known[span.node]
            while log.size < span.end and (chunks := await log.take()):
                for chunk in chunks:
                    if len(logs) > 1:
                        _hold_to_order(chunk, known)
                    yield chunk
            if log.size < span.end:
                log.end()  # it says what is missing
        for log in logs:
            while chunks := await log.take():  # more than there should be
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
