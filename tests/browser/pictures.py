"""The pictures in docs/img, made anew: `make pictures`. The demo's campaign is served, and looked at.

It takes three minutes, for a chart of votes a minute needs some.
"""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from aiohttp import ClientSession
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, async_playwright
from yarl import URL

from gateway import clock, setup
from gateway.demo import people, play, traffic
from gateway.demo.people import Person
from gateway.demo.traffic import ZONE, Played
from gateway.people.roles import Role
from tally.outcome import MessageOutcome as O
from tests.browser.conftest import ARGUMENTS, CHROMIUM

IMAGES: Final = Path(__file__).parents[2] / "docs/img"
_SECONDS: Final = 150
_CAMPAIGN: Final = setup.CAMPAIGN
_WIDE, _NARROW, _HIGH = 1280, 390, 960


async def main() -> None:
    """Serve, vote, look."""
    now = datetime.fromtimestamp(clock.now_ms() // 1000, ZONE)
    with tempfile.TemporaryDirectory(prefix="televote-pictures-") as folder:
        dates = setup.Dates(now - timedelta(hours=1), now + timedelta(days=11))
        settings = setup.write(Path(folder) / "var", dates, "127.0.0.1:0", play.arranged)
        async with play.serving(settings) as url, AsyncExitStack() as stack:
            staff = {
                role: await stack.enter_async_context(people.signed_in(settings, url, login, name, role))
                for login, name, role in (*play.PEOPLE[:2], ("observer", "陈静", Role.OBSERVER),
                                          ("it", "周敏", Role.ADMINISTRATOR))
            }  # fmt: skip
            await _vote(settings.parent, url, staff[Role.OPERATOR])
            playwright = await stack.enter_async_context(async_playwright())
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            await _look(browser, url, staff)
            await browser.close()


async def _vote(folder: Path, url: str, operator: Person) -> None:
    played, opens_ms = Played(), clock.now_ms()
    async with ClientSession() as session:
        votes = [vote for vote in traffic.votes(_SECONDS) if vote.expected not in (O.EARLY, O.LATE)]
        sending = [traffic.send(session, folder, url, opens_ms, vote, played) for vote in votes]
        await asyncio.gather(people.take_calls(operator, played), *sending)


async def _look(browser: Browser, url: str, staff: dict[Role, Person]) -> None:
    room = f"/committee/{_CAMPAIGN}"
    await _take(browser, url, None, "/", "page")
    await _take(browser, url, None, "/signin", "signin")
    for width in (_WIDE, _NARROW):
        await _take(browser, url, None, f"/vote/{_CAMPAIGN}", "vote", width)
    for width in (_WIDE, _NARROW):
        await _desk(browser, url, staff[Role.OPERATOR], width)
        await _take(browser, url, staff[Role.COMMITTEE], room, "live", width)
        await _take(browser, url, staff[Role.COMMITTEE], f"{room}/rulings", "rulings", width)
    await _take(browser, url, staff[Role.OPERATOR], f"/operator/{_CAMPAIGN}/upload", "upload")
    await _confirm(browser, url, staff[Role.COMMITTEE])
    for path, name in (
        ("acts", "acts"),
        ("records", "records"),
        ("records/n1/9", "message"),
        ("exports", "exports"),
    ):
        await _take(browser, url, staff[Role.COMMITTEE], f"{room}/{path}", name)
    await _take(browser, url, staff[Role.OBSERVER], f"/observer/{_CAMPAIGN}", "observer")
    await _take(browser, url, staff[Role.ADMINISTRATOR], "/people", "people")
    await _take(browser, url, staff[Role.ADMINISTRATOR], "/account", "account")


async def _desk(browser: Browser, url: str, operator: Person, width: int) -> None:
    """A call that has just been recorded, and the next one ready to be read back."""
    context, page = await _open(browser, url, operator, f"/operator/{_CAMPAIGN}", width)
    for number, finish in ((f"139{width:08d}", True), (f"137{width:08d}", False)):
        await page.keyboard.type(number)
        await page.keyboard.press("Enter")
        for code in ("A03", "B07"):
            await page.keyboard.type(code)
            await page.keyboard.press("Enter")
        if finish:
            await page.keyboard.press("Enter")
            await page.wait_for_timeout(800)
    await _keep(page, "desk", width)
    await context.close()


async def _confirm(browser: Browser, url: str, member: Person) -> None:
    """What voiding a caller's votes would do."""
    context, page = await _open(browser, url, member, f"/committee/{_CAMPAIGN}/acts", _WIDE)
    form = page.locator("form:has(input[name=kind][value=void])")
    await page.locator("details:has(input[name=kind][value=void]) > summary").click()
    await form.locator("input[name=number]").fill(people.BOUGHT)
    await form.locator("input[name=release][value=no]").check()
    await form.locator("[name=reason]").first.select_option("fraud")
    await form.locator("button").click()
    await page.wait_for_url("**/acts/review")
    await _keep(page, "confirm", _WIDE)
    await context.close()


async def _take(
    browser: Browser, url: str, person: Person | None, path: str, name: str, width: int = _WIDE
) -> None:
    context, page = await _open(browser, url, person, path, width)
    await page.wait_for_timeout(1500)
    await _keep(page, name, width)
    await context.close()


async def _open(
    browser: Browser, url: str, person: Person | None, path: str, width: int
) -> tuple[BrowserContext, Page]:
    context = await browser.new_context(viewport=ViewportSize(width=width, height=_HIGH), locale="zh-CN")
    if person is not None:
        cookies = person.session.cookie_jar.filter_cookies(URL(url))
        await context.add_cookies(
            [{"name": one.key, "value": one.value, "url": url} for one in cookies.values()]
        )
    page = await context.new_page()
    await page.goto(url + path)
    return context, page


async def _keep(page: Page, name: str, width: int) -> None:
    narrow = "" if width == _WIDE else f"-{width}"
    await page.screenshot(path=IMAGES / f"{name}{narrow}.png")


if __name__ == "__main__":
    asyncio.run(main())
