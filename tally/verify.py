"""Is the ledger whole and unchanged? Every byte is hashed again, and the first bad entry is named."""

from dataclasses import dataclass, field
from typing import NamedTuple

from tally import entry, merkle, seal


class Stored(NamedTuple):
    """One row of a ledger, as stored. `sealed` is None for an act, or for an erased message."""

    seq: int
    kind: str
    leaf: bytes
    leaf_hash: bytes
    sealed: bytes | None


@dataclass(frozen=True, slots=True)
class Checked:
    """A row that passed: its leaf, and its opening where there is one."""

    seq: int
    leaf: entry.Leaf
    opening: entry.Opening | None


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
    sealer: seal.Sealer | None = None
    size: int = 0
    last_ms: int = 0
    frontier: merkle.Frontier = field(default=())

    def root(self) -> bytes:
        """The root of what was fed so far."""
        return merkle.root(self.frontier)

    def check(self, row: Stored) -> Checked:
        """Check one row. Raises `Tampered`."""
        if row.seq != self.size:
            raise Tampered(self.size, f"missing: the next entry stored is {row.seq}")
        hashed = merkle.leaf_hash(row.leaf)
        if hashed != row.leaf_hash:
            raise Tampered(row.seq, "its bytes do not give its hash")
        try:
            leaf = entry.read_leaf(row.leaf)
        except entry.BadEntry as error:
            raise Tampered(row.seq, str(error)) from error
        if (leaf.campaign, leaf.kind) != (self.campaign, row.kind):
            raise Tampered(row.seq, "its leaf is of another campaign or kind than its row")
        opening = self._open(row, leaf)
        self.size, self.frontier = merkle.extend(self.size, self.frontier, (hashed,))
        self.last_ms = leaf.at_ms
        return Checked(row.seq, leaf, opening)

    def _open(self, row: Stored, leaf: entry.Leaf) -> entry.Opening | None:
        if self.sealer is None or not leaf.is_message or row.sealed is None:
            return None
        try:
            blinding, packed = self.sealer.open(row.seq, row.sealed)
            opening = entry.unpack(packed)
        except entry.BadEntry as error:
            raise Tampered(row.seq, str(error)) from error
        if entry.commitment(blinding, packed) != leaf.commit:
            raise Tampered(row.seq, "its opening is not what the leaf commits to")
        if (opening.outcome, opening.received_ms) != (leaf.kind, leaf.at_ms):
            raise Tampered(row.seq, "its opening and its leaf tell different outcomes or times")
        return opening
