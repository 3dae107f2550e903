"""Each command is found in its module, and brings in no more."""

import pkgutil
import subprocess
import sys
from importlib import import_module

import click
import pytest

from gateway import commands
from gateway.commands.base import COMMANDS, televote


def test_every_command_stands_in_the_module_that_is_named() -> None:
    """And there is no other: what is not named is never loaded."""
    context = click.Context(televote)
    for name in COMMANDS:
        assert televote.get_command(context, name) is not None, name
    for module in pkgutil.iter_modules(commands.__path__):
        import_module(f"gateway.commands.{module.name}")
    assert set(televote.commands) == set(COMMANDS)
    assert televote.list_commands(context) == sorted(COMMANDS)


@pytest.mark.parametrize(
    ("command", "spared"),
    [
        ("verify", "gateway.app docx"),
        ("import", "gateway.app docx"),
        ("backup", "gateway.app docx"),
        # What is asked every half minute.
        ("health", "gateway.service gateway.checking.audit gateway.entrances rich"),
    ],
)
def test_a_command_does_not_load_the_service(command: str, spared: str) -> None:
    code = (
        "import sys; from gateway.commands.base import televote\n"
        f"televote.main(['{command}', '--help'], standalone_mode=False)\n"
        f"sys.exit(','.join(set('{spared}'.split()) & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
    assert "Usage: " in done.stdout
