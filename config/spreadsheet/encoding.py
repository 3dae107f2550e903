"""How the text of a file is written: by its mark, else by the lines that tell. Pure, on open files."""

import codecs
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, Final

_CHUNK: Final = 1 << 18
#: Lines with other than ASCII in them that are enough to tell the encoding.
_ENOUGH: Final = 10_000
_HEAD: Final = 4096

_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
#: How workbooks begin: those of today, and old or encrypted ones.
ZIP: Final = b"PK\x03\x04"
OLE: Final = b"\xd0\xcf\x11\xe0"
_NOT_TEXT: Final = (
    (ZIP, "an Excel workbook or a zip archive", " Excel 工作簿或 zip 压缩包"),
    (OLE, "an old Excel workbook", "旧版 Excel 工作簿"),
    (b"\x1f\x8b", "a gzip archive", " gzip 压缩包"),
    (codecs.BOM_UTF32_LE, "UTF-32 text", " UTF-32 文本"),
    (codecs.BOM_UTF32_BE, "UTF-32 text", " UTF-32 文本"),
)


class NotText(ValueError):
    """The file is no text that could be read; `en` and `zh` say what it is, and what to do."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.en, self.zh = en, zh


def decoded(data: bytes) -> str:
    """The text, without its mark. Raises `NotText`, and `UnicodeDecodeError` for what is none in the encoding
    that most of it is written in."""
    return data.decode(found(io.BytesIO(data))).removeprefix("\ufeff")


def found(file: BinaryIO) -> str:
    """The codec: `utf-8`, `utf-16` or `gb18030`. Raises `NotText`."""
    head = file.read(_HEAD)
    for magic, en, zh in _NOT_TEXT:
        if head.startswith(magic):
            raise NotText(
                f"The file is {en}, not a text log: save it as CSV in UTF-8.",
                f"文件是{zh}，不是文本记录：请另存为 UTF-8 编码的 CSV。",
            )
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    # Many NULs, but no run of them as a machine that lost power leaves: that costs one record only.
    if head.count(0) * 10 > len(head) and b"\0\0\0" not in head:
        raise NotText(
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
