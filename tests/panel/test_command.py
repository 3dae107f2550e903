"""`televote evaluate`: the table, the same as JSON, and points from a file."""

import asyncio
from pathlib import Path

from tests.cli.commands import call
from tests.conftest import House
from tests.panel.panels import WINDOWS, arrange, judges, submitted
from tests.panel.test_panel import voted, weighed


async def test_the_command_prints_what_the_page_shows(house: House, tmp_path: Path) -> None:
    arrange(house)
    async with house.serve() as visitor:
        await voted(visitor, "A01", "A02", "A02", "B05")
        one, two = await judges(visitor)
        await submitted(one, 1)
        early = await asyncio.to_thread(call, "evaluate", "--json", settings=house.settings)
        assert (early.code, early.json()["complete"]) == (1, False)
        await submitted(one, 1, "star")
        for contest in ("window", "star"):
            await submitted(two, 2, contest)
        told = await asyncio.to_thread(call, "evaluate", "--json", settings=house.settings)
        assert told.code == 0, told.err
        assert told.json() == await weighed(visitor)
        shown = await asyncio.to_thread(call, "evaluate", settings=house.settings, lang="zh")
        assert shown.code == 0
        assert "入围" in shown.out
        assert "最小变化" in shown.out


async def test_points_from_a_file(house: House, tmp_path: Path) -> None:
    arrange(house)
    async with house.serve():
        pass
    file = tmp_path / "marks.csv"
    rows = [f"{judge},{code},{9 - n / 2},{9 - n // 2}" for judge in "甲乙" for n, code in enumerate(WINDOWS)]
    file.write_text("评委,编码,服务态度优,比业务\n" + "\n".join(rows), "utf-8")
    told = await asyncio.to_thread(call, "evaluate", "--scores", file, "--json", settings=house.settings)
    assert told.code == 1, "nobody has judged the stars"
    windows, stars = told.json()["contests"]
    assert windows["rows"][0]["code"] == "A01"
    assert set(windows["rows"][0]["judges"]) == {"甲", "乙"}
    assert stars["rows"] == []
    file.write_text("评委,编码,服务态度优,比业务\n甲,A01,11,x\n甲,A99,1,1\n", "utf-8")
    wrong = await asyncio.to_thread(call, "evaluate", "--scores", file, settings=house.settings)
    assert wrong.code == 2
    told_at = [line.partition("marks.csv: ")[2].partition(":")[0] for line in wrong.err.splitlines()]
    assert told_at == ["C2", "D2", "B3"]
