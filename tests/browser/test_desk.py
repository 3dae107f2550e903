"""The desk in a real browser: by keyboard alone, and no call lost or counted twice, whatever breaks."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import FilePayload, Page, Route, expect

from gateway.intake.revise import UNDO_MS
from gateway.people.roles import Role
from tests.browser.conftest import Window, flaws, give, picture
from tests.conftest import CLOSES_MS, OPENS_MS, House, Staff
from tests.desk.hands import HOME

#: What the browser itself says of an answer that is no success, or of none.
BROKEN = "Failed to load resource"


@dataclass
class Operator:
    """Whoever sits at the keyboard. `pressed` counts the keys."""

    page: Page
    staff: Staff
    pressed: int = 0

    async def type(self, text: str) -> None:
        await self.page.keyboard.type(text)
        self.pressed += len(text)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)
            self.pressed += 1

    async def call(self, number: str, *choices: str) -> None:
        """An ordinary call: number, Enter, each choice and Enter, Enter."""
        await self.type(number)
        await self.press("Enter")
        for choice in choices:
            await self.type(choice)
            await self.press("Enter")
        await self.press("Enter")

    async def sees(self, heading: str, tone: str) -> None:
        """How the last call ended, and that the desk is ready for the next."""
        await expect(self.page.locator("#outcome .heading")).to_have_text(heading)
        await expect(self.page.locator("#outcome")).to_have_class(f"outcome {tone}")
        await expect(self.page.locator("#caller")).to_be_focused()
        await expect(self.page.locator("#caller")).to_have_value("")

    async def kept(self) -> list[dict[str, Any]]:
        """The calls in the browser's storage."""
        stored = await self.page.evaluate("Object.entries(localStorage)")
        calls = [json.loads(value) for key, value in stored if "/" in key]
        return sorted(calls, key=lambda call: int(call["at"]))


@asynccontextmanager
async def desk(house: House, window: Window, login: str = "wang", **how: Any) -> AsyncIterator[Operator]:
    async with house.serve() as visitor:
        staff = await visitor.sign_in(Role.OPERATOR, login, name="王芳")
        yield Operator(await window.open(staff, HOME, **how), staff)
        await window.leave()


def many_endings(house: House) -> None:
    """A barred and a test line, a candidate who has withdrawn, and two stars to be chosen together."""
    text = house.campaign.read_text("utf-8")
    text = text.replace("bar_list = []", 'bar_list = ["13800009999"]')
    text = text.replace("test_lines = []", 'test_lines = ["13800008888"]')
    text = text.replace('code = "A12",', 'code = "A12", withdrawn = true,')
    head, contest, star = text.partition('id = "star"')
    star = star.replace("{ min = 1, max = 1 }", "{ min = 2, max = 2 }", 1)
    star = star.replace('{ per = "campaign", votes = 1 }', '{ per = "campaign", votes = 2 }', 1)
    house.campaign.write_text(head + contest + star, "utf-8")


async def test_twenty_calls_by_keyboard_alone_with_every_ending(house: House, window: Window) -> None:
    many_endings(house)
    house.clock.ms = OPENS_MS - 1
    async with desk(house, window) as wang:
        await wang.call("13800138000", "a1")
        await wang.sees("投票尚未开始", "bad")
        house.clock.ms = OPENS_MS
        for number, choices, heading, tone in [
            ("13800138000", ["a1"], "已计票", "good"),
            ("138 0013 8001", ["A01", "b3", "b4"], "已计票", "good"),
            ("5169909", ["sbck"], "已计票", "good"),  # 社保窗口, by its initials
            ("13800138003", ["税务"], "已计票", "good"),
            ("13800138004", ["3", "5", "6"], "已计票", "good"),  # A03, and then B05 and B06
            ("13800138005", ["104"], "已计票", "good"),  # A04 by its keypad code
            ("13800138006", ["a1 b3 b4"], "已计票", "good"),  # all in one go
            ("13800138000", ["a2"], "投过票了", "again"),
            ("13800138007", ["z99"], "没有这个编号", "wait"),
            ("13800138007", ["a1", "a2"], "选得太多", "bad"),
            ("13800138007", ["b1"], "选得太少", "bad"),
            ("13800138007", ["a12"], "候选已退出", "bad"),
            ("12345", ["a1"], "号码不能投票", "bad"),
            ("13800009999", ["a1"], "号码被禁投", "bad"),
            ("13800008888", ["a1"], "测试线路", "again"),
        ]:
            await wang.call(number, *choices)
            await wang.sees(heading, tone)
        await wang.press("F7")
        await wang.type("a1")
        await wang.press("Enter", "Enter")
        await wang.sees("号码未显示", "bad")
        await wang.type("13800138007")
        await wang.press("F6", "Enter")
        await wang.sees("没有投票", "bad")
        await wang.type("13800138007")
        await wang.press("F8")
        await wang.type("窗口那位戴眼镜的同事")
        await wang.press("Enter")
        await wang.sees("待人工裁定", "wait")
        house.clock.ms = CLOSES_MS
        await enter_as(wang.page, await wang.staff.visitor.sign_in(Role.OPERATOR, "wang"))
        await wang.call("13800138008", "a1")
        await wang.sees("投票已经截止", "bad")
        assert await wang.kept() == []
        assert await wang.staff.visitor.outcomes() == {
            **dict.fromkeys(("early", "repeat", "unknown_code", "overvote", "undervote", "withdrawn"), 1),
            **dict.fromkeys(("invalid_caller", "barred_caller", "test", "withheld_caller"), 1),
            **dict.fromkeys(("no_code", "unclear", "late"), 1),
            "counted": 7,
        }


async def test_an_ordinary_call_takes_few_keys(house: House, window: Window) -> None:
    """Eleven digits, and five keys: at three keys a second, half of the ten seconds a call may take."""
    async with desk(house, window) as wang:
        await wang.call("13800138000", "a1")
        await wang.sees("已计票", "good")
        assert wang.pressed == 11 + 5
        wang.pressed = 0
        await wang.call("13800138001", "1", "1")
        await wang.sees("已计票", "good")
        assert wang.pressed == 11 + 6, "both contests by their numbers"


async def test_what_to_say_and_what_to_mind_before_enter(house: House, window: Window) -> None:
    many_endings(house)
    async with desk(house, window) as wang:
        page = wang.page
        readback, warnings, standing = (
            page.locator(f"#{id_}") for id_ in ("readback", "warnings", "standing")
        )
        await expect(page.locator("#caller")).to_be_focused()
        await expect(readback).to_have_text("请问您的来电号码？")
        await wang.type("123")
        await expect(standing).to_have_text("号码不能投票")
        await wang.press("Escape")
        await wang.type("13800138000")
        await expect(standing).to_have_text("138 0013 8000")
        await expect(page.locator("#earlier")).to_have_text("此号码第一次来电")
        await expect(readback).to_have_text("请问您要投给谁？")
        await wang.press("Enter")
        await wang.type("a1 ")
        await expect(readback).to_have_text(
            "请核对：尾号 8000 的来电，最美服务窗口投 A01 社保窗口（示例）。对吗？"
        )
        await expect(warnings).to_have_text("")
        for typed, said in [
            ("a2 ", "最美服务窗口选得太多"),
            ("z9 ", "没有 Z9 这个编号"),
            ("b1 ", "还没选满"),
        ]:
            await wang.type(typed)
            await expect(warnings).to_contain_text(said)
        await wang.press("Backspace", "Backspace", "Backspace")
        await expect(warnings).to_have_text("")
        await wang.type("a12 ")
        await expect(warnings).to_contain_text("A12 已退出，不计票")
        await wang.press("Escape")
        await wang.call("13800138000", "a1")
        await wang.sees("已计票", "good")
        await expect(page.locator("#outcome .say")).to_have_text("对来电人说：您的投票已计入，感谢参与。")
        await wang.press("F4")
        await expect(page.locator("#caller")).to_have_value("13800138000")
        await expect(page.locator("#earlier")).to_have_text("此号码先前：07-09 09:00 热线 已计票")


async def test_choosing_by_arrows_and_by_mouse(house: House, window: Window) -> None:
    async with desk(house, window) as wang:
        await wang.type("13800138000")
        await wang.press("Enter", "ArrowDown", "ArrowDown", "Enter")
        await expect(wang.page.locator("#chosen")).to_have_text("A02 医保窗口（示例） ×")
        await wang.page.locator("li[data-code=B07]").click()
        await expect(wang.page.locator("#pick")).to_be_focused()
        await expect(wang.page.locator("#chosen")).to_contain_text("B07")
        await wang.page.locator("#chosen button").first.click()
        await expect(wang.page.locator("#chosen")).to_have_text("B07 示例07 ×")
        await wang.type("nobody")
        await expect(wang.page.locator("#pick-said")).to_contain_text("没有找到")
        await wang.press("Enter", "Enter")
        assert await wang.staff.visitor.outcomes() == {}, "what was not found stops Enter"


async def test_enter_twice_and_enter_held_down_are_one_call(house: House, window: Window) -> None:
    async with desk(house, window) as wang:
        await wang.type("13800138000")
        await wang.press("Enter")
        await wang.type("a1")
        await wang.press("Enter", "Enter", "Enter", "Enter")
        await wang.sees("已计票", "good")
        await wang.type("13800138001")
        await wang.press("Enter")
        await wang.type("a1 ")
        for _ in range(5):
            await wang.page.keyboard.down("Enter")  # without `up` between: the key repeats
        await wang.page.keyboard.up("Enter")
        await wang.sees("已计票", "good")
        await wang.type("13800138002")
        await wang.press("Enter")
        await wang.type("a1 ")
        await wang.page.locator("#record").dblclick()
        await wang.sees("已计票", "good")
        assert await wang.staff.visitor.outcomes() == {"counted": 3}


async def test_full_width_and_what_an_input_method_composes(house: House, window: Window) -> None:
    async with desk(house, window) as wang:
        keyboard = wang.page.keyboard
        await keyboard.insert_text("１３８００１３８０００")
        await expect(wang.page.locator("#standing")).to_have_text("138 0013 8000")
        await wang.press("Enter")
        await keyboard.insert_text("Ａ０１　")
        await expect(wang.page.locator("#chosen")).to_contain_text("A01")
        input_method = await wang.page.context.new_cdp_session(wang.page)
        await input_method.send(
            "Input.imeSetComposition", {"text": "yi'bao", "selectionStart": 6, "selectionEnd": 6}
        )
        await expect(wang.page.locator("#pick")).to_have_value("yi'bao")
        for key in ("Enter", "Escape", "F2"):
            await wang.page.locator("#pick").dispatch_event("keydown", {"key": key, "isComposing": True})
        await expect(wang.page.locator("#chosen button")).to_have_count(1)
        await keyboard.insert_text("医保")
        await expect(wang.page.locator("#pick")).to_have_value("医保")
        await expect(wang.page.locator(".choices .active")).to_contain_text("A02 医保窗口")
        await wang.press("Escape")
        assert await wang.staff.visitor.outcomes() == {}


# ---- never twice, never lost ----------------------------------------------------------------------


@dataclass
class Line:
    """The line between the browser and the server. `cut` says what becomes of a call."""

    cut: Callable[[Route], Any] | None = None
    answered: list[int] = field(default_factory=list)

    async def lay(self, page: Page) -> None:
        await page.context.route("**/calls", self._carry)

    async def _carry(self, route: Route) -> None:
        if self.cut is not None:
            await self.cut(route)
        else:
            await route.continue_()


async def before(route: Route) -> None:
    """The call does not arrive."""
    await route.abort()


async def after(route: Route) -> None:
    """The call arrives, and its answer does not."""
    await route.fetch()
    await route.abort()


async def busy(route: Route) -> None:
    await route.fulfill(status=503, json={"error": "unavailable"}, headers={"Retry-After": "5"})


@pytest.mark.parametrize("cut", [before, after, busy])
async def test_a_call_that_is_not_answered_is_kept_counted_and_sent_again(
    house: House, window: Window, cut: Callable[[Route], Any]
) -> None:
    window.expected.append(BROKEN)
    async with desk(house, window) as wang:
        line = Line(cut)
        await line.lay(wang.page)
        for number in range(3):
            await wang.call(f"1380013800{number}", "a1")
        await wang.sees("已存在本机，等待重送", "wait")
        await expect(wang.page.locator("#queue")).to_contain_text("未送出 3")
        assert [one["caller"] for one in await wang.kept()] == ["13800138000", "13800138001", "13800138002"]
        await wang.press("F9")
        await expect(wang.page.locator("#outcome .heading")).to_have_text("上一通还没有送达，送达后再撤回。")
        await wang.page.reload()
        await expect(wang.page.locator("#queue")).to_contain_text("未送出 3")
        line.cut = None
        await expect(wang.page.locator("#queue")).to_be_hidden(timeout=15_000)
        await expect(wang.page.locator("#latest .good")).to_have_count(3)
        assert await wang.kept() == []
        assert await wang.staff.visitor.outcomes() == {"counted": 3}


async def test_with_the_server_away_every_call_is_told_of(house: House, window: Window) -> None:
    """Also the one that was taken while the first was still on its way; with the campaign's time."""
    window.expected.append(BROKEN)
    async with desk(house, window, timezone_id="America/New_York") as wang:
        hold, ended = asyncio.Event(), []

        async def slow(route: Route) -> None:
            if not ended:
                ended.append(await hold.wait())
            await route.abort()

        await Line(slow).lay(wang.page)
        await wang.page.clock.set_fixed_time("2018-07-09T01:02:00Z")
        await wang.call("13800138000", "a1")
        await wang.call("13800138001", "a1")
        hold.set()
        await wang.sees("已存在本机，等待重送", "wait")
        await expect(wang.page.locator("#outcome .from")).to_have_text("138****8001")
        await expect(wang.page.locator("#latest .wait .ended")).to_have_text(["已存在本机，等待重送"] * 2)
        await expect(wang.page.locator("#latest time")).to_have_text(["09:02"] * 2)


@pytest.mark.parametrize("full", ["setItem() { throw new DOMException('', 'QuotaExceededError'); }", ""])
async def test_a_call_that_the_browser_cannot_keep_is_not_left_without_a_question(
    house: House, window: Window, full: str
) -> None:
    """Where the storage is full, or forbidden altogether."""
    window.expected.append(BROKEN)
    async with desk(house, window) as wang:
        page = wang.page
        full = f"Object.assign(Storage.prototype, {{ {full} }})" if full else "delete window.localStorage"
        await page.add_init_script(full)
        await page.reload()
        line = Line(before)
        await line.lay(page)
        await wang.call("13800138000", "a1")
        await wang.sees("只在此页，等待重送", "wait")
        await expect(page.locator("#outcome .say")).to_have_text("浏览器不能保存数据：断线时请不要关闭此页。")
        await picture(page, "desk-storage")
        asked: list[str] = []
        page.on("dialog", lambda dialog: asked.append(dialog.type))
        page.on("dialog", lambda dialog: dialog.dismiss())
        await page.close(run_before_unload=True)
        await expect(page.locator("#queue")).to_contain_text("未送出 1")
        assert asked == ["beforeunload"]
        line.cut = None
        await expect(page.locator("#latest .good")).to_have_count(1, timeout=15_000)
        await page.goto(wang.staff.visitor.server.url + HOME)
        assert asked == ["beforeunload"], "nothing is lost any more"


async def test_what_another_window_left_half_written_stops_nothing(house: House, window: Window) -> None:
    async with desk(house, window) as wang:
        for id_, value in [("cut-short-by-a-crash", '{"id": "cut-sh'), ("of-no-use-to-anybody", "null")]:
            await wang.page.evaluate(
                "([id, value]) => localStorage.setItem('televote-desk/beita-2018/wang/' + id, value)",
                [id_, value],
            )
        await wang.page.reload()
        await expect(wang.page.locator("#caller")).to_be_focused()
        await wang.call("13800138000", "a1")
        await wang.sees("已计票", "good")
        assert await wang.kept() == []


async def test_the_time_of_enter_decides_where_the_source_says_so(house: House, window: Window) -> None:
    house.edit(house.settings, 'clock = "arrival"', 'clock = "provider"')
    house.clock.ms = CLOSES_MS + 60_000
    async with desk(house, window) as wang:
        await wang.page.evaluate(
            """(at) => localStorage.setItem('televote-desk/beita-2018/wang/0123456789abcdef', JSON.stringify({
                 id: '0123456789abcdef', caller: '13800138000', withheld: false, wish: 'vote', codes: ['A01'],
                 words: '', at: Date.now() - at }))""",
            61_000,
        )
        await wang.page.reload()
        await expect(wang.page.locator("#latest .good")).to_have_count(1)
        assert await wang.staff.visitor.outcomes() == {"counted": 1}


async def test_a_call_that_will_never_be_taken_comes_back_to_its_operator(
    house: House, window: Window
) -> None:
    window.expected.append(BROKEN)
    async with desk(house, window) as wang:
        line = Line(lambda route: route.fulfill(status=422, json={"error": "code", "text": "不像编号"}))
        await line.lay(wang.page)
        await wang.call("13800138000", "a1")
        await wang.sees("没有登记", "bad")
        await expect(wang.page.locator("#kept")).to_contain_text("不像编号")
        line.cut = None
        await wang.page.locator("#kept button").press("Enter")
        await expect(wang.page.locator("#caller")).to_have_value("13800138000")
        await expect(wang.page.locator("#kept")).to_be_hidden()
        await wang.press("Enter", "Enter")
        await wang.sees("已计票", "good")
        assert await wang.kept() == []


async def test_signed_out_with_calls_to_send(house: House, window: Window) -> None:
    """The calls stay with their operator: nobody else sends them, and none is sent as somebody else's."""
    window.expected.append(BROKEN)
    async with desk(house, window) as wang:
        people, visitor = wang.staff.visitor.server.people, wang.staff.visitor
        assert people is not None
        await people.sessions.end(wang.staff.token)
        await wang.call("13800138000", "a1")
        queue = wang.page.locator("#queue")
        await expect(queue).to_contain_text("未送出 1")
        await expect(queue).to_contain_text("请重新登录")
        await wang.sees("还没有送出", "wait")
        await expect(wang.page.locator("#outcome .say")).to_contain_text("请重新登录")
        await expect(queue.locator("a")).to_have_attribute("href", f"/signin?next={HOME}")
        zhao = await visitor.sign_in(Role.OPERATOR, "zhao")
        await enter_as(wang.page, zhao)
        await expect(queue).to_contain_text("本机还有 wang 未送出的来电 1 通")
        assert await visitor.outcomes() == {}
        await enter_as(wang.page, await visitor.sign_in(Role.OPERATOR, "wang"))
        await expect(wang.page.locator("#latest .good")).to_have_count(1)
        await expect(queue).to_be_hidden()
        assert await visitor.outcomes() == {"counted": 1}


async def enter_as(page: Page, staff: Staff) -> None:
    """Another session in the same browser."""
    url = staff.visitor.server.url
    await give(page.context, url, staff.cookies)
    await page.goto(url + HOME)


# ---- second thoughts ------------------------------------------------------------------------------


async def test_the_last_call_is_taken_back_with_a_reason(house: House, window: Window) -> None:
    async with desk(house, window) as wang:
        await wang.press("F9")
        await expect(wang.page.locator("#outcome .heading")).to_have_text("没有可以撤回的来电。")
        await wang.call("13800138000", "a1")
        await wang.sees("已计票", "good")
        await wang.press("F9")
        await expect(wang.page.locator("#undo-call")).to_have_text("138****8000 A01: 已计票")
        await expect(wang.page.locator("#undo-left")).to_contain_text("秒")
        await wang.press("2", "Enter")
        await wang.sees("已撤回", "again")
        await expect(wang.page.locator("#latest li").first).to_have_class("good undone")
        await wang.press("F4", "Enter")
        await wang.type("a2 ")
        await wang.press("Enter")
        await wang.sees("已计票", "good")
        await wang.page.reload()
        await expect(wang.page.locator("#latest .undone .ended")).to_have_text("已撤回")
        (act,) = [
            act
            for case in await wang.staff.visitor.service.casebook.of_caller(
                wang.staff.visitor.service.campaigns["beita-2018"], "+8613800138000"
            )
            for act in case.acts
        ]
        assert (act.leaf.kind, act.leaf.detail["reason"], act.leaf.detail["by"]) == (
            "undo",
            "wrong_choice",
            "wang",
        )


async def test_a_call_of_another_operators_is_entered_again(house: House, window: Window) -> None:
    house.edit(house.settings, 'kind = "desk"', 'kind = "desk"\noptions = { reentry_share = 1.0 }')
    async with desk(house, window) as wang:
        visitor = wang.staff.visitor
        await wang.press("F10")
        await expect(wang.page.locator("#outcome .heading")).to_have_text("没有需要您复核的来电。")
        for number in range(3):
            await wang.call(f"1380013800{number}", "a1")
            await wang.sees("已计票", "good")
        house.clock.ms += UNDO_MS + 1
        staff = await visitor.sign_in(Role.OPERATOR, "zhao")
        zhao = Operator(await window.open(staff, HOME), staff)
        await expect(zhao.page.locator("#due")).to_have_text("有 3 通来电请您复核（F10）")
        await zhao.press("F10")
        await expect(zhao.page.locator("#again")).to_contain_text("wang 接听的 138****8000")
        await picture(zhao.page, "desk-again")
        await zhao.call("13800138000", "a1")
        await zhao.sees("复核已记下", "good")
        await zhao.press("F10")
        await expect(zhao.page.locator("#again")).to_contain_text("138****8001")
        await zhao.call("13800138001", "a2")
        await zhao.sees("复核已记下", "good")
        await zhao.press("F10")
        await expect(zhao.page.locator("#again")).to_contain_text("138****8002")
        await zhao.press("F6", "Enter")
        await zhao.sees("复核已记下", "good")
        await expect(zhao.page.locator("#again")).to_be_hidden()
        assert [case.state for case in await visitor.service.casebook.waiting("beita-2018")] == ["disputed"]
        assert await visitor.outcomes() == {"counted": 3}


# ---- handing in a log -----------------------------------------------------------------------------

LOG: FilePayload = {
    "name": "calls.csv",
    "mimeType": "text/csv",
    "buffer": "流水号,主叫号码,呼叫时间,选择\n1,5169001,2018-07-09 08:10:00,A01\n".encode(),
}


async def test_a_log_is_chosen_once_tried_and_recorded(house: House, window: Window) -> None:
    async with desk(house, window) as wang:
        page = wang.page
        await page.goto(f"{wang.staff.visitor.server.url}{HOME}/upload")
        await page.locator("#file").set_input_files(LOG)
        await page.get_by_role("button", name="试算").click()
        await expect(page.locator("#endings")).to_contain_text("counted")
        assert await wang.staff.visitor.outcomes() == {}
        await picture(page, "handin")
        assert await flaws(page) == []
        await page.get_by_role("button", name="确认录入").click()
        await expect(page.locator(".notice.ok")).to_have_text("已录入")
        assert await wang.staff.visitor.outcomes() == {"counted": 1}


async def test_a_log_that_does_not_arrive_is_said_not_to_have(house: House, window: Window) -> None:
    window.expected.append(BROKEN)
    async with desk(house, window) as wang:
        page = wang.page
        await page.goto(f"{wang.staff.visitor.server.url}{HOME}/upload")
        await page.locator("#file").set_input_files(LOG)
        await page.route("**/upload", lambda route: route.abort(), times=1)
        button = page.get_by_role("button", name="试算")
        await button.press("Enter")
        await expect(page.get_by_role("alert")).to_have_text("没有收到服务器的回答，请再试一次。")
        await expect(button).to_be_focused()
        assert await flaws(page) == []
        await picture(page, "handin-lost")
        await button.press("Enter")
        await expect(page.locator("#endings")).to_contain_text("counted")
        await expect(page.get_by_role("alert")).to_have_count(0)


# ---- for everybody --------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_can_be_read_and_used_by_all(house: House, window: Window, width: int, scheme: str) -> None:
    many_endings(house)
    async with desk(house, window, width=width, color_scheme=scheme) as wang:
        name = f"desk-{width}-{scheme}"
        assert await flaws(wang.page) == []
        await wang.type("13800138000")
        await wang.press("Enter")
        await wang.type("a1 b3 b4 z9 a")
        await expect(wang.page.locator("#standing")).to_have_text("138 0013 8000")
        assert await flaws(wang.page) == []
        await picture(wang.page, f"{name}-taking")
        await wang.press("Backspace", "Backspace", "Enter")
        await wang.sees("已计票", "good")
        await picture(wang.page, f"{name}-counted")
        assert await flaws(wang.page) == []
        for key, box in (("F9", "undo"), ("?", "help")):
            await wang.press(key)
            await expect(wang.page.locator(f"#{box}")).to_be_visible()
            assert await flaws(wang.page) == []
            await picture(wang.page, f"{name}-{box}")
            await wang.press("Escape")
            await expect(wang.page.locator("#caller")).to_be_focused()
        wide = await wang.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, "nothing sticks out"


async def test_it_speaks_english(house: House, window: Window) -> None:
    async with desk(house, window, locale="en-GB") as wang:
        await wang.call("13800138000", "a1", "b3")
        await wang.sees("Counted", "good")
        await wang.type("13800138001")
        await wang.press("Enter")
        await wang.type("a1 ")
        await expect(wang.page.locator("#readback")).to_have_text(
            "To confirm: the line ending in 8001; for Most Beautiful Service Window, "
            "A01 Social insurance (sample). Is that right?"
        )
        await picture(wang.page, "desk-en")


async def test_the_sound_is_off_until_somebody_wants_it(house: House, window: Window) -> None:
    async with desk(house, window) as wang:
        sound = wang.page.locator("#sound")
        await expect(sound).to_have_text("提示音：关")
        await sound.press("Enter")
        await expect(sound).to_have_text("提示音：开")
        await wang.page.reload()
        await expect(sound).to_have_attribute("aria-pressed", "true")
        await wang.call("13800138000", "a1")
        await wang.sees("已计票", "good")


async def test_without_a_script_a_call_is_recorded_all_the_same(house: House, window: Window) -> None:
    window.expected.append(BROKEN)
    async with desk(house, window, script=False) as wang:
        page = wang.page
        await page.locator("#caller").fill("13800138000")
        await page.locator("#pick").fill("A01 B03")
        await page.locator("#record").click()
        await expect(page.locator("#outcome .heading")).to_have_text("已计票")
        await picture(page, "desk-plain")
        await page.locator("#pick").fill("A02")
        await page.locator("#record").click()
        await expect(page.locator(".notice.bad")).to_contain_text("还没有来电号码")


async def test_the_committees_report_can_be_read_by_all(house: House, window: Window) -> None:
    async with desk(house, window) as wang:
        visitor = wang.staff.visitor
        for number in range(6):
            await wang.call(f"1380013800{number}", "a1")
            await wang.sees("已计票", "good")
        zhao = await visitor.sign_in(Role.OPERATOR, "zhao")
        sent = {"id": "0123456789abcdef", "caller": "13900139000", "codes": ["A02"]}
        assert (await zhao.script(f"{HOME}/calls", sent)).status == 200
        chair = await visitor.sign_in(Role.COMMITTEE)
        page = await window.open(chair, "/committee/beita-2018/operators")
        await expect(page.locator("#worked tbody tr")).to_have_count(2)
        assert await flaws(page) == []
        await picture(page, "operators")
