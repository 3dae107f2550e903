"""A real browser: Debian's Chromium, which may ask nobody but the server under test, and may not complain."""

import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, Route, ViewportSize, async_playwright, expect

from tests.conftest import Staff

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --force-color-profile=srgb""".split()

#: A busy machine may take its time; what is expected at all is expected soon on any other.
expect.set_options(timeout=20_000)

#: A folder for pictures of the pages, if anybody wants to look at them.
PICTURES = os.environ.get("PICTURES", "")


@dataclass
class Window:
    """A browser. Whatever its pages complain of, or ask of others, is a failure when the test ends.

    `expected` are beginnings of complaints that the test brings about itself: a server that is away.
    """

    browser: Browser
    expected: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    async def open(
        self, staff: Staff, path: str, width: int = 1280, *, script: bool = True, **options: Any
    ) -> Page:
        """A page as somebody who is signed in sees it, in a browser of its own."""
        return await self.visit(
            staff.visitor.server.url, path, staff.cookies, width, script=script, **options
        )

    async def visit(
        self,
        url: str,
        path: str,
        cookies: Mapping[str, str] = {},
        width: int = 1280,
        *,
        script: bool = True,
        **options: Any,
    ) -> Page:
        """A page of the server at `url`, in a browser of its own that has these cookies."""
        context = await self.browser.new_context(
            viewport=ViewportSize(width=width, height=900),
            java_script_enabled=script,
            **{"locale": "zh-CN", **options},
        )
        await give(context, url, cookies)
        await context.route("**/*", self._only_ours(urlsplit(url).netloc))
        page = await context.new_page()
        page.on(
            "console", lambda said: self._complain(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: self._complain(str(error)))
        await page.goto(url + path)
        return page

    async def leave(self) -> None:
        """Close every page, before its server goes: a page that is open would miss it."""
        for context in self.browser.contexts:
            await context.close()

    def _only_ours(self, host: str) -> Any:
        async def handle(route: Route) -> None:
            asked = urlsplit(route.request.url)
            self.asked.add(asked.netloc)
            if asked.netloc == host:
                await route.continue_()
            else:
                self.complaints.append(f"asked of somebody else: {asked.netloc}")
                await route.abort()

        return handle

    def _complain(self, text: str) -> None:
        if not text.startswith(tuple(self.expected)):
            self.complaints.append(text)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Where the browser is."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed: apt-get install chromium fonts-wqy-microhei")
    return CHROMIUM


@pytest.fixture
async def window(chromium: Path) -> AsyncIterator[Window]:
    """A browser for one test."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        opened = Window(browser)
        try:
            yield opened
        finally:
            await browser.close()
        assert opened.complaints == []


async def flaws(page: Page) -> list[str]:
    """What axe finds on a page that is serious or worse."""
    found = await Axe().run(page)
    return [
        f"{one['id']}: {node['html'][:200]}"
        for one in found.response["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


async def give(context: BrowserContext, url: str, cookies: Mapping[str, str]) -> None:
    """Give a browser the cookies of somebody who is signed in at `url`."""
    await context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])


async def picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page, if somebody asked for pictures."""
    if PICTURES:
        target = Path(PICTURES) / f"{name}.png"
        await page.screenshot(path=target, full_page=True)
