"""`televote sample`: from nothing to a page that takes votes; and again when the sample has closed."""

import re
import signal
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import Popen
from zoneinfo import ZoneInfo

import pytest

from gateway import setup
from tests.cli.commands import Home, Said, ended, outcomes, start

ZONE = ZoneInfo("Asia/Shanghai")


def greeted(process: Popen[str]) -> tuple[str, str]:
    """Wait for the greeting; returns what was said before it, and the address for a vote."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if address := re.search(r'curl "([^"]+)"', line):
            return said, re.sub(r"id=[^&]*", "id=1", address[1])
    raise AssertionError(f"no greeting: {said}")


def stop(process: Popen[str], number: int) -> Said:
    process.send_signal(number)
    return ended(process)


def get(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.status)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_sample_is_written_served_and_stopped(tmp_path: Path, number: int) -> None:
    home = Home(tmp_path / "var")
    with start("sample", "--folder", home.folder, "--listen", "127.0.0.1:0") as process:
        _, vote = greeted(process)
        try:
            assert get(vote) == 200, "the line that is to be pasted is a vote"
            assert get(vote.partition("/in/")[0] + "/") == 200
        finally:
            said = stop(process, number)
    assert (said.code, said.err) == (0, "")
    assert outcomes(home.call("standings", "--json").json()) == {"counted": 1}
    with start("sample", "--folder", home.folder) as process:
        greeted(process)
        assert stop(process, number).code == 0
    assert outcomes(home.call("standings", "--json").json()) == {"counted": 1}, "it goes on where it was"


def test_a_closed_sample_is_kept_and_a_new_one_begins(tmp_path: Path) -> None:
    home = Home(tmp_path / "var")
    past = datetime.now(ZONE) - timedelta(days=30)
    setup.write(home.folder, setup.Dates(past, past + timedelta(days=2)), "127.0.0.1:0")
    before = home.campaign.read_bytes()
    with start("sample", "--folder", home.folder, "--listen", "127.0.0.1:0") as process:
        said, vote = greeted(process)
        try:
            assert get(vote) == 200
        finally:
            assert stop(process, signal.SIGTERM).code == 0
    (aside,) = [folder for folder in tmp_path.iterdir() if folder != home.folder]
    assert f"it is kept in {aside}" in said
    assert (aside / "campaigns/beita-2018.toml").read_bytes() == before
    assert outcomes(home.call("standings", "--json").json()) == {"counted": 1}
