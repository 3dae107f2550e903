"""A real Kannel that is told to send: replies by the outbox, as a handset on its network gets them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from tests.clients.daemons import free_port, needs, open_now, running
from tests.clients.test_kannel import BEARERBOX, BOXES, FAKESMSC, MORE_OF_SMSBOX, SMSBOX
from tests.conftest import House, Visitor

OUTBOX = """
[sources.sms.outbox]
kind = "kannel"
[sources.sms.outbox.options]
url = "http://127.0.0.1:{port}/cgi-bin/sendsms"
user = "vote"
password = "vote-pass"
from = "1069"
"""
USER = """
group = sendsms-user
username = vote
password = vote-pass
max-messages = 3
"""
COUNTED = re.compile(r'^counted = ".*"$', re.MULTILINE)


@asynccontextmanager
async def network(folder: Path, sendsms: int, port: int) -> AsyncIterator[None]:
    """A Kannel whose network is at `port`."""
    needs(BEARERBOX, SMSBOX, FAKESMSC, package="kannel kannel-extras")
    conf = folder / "kannel.conf"
    boxes = BOXES.format(admin=free_port(), box=free_port(), smsc=port)
    conf.write_text(boxes + MORE_OF_SMSBOX.format(sendsms=sendsms) + USER, "utf-8")
    async with running(folder / "bearerbox.log", BEARERBOX, conf) as bearerbox:
        await bearerbox.says("MAIN: Start-up done")
        async with running(folder / "smsbox.log", SMSBOX, conf) as smsbox:
            await smsbox.says("Connected to bearerbox")
            yield


async def vote(visitor: Visitor, caller: str) -> None:
    assert await visitor.vote(caller, "A01", f"m-{caller}") == 200


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("您投给{code}的一票已计入，感谢参与！", "您投给A01的一票已计入，感谢参与！"),
        ("Vote for {code} counted. [ok] €", "Vote for A01 counted. [ok] €"),
    ],
)
async def test_a_reply_by_kannel_arrives_as_it_was_written(tmp_path: Path, text: str, spoken: str) -> None:
    house: House = open_now(tmp_path / "var")
    campaign = house.campaign.read_text("utf-8")
    house.campaign.write_text(COUNTED.sub(f'counted = "{text}"', campaign, count=1), "utf-8")
    sendsms, port, log = free_port(), free_port(), tmp_path / "handset.log"
    house.edit(house.settings, 'kind = "standard"', 'kind = "standard"\nreply = true')
    with house.settings.open("a", encoding="utf-8") as file:
        file.write(OUTBOX.format(port=sendsms))
    words = (FAKESMSC, "-H", "127.0.0.1", "-r", str(port), "-m", "0", "1069 1069 text x")
    async with house.serve() as visitor, network(tmp_path, sendsms, port), running(log, *words) as handset:
        await handset.says("Connecting to")
        await vote(visitor, "+8613812345670")
        await handset.says("Got message 1")
    (kind, got) = re.findall(r"Got message 1: <1069 \+8613812345670 (\S+) (.*)>", log.read_text("utf-8"))[0]
    raw = unquote_to_bytes(got.replace("+", " "))
    assert (raw.decode("utf-16-be") if kind == "ucs-2" else raw.decode()) == spoken
