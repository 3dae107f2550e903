"""Golden files of reports: byte for byte, or as the text that people read."""

import os
from pathlib import Path

import gateway

GOLDEN = Path(__file__).parents[1] / "data/golden/reports"


def same(name: str, made: bytes) -> None:
    """A report is what it was; with UPDATE_GOLDEN it becomes what it is."""
    path, made = GOLDEN / name, made.replace(gateway.__version__.encode(), b"VERSION")
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(made)
    assert made == path.read_bytes(), f"{name}: UPDATE_GOLDEN=1 takes it as it is now"
