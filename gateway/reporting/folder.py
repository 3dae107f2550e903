"""A folder of reports beside an export: everything but what only an auditor may have, and an index of it.

HTML is kept as HTML: a PDF is set from it when somebody asks for one, and kept beside it.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from gateway import pdf
from gateway.reporting import press, report
from gateway.reporting.report import NotYet, Options
from gateway.reporting.result import Result

INDEX: Final = "reports.json"


class Made(NamedTuple):
    """A report in the folder. `why` says in both languages why there is none yet, {} if it is there."""

    kind: str
    audience: str
    formats: tuple[str, ...]
    why: Mapping[str, str] = {}


async def fill(folder: Path, result: Result, options: Options) -> None:
    """Write every report that may be kept here, and the index. The folder is made."""
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 -- in a command, which does nothing else
    made = []
    for kind in report.kinds().values():
        if kind.audience == "auditor":
            continue
        why: Mapping[str, str] = {}
        try:
            name = press.file_name(kind, kind.suffix)
            await press.write(kind, result, options, folder / name, kind.suffix)
        except NotYet as error:
            why = error.said._asdict()
        made.append(Made(kind.kind, kind.audience, kind.formats, why)._asdict())
    press.into(folder / INDEX, [json.dumps(made, ensure_ascii=False, indent=1).encode()], "committee")


def read(folder: Path, audience: str) -> list[Made]:
    """What there is for an audience: the committee has what the public has, too. Nothing if none was made."""
    try:
        listed: list[dict[str, Any]] = json.loads((folder / INDEX).read_bytes())
    except FileNotFoundError:
        return []
    made = [Made(**{**one, "formats": tuple(one["formats"])}) for one in listed]
    return [one for one in made if audience == "committee" or one.audience == "public"]


async def path(folder: Path, name: str, audience: str, font: str) -> Path | None:
    """Where a report is, None if there is none of that name for the audience; a PDF is set if need be.

    Raises `NoPdf`.
    """
    for one in read(folder, audience):
        for suffix in () if one.why else one.formats:
            if name == f"{one.kind}.{suffix}":
                found = folder / name
                if suffix == "pdf" and not found.exists():
                    face = await asyncio.to_thread(pdf.font, font)
                    html = found.with_suffix(".html").read_bytes()
                    press.into(found, [await pdf.set_pages(html, face, gently=True)], "committee")
                return found
    return None
