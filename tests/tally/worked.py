"""The small awards that were worked by hand, as values."""

import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

from tally.evaluation import Contest, Criterion, Field, Method, Sheet

FOLDER = Path(__file__).parents[1] / "data" / "evaluation"
NAMES = ("windows", "stars", "lot")


def read(name: str) -> dict[str, Any]:
    """An award's file."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def number(text: str) -> Fraction:
    """A figure as the file writes it: "41.2", "475/6", "60%"."""
    return Fraction(text.rstrip("%")) / (100 if text.endswith("%") else 1)


def contest(award: dict[str, Any]) -> Contest:
    """What the award is made of."""
    told, method = award["contest"], dict(award["method"])
    method["public_weight"] = number(method["public_weight"])
    criteria = tuple(
        Criterion(
            one["id"],
            *(Fraction(one.get(key, default)) for key, default in (("max", 0), ("weight", 1), ("step", 1))),
        )
        for one in told["criteria"]
    )
    gone = told.get("withdrawn", [])
    votes = {code: n for code, n in award["votes"].items() if code not in gone}
    sheets = [
        Sheet(
            judge,
            {
                code: {one.id: Fraction(given) for one, given in zip(criteria, points, strict=True)}
                if points
                else None
                for code, points in marks.items()
            },
        )
        for judge, marks in award["sheets"].items()
    ]
    lots = [told["lot"]] if "lot" in told else []
    return Contest(Method(**method), Field("worked", told["shortlist"], votes, criteria), sheets, lots)
