"""Promises C1 and C2, on the real service: once each, and never over a cap, in whatever order."""

import asyncio
import os
import random
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from itertools import islice

import pytest

from gateway.intake.inbound import Inbound
from gateway.service import Service
from tests.conftest import House

MESSAGES = int(os.environ.get("ONCE_MESSAGES", "20000"))
CALLERS = int(os.environ.get("ONCE_CALLERS", "10000"))
CODES = tuple(f"A{n:02d}" for n in range(1, 12))
TOGETHER = 8
CAP = 3


def _kinds(house: House) -> Counter[str]:
    with closing(sqlite3.connect(house.database)) as db:
        return Counter(dict(db.execute("SELECT kind, count(*) FROM entries GROUP BY kind")))


async def _side_by_side(counting: Service, deliveries: list[Inbound], rng: random.Random) -> list[str]:
    """Hand them in over several connections, some at a time; how each ended, in their order."""
    ended = [""] * len(deliveries)
    places = iter(range(len(deliveries)))
    source = counting.sources["sim"]

    async def connection() -> None:
        while some := list(islice(places, rng.randint(1, 40))):
            landed = await counting.take(source, [deliveries[place] for place in some])
            for place, one in zip(some, landed, strict=True):
                ended[place] = one.outcome

    await asyncio.gather(*(connection() for _ in range(TOGETHER)))
    return ended


@pytest.mark.parametrize("messages", [1000, pytest.param(MESSAGES, marks=pytest.mark.soak)])
async def test_each_message_counts_once_however_often_it_comes(house: House, messages: int) -> None:
    """Each comes 1 to 50 times, over 8 connections, in any order, with starts in between."""
    rng = random.Random(messages)
    sent = [Inbound(f"m{n}", f"138{n // 2:08d}", rng.choice(CODES)) for n in range(messages)]
    deliveries = [one for one in sent for _ in range(min(50, int(rng.expovariate(0.12)) + 1))]
    rng.shuffle(deliveries)
    first: dict[str, str] = {}
    quarter = len(deliveries) // 4 + 1
    for start in range(0, len(deliveries), quarter):
        part = deliveries[start : start + quarter]
        async with house.service() as counting:
            for one, outcome in zip(part, await _side_by_side(counting, part, rng), strict=True):
                assert first.setdefault(one.message_id, outcome) == outcome, "always the same answer"
    halves = {"counted": messages // 2, "repeat": messages // 2}
    assert Counter(first.values()) == halves, "each caller has sent two"
    assert halves.items() <= _kinds(house).items(), "one entry each"


@pytest.mark.parametrize("callers", [300, pytest.param(CALLERS, marks=pytest.mark.soak)])
async def test_the_cap_is_counted_whatever_the_order(house: House, callers: int) -> None:
    """2 to 64 messages of each caller at once: as many count as the cap allows, those recorded first."""
    house.edit(house.campaign, "votes = 1 }]", f"votes = {CAP} }}]")
    rng = random.Random(callers)
    sizes = [rng.choice([2, 3, 3, 4, 4, 5, 6, 8, 11]) if n % 100 else 64 for n in range(callers)]
    deliveries = [
        Inbound(f"m{caller}-{n}", f"138{caller:08d}", CODES[(caller + n) % len(CODES)])
        for caller, size in enumerate(sizes)
        for n in range(size)
    ]
    # Those of a caller side by side, in a random order; callers next to each other mixed.
    deliveries.sort(key=lambda one: int(one.message_id[1:].partition("-")[0]) // 4 + rng.random())
    async with house.service() as counting:
        ended = await _side_by_side(counting, deliveries, rng)
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for one, outcome in zip(deliveries, ended, strict=True):
        counted[one.caller][outcome] += 1
    for size, outcomes in zip(sizes, (counted[f"138{n:08d}"] for n in range(callers)), strict=True):
        assert outcomes["counted"] == min(size, CAP)
        assert outcomes.total() == size == outcomes["counted"] + outcomes["repeat"]
    assert _kinds(house)["counted"] == sum(min(size, CAP) for size in sizes)
