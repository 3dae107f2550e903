"""Moves a campaign file to other dates, so that the sample can be played at any time."""

import re
import tomllib
from datetime import datetime

from config import toml_lines
from config.toml_lines import KeyPath

#: A key's value where it has a line of its own: a text, or a date with its time.
_VALUE = re.compile(r"^(\s*[\w.]+\s*=\s*)(?:\"[^\"]*\"|[^\s#]+(?: [0-9][^\s#]*)?)")


def dated(text: str, opens: datetime, closes: datetime, publish: str | None = None) -> str:
    """The campaign file with another window and, if given, another `publish`; comments stay.

    Raises `LookupError` if a line to be changed is not there, `ValueError` for a time without a zone.
    """
    if opens.tzinfo is None or closes.tzinfo is None:
        raise ValueError("a campaign's window needs times with a zone")
    changes: dict[KeyPath, datetime | str] = {("window", "opens_at"): opens, ("window", "closes_at"): closes}
    if publish is not None:
        changes["publish",] = publish
    lines, places = text.split("\n"), toml_lines.find(text)
    for path, value in changes.items():
        if path not in places:
            raise LookupError(f"the campaign file has no line for {'.'.join(map(str, path))}")
        index, written = places[path] - 1, f'"{value}"' if isinstance(value, str) else value.isoformat()
        lines[index] = _VALUE.sub(rf"\g<1>{written}", lines[index])
    _check(changed := "\n".join(lines), changes)
    return changed


def _check(text: str, changes: dict[KeyPath, datetime | str]) -> None:
    values = tomllib.loads(text)
    for path, value in changes.items():
        found = values
        for part in path:
            found = found[str(part)]
        if found != value:
            raise LookupError(f"the campaign file does not give {path[-1]} a line of its own")
