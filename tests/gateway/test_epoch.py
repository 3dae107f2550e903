"""A restored or deleted database: nothing is signed with it, and a new epoch goes on without what is lost."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from config import load
from gateway import entrances, service
from gateway.checking import audit, judging
from gateway.intake import journey
from gateway.intake.inbound import Inbound
from gateway.intake.journey import Prepared
from gateway.intake.running import Running
from gateway.keeping import epoch
from gateway.keeping.epoch import NotBegun, Plan
from gateway.ledger import publisher
from gateway.ledger.folder import Folder
from gateway.ledger.publisher import Forked
from gateway.service import Service
from gateway.storage.store import Place
from gateway.watching.watch import Metrics
from tally import entry, epochs, merkle, note, tiles
from tally.note import Checkpoint
from tally.tiles import Reader
from tests.conftest import House
from tests.intake.test_revise import A02, B03, count, void

CAMPAIGN = "beita-2018"
WHO = ("wang", "li", "the disk died")
AT_MS = 1_531_990_000_000


async def send(counting: Service, first: int, count: int, text: str = "A01") -> None:
    """Messages of as many callers; the same number is the same message."""
    sent = [Inbound(f"m{n}", f"138{n:08d}", text) for n in range(first, first + count)]
    await counting.take(counting.sources["sim"], sent)


@dataclass
class Lost:
    """A house whose newest database is lost: a copy of some votes ago, put back or not."""

    house: House
    folder: Path

    def files(self, node: str = "n1") -> Folder:
        return Folder(self.house.folder / "ledger" / CAMPAIGN / node)

    def signed(self, node: str = "n1") -> Checkpoint:
        running = entrances.run_campaigns(self.house.load())[CAMPAIGN]
        key = publisher.signer(running, node).verifier
        return note.read_checkpoint(note.open_note(self.files(node).checkpoint(), [key]))

    def copy(self, name: str) -> None:
        shutil.copy(self.house.database, self.folder / name)

    def put_back(self, name: str) -> None:
        for file in self.house.folder.glob("televote.db*"):
            file.unlink()
        if name:
            shutil.copy(self.folder / name, self.house.database)

    @asynccontextmanager
    async def beginning(self, *newer: str) -> AsyncIterator[epoch.Beginning]:
        async with epoch.beginning(self.house.load(), CAMPAIGN, newer) as beginning:
            yield beginning

    async def begin(self, *newer: str) -> Plan:
        async with self.beginning(*newer) as beginning:
            await beginning.begin(*WHO, AT_MS)
            return beginning.plan

    async def refused(self, match: str) -> None:
        with pytest.raises(Forked, match=match):
            async with self.house.service():
                pass


@pytest.fixture
async def lost(house: House, tmp_path: Path) -> Lost:
    """Five messages are in the copy `older`, eight are signed."""
    found = Lost(house, tmp_path)
    async with house.service() as counting:
        await send(counting, 0, 5)
    found.copy("older")
    async with house.service() as counting:
        await send(counting, 5, 2)
        await send(counting, 7, 1, "不要A01")
    found.copy("newest")
    return found


async def agrees(house: House) -> audit.Recounted:
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        counted = await audit.recount(ledger, lambda _: None)
        assert counted.agrees, (counted.differences, counted.faults)
        assert not (await judging.judge(house.load(), ledger, lambda _: None)).otherwise
        return counted


@pytest.mark.parametrize(("copy", "kept"), [("older", 7), ("", 0)], ids=["put back", "deleted"])
async def test_it_refuses_and_then_goes_on_without_what_is_lost(lost: Lost, copy: str, kept: int) -> None:
    before = lost.files().checkpoint()
    lost.put_back(copy)
    await lost.refused("televote new-epoch")
    plan = await lost.begin()
    assert (plan.name, plan.logs["n1"]) == ("n1.e2", epochs.Past(10, lost.signed().root, kept))
    late = {"counted": 2, "unclear": 1}
    assert plan.lost == (late if copy else {"config": 1, "open": 1, "counted": 7, "unclear": 1})
    assert lost.signed("n1.e2").size == 1, "it is signed at once"
    async with lost.house.service() as counting:
        await send(counting, 3, 5)
        await counting.publisher.tick()
        totals = await counting.store.totals(CAMPAIGN)
    counted = await agrees(lost.house)
    assert sum(n for key, n in totals.items() if key.subject == "received") == (8 if copy else 5)
    assert list(counted.roots) == ["n1", "n1.e2"]
    assert lost.files().checkpoint() == before, "the old log is not signed again"
    size = lost.signed("n1.e2").size
    assert Reader(size, lost.files("n1.e2").read).root() == lost.signed("n1.e2").root
    (first, *_) = tiles.entries(lost.files("n1.e2").read(tiles.Name(-1, 0, size)))
    gap = entry.read_leaf(first)
    told = (gap.kind, gap.detail["by"], gap.detail["second"], gap.detail["reason"])
    assert told == ("gap", *WHO)
    assert gap.detail["lost"] == dict(plan.lost)
    assert gap.detail["logs"] == {"n1": {"size": 10, "root": lost.signed().root.hex(), "kept": kept}}


async def test_what_is_kept_is_still_known(lost: Lost) -> None:
    """Over both logs: what is sent again, the caps, and rulings on what stands in the old one."""
    async with lost.house.service() as counting:
        await send(counting, 8, 2, "不要A01，要A02")
    lost.copy("older")
    async with lost.house.service() as counting:
        await send(counting, 10, 1)
    lost.put_back("older")
    await lost.begin()
    async with lost.house.service() as counting:
        (again,) = await counting.recorder.submit(*_prepared(lost.house, counting, "m0", 0, "A01"))
        assert (again.redelivered, again.outcome, again.selections[0][2]) == (True, "counted", "counted")
        running = counting.campaigns[CAMPAIGN]
        waiting = {
            case.opening.message_id: case
            for case in await counting.casebook.waiting(CAMPAIGN)
            if case.opening
        }
        assert {case.node for case in waiting.values()} == {"n1"}
        place = waiting["m8"].place
        at = lost.house.clock.ms
        (ruled,) = await counting.recorder.revise(running, [count(place, A02)], at)
        assert ruled.outcome == "counted"
        (more,) = await counting.recorder.submit(*_prepared(lost.house, counting, "m99", 8, "A02"))
        assert more.selections[0][2] == "same_candidate", "the ruling used the caller's cap"
        await counting.recorder.revise(running, [void(place, release=True)], at)
        (free,) = await counting.recorder.submit(*_prepared(lost.house, counting, "m100", 8, "A02"))
        assert free.outcome == "counted", "and gave it back"
        # An entry of the new log with the number of an old one's is not taken for it.
        head = counting.recorder.head(CAMPAIGN)
        own = list(await counting.casebook.of_caller(running, f"+86138{8:08d}"))
        assert {case.node for case in own} == {"n1", "n1.e2"}
        assert head.node == "n1.e2"
    await agrees(lost.house)


def _prepared(
    house: House, counting: Service, name: str, caller: int, text: str
) -> tuple[Running, list[Prepared]]:
    source = counting.sources["sim"]
    one = journey.prepare(source, Inbound(name, f"138{caller:08d}", text), house.clock.ms)
    return source.running, [one]


async def test_a_changed_database_is_no_older_one(lost: Lost) -> None:
    """What it holds must be the beginning of what was signed: else nothing is begun."""
    lost.put_back("older")
    with closing(sqlite3.connect(lost.house.database)) as db:
        db.execute("DROP TRIGGER entries_keep")
        (leaf,) = db.execute("SELECT leaf FROM entries WHERE seq = 3").fetchone()
        other = leaf.replace(b"counted", b"repeat")
        db.execute(
            "UPDATE entries SET leaf = ?, leaf_hash = ? WHERE seq = 3", (other, merkle.leaf_hash(other))
        )
        db.commit()
    for damage in (lambda: None, lambda: shutil.rmtree(lost.files().path / "tile/entries")):
        damage()
        with pytest.raises(NotBegun, match="tampering"):
            await lost.begin()
    shutil.rmtree(lost.files().path / "tile")
    with pytest.raises(NotBegun, match="cannot be shown"):
        await lost.begin()
    assert not lost.files("n1.e2").checkpoint()


async def test_the_tiles_show_it_where_the_entries_are_lost(lost: Lost) -> None:
    lost.put_back("older")
    shutil.rmtree(lost.files().path / "tile/entries")
    plan = await lost.begin()
    assert plan.lost == {"unknown": 3}
    async with lost.house.service():
        pass


async def test_nothing_is_begun_where_nothing_is_lost(lost: Lost) -> None:
    with pytest.raises(NotBegun, match="nothing is lost"):
        await lost.begin()
    async with lost.house.service():
        with pytest.raises(Exception, match="another process has"):
            await lost.begin()
    lost.put_back("older")
    await lost.begin()
    with pytest.raises(NotBegun, match="nothing is lost"):
        await lost.begin()
    lost.put_back("newest")
    await lost.refused("n1.e2, was begun and signed since")


@pytest.mark.parametrize(
    "who", [("wang", "wang ", "why"), ("wang", "", "why"), ("", "li", "why"), ("wang", "li", " ")]
)
async def test_two_people_say_why(lost: Lost, who: tuple[str, str, str]) -> None:
    lost.put_back("older")
    async with lost.beginning() as beginning:
        with pytest.raises(NotBegun):
            await beginning.begin(*who, AT_MS)
    assert not lost.files("n1.e2").checkpoint()


async def test_a_copy_with_an_entry_that_was_never_signed(lost: Lost, tmp_path: Path) -> None:
    """Made between a commit and its signing; then the log was given up without it."""
    ledger = lost.house.folder / "ledger"
    shutil.copytree(ledger, tmp_path / "ledger")
    async with lost.house.service() as counting:
        await send(counting, 8, 1)
    lost.copy("beyond")
    shutil.rmtree(ledger)
    shutil.copytree(tmp_path / "ledger", ledger)  # the power went before it was signed
    lost.put_back("")
    await lost.begin()
    lost.put_back("beyond")
    await lost.refused("an older copy")
    with pytest.raises(NotBegun, match=r"never signed.* or with none"):
        await lost.begin()
    lost.put_back("older")
    assert (await lost.begin()).name == "n1.e3"
    async with lost.house.service() as counting:
        await send(counting, 0, 9)
    await agrees(lost.house)


async def test_two_at_once_do_not_both_sign(lost: Lost) -> None:
    """The other one has a copy of the database, so no lock keeps it out; it signs into the same folder."""
    lost.copy("other.db")
    environment = {"TELEVOTE_STORAGE__URL": f"sqlite:{lost.folder / 'other.db'}"}
    other = load.everything(lost.house.settings, environment)
    async with lost.house.service() as one, service.open_service(other, Metrics(), lost.house.clock) as two:
        await send(two, 20, 3)
        await two.publisher.tick()
        taken = lost.signed()
        await send(one, 30, 5)
        await one.publisher.tick()
        assert (one.publisher.forked, two.publisher.forked) == ({CAMPAIGN}, set())
        await send(two, 40, 1)
        await two.publisher.tick()
    now = lost.signed()
    assert Reader(now.size, lost.files().read).root(taken.size) == taken.root
    await lost.refused("does not go on")


async def test_entries_of_two_logs_with_one_number_are_two(house: House, tmp_path: Path) -> None:
    """A ruling on n1/2 gives back what that entry has used, and not what n1.e2/2 has."""
    found = Lost(house, tmp_path)
    async with house.service() as counting:
        await counting.recorder.submit(*_prepared(house, counting, "first", 0, "A01"))
        (unclear,) = await counting.recorder.submit(
            *_prepared(house, counting, "unclear", 0, "不要A01，要B03")
        )
    found.copy("older")
    async with house.service() as counting:
        await send(counting, 50, 1)
    found.put_back("older")
    await found.begin()
    async with house.service() as counting:
        await send(counting, 60, 1)
        (star,) = await counting.recorder.submit(*_prepared(house, counting, "star", 0, "B03"))
        first = Place(unclear.place.log_id, 2)
        assert (star.outcome, star.place.seq, star.place != first) == ("counted", 2, True)
        running = counting.campaigns[CAMPAIGN]
        rulings = [void(first, release=True), count(unclear.place, B03)]
        _, ruled = await counting.recorder.revise(running, rulings, house.clock.ms)
        assert ruled.selections[0] == ("star", "B03", "same_candidate")
    await agrees(house)


async def test_an_old_log_that_is_not_as_its_gap_says(lost: Lost) -> None:
    lost.put_back("older")
    await lost.begin()
    with closing(sqlite3.connect(lost.house.database)) as db:
        db.execute("UPDATE logs SET size = size - 1 WHERE node = 'n1'")
        db.commit()
    await lost.refused("does not go on from what was signed: up to entry 7")
