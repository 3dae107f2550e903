"""Judges and the committee at several nodes: what an act rests on is what the ledger has by then."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from gateway.checking import audit
from gateway.intake.revise import Refused
from gateway.intake.running import Running
from gateway.panel.drafts import Draft
from gateway.panel.marking import Marks
from gateway.panel.scoring import Scoring, digest_of
from gateway.service import Service
from tests import postgres as own
from tests.conftest import House
from tests.nodes.test_nodes import CAMPAIGN, Nodes, at_work, house_of, until
from tests.panel.panels import EVALUATION, WINDOWS, arrange

JUDGES = 3
CONTEST = "window"


CRITERIA = ("manner", "skill")


def marked() -> Marks:
    return Marks({(code, one): "5" for code in WINDOWS for one in CRITERIA})


#: What a judge has looked at who marked so.
SHEET = digest_of({code: dict.fromkeys(CRITERIA, "5") for code in WINDOWS})


def moved(house: House, postgres: own.Server) -> list[House]:
    if not house.load().settings.storage.is_postgresql:
        house.move_to(postgres.url(postgres.fresh()))
    return [house_of(house, name) for name in ("n1", "n2")]


@pytest.fixture
async def nodes(house: House, postgres: own.Server) -> AsyncIterator[Nodes]:
    """Two nodes, and a panel of three."""
    arrange(house, EVALUATION.replace("judges = 2", f"judges = {JUDGES}"))
    async with at_work(moved(house, postgres)) as opened:
        yield opened


class Slow(Scoring):
    """Marks are read slowly: `read` is set when a sheet has been, and it is submitted once `go` is."""

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self.read, self.go = asyncio.Event(), asyncio.Event()

    async def draft(self, running: Running, contest: str, judge: str) -> Draft:
        found = await super().draft(running, contest, judge)
        self.read.set()
        await self.go.wait()
        return found


async def sheets(nodes: Nodes) -> Counter[str]:
    """Judge -> sheets in the ledger, of which the recount says nothing bad."""
    async with audit.open_ledger(nodes.houses[0].load(), CAMPAIGN) as ledger:
        counted = await audit.recount(ledger, lambda _: None)
    assert not counted.faults
    return Counter(act.leaf.detail["by"] for act in counted.acts if act.leaf.kind == "score")


async def test_a_sheet_that_is_submitted_twice_is_in_the_ledger_once(nodes: Nodes) -> None:
    """A second one would stand there for ever, and no recount would agree any more."""
    runnings = [service.campaigns[CAMPAIGN] for service in nodes.services]
    slow, other = Slow(nodes.services[0]), Scoring(nodes.services[1])
    await other.enter(runnings[1], CONTEST, "j1", marked())
    submitting = asyncio.create_task(slow.submit(runnings[0], CONTEST, "j1", SHEET))
    await slow.read.wait()
    await other.submit(runnings[1], CONTEST, "j1", SHEET)
    await until(lambda: runnings[0].followed == runnings[1].followed)
    slow.go.set()
    with pytest.raises(Refused, match="submitted"):
        await submitting
    assert await sheets(nodes) == {"j1": 1}


async def test_a_sheet_that_waits_for_another_act_is_looked_at_again(nodes: Nodes) -> None:
    runnings = [service.campaigns[CAMPAIGN] for service in nodes.services]
    here, there = (Scoring(service) for service in nodes.services)
    await there.enter(runnings[1], CONTEST, "j1", marked())
    async with nodes.services[0].acts._turn:  # an act of somebody else's is being recorded here
        submitting = asyncio.create_task(here.submit(runnings[0], CONTEST, "j1", SHEET))
        await asyncio.sleep(1)
        await there.submit(runnings[1], CONTEST, "j1", SHEET)
        await until(lambda: runnings[0].followed == runnings[1].followed)
    with pytest.raises(Refused, match="submitted"):
        await submitting
    assert await sheets(nodes) == {"j1": 1}


async def test_of_the_last_places_at_the_table_each_is_given_once(nodes: Nodes) -> None:
    runnings = [service.campaigns[CAMPAIGN] for service in nodes.services]
    slow, other = Slow(nodes.services[0]), Scoring(nodes.services[1])
    for judge in ("j1", "j2", "j3", "j4"):
        await other.enter(runnings[1], CONTEST, judge, marked())
    for judge in ("j1", "j2"):
        await other.submit(runnings[1], CONTEST, judge, SHEET)
    await until(lambda: runnings[0].followed == runnings[1].followed)
    submitting = asyncio.create_task(slow.submit(runnings[0], CONTEST, "j3", SHEET))
    await slow.read.wait()
    await other.submit(runnings[1], CONTEST, "j4", SHEET)
    await until(lambda: runnings[0].followed == runnings[1].followed)
    slow.go.set()
    with pytest.raises(Refused, match="panel_full"):
        await submitting
    assert await sheets(nodes) == {"j1": 1, "j2": 1, "j4": 1}


async def test_judges_at_two_nodes_do_not_get_into_each_others_way(nodes: Nodes) -> None:
    """Neither is sent away because the other was a moment faster."""
    runnings = [service.campaigns[CAMPAIGN] for service in nodes.services]
    scoring = [Scoring(service) for service in nodes.services]
    for judge in ("j1", "j2"):
        await scoring[0].enter(runnings[0], CONTEST, judge, marked())
    await asyncio.gather(
        scoring[0].submit(runnings[0], CONTEST, "j1", SHEET),
        scoring[1].submit(runnings[1], CONTEST, "j2", SHEET),
    )
    assert await sheets(nodes) == {"j1": 1, "j2": 1}


async def test_an_evaluation_has_the_sheets_of_every_node(nodes: Nodes) -> None:
    runnings = [service.campaigns[CAMPAIGN] for service in nodes.services]
    scoring = [Scoring(service) for service in nodes.services]
    for n in range(JUDGES):
        at = n % 2
        await scoring[at].enter(runnings[at], CONTEST, f"j{n}", marked())
        await scoring[at].submit(runnings[at], CONTEST, f"j{n}", SHEET)
        await until(lambda: runnings[0].followed == runnings[1].followed)
        for one, running in zip(scoring, runnings, strict=True):
            document = await one.document(running)
            assert document is not None
            assert bool(document["contests"][0]["rows"]) == (n == JUDGES - 1), n
