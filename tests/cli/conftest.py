"""Each test has a folder of its own, and leaves the logging as it found it."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.cli import commands
from tests.cli.commands import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A campaign that is open now."""
    return commands.home(tmp_path / "var")


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    handlers = list(logging.getLogger().handlers)
    yield
    logging.getLogger().handlers[:] = handlers
    structlog.reset_defaults()
