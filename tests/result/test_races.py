"""C9: whoever acts at once, in whatever status, the result goes by the declared edges alone."""

import asyncio
import os
import random
from collections import Counter
from typing import Any

import pytest

from gateway.intake.revise import Refused
from gateway.room.motion import Motion
from gateway.room.proposals import Proposal
from tally import certification
from tests.conftest import House
from tests.result.test_flow import (
    CERTIFY,
    COMPLETE,
    DAY,
    WAIVE,
    answer,
    close,
    export,
    objection,
    publish,
    room,
    settle,
    two,
)
from tests.room.chambers import A01, Room, void

__all__ = ["room"]

RACES = int(os.environ.get("RACES", "100"))
PEOPLE = ("wang", "li", "zhao")
RECOUNT, CORRECT = Motion("recount", "close_result"), Motion("correct", "error_found")


def _motions(room: Room, target: Any) -> list[Motion]:
    return [
        *(WAIVE, COMPLETE, CERTIFY, RECOUNT, CORRECT, publish(room), publish(room, "after_correction")),
        *(objection(room), answer("rejected", "not_borne_out"), answer("upheld", "untrue_deeds")),
        Motion("withdraw", "at_own_wish", selections=(A01,)),
        Motion("bar", "fraud", line="+8613812345672"),
        void(target),
    ]


async def _act(room: Room, motion: Motion, by: str, second: str) -> str:
    """What has become of an act, which another may have overtaken at any point."""
    try:
        considered = await room.chamber.consider(room.running, motion)
        done = await room.chamber.act(room.running, motion, by, considered.digest)
        if isinstance(done, Proposal):
            await room.chamber.approve(room.running, done.id, second, done.digest)
    except Refused as refused:
        return refused.word
    return "done"


async def _race(room: Room, rng: random.Random) -> Counter[str]:
    """Two to five acts at once; at times a close by hand, or a vote, among them."""
    (target, *_) = await room.counting.casebook.of_caller(room.running, "+8613812345671")
    some = rng.choices(_motions(room, target.place), k=rng.randint(2, 5))
    acts = [_act(room, motion, *rng.sample(PEOPLE, 2)) for motion in some]
    others: list[Any] = []
    if rng.random() < 0.5:
        others.append(room.send(f"1381234{rng.randrange(10_000):04d}", "A02"))
    if room.running.closed and rng.random() < 0.3:
        others.append(close(room))
    ended = await asyncio.gather(*acts, *others)
    return Counter(ended[: len(acts)])


async def _lawful(room: Room) -> None:
    """What the ledger says of the acts, followed from the first, is what the service believes."""
    progress = certification.Progress()
    for leaf in await room.leaves():
        progress = certification.after(progress, leaf.kind, leaf.detail, leaf.at_ms)
    assert progress == room.running.progress


@pytest.mark.parametrize("races", [4, pytest.param(RACES, marks=pytest.mark.soak)])
@pytest.mark.parametrize("status", ["open", "closed", "complete", "noticed", "certified"])
async def test_acts_that_race_go_declared_edges_alone(
    room: Room, house: House, status: str, races: int
) -> None:
    """The room holds a recount against all of it at its end: a caller's cap, each total, each edge."""
    if status != "open":
        await settle(room)
    if status in ("complete", "noticed", "certified"):
        await two(room, WAIVE)
        await export(room)
        await room.act(COMPLETE)
    if status in ("noticed", "certified"):
        await two(room, publish(room))
    if status == "certified":
        house.clock.ms += 8 * DAY
        await two(room, CERTIFY)
    rng, ended = random.Random(f"{status} {races}"), Counter[str]()
    for _ in range(races):
        ended += await _race(room, rng)
        await _lawful(room)
        house.clock.ms += rng.choice((0, 1000, 60_000))
    assert ended["done"], "some of them come through"
    assert sum(ended.values()) > ended["done"], "and some are refused"
