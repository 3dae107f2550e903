"""What is looked at in a real ledger, what is said of it, and that nothing is any different for it."""

import asyncio
import json
import random
from pathlib import Path

from gateway.anomalies import gathering, telling
from gateway.checking import audit
from gateway.intake.inbound import Inbound
from gateway.intake.revise import Ruling
from tests.cli.commands import call
from tests.conftest import House
from tests.room.chambers import A01, CAMPAIGN, open_room, void

TOTALS = "SELECT * FROM totals ORDER BY subject, channel, contest, candidate, outcome"


def honest(callers: int) -> list[Inbound]:
    draw = random.Random(3)
    numbers = sorted({f"13{draw.choice('56789')}{draw.randrange(10**8):08d}" for _ in range(callers)})
    said = ["A01 B02", "A02", "A03 B01"]
    return [Inbound(f"h{at}", one, draw.choice(said)) for at, one in enumerate(numbers)]


def in_a_row(callers: int) -> list[Inbound]:
    return [Inbound(f"r{at}", f"1381234{5000 + at}", "A05") for at in range(callers)]


async def test_callers_who_count_are_looked_at_each_once(house: House) -> None:
    async with open_room(house) as room:
        await room.send("13812345671", "A01 B03")
        gone = await room.send("13812345672", "A01")
        await room.approve(await room.propose(void(gone)))
        waits = await room.send("13812345673", "不要A01")
        await room.rule(
            Ruling("adjudicate", waits, "wang", "", "clear_to_a_person", "", "count", selections=(A01,))
        )
        await room.send("13812345674", "nothing")
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        gathered = await gathering.gather(ledger, lambda _: None)
    window, star = gathered.contests["window"], gathered.contests["star"]
    assert [(vote.line, vote.candidate, vote.text) for vote in star.votes] == [
        ("+8613812345671", "B03", "A01 B03")
    ]
    assert [vote.line for vote in window.votes] == ["+8613812345671", "+8613812345673"], "one is void"
    assert {vote.place for vote in window.votes} == {"Lianyungang, Jiangsu"}
    assert gathered.places["Lianyungang, Jiangsu"] == "江苏省连云港市"


async def test_what_stands_out_is_told_without_a_number_and_changes_nothing(
    house: House, tmp_path: Path
) -> None:
    async with house.service() as counting:
        await counting.take(counting.sources["sim"], [*honest(900), *in_a_row(40)])
    before = house.sql(TOTALS)
    told = tmp_path / "told.json"
    for _ in range(2):
        said = await asyncio.to_thread(call, "anomalies", "--into", told, settings=house.settings)
        assert said.code == 1
        assert "no vote is any different" in said.err
    found = json.loads(told.read_bytes())
    window, star = found["contests"]
    assert (window["callers"], star["findings"]) == (len(honest(900)) + 40, [])
    assert {one["candidate"] for one in window["findings"]} == {"A05"}
    run = next(one for one in window["findings"] if one["kind"] == "run")
    assert run["said"]["zh"].startswith("号段 1381234**** 中有 40 个相连的号码")
    assert len(run["entries"]) == 40
    assert "13812345" not in told.read_text("utf-8")
    table = await asyncio.to_thread(call, "anomalies", lang="zh", settings=house.settings)
    assert "号码相连" in table.out
    assert "13812345" not in table.out
    assert house.sql(TOTALS) == before


async def test_an_honest_campaign_is_said_to_be_clean(house: House) -> None:
    async with house.service() as counting:
        await counting.take(counting.sources["sim"], honest(600))
    said = await asyncio.to_thread(call, "anomalies", "--json", settings=house.settings)
    assert (said.code, said.json()["format"]) == (0, telling.FORMAT)
    assert not any(contest["findings"] for contest in said.json()["contests"])
