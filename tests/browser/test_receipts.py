"""Receipts on a telephone: typed in by keyboard, with scripts and without, in both languages, by anybody."""

import pytest
from playwright.async_api import expect

from config.problems import Lang
from gateway.pages.words_receipt import STANDINGS, WORDS
from tally import note, receipt
from tests.browser.conftest import Window, flaws, picture
from tests.conftest import House
from tests.pages.test_receipts import CAMPAIGN, NOBODYS, ask, giving, reply


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_a_voter_looks_up_a_receipt(house: House, window: Window, width: int, lang: Lang) -> None:
    async with giving(house).serve() as visitor:
        code = await reply(visitor, "13812345671", "A01", "m1")
        await visitor.service.publisher.tick()
        page = await window.visit(visitor.server.url, f"/?lang={lang}", width=width)
        await page.locator("footer a").click()
        await expect(page).to_have_title(getattr(WORDS["receipt"], lang))
        await picture(page, f"receipt-form-{lang}-{width}")
        for typed, key in ((code.lower().replace("-", " "), "counted"), (NOBODYS, "unknown")):
            await page.locator("#code").focus()
            await page.keyboard.type(typed)
            await page.keyboard.press("Enter")
            heading = getattr(STANDINGS[key].heading, lang)
            await expect(page.locator(".standing")).to_have_text(heading)
            await picture(page, f"receipt-{key}-{lang}-{width}")
            assert await flaws(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            if key == "counted":
                async with page.expect_download() as download:
                    await page.get_by_text(getattr(WORDS["receipt_download"], lang)).click()
                file = await (await download.value).path()
                log_key = note.read_vkey((await ask(visitor, f"/ledger/{CAMPAIGN}/n1/key")).text)
                proved, _ = receipt.check(file.read_bytes(), log_key)
                assert receipt.spelled(proved.number) == code
        bare = await window.visit(visitor.server.url, f"/receipt?lang={lang}", width=width, script=False)
        await bare.locator("#code").fill(code)
        await bare.locator("button").click()
        await expect(bare.locator(".standing")).to_have_text(getattr(STANDINGS["counted"].heading, lang))
        await window.leave()
