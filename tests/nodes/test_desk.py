"""A call that is taken back at two nodes at once, or twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.desk.desk import Desk
from gateway.desk.form import Call, Wish
from gateway.intake.source import Source
from gateway.service import Service
from tally import entry
from tests import postgres as own
from tests.conftest import House
from tests.desk.hands import form_id
from tests.nodes.test_nodes import CAMPAIGN, at_work, house_of


class AtNode:
    """The desk at one node."""

    def __init__(self, service: Service) -> None:
        self.service, self.desk = service, Desk(service, lambda n: bytes(n))
        source = self.desk.source(CAMPAIGN)
        assert source is not None
        self.source: Source = source

    async def kinds(self) -> list[tuple[str, str]]:
        """What was done about calls, and why."""
        leaves = [entry.read_leaf(one.stored.leaf) for one in await self.service.store.acts(CAMPAIGN)]
        return [(leaf.kind, leaf.detail["reason"]) for leaf in leaves if leaf.kind == "undo"]


@pytest.fixture
async def desks(house: House, postgres: own.Server) -> AsyncIterator[list[AtNode]]:
    if not house.load().settings.storage.is_postgresql:
        house.move_to(postgres.url(postgres.fresh()))
    async with at_work([house_of(house, name) for name in ("n1", "n2")]) as nodes:
        yield [AtNode(service) for service in nodes.services]


def call(caller: str, *codes: str) -> Call:
    return Call(form_id(), caller, Wish.VOTE, codes)


async def test_a_call_that_is_taken_back_in_two_tabs(desks: list[AtNode]) -> None:
    """It is taken back once, and both say why as the ledger does."""
    for n in range(12):
        made = call(f"138123456{n:02}", "A01")
        await desks[0].desk.record(desks[0].source, "li", made)
        before = len(await desks[0].kinds())
        told = await asyncio.gather(
            *(
                at.desk.undo(at.source, "li", made.id, reason, "")
                for at, reason in zip(desks, ("wrong_number", "wrong_choice"), strict=True)
            )
        )
        done = (await desks[0].kinds())[before:]
        assert len(done) == 1
        (kind, reason), kept = done[0], await desks[0].desk.find(desks[0].source, "li", made.id)
        assert kind == "undo"
        assert kept is not None
        assert {kept.undone, *(one.undone for one in told)} == {reason}


async def test_a_call_whose_taking_back_was_broken_off(desks: list[AtNode]) -> None:
    """We were stopped before we could remember it: what is said when it is asked again is not why."""
    at, made = desks[0], call("13812345678", "A01")
    await at.desk.record(at.source, "li", made)
    await at.desk.undo(at.source, "li", made.id, "wrong_number", "")
    await at.service.store.run(lambda db: db.execute("UPDATE desk_calls SET undone = ''"))
    assert (await at.desk.undo(at.source, "li", made.id, "wrong_choice", "")).undone == "wrong_number"
    assert await at.kinds() == [("undo", "wrong_number")]
