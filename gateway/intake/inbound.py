"""The one noun between the dialects and the rules: a message or call as a source handed it in."""

from enum import StrEnum
from typing import NamedTuple


class Form(StrEnum):
    """What `Inbound.text` holds."""

    TEXT = "text"  # words, as a person typed them
    DIGITS = "digits"  # keys pressed during a call, read with the keypad code book
    SPOKEN = "spoken"  # an operator's words for a wish that nobody could make out: a person rules
    UNPARSED = "unparsed"  # authentic, but not readable; `text` says why, `raw` is what came


class Part(NamedTuple):
    """Which part of a longer message an `Inbound` is.

    `reference` names the message among its caller's, for a while: networks use few numbers, over and over.
    `number` counts from 1 to `of`. `wait_ms` is how long the first part waits for the others.
    """

    reference: str
    number: int
    of: int
    wait_ms: int


class Inbound(NamedTuple):
    """One SMS or one call. Nothing past a provider knows a vendor's field name.

    `message_id` is the provider's own id, or a synthesised one; with the source's name it is what
    recognises a redelivery. `caller` is the number as given, before normalising, "" if none was.
    `sent_ms` is the provider's or PBX's own time in Unix milliseconds, None if its format has none;
    `sent_grain_ms` is how fine that time is (1000 for whole seconds).
    `raw` is the payload, or the part of it that is this message. `part` says that this is not yet a message,
    but a part of one: it is kept until the others have come (`gateway/parts`).
    """

    message_id: str
    caller: str
    text: str
    form: Form = Form.TEXT
    sent_ms: int | None = None
    sent_grain_ms: int = 1000
    raw: bytes = b""
    part: Part | None = None
