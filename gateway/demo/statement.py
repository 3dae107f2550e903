"""What the SIM's carrier says it has delivered, with two differences planted for the comparison to find."""

import asyncio
import csv
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.demo.people import Slip
from gateway.demo.traffic import ZONE, Played

SOURCE: Final = "sim"
_HEADINGS: Final = ("消息编号", "手机号码", "上行时间", "短信内容")
#: On the carrier's list, and never sent.
_NEVER_SENT: Final = ("planted-1", "13800001234", "A02")


def write(path: Path, played: Played) -> Path:
    """The statement: one message is left out of it, and one is on it that never came."""
    _, *delivered = sorted(played.delivered.values(), key=lambda one: one.at_ms)
    name, caller, text = _NEVER_SENT
    rows = [(one.name, one.caller, _time(one.at_ms), one.text) for one in delivered]
    rows.append((name, caller, _time(delivered[-1].at_ms), text))
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([_HEADINGS, *rows])
    return path


async def compare(settings: Path, statement: Path) -> int:
    """Have the command compare; returns how many messages agree. Raises `Slip` if it finds anything else than
    what was planted."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "--settings", str(settings)),
        *("reconcile", "--source", SOURCE, "--json", str(statement)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    told, _ = await process.communicate()
    found = json.loads(told)
    kinds = sorted(one["kind"] for one in found["findings"])
    if kinds != ["extra", "missing"]:
        raise Slip(f"two differences were planted in the statement, and these were found: {found['groups']}")
    return int(found["matched"])


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, ZONE).strftime("%Y-%m-%d %H:%M:%S")
