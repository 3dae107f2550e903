"""C3, on the real service: a provider without ids of its own costs no vote, and gives nobody a second one."""

import asyncio
import json
import os
import random
from collections import Counter

import pytest

from gateway.intake.inbound import Inbound
from gateway.intake.provider import Request
from tests.conftest import House

CALLBACKS = int(os.environ.get("CALLBACKS", "10000"))
_SOURCE = """
[sources.tx]
kind = "tencent"
campaign = "beita-2018"
allow_from = ["127.0.0.1"]
"""
#: What is said, and the contest in which it is a vote.
TEXTS = {"A01": "window", "A01 ": "window", "a01": "window", "投A02": "window", "B03": "star", "谢谢": ""}
TOGETHER = 8


@pytest.mark.parametrize("callbacks", [600, pytest.param(CALLBACKS, marks=pytest.mark.soak)])
async def test_what_has_no_id_is_known_by_all_that_it_says(house: House, callbacks: int) -> None:
    """Four in ten are sent again, as they were. What differs in number, second, text or extension is a
    message of its own; a caller has one vote in each contest all the same."""
    with house.settings.open("a", encoding="utf-8") as file:
        file.write(_SOURCE)
    rng = random.Random(callbacks)
    sent: list[dict[str, str]] = []
    for _ in range(callbacks):
        again = sent and rng.random() < 0.4
        sent.append(rng.choice(sent) if again else _callback(rng, callbacks))
    distinct = {json.dumps(one, sort_keys=True) for one in sent}
    votes = {(one["mobile"], TEXTS[one["text"]]) for one in sent if TEXTS[one["text"]]}
    async with house.service() as counting:
        source = counting.sources["tx"]
        assert source.provider is not None
        read = source.provider.read

        async def connection(some: list[dict[str, str]]) -> None:
            for one in some:
                body = json.dumps(one, ensure_ascii=rng.random() < 0.5).encode()
                inbound: list[Inbound] = list(read(Request("POST", "/in/tx", {}, body, house.clock.ms)))
                await counting.take(source, inbound)

        await asyncio.gather(*[connection(sent[place::TOGETHER]) for place in range(TOGETHER)])
        kinds = Counter(dict(house.sql("SELECT kind, count(*) FROM entries GROUP BY kind")))
    assert sum(kinds[kind] for kind in ("counted", "repeat", "no_code")) == len(distinct), "each once"
    assert kinds["counted"] == len(votes), "no vote is lost, and nobody has two"
    assert house.sql("SELECT count(*) FROM claimed WHERE cap = 'campaign'") == [(len(votes),)]


def _callback(rng: random.Random, callbacks: int) -> dict[str, str]:
    """Of few callers, in few seconds: many differ in one thing only."""
    return {
        "nationcode": "86",
        "mobile": f"138{rng.randrange(callbacks // 4):08d}",
        "text": rng.choice(tuple(TEXTS)),
        "sign": "",
        "time": str(1_532_000_000 + rng.randrange(5)),
        "extend": rng.choice(("", "12")),
    }
