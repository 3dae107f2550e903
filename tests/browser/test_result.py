"""From the close to the certificate in a browser: by two people, with the keyboard, at both widths."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from gateway.people.roles import Role
from tests.browser.conftest import Window, flaws, picture
from tests.browser.test_room import CAMPAIGN, ROOM, send
from tests.conftest import House, Staff, Visitor
from tests.panel.panels import arrange

DAY_MS = 86_400_000
NOTICE = """
[notice]
basis = "北政务发〔2018〕9号"

[caller]
"""


async def closed(visitor: Visitor) -> None:
    """A closed vote."""
    votes = [(f"1391234{n:04d}", ("A01", "A02", "A01", "B01", "B02")[n % 5]) for n in range(40)]
    await send(visitor, *votes)
    running = visitor.service.campaigns[CAMPAIGN]
    await visitor.service.schedule.close(running, "wang", "committee_decision", True)


async def act(page: Page, kind: str, **told: str) -> None:
    """Fill in a form, see what it will do, think again and find it as it was, and do it or propose it."""
    form = page.locator(f"form:has(input[value='{kind}'])").first
    await form.locator("xpath=ancestor::details[1]/summary").click()
    for name, value in told.items():
        field = form.locator(f"[name={name}]")
        if await field.evaluate("one => one.tagName") == "SELECT":
            await field.select_option(value)
        else:
            await field.fill(value)
    await form.locator("button").click()
    await page.locator(".confirm [name=change]").click()
    form = page.locator("#entered form")
    await expect(form).to_be_in_viewport()
    for name, value in told.items():
        await expect(form.locator(f"[name={name}]")).to_have_value(value)
    await form.locator("button").click()
    await page.locator(".confirm button").first.press("Enter")


async def agree(second: Page) -> None:
    await second.goto(second.url.partition("?")[0])
    await second.locator("[data-key=y]").click()
    await expect(second.locator(".notice.ok")).to_be_visible()


async def exported(staff: Staff) -> None:
    await staff.post(f"{ROOM}/exports")
    exports = staff.visitor.server.exports
    assert exports._task is not None
    await asyncio.wait_for(exports._task, 60)
    assert not exports.failed(CAMPAIGN)


@pytest.mark.parametrize("width", [1280, 390])
async def test_from_the_close_to_the_certificate(house: House, window: Window, width: int) -> None:
    arrange(house, "")
    house.edit(house.campaign, "[caller]\n", NOTICE)
    async with house.serve() as visitor:
        await closed(visitor)
        wang = await visitor.sign_in(Role.COMMITTEE, "wang", name="王主任")
        li = await visitor.sign_in(Role.COMMITTEE, "li", name="李委员")
        one = await window.open(wang, f"{ROOM}/result", width)
        two = await window.open(li, f"{ROOM}/result", width)
        await picture(one, f"result-closed-{width}")
        assert await flaws(one) == []
        await act(one, "waive", reason="no_statement_to_be_had")
        await agree(two)
        await exported(wang)
        await one.goto(one.url.partition("?")[0])
        await act(one, "complete", reason="count_complete")
        await one.goto(visitor.server.url + f"{ROOM}/notice")
        await picture(one, f"notice-draft-{width}")
        assert (await visitor.get(f"/notice/{CAMPAIGN}"))[0] == 404, (
            "nobody sees it before two have published it"
        )
        await one.goto(visitor.server.url + f"{ROOM}/result")
        await act(one, "publish", reason="first_notice")
        await picture(one, f"result-proposed-{width}")
        await agree(two)
        status, text = await visitor.get(f"/notice/{CAMPAIGN}")
        assert status == 200
        assert "北政务发〔2018〕9号" in text
        assert "2018年7月9日至2018年7月15日" in text
        await act(one, "object", reason="phone", subject="事迹不实", about="window/A01", name="王某")
        await act(one, "answer", reason="rejected/not_borne_out", answer="经核查，未发现所述情况。")
        visitor.house.clock.ms += 7 * DAY_MS
        wang = await visitor.sign_in(Role.COMMITTEE, "wang")  # a session does not last a week
        li = await visitor.sign_in(Role.COMMITTEE, "li")
        one = await window.open(wang, f"{ROOM}/result", width)
        two = await window.open(li, f"{ROOM}/result", width)
        await act(one, "certify", reason="result_confirmed")
        await agree(two)
        assert visitor.service.campaigns[CAMPAIGN].certified
        await picture(two, f"result-certified-{width}")
        assert await flaws(two) == []
        await one.goto(visitor.server.url + f"/notice/{CAMPAIGN}")
        await picture(one, f"notice-{width}")
        assert await flaws(one) == []
        await window.leave()
