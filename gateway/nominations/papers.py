"""Documents that are attached: PDF and Word, known by their bytes. They are for the committee alone."""

import io
import zipfile
from typing import Final

MOST_BYTES: Final = 16 << 20
_MOST_UNPACKED: Final = 128 << 20
_MOST_FILES: Final = 2_000
_WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
#: By media type: what a file's name ends in when it is handed out.
ENDINGS: Final = {"application/pdf": "pdf", _WORD: "docx", "image/jpeg": "jpg", "image/png": "png"}


class NoPaper(ValueError):
    """It is none that is taken; the message is a word of the catalogue."""


def media(data: bytes) -> str:
    """The media type of a document. Raises `NoPaper`."""
    if len(data) > MOST_BYTES:
        raise NoPaper("paper_large")
    if data.startswith(b"%PDF-"):
        if b"%%EOF" not in data[-2_048:]:
            raise NoPaper("paper_damaged")
        return "application/pdf"
    if data.startswith(b"PK\x03\x04"):
        return _word(data)
    raise NoPaper("paper_kind")


def _word(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise NoPaper("paper_damaged") from error
    names = {part.filename.casefold() for part in parts}
    if any(name.endswith(("vbaproject.bin", "vbadata.xml")) for name in names):
        raise NoPaper("paper_macros")
    if not {"[content_types].xml", "word/document.xml"} <= names:
        raise NoPaper("paper_kind")
    if len(parts) > _MOST_FILES or sum(part.file_size for part in parts) > _MOST_UNPACKED:
        raise NoPaper("paper_large")
    return _WORD
