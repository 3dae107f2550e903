"""The campaign that is voted in: the sample, with the entrances that the benchmark uses."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from bench import votes
from config import load
from gateway import clock, setup

_ZONE: Final = ZoneInfo("Asia/Shanghai")

_SOURCES: Final = f"""
[sources.twilio]
kind = "twilio"
campaign = "{setup.CAMPAIGN}"
[sources.twilio.options]
auth_tokens_file = ["twilio.token"]
account_sid = "{votes.ACCOUNT_SID}"
public_url = "{votes.PUBLIC_URL}"

[sources.aliyun]
kind = "aliyun"
campaign = "{setup.CAMPAIGN}"
token_file = "aliyun.token"
body_bytes = 262144

[sources.calls]
kind = "csv"
campaign = "{setup.CAMPAIGN}"
clock = "provider"
[sources.calls.options]
columns = {{ caller = "src", choice = "digits", start = "start", call_id = "uniqueid" }}
"""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A data folder, its campaign open since yesterday, for another week."""

    settings: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return Path(load.everything(self.settings, {}).settings.database)

    def secret(self, name: str) -> str:
        """What stands in a secret's file."""
        return (self.settings.parent / "secrets" / name).read_text("ascii").strip()


def now() -> datetime:
    """The wall clock in China, to the second."""
    return datetime.fromtimestamp(clock.now_ms() // 1000, _ZONE)


def write(folder: Path) -> Campaign:
    """Write everything that `televote` needs into a new folder."""
    current = now()
    dates = setup.Dates(current - timedelta(days=1), current + timedelta(days=7))
    settings = setup.write(folder, dates, "127.0.0.1:0")
    for name in ("twilio.token", "aliyun.token"):
        secret = folder / "secrets" / name
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_hex(16) + "\n", "ascii")
    with settings.open("a", encoding="utf-8") as file:
        file.write(_SOURCES)
    return Campaign(settings)
