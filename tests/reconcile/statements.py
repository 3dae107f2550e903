"""Statements over a running server: votes by the SIM's relay, a provider's list, and forms with files."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import FormData

from gateway.people.roles import Role
from tests.conftest import Answer, Staff, Visitor

CAMPAIGN = "beita-2018"
PAGE = f"/committee/{CAMPAIGN}/reconcile"
HEADER = "消息编号,手机号码,上行时间,短信内容"
MINUTE = 60_000

Line = tuple[str, str, int, str]


def written(at_ms: int, hours: int = 8) -> str:
    """A time as statements write it."""
    return (datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M:%S")


def csv(lines: Sequence[Line], header: str = HEADER, hours: int = 8) -> bytes:
    """A provider's list."""
    rows = [f"{name},{number},{written(at_ms, hours)},{text}" for name, number, at_ms, text in lines]
    return ("\n".join([header, *rows]) + "\n").encode("gb18030")


async def voted(visitor: Visitor, count: int = 12, every_ms: int = 7 * MINUTE) -> list[Line]:
    """Votes by the SIM's relay, one by each number; returns what its statement would list."""
    lines = []
    for n in range(1, count + 1):
        number, text, name = f"138123456{n:02}", f"A{n % 12 + 1:02}", f"k{n}"
        assert await visitor.kannel(number, text, name) < 300
        lines.append((name, number, visitor.house.clock.ms, text))
        visitor.house.clock.ms += every_ms
    return lines


async def closed(visitor: Visitor) -> None:
    """The vote is over, and every grace."""
    running = visitor.service.campaigns[CAMPAIGN]
    visitor.house.clock.ms = running.settled_ms + 60_000
    await visitor.service.schedule.tick()
    assert running.closed


async def committee(visitor: Visitor, login: str = "wang") -> Staff:
    return await visitor.sign_in(Role.COMMITTEE, login)


async def send(staff: Staff, act: str, *files: bytes, source: str = "sim", **fields: str) -> Answer:
    """The form with its files, as a browser sends it."""
    form = FormData()
    for name, value in {"csrf": staff.csrf, "act": act, "source": source, "zone": "", **fields}.items():
        form.add_field(name, value)
    for n, content in enumerate(files):
        form.add_field("file", content, filename=f"statement-{n}.csv", content_type="text/csv")
    headers = {"Accept": "text/html", "Origin": staff.visitor.server.url}
    return await staff.ask("POST", PAGE, headers, data=form)


def figures(answer: Answer) -> dict[str, int]:
    """The figures on the page."""
    found = re.findall(r'data-figure="(\w+)"><dt>[^<]*</dt><dd>([0-9,]+)</dd>', answer.text)
    return {name: int(n.replace(",", "")) for name, n in found}


def groups(answer: Answer) -> list[str]:
    """The kinds and reasons on the page."""
    return re.findall(r'data-group="([\w-]+)"', answer.text)


def tried(answer: Answer) -> str:
    """What stands for the comparison that was seen."""
    return re.findall(r'name="tried" value="([0-9a-f]{64})"', answer.text)[0]


def explanations(answer: Answer, text: str = "已查明") -> Mapping[str, Any]:
    """Every group explained."""
    return {f"group-{name}": text for name in groups(answer)}
