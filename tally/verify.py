"""Is the ledger whole and unchanged? Every byte is hashed again, and the first bad entry is named."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from tally import acts, entry, merkle


class Stored(NamedTuple):
    """One row of a ledger, as stored. `sealed` is None where nothing is private, or it was erased."""

    seq: int
    kind: str
    leaf: bytes
    leaf_hash: bytes
    sealed: bytes | None


@dataclass(frozen=True, slots=True)
class Checked:
    """A row that passed: its leaf, and what is sealed beside it: a message's opening, an act's private part.

    `opening` is None and `private` empty where there is none, it was erased, or no key was given. `node` is
    the log's, "" if no key was given.
    """

    seq: int
    leaf: entry.Leaf
    opening: entry.Opening | None
    private: Mapping[str, Any] = field(default_factory=dict)
    node: str = ""


class Opens(Protocol):
    """What opens what is sealed beside entries: `seal.Sealer`, or an auditor's copy."""

    @property
    def log(self) -> str:
        """Whose entries they are: campaign and node, with a slash between."""
        ...

    def open(self, seq: int, sealed: bytes, /) -> tuple[bytes, bytes]:
        """Blinding key and opening. Raises `entry.BadEntry`."""
        ...


class Tampered(ValueError):
    """The first entry that is not as it was written."""

    def __init__(self, seq: int, what: str) -> None:
        super().__init__(f"entry {seq}: {what}")
        self.seq = seq


@dataclass(slots=True)
class Verifier:
    """Feed every row in order with `check`, then compare `size` and `root()` with the log's head.

    Without a `sealer` the openings stay closed, and only leaves and tree are checked.
    """

    campaign: str
    sealer: Opens | None = None
    size: int = 0
    frontier: merkle.Frontier = field(default=())

    def root(self) -> bytes:
        """The root of what was fed so far."""
        return merkle.root(self.frontier)

    def check_leaf(self, seq: int, leaf: bytes, sealed: bytes | None) -> Checked:
        """Check an entry of which only the leaf was kept. Raises `Tampered`."""
        return self.check(Stored(seq, _kind(leaf), leaf, merkle.leaf_hash(leaf), sealed))

    def check(self, row: Stored) -> Checked:
        """Check one row. Raises `Tampered`."""
        if not _is_stored(row):
            raise Tampered(self.size, "it is not stored as an entry is")
        if row.seq != self.size:
            raise Tampered(self.size, f"missing: the next entry stored is {row.seq}")
        hashed = merkle.leaf_hash(row.leaf)
        if hashed != row.leaf_hash:
            raise Tampered(row.seq, "its bytes do not give its hash")
        try:
            checked = open_row(row, self.sealer)
        except entry.BadEntry as error:
            raise Tampered(row.seq, str(error)) from error
        if (checked.leaf.campaign, checked.leaf.kind) != (self.campaign, row.kind):
            raise Tampered(row.seq, "its leaf is of another campaign or kind than its row")
        self.take((hashed,))
        return checked

    def take(self, hashes: Sequence[bytes]) -> None:
        """Go on past entries that were checked, by their hashes."""
        self.size, self.frontier = merkle.extend(self.size, self.frontier, hashes)


def _kind(leaf: bytes) -> str:
    """The kind that a leaf says it is of, where nothing else does."""
    return leaf.split(b"\n")[2].decode("utf-8", "replace") if leaf.count(b"\n") > 2 else ""


def _is_stored(row: Stored) -> bool:
    """Whether what was read from a damaged file is of the types it must be."""
    types = tuple(map(type, row))
    return types[:4] == (int, str, bytes, bytes) and types[4] in (bytes, type(None))


def open_row(row: Stored, sealer: Opens | None) -> Checked:
    """A row's leaf, and what is sealed beside it, if that is what the leaf commits to.

    Raises `entry.BadEntry`.
    """
    leaf = entry.read_leaf(row.leaf)
    node = "" if sealer is None else sealer.log.rpartition("/")[2]
    if sealer is None or row.sealed is None:
        return Checked(row.seq, leaf, None, node=node)
    blinding, packed = sealer.open(row.seq, row.sealed)
    if entry.commitment(blinding, packed) != leaf.commit:
        raise entry.BadEntry("its opening is not what the leaf commits to")
    if not leaf.is_message:
        private = acts.unpack(packed)
        _same_selections(leaf, private["now"]["selections"] if "now" in private else None)
        return Checked(row.seq, leaf, None, private, node)
    opening = entry.unpack(packed)
    _same_selections(leaf, opening.selections)
    if (opening.outcome, opening.received_ms) != (leaf.kind, leaf.at_ms):
        raise entry.BadEntry("its opening and its leaf tell different outcomes or times")
    return Checked(row.seq, leaf, opening, node=node)


def _same_selections(leaf: entry.Leaf, sealed: Iterable[Iterable[str]] | None) -> None:
    """What is told everybody, where ballots are open, is what is sealed. Raises `entry.BadEntry`."""
    if leaf.selections is not None and (sealed is None or leaf.selections != entry.selected(sealed)):
        raise entry.BadEntry("its leaf tells other selections than are sealed beside it")
