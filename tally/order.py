"""In which order the entries of a campaign's logs are followed, where several nodes write at once.

Each node appends to a log of its own, and nothing orders messages of two logs: their outcomes do not depend
on it, for what a caller has used up is one and the same for all nodes. An act has an order. It is recorded
while no other node appends, and tells in `seen` how many entries each other log had then: all these come
before it, all others after. So acts stand in one row: each has seen more entries than those before it.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

SEEN: Final = "seen"

T = TypeVar("T")


class Span(NamedTuple):
    """Entries of one log, from `first` up to but without `end`."""

    node: str
    first: int
    end: int


class Placed(NamedTuple):
    """Where an act stands, and how long it says that the other logs were, those without entries left out."""

    node: str
    seq: int
    seen: Mapping[str, int]

    @property
    def before(self) -> int:
        """How many entries come before it, over all logs."""
        return self.seq + sum(self.seen.values())


class Disordered(ValueError):
    """An act tells of other logs what cannot have been; `what` says what."""

    def __init__(self, act: Placed, what: str) -> None:
        super().__init__(f"entry {act.seq} of {act.node}: {what}")
        self.act, self.what = act, what


def placed(node: str, seq: int, detail: Mapping[str, Any]) -> Placed:
    """An act of a node's log, by what its leaf tells. Raises `ValueError`, `TypeError`, `AttributeError`."""
    return Placed(node, seq, {str(name): int(size) for name, size in detail.get(SEEN, {}).items()})


def in_order(acts: Sequence[T], place: Callable[[T], Placed]) -> list[T]:
    """Acts of several logs, in the order in which they were recorded.

    >>> row = [Placed("n1", 7, {"n2": 4}), Placed("n1", 9, {"n2": 8}), Placed("n2", 5, {"n1": 8})]
    >>> [(one.node, one.seq) for one in in_order(row, lambda one: one)]
    [('n1', 7), ('n2', 5), ('n1', 9)]
    """
    return sorted(acts, key=lambda act: place(act).before)


def spans(sizes: Mapping[str, int], acts: Iterable[Placed]) -> Iterator[Span]:
    """All entries of logs of so many entries, in an order in which each act follows what it had seen.

    Between two acts the logs come one after the other, as `sizes` has them. Raises `Disordered`.

    >>> [tuple(span) for span in spans({"n1": 4, "n2": 3}, [Placed("n1", 2, {"n2": 1})])]
    [('n1', 0, 2), ('n2', 0, 1), ('n1', 2, 3), ('n1', 3, 4), ('n2', 1, 3)]
    """
    done = dict.fromkeys(sizes, 0)

    def upto(ends: Mapping[str, int]) -> Iterator[Span]:
        for node, end in ends.items():
            if end > done[node]:
                yield Span(node, done[node], end)
                done[node] = end

    for act in in_order(list(acts), lambda one: one):
        ends = {node: act.seen.get(node, 0) for node in sizes} | {act.node: act.seq}
        if act.seen.keys() - sizes.keys() or act.node in act.seen:
            raise Disordered(act, "it tells of logs that are none of the others")
        for node, end in ends.items():
            if end > sizes[node]:
                raise Disordered(act, f"it tells of {end} entries of {node}, and there are {sizes[node]}")
            if end < done[node]:
                raise Disordered(act, f"it tells of {end} entries of {node}, when there were {done[node]}")
        yield from upto(ends)
        yield from upto({act.node: act.seq + 1})
    yield from upto(sizes)


def ranks(row: Iterable[Span]) -> Callable[[str, int], tuple[int, int]]:
    """What to sort entries by, given their node and number, to have them as these spans have them.

    >>> rank = ranks(spans({"n1": 4, "n2": 3}, [Placed("n1", 2, {"n2": 1})]))
    >>> rank("n2", 0) < rank("n1", 2) < rank("n1", 3) < rank("n2", 1)
    True
    """
    firsts: dict[str, list[int]] = {}
    numbers: dict[str, list[int]] = {}
    for number, span in enumerate(row):
        firsts.setdefault(span.node, []).append(span.first)
        numbers.setdefault(span.node, []).append(number)
    return lambda node, seq: (numbers[node][bisect_right(firsts[node], seq) - 1], seq)
