"""Every key of the campaign file and of the settings stands in docs/campaign-file.md, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from config.campaign import Campaign
from config.problems import types_at
from config.settings import Settings
from tally.outcome import MessageOutcome

TEXT = (Path(__file__).parents[2] / "docs" / "campaign-file.md").read_text(encoding="utf-8")
CAMPAIGN, SETTINGS = TEXT.split("\n## The settings file\n")


def rows(text: str) -> dict[str, bool]:
    """The keys in the first columns of the tables, and whether each is bold."""
    found = re.findall(r"^\| (\**)`([\w.]+)`\**\s*\|", text, re.MULTILINE)
    assert len({key for _, key in found}) == len(found), "a key stands twice"
    return {key: bool(bold) for bold, key in found}


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, bool]]:
    """Every key with a value of its own, dotted, and whether it must be there. Lists have no index;
    a source stands under NAME."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        below = list(models(model, name))
        if not below or field.is_required():
            yield path, field.is_required()
        for path_, inner in below:
            yield from keys(inner, f"{prefix}{path_}.")


def models(model: type[BaseModel], name: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """The tables under a key: it is one, or a list or table of them."""
    for suffix, step in (("", ()), ("", (0,)), (".NAME", ("any",))):
        for one in types_at(model, (name, *step)):
            if isinstance(one, type) and issubclass(one, BaseModel):
                under_another = step == ("any",) and any(map(is_model, types_at(model, (name,))))
                if not under_another:
                    yield f"{name}{suffix}", one


def is_model(annotation: Any) -> bool:
    """Whether a type is a table."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


LISTS = {"caps", "contests.caps"}  # documented as lists, although what they hold has keys too
WITHIN = {"window", "caller", "contests"}  # a heading stands for these


@pytest.mark.parametrize(
    ("text", "model"), [(CAMPAIGN, Campaign), (SETTINGS, Settings)], ids=["campaign", "settings"]
)
def test_every_key_is_documented(text: str, model: type[BaseModel]) -> None:
    wanted = {key for key, _ in keys(model)} - WITHIN
    assert set(rows(text)) - LISTS == wanted - LISTS


def test_bold_keys_are_those_that_must_be_there() -> None:
    required = {key for key, needed in [*keys(Campaign), *keys(Settings)] if needed}
    bold = {key for key, strong in {**rows(CAMPAIGN), **rows(SETTINGS)}.items() if strong}
    assert bold == required - WITHIN - {"caps.per", "caps.votes"}


def test_every_outcome_is_named() -> None:
    assert all(f"`{outcome}`" in CAMPAIGN for outcome in MessageOutcome)
