"""Nominations over a real server: entered, endorsed, given codes, published, frozen."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from config import load
from gateway.pages.words_nominations import REFUSED, WORDS
from gateway.people.roles import Role
from tests.conftest import OPENS_MS, Answer, House
from tests.nominations.papers import (
    CAMPAIGN,
    DEEDS,
    LIST,
    PHONE,
    STARS,
    WINDOW,
    WINDOWS,
    before,
    clerk,
    endorsed,
    entered,
    hand_in,
    png,
)
from tests.pages.reading import Page

ENGINES = ("sqlite", "postgresql")


async def test_from_the_form_to_the_campaign_file(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        window, star = await entered(wang), await entered(wang, STARS, aliases="小李；李姐")
        assert "待推荐单位意见" in (await wang.get(f"{window}?lang=zh")).text
        await endorsed(wang, window)
        assert (
            await endorsed(wang, star, code="Ｂ07") if False else await endorsed(wang, star)
        ).status == 303
        page = (await wang.get(f"{WINDOWS}?lang=zh")).text
        assert '<span class="code">A13</span>' not in page
        assert "A01" in page
        assert "已批准" in page
        assert (await wang.post(f"/committee/{CAMPAIGN}/roster", contest="window")).location.endswith(
            "done=roster"
        )
    campaign = load.campaign(house.campaign)
    assert [(one.code, one.name, one.unit, one.keypad) for one in campaign.contests[0].candidates] == [
        ("A01", "社保服务窗口", "区人社局", "101")
    ]
    (one,) = campaign.contests[1].candidates
    assert (one.code, one.keypad, one.aliases) == ("B01", "201", ("小李", "李姐"))
    async with house.serve() as visitor:  # restarted, with the roster
        wang = await clerk(visitor)
        assert "与已批准的一致" in (await wang.get(f"{WINDOWS}?lang=zh")).text


@pytest.mark.on_sqlite
async def test_a_roster_that_lacks_a_contest_names_it(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        await endorsed(wang, await entered(wang))
        for lang, name in (("zh", "最美服务明星"), ("en", "Service Star")):
            refused = await wang.post(f"/committee/{CAMPAIGN}/roster?lang={lang}")
            assert Page(refused.text).all("p", class_="notice bad", role="alert")
            assert (refused.status, name in Page(refused.text).text) == (409, True)


@pytest.mark.on_sqlite
async def test_personal_data_is_for_the_committee_alone(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        window, star = await entered(wang), await entered(wang, STARS)
        await endorsed(wang, window)
        await endorsed(wang, star)
        await wang.post(f"/committee/{CAMPAIGN}/roster")
        for role in (Role.OBSERVER, Role.PANEL, Role.OPERATOR, Role.ADMINISTRATOR):
            other = await visitor.sign_in(role)
            assert (await other.get(window)).status == 403, role
        assert (await visitor.get(window))[0] != 200 or PHONE not in (await visitor.get(window))[1]
        listed = (await wang.get(WINDOWS)).text
        assert PHONE not in listed
        assert PHONE in (await wang.get(window)).text
    async with house.serve() as visitor:
        status, public = await visitor.get(f"/campaigns/{CAMPAIGN}/candidates/star/B01?lang=zh")
        assert status == 200
        assert "窗口工作十年" in public
        for secret in (PHONE, "中共党员", "汉族", "35", "科员", DEEDS[:20]):
            assert secret not in public.partition("<main")[2], secret
        assert "candidates/star/B01" in (await visitor.get(f"/campaigns/{CAMPAIGN}"))[1]
    for file in house.folder.glob("televote.db*"):
        raw = file.read_bytes()
        assert "社保服务窗口".encode() in raw or file.suffix != ".db"
        for secret in (PHONE, "中共党员", "张三"):
            assert secret.encode() not in raw, "sealed at rest"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("phone", "很长", "不是电话号码"),
        ("phone", "138 1234 0000，0739-5169909", ""),
        ("phone", "１３８１２３４００００", ""),
        ("deeds", DEEDS * 30, "超过 20000 字"),
        ("summary", "请打 138-1234-0000", "似有电话"),
        ("name", "", "没有填写"),
        ("name", "窗\x07口", "不可见字符"),
        ("name", "社保\u202e窗口", "“社保窗口”旁有不可见字符 U+202E"),
        ("unit", "区人\u200b社局", "不可见字符 U+200B"),
        ("aliases", "社保\u2066窗", "不可见字符 U+2066"),
        ("deeds", DEEDS + "\n第二段\u200d", "不可见字符 U+200D"),
        ("deeds", DEEDS + "\n\u3000\u3000第二段，有\t空白", ""),
    ],
)
async def test_what_a_field_may_not_hold(house: House, key: str, value: str, said: str) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        answer = await wang.post(f"{WINDOWS}?lang=zh", **{**WINDOW, key: value})
        assert answer.status == (422 if said else 303), answer.text[-3000:]
        assert said in answer.text
        if said:
            assert answer.text.count('aria-invalid="true"') == 1
            assert "还没有申报" in (await wang.get(f"{WINDOWS}?lang=zh")).text, "nothing is kept"


@pytest.mark.parametrize("value", [DEEDS[:999], ""])
async def test_deeds_of_a_thousand_characters(house: House, value: str) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        one = await entered(wang, deeds=value)
        page = (await wang.get(f"{one}?lang=zh")).text
        assert ("只有 999 字" if value else "没有填写") in page
        assert (await endorsed(wang, one, "unit")).status == 409, "not endorsed before it is complete"
        await wang.post(one, **{**WINDOW, "deeds": DEEDS[:1000]})
        assert (await endorsed(wang, one, "unit")).status == 303


async def test_endorsements_come_in_turn_and_lapse_when_the_form_changes(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        one = await entered(wang)
        assert "之前的意见还没有都同意" in (await endorsed(wang, one, "department")).text
        assert "晚于今天" in (await endorsed(wang, one, "unit", on="2018-06-02")).text
        refused = Page((await endorsed(wang, one, "unit", ruling="return")).text)
        assert "须说明理由" in refused.text
        assert refused.all("a", href="#note"), "said at the top of a long page, too"
        assert refused.all("textarea", id="note", aria_invalid="true")
        assert (await endorsed(wang, one, "unit", ruling="return", note="缺照片")).status == 303
        assert "退回补正" in (await wang.get(f"{one}?lang=zh")).text
        await endorsed(wang, one, "unit", "department")
        assert "早于上一级" in (await endorsed(wang, one, "committee", on="2018-05-31")).text
        await endorsed(wang, one, "committee")
        assert ">A01<" in (await wang.get(one)).text
        await wang.post(one, **{**WINDOW, "summary": "换一个简介。", "name_en": "Insurance"})
        assert "已批准" in (await wang.get(f"{one}?lang=zh")).text, "for publication: endorsements hold"
        await wang.post(one, **{**WINDOW, "leader": "李四 主任"})
        page = (await wang.get(f"{one}?lang=zh")).text
        assert page.count("此意见已作废") == 3
        assert "待推荐单位意见" in page
        await endorsed(wang, one)
        assert ">A01<" in (await wang.get(one)).text, "it keeps its code"


def shown(page: Answer) -> list[str]:
    """Which version each form of a page is of."""
    return [field["value"] for field in Page(page.text).all("input", name="seen")]


async def test_what_others_changed_meanwhile_is_neither_endorsed_nor_overwritten(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        one = await entered(wang)
        (seen, also) = [
            field["value"] for field in Page((await wang.get(one)).text).all("input", name="seen")
        ]
        assert seen == also
        assert (await wang.post(one, **{**WINDOW, "leader": "李四 主任"}, seen=seen)).status == 303
        stale = await endorsed(wang, one, "unit", seen=seen)
        assert stale.status == 409
        assert "别人改了这份申报" in stale.text
        lost = await wang.post(f"{one}?lang=zh", **{**WINDOW, "leader": "赵六 主任"}, seen=seen)
        assert lost.status == 409
        assert "赵六 主任" in lost.text, "what was typed is kept"
        page = await wang.get(one)
        assert "李四 主任" in page.text
        now, _ = shown(page)
        assert (await endorsed(wang, one, "unit", seen=now)).status == 303
        assert (await wang.post(one, **{**WINDOW, "leader": "赵六 主任"}, seen=now)).status == 303


@pytest.mark.on_sqlite
async def test_a_code_is_never_given_twice(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        first, second, third = [await entered(wang, name=f"窗口{n}") for n in "甲乙丙"]
        await endorsed(wang, first, "unit", "department")
        await endorsed(wang, first, "committee", code="Ａ05")
        assert ">A05<" in (await wang.get(first)).text
        await endorsed(wang, second, "unit", "department")
        assert "编码已经用过" in (await endorsed(wang, second, "committee", code="A05")).text
        assert "不在本项目的范围" in (await endorsed(wang, second, "committee", code="B01")).text
        await endorsed(wang, second, "committee")
        assert ">A01<" in (await wang.get(second)).text
        assert (await wang.post(f"{second}/code", code="A02")).status == 303
        await endorsed(wang, third)
        assert ">A03<" in (await wang.get(third)).text, "A01 stays used, although it was changed"
        await wang.post(f"{first}/withdraw", reason="单位撤回")
        assert "编码已经用过" in (await wang.post(f"{third}/code?lang=zh", code="A05")).text
    with closing(sqlite3.connect(house.database)) as db:
        add = "INSERT INTO nomination_codes (campaign, code, nomination, by, at_ms) VALUES (?, ?, ?, ?, ?)"
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(add, (CAMPAIGN, "A01", 1, "", 0))


@pytest.mark.on_sqlite
async def test_two_at_once_get_two_codes(house: House) -> None:
    async with before(house).serve() as visitor:
        wang, li = await clerk(visitor), await clerk(visitor, "li")
        ones = [await entered(wang, name=f"窗口{n}") for n in range(6)]
        for one in ones:
            await endorsed(wang, one, "unit", "department")
        await asyncio.gather(
            *(endorsed(who, one, "committee") for who, one in zip([wang, li] * 3, ones, strict=True))
        )
        with closing(sqlite3.connect(house.database)) as db:
            assert sorted(code for (code,) in db.execute("SELECT code FROM nomination_codes")) == [
                f"A0{n}" for n in range(1, 7)
            ]


async def test_one_name_of_one_unit_is_one(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        await entered(wang)
        again = await wang.post(f"{WINDOWS}?lang=zh", **{**WINDOW, "name": " 社保服务 窗口"})
        assert again.status == 409
        assert "已经申报" in again.text
        await entered(wang, unit="另一单位")
        assert (await wang.get(f"{WINDOWS}?lang=zh")).text.count("同名") == 2


async def test_once_the_vote_opens_nothing_changes(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        one = await entered(wang)
        await endorsed(wang, one, "unit")
        house.clock.ms = OPENS_MS
        wang = await clerk(visitor)
        for path, fields in (
            (WINDOWS, WINDOW | {"name": "另一个"}),
            (one, WINDOW),
            (f"{one}/endorse", {"stage": "department", "ruling": "agree", "who": "某", "on": "2018-06-01"}),
            (f"{one}/withdraw", {"reason": "x"}),
            (f"/committee/{CAMPAIGN}/roster", {}),
        ):
            answer = await wang.post(f"{path}?lang=zh", **fields)
            assert answer.status == 409, path
            assert "投票已开始" in answer.text
        assert (await hand_in(wang, f"{one}/files", png(), "a.png", kind="portrait")).status == 409


@pytest.mark.on_sqlite
async def test_a_damaged_record_is_told(house: House) -> None:
    async with before(house).serve() as visitor:
        one = await entered(await clerk(visitor))
    with closing(sqlite3.connect(house.database, isolation_level=None)) as db:
        db.execute("UPDATE nomination_versions SET fields = replace(fields, '先进', '落后')")
    async with house.serve() as visitor:
        answer = await (await clerk(visitor)).get(f"{one}?lang=zh")
        assert answer.status == 409
        assert "与保存时不同" in answer.text


async def test_nobody_is_found_at_a_wrong_address(house: House) -> None:
    async with before(house).serve() as visitor:
        wang = await clerk(visitor)
        one = await entered(wang)
        number = one.rpartition("/")[2]
        for path in (
            f"{STARS}/{number}",
            f"{WINDOWS}/999",
            f"{WINDOWS}/{'9' * 30}",
            f"{LIST}/nobody",
            f"{one}/files/1",
        ):
            assert (await wang.get(path)).status == 404, path
        for code in ("A99", "%00", "A01/../B01", "../../../etc/passwd"):
            assert (await visitor.get(f"/campaigns/{CAMPAIGN}/candidates/window/{code}"))[0] == 404, code


def test_every_refusal_has_its_sentence() -> None:
    import re

    from gateway import nominations

    folder = Path(nominations.__path__[0])
    said = "".join(file.read_text("utf-8") for file in folder.glob("*.py"))
    told = set(re.findall(r'(?:Refused|NoPicture|NoPaper)\(\s*"(\w+)"', said))
    told |= set(re.findall(r'"(picture_\w+)" if', said)) | set(re.findall(r'else "(picture_\w+)"', said))
    assert told == set(REFUSED)
    assert set(re.findall(r'NotWritten\(\s*"(\w+)"', said)) <= set(WORDS)
