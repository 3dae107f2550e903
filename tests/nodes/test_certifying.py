"""A result that is certified at one node while something is recorded at another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from gateway.exporting.exports import Exports
from gateway.room.chamber import Chamber, Done
from gateway.room.proposals import Proposal
from gateway.room.secretary import Secretary
from tests import postgres as own
from tests.conftest import House
from tests.nodes.test_nodes import house_of, until
from tests.panel.panels import arrange
from tests.result.test_flow import CERTIFY, DAY, answer, completed, objection, publish, two
from tests.room.chambers import Room, refused


async def _sits(login: str, campaign: str) -> bool:
    return True


@pytest.fixture
async def rooms(house: House, postgres: own.Server) -> AsyncIterator[list[Room]]:
    """The committee at two nodes; the result is on notice, and that is over."""
    arrange(house, "")
    if not house.load().settings.storage.is_postgresql:
        house.move_to(postgres.url(postgres.fresh()))
    houses = [house_of(house, name) for name in ("n1", "n2")]
    async with houses[0].service() as here, houses[1].service() as there:
        rooms = []
        for each, service in zip(houses, (here, there), strict=True):
            exports = Exports(each.load())
            chamber = Chamber(service, lambda n: bytes(range(n)), _sits, Secretary(service, exports))
            rooms.append(Room(each, service, chamber, set(), exports))
        await rooms[0].send("13812345671", "A01")
        await rooms[0].send("13812345675", "别投A02")
        await completed(rooms[0])
        await two(rooms[0], publish(rooms[0]))
        house.clock.ms += 8 * DAY
        await met(rooms)
        yield rooms


async def met(rooms: list[Room]) -> None:
    """Wait until both nodes know of the same acts."""
    await until(lambda: len({room.running.followed for room in rooms}) == 1)


@asynccontextmanager
async def held(room: Room, proposal: Proposal) -> AsyncIterator[None]:
    """The database takes its time to note that a proposal was agreed to."""
    connection = await asyncpg.connect(room.house.load().settings.storage.url)
    try:
        async with connection.transaction():
            await connection.fetch("SELECT id FROM proposals WHERE id = $1 FOR UPDATE", proposal.id)
            yield
    finally:
        await connection.close()


async def test_an_objection_that_comes_in_meanwhile_is_not_certified_away(rooms: list[Room]) -> None:
    here, there = rooms
    proposal = await here.propose(CERTIFY)
    async with held(here, proposal):
        approving = asyncio.create_task(here.approve(proposal))
        await asyncio.sleep(1)  # it has looked at what must hold
        await there.act(objection(there))
        await met(rooms)
    assert await refused(approving) == "changed"
    assert not here.running.certified
    assert await refused(here.approve(proposal)) == "gate_no_open_objection"
    await here.act(answer("rejected", "not_borne_out"))
    await here.approve(proposal)  # it is still open
    assert here.running.certified


async def test_nothing_else_that_comes_in_is(rooms: list[Room]) -> None:
    here, there = rooms
    proposal = await here.propose(CERTIFY)
    async with held(here, proposal):
        approving = asyncio.create_task(here.approve(proposal))
        await asyncio.sleep(1)
        await there.send("13812345679", "A02")
    assert await refused(approving) == "changed"
    assert isinstance(await here.approve(proposal), Done), (
        "it was late, and moves nothing: it is agreed to again"
    )
