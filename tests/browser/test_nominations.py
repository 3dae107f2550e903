"""Nominations in a browser: a form filled in, endorsed, with a photo; a spreadsheet; the public page."""

import io

import pytest
from PIL import Image
from playwright.async_api import FilePayload, Page, expect

from tests.browser.conftest import Window, flaws, picture
from tests.conftest import House
from tests.nominations.papers import (
    CAMPAIGN,
    LIST,
    STAR,
    STARS,
    WINDOW,
    before,
    book,
    clerk,
    endorsed,
    entered,
    hand_in,
)
from tests.nominations.test_sheets import HEAD, row


def photo() -> bytes:
    held = io.BytesIO()
    Image.radial_gradient("L").resize((480, 640)).convert("RGB").save(held, "JPEG")
    return held.getvalue()


async def looked_at(page: Page, name: str) -> None:
    """A picture; nothing serious that axe finds; and no scrolling sideways."""
    await picture(page, name)
    assert await flaws(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_nomination(house: House, window: Window, width: int) -> None:
    window.expected.append("Failed to load resource: the server responded with a status of 422")
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        await endorsed(wang, await entered(wang, name="医保服务窗口", unit="区医保中心"))
        await entered(wang, name="税务服务窗口", unit="区税务局", deeds="短")
        page = await window.open(wang, f"{LIST}/window", width)
        await looked_at(page, f"nominations-{width}")
        await page.get_by_role("link", name="录入一份申报表").click()
        for key, value in {**WINDOW, "phone": "很长"}.items():
            await page.locator(f"[name={key}]").fill(value)
        await page.get_by_role("button", name="保存").click()
        await expect(page.locator("[name=phone]")).to_have_attribute("aria-invalid", "true")
        await picture(page, f"nomination-wrong-{width}")
        await page.get_by_label("联系电话").fill("13812340000")
        await page.get_by_label("联系电话").press("Enter")
        await expect(page.locator(".notice.ok")).to_have_text("已保存。")
        for stage in ("推荐窗口单位意见", "主管部门意见", "评选组委会初审意见"):
            await page.locator("#stage").select_option(label=stage)
            await page.get_by_label("签署人").fill("某单位")
            await page.get_by_role("button", name="记录意见").click()
            await expect(page.locator(".notice.ok")).to_have_text("意见已记录。")
        await expect(page.locator("h1 .code")).to_have_text("A02")
        given = FilePayload(name="照片.jpg", mimeType="image/jpeg", buffer=photo())
        await page.locator("#file").set_input_files(given)
        await page.get_by_role("button", name="添加").click()
        shown = page.locator(".files img")
        await shown.scroll_into_view_if_needed()
        await expect(shown).to_have_js_property("naturalWidth", 480)
        await page.locator("summary").click()
        await looked_at(page, f"nomination-{width}")
        await window.leave()


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_spreadsheet_with_faults(house: House, window: Window, width: int) -> None:
    window.expected.append("Failed to load resource: the server responded with a status of 422")
    async with before(house).serve() as visitor:
        page = await window.open(await clerk(visitor), f"{LIST}/window", width)
        bad = book([row(), row(2, phone="无"), row(name="社保服务 窗口", deeds="短")], HEAD)
        media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        await page.locator("#file").set_input_files(FilePayload(name="a.xlsx", mimeType=media, buffer=bad))
        await page.get_by_role("button", name="上传").click()
        await expect(page.locator(".faults li")).to_have_count(3)
        await looked_at(page, f"nominations-faults-{width}")
        await window.leave()


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_candidate_for_everybody(house: House, window: Window, width: int) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        one = await entered(wang, STARS, name="示例01", unit="社保窗口（示例）", summary=STAR["summary"] * 3)
        await endorsed(wang, one)
        await hand_in(wang, f"{one}/files", photo(), "a.jpg", kind="portrait")
        page = await window.visit(visitor.server.url, f"/campaigns/{CAMPAIGN}", width=width)
        await picture(page, f"campaign-{width}")
        await page.get_by_role("link", name="示例01").first.click()
        await expect(page.get_by_role("heading", name="示例01")).to_be_visible()
        await expect(page.locator("article img")).to_have_js_property("naturalWidth", 480)
        await looked_at(page, f"candidate-{width}")
        await page.goto(f"{visitor.server.url}/campaigns/{CAMPAIGN}/candidates/star/B02?lang=en")
        await looked_at(page, f"candidate-en-{width}")
        await window.leave()
