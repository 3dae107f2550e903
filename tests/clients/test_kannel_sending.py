"""A reply that a real Kannel is handed in the GSM alphabet, escapes and all, as a handset gets it."""

import re
from pathlib import Path

from tests.clients.daemons import free_port, open_now
from tests.clients.test_kannel import OUTBOX, PASSWORD, SENDER, SOURCE, modem

COUNTED = re.compile(r'^counted = ".*"$', re.MULTILINE)
LINE = "+8613812345670 1069 text A01"


async def test_a_reply_in_the_gsm_alphabet_arrives_as_it_was_written(tmp_path: Path) -> None:
    house, sendsms = open_now(tmp_path / "var"), free_port()
    outbox = OUTBOX.format(sendsms=sendsms, user=SENDER, password=PASSWORD)
    house.settings.write_text(house.settings.read_text("utf-8") + SOURCE + outbox, "utf-8")
    campaign = house.campaign.read_text("utf-8")
    written = COUNTED.sub('counted = "Vote for {code} counted. [ok] €"', campaign, count=1)
    house.campaign.write_text(written, "utf-8")
    async with house.serve(), modem(house, tmp_path, sendsms) as sim, sim.receives(LINE) as handset:
        told = await handset.says("Got message 1")
    assert "Got message 1: <1069 +8613812345670 text Vote for A01 counted. [ok] €>" in told
