"""`televote relay`: a modem's daemon hands on a message, with the server and without."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.cli.commands import Home, ended, outcomes

SOURCES = """
[sources.gsm]
kind = "smstools"
campaign = "beita-2018"
[sources.usb]
kind = "gammu"
campaign = "beita-2018"
"""


@pytest.fixture(name="home")
def _home(home: Home) -> Home:
    settings = home.folder / "televote.toml"
    settings.write_text(settings.read_text("utf-8") + SOURCES, "utf-8")
    return home


def counted(home: Home) -> dict[str, int]:
    return outcomes(home.call("standings", "--json").json())


def received(folder: Path, caller: str, text: str) -> Path:
    """A file as smsd writes it."""
    path = folder / f"GSM1.{caller[-4:]}"
    path.write_text(f"From: {caller}\nReport: no\nAlphabet: ISO\n\n{text}", "utf-8")
    return path


def test_without_a_server_it_records_by_itself(home: Home, tmp_path: Path) -> None:
    file = received(tmp_path, "13812345678", "A01")
    for _ in range(2):
        said = home.call("relay", "--source", "gsm", "RECEIVED", file)
        assert (said.code, said.out, said.err) == (0, "", "")
    assert home.call("relay", "--source", "gsm", "SENT", file, "7").code == 0
    assert counted(home) == {"counted": 1}


def test_while_somebody_is_at_work_on_the_settings_it_waits(home: Home, tmp_path: Path) -> None:
    file, settings = received(tmp_path, "13812345678", "A01"), home.folder / "televote.toml"
    good = settings.read_text("utf-8")
    settings.write_text(f"{good}\n[sources.gsm\n", "utf-8")
    mend = threading.Timer(2.5, settings.write_text, (good, "utf-8"))
    mend.start()
    said = home.call("relay", "--source", "gsm", "RECEIVED", file)
    mend.join()
    assert (said.code, said.err) == (0, "")
    assert counted(home) == {"counted": 1}


def test_beside_a_server_it_goes_through_it(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = received(tmp_path, "13812345678", "A01")
    with home.served():
        assert home.call("relay", "--source", "gsm", "RECEIVED", file).code == 0
        monkeypatch.setenv("SMS_1_NUMBER", "+8613912345678")
        monkeypatch.setenv("SMS_1_TEXT", "A02")
        assert home.call("relay", "--source", "usb", "17").code == 0
    assert counted(home) == {"counted": 2}


def test_a_daemon_may_have_closed_every_stream(home: Home, tmp_path: Path) -> None:
    relay = [sys.executable, "-m", "gateway", "--settings", str(home.settings), "relay", "--source", "gsm"]
    file = received(tmp_path, "13812345678", "A01")
    with_none = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *relay, "RECEIVED", str(file)]
    root = str(Path(__file__).parents[2])
    assert subprocess.run(with_none, env={**os.environ, "PYTHONPATH": root}, timeout=60).returncode == 0
    assert counted(home) == {"counted": 1}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--source", "sim", "RECEIVED", "x"), "no source that relays is named sim; there are: gsm, usb"),
        (("--source", "gsm"), "an event and a file"),
        (("--source", "usb"), "SMS_1_NUMBER"),
        (("--source", "gsm", "RECEIVED", "nowhere"), "nowhere: No such file or directory"),
        ((), "Missing option '--source'"),
    ],
)
def test_what_cannot_be_handed_on_is_told(home: Home, words: tuple[str, ...], told: str) -> None:
    said = ended(home.start("relay", *words))
    assert said.code == 2
    assert told in said.err
