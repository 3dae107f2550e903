"""A real Kannel: bearerbox and smsbox, set up as `televote sources` says, and messages by its fake SMSC."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

import pytest

from gateway.providers import kannel
from tests.clients.daemons import Daemon, free_port, needs, open_now, running
from tests.conftest import House
from tests.gateway.waiting import until

BEARERBOX, SMSBOX, FAKESMSC = "/usr/sbin/bearerbox", "/usr/sbin/smsbox", "/usr/lib/kannel/test/fakesmsc"
SOURCE = """
[sources.modem]
kind = "kannel"
campaign = "beita-2018"
clock = "provider"
token = "0123456789abcdef01234567"
reply = true
"""
BOXES = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = unused
smsbox-port = {box}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
log-level = 0

group = smsc
smsc = fake
smsc-id = fake
port = {smsc}
connect-allow-ip = 127.0.0.1

"""
MORE_OF_SMSBOX = """group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
log-level = 0
"""


@dataclass
class Modem:
    """A Kannel at work. What its network brings in are lines of its fake SMSC."""

    folder: Path
    smsc: int
    sent: int = 0

    @asynccontextmanager
    async def receives(self, line: str) -> AsyncIterator[Daemon]:
        """One message; inside the context its sender is still there for a reply."""
        self.sent += 1
        log = self.folder / f"handset{self.sent}.log"
        words = (FAKESMSC, "-H", "127.0.0.1", "-r", str(self.smsc), "-m", "1", line)
        async with running(log, *words) as handset:
            await handset.says("sent message 1")
            yield handset


def configuration(url: str, smsc: int, **changes: str) -> str:
    """kannel.conf as we tell people to write it, beside what every Kannel needs."""
    (told,) = re.findall(r"^```text\n(.*?)^```$", kannel.provider.configure, re.MULTILINE | re.DOTALL)
    for old, new in {"http://127.0.0.1:8080/in/modem/TOKEN": url, **changes}.items():
        assert old in told
        told = told.replace(old, new)
    ports = {name: free_port() for name in ("admin", "box", "sendsms")}
    boxes = BOXES.format(**ports, smsc=smsc)
    return boxes + told.replace("group = smsbox\n", MORE_OF_SMSBOX.format(**ports))


@asynccontextmanager
async def modem(house: House, folder: Path, **changes: str) -> AsyncIterator[Modem]:
    """A Kannel that calls the house."""
    needs(BEARERBOX, SMSBOX, FAKESMSC, package="kannel kannel-extras")
    loaded = house.load()
    listen, token = loaded.settings.listen, loaded.settings.sources["modem"].token
    assert token is not None
    smsc, conf = free_port(), folder / "kannel.conf"
    url = f"http://{listen.host}:{listen.port}/in/modem/{token.get_secret_value()}"
    conf.write_text(configuration(url, smsc, **changes), "utf-8")
    async with running(folder / "bearerbox.log", BEARERBOX, conf) as bearerbox:
        await bearerbox.says("MAIN: Start-up done")
        async with running(folder / "smsbox.log", SMSBOX, conf) as smsbox:
            await smsbox.says("Connected to bearerbox")
            yield Modem(folder, smsc)


@pytest.fixture(name="house")
def _house(tmp_path: Path) -> House:
    house = open_now(tmp_path / "var")
    house.settings.write_text(house.settings.read_text("utf-8") + SOURCE, "utf-8")
    return house


def ucs2(text: str) -> str:
    return quote(text.encode("utf-16-be"), safe="")


async def votes(house: House) -> dict[str, int]:
    """Candidate -> counted votes, as the database has them."""
    async with house.service() as counting:
        totals = await counting.store.totals("beita-2018")
    return {
        key.candidate: n
        for key, n in totals.items()
        if (key.subject, key.outcome) == ("selection", "counted") and n
    }


LINES = (
    "+8613812345670 1069 text A01",
    f"13812345671 1069 ucs2 {ucs2('投 A02，加油！')}",
    f"008613812345672 1069 ucs2 {ucs2('Ａ０３')}",
    "8613812345673 1069 text B01 please",
)


@pytest.mark.parametrize("recode", ["true", "false"])
async def test_ascii_and_chinese_messages_are_counted(house: House, tmp_path: Path, recode: str) -> None:
    recoding = {"mo-recode = true": f"mo-recode = {recode}"}
    async with house.serve() as visitor, modem(house, tmp_path, **recoding) as sim:
        for number, line in enumerate(LINES, start=1):
            async with sim.receives(line):
                await until(visitor, {"counted": number})
    assert await votes(house) == {"A01": 1, "A02": 1, "A03": 1, "B01": 1}


async def test_a_reply_in_chinese_arrives_in_chinese(house: House, tmp_path: Path) -> None:
    line = "+8613812345670 1069 text A01"
    async with house.serve(), modem(house, tmp_path) as sim, sim.receives(line) as handset:
        await handset.says("Got message 1")
    log = (tmp_path / "handset1.log").read_text("utf-8")
    (got,) = re.findall(r"Got message 1: <1069 \+8613812345670 ucs-2 (\S+)>", log)
    assert "A01" in unquote_to_bytes(got.replace("+", " ")).decode("utf-16-be")


async def test_the_parts_of_a_long_message_are_one_vote(house: House, tmp_path: Path) -> None:
    async with house.serve() as visitor, modem(house, tmp_path) as sim:
        for part, text in ((1, "I+am+for+A0"), (2, "1,+and+so+is+my+family")):
            async with sim.receives(f"+8613812345670 1069 udh-text %05%00%03%CC%02%0{part} {text}"):
                pass
        await until(visitor, {"counted": 1})
    assert await votes(house) == {"A01": 1}


async def test_a_message_that_meets_a_closed_door_comes_again(house: House, tmp_path: Path) -> None:
    async with modem(house, tmp_path, **{"http-queue-delay = 10": "http-queue-delay = 1"}) as sim:
        async with sim.receives("+8613812345670 1069 text A01"):
            pass
        async with house.serve() as visitor:
            await until(visitor, {"counted": 1})
