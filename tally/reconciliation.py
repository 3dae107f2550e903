"""What a comparison of a provider's statement with our record speaks of: rows, messages, findings. Pure.

`matching` compares message by message, `hourly` counts per hour. Each finding has its likely reason: it says
where to look first, and proves nothing.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

Kind = Literal["missing", "extra", "altered", "shifted"]
KINDS: Final[tuple[Kind, ...]] = ("missing", "extra", "altered", "shifted")

#: Likely reasons, by kind, in the order in which they are asked for.
REASONS: Final[dict[Kind, tuple[str, ...]]] = {
    "missing": (
        "listed_twice", "erased", "no_number", "sent_twice", "part_of_longer", "unread_here", "outage",
        "not_delivered", "more_than_ours",
    ),
    "extra": (
        "outside_statement", "backfilled", "unread_here", "sent_twice", "no_number", "not_in_statement",
        "fewer_than_ours",
    ),
    "altered": ("other_caller", "other_both", "encoding", "cut_short", "other_text"),
    "shifted": ("time_zone", "held_back", "clocks_differ", "hour_edge"),
}  # fmt: skip

TOLERANCE_MS: Final = 5 * 60_000
#: A caller whose number was withheld, or is none: one cannot be told from another.
NOBODY: Final = b"?"


class Row(NamedTuple):
    """A row of a statement: its number, the provider's id ("" for none), the caller's key, the text folded
    (None where the statement has no texts), and its time."""

    row: int
    message: str
    caller: bytes
    text: str | None
    at_ms: int


class Entry(NamedTuple):
    """A message as we recorded it. `place` is the reader's own number for it; `unread` says that it could not
    be read, `backfill` that it was brought in from a statement."""

    place: int
    message: str
    caller: bytes
    text: str
    sent_ms: int | None
    received_ms: int
    unread: bool = False
    backfill: bool = False


class Finding(NamedTuple):
    """One difference, or, where `rows` is more than 1, many of one cause.

    `row` is the statement's, 0 if it has none; `place` ours, -1 if we have none. `theirs_ms` and `ours_ms`
    are the times; `differs` what of `caller` and `text` does.
    """

    kind: Kind
    reason: str
    row: int = 0
    place: int = -1
    theirs_ms: int | None = None
    ours_ms: int | None = None
    differs: tuple[str, ...] = ()
    rows: int = 1


@dataclass(slots=True)
class Compared:
    """What came of it. `rows` are the statement's, `recorded` ours; `matched` are those without any finding.

    `slip_ms` is by how much all the statement's times are ahead of ours, 0 if they are not.
    """

    rows: int = 0
    recorded: int = 0
    matched: int = 0
    slip_ms: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    findings: list[Finding] = field(default_factory=list)

    def count(self, kind: Kind) -> int:
        """How many rows or messages are of that kind."""
        return sum(one.rows for one in self.findings if one.kind == kind)

    @property
    def groups(self) -> Counter[tuple[Kind, str]]:
        """How many there are by kind and reason."""
        found: Counter[tuple[Kind, str]] = Counter()
        for one in self.findings:
            found[one.kind, one.reason] += one.rows
        return found
