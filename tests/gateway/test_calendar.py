"""Opening, closing, and what is refused at the start."""

import asyncio
import json
import secrets
from collections.abc import Sequence
from pathlib import Path

import pytest

from config.problems import Problems
from gateway.intake import journey
from gateway.intake.decide import Verdict
from gateway.intake.inbound import Inbound
from gateway.intake.schedule import TooEarly
from gateway.storage.store import Batch, Head, Unavailable, Unsafe
from tally import entry
from tests.conftest import CLOSES_MS, GRACE_MS, OPENS_MS, SETTLED_MS, House

ENGINES = ("sqlite", "postgresql")

CAMPAIGN = "beita-2018"


async def acts(house: House) -> list[tuple[str, int]]:
    async with house.service() as counting:
        read = [entry.read_leaf(one.stored.leaf) for one in await counting.store.acts(CAMPAIGN)]
        return [(leaf.kind, leaf.at_ms) for leaf in read]


async def test_the_acts_come_with_time(house: House) -> None:
    house.clock.ms = OPENS_MS - 1000
    assert [kind for kind, _ in await acts(house)] == ["config"]
    assert [kind for kind, _ in await acts(house)] == ["config"], "a restart adds nothing"
    house.clock.ms = OPENS_MS
    assert [kind for kind, _ in await acts(house)] == ["config", "open"]
    house.clock.ms = SETTLED_MS
    assert [kind for kind, _ in await acts(house)] == ["config", "open"]
    house.clock.ms = SETTLED_MS + 1
    assert (await acts(house))[-1] == ("close", SETTLED_MS + 1)


async def test_votes_around_the_edges(house: House) -> None:
    house.clock.ms = OPENS_MS - 1
    async with house.service() as counting:
        sim = counting.sources["sim"]

        async def at(ms: int, name: str) -> str:
            house.clock.ms = ms
            (landed,) = await counting.take(sim, [Inbound(name, f"138{ms % 10**8:08d}", "A01")])
            return landed.outcome

        assert await at(OPENS_MS - 1, "a") == "early"
        assert await at(OPENS_MS, "b") == "counted"
        assert await at(CLOSES_MS - 1, "c") == "counted"
        assert await at(CLOSES_MS, "d") == "late"


@pytest.mark.parametrize(
    ("sent", "received", "outcome"),
    [
        (CLOSES_MS - 1000, CLOSES_MS + 24 * 3_600_000, "counted"),
        (CLOSES_MS - 1000, CLOSES_MS + 24 * 3_600_000 + 1, "in_transit"),
        (CLOSES_MS, CLOSES_MS + 1, "late"),
        (OPENS_MS - 1000, OPENS_MS + 5, "early"),
    ],
)
async def test_a_hotline_page_handed_in_later(house: House, sent: int, received: int, outcome: str) -> None:
    async with house.service() as counting:
        house.clock.ms = received
        (landed,) = await counting.take(
            counting.sources["hotline"], [Inbound("x", "5169909", "A01", sent_ms=sent)]
        )
        assert landed.outcome == outcome


async def test_closing_by_hand(house: House) -> None:
    async with house.service() as counting:
        running = counting.campaigns[CAMPAIGN]
        with pytest.raises(TooEarly):
            await counting.schedule.close(running, "chair", "rain", now=False)
        await counting.schedule.close(running, "chair", "rain", now=True)
        closed_ms = house.clock.ms
        (landed,) = await counting.take(counting.sources["sim"], [Inbound("x", "13812345678", "A01")])
        assert landed.outcome == "late"
        await counting.schedule.close(running, "chair", "again", now=True)
    async with house.service() as counting:
        running = counting.campaigns[CAMPAIGN]
        assert (running.closed, running.closed_ms) == (True, closed_ms), "a restart remembers the early close"
        (landed,) = await counting.take(counting.sources["sim"], [Inbound("y", "13912345678", "A01")])
        assert landed.outcome == "late"
    assert [kind for kind, _ in await acts(house)].count("close") == 1


@pytest.mark.on_sqlite
async def test_a_close_by_hand_that_cannot_be_recorded_stands_all_the_same(house: House) -> None:
    """It is on disk before anything is late; the entry follows, as of then."""
    vote = Inbound("x", "13812345678", "A01")
    async with house.service() as counting:
        running = counting.campaigns[CAMPAIGN]
        stuck = "CREATE TRIGGER stuck BEFORE INSERT ON entries WHEN NEW.kind = 'close'"
        await counting.store.run(
            lambda db: db.execute(f"{stuck} BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
        )
        with pytest.raises(Unavailable):
            await counting.schedule.close(running, "chair", "rain", now=True)
        assert (running.closed, running.closed_ms) == (False, house.clock.ms)
        await counting.store.run(lambda db: db.execute("DROP TRIGGER stuck"))
    cut, house.clock.ms = house.clock.ms, house.clock.ms + 60_000
    async with house.service() as counting:
        (landed,) = await counting.take(counting.sources["sim"], [vote])
        assert (landed.outcome, counting.campaigns[CAMPAIGN].closed) == ("late", True)
    assert (await acts(house))[-1] == ("close", cut)


async def test_after_a_crash_it_is_closed_still(house: House) -> None:
    """Whoever has closed it gets a moment to record it; then it is recorded without them."""
    async with house.service() as counting:
        await counting.recorder.cut_short(counting.campaigns[CAMPAIGN], house.clock)
    house.clock.ms += 1_000
    async with house.service() as counting:
        (landed,) = await counting.take(counting.sources["sim"], [Inbound("x", "13812345678", "A01")])
        assert (landed.outcome, counting.campaigns[CAMPAIGN].closed) == ("late", False)
        house.clock.ms += 20_000
        await counting.schedule.tick()
        assert counting.campaigns[CAMPAIGN].closed


async def test_the_rules_are_frozen_once_open(house: House) -> None:
    house.clock.ms = OPENS_MS - 1000
    await acts(house)
    house.edit(house.campaign, "seats = 10", "seats = 9")
    assert [kind for kind, _ in await acts(house)] == ["config", "config"], "before opening they may change"
    house.clock.ms = OPENS_MS + GRACE_MS
    await acts(house)
    house.edit(house.campaign, "seats = 9", "seats = 8")
    with pytest.raises(Unsafe, match="have changed since it opened"):
        await acts(house)


async def test_another_secret_is_refused(house: House) -> None:
    await acts(house)
    (house.folder / "secrets/beita-2018.key").write_text(secrets.token_hex(32))
    with pytest.raises(Unsafe, match="another secret"):
        await acts(house)


@pytest.mark.on_sqlite
@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("[api]", '[storage]\nsynchronous = "NORMAL"\n\n[api]', "storage.synchronous"),
        ('kind = "kannel"', 'kind = "kanel"', "sources.sim.kind"),
        ('token_file = "sim.token"\n', "", "sources.sim"),
        ('kind = "kannel"', 'kind = "kannel"\noptions = { nonsense = 1 }', "sources.sim.options.nonsense"),
        ('campaign = "beita-2018"', 'campaign = "beita-2019"', "sources.sms.campaign"),
    ],
)
def test_unsafe_or_wrong_settings_do_not_start(house: House, old: str, new: str, key: str) -> None:
    from gateway import entrances

    house.edit(house.settings, old, new)

    def open_all() -> None:
        loaded = house.load()
        entrances.open_all(loaded, entrances.run_campaigns(loaded))

    with pytest.raises(Problems) as found:
        open_all()
    assert [problem.key for problem in found.value.problems] == [key]
    assert found.value.problems[0].line > 0


@pytest.mark.on_sqlite
async def test_no_number_and_no_text_is_in_logs_metrics_or_the_database(
    house: House, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """S11, P1: canaries go in by every door, and are looked for in everything that comes out."""
    from gateway.watching import watch

    watch.log_to(level="debug")
    async with house.serve() as visitor:
        assert await visitor.vote("13877766655", "A01 暗号珊瑚", "m1") == 200
        assert await visitor.vote("13877766655", "A02 暗号珊瑚", "m2") == 200
        assert await visitor.kannel("+8613877766655", "B01", "k1") == 200
        assert await visitor.send(b"13877766655 is no JSON", "m3") == 200
        async with visitor.session.post(f"{visitor.server.url}/in/sms", data=b"13877766655") as refused:
            assert refused.status in (401, 403)
        await visitor.server.board.refresh()
        _, metrics = await visitor.get("/metrics", token=True)
        _, page = await visitor.get("/")
        _, api = await visitor.get(f"/api/campaigns/{CAMPAIGN}/standings", token=True)
        assert (await visitor.get("/metrics"))[0] == 401
    out = "".join(capfd.readouterr())
    files = [file.read_bytes() for file in house.folder.glob("televote.db*")]
    seen = [out.encode(), metrics.encode(), page.encode(), api.encode(), *files]
    for canary in ("13877766655", "3877766", "暗号珊瑚"):
        assert not any(canary.encode() in one for one in seen), canary
    assert json.loads(api)["balance"]["messages"]["received"] == 4


async def test_a_full_queue_keeps_no_campaign_from_closing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house.service() as service:
        recorder, running = service.recorder, service.campaigns[CAMPAIGN]
        monkeypatch.setattr(recorder, "_limit", 4)
        gate, append = asyncio.Event(), service.store.append

        async def stuck(batches: Sequence[Batch]) -> None:
            await gate.wait()
            await append(batches)

        monkeypatch.setattr(service.store, "append", stuck)
        waiting = []
        for number in range(20):
            inbound = Inbound(f"m{number}", f"1381234{number:04}", "A01")
            if not recorder.is_full(0):
                prepared = journey.prepare(service.sources["sim"], inbound, house.clock.ms)
                waiting.append(asyncio.create_task(recorder.submit(running, [prepared])))
            await asyncio.sleep(0.01)
        assert recorder.is_full(0)
        house.clock.ms = SETTLED_MS + 60_000
        await asyncio.sleep(0.7)  # the calendar ticks twice
        gate.set()
        async with asyncio.timeout(10):
            while not running.closed:  # noqa: ASYNC110 -- nobody tells
                await asyncio.sleep(0.01)
        await asyncio.gather(*waiting)


async def test_what_arrives_while_a_close_is_being_written_does_not_count(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house.service() as service:
        running, at_ms, cut = service.campaigns[CAMPAIGN], house.clock.ms, service.store.cut_short
        arriving: list[asyncio.Task[list[Verdict]]] = []

        async def slow(head: Head, until_ms: int) -> int:
            kept = await cut(head, until_ms)
            for late in (-1, 5):  # received before, and after; both are prepared before the close is known
                inbound = Inbound(f"m{late}", f"1381234567{late + 2}", "A01")
                prepared = journey.prepare(service.sources["sim"], inbound, at_ms + late)
                arriving.append(asyncio.create_task(service.recorder.submit(running, [prepared])))
                await asyncio.sleep(0)
            return kept

        monkeypatch.setattr(service.store, "cut_short", slow)
        await service.recorder.cut_short(running, house.clock)
        told = [(await one)[0].outcome for one in arriving]
        assert told == ["counted", "late"]
