"""Results of real ledgers: votes of every ending, taken in by the service, and rulings on some of them."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.checking import audit
from gateway.intake.inbound import Form, Inbound
from gateway.reporting import collect
from gateway.reporting.result import Result
from tests.conftest import CLOSES_MS, SETTLED_MS, House

CAMPAIGN = "beita-2018"


async def fill(house: House, messages: int = 120, close: bool = True) -> None:
    """A campaign with every kind of ending, closed by its schedule, always the same."""
    rng = random.Random(7)
    async with house.service() as counting:
        sim, hotline = counting.sources["sim"], counting.sources["hotline"]
        texts = ["A01", "A02 B03", "B04", "A99", "你好", "不要A01", "A01 A02", "投A05"]
        for number in range(messages):
            one = Inbound(f"m{number}", f"1380000{rng.randrange(60):04d}", rng.choice(texts))
            await counting.take(sim, [one])
            house.clock.ms += 1_700_000
        calls = [Inbound(f"c{n}", f"5{n:06d}", "A03", sent_ms=house.clock.ms) for n in range(9)]
        await counting.take(hotline, [*calls, Inbound("bad", "", "bad time", Form.UNPARSED, raw=b"x,y")])
        if close:
            house.clock.ms = CLOSES_MS
            await counting.take(sim, [Inbound("late", "13812345678", "A01")])
            house.clock.ms = SETTLED_MS + 1
            await counting.schedule.tick()


@asynccontextmanager
async def result_of(house: House) -> AsyncIterator[Result]:
    """What the house's ledger comes to."""
    async with (
        audit.open_ledger(house.load(), CAMPAIGN) as ledger,
        collect.collected(ledger, lambda _: None) as result,
    ):
        yield result
