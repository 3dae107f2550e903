"""The desk and a server that is killed: between Enter and the answer, and at any other moment."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from gateway import setup
from tests.browser.conftest import Window
from tests.browser.test_desk import BROKEN, Line, Operator
from tests.desk.hands import HOME
from tests.gateway.test_process import Running

PASSWORD = "一句 很长 的 测试 口令 and more"


@asynccontextmanager
async def process(folder: Path) -> AsyncIterator[Running]:
    """A served folder that keeps its address when it is started again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    now = datetime.now(UTC)
    dates = setup.Dates(now - timedelta(hours=1), now + timedelta(hours=1))
    setup.write(folder, dates, f"127.0.0.1:{port}")
    running = Running(folder)
    await running.start()
    try:
        yield running
    finally:
        if running.process is not None and running.process.returncode is None:
            await running.end(signal.SIGKILL)


async def sit_down(running: Running, window: Window) -> Page:
    """A new operator, from the link to the desk."""
    code, told = await running.command(
        "users", "add", "wang", "--name", "王芳", "--role", "operator", "--json"
    )
    assert code == 0, told
    page = await window.visit(
        running.url, "/" + json.loads(told)["link"].partition("//")[2].partition("/")[2]
    )
    await page.locator("#password").fill(PASSWORD)
    await page.locator("#again").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(running.url + HOME)
    await expect(page.locator("#caller")).to_be_focused()
    return page


async def counted(page: Page, calls: int) -> None:
    await expect(page.locator("#latest .good")).to_have_count(calls, timeout=20_000)
    await expect(page.locator("#queue")).to_be_hidden(timeout=20_000)


@pytest.mark.parametrize("arrives", [True, False])
async def test_killed_between_enter_and_the_answer(tmp_path: Path, window: Window, arrives: bool) -> None:
    window.expected.append(BROKEN)
    async with process(tmp_path / "var") as running:
        page = await sit_down(running, window)
        wang = Operator(page, None)  # type: ignore[arg-type]
        line = Line()
        await line.lay(page)
        await wang.call("13800138000", "a1")
        await wang.sees("已计票", "good")
        killed = asyncio.Event()

        async def kill(route: Route) -> None:
            if not killed.is_set():
                if arrives:
                    await route.fetch()
                await running.end(signal.SIGKILL)
                killed.set()
            await route.abort()

        line.cut = kill
        await wang.call("13800138001", "a2")
        await wang.sees("已存在本机，等待重送", "wait")
        await wang.call("13800138002", "a3")
        await expect(page.locator("#queue")).to_contain_text("未送出 2")
        assert running.recorded() == (2 if arrives else 1)
        line.cut = None
        await running.start()
        await counted(page, 3)
        assert await wang.kept() == []
        assert await running.end(signal.SIGTERM) == 0
        assert running.recorded() == 3
        for words in (("verify",), ("recount",)):
            code, told = await running.command(*words)
            assert code == 0, told
        await window.leave()


async def test_killed_again_and_again_while_calls_come(tmp_path: Path, window: Window) -> None:
    """Twelve calls, four kills at whatever moment: each call is on record once."""
    window.expected.append(BROKEN)
    async with process(tmp_path / "var") as running:
        page = await sit_down(running, window)
        wang = Operator(page, None)  # type: ignore[arg-type]
        for number in range(12):
            if number % 3 == 1:
                ending = asyncio.create_task(running.end(signal.SIGKILL))
                await wang.call(f"1380013{number:04}", "a1")
                await ending
                await running.start()
            else:
                await wang.call(f"1380013{number:04}", "a1")
        # The queue is also hidden while the last call is on its way for the first time.
        await expect(page.locator("#latest .good", has_text="0011")).to_be_visible(timeout=40_000)
        await expect(page.locator("#queue")).to_be_hidden()
        await expect(page.locator("#latest .good")).to_have_count(8)  # as many as are listed
        assert await wang.kept() == []
        assert await running.end(signal.SIGTERM) == 0
        assert running.recorded() == 12
        await window.leave()
