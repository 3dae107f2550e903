"""Signing in and accounts in a browser: by keyboard, without scripts, at both widths, and readable by all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, expect

from gateway.people.roles import Role
from tests.browser.conftest import Window, flaws, picture
from tests.conftest import House, Staff, Visitor

PASSWORD = "每天八点开门的窗口"
#: Chromium complains of an answer that is to be.
REFUSED = "Failed to load resource: the server responded with a status of 40"


@asynccontextmanager
async def office(house: House, window: Window) -> AsyncIterator[tuple[Visitor, Staff]]:
    """A server with some people, and its administrator."""
    house.edit(house.settings, "[accounts]", '[accounts]\nhashing = "small"')
    async with house.serve() as visitor:
        chief = await visitor.sign_in(Role.ADMINISTRATOR, "wang-fang", name="王芳")
        people = visitor.server.people
        assert people is not None
        for login, name, role in (
            ("li-na", "李娜", Role.OPERATOR),
            ("zhao-lei", "赵磊", Role.COMMITTEE),
            ("chen-jing", "陈静", Role.OBSERVER),
        ):
            await people.accounts.add(login, name, role, (), by="wang-fang")
        await people.accounts.disable("chen-jing", by="wang-fang")
        yield visitor, chief
        await window.leave()


async def link(visitor: Visitor, login: str) -> str:
    assert visitor.server.people is not None
    account = await visitor.server.people.accounts.named(login)
    return "/welcome/" + await visitor.server.people.accounts.renew(account)


def nobody(visitor: Visitor) -> Staff:
    """A browser in which nobody is signed in."""
    return Staff(visitor, Role.OBSERVER, "nobody", "none")


async def fits(page: Page) -> bool:
    """Whether nothing is wider than the window."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


async def typed(page: Page, *keys: str) -> None:
    """What is typed, with a key between, once the page has put the cursor into its first field."""
    await expect(page.locator("[autofocus]")).to_be_focused()
    for key in keys:
        if key in ("Tab", "Enter"):
            await page.keyboard.press(key)
        else:
            await page.keyboard.type(key)


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no scripts"])
async def test_from_the_link_to_signing_in_again_by_keyboard_alone(
    house: House, window: Window, script: bool
) -> None:
    window.expected += [REFUSED]
    async with office(house, window) as (visitor, _):
        page = await window.open(nobody(visitor), await link(visitor, "zhao-lei"), script=script)
        await expect(page.locator("h1")).to_have_text("欢迎，赵磊")
        await page.locator("#password").focus()  # where autofocus has put it, if scripts may run
        await typed(page, PASSWORD, "Tab", PASSWORD, "Enter")
        await expect(page).to_have_url(f"{visitor.server.url}/committee/beita-2018")
        await page.get_by_role("button", name="退出").press("Enter")
        await expect(page.get_by_role("status").filter(has_text="已退出登录")).to_be_visible()
        await page.locator("#login").focus()
        await typed(page, "zhao-lei", "Tab", "not the password", "Enter")
        await expect(page.get_by_role("alert")).to_contain_text("账号或密码不正确")
        await page.locator("#password").focus()
        await typed(page, PASSWORD, "Enter")
        await expect(page).to_have_url(f"{visitor.server.url}/committee/beita-2018")


async def test_no_other_language_is_offered_while_something_is_typed(house: House, window: Window) -> None:
    async with office(house, window) as (_, chief):
        page = await window.open(chief, "/people")
        langs, name = page.get_by_role("button", name="English"), page.get_by_label("姓名")
        role = page.get_by_label("接线员")
        await expect(langs).to_be_visible()
        await name.fill("周")
        await expect(langs).to_be_hidden()
        await name.fill("")
        await expect(langs).to_be_visible()
        await role.check()
        await expect(langs).to_be_hidden()
        await page.reload()
        await langs.click()
        await expect(page.get_by_label("Name", exact=True)).to_have_value("")


async def test_a_new_person(house: House, window: Window) -> None:
    async with office(house, window) as (_, chief):
        page = await window.open(chief, "/people")
        await page.get_by_label("姓名").fill("周敏")
        await page.get_by_label("账号", exact=True).fill("zhou-min")
        await page.get_by_label("接线员").check()
        await page.get_by_role("button", name="添加并生成链接").click()
        shown = await page.get_by_label("一次性链接").input_value()
        await picture(page, "link")
        other = await window.open(nobody(chief.visitor), shown.removeprefix(chief.visitor.server.url))
        await expect(other.locator("h1")).to_have_text("欢迎，周敏")
        await page.get_by_role("link", name="返回人员账号").click()
        row = page.get_by_role("row", name="周敏")
        await expect(row).to_contain_text("待设置密码")
        await row.get_by_role("link").click()
        await page.get_by_role("button", name="停用").click()
        await expect(page.get_by_role("status")).to_contain_text("账号已停用")
        await expect(page.get_by_role("row", name="周敏")).to_contain_text("已停用")


@pytest.mark.parametrize(
    ("width", "scheme", "lang"), [(390, "light", "en"), (390, "dark", "zh"), (1280, "light", "zh")]
)
async def test_every_page_can_be_read_by_all(
    house: House, window: Window, width: int, scheme: str, lang: str
) -> None:
    window.expected += [REFUSED]
    async with office(house, window) as (visitor, chief):
        welcome, found = await link(visitor, "li-na"), []
        for who, path, name in (
            (nobody(visitor), "/signin", "signin"),
            (nobody(visitor), welcome, "welcome"),
            (nobody(visitor), "/welcome/used", "link-gone"),
            (chief, "/people", "people"),
            (chief, "/people/zhao-lei", "person"),
            (chief, "/account", "account"),
            (chief, "/committee/beita-2018", "refused"),
        ):
            page = await window.open(who, f"{path}?lang={lang}", width, color_scheme=scheme)
            await picture(page, f"{name}-{lang}-{width}-{scheme}")
            found += [f"{name}: {flaw}" for flaw in await flaws(page)]
            if not await fits(page):
                found.append(f"{name}: wider than {width}")
            await page.context.close()
        assert found == []


async def test_the_page_of_the_second_factor(house: House, window: Window) -> None:
    async with office(house, window) as (visitor, _):
        page = await window.open(nobody(visitor), await link(visitor, "zhao-lei"))
        await typed(page, PASSWORD, "Tab", PASSWORD, "Enter")
        await expect(page).to_have_url(f"{visitor.server.url}/committee/beita-2018")
        await page.goto(f"{visitor.server.url}/account")
        await page.locator("#second-current").fill(PASSWORD)
        await page.get_by_role("button", name="启用第二重验证").click()
        await expect(page.get_by_role("img", name="二维码")).to_be_visible()
        box = await page.locator("svg.qr").bounding_box()
        assert box is not None
        assert box["width"] > 150
        assert await flaws(page) == []
        await picture(page, "second")
