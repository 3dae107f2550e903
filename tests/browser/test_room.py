"""The committee's room in a browser: ruled by keyboard, agreed by two; what a voter writes does nothing."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, expect

from gateway.intake import journey
from gateway.intake.inbound import Form, Inbound
from gateway.intake.revise import Ruling
from gateway.people.roles import Role
from gateway.storage.store import Place
from tally import entry
from tally.outcome import Selection
from tests.browser.conftest import Window, flaws, give, picture
from tests.conftest import House, Staff, Visitor

CAMPAIGN = "beita-2018"
ROOM = f"/committee/{CAMPAIGN}"


async def send(
    visitor: Visitor, *said: tuple[str, str], form: Form = Form.TEXT, raw: bytes = b""
) -> list[Place]:
    """Messages by SMS: (number, text)."""
    running, source = visitor.service.campaigns[CAMPAIGN], visitor.service.sources["sim"]
    since = visitor.service.recorder.head(CAMPAIGN).size
    inbound = [Inbound(f"m{since + n}", *one, form, raw=raw) for n, one in enumerate(said)]
    prepared = [journey.prepare(source, one, visitor.house.clock.ms) for one in inbound]
    return [verdict.place for verdict in await visitor.service.recorder.submit(running, prepared)]


async def leaves(visitor: Visitor) -> list[entry.Leaf]:
    """What the committee has done, in order."""
    acts = [entry.read_leaf(one.stored.leaf) for one in await visitor.service.store.acts(CAMPAIGN)]
    return [leaf for leaf in acts if leaf.detail.get("by") in ("wang", "li")]


async def evening(visitor: Visitor) -> None:
    """One of everything that waits, among votes that count."""
    await send(visitor, *[(f"1391234{n:04d}", ("A01", "A02", "A03", "B01")[n % 4]) for n in range(40)])
    await send(visitor, ("13812340001", "不要A01，要A02"), ("13812340002", "A01-A03"))
    await send(visitor, *[(f"138123410{n:02d}", "1") for n in range(6)])
    await send(visitor, ("13812340003", "我投A88，谢谢！"), ("13812340004", "不投B01"))
    raw = b'{"from":"13812340013","text":"\xcd\xb6A01\xc6\xb1"}'
    await send(visitor, ("", "not_utf8"), form=Form.UNPARSED, raw=raw)
    await send(visitor, ("13812340005", "说是三号，听不清，可能是社保"), form=Form.SPOKEN)
    (place,) = await send(visitor, ("13812340006", "A05"))
    ruling = Ruling(
        "dispute", place, "op2", reason="entries_differ", selections=(Selection("window", "A06"),)
    )
    await visitor.service.recorder.revise(
        visitor.service.campaigns[CAMPAIGN], [ruling], visitor.house.clock.ms
    )


@asynccontextmanager
async def room(house: House, window: Window, *, busy: bool = True) -> AsyncIterator[tuple[Staff, Staff]]:
    """A server after a busy evening, and two members of its committee."""
    async with house.serve() as visitor:
        if busy:
            await evening(visitor)
            await visitor.server.board.refresh()
        wang = await visitor.sign_in(Role.COMMITTEE, "wang", name="王主任")
        yield wang, await visitor.sign_in(Role.COMMITTEE, "li", name="李委员")
        await window.leave()


PAGES = ["rulings", "acts", "records", "records/acts", "records/n1/50", "rulings/agree"]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", PAGES)
async def test_every_page_can_be_read_by_all(house: House, window: Window, path: str, width: int) -> None:
    async with room(house, window) as (wang, _):
        page = await window.open(wang, f"{ROOM}/{path}", width)
        await picture(page, f"{path.replace('/', '-')}-{width}")
        assert await flaws(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert window.asked == {page.url.split("/")[2]}


# ---- ruling by keyboard ---------------------------------------------------------------------------


async def press(page: Page, *keys: str) -> None:
    """Keys one after the other, each ruling answered before the next key."""
    for key in keys:
        if key == "Enter":
            async with page.expect_response(lambda answer: answer.request.method == "POST"):
                await page.keyboard.press(key)
            await expect(page.locator("#ruling")).not_to_have_attribute("aria-busy", "true")
        else:
            await page.keyboard.press(key)


async def test_everything_is_ruled_on_by_keyboard_alone(house: House, window: Window) -> None:
    async with room(house, window) as (wang, _):
        page = await window.open(wang, f"{ROOM}/rulings")
        decision = page.locator("#decision")
        await expect(decision).to_have_text("请先选择裁定。")
        await page.keyboard.press("2")  # 不要A01，要A02: count as the second that was seen
        await expect(decision).to_contain_text("计为 A02")
        await picture(page, "rulings-picked")
        await press(page, "Enter")
        await press(page, "r", "3", "Enter")  # A01-A03: reject, for the third reason
        await press(page, "c")  # 1, six times: it may be A01 or B01
        await page.keyboard.type("a01")
        await page.keyboard.press("Enter")
        await expect(decision).to_contain_text("计为 A01")
        await press(page, "a")
        await expect(decision).to_contain_text("共 6 条")
        await press(page, "Enter")
        await press(page, "r", "Enter")  # A88
        await press(page, "r", "1", "Enter")  # 不投B01
        await press(page, "r", "Enter")  # the bytes
        await press(page, "c")
        await page.keyboard.type("社保")
        await page.keyboard.press("Enter")  # what was typed is the candidate
        await expect(decision).to_contain_text("计为 A01")
        await press(page, "n")
        await page.keyboard.type("回电确认")
        await press(page, "Enter")
        await page.keyboard.press("2")  # two operators: the second entry
        await expect(decision).to_contain_text("计为 A06")
        await press(page, "k")  # or rather the first
        await expect(decision).to_contain_text("维持第一次登记")
        await picture(page, "rulings-disputed")
        await press(page, "Enter")
        await expect(page.locator("#waiting")).to_have_text("0")
        await expect(decision).to_contain_text("都已裁定")
        await picture(page, "rulings-ruled")
        done = await leaves(wang.visitor)
        told = [(leaf.detail["verdict"], leaf.detail["reason"]) for leaf in done]
        assert told == [
            ("count", "clear_to_a_person"),
            ("reject", "not_a_vote"),
            *[("count", "clear_to_a_person")] * 6,
            ("reject", "no_such_candidate"),
            ("reject", "no_clear_wish"),
            ("reject", "cannot_be_read"),
            ("count", "clear_to_a_person"),
            ("keep", "first_entry_right"),
        ]
        assert {(leaf.kind, leaf.detail["by"]) for leaf in done} == {("adjudicate", "wang")}
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("没有待裁定的消息。")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (640, 450)])
async def test_nothing_in_focus_lies_under_the_bar(
    house: House, window: Window, width: int, height: int
) -> None:
    under = """() => {
        const {top, bottom} = document.activeElement.getBoundingClientRect();
        const bar = document.querySelector('.decision');
        const on = (element) => element.contains(document.activeElement);
        return on(bar.parentElement) && !on(bar) && (top < 0 || bottom > bar.getBoundingClientRect().top);
    }"""
    async with room(house, window) as (wang, _):
        page = await window.open(wang, f"{ROOM}/rulings", width)
        await page.set_viewport_size({"width": width, "height": height})
        for key in "ncw":
            await page.evaluate("scrollTo(0, 0)")
            await page.keyboard.press(key)
            assert not await page.evaluate(under), key
            await page.keyboard.press("Escape")
        await page.locator(".docket a").first.focus()
        for stop in range(80):
            await page.keyboard.press("Tab")
            assert not await page.evaluate(under), stop


async def test_how_many_are_alike_follows_what_is_ruled(house: House, window: Window) -> None:
    """By oneself, by a colleague, and what came since: never refused for good."""
    window.expected.append("Failed to load resource: the server responded with a status of 409")
    async with room(house, window, busy=False) as (wang, li):
        await send(wang.visitor, *[(f"138123410{n:02d}", "1") for n in range(6)])
        page, theirs = [await window.open(one, f"{ROOM}/rulings") for one in (wang, li)]
        alike = page.locator(".alike")
        await expect(alike).to_contain_text("全部 6 条")
        await press(page, "r", "Enter")
        await expect(alike).to_contain_text("全部 5 条")
        await theirs.locator(".docket a").nth(1).click()
        await press(theirs, "r", "Enter")
        await press(page, "r", "Enter")  # the same one: it comes too late, and there is one less of it
        await expect(page.locator(".lost .row-state")).to_contain_text("已有人裁定")
        await expect(page.locator("#waiting")).to_have_text("4")
        await expect(alike).to_contain_text("全部 4 条")
        await send(wang.visitor, ("13812341009", "1"))
        await press(page, "r", "a", "Enter")
        await expect(page.locator("#decision")).to_contain_text("情况已经改变")
        await expect(alike).to_contain_text("全部 5 条")
        await press(page, "Enter")
        await expect(page.locator("#waiting")).to_have_text("0")
        assert len(await leaves(wang.visitor)) == 7


async def test_a_session_that_has_ended_takes_no_ruling_with_it(house: House, window: Window) -> None:
    window.expected.append("Failed to load resource: the server responded with a status of 40")
    async with room(house, window, busy=False) as (wang, _):
        await send(wang.visitor, ("13812340001", "不要A01"), ("13812340002", "不要B01"))
        page = await window.open(wang, f"{ROOM}/rulings")
        people = wang.visitor.server.people
        assert people is not None
        await people.sessions.end(wang.token)
        await page.locator(".docket a").nth(1).click()
        await press(page, "r", "n")
        await page.keyboard.type("回电无人")
        await press(page, "Enter", "Escape")
        await page.keyboard.press("Enter")
        link = page.locator("#decision a")
        await expect(link).to_have_attribute("href", "/signin")
        await expect(link).to_have_attribute("target", "_blank")
        await expect(page.get_by_label("备注", exact=False).first).to_have_value("回电无人")
        await picture(page, "rulings-signed-out")
        again = await wang.visitor.sign_in(Role.COMMITTEE, "wang", name="王主任")
        await give(page.context, wang.visitor.server.url, again.cookies)
        await page.keyboard.press("Enter")
        await expect(page.locator("#waiting")).to_have_text("1")
        (leaf,) = await leaves(wang.visitor)
        assert (leaf.detail["entry"], leaf.detail["verdict"]) == (3, "reject")


# ---- two people -----------------------------------------------------------------------------------


async def fill(page: Page, kind: str, reason: str, **fields: str) -> None:
    """Open an act's form, fill it in, and see what it will do."""
    act = page.locator("details.act", has=page.locator(f"input[name=kind][value={kind}]"))
    await act.locator("summary").click()
    for name, value in fields.items():
        box = act.locator(f"[name={name}]")
        kinds = await box.evaluate_all("all => all.map(one => one.type)")
        if kinds[0] == "radio":
            await act.locator(f"[name={name}][value={value}]").check()
        elif kinds[0].startswith("select"):
            await box.select_option(value)
        else:
            await box.fill(value)
    await act.locator("[name=reason]").select_option(reason)
    await act.get_by_role("button").click()


async def test_two_members_void_and_close(house: House, window: Window) -> None:
    async with room(house, window) as (wang, li):
        mine, theirs = await window.open(wang, f"{ROOM}/acts"), await window.open(li, f"{ROOM}/acts")
        await fill(mine, "void", "fraud", entries="2", release="no")
        await expect(mine.get_by_text("139****0000")).to_be_visible()
        await expect(mine.locator(".moved")).to_contain_text("−1")
        assert await flaws(mine) == []
        await picture(mine, "confirm-void")
        await mine.get_by_role("button", name="提出").click()
        await expect(mine.get_by_role("button", name="撤回")).to_be_visible()
        await expect(mine.get_by_role("button", name="同意")).to_have_count(0)
        assert await leaves(wang.visitor) == []

        await theirs.reload()
        assert await flaws(theirs) == []
        await picture(theirs, "proposal")
        await theirs.keyboard.press("y")
        assert await leaves(wang.visitor) == [], "nothing is in focus: no key agrees to anything"
        await theirs.keyboard.press("ArrowDown")
        await theirs.keyboard.press("y")
        await expect(theirs.get_by_text(re.compile("已写入账本：第 \\d+ 条"))).to_be_visible()
        await picture(theirs, "agreed")
        (void,) = await leaves(wang.visitor)
        assert (void.kind, void.detail["by"], void.detail["second"]) == ("void", "wang", "li")

        await mine.goto(mine.url.partition("?")[0])
        await fill(mine, "close", "vote_compromised", note="停电")
        await picture(mine, "confirm-close")
        await mine.get_by_role("button", name="提出").click()
        await mine.get_by_role("button", name="撤回").wait_for()
        await theirs.goto(theirs.url.partition("?")[0])
        await theirs.get_by_role("button", name="同意并执行").click()
        await expect(theirs.get_by_text(re.compile("已写入账本：第 \\d+ 条"))).to_be_visible(timeout=20_000)
        *_, close = await leaves(wang.visitor)
        assert (close.kind, close.detail["early"], close.detail["second"]) == ("close", True, "li")
        await expect(theirs.get_by_text("投票尚未开始，或已经结束。").first).to_be_attached()


async def test_one_member_withdraws_a_candidate(house: House, window: Window) -> None:
    async with room(house, window) as (wang, _):
        page = await window.open(wang, f"{ROOM}/acts", 390)
        await fill(page, "withdraw", "at_own_wish", candidate="window/A01")
        await picture(page, "confirm-withdraw-390")
        assert await flaws(page) == []
        await page.get_by_role("button", name="确认执行").click()
        await expect(page.get_by_text(re.compile("已写入账本：第 \\d+ 条"))).to_be_visible()
        (leaf,) = await leaves(wang.visitor)
        assert (leaf.kind, leaf.detail["candidate"]) == ("withdraw", "A01")


async def test_two_rule_where_the_campaign_asks_for_two(house: House, window: Window) -> None:
    house.edit(house.campaign, "adjudicators = 1", "adjudicators = 2")
    async with room(house, window, busy=False) as (wang, li):
        await send(wang.visitor, ("13812340001", "不要A01"), ("13812340002", "不要B01"))
        page = await window.open(wang, f"{ROOM}/rulings")
        await press(page, "1", "Enter")
        await press(page, "r", "Enter")
        assert await leaves(wang.visitor) == []
        theirs = await window.open(li, f"{ROOM}/rulings")
        await expect(theirs.locator(".row-state").first).to_contain_text("等待另一位成员同意")
        await theirs.goto(theirs.url.partition("?")[0] + "/agree")
        await picture(theirs, "agree")
        assert await flaws(theirs) == []
        await theirs.keyboard.press("ArrowDown")
        await theirs.keyboard.press("y")
        await expect(theirs.get_by_text("已同意并写入账本")).to_be_visible()
        await theirs.wait_for_load_state()  # the keys work once the script is there
        await theirs.keyboard.press("ArrowDown")
        await theirs.keyboard.press("x")
        await expect(theirs.get_by_text("已否决")).to_be_visible()
        (leaf,) = await leaves(wang.visitor)
        assert (leaf.kind, leaf.detail["verdict"], leaf.detail["second"]) == ("adjudicate", "count", "li")


# ---- what voters write ----------------------------------------------------------------------------

_CALL = "document.title='pwned'"
PAYLOADS = [
    f"<script>{_CALL}</script>",
    f"<ScRiPt>{_CALL}</sCrIpT>",
    f"</title><script>{_CALL}</script>",
    f"</textarea><script>{_CALL}</script>",
    f"</pre></blockquote><script>{_CALL}</script>",
    f'"><script>{_CALL}</script>',
    f"'><script>{_CALL}</script>",
    f"--><script>{_CALL}</script>",
    f"]]><script>{_CALL}</script>",
    f"<script/x>{_CALL}</script>",
    f"<script\n>{_CALL}</script>",
    f"<<script>{_CALL}//<</script>",
    f'<img src=x onerror="{_CALL}">',
    f"<img src=x onerror={_CALL}>",
    f"<img/src=x/onerror={_CALL}>",
    f"<img src=data:, onerror={_CALL}>",
    f"<svg onload={_CALL}>",
    f"<svg/onload={_CALL}>",
    f"<svg><script>{_CALL}</script></svg>",
    f"<svg><animate onbegin={_CALL} attributeName=x dur=1s>",
    f"<svg><a xlink:href=javascript:{_CALL}><text>A01</text></a></svg>",
    f"<math><mtext><script>{_CALL}</script>",
    f"<body onload={_CALL}>",
    f"<iframe src=javascript:{_CALL}></iframe>",
    f"<iframe srcdoc='<script>parent.{_CALL}</script>'></iframe>",
    f"<object data=javascript:{_CALL}></object>",
    f"<embed src=javascript:{_CALL}>",
    f"<details open ontoggle={_CALL}>",
    f"<input autofocus onfocus={_CALL}>",
    f"<select autofocus onfocus={_CALL}>",
    f"<video><source onerror={_CALL}></video>",
    f"<audio src=x onerror={_CALL}>",
    f"<marquee onstart={_CALL}>",
    f"<a href=javascript:{_CALL}>A01</a>",
    f"<form action=javascript:{_CALL}><button>A01</button></form>",
    f"<base href=javascript:{_CALL}//>",
    f"<meta http-equiv=refresh content='0;url=javascript:{_CALL}'>",
    f"<link rel=stylesheet href=javascript:{_CALL}>",
    f"<style>@import 'javascript:{_CALL}';</style>",
    f"<style>*{{background:url(javascript:{_CALL})}}</style>",
    f"<template><script>{_CALL}</script></template>",
    f"<noscript><p title='</noscript><script>{_CALL}</script>'>",
    f'" onmouseover={_CALL} x="',
    f"' onfocus={_CALL} autofocus x='",
    f"javascript:{_CALL}",
    f"&lt;script&gt;{_CALL}&lt;/script&gt;",
    f"&#60;script&#62;{_CALL}&#60;/script&#62;",
    f"\\u003cscript\\u003e{_CALL}\\u003c/script\\u003e",
    f"{{{{constructor.constructor('{_CALL}')()}}}}",
    f"${{{_CALL}}} {{% print({_CALL}) %}} ＜script＞{_CALL}＜/script＞ \u202e>tpircs<",
]


#: What none of our pages has in its middle, and some of these texts would be.
_ALIVE = "script, iframe, object, embed, svg, img, video, audio, style, base, marquee, [onload], [onerror]"


async def test_fifty_texts_that_would_be_scripts_are_texts(house: House, window: Window) -> None:
    assert len(PAYLOADS) == 50
    async with room(house, window, busy=False) as (wang, _):
        said = [(f"1381234{n:04d}", f"不要A01 {payload}") for n, payload in enumerate(PAYLOADS)]
        places = await send(wang.visitor, *said)
        page = await window.open(wang, f"{ROOM}/rulings")
        shown: set[str] = set()
        for path in ("rulings", f"rulings?after=1-{places[24].seq}", "records"):
            await page.goto(page.url.partition("/committee")[0] + f"{ROOM}/{path}")
            await asyncio.sleep(0.5)
            assert "pwned" not in await page.title()
            texts = await page.locator(".case blockquote, .found .words").all_text_contents()
            shown |= {text.replace("U+202E", "\u202e") for text in texts}
            if path == "rulings":
                await picture(page, "rulings-scripts")
            assert await page.locator("main").locator(_ALIVE).count() == 0
        assert {text for _, text in said} <= shown, "each is there, as it was sent"
        for place in places[::10]:
            await page.goto(page.url.partition("/committee")[0] + f"{ROOM}/records/n1/{place.seq}")
            assert "pwned" not in await page.title()


# ---- without a script, without a server -----------------------------------------------------------


async def test_it_works_without_a_script(house: House, window: Window) -> None:
    async with room(house, window) as (wang, _):
        page = await window.open(wang, f"{ROOM}/rulings", script=False)
        await picture(page, "rulings-noscript")
        await page.get_by_role("link", name="A01-A03").click()
        await page.get_by_label("不计", exact=False).first.check()
        await page.get_by_role("button", name="记录裁定").click()
        await expect(page.get_by_text("裁定已写入账本。")).to_be_visible()
        await page.get_by_label("计票", exact=False).first.check()
        await page.get_by_label("A02", exact=False).check()
        await page.get_by_role("button", name="记录裁定").click()
        done = [(leaf.detail["entry"], leaf.detail["verdict"]) for leaf in await leaves(wang.visitor)]
        assert done[-2:] == [(43, "reject"), (42, "count")]


async def test_a_ruling_that_got_lost_is_made_again_and_not_twice(house: House, window: Window) -> None:
    window.expected += ["Failed to load resource: net::ERR_", "Failed to load resource: the server responded"]
    async with room(house, window, busy=False) as (wang, _):
        await send(wang.visitor, ("13812340001", "不要A01"), ("13812340002", "不要B01"))
        page = await window.open(wang, f"{ROOM}/rulings")
        away: list[str] = []

        async def lose(route: object) -> None:
            """The server records it, and the answer is lost on its way."""
            away.append("lost")
            await route.fetch()  # type: ignore[attr-defined]
            await route.abort()  # type: ignore[attr-defined]

        await page.route("**/rulings", lose, times=1)
        await page.keyboard.press("1")
        await page.keyboard.press("Enter")
        await expect(page.locator("#decision")).to_contain_text("没有连上服务器")
        await press(page, "Enter")
        await expect(page.locator(".lost .row-state")).to_contain_text("已有人裁定")
        assert len(await leaves(wang.visitor)) == 1
        assert away == ["lost"]


async def test_a_number_is_told_once_to_whoever_says_why(house: House, window: Window) -> None:
    async with room(house, window) as (wang, _):
        page = await window.open(wang, f"{ROOM}/rulings")
        await page.keyboard.press("v")
        await page.locator("#reveal select").select_option("complaint")
        await picture(page, "reveal")
        await page.locator("#reveal button").click()
        await expect(page.locator("#told")).to_contain_text("+8613812340001")
        (leaf,) = await leaves(wang.visitor)
        assert (leaf.kind, leaf.detail["reason"]) == ("reveal", "complaint")
        await page.locator(".docket a").nth(1).click()
        assert "13812340001" not in await page.content()
        await page.go_back()
        assert "13812340001" not in await page.content()


async def test_the_keys_can_be_seen_and_switched_off(house: House, window: Window) -> None:
    async with room(house, window) as (wang, _):
        page = await window.open(wang, f"{ROOM}/rulings", locale="en")
        await page.keyboard.press("?")
        await expect(page.locator("#help")).to_be_visible()
        await picture(page, "help-en")
        assert await flaws(page) == []
        await page.get_by_label("Use these keys").uncheck()
        await page.keyboard.press("Escape")
        await page.reload()
        await page.keyboard.press("1")
        await expect(page.locator("#decision")).to_have_text("Choose a ruling first.")
