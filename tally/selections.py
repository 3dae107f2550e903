"""From a text, or from keys pressed, to selections (RULES §5)."""

from dataclasses import dataclass
from enum import StrEnum

from tally.outcome import Selection


class Finding(StrEnum):
    """What a message says, before any ballot rule or cap is asked."""

    CODES = "codes"  # one or more candidates, and nothing in doubt
    UNKNOWN = "unknown"  # shaped like a code, and none is in the code book
    NOTHING = "nothing"  # nothing in it looks like a code
    UNCLEAR = "unclear"  # it can be read in two ways, or a word of doubt stands beside a code


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read. `selections` are distinct, in the order they were named.

    `why` is "" or, for `UNKNOWN` and `UNCLEAR`, a short fixed word ("doubt", "ambiguous", "unknown")
    that tells the adjudicator what stopped the reading. It never holds input.
    """

    finding: Finding
    selections: tuple[Selection, ...] = ()
    why: str = ""
