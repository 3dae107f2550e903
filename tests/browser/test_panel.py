"""A judge's sheet and the committee's evaluation in a browser: by keyboard, kept as typed, at both widths."""

import pytest
from playwright.async_api import Page, expect

from gateway.people.roles import Role
from tests.browser.conftest import Window, flaws, picture
from tests.conftest import House
from tests.panel.panels import CAMPAIGN, arrange, judges, submitted
from tests.panel.test_panel import closed, voted

SHEET = f"/panel/{CAMPAIGN}/window"


async def kept(page: Page) -> None:
    await expect(page.locator("#kept")).to_have_text("已保存")


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_sheet_by_keyboard(house: House, window: Window, width: int) -> None:
    window.expected.append("Failed to load resource: the server responded with a status of 422")
    arrange(house)
    async with house.serve() as visitor:
        (one,) = await judges(visitor, 1)
        page = await window.open(one, SHEET, width)
        first = page.get_by_label("A01 服务态度优")
        await first.fill("9.5")
        await first.press("Enter")
        await expect(page.get_by_label("A02 服务态度优")).to_be_focused()
        await page.keyboard.type("12")
        await expect(page.locator("#wrong-A02-manner")).to_contain_text("超过满分 10")
        await page.get_by_label("A02 服务态度优").fill("8")
        await page.get_by_label("A01 比业务").fill("7")
        await expect(page.locator("tr[data-code=A01] output")).to_have_text("16.5")
        await page.get_by_label("A03 回避").check()
        await expect(page.get_by_label("A03 比业务")).to_be_disabled()
        await expect(page.locator("#wrong-A02-manner")).to_be_hidden()
        await kept(page)
        await picture(page, f"panel-{width}")
        assert await flaws(page) == []
        overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, "the page itself does not scroll sideways"
        await page.reload()
        await expect(page.get_by_label("A01 服务态度优")).to_have_value("9.5")
        await expect(page.get_by_label("A03 回避")).to_be_checked()
        for n in range(1, 13):
            for criterion in ("服务态度优", "比业务"):
                field = page.get_by_label(f"A{n:02} {criterion}")
                if await field.is_enabled():
                    await field.fill("8")
        await page.get_by_role("button", name="检查并提交").click()
        await picture(page, f"panel-review-{width}")
        await page.get_by_role("button", name="确认提交").press("Enter")
        await expect(page.locator(".notice.ok").first).to_be_visible()
        await picture(page, f"panel-submitted-{width}")
        assert await flaws(page) == []
        await window.leave()


async def test_who_leaves_at_once_loses_nothing(house: House, window: Window) -> None:
    """A row is kept a moment after it was changed. Until then nothing says so; leaving keeps it, too."""
    arrange(house)
    async with house.serve() as visitor:
        (one,) = await judges(visitor, 1)
        page = await window.open(one, SHEET)
        await page.get_by_label("A01 服务态度优").fill("9.5")
        await kept(page)
        await page.get_by_label("A03 回避").check()
        await expect(page.locator("#kept")).not_to_have_text("已保存", timeout=1)
        await page.goto(f"{visitor.server.url}/account")
        await page.goto(visitor.server.url + SHEET)
        await expect(page.get_by_label("A01 服务态度优")).to_have_value("9.5")
        await expect(page.get_by_label("A03 回避")).to_be_checked()
        await window.leave()


async def test_it_says_which_rows_are_not_kept_and_keeps_them_later(house: House, window: Window) -> None:
    """What was kept since does not hide what was not: neither what never arrived nor what was refused."""
    window.expected.append("Failed to load resource")
    arrange(house)
    async with house.serve() as visitor:
        (one,) = await judges(visitor, 1)
        page = await window.open(one, SHEET)
        status = page.locator("#kept")
        await page.route(f"**{SHEET}", lambda route: route.abort(), times=1)
        await page.get_by_label("A01 服务态度优").fill("9.5")
        await expect(status).to_have_text("没有保存：A01。服务器连不上，连上后会再保存。")
        await page.get_by_label("A02 服务态度优").fill("999")
        await expect(status).to_contain_text("没有保存：A01、A02。“服务态度优”超过满分 10")
        await page.get_by_label("A03 服务态度优").fill("8")  # it arrives, and takes the first one with it
        await expect(status).to_contain_text("没有保存：A02。“服务态度优”超过满分 10")
        asked: list[str] = []
        page.on("dialog", lambda dialog: asked.append(dialog.type))
        page.on("dialog", lambda dialog: dialog.dismiss())
        await page.close(run_before_unload=True)
        await expect(status).to_be_visible()
        assert asked == ["beforeunload"]
        await page.get_by_label("A02 服务态度优").fill("9")
        await kept(page)
        await page.goto(visitor.server.url + SHEET)
        for n, points in enumerate(("9.5", "9", "8"), 1):
            await expect(page.get_by_label(f"A{n:02} 服务态度优")).to_have_value(points)
        assert asked == ["beforeunload"], "nothing is left to ask about"
        await window.leave()


@pytest.mark.parametrize("script", [True, False])
async def test_an_older_window_writes_over_nothing(house: House, window: Window, script: bool) -> None:
    window.expected.append("Failed to load resource: the server responded with a status of 422")
    arrange(house)
    async with house.serve() as visitor:
        (one,) = await judges(visitor, 1)
        old, new = [await window.open(one, SHEET, script=script) for _ in range(2)]

        async def save(page: Page) -> None:
            async with page.expect_navigation():
                await page.get_by_role("button", name="保存").click()

        await new.get_by_label("A01 服务态度优").fill("9.5")
        await save(new)
        await old.get_by_label("A02 服务态度优").fill("8")
        await save(old)
        await expect(old.get_by_label("A01 服务态度优")).to_have_value("9.5")
        await expect(old.get_by_label("A02 服务态度优")).to_have_value("8")
        await new.get_by_label("A02 服务态度优").fill("7")  # which it has not seen
        if not script:
            await save(new)
        await expect(new.locator("#wrong-A02-manner")).to_contain_text("已在另一窗口改为 8、–")
        await expect(new.get_by_label("A02 服务态度优")).to_have_value("7")
        await save(new)  # now it has
        await expect(new.locator(".notice.ok")).to_have_text("已保存。")
        await expect(new.get_by_label("A02 服务态度优")).to_have_value("7")
        await window.leave()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_whole_row_and_what_is_kept_are_in_sight(
    house: House, window: Window, width: int, lang: str
) -> None:
    """With the sample's eight criteria, wherever one types, and on paper."""
    async with house.serve() as visitor:
        (one,) = await judges(visitor, 1)
        page = await window.open(one, f"{SHEET}?lang={lang}", width)
        under = await page.evaluate(
            """() => Array.from(document.querySelectorAll('#sheet td input'), (field) => {
                 field.focus();
                 const { top, bottom } = field.getBoundingClientRect();
                 return top < 0 || bottom > document.querySelector('.foot').getBoundingClientRect().top;
               }).filter(Boolean).length"""
        )
        assert under == 0
        await expect(page.locator("#kept")).to_be_in_viewport()
        out = "document.querySelector('.scroll').scrollWidth - document.querySelector('.scroll').clientWidth"
        assert await page.evaluate(out) <= 0
        await page.set_viewport_size({"width": 720, "height": 1000})
        await page.emulate_media(media="print")
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        await window.leave()


async def test_without_scripts_the_button_keeps_it(house: House, window: Window) -> None:
    arrange(house)
    async with house.serve() as visitor:
        (one,) = await judges(visitor, 1)
        page = await window.open(one, SHEET, script=False)
        await page.get_by_label("A01 服务态度优").fill("9.5")
        await page.get_by_role("button", name="保存").click()
        await expect(page.locator(".notice.ok")).to_have_text("已保存。")
        await expect(page.get_by_label("A01 服务态度优")).to_have_value("9.5")
        await window.leave()


@pytest.mark.parametrize("width", [1280, 390])
async def test_the_evaluation(house: House, window: Window, width: int) -> None:
    arrange(house)
    async with house.serve() as visitor:
        await voted(visitor, *("A03",) * 5, *("A01",) * 4, *("A08",) * 4, "A12", "A05", "B02", "B03")
        for n, staff in enumerate(await judges(visitor), 1):
            await submitted(staff, n)
            await submitted(staff, n, "star", **{f"mark-B{k:02}-warm": "3" for k in range(1, 6)})
        await closed(visitor)
        wang = await visitor.sign_in(Role.COMMITTEE, "wang")
        page = await window.open(wang, f"/committee/{CAMPAIGN}/evaluation", width)
        await expect(page.locator("svg.lines")).to_have_count(2)
        await picture(page, f"evaluation-{width}")
        assert await flaws(page) == []
        overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0
        await page.goto(visitor.server.url + f"/committee/{CAMPAIGN}/evaluation?lang=en")
        await picture(page, f"evaluation-en-{width}")
        await window.leave()
