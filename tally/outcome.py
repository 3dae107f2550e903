"""The closed set of endings: every message and every selection has exactly one (docs/rules.md).

These strings are written into the ledger, metrics and exports: they never change meaning.
"""

from enum import StrEnum
from typing import Final, Literal, NamedTuple

Channel = Literal["sms", "hotline"]
CHANNELS: Final[tuple[Channel, ...]] = ("sms", "hotline")


class MessageOutcome(StrEnum):
    """How a message ended."""

    COUNTED = "counted"
    REPEAT = "repeat"
    UNKNOWN_CODE = "unknown_code"
    NO_CODE = "no_code"
    UNCLEAR = "unclear"
    OVERVOTE = "overvote"
    UNDERVOTE = "undervote"
    WITHDRAWN = "withdrawn"
    EARLY = "early"
    LATE = "late"
    IN_TRANSIT = "in_transit"
    WITHHELD_CALLER = "withheld_caller"
    INVALID_CALLER = "invalid_caller"
    BARRED_CALLER = "barred_caller"
    TEST = "test"
    UNPARSED = "unparsed"


class SelectionOutcome(StrEnum):
    """How one selection ended."""

    COUNTED = "counted"
    OVER_CAP = "over_cap"
    SAME_CANDIDATE = "same_candidate"
    WITHDRAWN = "withdrawn"
    PENDING = "pending"
    REJECTED = "rejected"
    VOIDED = "voided"


#: Outcomes a person must rule on whatever the campaign says.
ALWAYS_PENDING = frozenset({MessageOutcome.UNCLEAR, MessageOutcome.IN_TRANSIT, MessageOutcome.UNPARSED})
#: Outcomes that wait for a person only if the campaign says so.
MAY_BE_PENDING = frozenset(
    {MessageOutcome.UNKNOWN_CODE, MessageOutcome.OVERVOTE, MessageOutcome.WITHHELD_CALLER}
)


class Selection(NamedTuple):
    """One candidate named by a message: the contest's id and the candidate's published code."""

    contest: str
    candidate: str
