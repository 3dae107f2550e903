"""Every message judged again: what a gateway that did not keep the rules has recorded is found and named,
though the recount of it agrees.

That sound ledgers are found sound is asked where rules are tested: by rulings of all kinds
(`tests/intake/test_revise.py`), on several nodes (`tests/nodes`), in the simulation.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.judge import History
from dedup.keys import VoterKey
from gateway.checking import audit, judging
from gateway.checking.judging import Judged, has_order
from gateway.intake import decide, journey
from gateway.intake.inbound import Inbound
from gateway.intake.inscribe import Settled
from gateway.intake.journey import Prepared
from gateway.intake.source import Source
from tally.count import Totals
from tally.outcome import MessageOutcome
from tests.conftest import CLOSES_MS, House

CAMPAIGN = "beita-2018"

settle, prepare = decide.settle, journey.prepare


async def judged(house: House) -> Judged:
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        assert (await audit.recount(ledger, lambda _: None)).faults == []
        return await judging.judge(house.load(), ledger, lambda _: None)


async def vote(house: House) -> None:
    """Six messages, one after another, with an inside of their own: 2 to 7."""
    async with house.service() as counting:
        sim = counting.sources["sim"]
        for number, (line, text) in enumerate(
            [
                ("13812345670", "A01"),
                ("13812345671", "A02"),
                ("13812345671", "A02"),
                ("13812345672", "A01"),
                ("13812345672", "A02"),
                ("13812345673", "A03"),
            ]
        ):
            await counting.take(sim, [Inbound(f"m{number}", line, text)])


def _left_out(item: Prepared, ended: Settled) -> Settled:
    _, selections, voids, _ = ended
    if selections[0][1] != "A03":
        return ended
    return MessageOutcome.REPEAT, tuple((*one[:2], "over_cap") for one in selections), voids, ()


def _for_another(item: Prepared, ended: Settled) -> Settled:
    outcome, selections, voids, uses = ended
    if selections[0][1] != "A03":
        return ended
    claims = tuple(use._replace(candidate="A01") for use in uses)
    return outcome, (("window", "A01", "counted"),), voids, claims


def _late(item: Prepared, ended: Settled) -> Settled:
    return (MessageOutcome.LATE, (), (), ()) if ended[1][0][1] == "A03" else ended


def _is_of_another(source: Source, inbound: Inbound, received_ms: int) -> Prepared:
    """Whoever votes a second time is taken for somebody else."""
    item = prepare(source, inbound, received_ms)
    if inbound.message_id != "m4":
        return item
    return item._replace(heard=item.heard._replace(voter=VoterKey(bytes(range(16)))))


def _reworded(source: Source, inbound: Inbound, received_ms: int) -> Prepared:
    """What is kept of the message is not what was judged."""
    item = prepare(source, inbound, received_ms)
    return item._replace(inbound=inbound._replace(text="A01")) if inbound.message_id == "m5" else item


def _on_another_day(source: Source, inbound: Inbound, received_ms: int) -> Prepared:
    item = prepare(source, inbound, received_ms)
    return item._replace(day="2018-07-01") if inbound.message_id == "m5" else item


def ending(forge: Callable[[Prepared, Settled], Settled]) -> Callable[[pytest.MonkeyPatch], None]:
    def settled(totals: Totals, item: Prepared, histories: dict[VoterKey, History]) -> Settled:
        return forge(item, settle(totals, item, histories))

    return lambda patch: patch.setattr(decide, "settle", settled)


def preparing(forge: Callable[[Source, Inbound, int], Prepared]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(journey, "prepare", forge)


#: By a gateway of which kind; the entry; what it recorded; what the rules give.
FORGED = {
    "a vote left out": (
        ending(_left_out), 7, "repeat, window/A03 over_cap", "counted, window/A03 counted",
    ),
    "a vote for another": (
        ending(_for_another), 7, "counted, window/A01 counted", "counted, window/A03 counted",
    ),
    "a vote called late": (ending(_late), 7, "late", "counted, window/A03 counted"),
    "a second vote, as somebody else's": (
        preparing(_is_of_another), 6,
        "counted, window/A02 counted, of one caller", "repeat, window/A02 over_cap, of another",
    ),
    "a text that says something else": (
        preparing(_reworded), 7, "counted, window/A03 counted", "counted, window/A01 counted",
    ),
    "a vote of another day": (
        preparing(_on_another_day), 7,
        "counted, window/A03 counted, on 2018-07-01", "counted, window/A03 counted, on 2018-07-09",
    ),
}  # fmt: skip


async def test_an_honest_gateway(house: House) -> None:
    await vote(house)
    assert await judged(house) == Judged(messages=6)


@pytest.mark.parametrize("kind", FORGED)
async def test_what_was_not_judged_by_the_rules(
    house: House, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge, seq, recorded, due = FORGED[kind]
    with monkeypatch.context() as patch:
        forge(patch)
        await vote(house)
    found = await judged(house)
    assert [(one.seq, one.recorded, one.by_the_rules) for one in found.otherwise] == [(seq, recorded, due)]


async def test_a_source_that_is_not_set_up_any_more(house: House) -> None:
    await vote(house)
    house.edit(house.settings, "[sources.sim]", "[sources.other]")
    assert await judged(house) == Judged(messages=6, unknown={"sim"})


async def test_settings_that_would_have_given_something_else(house: House) -> None:
    """Whether the operator changed them afterwards, or the gateway did not keep to them, only people know."""
    trusted, own = (f'"csv"\ncampaign = "{CAMPAIGN}"\nclock = "{clock}"' for clock in ("provider", "arrival"))
    house.edit(house.settings, trusted, own)
    async with house.service() as counting:
        house.clock.ms = CLOSES_MS
        called = Inbound("c1", "5377766", "A01", sent_ms=CLOSES_MS - 60_000)
        await counting.take(counting.sources["hotline"], [called])
    assert (await judged(house)).otherwise == []
    house.edit(house.settings, own, trusted)
    (one,) = (await judged(house)).otherwise
    assert one.recorded.startswith("late")
    assert one.by_the_rules.startswith("counted, window/A01 counted")


async def test_what_nobody_brought_in_from_a_statement(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call after the close, put down as one that a statement shows to have come before."""

    def brought_in(source: Source, inbound: Inbound, received_ms: int) -> Prepared:
        return prepare(replace(source, clock="statement"), inbound, received_ms)

    async with house.service() as counting:
        house.clock.ms = CLOSES_MS
        called = Inbound("op/1", "5377766", "A01", sent_ms=CLOSES_MS - 60_000)
        with monkeypatch.context() as patch:
            patch.setattr(journey, "prepare", brought_in)
            await counting.take(counting.sources["desk"], [called])
    (one,) = (await judged(house)).otherwise
    assert one.recorded == "counted, window/A01 counted, by the time of statement"
    assert one.by_the_rules == "late, by the time of arrival"


async def test_what_an_early_close_cut_off(house: House) -> None:
    async with house.service() as counting:
        sim, running = counting.sources["sim"], counting.campaigns[CAMPAIGN]
        await counting.take(sim, [Inbound("m1", "13812345670", "A01")])
        house.clock.ms += 1_000
        await counting.recorder.cut_short(running, lambda: house.clock.ms)
        house.clock.ms += 1_000
        await counting.take(sim, [Inbound("m2", "13812345671", "A01")])
        house.clock.ms += 60_000
        await counting.schedule.tick()
        assert running.closed
    assert await judged(house) == Judged(messages=2)


async def test_what_is_counted_while_the_close_is_not_recorded(house: House) -> None:
    """Closed at one time, by the record, and counted until another."""
    async with house.service() as counting:
        sim, running = counting.sources["sim"], counting.campaigns[CAMPAIGN]
        cut_ms = house.clock.ms
        house.clock.ms += 1_000
        await counting.take(sim, [Inbound("m1", "13812345670", "A01")])
        await counting.recorder.cut_short(running, lambda: cut_ms)
        house.clock.ms += 60_000
        await counting.schedule.tick()
        assert running.closed
    found = await judged(house)
    assert [(one.recorded, one.by_the_rules) for one in found.otherwise] == [
        ("counted, window/A01 counted", "late")
    ]


@given(st.lists(st.integers(0, 2), max_size=14))
def test_what_came_in_one_row_has_an_order(logs: list[int]) -> None:
    """Things of three logs, each of which fits behind what came before it in some row, and only there."""
    row = [(log, place) for place, log in enumerate(logs)]
    apart = [[one for one in row if one[0] == log] for log in range(3)]
    assert has_order(apart, lambda taken, one: sorted(place for _, place in taken) == list(range(one[1])))


def test_what_cannot_have_been_in_one_row_has_none() -> None:
    assert not has_order([["a", "b"], ["c"]], lambda taken, one: one != "b" or "d" in taken)
    assert not has_order([["b"], ["c"]], lambda taken, one: (one == "b") == ("c" in taken) and one != "c")
    assert has_order([["b"], ["c"]], lambda taken, one: (one == "b") == ("c" in taken))
