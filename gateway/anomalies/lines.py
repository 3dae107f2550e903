"""What a number shows of itself without its last four digits."""

from collections.abc import Callable, Mapping
from typing import Final

#: A block has so many numbers: those that differ in the last four digits.
BLOCK: Final = 10_000
_DIGITS: Final = 4
_CHINA: Final = "+86"


def block(line: str) -> str:
    """The block that a number is in, "" if it is none. A mobile number of China: its first seven digits
    (号段), as `1380013`; any other: all but the last four, as `+7900123`."""
    if not (line.startswith("+") and line[1:].isdecimal() and line.isascii() and len(line) > _DIGITS + 3):
        return ""
    head = line[:-_DIGITS]
    return head.removeprefix(_CHINA) if _is_mobile(line) else head


def last(line: str) -> int:
    """The place of a number in its block, from 0."""
    return int(line[-_DIGITS:])


def segment_of(segments: Mapping[str, str]) -> Callable[[str], str]:
    """What gives the name of the segment a number is in, "" if it is in none. The longest prefix counts: one
    with a `+` is of the whole number, any other of a national number of China."""
    lengths = sorted({len(prefix) for prefix in segments}, reverse=True)

    def find(line: str) -> str:
        for text in (line.removeprefix(_CHINA) if line.startswith(_CHINA) else line, line):
            for length in lengths:
                if text[:length] in segments:
                    return segments[text[:length]]
        return ""

    return find


def _is_mobile(line: str) -> bool:
    return len(line) == 14 and line.startswith(_CHINA + "1")
