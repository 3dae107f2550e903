"""Handing in a log at the page: tried first, by the same rules, and recorded only as it was tried."""

import io
import re

import pytest
from aiohttp import FormData

from gateway.desk import handin
from gateway.desk.handin import Log
from tests.conftest import House, Visitor
from tests.desk.hands import HOME, Hand, at_the_desk
from tests.pages.reading import Page

HEADER = "流水号,主叫号码,呼叫时间,选择"
ROWS = [
    "1,5169001,2018-07-09 08:10:00,A01",
    "2,13912345678,2018-07-09 08:11:00,投社保窗口",
    "3,13912345678,2018-07-09 08:12:00,A02",
    "4,,2018-07-09 08:13:00,B03",
    "5,13912345679,yesterday,A01",
    "1,5169001,2018-07-09 08:10:00,A01",
]
OUTCOMES = {"counted": 2, "repeat": 1, "withheld_caller": 1, "unparsed": 1}


def log(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


async def hand_in(hand: Hand, content: bytes | None, act: str = "check", **fields: str) -> tuple[int, Page]:
    """The form of the page, sent as a browser does."""
    staff = hand.staff
    form = FormData({"csrf": staff.csrf, "source": "hotline", "act": act, **fields})
    if content is not None:
        form.add_field("file", io.BytesIO(content), filename="calls.csv", content_type="text/csv")
    answer = await staff.ask(
        "POST", f"{HOME}/upload", {"Accept": "text/html", "Origin": staff.visitor.server.url}, data=form
    )
    return answer.status, Page(answer.text)


def tried(page: Page) -> str:
    return page.all("input", name="tried")[0]["value"]


def endings(page: Page) -> dict[str, int]:
    """The table of endings, by outcome."""
    table = page.source.partition('id="endings"')[2].partition("</table>")[0]
    return {word: int(n) for word, n in re.findall(r"<small[^>]*>(\w+)</small></th><td[^>]*>(\d+)", table)}


async def recorded(visitor: Visitor) -> dict[str, int]:
    return {outcome: n for outcome, n in (await visitor.outcomes()).items() if n}


async def test_what_is_tried_is_not_recorded_and_what_is_recorded_ends_as_was_shown(house: House) -> None:
    async with at_the_desk(house, "wang") as (visitor, wang):
        status, page = await hand_in(wang, log(*ROWS))
        assert (status, endings(page), await recorded(visitor)) == (200, OUTCOMES, {})
        assert "如果现在录入" in page.text
        assert "之前已录入1" in page.text
        assert "139****56782018-07-09 08:11:00投社保窗口" in page.text
        assert "13912345678" not in page.text
        assert page.all("li", value="6"), "the bad row by its line"
        assert page.text.count("开始时间不是") == 2, "there, and among the first rows"
        status, after = await hand_in(wang, log(*ROWS), "record", tried=tried(page))
        assert (status, endings(after), await recorded(visitor)) == (200, OUTCOMES, OUTCOMES)
        status, again = await hand_in(wang, log(*ROWS))
        assert (status, endings(again)) == (200, {})
        assert "之前已录入6" in again.text


async def test_a_dry_run_knows_what_was_recorded_before(house: House) -> None:
    async with at_the_desk(house, "wang") as (_, wang):
        await wang.call("13912345678", "A05")
        _, page = await hand_in(wang, log(*ROWS))
        assert endings(page) == {**OUTCOMES, "counted": 1, "repeat": 2}


async def test_a_long_log_is_judged_as_one(house: House) -> None:
    """Batches of a dry run must know of each other: in each, all callers of the first call again."""
    rows = [f"{n},139{n % 1500:08},2018-07-09 08:10:00,A{n % 12 + 1:02}" for n in range(4600)]
    async with house.service() as service:
        handed = Log(service.sources["hotline"], log(*rows), {})
        before = await handin.tried(service, handed)
        assert (before.rows, before.outcomes) == (4600, {"counted": 1500, "repeat": 3100})
        assert (await handin.recorded(service, handed)).outcomes == before.outcomes


async def test_only_what_was_tried_is_recorded(house: House) -> None:
    async with at_the_desk(house, "wang") as (visitor, wang):
        _, page = await hand_in(wang, log(*ROWS))
        for content, fields in [
            (log(*ROWS[:3]), {}),
            (log(*ROWS), {"column-choice": "流水号"}),
            (log(*ROWS), {"tried": ""}),
        ]:
            status, other = await hand_in(wang, content, "record", **{"tried": tried(page), **fields})
            assert (status, "这不是刚才试算的文件" in other.text) == (409, True)
        assert await recorded(visitor) == {}


async def test_other_names_for_columns_can_be_chosen_for_one_file(house: House) -> None:
    content = log(*ROWS, header="流水号,电话,呼叫时间,选择")
    async with at_the_desk(house, "wang") as (visitor, wang):
        status, page = await hand_in(wang, content)
        assert (status, "没有含 主叫号码" in page.text) == (422, True)
        assert [one.get("value") for one in page.all("option") if "selected" in one][1:] == [
            "主叫号码",
            None,
            None,
            None,
        ]
        status, page = await hand_in(wang, content, **{"column-caller": "电话"})
        assert (status, endings(page)) == (200, OUTCOMES)
        status, after = await hand_in(
            wang, content, "record", **{"tried": tried(page), "column-caller": "电话"}
        )
        assert (status, endings(after), await recorded(visitor)) == (200, OUTCOMES, OUTCOMES)
        status, page = await hand_in(wang, log(*ROWS))
        assert "之前已录入6" in page.text, "by whichever names, they are the same calls"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04 a workbook", "Excel 工作簿"),
        (b"\x00\x01" * 400, "没有字节顺序标记的 UTF-16"),
        (b"\xff\xfe\x00\x00", "UTF-32 文本"),
        (b"1,2,3\n4,5,6\n", "没有含 "),
        ("主叫号码,选择,呼叫时间,流水号,主叫号码\n".encode(), "有两列的名称"),
    ],
)
async def test_a_file_that_is_no_such_log_is_refused_whole(house: House, content: bytes, told: str) -> None:
    async with at_the_desk(house, "wang") as (visitor, wang):
        status, page = await hand_in(wang, content)
        assert (status, told in page.text, await recorded(visitor)) == (422, True, {})


#: aiohttp leaves the file that it cuts off to the garbage collector, which says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("content", "fields", "status", "told"),
    [
        (None, {}, 422, "请选择文件"),
        (b"", {}, 422, "请选择文件"),
        (b"x", {"source": "sms"}, 422, "请选择来源"),
        (b"x", {"source": "nobody"}, 422, "请选择来源"),
        (b"x" * (handin.MOST_BYTES + 100_000), {}, 413, "提交的内容太大"),
    ],
)
async def test_what_is_not_a_log_for_a_source(
    house: House, content: bytes | None, fields: dict[str, str], status: int, told: str
) -> None:
    async with at_the_desk(house, "wang") as (_, wang):
        got, page = await hand_in(wang, content, **fields)
        assert (got, told in page.text) == (status, True)


async def test_an_empty_log_says_so(house: House) -> None:
    async with at_the_desk(house, "wang") as (_, wang):
        status, page = await hand_in(wang, log())
        assert (status, "文件中没有来电" in page.text) == (200, True)


async def test_nothing_in_a_file_becomes_markup(house: House) -> None:
    payload = "<script>alert(1)</script>"
    rows = [f"1,{payload},2018-07-09 08:10:00,{payload}", f"{payload},5169001,{payload},A01"]
    async with at_the_desk(house, "wang") as (_, wang):
        for header in (HEADER, f"{payload},主叫号码,呼叫时间,选择"):
            _, page = await hand_in(wang, log(*rows, header=header))
            assert len(page.all("script")) == 1
            assert "alert(1)" not in "".join(page.scripts)


async def test_a_switchs_log_shows_the_columns_of_its_settings(house: House) -> None:
    text = house.settings.read_text("utf-8")
    options = '[sources.pbx]\nkind = "asterisk-cdr"\ncampaign = "beita-2018"\nclock = "provider"\n'
    house.settings.write_text(f"{text}\n{options}", "utf-8")
    async with at_the_desk(house, "wang") as (_, wang):
        _, page = await wang.page(f"{HOME}/upload")
        assert [one for one in Page(page).all("select") if one["name"] == "source"]
        status, page = await hand_in(wang, b"one,two\n", source="pbx")
        assert status == 200
        for told in ("src (2)", "userfield (18)", "列的位置由来源的设置决定", "请相应设置 extra 或 columns"):
            assert told in page.text


async def test_the_first_rows_are_those_that_are_calls(house: House) -> None:
    async with house.service() as service:
        handed = Log(service.sources["hotline"], log(",,,", *ROWS), {})
        shown = handed.first()
        assert [row.line for row in shown] == [3, 4, 5, 6, 7, 8]
        assert [row.number for row in shown[:4]] == ["739****001", "139****5678", "139****5678", ""]
        assert shown[4].note
