"""A log as tiles (c2sp.org/tlog-tiles): files that never change once they are full, to prove things from.

A tile of level L holds up to 256 hashes, each over 256^L entries; what is not full yet has its width in its
path. Entry bundles hold the entries themselves, 256 to a file.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from struct import Struct
from typing import Final, NamedTuple

from tally import merkle
from tally.merkle import Frontier

WIDTH: Final = 256
HASH_BYTES: Final = 32
LONGEST_ENTRY: Final = 65_535

_length: Final = Struct(">H").pack

_PATH: Final = re.compile(
    r"(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


class BadTile(ValueError):
    """Not a tile, a bundle or a path of one."""


class Name(NamedTuple):
    """Which tile: its level (-1 for an entry bundle), its number in the level, how many hashes it has."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it is found: "tile/0/x001/x234/067", "tile/entries/000.p/12"."""
        return self.whole if self.width == WIDTH else f"{self.whole}.p/{self.width}"

    @property
    def whole(self) -> str:
        """Where it is found once it is full."""
        groups = [f"{self.number % 1000:03d}"]
        rest = self.number // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        return f"tile/{'entries' if self.level < 0 else self.level}/{'/'.join(groups)}"


def read_name(path: str) -> Name:
    """The tile that a path below `tile/` names. Raises `BadTile`."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise BadTile("not a path of a tile")
    width = int(found[3] or WIDTH)
    if width > WIDTH or (found[3] and width == WIDTH):
        raise BadTile("a partial tile has 1 to 255 hashes")
    name = Name(-1 if found[1] == "entries" else int(found[1]), int(re.sub("[x/]", "", found[2])), width)
    if name.path != f"tile/{path}":
        raise BadTile("a path has one spelling")
    return name


def names(size: int) -> Iterator[Name]:
    """Every tile and bundle of a log of so many entries."""
    for level in (-1, *range(8)):
        over = size >> 8 * max(level, 0)
        if level > 0 and over == 0:
            return
        for index in range(over // WIDTH):
            yield Name(level, index)
        if over % WIDTH:
            yield Name(level, over // WIDTH, over % WIDTH)


class _Partial:
    """The newest tile of a level, which is not full: its hashes, and what they come to."""

    def __init__(self, nodes: Sequence[bytes] = ()) -> None:
        self.nodes, self.frontier = list[bytes](), Frontier()
        self.take(nodes)

    def take(self, nodes: Sequence[bytes]) -> None:
        self.frontier = merkle.extend(len(self.nodes), self.frontier, nodes)[1]
        self.nodes += nodes


class Tree:
    """The right edge of a log's tiles: what has to be remembered to go on. Memory does not grow."""

    def __init__(self) -> None:
        self.size = 0
        self._levels = [_Partial()]

    @classmethod
    def resumed(cls, size: int, read: Callable[[Name], bytes]) -> "Tree":
        """A tree of that size, from its partial tiles. Raises what `read` raises, and `BadTile`."""
        tree = cls()
        tree.size, tree._levels = size, []
        for level in range(8):
            over = size >> 8 * level
            if level and not over:
                break
            width = over % WIDTH
            nodes = hashes(read(Name(level, over // WIDTH, width)), width) if width else []
            tree._levels.append(_Partial(nodes))
        return tree

    def append(self, leaves: Iterable[bytes]) -> list[tuple[Name, bytes]]:
        """Append leaf hashes, best many at a time; returns the tiles that became full."""
        full: list[tuple[Name, bytes]] = []
        for some in _in_tiles(self.size, list(leaves)):
            self.size += len(some)
            self._take(0, some, full)
        return full

    def _take(self, level: int, nodes: Sequence[bytes], full: list[tuple[Name, bytes]]) -> None:
        """Take nodes into a level's newest tile, which has room for them."""
        if level == len(self._levels):
            self._levels.append(_Partial())
        newest = self._levels[level]
        newest.take(nodes)
        if len(newest.nodes) == WIDTH:
            full.append((Name(level, (self.size >> 8 * (level + 1)) - 1), b"".join(newest.nodes)))
            self._levels[level] = _Partial()
            self._take(level + 1, newest.frontier, full)

    def partial(self) -> list[tuple[Name, bytes]]:
        """The tiles at the edge that are not full."""
        return [
            (Name(level, self.size >> 8 * (level + 1), len(edge.nodes)), b"".join(edge.nodes))
            for level, edge in enumerate(self._levels)
            if edge.nodes
        ]

    def holds(self, entries: Sequence[bytes]) -> bool:
        """Whether these are the entries of the newest bundle, if that is not full."""
        return self._levels[0].nodes == merkle.leaf_hashes(entries)

    @property
    def frontier(self) -> Frontier:
        """As `merkle.extend` keeps it."""
        return tuple(peak for edge in reversed(self._levels) for peak in edge.frontier)

    @property
    def root(self) -> bytes:
        """The root over all entries."""
        return merkle.root(self.frontier)


class Edge:
    """The right edge of a log's files: of its tree's tiles, and of its bundles."""

    def __init__(self) -> None:
        self.tree, self._packed = Tree(), b""

    @classmethod
    def resumed(cls, size: int, read: Callable[[Name], bytes]) -> "Edge":
        """An edge of that size, from what is not full. Raises what `read` raises, and `BadTile`, also if the
        bundle is not that of its tile."""
        edge = cls()
        edge.tree = Tree.resumed(size, read)
        whole, width = divmod(size, WIDTH)
        if width:
            edge._packed = read(Name(-1, whole, width))
        if not edge.tree.holds(entries(edge._packed)):
            raise BadTile("a bundle is not that of its tile")
        return edge

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self.tree.size

    @property
    def root(self) -> bytes:
        """The root over all entries."""
        return self.tree.root

    def append(self, entries: Sequence[bytes], leaves: Sequence[bytes]) -> list[tuple[Name, bytes]]:
        """Append entries, whose leaf hashes are `leaves`; returns the tiles and bundles that became full."""
        at = self.size
        full = self.tree.append(leaves)
        for some in _in_tiles(at, entries):
            at += len(some)
            self._packed += bundle(some)
            if at % WIDTH == 0:
                full.append((Name(-1, at // WIDTH - 1), self._packed))
                self._packed = b""
        return full

    def partial(self) -> list[tuple[Name, bytes]]:
        """The tiles and the bundle at the edge that are not full."""
        whole, width = divmod(self.size, WIDTH)
        newest = [(Name(-1, whole, width), self._packed)] if width else []
        return [*self.tree.partial(), *newest]


def parted(size: int, new: Sequence[bytes], bounds: Iterable[int]) -> Iterator[Sequence[bytes]]:
    """What is new to a log of `size` entries, in parts that end where it comes to a bound; these in order."""
    start = 0
    for end in (bound - size for bound in bounds):
        if start < end < len(new):
            yield new[start:end]
            start = end
    if start < len(new):
        yield new[start:]


def _in_tiles(size: int, new: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """What is new to a log of `size` entries, in parts that end where a tile becomes full."""
    return parted(size, new, range(size - size % WIDTH + WIDTH, size + len(new), WIDTH))


def hashes(tile: bytes, width: int) -> list[bytes]:
    """The first `width` hashes of a tile. Raises `BadTile` if it has fewer, or a part of one."""
    if len(tile) < width * HASH_BYTES or len(tile) % HASH_BYTES:
        raise BadTile("a tile is shorter than its name says")
    return [tile[at : at + HASH_BYTES] for at in range(0, width * HASH_BYTES, HASH_BYTES)]


def bundle(entries: Sequence[bytes]) -> bytes:
    """Entries as a bundle has them: each with its length in two bytes before it."""
    return b"".join(chain.from_iterable(zip(map(_length, map(len, entries)), entries, strict=True)))


def entries(packed: bytes, width: int = WIDTH) -> list[bytes]:
    """The first `width` entries of a bundle. Raises `BadTile` if it is cut off."""
    found: list[bytes] = []
    at = 0
    while at < len(packed) and len(found) < width:
        end = at + 2 + int.from_bytes(packed[at : at + 2])
        if end > len(packed):
            raise BadTile("a bundle is cut off")
        found.append(packed[at + 2 : end])
        at = end
    return found


# ---- proofs ---------------------------------------------------------------------------------------


class Reader:
    """Hashes of a log of `size` entries, from its tiles. `read` gives a tile's bytes, and may raise."""

    def __init__(self, size: int, read: Callable[[Name], bytes]) -> None:
        self.size, self._read = size, read

    def inclusion(self, index: int) -> list[bytes]:
        """The proof that the entry at `index` is in the log (RFC 6962, 2.1.1): hashes from leaf to root."""
        return self._path(index, 0, self.size)

    def consistency(self, old: int) -> list[bytes]:
        """The proof that the log of `old` entries was this one's beginning (RFC 6962, 2.1.2)."""
        return self._subproof(old, 0, self.size, whole=True) if 0 < old < self.size else []

    def root(self, size: int | None = None) -> bytes:
        """The root over the first `size` entries, over all if that is not said."""
        size = self.size if size is None else size
        return self._hash(0, size) if size else merkle.EMPTY_ROOT

    def _path(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _half(end - start)
        if index < middle:
            return [*self._path(index, start, middle), self._hash(middle, end)]
        return [*self._path(index, middle, end), self._hash(start, middle)]

    def _subproof(self, old: int, start: int, end: int, *, whole: bool) -> list[bytes]:
        if old == end:
            return [] if whole else [self._hash(start, end)]
        middle = start + _half(end - start)
        if old <= middle:
            return [*self._subproof(old, start, middle, whole=whole), self._hash(middle, end)]
        return [*self._subproof(old, middle, end, whole=False), self._hash(start, middle)]

    def _hash(self, start: int, end: int) -> bytes:
        """The hash over entries `start` to `end`, a subtree of the tree."""
        span = end - start
        if span & (span - 1):
            middle = start + _half(span)
            return merkle.node_hash(self._hash(start, middle), self._hash(middle, end))
        level, inside = divmod(span.bit_length() - 1, 8)
        first, count = start >> 8 * level, 1 << inside
        over = self.size >> 8 * level
        index = first // WIDTH
        width = min(WIDTH, over - index * WIDTH)
        tile = hashes(self._read(Name(level, index, width)), width)
        return merkle.root(merkle.extend(0, (), tile[first % WIDTH : first % WIDTH + count])[1])


def _half(span: int) -> int:
    """The largest power of two smaller than `span`."""
    return 1 << (span - 1).bit_length() - 1


def proves_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof shows that the leaf with this hash is entry `index` (RFC 9162, 2.1.3.2)."""
    if index >= size or len(leaf) != HASH_BYTES:
        return False
    node, at, last = leaf, index, size - 1
    for one in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = merkle.node_hash(one, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = merkle.node_hash(node, one)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def proves_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether a proof shows that the log of `old` entries was the beginning of `new` (RFC 9162, 2.1.4.2).

    Of an empty log nothing can be proved.
    """
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if not old & (old - 1) else list(proof)
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = path[0]
    for one in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = merkle.node_hash(one, first), merkle.node_hash(one, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = merkle.node_hash(second, one)
        at, last = at >> 1, last >> 1
    return last == 0 and (first, second) == (old_root, new_root)
