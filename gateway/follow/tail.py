"""What of a growing file can be read: whole records, from where reading stopped, in pieces. It blocks.

A place fits a file if the bytes before it are those that were there when it was taken: so a file that was
truncated, replaced or rotated is told from one that has grown, whatever its name and number.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from gateway.follow.places import Place
from gateway.intake import csvrows, logfile

#: Bytes read in one go; a record has at most `csvrows.MAX_RECORD` characters.
PIECE: Final = 1 << 18
#: Bytes before a place that make its mark.
_MARKED: Final = 4096
#: Lines at the top that a format with a header may need to read what comes later.
_TOP_LINES: Final = 10


class Piece(NamedTuple):
    """Something to read: `lines`, of which the first `known` are there for their sake only, and the place
    after them."""

    lines: list[str]
    known: int
    after: Place


class Moved(Exception):
    """The place is none in this file: it was truncated, replaced or rotated."""


def piece(path: Path, place: Place, key: bytes, whole: bool) -> Piece | None:
    """What is new after a place, None if nothing is.

    With `whole` the file will not grow: a last line without an end is read as it stands. Raises `Moved`,
    `OSError`, and `UnreadableLog` for what is no text.
    """
    with path.open("rb") as file:
        if _mark(file, place.position, key) != place.mark:
            raise Moved
        file.seek(place.position)
        data = file.read(PIECE)
        size = place.position + len(data)
        end = _whole_records(data)
        if not end and len(data) == PIECE:
            end = len(data)  # no record is so long: it is broken, and must not stop all that follow
        if end:
            position = place.position + end
            after = Place(position, position, _mark(file, position, key))
        elif whole and data and size != place.seen:
            end, after = len(data), place._replace(seen=size)
        else:
            return None
        file.seek(0)
        before = file.read(min(place.position, PIECE))
    # Few lines tell how they are written: those before this piece may.
    encoding = logfile.encoding_of(before[: before.rfind(b"\n") + 1] + data[:end])
    top = _top(before)
    if not top and b"\n" not in data[:end]:
        top = b"\n"  # the reader tells a line that is cut off by those before it, which have an end
    lines = logfile.lines(top + data[:end], encoding)
    return Piece(lines, len(logfile.lines(top, encoding)), after)


def _whole_records(data: bytes) -> int:
    """How many bytes are whole records: up to the last line end that stands outside quotation marks.

    After so many lines as no record has, a quotation mark that is still open is a mistake.
    """
    end = at = held = 0
    open_quote = False
    for line in data.splitlines(keepends=True):
        at += len(line)
        open_quote ^= bool(line.count(b'"') % 2)
        held += 1
        if line.endswith((b"\n", b"\r")) and (not open_quote or held > csvrows.MAX_LINES):
            end, held, open_quote = at, 0, False
    return end


def _top(data: bytes) -> bytes:
    """The first lines, as far as they are whole records."""
    top = b"".join(data.splitlines(keepends=True)[:_TOP_LINES])
    return top[: _whole_records(top)]


def _mark(file: BinaryIO, position: int, key: bytes) -> bytes:
    """A keyed hash of what stands before a position, too short to tell anything of it."""
    begin = max(0, position - _MARKED)
    file.seek(begin)
    before = file.read(position - begin)
    if len(before) < position - begin:
        return b""
    return hashlib.blake2b(before, key=key, digest_size=16).digest() if before else b""


def has_begun(path: Path) -> bool:
    """Whether there is a whole record in a file. Raises `OSError`."""
    with path.open("rb") as file:
        data = file.read(PIECE)
    return len(data) == PIECE or _whole_records(data) > 0


def siblings(path: Path, number: int = 0) -> Iterator[Path]:
    """Where the file of this name may have been moved to, the newest first: what has its name in front, and
    the file of this number, whatever its name is now. Raises `OSError`."""
    found = []
    for one in path.parent.iterdir():
        if one.name == path.name or not one.is_file():
            continue
        status = one.stat()
        if one.name.startswith(path.name) or status.st_ino == number:
            found.append((-status.st_mtime, one))
    yield from (one for _, one in sorted(found))
