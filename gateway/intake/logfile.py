"""Opens a call log and streams it as decoded lines: the only I/O on a log's way in."""

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from config.spreadsheet import encoding as encodings
from gateway.durable import naming
from gateway.intake import csvrows
from gateway.intake.calllog import UnreadableLog

_CHUNK = 1 << 18
#: One more than a record may have, so that a longer line is seen to be one.
_LONGEST = csvrows.MAX_RECORD + 1
_REPORT_EVERY = 2000

_KNOWN = ("utf-8", "utf-16", "gb18030")


@dataclass(frozen=True, slots=True)
class LogText:
    """A log open for reading: its size in bytes, the encoding found, and its lines with their line ends.

    Bytes that are no text in the encoding are U+FFFD in their line. Of a line longer than any record may
    be only the beginning is given.
    """

    size: int
    encoding: str
    lines: Iterator[str]


@contextmanager
def opened(
    path: Path, encoding: str = "", on_position: Callable[[int], object] | None = None
) -> Iterator[LogText]:
    """A log file, to be read once in flat memory.

    `encoding` is found if not given: by its mark (UTF-8, UTF-16), else UTF-8 or GB18030 by the lines that
    tell. `on_position` is called now and then with the number of bytes read, and at the end with all of
    them. Raises `OSError` if the file cannot be opened and `UnreadableLog` if it cannot be text.
    """
    if encoding and encoding not in _KNOWN:
        known = ", ".join(_KNOWN)
        raise UnreadableLog(f"The encodings known are {known}.", f"可用的编码是 {known}。")
    with path.open("rb") as file:
        with naming(path):
            found = encoding or _encoding(file)
        with _decoded(file, path.stat().st_size, found, on_position) as log:
            yield LogText(log.size, log.encoding, _named(path, log.lines))


def _named(path: Path, lines: Iterator[str]) -> Iterator[str]:
    """The same lines. An error of reading names the file; one of whoever takes them does not."""
    with naming(path):
        yield from lines


def held(content: bytes) -> AbstractContextManager[LogText]:
    """A log that is in memory already. Raises `UnreadableLog` if it cannot be text."""
    return _decoded(io.BytesIO(content), len(content), "", None)


@contextmanager
def _decoded(
    file: BinaryIO, size: int, encoding: str, on_position: Callable[[int], object] | None
) -> Iterator[LogText]:
    found = encoding or _encoding(file)
    file.seek(0)
    with io.TextIOWrapper(file, encoding=found, errors="replace", newline="") as text:
        yield LogText(size, found, _lines(text, file, on_position or (lambda _: None)))


def encoding_of(data: bytes) -> str:
    """How a log that begins so is written. Raises `UnreadableLog` if it cannot be read in pieces."""
    encoding = _encoding(io.BytesIO(data))
    if encoding == "utf-16":
        raise UnreadableLog(
            "A log in UTF-16 cannot be read as it grows: have it written in UTF-8.",
            "UTF-16 的日志不能边写边读：请改用 UTF-8。",
        )
    return encoding


def lines(data: bytes, encoding: str) -> list[str]:
    """The lines of a piece of a log, with their line ends."""
    return list(io.TextIOWrapper(io.BytesIO(data), encoding=encoding, errors="replace", newline=""))


def _lines(text: io.TextIOWrapper, file: BinaryIO, on_position: Callable[[int], object]) -> Iterator[str]:
    due = _REPORT_EVERY
    for line in iter(partial(text.readline, _LONGEST), ""):
        yield line
        if len(line) == _LONGEST:
            _pass_over(text, line)
        due -= 1
        if not due:
            due = _REPORT_EVERY
            on_position(file.tell())
    on_position(file.tell())


def _pass_over(text: io.TextIOWrapper, line: str) -> None:
    """Reads to the end of a line that is too long."""
    while line and not line.endswith(("\n", "\r")):
        line = text.readline(_CHUNK)


def _encoding(file: BinaryIO) -> str:
    try:
        return encodings.found(file)
    except encodings.NotText as error:
        raise UnreadableLog(error.en, error.zh) from None
