"""Before the demo's vote: the stars are nominated by a spreadsheet, endorsed, and put on the roster."""

import csv
import io
from datetime import date
from pathlib import Path
from typing import Final

from config import load
from gateway import setup
from gateway.demo.people import Person
from gateway.nominations.forms import FORMS, STAGES, columns

CONTEST: Final = "star"
_LIST: Final = f"/committee/{setup.CAMPAIGN}/nominations/{CONTEST}"
_DEEDS: Final = "在窗口工作多年，热情接待每一位群众，主动延时服务，得到一致好评。" * 40
_SAME: Final = {
    "gender": "女", "age": "35", "phone": "0739-5160001", "party": "群众", "people": "汉族", "post": "科员",
    "deeds_title": "把小事做好", "deeds_subtitle": "记一位窗口工作人员", "deeds": _DEEDS,
    "summary": "窗口工作多年，群众的贴心人（示例）。",
}  # fmt: skip


def sheet(settings: Path, today: date) -> bytes:
    """The nominations of the sample's stars as offices send them in: CSV in GB 18030."""
    campaign = load.everything(settings, {}).campaigns[setup.CAMPAIGN]
    form = FORMS[campaign.nominations[CONTEST].form]
    agreed = {
        f"{stage}_{part}": said
        for stage in STAGES
        for part, said in (("ruling", "同意"), ("who", "某单位（示例）"), ("on", today.isoformat()))
    }
    heads = columns(form)
    rows = [
        {
            **_SAME, **agreed,
            "name": one.name, "name_en": one.name_en or "", "unit": one.unit, "code": one.code,
        }
        for one in campaign.contests_by_id[CONTEST].candidates
    ]  # fmt: skip
    text = io.StringIO(newline="")
    csv.writer(text).writerows(
        [[head.titles[0] for head in heads], *([row.get(head.key, "") for head in heads] for row in rows)]
    )
    return text.getvalue().encode("gb18030")


async def nominate(member: Person, content: bytes) -> int:
    """Hand the sheet in, and have the roster written; returns how many were approved."""
    await member.hand_in(_LIST, f"{_LIST}/import", "申报表.csv", content)
    page = await member.fill_in(_LIST, f"/committee/{setup.CAMPAIGN}/roster", {"contest": CONTEST})
    return page.count('<span class="code">')
