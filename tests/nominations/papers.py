"""What is nominated in the tests: forms, spreadsheets and files, all invented."""

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
from aiohttp import FormData

from gateway.people.roles import Role
from tests.conftest import OPENS_MS, Answer, House, Staff, Visitor

CAMPAIGN = "beita-2018"
LIST = f"/committee/{CAMPAIGN}/nominations"
WINDOWS, STARS = f"{LIST}/window", f"{LIST}/star"
DEEDS = "该窗口坚持便民利民，主动延时服务，群众满意。" * 50
PHONE = "13812340000"
#: The 1st of June 2018 in Shanghai, long before the vote.
JUNE_MS = OPENS_MS - 38 * 86_400_000

WINDOW: dict[str, str] = {
    "name": "社保服务窗口",
    "unit": "区人社局",
    "leader": "张三 主任",
    "phone": PHONE,
    "honours": "2017年度先进窗口",
    "deeds_title": "群众满意是最好的答卷",
    "deeds_subtitle": "记社保服务窗口",
    "deeds": DEEDS,
    "summary": "一次办结，延时服务。",
}
STAR: dict[str, str] = {
    "name": "李四",
    "gender": "女",
    "age": "35",
    "phone": PHONE,
    "party": "中共党员",
    "people": "汉族",
    "unit": "区政务中心",
    "post": "科员",
    "deeds_title": "把小事做好",
    "deeds_subtitle": "记窗口工作人员李四",
    "deeds": DEEDS,
    "summary": "窗口工作十年，群众的贴心人。",
}
TITLES = {
    "name": "申报窗口", "unit": "推荐窗口单位", "leader": "窗口负责人及职务", "phone": "联系电话",
    "honours": "所获主要荣誉、奖励", "deeds_title": "主要事迹标题", "deeds_subtitle": "主要事迹副标题",
    "deeds": "主要事迹", "summary": "公开简介",
}  # fmt: skip


async def clerk(visitor: Visitor, login: str = "wang") -> Staff:
    """A member of the committee, signed in."""
    return await visitor.sign_in(Role.COMMITTEE, login)


def before(house: House) -> House:
    """The house, on the 1st of June."""
    house.clock.ms = JUNE_MS
    return house


async def entered(staff: Staff, path: str = WINDOWS, **changed: str) -> str:
    """A nomination, entered on its page; returns its address."""
    answer = await staff.post(path, **{**(WINDOW if path == WINDOWS else STAR), **changed})
    assert answer.status == 303, answer.text
    return answer.location.partition("?")[0]


async def endorsed(staff: Staff, one: str, *stages: str, **changed: str) -> Answer:
    """Endorsements, one after the other; the last answer."""
    for stage in stages or ("unit", "department", "committee"):
        said = {"stage": stage, "ruling": "agree", "who": "某单位", "on": "2018-06-01", **changed}
        answer = await staff.post(f"{one}/endorse?lang=zh", **said)
    return answer


async def hand_in(staff: Staff, path: str, content: bytes, name: str = "a.xlsx", **fields: str) -> Answer:
    """A file, sent by a form."""
    form = FormData(quote_fields=False)  # as browsers write a name
    for key, value in {"csrf": staff.csrf, **fields}.items():
        form.add_field(key, value)
    form.add_field("file", io.BytesIO(content), filename=name)
    headers = {"Accept": "text/html", "Accept-Language": "zh", "Origin": staff.visitor.server.url}
    return await staff.ask("POST", path, headers, data=form)


def book(
    rows: Sequence[Sequence[Any]], titles: Sequence[str], edit: Callable[[Any], None] | None = None
) -> bytes:
    """A workbook with these titles and rows."""
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    sheet.title = "窗口"
    sheet.append(list(titles))
    for row in rows:
        sheet.append(list(row))
    if edit is not None:
        edit(made)
    packed = io.BytesIO()
    made.save(packed)
    return packed.getvalue()


def png(width: int = 240, height: int = 240, extra: bytes = b"") -> bytes:
    """A PNG; `extra` chunks go behind its head."""
    pixels = zlib.compress(b"".join(b"\0" + b"\x9c\x2a\x1f" * width for _ in range(height)))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG's chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
