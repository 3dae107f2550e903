"""The candidates of a campaign file, put in place of those that stand there; all else stays as it was. Pure.

What cannot be found for sure is not touched: what comes out is read again, and has to say what it should.
"""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from config import toml_lines

Candidate = Mapping[str, str | Sequence[str]]


class ByHand(ValueError):
    """The file is laid out so that its candidates are not found; the message is the contest."""


def rewritten(text: str, candidates: Mapping[str, Sequence[Candidate]]) -> str:
    """The file's text with these candidates, by contest. `text` is a valid campaign file. Raises `ByHand`."""
    before = tomllib.loads(text)
    places = {str(one.get("id")): index for index, one in enumerate(before["contests"])}
    for contest in sorted(candidates, key=places.__getitem__, reverse=True):  # from the end: lines stay true
        text = _replaced(text, contest, places[contest], candidates[contest])
    wanted = {places[contest]: [dict(one) for one in given] for contest, given in candidates.items()}
    try:
        after = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise ByHand(next(iter(candidates))) from None
    for index, given in wanted.items():
        if after["contests"][index].get("candidates") != given:
            raise ByHand(after["contests"][index]["id"])
        for one in (before["contests"][index], after["contests"][index]):
            one.pop("candidates", None)
            one.pop("roster", None)
    if before != after:
        raise ByHand(next(iter(candidates)))
    return text


def _replaced(text: str, contest: str, index: int, candidates: Sequence[Candidate]) -> str:
    lines, found = text.split("\n"), toml_lines.find(text)
    begin, end = _span(lines, found, contest, index)
    return "\n".join([*lines[: begin - 1], *_block(candidates), *lines[end:]])


def _span(
    lines: Sequence[str], found: Mapping[toml_lines.KeyPath, int], contest: str, index: int
) -> tuple[int, int]:
    """The first and the last line, from 1, of what names a contest's candidates. Raises `ByHand`."""
    for key in ("candidates", "roster"):
        begin = found.get(("contests", index, key), 0)
        if begin and re.match(rf"\s*{key}\s*=", lines[begin - 1]):
            return begin, _end(lines, begin, key, contest)
    begin = found.get(("contests", index, "candidates", 0), 0)
    if not begin or not re.match(r"\s*\[\[", lines[begin - 1]):
        raise ByHand(contest)
    own = ("contests", index, "candidates")
    others = [line for path, line in found.items() if line > begin and path[:3] != own]
    end = min(others, default=len(lines) + 1) - 1
    while not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#"):
        end -= 1  # what stands before the next table is about that
    return begin, end


def _end(lines: Sequence[str], begin: int, key: str, contest: str) -> int:
    """The line on which a key's value ends: the first up to which it can be read alone."""
    for end in range(begin, len(lines) + 1):
        if key == "candidates" and "]" not in lines[end - 1]:
            continue
        try:
            read: dict[str, Any] = tomllib.loads("\n".join(lines[begin - 1 : end]) + "\n")
        except tomllib.TOMLDecodeError:
            continue
        if set(read) == {key}:
            return end
    raise ByHand(contest)


def _block(candidates: Sequence[Candidate]) -> list[str]:
    rows = []
    for one in candidates:
        pairs = ", ".join(f"{key} = {_toml(value)}" for key, value in one.items())
        rows.append(f"  {{ {pairs} }},")
    return ["candidates = [", *rows, "]"]


def _toml(value: str | Sequence[str]) -> str:
    """A text, or a list of them. TOML's texts are JSON's, without control characters."""
    return json.dumps(value, ensure_ascii=False)
