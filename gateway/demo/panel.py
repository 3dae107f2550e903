"""The demo's panel: five judges fill in and submit a sheet for each contest, on their own page."""

import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from gateway import setup
from gateway.demo import people
from gateway.demo.people import Person
from gateway.people.roles import Role

_PANEL: Final = f"/panel/{setup.CAMPAIGN}"
JUDGES: Final = ("孙评委", "钱评委", "吴评委", "郑评委", "冯评委")
_FIELD: Final = re.compile(r'name="mark-([A-Z0-9]+)-([a-z]+)"')


async def judge(settings: Path, url: str) -> None:
    """Everybody judges everything. Marks are invented, and the same at every play."""
    async with AsyncExitStack() as stack:
        for number, name in enumerate(JUDGES, 1):
            one = people.signed_in(settings, url, f"judge-{number}", name, Role.PANEL)
            person = await stack.enter_async_context(one)
            for contest in ("window", "star"):
                await _sheet(person, f"{_PANEL}/{contest}", number)


async def _sheet(person: Person, path: str, number: int) -> None:
    page = await person.see(path)
    fields = {}
    codes = list(dict.fromkeys(code for code, _ in _FIELD.findall(page)))
    for code, criterion in _FIELD.findall(page):
        fields[f"row-{code}"] = "1"
        fields[f"mark-{code}-{criterion}"] = _points(codes.index(code), criterion, number)
    reviewed = await person.fill_in(path, path, {**fields, "act": "review"})
    await person.fill_in(path, f"{path}/submit", {"digest": people.hidden(reviewed, "digest")})


def _points(place: int, criterion: str, number: int) -> str:
    """Points between 5.5 and 10, in halves: every criterion of the sample allows these."""
    halves = (place * 7 + len(criterion) * 5 + number * 3 + place * number) % 10
    return f"{(20 - halves) / 2:g}"
