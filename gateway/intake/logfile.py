"""Opens a call log and streams it as decoded lines: the only I/O on a log's way in."""

import codecs
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from gateway.durable import naming
from gateway.intake import csvrows
from gateway.intake.calllog import UnreadableLog

_CHUNK = 1 << 18
#: One more than a record may have, so that a longer line is seen to be one.
_LONGEST = csvrows.MAX_RECORD + 1
_REPORT_EVERY = 2000
#: Lines with other than ASCII in them that are enough to tell the encoding.
_ENOUGH = 10_000
_HEAD = 4096

_KNOWN = ("utf-8", "utf-16", "gb18030")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NOT_TEXT = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive", " Excel 工作簿或 zip 压缩包"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "旧版 Excel 工作簿"),
    (b"\x1f\x8b", "a gzip archive", " gzip 压缩包"),
    (codecs.BOM_UTF32_LE, "UTF-32 text", " UTF-32 文本"),
    (codecs.BOM_UTF32_BE, "UTF-32 text", " UTF-32 文本"),
)


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
    head = file.read(_HEAD)
    for magic, en, zh in _NOT_TEXT:
        if head.startswith(magic):
            raise UnreadableLog(
                f"The file is {en}, not a text log: save it as CSV in UTF-8.",
                f"文件是{zh}，不是文本记录：请另存为 UTF-8 编码的 CSV。",
            )
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    # Many NULs, but no run of them as a machine that lost power leaves: that costs one record only.
    if head.count(0) * 10 > len(head) and b"\0\0\0" not in head:
        raise UnreadableLog(
            "The file looks like UTF-16 without its byte order mark: save it as UTF-8.",
            "文件像是没有字节顺序标记的 UTF-16：请另存为 UTF-8。",
        )
    file.seek(0)
    return _by_its_lines(file)


def _by_its_lines(file: BinaryIO) -> str:
    """UTF-8 if at least half of the lines that tell are UTF-8, else GB18030.

    Chinese text in GB18030 is hardly ever valid UTF-8 by accident, the other way round it often is. So
    UTF-8 has the first word, and a few broken lines do not turn a whole file into another encoding.
    """
    told = Counter(islice(filter(None, map(_told, _beyond_ascii(file))), _ENOUGH))
    return "utf-8" if told["utf-8"] >= told["other"] else "gb18030"


def _told(line: bytes) -> str:
    """What a line tells; nothing, if what is UTF-8 in it could be pairs of bytes of GB18030."""
    try:
        return "utf-8" if max(line.decode()) > "\u07ff" else ""
    except UnicodeDecodeError:
        return "other"


def _beyond_ascii(file: BinaryIO) -> Iterator[bytes]:
    """The lines that have other than ASCII in them, cut at about a chunk if they are endless."""
    rest = b""
    while chunk := file.read(_CHUNK):
        if rest.isascii() and chunk.isascii():
            rest = b""
            continue
        *whole, rest = re.split(rb"[\r\n]", rest + chunk)
        if len(rest) > _CHUNK:
            whole, rest = [*whole, rest], b""
        yield from (line for line in whole if not line.isascii())
    if not rest.isascii():
        yield rest
