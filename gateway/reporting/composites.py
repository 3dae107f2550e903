"""The committee's evaluation as a table: votes, scores and composites, best first. Pure."""

from collections.abc import Mapping
from typing import Final

from gateway.reporting.result import Result

_COLUMNS: Final = ("contest", "code", "name", "votes", "public", "panel", "composite", "rank")


def table(result: Result, say: Mapping[str, str]) -> list[tuple[str, ...]]:
    """A row of headings and the rows under it; nothing until a contest has its composites.

    Figures are text, to the places that the method declares: they are exact decimals.
    """
    contests = result.evaluation["contests"] if result.evaluation else []
    names = {contest["id"]: contest["name"] for contest in result.standings["contests"]}
    rows = [
        (
            names[contest["id"]],
            row["code"],
            row["name"],
            str(row["votes"]),
            *(row[score]["shown"] for score in ("public", "panel", "composite")),
            str(row["rank"]),
        )
        for contest in contests
        for row in contest["rows"]
    ]
    return [tuple(say[f"composite_{column}"] for column in _COLUMNS), *rows] if rows else []
