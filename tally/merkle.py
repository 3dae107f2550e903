"""RFC 6962 hashing: leaf, node, and the root of a growing tree from its frontier alone."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

EMPTY_ROOT: Final = sha256(b"").digest()

#: The roots of the complete subtrees of a tree, largest first: one per set bit of its size.
Frontier = tuple[bytes, ...]


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The `leaf_hash` of each of many."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def extend(size: int, frontier: Frontier, leaves: Iterable[bytes]) -> tuple[int, Frontier]:
    """The size and frontier after appending leaf hashes: amortised one node hash a leaf.

    Level by level: the peak that a level had is the left neighbour of the first new node, and a last node
    without a right neighbour is the level's peak from now on.
    """
    peaks, smaller = list(frontier), list[bytes]()
    nodes, rest = list(leaves), size
    size += len(nodes)
    while nodes:
        if rest & 1:
            nodes.insert(0, peaks.pop())
        if len(nodes) & 1:
            smaller.append(nodes.pop())
        nodes = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(nodes[::2], nodes[1::2], strict=True)
        ]
        rest >>= 1
    return size, (*peaks, *reversed(smaller))


def root(frontier: Frontier) -> bytes:
    """The root hash of the tree with this frontier."""
    if not frontier:
        return EMPTY_ROOT
    node = frontier[-1]
    for peak in reversed(frontier[:-1]):
        node = node_hash(peak, node)
    return node


def pack(frontier: Frontier) -> bytes:
    """A frontier as stored: its 32-byte hashes in a row."""
    return b"".join(frontier)


def unpack(stored: bytes) -> Frontier:
    """The frontier that `pack` stored."""
    return tuple(stored[at : at + 32] for at in range(0, len(stored), 32))
