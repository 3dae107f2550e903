"""Reconciliation in a browser: compare, bring in, explain, enter, at both widths; the file is chosen once."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Window, flaws, picture
from tests.conftest import House
from tests.reconcile.statements import MINUTE, PAGE, closed, committee, csv, voted


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_statement_is_compared_and_entered(
    house: House, window: Window, tmp_path: Path, width: int
) -> None:
    window.expected.append("Failed to load resource: the server responded with a status of 409")
    async with house.serve() as visitor:
        lines = await voted(visitor, 20)
        await closed(visitor)
        file = tmp_path / "移动上行清单.csv"
        statement = [
            *lines[:4],
            ("new", "13900001111", lines[4][2] + MINUTE, "A05"),
            (*lines[5][:3], "B01"),
            (*lines[6][:2], lines[6][2] - 8 * 60 * MINUTE, lines[6][3]),
            *lines[7:],
        ]
        file.write_bytes(csv(statement))
        page = await window.open(await committee(visitor), PAGE, width)
        await expect(page.locator("#sources")).to_contain_text("未核对")
        await picture(page, f"reconcile-begin-{width}")
        await page.get_by_label("来源", exact=True).select_option("sim")
        await page.get_by_label("对账单（可多选）").set_input_files(file)
        await page.get_by_role("button", name="比对").press("Enter")
        await expect(page.locator("[data-figure=missing] dd")).to_have_text("1")
        await expect(page.locator("[data-figure=extra] dd")).to_have_text("1")
        await picture(page, f"reconcile-{width}")
        assert await flaws(page) == []
        overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, "the page itself does not scroll sideways"
        await page.get_by_role("button", name="登记核对").click()
        await expect(page.locator(".notice.bad")).to_contain_text("还有差异没有说明")
        await page.get_by_role("button", name="补录所选").click()
        await expect(page.locator(".notice.ok").first).to_contain_text("已补录 1 条")
        await expect(page.locator("[data-figure=missing] dd")).to_have_text("0")
        for field in await page.locator("#groups input:not([type=checkbox])").all():
            await field.fill("运营商书面确认")
        await picture(page, f"reconcile-explained-{width}")
        await page.get_by_role("button", name="登记核对").click()
        await expect(page.locator(".notice.ok").first).to_contain_text("已登记")
        await expect(page.locator("#sources")).to_contain_text("有差异，须两人")
        await picture(page, f"reconcile-entered-{width}")
        assert await flaws(page) == []
        await window.leave()
