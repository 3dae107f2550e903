"""The demo's traffic: what is sent, when, by which door, and what each message should come to."""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import ClientSession

from gateway import clock
from tally.outcome import MessageOutcome as O

#: The two callers that the demo's campaign treats specially, and the candidate that has withdrawn.
BARRED, TESTER, WITHDRAWN = "13800009999", "13800008888", "A12"
ZONE: Final = ZoneInfo("Asia/Shanghai")


class Vote(NamedTuple):
    """One message to send: when (seconds after the opening), by which source, from whom, saying what."""

    at: float
    source: str
    caller: str
    text: str
    expected: O
    times: int = 1


class Delivered(NamedTuple):
    """A message that the SIM has handed over, as its carrier would list it: when, in Unix milliseconds."""

    name: str
    caller: str
    text: str
    at_ms: int


@dataclass(slots=True)
class Played:
    """What the demo saw. `answers` are HTTP statuses, `delivered` the SIM's messages by their ids."""

    sent: int = 0
    expected: Counter[str] = field(default_factory=Counter)
    redelivered: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    delivered: dict[str, Delivered] = field(default_factory=dict)


def votes(seconds: int) -> Iterator[Vote]:
    """Messages of every kind, from early to late. The seed is fixed: the same campaign every time."""
    rng = random.Random(2018)  # noqa: S311 -- a play, not a secret
    mobiles = (f"1381{number:07d}" for number in rng.sample(range(10_000_000), 4000))
    codes = [f"A{n:02d}" for n in range(1, 12)], [f"B{n:02d}" for n in range(1, 21)]
    weights = [[1 / (1 + n) for n in range(len(some))] for some in codes]

    def choice() -> str:
        return " ".join(rng.choices(some, weight)[0] for some, weight in zip(codes, weights, strict=True))

    def say(expected: O, texts: Sequence[str], at: tuple[float, float], count: int) -> Iterator[Vote]:
        for text, caller in zip(itertools.islice(itertools.cycle(texts), count), mobiles, strict=False):
            yield Vote(rng.uniform(*at), rng.choice(("sms", "sim")), caller, text, expected)

    yield from say(O.EARLY, ["A01"], (-1.5, -0.5), 12)
    for caller in itertools.islice(mobiles, 900):
        at, source = rng.triangular(0.3, seconds - 1, seconds * 0.8), rng.choice(("sms", "sim"))
        text = rng.choice(
            (choice(), choice().split()[0], f"投{choice()}", choice().replace(" ", "，").lower())
        )
        yield Vote(at, source, caller, text, O.COUNTED, times=rng.choices((1, 2, 3), (8, 1, 1))[0])
        if rng.random() < 0.15:
            yield Vote(min(at + rng.uniform(0.4, 3), seconds - 0.5), source, caller, text, O.REPEAT)
    yield from say(O.COUNTED, ["A02"], (seconds - 0.8, seconds - 0.7), 20)
    yield from say(O.LATE, ["A02"], (seconds + 0.1, seconds + 0.4), 20)
    inside = (1.0, seconds - 1.0)
    yield from say(O.UNKNOWN_CODE, ["A99", "C07", "投A88"], inside, 15)
    yield from say(O.NO_CODE, ["你好", "加油", " ", "TD"], inside, 15)
    yield from say(O.UNCLEAR, ["不要投A01", "别投B03"], inside, 7)
    yield from say(O.COUNTED, ["A01改成A02"], inside, 3)  # unclear, until the committee rules
    yield from say(O.OVERVOTE, ["A01 A02", "B01,B02,B03"], inside, 10)
    yield from say(O.WITHDRAWN, [WITHDRAWN], inside, 6)
    for caller, text, expected in (
        ("anonymous", "A01", O.WITHHELD_CALLER),
        ("10086", "A01", O.INVALID_CALLER),
        (BARRED, "A01", O.BARRED_CALLER),
        (TESTER, "A01", O.TEST),
    ):
        for _ in range(4):
            yield Vote(rng.uniform(*inside), "sms", caller, text, expected)
    for _ in range(3):
        yield Vote(rng.uniform(*inside), "sms", "", "not json", O.UNPARSED)


async def send(
    session: ClientSession, folder: Path, url: str, opens_ms: int, vote: Vote, played: Played
) -> None:
    """Send one message, as often as its provider would, and note what should come of it."""
    await until(opens_ms, vote.at)
    name = hashlib.sha256(repr(vote).encode()).hexdigest()[:24] + str(played.sent)
    played.sent += 1
    played.expected[vote.expected] += 1
    played.redelivered += vote.times - 1
    if vote.source == "sim":
        played.delivered[name] = Delivered(name, vote.caller, vote.text, clock.now_ms())
    for _ in range(vote.times):
        sending = (
            _kannel(session, folder, url, name, vote)
            if vote.source == "sim"
            else _signed(session, folder, url, name, vote)
        )
        played.answers[await sending] += 1


async def _kannel(session: ClientSession, folder: Path, url: str, name: str, vote: Vote) -> int:
    token = (folder / "secrets/sim.token").read_text().strip()
    query = urlencode({"id": name, "from": vote.caller, "text": vote.text, "coding": "0", "charset": "UTF-8"})
    async with session.get(f"{url}/in/sim/{token}?{query}") as response:
        return response.status


async def _signed(session: ClientSession, folder: Path, url: str, name: str, vote: Vote) -> int:
    secret = base64.b64decode((folder / "secrets/sms.secret").read_text().strip().removeprefix("whsec_"))
    now = clock.now_ms()
    body = vote.text
    if vote.expected is not O.UNPARSED:
        sent = clock.stamp(now, ZONE)
        data = {"from": vote.caller, "text": vote.text}
        body = json.dumps({"type": "vote.received", "timestamp": sent, "data": data})
    signed = f"{name}.{now // 1000}.{body}".encode()
    signature = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(now // 1000),
        "webhook-signature": f"v1,{signature}",
    }
    async with session.post(f"{url}/in/sms", data=body.encode(), headers=headers) as response:
        return response.status


def calls(opens_ms: int, seconds: int, played: Played, late: bool) -> list[list[str]]:
    """A page of the hotline's log. A late page is handed in after the grace for such pages is over: its calls
    are in transit, until the committee rules that they count."""
    rng = random.Random(1 + late)  # noqa: S311 -- a play, not a secret
    rows = []
    for number in range(8 if late else 120):
        at = datetime.fromtimestamp(opens_ms / 1000 + rng.uniform(1, seconds * 0.5), ZONE)
        caller = (
            f"0739{5_300_000 + 1000 * late + number:07d}"
            if rng.random() < 0.5
            else f"1390739{1000 + 500 * late + number:04d}"
        )
        choice = f"A{rng.randint(1, 11):02d}" if rng.random() < 0.7 else f"B{rng.randint(1, 20):02d}"
        rows.append([f"{late:d}-{number}", caller, at.strftime("%Y-%m-%d %H:%M:%S"), choice])
        played.expected[O.COUNTED] += 1
        played.sent += 1
    return rows


async def until(opens_ms: int, at: float) -> None:
    await asyncio.sleep(max(0.0, (opens_ms - clock.now_ms()) / 1000 + at))
