"""What all kinds share, of source, of sender and of report: they are found by being there, and their options
take no unknown key, and show no secret in an error.

A kind subclasses `Options` and describes each field; `televote check` shows its mistakes.
"""

import importlib
import pkgutil
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True, slots=True)
class Shown:
    """In an option's annotation: how the list of options shows its value, and what it is if it is left out.

    Only where its type and its default do not say so themselves.
    """

    value: str = ""
    unset: str = ""


class Options(BaseModel):
    """The settings of one source that are its kind's own."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def discover(package: str, attribute: str) -> dict[str, object]:
    """Every module of `package` offers one `attribute`; returned by the attribute's `kind`."""
    found: dict[str, object] = {}
    home = importlib.import_module(package)
    for module in pkgutil.iter_modules(home.__path__):
        offer = getattr(importlib.import_module(f"{package}.{module.name}"), attribute)
        found[offer.kind] = offer
    return dict(sorted(found.items()))
