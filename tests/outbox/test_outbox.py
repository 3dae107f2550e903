"""Replies by an outbox: a real server, a real database, and a provider that lets it down in every way."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from io import StringIO
from typing import NamedTuple

import pytest

from gateway.outbox import delivery, retry
from gateway.watching import watch
from tests.conftest import House, Visitor
from tests.outbox.provider import Manner, Provider, listening

ENGINES = ("sqlite", "postgresql")

OUTBOX = """
[sources.sim.outbox]
kind = "http"
options = {{ url = "{url}", repeatable = {repeatable} }}
"""
CALLER = "13812345678"
REPLY = "您投给A01"


def post(house: House, provider: Provider, more: str = "", repeatable: bool = False) -> None:
    """Give the SIM's source an outbox."""
    added = OUTBOX.format(url=provider.url, repeatable=str(repeatable).lower()) + more
    house.settings.write_text(house.settings.read_text("utf-8") + added, "utf-8")


def rows(house: House) -> list[tuple[str, str, int, bool]]:
    """State, reason, attempt, and whether number and text are still there, of every reply."""
    return house.sql("SELECT state, reason, attempt, sealed IS NOT NULL FROM outbox ORDER BY seq")


def change(house: House, sql: str) -> None:
    house.sql(sql)


def states(house: House) -> Counter[str]:
    return Counter(state for state, _, _, _ in rows(house))


async def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 -- what is waited for is in a database, or at a provider
            await asyncio.sleep(0.02)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is held up, and an attempt ends soon."""
    monkeypatch.setattr(retry, "_LONGEST_HOLD_SECONDS", 0.0)
    monkeypatch.setattr(delivery, "client", partial(delivery.client, 1.0))


@asynccontextmanager
async def served(house: House, provider: Provider, more: str = "", **how: bool) -> AsyncIterator[Visitor]:
    post(house, provider, more, **how)
    async with house.serve() as visitor:
        yield visitor


async def answered(visitor: Visitor, name: str, text: str = "A01", caller: str = CALLER) -> str:
    """A message by the SIM's relay; returns what its answer says."""
    token = visitor.house.secret("sim.token")
    url = f"{visitor.server.url}/in/sim/{token}?id={name}&from={caller}&text={text}&coding=0&charset=UTF-8"
    async with visitor.session.get(url) as response:
        assert response.status == 200
        return await response.text()


async def test_a_reply_goes_out_after_the_answer_and_is_forgotten(house: House) -> None:
    async with listening() as provider, served(house, provider) as visitor:
        assert await answered(visitor, "m1") == ""
        await until(lambda: states(house)["sent"] == 1)
        (asked,) = provider.asked
        assert asked["to"] == "+8613812345678"
        assert asked["text"].startswith(REPLY)
        assert rows(house) == [("sent", "", 1, False)]
        outbox = visitor.service.sources["sim"].outbox
        assert outbox is not None
        await until(lambda: outbox.waiting == 0)
        _, metrics = await visitor.get("/metrics", token=True)
        assert 'televote_replies_total{result="sent",source="sim"} 1.0' in metrics
        assert 'televote_outbox_replies{source="sim"} 0.0' in metrics


async def test_a_message_that_comes_again_gets_no_second_reply(house: House) -> None:
    async with listening() as provider, served(house, provider) as visitor:
        for name in ("m1", "m1", "m2"):
            await answered(visitor, name)
        await answered(visitor, "m1")
        await until(lambda: states(house)["sent"] == 2)
        assert len(provider.asked) == 2
        assert provider.asked[0]["reference"] != provider.asked[1]["reference"]


async def test_without_an_outbox_the_answer_replies_and_only_once(house: House) -> None:
    async with house.serve() as visitor:
        assert (await answered(visitor, "m1")).startswith(REPLY)
        assert await answered(visitor, "m1") == ""
    assert rows(house) == []


async def test_nobody_is_sent_anything_whose_number_is_not_known(house: House) -> None:
    async with listening() as provider, served(house, provider) as visitor:
        await answered(visitor, "m1", caller="anonymous")
        await answered(visitor, "m2", text="")
        await until(lambda: states(house)["sent"] == 1)
    assert [row[0] for row in rows(house)] == ["sent"]
    assert provider.asked[0]["text"].startswith("短信中没有候选编码")


class Ends(NamedTuple):
    """How a provider behaves, and what comes of one reply: state, reason, and how often it was asked."""

    manners: tuple[Manner, ...]
    repeatable: bool
    state: str
    reason: str
    asked: int


ENDS = {
    "taken": Ends(("ok",), False, "sent", "", 1),
    "refused": Ends(("refuse",), True, "failed", "http_400", 1),
    "busy, then taken": Ends(("busy", "busy", "ok"), False, "sent", "", 3),
    "busy to the last": Ends(("busy",) * 3, False, "failed", "http_429", 3),
    "broken": Ends(("fail",), False, "unknown", "http_500", 1),
    "broken, sent once for one reference": Ends(("fail", "ok"), True, "sent", "", 2),
    "dies": Ends(("die",), False, "unknown", "no_answer", 1),
    "dies, sent once for one reference": Ends(("die", "ok"), True, "sent", "", 2),
    "dies in mid-answer": Ends(("half",), False, "unknown", "no_answer", 1),
    "dies in mid-answer, sent once for one reference": Ends(("half", "ok"), True, "sent", "", 2),
    "keeps silent": Ends(("hang",), False, "unknown", "no_answer", 1),
    "keeps silent, sent once for one reference": Ends(("hang", "ok"), True, "sent", "", 2),
    "keeps silent to the last": Ends(("hang",) * 3, True, "unknown", "no_answer", 3),
}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("name", ENDS)
async def test_a_provider_that_lets_us_down(house: House, name: str) -> None:
    manners, repeatable, state, reason, asked = ENDS[name]
    async with listening("refuse") as provider:
        provider.manners.extend(manners)
        async with served(house, provider, "attempts = 3", repeatable=repeatable) as visitor:
            await answered(visitor, "m1")
            for attempt in range(1, asked + 1):
                await until(lambda attempt=attempt: len(provider.asked) == attempt)
                await until(lambda: rows(house)[0][0] != "sending")
                house.clock.ms += 60_000
            await until(lambda: rows(house) == [(state, reason, asked, False)])
        assert len(provider.asked) == asked
        assert len({one["reference"] for one in provider.asked}) == 1


@pytest.mark.usefixtures("at_once")
async def test_a_provider_that_is_away_is_waited_for(house: House) -> None:
    async with listening() as provider:
        await provider.close()
        async with served(house, provider) as visitor:
            await answered(visitor, "m1")
            await until(lambda: rows(house) == [("due", "unreachable", 1, True)])
            await provider.open()
            house.clock.ms += 60_000
            await until(lambda: rows(house) == [("sent", "", 2, False)])


async def test_votes_are_acknowledged_while_a_provider_keeps_silent(house: House) -> None:
    async with listening("hang") as provider, served(house, provider, "per_second = 50") as visitor:
        for number in range(40):
            await answered(visitor, f"m{number}", caller=f"138123456{number:02}")
        assert await visitor.outcomes() == {"counted": 40}
        await until(lambda: len(provider.asked) == 16)  # no more at once
        assert "sent" not in states(house)
    assert states(house) == {"unknown": 16, "due": 24}


@pytest.mark.on_sqlite  # elsewhere the postman counts beside the commits: a few more may wait for a moment
async def test_no_more_wait_than_are_allowed(house: House) -> None:
    async with listening() as provider:
        await provider.close()
        async with served(house, provider, "waiting = 3") as visitor:
            for number in range(5):
                await answered(visitor, f"m{number}", caller=f"1381234567{number}")
            assert await visitor.outcomes() == {"counted": 5}
            _, metrics = await visitor.get("/metrics", token=True)
            assert 'televote_replies_total{result="no_room",source="sim"} 2.0' in metrics
    assert len(rows(house)) == 3


async def test_one_caller_is_not_answered_without_end(house: House) -> None:
    async with listening() as provider, served(house, provider, "per_caller = 2") as visitor:
        for number in range(4):
            await answered(visitor, f"m{number}")
        await answered(visitor, "m9", caller="13900000009")
        await until(lambda: states(house) == {"sent": 3, "failed": 2})
        assert Counter(one["to"] for one in provider.asked) == {"+8613812345678": 2, "+8613900000009": 1}
        house.clock.ms += 3_600_001
        await answered(visitor, "m5")
        await until(lambda: states(house) == {"sent": 4, "failed": 2})


@pytest.mark.usefixtures("at_once")
async def test_a_reply_that_would_come_too_late_is_not_sent(house: House) -> None:
    async with listening() as provider:
        await provider.close()
        async with served(house, provider, "minutes = 10") as visitor:
            await answered(visitor, "m1")
            await until(lambda: rows(house) == [("due", "unreachable", 1, True)])
            await provider.open()
            house.clock.ms += 10 * 60_000 + 1
            await until(lambda: rows(house) == [("failed", "too_late", 1, False)])
        assert provider.asked == []


@pytest.mark.usefixtures("at_once")
async def test_what_waits_is_sent_after_a_restart(house: House) -> None:
    async with listening() as provider:
        await provider.close()
        async with served(house, provider) as visitor:
            await answered(visitor, "m1")
            await until(lambda: rows(house) == [("due", "unreachable", 1, True)])
        await provider.open()
        house.clock.ms += 60_000
        async with house.serve():
            await until(lambda: rows(house) == [("sent", "", 2, False)])


@pytest.mark.parametrize(
    ("repeatable", "left"), [(True, ("sent", "", 2, False)), (False, ("unknown", "restart", 1, False))]
)
async def test_what_a_crash_left_in_doubt(
    house: House, repeatable: bool, left: tuple[str, str, int, bool]
) -> None:
    async with listening() as provider:
        await provider.close()
        async with served(house, provider, repeatable=repeatable) as visitor:
            await answered(visitor, "m1")
            await until(lambda: rows(house) == [("due", "unreachable", 1, True)])
        change(house, "UPDATE outbox SET state = 'sending'")
        await provider.open()
        async with house.serve() as visitor:
            await until(lambda: rows(house) == [left])
            _, metrics = await visitor.get("/metrics", token=True)
        assert len(provider.asked) == repeatable
        assert f'televote_replies_total{{result="{left[0]}",source="sim"}} 1.0' in metrics


async def test_a_source_that_lost_its_outbox_leaves_nothing_behind(house: House) -> None:
    before = house.settings.read_text("utf-8")
    async with listening() as provider:
        await provider.close()
        async with served(house, provider) as visitor:
            await answered(visitor, "m1")
            await until(lambda: rows(house) == [("due", "unreachable", 1, True)])
    house.settings.write_text(before, "utf-8")
    async with house.serve():
        assert rows(house) == [("failed", "no_outbox", 1, False)]


@pytest.mark.on_sqlite
async def test_neither_number_nor_text_is_at_rest_or_in_the_log(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "client", partial(delivery.client, 1.0))
    log = StringIO()
    watch.log_to(log)
    async with listening("die") as provider, served(house, provider) as visitor:
        await answered(visitor, "m1")
        await until(lambda: states(house)["unknown"] == 1)
        files = [path for path in house.folder.glob("televote.db*") if path.suffix != ".lock"]
        for held in [path.read_bytes() for path in files] + [log.getvalue().encode()]:
            for secret in (CALLER.encode(), REPLY.encode(), json.dumps(REPLY).strip('"').encode()):
                assert secret not in held
    assert '"event": "reply_not_sent"' in log.getvalue()
    assert provider.asked[0]["text"].startswith(REPLY)


async def test_what_cannot_be_opened_is_not_sent(house: House) -> None:
    async with listening() as provider:
        await provider.close()
        async with served(house, provider) as visitor:
            await answered(visitor, "m1")
            await until(lambda: rows(house) == [("due", "unreachable", 1, True)])
        change(house, "UPDATE outbox SET seq = seq + 1")  # another entry's place
        await provider.open()
        house.clock.ms += 60_000
        async with house.serve():
            await until(lambda: rows(house) == [("failed", "unreadable", 2, False)])
        assert provider.asked == []
