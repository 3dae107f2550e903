"""Writes a report into a file: as it is, or its HTML set as a PDF. The file has its name once it is whole."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from gateway import pdf
from gateway.durable import naming
from gateway.reporting.report import Audience, Options, ReportKind
from gateway.reporting.result import Result

#: Nobody else on the machine may read what only an auditor may have.
_MODES: Final[Mapping[Audience, int]] = {"public": 0o666, "committee": 0o666, "auditor": 0o600}


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
    into(path, chunks, kind.audience)


def into(path: Path, chunks: Iterable[bytes], audience: Audience) -> None:
    """Write a file that only those may read who may have it."""
    # Of this process alone: another one may be asked for the same report at once.
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODES[audience])
        with naming(path), open(handle, "wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
