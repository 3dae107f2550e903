"""The messages that come over the network, each a task of its provider: all its tries."""

import asyncio
import hashlib
from collections.abc import Awaitable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

from aiohttp import HttpVersion11, StreamReader, web
from aiohttp.http_parser import RawRequestMessage
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from tests.simulation import campaigns, senders
from tests.simulation.campaigns import HOUR, MINUTE
from tests.simulation.oracle import Chosen, Message
from tests.simulation.senders import Sender, Sent, Wire
from tests.simulation.world import Mail, World


class Text(NamedTuple):
    """A text, "codes" or the outcome that the rules give it, and whom it names."""

    text: str
    finding: str
    codes: str = ""

    @property
    def chosen(self) -> Chosen:
        return tuple((contest_of(code), code) for code in self.codes.split())


BALLOTS = tuple(
    Text(text, "codes", codes)
    for text, codes in {
        "A01": "A01", "投A02！": "A02", "a3": "A03", "Ａ０４": "A04", "B01": "B01", "支持 B-02": "B02",
        "B3": "B03", "A01 B01": "A01 B01", "A02、B02": "A02 B02", "A01A02": "A01 A02",
        "B01 B02 B03": "B01 B02 B03",
        "A03 A01 B02": "A03 A01 B02", "A01,A02,A03,A04": "A01 A02 A03 A04", "A04 B03": "A04 B03",
        "A01 A01": "A01",
    }.items()
)  # fmt: skip
OTHERS = (
    Text("你好", "no_code"), Text("A99", "unknown_code"), Text("不要A01", "unclear", "A01"),
    Text("改 B02", "unclear", "B02"),
)  # fmt: skip
#: What a caller's number may be instead of a line, and how that ends.
NO_LINE = {"anonymous": "withheld_caller", "12345": "invalid_caller"}

#: As much of a connection as a request asks for.
_PROTOCOL: Any = SimpleNamespace(
    transport=None,
    ssl_context=None,
    peername=("192.0.2.1", 1),
    sockname=None,
    _reading_paused=False,
    resume_reading=lambda **_: None,
)


def contest_of(code: str) -> str:
    """The contest that a code is in."""
    return "window" if code.startswith("A") else "star"


def known(world: World, source: str, name: str, number: str, text: Text, sent: int | None) -> Mail:
    """The message as the oracle knows it; the same one if that source has it already."""
    standing = NO_LINE.get(number, "")
    line = "" if standing else campaigns.line(number)
    message = Message(source, name, line, standing, text.finding, text.chosen, sent)
    return world.mails.setdefault((source, name), Mail(message))


def letters(world: World, pool: list[str]) -> Iterator[Awaitable[None]]:
    """All SMS of the run; most in the window, many about its ends, some at one instant."""
    rng, opens, closes = world.rng, world.drawn.opens_ms, world.drawn.closes_ms
    for number in range(rng.randrange(10, 45)):
        sender = rng.choice(senders.SENDERS)
        at = rng.choice(
            [
                *[rng.randrange(opens - HOUR, closes + HOUR)] * 5,
                *[closes + rng.randrange(-4000, 2000)] * 2,
                *[opens + rng.randrange(-2000, 30 * MINUTE)] * 2,
                closes + rng.choice([-1000, -1, 0, 1]),
            ]
        )
        together = 1 if rng.random() < 0.9 else rng.randrange(2, 6)
        world.faults.met["several_at_once"] += together > 1
        for _ in range(together):
            yield _letter(world, sender, f"m{number}-{rng.randrange(10**6)}", at, pool)


def _letter(world: World, sender: Sender, name: str, at: int, pool: list[str]) -> Awaitable[None]:
    rng = world.rng
    odd = (*NO_LINE, campaigns.TESTER, campaigns.BARRED)
    number, text = rng.choice(pool if rng.random() < 0.9 else odd), rng.choice(BALLOTS + OTHERS)
    if sender.name == "tencent":  # writes numbers in one way, and has no ids
        name, number = "", number if len(number) == 11 else campaigns.MOBILES[0]
    elif sender.name == "twilio":
        name = "SM" + hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    spelling = number if number in NO_LINE or not name else campaigns.spelled(number, rng)
    if sender.name == "vonage" and number not in NO_LINE:  # writes E.164 without its plus
        spelling = campaigns.line(number).removeprefix("+")
    grain_ms = sender.grain_ms or 1
    sent = Sent(name, spelling, text.text, at // grain_ms * grain_ms)

    async def go() -> None:
        await world.until(at)
        id_known = name or f"{spelling}|{text.text}|{sent.sent_ms}"
        mail = known(world, sender.name, id_known, number, text, sent.sent_ms if sender.grain_ms else None)
        await _send(world, sender, sent, mail)

    return go()


async def _send(world: World, sender: Sender, sent: Sent, mail: Mail) -> None:
    rng, met = world.rng, world.faults.met
    delay = rng.choice([0, 0, 0, 0, rng.uniform(0, 5), rng.uniform(0, 600), rng.uniform(0, 26 * 3600)])
    met["delayed_over_an_hour"] += delay > 3600
    await asyncio.sleep(delay)
    for wait in (*sender.waits(), None):
        tries = 1 if rng.random() < 0.9 else rng.randrange(2, 5)
        met["duplicate"] += tries > 1
        statuses = await asyncio.gather(*[_attempt(world, mail, sender, sent) for _ in range(tries)])
        world.heard.append(f"{mail.message.source} {mail.message.id} {statuses}")
        if not all(sender.again(status) for status in statuses):
            return
        if wait is not None:
            await asyncio.sleep(wait)
    met["gave_up"] += 1


async def _attempt(world: World, mail: Mail, sender: Sender, sent: Sent) -> int | None:
    """One request; its status, None if no answer came."""
    met = world.faults.met
    if world.service is None or world.rng.random() < 0.06:
        met["request_lost"] += 1
        return None
    crashes, request = world.crashes, _request(sender.wire(sent, world.true_ms))
    with world.trying(mail):
        response = await world.door.handle(request)
    if not world.lives(crashes):
        return None
    if world.rng.random() < 0.06:
        met["response_lost"] += 1
        return None
    if response.status == 200:
        mail.acknowledged = True
    elif response.status not in (503, 403):  # 403 where our clock is wrong: then a signature is too old
        world.fail(f"{sender.name}: an answer {response.status} to a good message")
    return response.status


def _request(wire: Wire) -> web.BaseRequest:
    """The request as aiohttp hands it to the door, its body already here."""
    headers = CIMultiDictProxy(CIMultiDict(wire.headers))
    raw = tuple((name.encode(), value.encode()) for name, value in wire.headers.items())
    head = RawRequestMessage(
        "POST", wire.path, HttpVersion11, headers, raw, False, None, False, False, URL(wire.path)
    )
    loop = asyncio.get_running_loop()
    content = StreamReader(_PROTOCOL, 2**16, loop=loop)
    content.feed_data(wire.body)
    content.feed_eof()
    return web.BaseRequest(head, content, _PROTOCOL, _PROTOCOL, _PROTOCOL, loop)
