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
