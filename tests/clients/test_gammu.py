"""A real gammu-smsd with gammu's dummy telephone: its SQLite inbox as a source, and its hook."""

import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.clients.daemons import needs, open_now, running
from tests.conftest import House
from tests.gateway.waiting import until
from tests.workers.test_gammu import marked

SMSD = "gammu-smsd"
#: Where Debian puts the tables that smsd wants, and the driver with which it reaches them.
TABLES = Path("/usr/share/doc/gammu-smsd/examples/sqlite.sql")
DRIVERS = Path("/usr/lib")
ROOT = Path(__file__).parents[2]
SHANGHAI = timezone(timedelta(hours=8))

PHONE = """
[gammu]
model = dummy
connection = none
port = {folder}/phone
gammuloc = /dev/null

[smsd]
logfile = stderr
debuglevel = 1
commtimeout = 1
loopsleep = 1
checksecurity = 0
"""
BY_DATABASE = """service = sql
driver = sqlite3
dbdir = {folder}
database = smsd.db
"""
BY_HOOK = """service = files
inboxpath = {folder}/inbox/
outboxpath = {folder}/inbox/
sentsmspath = {folder}/inbox/
errorsmspath = {folder}/inbox/
RunOnReceive = {hook}
"""


class Sms(NamedTuple):
    """What a handset sends: `udh` says which part of a longer message it is."""

    caller: str
    text: str
    udh: str = ""


LONG = "我支持 A03 号选手，" + "他的歌唱得最好听，" * 9
MESSAGES = (
    Sms("+8613812345670", "A01"),
    Sms("13812345671", "投 A02，加油！"),
    Sms("+8613812345672", LONG[:67], "050003CC0201"),
    Sms("+8613812345672", LONG[67:], "050003CC0202"),
)


def phone(folder: Path, messages: Sequence[Sms]) -> None:
    """A dummy telephone with messages in its inbox, as gammu keeps them in files."""
    for number in range(1, 6):
        (folder / f"phone/sms/{number}").mkdir(parents=True)
    sent = datetime.now(SHANGHAI).strftime("%Y%m%dT%H%M%S")
    for number, sms in enumerate(messages, start=1):
        units = sms.text.encode("utf-16-be").hex().upper()
        lines = [
            "[SMSBackup000]",
            f"Sent = {sent}",
            "State = UnRead",
            f'Number = "{sms.caller}"',
            f"Coding = {'Default' if sms.text.isascii() else 'Unicode'}",
            *([f"UDH = {sms.udh}"] if sms.udh else []),
            f"Length = {len(sms.text)}",
            *(f"Text{at // 200:02} = {units[at : at + 200]}" for at in range(0, len(units), 200)),
        ]
        (folder / f"phone/sms/1/{number}").write_text("\n".join(lines) + "\n", "ascii")


def inbox(folder: Path) -> Path:
    """The database that smsd is told to fill, made with its own tables."""
    if not (TABLES.exists() and list(DRIVERS.glob("*/dbd/libdbdsqlite3.so"))):
        pytest.skip(f"needs {TABLES} and libdbi's driver: apt-get install gammu-smsd libdbd-sqlite3")
    with closing(sqlite3.connect(folder / "smsd.db")) as db:
        db.executescript(TABLES.read_text("utf-8"))
    return folder / "smsd.db"


def source(house: House, options: str) -> None:
    text = house.settings.read_text("utf-8")
    made = f'\n[sources.usb]\nkind = "gammu"\ncampaign = "beita-2018"\n{options}\n'
    house.settings.write_text(text + made, "utf-8")


async def test_it_fills_the_inbox_that_is_read(tmp_path: Path) -> None:
    needs(SMSD, package="gammu-smsd")
    database, conf = inbox(tmp_path), tmp_path / "smsdrc"
    phone(tmp_path, MESSAGES)
    conf.write_text((PHONE + BY_DATABASE).format(folder=tmp_path), "utf-8")
    house = open_now(tmp_path / "var")
    source(house, f'clock = "provider"\noptions = {{ database = "{database}" }}')
    async with house.serve() as visitor, running(tmp_path / "smsd.log", SMSD, "-c", conf) as smsd:
        await smsd.says(f"Read {len(MESSAGES)} messages")
        await until(visitor, {"counted": 3})
        await marked(database)
        totals = await visitor.service.store.totals("beita-2018")
    assert sorted(key.candidate for key in totals if key.subject == "selection") == ["A01", "A02", "A03"]


async def test_its_hook_hands_messages_on(tmp_path: Path) -> None:
    needs(SMSD, package="gammu-smsd")
    house, conf, hook = open_now(tmp_path / "var"), tmp_path / "smsdrc", tmp_path / "hook"
    source(house, "")
    phone(tmp_path, MESSAGES)
    (tmp_path / "inbox").mkdir()
    relay = f'{sys.executable} -m gateway --settings {house.settings} relay --source usb "$@"'
    hook.write_text(f"#!/bin/sh\ncd {ROOT} && exec {relay}\n", "utf-8")
    hook.chmod(0o755)
    conf.write_text((PHONE + BY_HOOK).format(folder=tmp_path, hook=hook), "utf-8")
    async with house.serve() as visitor, running(tmp_path / "smsd.log", SMSD, "-c", conf):
        await until(visitor, {"counted": 3}, seconds=60)
