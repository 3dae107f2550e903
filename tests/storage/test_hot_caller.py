"""A caller who has sent very much slows no message: counted in SQLite's own steps, not in time."""

import pytest

from gateway.intake.inbound import Inbound
from gateway.service import Service
from tests.conftest import House

MANY = 20_000
HOT, COLD, OTHER = "13811111111", "13822222222", "13833333333"


async def steps(counting: Service, *inbound: Inbound) -> int:
    """How many steps SQLite's machine takes for a message: the fewest of some, for others use it, too."""
    return min([await _steps(counting, one) for one in inbound])


async def _steps(counting: Service, inbound: Inbound) -> int:
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    await counting.store.run(lambda db: db.set_progress_handler(count, 1))
    await counting.take(counting.sources["sim"], [inbound])
    await counting.store.run(lambda db: db.set_progress_handler(None, 1))
    return counted


async def unsigned(counting: Service) -> None:
    """Nobody reads what is recorded, to sign it, while steps are counted."""
    counting.publisher.stop()
    await counting.publisher.tick()


@pytest.fixture(name="in_batches")
def _in_batches(house: House) -> None:
    house.edit(house.settings, "[api]", "[limits]\nqueue_messages = 50000\nbatch_messages = 5000\n\n[api]")


@pytest.mark.usefixtures("in_batches")
async def test_many_messages_of_one_caller(house: House) -> None:
    async with house.service() as counting:
        await unsigned(counting)
        sim = counting.sources["sim"]
        await counting.take(sim, [Inbound(f"cold{n}", COLD, "A01") for n in range(2)])
        for start in range(0, MANY, 5000):
            await counting.take(sim, [Inbound(f"hot{n}", HOT, "A01") for n in range(start, start + 5000)])
        cold = await steps(counting, *(Inbound(f"cold-{n}", COLD, "A02") for n in range(5)))
        hot = await steps(counting, *(Inbound(f"hot-{n}", HOT, "A02") for n in range(5)))
        assert hot <= cold * 1.2, "a repeat"
        again = await steps(counting, *[Inbound("cold1", COLD, "A01")] * 5)
        hot_again = await steps(counting, *[Inbound("hot19999", HOT, "A01")] * 5)
        assert hot_again <= again * 1.2, "a redelivery"
        others = [Inbound(f"other{n}", f"{OTHER[:-1]}{n}", "A01") for n in range(5)]
        assert await steps(counting, *others) <= cold * 2, "somebody else's first"


async def test_many_redeliveries_of_one_message(house: House) -> None:
    async with house.service() as counting:
        await unsigned(counting)
        sim, same = counting.sources["sim"], Inbound("same", HOT, "A01")
        await counting.take(sim, [same])
        first = await steps(counting, *[same] * 5)
        for _ in range(4):
            landed = await counting.take(sim, [same] * (MANY // 8))
            assert {one.before for one in landed} == {True}
        assert await steps(counting, *[same] * 5) <= first * 1.2
        assert counting.recorder.head("beita-2018").size == len(("config", "open", "same"))
