"""The live pages in a browser: they follow, survive a restart, and can be read by all."""

import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product

import pytest
from playwright.async_api import Page, expect

from gateway.intake.inbound import Inbound
from gateway.people.roles import Role
from gateway.watching.vitals import MINUTE_MS
from tests.browser.conftest import Window, flaws, picture
from tests.conftest import House, Staff, Visitor

CAMPAIGN = "beita-2018"
LIVE = f"/committee/{CAMPAIGN}"
OBSERVER = f"/observer/{CAMPAIGN}"


async def vote(visitor: Visitor, votes: int, said: str = "A01 B02", since: int = 0) -> None:
    """So many lines vote by SMS."""
    messages = [Inbound(f"{said}{n}", f"138{n:08d}", said) for n in range(since, since + votes)]
    await visitor.service.take(visitor.service.sources["sim"], messages)


async def traffic(visitor: Visitor) -> None:
    """An hour and a half of messages, and then none for twenty minutes."""
    first = visitor.house.clock.ms
    codes = [f"{letter}{n:02d}" for n in range(1, 9) for letter in "AB"]
    for minute in range(90):
        visitor.house.clock.ms = first + minute * MINUTE_MS
        for n in range(2 + minute * 7 % 5):
            await vote(visitor, 1, codes[(minute * n + n) % len(codes)], minute * 10 + n)
    await vote(visitor, 4, "A01 不", 5000)
    await vote(visitor, 6, "X99", 6000)
    visitor.house.clock.ms += 20 * MINUTE_MS
    await visitor.server.board.refresh()


@asynccontextmanager
async def room(
    house: House, window: Window, role: Role = Role.COMMITTEE, *, busy: bool = False
) -> AsyncIterator[Staff]:
    """A server, and somebody signed in; `busy` after an evening's messages."""
    async with house.serve() as visitor:
        if busy:
            await traffic(visitor)
        yield await visitor.sign_in(role, name="王主任")
        await window.leave()


async def loaded(page: Page) -> Page:
    """Wait until the page follows."""
    await expect(page.locator("#sign")).to_have_class("sign live")
    return page


@pytest.mark.parametrize("role", [Role.COMMITTEE, Role.OBSERVER])
async def test_it_follows(house: House, window: Window, role: Role) -> None:
    async with room(house, window, role) as staff:
        await vote(staff.visitor, 3)
        page = await loaded(await window.open(staff, f"/{role}/{CAMPAIGN}"))
        await expect(page.locator("[data-t=received]")).to_have_text("3")
        await vote(staff.visitor, 40, "A05", 100)
        await expect(page.locator("[data-t=received]")).to_have_text("43")
        await expect(page.locator("[data-t='window.A05.votes']")).to_have_text("40")
        first = page.locator("tbody[data-order=window] tr").first
        await expect(first).to_have_attribute("data-code", "A05")
        await vote(staff.visitor, 1, "X99", 900)
        await expect(page.locator("[data-t='messages.unknown_code.all']")).to_have_text("1")
        await expect(page.locator("canvas")).to_have_count(1)


async def test_whoever_is_at_a_link_keeps_their_place(house: House, window: Window) -> None:
    async with room(house, window, busy=True) as staff:
        page = await loaded(await window.open(staff, LIVE))
        await page.locator("#flow-table summary").click()
        await page.evaluate("document.getElementById('now').marked = true")
        await vote(staff.visitor, 1, "你好", 9000)  # an outcome that was not there
        await expect(page.locator("[data-t='messages.no_code.all']")).to_have_text("1")
        assert not await page.evaluate("document.getElementById('now').marked"), "it was drawn anew"
        await expect(page.locator("#flow-table summary")).to_be_focused()
        await expect(page.locator("#flow-table tbody")).to_be_visible()


async def test_it_comes_back_after_a_restart(house: House, window: Window) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    house.edit(house.settings, 'listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{port}"')
    window.expected = ["Failed to load resource: net::ERR_"]
    async with house.serve() as visitor:
        await vote(visitor, 3)
        page = await loaded(await window.open(await visitor.sign_in(Role.COMMITTEE), LIVE))
        await expect(page.locator("[data-t=received]")).to_have_text("3")
    await expect(page.locator("#sign")).to_have_class("sign lost")
    async with house.serve() as visitor:
        await vote(visitor, 5, "A02", 100)
        await expect(page.locator("[data-t=received]")).to_have_text("8", timeout=20_000)
        await expect(page.locator("#sign")).to_have_class("sign live")


async def test_whoever_is_signed_out_is_shown_where_to_sign_in(house: House, window: Window) -> None:
    window.expected = ["Failed to load resource: the server responded with a status of 401"]
    async with room(house, window) as staff:
        page = await loaded(await window.open(staff, LIVE))
        await page.context.clear_cookies()
        await page.evaluate("window.dispatchEvent(new Event('online'))")
        await vote(staff.visitor, 1, "X99")  # an outcome that was not there: the page is asked for anew
        await expect(page).to_have_url(re.compile("/signin"), timeout=10_000)


async def test_an_alarm_appears_by_itself(house: House, window: Window) -> None:
    async with room(house, window, busy=True) as staff:
        staff.visitor.house.clock.ms -= 10 * MINUTE_MS
        page = await loaded(await window.open(staff, LIVE))
        alarm = page.locator("[data-when='source.sim=silent'].notice")
        await expect(alarm).to_be_hidden()
        staff.visitor.house.clock.ms += 10 * MINUTE_MS
        await expect(alarm).to_be_visible()
        await expect(alarm).to_contain_text("20")


@pytest.mark.parametrize("role", [Role.COMMITTEE, Role.OBSERVER])
async def test_it_can_be_read_by_all(house: House, window: Window, role: Role) -> None:
    """At one server: to fill it takes longer than to look."""
    async with room(house, window, role, busy=True) as staff:
        for lang, width in product(("zh", "en"), (390, 1280)):
            page = await loaded(await window.open(staff, f"/{role}/{CAMPAIGN}?lang={lang}", width))
            await page.locator("#flow-table summary").click()
            assert await flaws(page) == [], (lang, width)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, lang
            await page.locator("#flow-table summary").click()
            await picture(page, f"live-{role}-{lang}-{width}")


async def test_without_a_script(house: House, window: Window) -> None:
    async with room(house, window, busy=True) as staff:
        page = await window.open(staff, LIVE, script=False)
        await expect(page.locator(".drawn svg").first).to_be_visible()
        assert await page.locator(".drawn rect.counted").count() > 60
        await page.locator("nav.spans a").nth(1).click()
        assert page.url.endswith("?span=day")
        await picture(page, "live-no-script")


async def test_in_the_dark_and_on_paper(house: House, window: Window) -> None:
    async with room(house, window, busy=True) as staff:
        page = await loaded(await window.open(staff, LIVE, color_scheme="dark"))
        assert await flaws(page) == []
        await picture(page, "live-dark")
        await page.emulate_media(media="print", color_scheme="light")
        for gone in ("nav.places", ".who", "#sign", "nav.spans", "#print"):
            await expect(page.locator(gone).first).to_be_hidden()
        await expect(page.locator("tbody[data-order=window]")).to_be_visible()
        await picture(page, "live-print")
        assert (await page.pdf(format="A4")).startswith(b"%PDF")


#: Names that would run, if anything on the page or in its script let them.
PAYLOADS = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "<svg onload=alert(1)>",
    "'-alert(1)-'",
    '"><iframe srcdoc="<script>alert(1)</script>">',
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "<a href=javascript:alert(1)>x</a>",
]


def poison(house: House) -> None:
    """Give the first candidates of the award these names and units."""
    text = house.campaign.read_text("utf-8")
    for number, payload in enumerate(PAYLOADS, 1):
        line = re.search(rf'^.*code = "A{number:02d}".*$', text, re.MULTILINE)
        assert line is not None
        changed = re.sub(r'(name|name_en|unit) = "[^"]*"', rf"\1 = '''{payload} {number}'''", line[0])
        text = text.replace(line[0], changed)
    house.campaign.write_text(text, "utf-8")


async def test_names_with_scripts_are_only_shown(house: House, window: Window) -> None:
    poison(house)
    async with room(house, window) as staff:
        page = await window.open(staff, LIVE)
        alarms: list[str] = []
        page.on("dialog", lambda dialog: alarms.append(dialog.message))
        await loaded(page)
        await vote(staff.visitor, 3, "A03")
        await expect(page.locator("[data-t='window.A03.votes']")).to_have_text("3")
        await vote(staff.visitor, 1, "X99", 500)  # and drawn anew
        await expect(page.locator("[data-t='messages.unknown_code.all']")).to_have_text("1")
        for number, payload in enumerate(PAYLOADS, 1):
            await expect(page.locator(f"tr[data-code=A{number:02d}] .name")).to_have_text(
                f"{payload} {number}"
            )
        assert alarms == []
        assert await page.locator("main iframe, main img, main script").count() == 0


async def test_the_exports_page(house: House, window: Window) -> None:
    async with room(house, window) as staff:
        await vote(staff.visitor, 12)
        page = await window.open(staff, f"{LIVE}/exports")
        await picture(page, "exports-none")
        assert await flaws(page) == []
        await page.get_by_role("button", name="生成导出").click()
        await expect(page.locator(".working")).to_be_visible()
        await picture(page, "exports-working")
        await expect(page.locator(".build")).to_be_visible(timeout=30_000)
        assert await flaws(page) == []
        async with page.expect_download() as coming:
            await page.get_by_role("link", name="standings.csv").click()
        download = await coming.value
        assert download.suggested_filename.endswith("-standings.csv")
        await picture(page, "exports-1280")
        await page.set_viewport_size({"width": 390, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await picture(page, "exports-390")
