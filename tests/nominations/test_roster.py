"""The roster: into the campaign file, whole, all else as it was; and the command."""

import asyncio
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config import load
from gateway import setup
from gateway.nominations import roster, tomlroster
from gateway.nominations.roster import Approved, NotWritten
from gateway.nominations.tomlroster import ByHand
from tests.cli.commands import call
from tests.conftest import Clock, House
from tests.nominations.papers import WINDOWS, book, clerk, endorsed, entered, hand_in
from tests.nominations.test_sheets import AGREED, HEAD, OPINIONS, row

NEW = {
    "window": [
        {"code": "A01", "name": '甲"窗口\\', "unit": "区局"},
        {"code": "A02", "name": "乙", "unit": "区局", "aliases": ["二"]},
    ],
    "star": [{"code": "B01", "name": "丙", "unit": "区局"}],
}
HEADER = "id = 'x' # 说明\n[[contests]]\nid = 'window'\nname = 'W'\n"
INLINE = """candidates = [{ code = 'A09', name = ']', unit = 'U' }]

[[contests]] # 二
id = 'star'
candidates = [
  # ]
  { code = 'B09', name = 'N', unit = 'U' },
]
caps = []
"""
TABLES = """[[contests.candidates]]
code = 'A09'
name = '''
[x]'''

[[contests.candidates]]
code = 'A10'

# 项目二
[[contests]]
id = 'star'
caps = [{ per = 'day' }]
[[contests.candidates]]
code = 'B09'
# end
"""
ROSTERS = "roster = 'w.csv' # a file\ncaps = [\n]\n[[contests]]\nid = 'star'\nroster = \"s.csv\""
LAYOUTS = {
    "inline": HEADER + INLINE,
    "tables": HEADER + TABLES,
    "rosters": HEADER + ROSTERS,
    "crlf": (HEADER + INLINE).replace("\n", "\r\n"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_rest_of_the_file_stays(name: str) -> None:
    text = LAYOUTS[name]
    before, after = tomllib.loads(text), tomlroster.rewritten(text, NEW)
    read = tomllib.loads(after)
    assert [one["candidates"] for one in read["contests"]] == [NEW["window"], NEW["star"]]
    for comment in ("# 说明", "# 项目二", "# 二"):
        assert (comment in after) == (comment in text)
    for one in (*before["contests"], *read["contests"]):
        one.pop("candidates", None)
        one.pop("roster", None)
    assert before == read
    again = tomlroster.rewritten(after, NEW)
    assert tomllib.loads(again) == tomllib.loads(after)


def test_what_cannot_be_found_is_left_to_people() -> None:
    text = "id = 'x'\ncontests = [{ id = 'window', candidates = [] }, { id = 'star', candidates = [] }]\n"
    with pytest.raises(ByHand):
        tomlroster.rewritten(text, NEW)


def soon(tmp_path: Path) -> House:
    """A house whose vote opens in a month, by the real clock."""
    opens = datetime.now(ZoneInfo("Asia/Shanghai")).replace(microsecond=0) + timedelta(days=30)
    folder = tmp_path / "soon"
    setup.write(folder, setup.Dates(opens, opens + timedelta(days=10)), "127.0.0.1:0")
    return House(folder, Clock(int((opens - timedelta(days=30)).timestamp() * 1000)))


async def test_the_command(tmp_path: Path) -> None:
    house = soon(tmp_path)
    async with house.serve() as visitor:
        wang = await clerk(visitor)
        await endorsed(wang, await entered(wang))
        shown = await asyncio.to_thread(call, "roster", settings=house.settings)
        assert "A01" in shown.out
        assert "社保服务窗口" in shown.out
        told = await asyncio.to_thread(call, "roster", "--json", settings=house.settings)
        assert told.json() == {
            "window": [{"code": "A01", "keypad": "101", "name": "社保服务窗口", "unit": "区人社局"}],
            "star": [],
        }
        text = house.campaign.read_text("utf-8")
        empty = await asyncio.to_thread(call, "roster", "--write", settings=house.settings)
        assert empty.code == 1
        assert "nobody is approved yet in Most Beautiful Service Star" in empty.err
        assert house.campaign.read_text("utf-8") == text
        await endorsed(wang, await entered(wang, WINDOWS.replace("window", "star")))
        written = await asyncio.to_thread(call, "roster", "--write", settings=house.settings)
        assert written.code == 0, written.err
    changed = house.campaign.read_text("utf-8")
    assert house.campaign.with_name("beita-2018.toml.bak").read_text("utf-8") == text
    for line in text.splitlines():
        assert line in changed or "（示例）" in line or "示例" in line, "every other line is as it was"
    assert len(load.campaign(house.campaign).contests[0].candidates) == 1
    assert call("check", settings=house.settings).code == 0


async def test_once_it_has_opened_it_is_not_written(house: House) -> None:
    async with house.serve() as visitor:
        assert visitor.service.campaigns["beita-2018"].opened
        told = await asyncio.to_thread(call, "roster", "--write", settings=house.settings, lang="zh")
    assert told.code == 1
    assert "投票已开始" in told.err


def test_a_roster_that_the_rules_refuse_changes_nothing(house: House) -> None:
    text = house.campaign.read_text("utf-8")
    clash = {
        "window": [Approved("A01", "甲", "局", aliases=("好",)), Approved("A02", "乙", "局", aliases=("好",))]
    }
    with pytest.raises(NotWritten, match="roster_refused"):
        roster.write(house.campaign, clash)
    assert house.campaign.read_text("utf-8") == text
    assert {file.name for file in house.campaign.parent.iterdir()} == {house.campaign.name}


async def test_many_approved_at_once(tmp_path: Path) -> None:
    house = soon(tmp_path)
    house.edit(house.campaign, 'codes = "A01-A99"', 'codes = "A001-A999"')
    house.edit(house.campaign, 'keypads = "101-199"', 'keypads = "1001-1999"')
    async with house.serve() as visitor:
        wang = await clerk(visitor)
        rows = [[*row(n), *(["同意", "某单位", "2020-05-01"] * (len(AGREED) // 3))] for n in range(1, 301)]
        answer = await hand_in(wang, f"{WINDOWS}/import?lang=zh", book(rows, [*HEAD, *OPINIONS]))
        assert answer.status == 303, answer.text
        await endorsed(wang, await entered(wang, WINDOWS.replace("window", "star")))
        assert (await wang.post("/committee/beita-2018/roster")).status == 303
    codes = [one.code for one in load.campaign(house.campaign).contests[0].candidates]
    assert codes == [f"A{n:03}" for n in range(1, 301)]
