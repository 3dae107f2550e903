"""What physical SMS carry before their text (3GPP TS 23.040 9.2.3.24): which part of what message."""

from typing import Final, NamedTuple

#: Elements that say so, and how long they are: with a reference of 8 bits, and of 16.
_CONCATENATION: Final = ((0x00, 3), (0x08, 4))


class Part(NamedTuple):
    """Which part a physical SMS is: `reference` is shared by the parts of a message, in hex."""

    reference: str
    total: int
    place: int


def part_of(header: bytes) -> Part | None:
    """What a header says of its SMS; None if it is a message by itself. Raises `ValueError` if it cannot be
    followed."""
    if not header:
        return None
    found = None
    at, end = 1, len(header)
    while at + 1 < end:
        element, length = header[at], header[at + 1]
        data = header[at + 2 : at + 2 + length]
        if (element, len(data)) in _CONCATENATION and len(data) == length:
            found = Part(data[:-2].hex(), data[-2], data[-1])
        at += 2 + length
    if at != end or header[0] != end - 1:
        raise ValueError("the header does not end where it says")
    return found if found is not None and found.total > 1 else None
