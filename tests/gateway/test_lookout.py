"""While votes come in the server looks for what stands out: when, how often, and who is told."""

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.fleet.nodes import GONE_MS, Neighbours, Node
from gateway.intake.inbound import Inbound
from gateway.service import Service
from gateway.watching import lookout
from tests.conftest import House, Visitor

pytestmark = pytest.mark.on_sqlite

CAMPAIGN = "beita-2018"
HALF_AN_HOUR = 30 * 60_000


async def vote(service: Service, kind: str, lines: list[str], text: str) -> None:
    sim = service.sources["sim"]
    await service.take(sim, [Inbound(f"{kind}{n}", line, text) for n, line in enumerate(lines)])


async def honest(service: Service) -> None:
    drawn = random.Random(5)
    for code in ("A01", "A02", "A04"):
        lines = [f"13{drawn.randrange(10**9):09d}" for _ in range(80)]
        await vote(service, code, lines, code)


async def bought(service: Service) -> None:
    """Numbers in a row, in one wording."""
    await vote(service, "x", [f"1391234{n:04d}" for n in range(80)], "请投给A03加油")


async def until(done: Callable[[], bool]) -> None:
    for _ in range(300):
        if done():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it never came")


def looks(house: House) -> dict[str, Any]:
    """The looks that are kept, by their file's name."""
    folder = Path(house.load().settings.data) / "anomalies" / CAMPAIGN
    return {one.name: json.loads(one.read_bytes()) for one in folder.glob("*.json")}


def found(visitor: Visitor) -> int:
    return visitor.server.lookout.found[CAMPAIGN]


async def test_it_looks_and_tells(house: House) -> None:
    """Slow: each look is a command of its own."""
    with capture_logs() as log:
        async with house.serve() as visitor:
            service = visitor.server.service
            await honest(service)
            await asyncio.sleep(1.5)
            assert looks(house) == {}, "nothing is due"
            house.clock.ms += HALF_AN_HOUR
            await until(lambda: "000001.json" in looks(house))
            assert found(visitor) == 0
            house.clock.ms += HALF_AN_HOUR
            await asyncio.sleep(1.5)
            assert list(looks(house)) == ["000001.json"], "nothing has come since"
            await bought(service)
            await until(lambda: found(visitor) > 0)
            (name, told), *more = looks(house).items()
            assert (name, more) == ("000002.json", [])
        async with house.serve() as visitor:
            assert found(visitor) == sum(len(contest["findings"]) for contest in told["contests"])
            assert b"televote_anomalies" in visitor.server.metrics.exposition()
    first, second = [line for line in log if line["event"] == "anomalies_looked_for"]
    assert (first["log_level"], first["look"], first["found"]) == ("info", 1, {})
    assert (second["log_level"], second["look"]) == ("warning", 2)
    assert set(second["found"]) >= {"runs", "templates"}


@pytest.mark.parametrize(
    "why", ["never", "figures are kept back", "closed", "another node looks", "too many entries"]
)
async def test_it_does_not_look(house: House, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if why == "too many entries":
        monkeypatch.setattr(lookout, "MOST_ENTRIES", 81)
    if why == "never":
        house.edit(house.settings, "[api]", "[anomalies]\nevery_minutes = 0\n\n[api]")
    if why == "figures are kept back":
        house.edit(house.campaign, 'committee_totals = "live"', 'committee_totals = "after_close"')
    async with house.serve() as visitor:
        service = visitor.server.service
        await bought(service)
        if why == "closed":
            running = service.campaigns[CAMPAIGN]
            await service.schedule.close(running, "wang", "committee_decision", now=True, second="li")
        if why == "another node looks":
            at_ms = house.clock.ms + HALF_AN_HOUR
            service.neighbours.nodes = [Node("m9", at_ms), Node("n1", at_ms)]
        house.clock.ms += HALF_AN_HOUR
        await asyncio.sleep(2.5)
        assert looks(house) == {}


@pytest.mark.parametrize(
    ("others", "first"),
    [([], True), ([("n3", 0)], True), ([("n1", 0)], False), ([("n1", GONE_MS + 1)], True)],
)
async def test_the_first_at_work_does_it(house: House, others: list[tuple[str, int]], first: bool) -> None:
    async with house.service() as service:
        now_ms = 1_000_000
        nodes = Neighbours(service.store, "n2", lambda: None, lambda: now_ms)
        nodes.nodes = [Node("n2", now_ms), *(Node(name, now_ms - ago) for name, ago in others)]
        assert nodes.is_first() is first
