"""Receipts on a telephone: typed in by keyboard, with scripts and without, in both languages, by anybody."""

import pytest
from playwright.async_api import expect

from config.problems import Lang
from gateway.pages.words_receipt import STANDINGS, WORDS
from gateway.people.roles import Role
from tally import note, receipt
from tests.browser.conftest import Window, flaws, picture
from tests.conftest import House
from tests.docs import auditing
from tests.gateway.test_open_ballots import RECEIPTS, certify, code_of
from tests.intake.test_revise import Room
from tests.pages.test_receipts import CAMPAIGN, NOBODYS, ask, giving, reply
from tests.panel.panels import arrange


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_a_voter_looks_up_a_receipt(house: House, window: Window, width: int, lang: Lang) -> None:
    async with giving(house).serve() as visitor:
        code = await reply(visitor, "13812345671", "A01", "m1")
        await visitor.service.publisher.tick()
        page = await window.visit(visitor.server.url, f"/?lang={lang}", width=width)
        await page.locator("footer a").click()
        await expect(page).to_have_title(WORDS["receipt"].by(lang))
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
                    await page.get_by_text(WORDS["receipt_download"].by(lang)).click()
                file = await (await download.value).path()
                log_key = note.read_vkey((await ask(visitor, f"/ledger/{CAMPAIGN}/n1/key")).text)
                proved, _ = receipt.check(file.read_bytes(), log_key)
                assert receipt.spelled(proved.number) == code
        bare = await window.visit(visitor.server.url, f"/receipt?lang={lang}", width=width, script=False)
        await bare.locator("#code").fill(code)
        await bare.locator("button").click()
        await expect(bare.locator(".standing")).to_have_text(getattr(STANDINGS["counted"].heading, lang))
        await window.leave()


async def test_codes_of_open_ballots_wait(house: House, window: Window) -> None:
    """In both languages, before and after two people certify; the committee's record of the message, too."""
    arrange(house, "")
    auditing.open_ballots(house, RECEIPTS)
    async with house.serve() as visitor:
        vote = await Room(house, visitor.service).send("13812345671", "A01 B03")
        code = await code_of(visitor, vote.place.seq)
        for key in ("not_yet", "counted"):
            wang = await visitor.sign_in(Role.COMMITTEE, "wang")
            for lang, width in (("zh", 390), ("en", 1280)):
                page = await window.visit(visitor.server.url, f"/receipt?lang={lang}", width=width)
                await picture(page, f"open-{key}-form-{lang}")
                assert await flaws(page) == []
                await page.goto(f"{visitor.server.url}/receipt/{code}?lang={lang}")
                await expect(page.locator(".standing")).to_have_text(getattr(STANDINGS[key].heading, lang))
                await picture(page, f"open-{key}-{lang}")
                assert await flaws(page) == []
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
                record = f"/committee/{CAMPAIGN}/records/n1/{vote.place.seq}?lang={lang}"
                page = await window.open(wang, record, width)
                assert await page.get_by_text(code).count() == (key == "counted")
                await picture(page, f"open-{key}-record-{lang}")
                assert await flaws(page) == []
            if key == "not_yet":
                await certify(visitor)
                await visitor.service.publisher.tick()
        await window.leave()
