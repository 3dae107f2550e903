"""The demo's people: an operator takes calls, the committee rules and voids, all through their own pages."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Final, NamedTuple

from aiohttp import ClientSession, CookieJar, FormData

from config import load
from gateway import setup
from gateway.asking import users
from gateway.demo.traffic import Played
from gateway.people.roles import Role
from tally.outcome import MessageOutcome as O

_CAMPAIGN: Final = setup.CAMPAIGN
_PASSWORD: Final = "a long sentence for the play"  # noqa: S105 -- it opens a house that is pulled down after
#: Whose votes two members void after the close.
BOUGHT: Final = "5309001"
_CALLS: Final = (
    ({"caller": BOUGHT, "codes": "A03 B07"}, O.COUNTED),
    ({"caller": "13907395002", "codes": "A05"}, O.COUNTED),  # taken back: the caller had said A06
    ({"caller": "13907395002", "codes": "A06"}, O.COUNTED),
    ({"caller": "13907395002", "codes": "A05"}, O.REPEAT),
    ({"caller": "13907395004", "codes": "A77"}, O.UNKNOWN_CODE),
    ({"withheld": "yes", "codes": "A01"}, O.WITHHELD_CALLER),
    ({"caller": "13907395006", "wish": "misdialled"}, O.NO_CODE),
    ({"caller": "13907395007", "wish": "spoken", "words": "那个办身份证的窗口"}, O.COUNTED),
)
#: What the committee makes of a text or of a caller's words; any other that waits is rejected.
_MEANT: Final = (("改成A02", "window/A02"), ("办身份证", "window/A04"))


class Slip(RuntimeError):
    """A page did not answer as the play expects."""


class Person(NamedTuple):
    """Somebody at a browser, signed in."""

    session: ClientSession
    url: str

    async def see(self, path: str) -> str:
        """A page."""
        async with self.session.get(self.url + path) as response:
            return await _page(path, response.status, await response.text())

    async def fill_in(self, on: str, action: str, fields: dict[str, str]) -> str:
        """A form of a page, sent; returns the page that it leads to."""
        fields = {"csrf": hidden(await self.see(on), "csrf"), **fields}
        async with self.session.post(self.url + action, data=fields, headers={"Origin": self.url}) as answer:
            return await _page(action, answer.status, await answer.text())

    async def hand_in(self, on: str, action: str, name: str, content: bytes) -> str:
        """A form of a page that takes a file, sent."""
        form = FormData(quote_fields=False)
        form.add_field("csrf", hidden(await self.see(on), "csrf"))
        form.add_field("file", content, filename=name)
        async with self.session.post(self.url + action, data=form, headers={"Origin": self.url}) as answer:
            return await _page(action, answer.status, await answer.text())


async def _page(path: str, status: int, text: str) -> str:
    if status != 200:
        raise Slip(f"{path}: {status}")
    return text


def hidden(page: str, name: str) -> str:
    """The value of a form's hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    if found is None:
        raise Slip(f"no field {name}")
    return unescape(found[1])


@asynccontextmanager
async def signed_in(settings: Path, url: str, login: str, name: str, role: Role) -> AsyncIterator[Person]:
    """Somebody new: an account is made beside the running server, and its link leads to a password."""
    asked = {"do": "add", "login": login, "name": name, "role": role, "campaigns": []}
    link = (await users.ask(load.everything(settings, {}), asked))["link"]
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        person = Person(session, url)
        welcome = link.removeprefix(url)
        await person.fill_in(welcome, welcome, {"password": _PASSWORD, "again": _PASSWORD})
        yield person


@asynccontextmanager
async def back_again(url: str, login: str) -> AsyncIterator[Person]:
    """Somebody who has an account, signed in again: no session lasts a week."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        person = Person(session, url)
        await person.fill_in("/signin", "/signin", {"login": login, "password": _PASSWORD, "next": ""})
        yield person


async def take_calls(operator: Person, played: Played) -> None:
    """Calls at the desk, of which one is taken back."""
    desk = f"/operator/{_CAMPAIGN}"
    for number, (said, expected) in enumerate(_CALLS):
        form = f"play-call-{number:08d}"
        await operator.fill_in(desk, f"{desk}/calls", {"id": form, **said})
        played.sent += 1
        played.expected[expected] += 1
        if number == 1:
            await operator.fill_in(desk, f"{desk}/undo", {"id": form, "reason": "wrong_choice"})


async def rule(member: Person) -> int:
    """Everything that waits, from the first to the last; returns how many rulings that took."""
    room = f"/committee/{_CAMPAIGN}/rulings"
    rulings = 0
    while 'id="ruling"' in (page := await member.see(room)):
        await member.fill_in(room, room, {"at": hidden(page, "at"), **_ruling(page)})
        rulings += 1
    return rulings


def _ruling(page: str) -> dict[str, str]:
    """What the committee decides on the message that the page shows."""
    case = page.partition(f'id="case-{hidden(page, "at")}"')[2].partition("</article>")[0]
    told = {name: found[1] for name in ("count", "reject", "alike") if (found := _data(case, name))}
    meant = next((candidate for words, candidate in _MEANT if words in case), "")
    seen = re.findall(r'data-verdict="count" data-values="([^" ]+)"', case)
    if not meant and told["count"] == "delayed_by_the_network" and seen:
        meant = seen[0]
    if meant:
        return {"verdict": "count", "for": meant, "count_reason": told["count"]}
    alike = {"alike": told["alike"]} if int(told["alike"]) > 1 else {}
    return {"verdict": "reject", "reject_reason": told["reject"], **alike}


def _data(case: str, name: str) -> re.Match[str] | None:
    return re.search(rf'data-{name}="([^"]*)"', case)


async def void(first: Person, second: Person) -> None:
    """Two members remove a caller's votes: one proposes, the other agrees to exactly that."""
    acts = f"/committee/{_CAMPAIGN}/acts"
    asked = {"kind": "void", "number": BOUGHT, "reason": "bought_votes", "release": "no"}
    shown = await first.fill_in(acts, f"{acts}/review", asked)
    await first.fill_in(acts, acts, {**asked, "digest": hidden(shown, "digest")})
    page = await second.see(acts)
    approve = re.search(r'action="([^"]*/approve)"', page)
    if approve is None:
        raise Slip("no proposal is shown")
    await second.fill_in(acts, approve[1], {"back": "acts", "digest": hidden(page, "digest")})
