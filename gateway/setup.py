"""`televote init`: a data folder with the sample campaign, its settings, and fresh secrets."""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from config import sample

CAMPAIGN: Final = "beita-2018"
_ZONE: Final = ZoneInfo("Asia/Shanghai")

_SETTINGS: Final = """\
# How this Televote is set up. Every key: docs/campaign-file.md. The environment (TELEVOTE_…) beats this file.
data = "."
campaigns = "campaigns"
secrets = "secrets"
listen = "{listen}"

[api]
token_file = "api.token"

# The people who sign in: televote users. 登录人员的账号。
[accounts]
key_file = "accounts.secret"

# Your own relay, signed by Standard Webhooks. 自建中继：按 Standard Webhooks 签名。
[sources.sms]
kind = "standard"
campaign = "{campaign}"
options = {{ secrets_file = ["sms.secret"] }}

# A modem or SIM behind Kannel, known by the token in its address. 实体 SIM 卡经 Kannel 接入。
[sources.sim]
kind = "kannel"
campaign = "{campaign}"
token_file = "sim.token"
clock = "provider"
reply = true

# The operators' desk: calls are typed in at /operator. 热线接线台：操作员在 /operator 登记来电。
[sources.desk]
kind = "desk"
campaign = "{campaign}"
clock = "arrival"

# The office hotline's log, handed in as CSV: televote import --source hotline FILE. 热线通话记录。
[sources.hotline]
kind = "csv"
campaign = "{campaign}"
clock = "provider"
[sources.hotline.options]
form = "text"
columns = {{ caller = "主叫号码", choice = "选择", start = "呼叫时间", call_id = "流水号" }}
"""


class AlreadyThere(RuntimeError):
    """The folder has been set up before; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Dates:
    """When the written campaign is open."""

    opens: datetime
    closes: datetime


def today(now_ms: int) -> Dates:
    """Open since this morning, for the eleven and a half days of the model case."""
    morning = datetime.fromtimestamp(now_ms / 1000, _ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return Dates(morning, morning + timedelta(days=11, hours=18))


def write(folder: Path, dates: Dates, listen: str, edit: Callable[[str], str] = lambda text: text) -> Path:
    """Write settings, campaign and secrets; returns the settings file. `edit` may change the campaign's text.

    Raises `AlreadyThere` if there is a settings file, or a campaign's key.
    """
    settings, hidden = folder / "televote.toml", folder / "secrets"
    for there in (settings, hidden / f"{CAMPAIGN}.key"):  # with a new key, all could vote again
        if there.exists():
            raise AlreadyThere(f"{there} exists: nothing was changed")
    hidden.mkdir(parents=True, exist_ok=True)
    hidden.chmod(0o700)
    (folder / "campaigns").mkdir(exist_ok=True)
    shipped = resources.files("config").joinpath(f"campaigns/{CAMPAIGN}.toml").read_text("utf-8")
    dated = edit(sample.dated(shipped, dates.opens, dates.closes, "live"))
    (folder / f"campaigns/{CAMPAIGN}.toml").write_text(dated, "utf-8")
    _secret(hidden / f"{CAMPAIGN}.key", secrets.token_hex(32))
    _secret(hidden / "accounts.secret", secrets.token_hex(32))
    _secret(hidden / "api.token", secrets.token_urlsafe(24))
    _secret(hidden / "sim.token", secrets.token_urlsafe(24))
    _secret(hidden / "sms.secret", "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
    settings.write_text(_SETTINGS.format(listen=listen, campaign=CAMPAIGN), "utf-8")
    return settings


def _secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text + "\n", "utf-8")


def set_aside(folder: Path, now_ms: int) -> Path:
    """Move a data folder away, its data kept; returns where to."""
    day = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%d-%H%M%S")
    aside = folder.with_name(f"{folder.name}.{day}")
    folder.rename(aside)
    return aside
