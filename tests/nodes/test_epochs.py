"""The database of several nodes is put back from an older copy: each node has signed more than it holds."""

from pathlib import Path

import pytest

from gateway.checking import audit
from gateway.exporting import exporter
from gateway.keeping import epoch
from tally.outcome import MessageOutcome, Selection
from tests import postgres as own
from tests.conftest import House
from tests.docs.test_verify import check
from tests.gateway.test_epoch import Lost
from tests.intake.test_revise import CAMPAIGN, void
from tests.nodes.test_nodes import Nodes, at_work, close, house_of


async def _send(nodes: Nodes, at: int, first: int, count: int, text: str = "A01") -> list[MessageOutcome]:
    """Messages of as many callers; the same number is the same message."""
    sent = [(f"1381234{n:04d}", f"m{n}") for n in range(first, first + count)]
    return [(await nodes.send(at, caller, text, name)).outcome for caller, name in sent]


async def test_each_node_goes_on_without_what_is_lost(
    house: House, postgres: own.Server, tmp_path: Path
) -> None:
    older = postgres.fresh()
    if not house.load().settings.storage.is_postgresql:
        house.move_to(postgres.url(older))
    houses = [house_of(house, name) for name in ("n1", "n2", "n3")]
    database = house.load().settings.database.rpartition("/")[2].partition("?")[0]
    async with at_work(houses) as nodes:
        for at in range(3):
            assert await _send(nodes, at, at * 10, 4) == ["counted"] * 4
        void_of = await nodes.send(0, "13812340000", "A01", name="m0")
    copy = postgres.fresh(like=database)
    async with at_work(houses) as nodes:  # what will be lost: votes of two nodes, and acts
        assert await _send(nodes, 0, 4, 3) == ["counted"] * 3
        assert await _send(nodes, 1, 14, 2) == ["counted"] * 2
        two = nodes.services[1]
        await two.recorder.revise(
            two.campaigns[CAMPAIGN], [void(void_of.place, release=True)], houses[1].clock.ms
        )
        await two.acts.withdraw(two.campaigns[CAMPAIGN], Selection("window", "A03"), "wang", "at_own_wish")
    postgres.sql(f"DROP DATABASE {database}", f"ALTER DATABASE {copy} RENAME TO {database}")

    for one in houses[:2]:
        await Lost(one, tmp_path).refused("televote new-epoch")
    plans = [await Lost(one, tmp_path).begin() for one in houses[:2]]
    assert [plan.name for plan in plans] == ["n1.e2", "n2.e2"]
    assert plans[0].lost == {"counted": 3}
    assert plans[1].lost["counted"] == 2
    assert sorted(leaf.kind for leaf in plans[1].acts) == ["void", "withdraw"]
    with pytest.raises(epoch.NotBegun, match="nothing is lost"):
        await Lost(houses[2], tmp_path).begin()

    async with at_work(houses) as nodes:
        assert await _send(nodes, 0, 0, 7) == ["counted"] * 7, "three of them come again, and count"
        assert await _send(nodes, 2, 14, 2) == ["counted"] * 2, "at another node than before"
        assert (await nodes.send(1, "13812340000", "A02")).outcome == "repeat", "its void is lost"
        three = nodes.services[2]
        await three.recorder.revise(
            three.campaigns[CAMPAIGN], [void(void_of.place, release=True)], houses[2].clock.ms
        )
        assert (await nodes.send(1, "13812340000", "A02", name="again")).outcome == "counted"
        await close(nodes, down=[])
    counted = await nodes.counted()
    assert counted.voters == 17
    (out := tmp_path / "out").mkdir()
    openings = tmp_path / "openings.jsonl"
    async with audit.open_ledger(houses[0].load(), CAMPAIGN) as ledger:
        await audit.verify(ledger, lambda _: None)
        manifest = await exporter.export_to(out, ledger, lambda _: None, openings)
    assert [log["node"] for log in manifest["ledger"]] == ["n1", "n2", "n3", "n1.e2", "n2.e2"]
    check(out)
    check(out, openings)
