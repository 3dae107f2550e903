"""Several nodes at once: what voids votes, what closes early, and what is not as it should be."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.intake import journey
from gateway.intake.decide import Verdict
from gateway.intake.inbound import Inbound
from gateway.intake.revise import Act
from gateway.service import Service
from gateway.storage.postgresql.session import Session
from gateway.storage.postgresql.store import PostgresStore
from gateway.storage.store import Unavailable
from tally.outcome import MessageOutcome
from tests.conftest import OPENS_MS, Clock, House
from tests.intake.test_revise import CAMPAIGN
from tests.nodes.test_nodes import at_work, houses, until, until_closed

__all__ = ["houses"]

ENGINES = ("postgresql",)


async def received(service: Service, caller: str, at_ms: int) -> Verdict:
    """A vote that was received at an instant, and is recorded now."""
    inbound = Inbound(f"{caller}/{at_ms}", caller, "A01")
    prepared = journey.prepare(service.sources["sim"], inbound, at_ms)
    (verdict,) = await service.recorder.submit(service.campaigns[CAMPAIGN], [prepared])
    return verdict


async def test_a_vote_over_the_cap_voids_what_another_node_counts_meanwhile(houses: list[House]) -> None:
    """A third and a fourth selection come to one node, a second to another: nothing of them counts."""
    for house in houses:
        text = house.campaign.read_text("utf-8")
        start = text.index('id = "window"')
        contest = (
            text[start:]
            .replace('over_cap = "first"', 'over_cap = "void_all"', 1)
            .replace("selections = { min = 1, max = 1 }", "selections = { min = 1, max = 2 }", 1)
            .replace("votes = 1", "votes = 2", 1)
        )
        house.campaign.write_text(text[:start] + contest, "utf-8")
    async with at_work(houses[:2]) as nodes:
        for number in range(60):
            caller = f"1381234{number:04d}"
            await nodes.send(0, caller, "A01")
            await asyncio.gather(nodes.send(1, caller, "A02"), nodes.send(0, caller, "A03 A04"))
        totals = await nodes.services[0].store.totals(CAMPAIGN)
        selected = [(key.outcome, n) for key, n in totals.items() if key.subject == "selection"]
        assert sum(n for outcome, n in selected if outcome == "counted") == 0
        await nodes.counted()


async def test_what_arrives_after_an_early_close_is_late_on_every_node(houses: list[House]) -> None:
    async with at_work(houses) as nodes:
        clock = houses[0].clock
        began = clock.ms
        campaigns = [service.campaigns[CAMPAIGN] for service in nodes.services]
        await nodes.services[0].recorder.cut_short(campaigns[0], clock)
        clock.ms = began + 50
        await nodes.services[1].recorder.cut_short(campaigns[1], clock)
        assert [one.closed_ms for one in campaigns[:2]] == [began, began], "two close at once: the first does"
        told = [
            [(await received(one, f"1381234{n}{at + 10:02}", began + at)).outcome for at in (-1, 10, 60)]
            for n, one in enumerate(nodes.services, 10)
        ]
        counted, late = MessageOutcome.COUNTED, MessageOutcome.LATE
        assert told == [[counted, late, late]] * 3
        clock.ms = began + 60_000
        await until_closed(nodes)
    await nodes.counted()


async def test_a_node_with_other_rules_counts_nothing_and_says_so(houses: list[House]) -> None:
    """It hears of the opening from another node, whose clock is ahead."""
    houses[1].edit(houses[1].campaign, "seats = 10", "seats = 9")
    houses[1].clock = Clock(OPENS_MS - 5_000)
    houses[0].clock.ms = OPENS_MS - 5_000
    async with at_work(houses[:2]) as nodes:
        first, second = nodes.services
        houses[0].clock.ms = OPENS_MS + 10
        await until(lambda: first.campaigns[CAMPAIGN].opened)
        await until(lambda: not second.recorder.healthy)
        with pytest.raises(Unavailable):
            await nodes.send(1, "13812345671", "A01")


async def test_what_another_node_recorded_is_recognised_with_few_questions(
    houses: list[House], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_work(houses[:2]) as nodes:
        asked: list[int] = []
        filed = nodes.services[1].store.filed

        async def counting(places: Sequence[object]) -> object:
            asked.append(len(places))
            return await filed(places)  # type: ignore[arg-type]

        monkeypatch.setattr(nodes.services[1].store, "filed", counting)
        votes = [(f"1381234{number:04d}", "A01") for number in range(50)]
        prepared = [
            journey.prepare(service.sources["sim"], Inbound(f"m{n}", *vote), houses[0].clock.ms)
            for service in nodes.services
            for n, vote in enumerate(votes)
        ]
        first = await nodes.services[0].recorder.submit(nodes.services[0].campaigns[CAMPAIGN], prepared[:50])
        again = await nodes.services[1].recorder.submit(nodes.services[1].campaigns[CAMPAIGN], prepared[50:])
        assert [(one.outcome, one.place) for one in again] == [(one.outcome, one.place) for one in first]
        assert all(one.redelivered for one in again)
        assert asked == []


async def test_an_act_is_not_recorded_once_others_are_let_in_again(
    houses: list[House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The votes' connection is lost while an act is worked out, and the lock on the campaign with it."""
    async with at_work(houses[:2]) as nodes:
        first, second = nodes.services
        decide, pid = first.recorder._decide_alone, _store(first)._pid

        async def slow(log: Any, waiting: Any) -> Any:
            await second.store.run(lambda db: db.execute("SELECT pg_terminate_backend(?)", (pid,)).fetchall())
            assert (await nodes.send(1, "13812345679", "A01")).outcome == MessageOutcome.COUNTED
            await until(_session(first).is_closed)
            return await decide(log, waiting)

        monkeypatch.setattr(first.recorder, "_decide_alone", slow)
        act = Act(first.campaigns[CAMPAIGN], "config", houses[0].clock.ms, {"by": "wang", "rules": "0" * 64})
        with pytest.raises(Unavailable):
            await first.recorder.act(act)
        monkeypatch.undo()
        await until(lambda: first.recorder.healthy)
        assert [leaf.kind for _, leaf in await nodes.leaves()] == ["config", "open"]
        assert (await nodes.send(0, "13812345670", "A01")).outcome == MessageOutcome.COUNTED
    await nodes.counted()


async def test_a_number_that_comes_again_costs_another_node_nothing(houses: list[House]) -> None:
    """After the database was started anew, another node's connection may have the number that ours had."""
    async with at_work(houses[:2]) as nodes:
        first, second = nodes.services
        _store(first)._pid = _store(second)._pid
        _session(first).terminate()
        assert (await nodes.send(0, "13812345679", "A01")).outcome == MessageOutcome.COUNTED
        assert not _session(second).is_closed()
        assert (await nodes.send(1, "13812345670", "A01")).outcome == MessageOutcome.COUNTED


def _store(service: Service) -> PostgresStore:
    assert isinstance(service.store, PostgresStore)
    return service.store


def _session(service: Service) -> Session:
    session = _store(service)._writer
    assert session is not None
    return session
