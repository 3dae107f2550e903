"""Writes a report into a file: as it is, or its HTML set as a PDF. The file has its name once it is whole."""

import os
from collections.abc import Iterable
from pathlib import Path

from gateway import pdf
from gateway.reporting.report import Options, ReportKind
from gateway.reporting.result import Result

#: Nobody else on the machine may read what only an auditor may have.
_MODES = {"public": 0o666, "committee": 0o666, "auditor": 0o600}


def file_name(kind: ReportKind, suffix: str) -> str:
    """What a report's file is called."""
    return f"{kind.kind}.{suffix}"


async def write(
    kind: ReportKind, result: Result, options: Options, path: Path, suffix: str, font: str = ""
) -> None:
    """Write a report in a format of its own. Raises `NotYet`, `NoPdf`, `OSError`."""
    face = pdf.font(font) if suffix == "pdf" else None
    chunks = kind.write(result, options)
    if face is not None:
        chunks = [await pdf.set_pages(b"".join(chunks), face)]
    _into(path, chunks, _MODES[kind.audience])


def _into(path: Path, chunks: Iterable[bytes], mode: int) -> None:
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
