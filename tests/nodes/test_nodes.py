"""Several nodes on one database: one caller has one vote, acts have one order, and a close binds all logs."""

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.checking import audit, judging
from gateway.exporting import exporter
from gateway.intake import journey
from gateway.intake.decide import Verdict
from gateway.intake.inbound import Form, Inbound
from gateway.intake.revise import Refused
from gateway.ledger.mirror import Mirror
from gateway.reporting import collect
from gateway.room import records
from gateway.room.records import Archive, Query
from gateway.service import Service
from gateway.storage.opening import open_reader
from gateway.storage.store import Unsafe
from tally import entry, merkle
from tally.outcome import Selection
from tests import postgres as own
from tests.conftest import SETTLED_MS, House
from tests.docs.test_verify import check
from tests.intake.test_revise import A02, CAMPAIGN, count, void


class Nodes:
    """Services, each with a name and a folder of its own, one campaign and one database."""

    def __init__(self, houses: Sequence[House], services: Sequence[Service]) -> None:
        self.houses, self.services = houses, services
        self._sent = 0

    async def send(self, at: int, caller: str, text: str, name: str = "", form: Form = Form.TEXT) -> Verdict:
        """A message that arrives at a node."""
        (verdict,) = await self.send_all(at, [(caller, text)], name, form)
        return verdict

    async def send_all(
        self, at: int, messages: Sequence[tuple[str, str]], name: str = "", form: Form = Form.TEXT
    ) -> list[Verdict]:
        """An array of messages that arrives at a node."""
        service, prepared = self.services[at], []
        for caller, text in messages:
            self._sent += 1
            inbound = Inbound(name or f"m{self._sent}", caller, text, form)
            prepared.append(journey.prepare(service.sources["sim"], inbound, self.houses[at].clock.ms))
        return await service.recorder.submit(service.campaigns[CAMPAIGN], prepared)

    async def counted(self) -> audit.Recounted:
        """The recount agrees with what is kept; the same is read at every node."""
        found = []
        for house in self.houses:
            async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
                counted = await audit.recount(ledger, lambda _: None)
                assert counted.agrees, (counted.differences, counted.faults)
                assert not (await judging.judge(house.load(), ledger, lambda _: None)).otherwise
                found.append(counted.standings)
        assert all(one == found[0] for one in found)
        return counted

    async def leaves(self) -> list[tuple[str, entry.Leaf]]:
        """Every act, in order."""
        return [
            (act.node, entry.read_leaf(act.stored.leaf))
            for act in await self.services[0].store.acts(CAMPAIGN)
        ]


def house_of(first: House, name: str) -> House:
    """Another machine: the same campaign and secrets, a folder of its own."""
    folder = first.folder.parent / name
    for inner in ("campaigns", "secrets"):
        (folder / inner).mkdir(parents=True)
        for file in (first.folder / inner).iterdir():
            (folder / inner / file.name).write_bytes(file.read_bytes())
    text = first.settings.read_text("utf-8")
    (folder / "televote.toml").write_text(f'node = "{name}"\n{text}', "utf-8")
    return House(folder, first.clock)


@pytest.fixture
def houses(house: House, postgres: own.Server) -> list[House]:
    if not house.load().settings.storage.is_postgresql:
        house.move_to(postgres.url(postgres.fresh()))
    return [house_of(house, name) for name in ("n1", "n2", "n3")]


@asynccontextmanager
async def at_work(houses: Sequence[House]) -> AsyncIterator[Nodes]:
    async with AsyncExitStack() as stack:
        services = [await stack.enter_async_context(house.service()) for house in houses]
        yield Nodes(houses, services)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it; the timeout is a watchdog, not a measure."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 -- it comes of what another process would do
            await asyncio.sleep(0.05)


async def until_closed(nodes: Nodes) -> None:
    """Wait until every node has taken up the close."""
    await until(lambda: all(service.campaigns[CAMPAIGN].closed for service in nodes.services))


async def close(nodes: Nodes, down: list[str]) -> None:
    """Let the time come, these nodes being down."""
    clock = nodes.houses[0].clock
    clock.ms = SETTLED_MS - 1_000
    await until(lambda: all(one.neighbours.down() == down for one in nodes.services))
    clock.ms = SETTLED_MS + 1_000
    await until_closed(nodes)


async def test_a_caller_has_one_vote_wherever_it_arrives(houses: list[House]) -> None:
    async with at_work(houses) as nodes:
        first = await nodes.send(0, "13812345678", "A01")
        second = await nodes.send(1, "13812345678", "A02")
        assert (first.outcome, second.outcome) == ("counted", "repeat")
        again = await nodes.send(2, "13812345678", "A01", name="m1")
        assert (again.outcome, again.redelivered, again.place) == ("counted", True, first.place)
    counted = await nodes.counted()
    assert counted.voters == 1


async def test_at_the_same_time(houses: list[House]) -> None:
    """Many messages of few callers, at all nodes at once: each caller is counted once, and nobody else's
    message is refused for it."""
    draw = random.Random(6)
    async with at_work(houses) as nodes:
        callers = [f"1381234{n:04d}" for n in range(60)]

        async def flood(at: int) -> list[Verdict]:
            ended = []
            for _ in range(12):
                some = [(draw.choice(callers), draw.choice(["A01", "A02", "B03"])) for _ in range(40)]
                alone = [(f"136{at}{draw.randrange(10**7):07d}", "A03")]
                ended += await nodes.send_all(at, some + alone)
            return ended

        ended = [one for some in await asyncio.gather(*map(flood, range(3))) for one in some]
    counted = await nodes.counted()
    assert len(ended) == 3 * 12 * 41
    kept = Counter(one.outcome.value for one in ended)
    told = {outcome: n for outcome, n in counted.standings["balance"]["messages"].items() if n}
    assert told == {"received": len(ended), **kept}
    for house in houses[:1]:
        async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
            await audit.verify(ledger, lambda _: None)


async def test_the_same_message_at_all_nodes(houses: list[House]) -> None:
    async with at_work(houses) as nodes:
        for n in range(20):
            ended = await asyncio.gather(
                *(nodes.send(at, f"13812345{n:03d}", "A01", name=f"same-{n}") for at in range(3))
            )
            assert sorted(one.redelivered for one in ended) == [False, True, True]
            assert {one.outcome for one in ended} == {"counted"}
            assert len({one.place for one in ended}) == 1
    assert (await nodes.counted()).voters == 20


async def test_rulings_and_acts_of_different_nodes(houses: list[House], tmp_path: Path) -> None:
    """A vote at one node, voided at another, cast again at a third; and a stranger follows it."""
    async with at_work(houses) as nodes:
        one, two, three = nodes.services
        running = [service.campaigns[CAMPAIGN] for service in nodes.services]
        vote = await nodes.send(0, "13812345678", "A01")
        unclear = await nodes.send(2, "13812345679", "不要A01，要A02")
        await two.recorder.revise(running[1], [void(vote.place, release=True)], houses[1].clock.ms)
        assert (await nodes.send(2, "13812345678", "A02")).outcome == "counted"
        await one.recorder.revise(running[0], [count(unclear.place, A02)], houses[0].clock.ms)
        assert (await nodes.send(1, "13812345679", "A03")).outcome == "repeat"
        await three.acts.withdraw(running[2], Selection("window", "A03"), "wang", "at_own_wish")
        assert (await nodes.send(0, "13612345678", "A03")).outcome == "withdrawn"
        with pytest.raises(Refused, match="already_withdrawn"):
            await one.acts.withdraw(running[0], Selection("window", "A03"), "li", "at_own_wish")
        await close(nodes, down=[])
        late = await nodes.send(1, "13912345678", "A01")
        assert late.outcome == "late"
        acts = await nodes.leaves()
        assert [leaf.kind for _, leaf in acts if leaf.kind != "config"] == [
            "open", "void", "adjudicate", "withdraw", "close",
        ]  # fmt: skip
        told = acts[-1][1].detail
        assert told["roots"].keys() == told["seen"].keys()
        assert "down" not in told
    counted = await nodes.counted()
    assert counted.voters == 2
    openings = tmp_path / "openings.jsonl"
    (out := tmp_path / "out").mkdir()
    async with audit.open_ledger(houses[1].load(), CAMPAIGN) as ledger:
        manifest = await exporter.export_to(out, ledger, lambda _: None, openings)
    assert [log["node"] for log in manifest["ledger"]] == ["n1", "n2", "n3"]
    check(out)
    check(out, openings)
    async with (
        audit.open_ledger(houses[1].load(), CAMPAIGN) as ledger,
        collect.collected(ledger, lambda _: None) as result,
    ):
        places = [act.entry for act in result.acts]
        assert len({*places}) == len(places), "no two have one number"
        assert {ruling.entry for ruling in result.rulings} < {*places}


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_the_log_of_acts_has_them_in_their_order(houses: list[House], limit: int) -> None:
    """Whichever node each was done at, and wherever a page begins."""
    draw = random.Random(limit)
    async with at_work(houses) as nodes:
        running = [service.campaigns[CAMPAIGN] for service in nodes.services]
        for n in range(12):
            at = draw.randrange(3)
            verdict = await nodes.send(draw.randrange(3), f"1381234{n:04d}", "A01")
            if n % 3:
                rulings = [void(verdict.place, release=True)]
                await nodes.services[at].recorder.revise(running[at], rulings, houses[at].clock.ms)
            else:
                await nodes.services[at].acts.bar(running[at], f"1371234{n:04d}", "wang", "fraud", "")
        done = [(node, leaf.kind, leaf.detail) for node, leaf in await nodes.leaves()]
    archive, shown, after = Archive(running[0]), list[tuple[str, str, Any]](), None
    async with open_reader(houses[0].load().settings) as reader:
        while True:
            some, after = await archive.acts(reader, "", after, limit)
            shown += [(one.node, one.act.leaf.kind, one.act.leaf.detail) for one in some]
            if after is None:
                break
        bars, _ = await archive.acts(reader, "bar", None, 50)
    assert shown == done[::-1]
    assert [one.act.leaf.kind for one in bars] == ["bar"] * 4


@pytest.mark.parametrize(
    ("limit", "chunk", "seconds"), [(1, 400, 9.0), (3, 2, 9.0), (50, 3, 0.0), (4, 1, 0.0)]
)
async def test_messages_are_found_in_their_order(
    houses: list[House], monkeypatch: pytest.MonkeyPatch, limit: int, chunk: int, seconds: float
) -> None:
    """Whichever node each came to, wherever a page begins, and however short a look is."""
    monkeypatch.setattr(records, "_CHUNK", chunk)
    draw, said, begun = random.Random(limit), list[tuple[str, str]](), houses[0].clock.ms
    async with at_work(houses) as nodes:
        for n in range(30):
            for house in houses:
                house.clock.ms = begun + n * 1_000
            caller, code = f"1381234567{draw.randrange(4)}", f"A0{draw.randrange(1, 4)}"
            await nodes.send(draw.randrange(3), caller, code)
            said.append((caller, code))
        running = nodes.services[0].campaigns[CAMPAIGN]
    said.reverse()
    archive = Archive(running, seconds)

    async def found(query: Query) -> list[tuple[str, str]]:
        shown, after = list[tuple[str, str]](), None
        async with open_reader(houses[0].load().settings) as reader:
            while after is None or after:
                some = await archive.search(reader, query, after, limit)
                openings = [case.opening for case in some.cases]
                shown += [(one.line.removeprefix("+86"), one.text) for one in openings if one is not None]
                after = some.after
        return shown

    assert await found(Query()) == said
    assert await found(Query(code="A02")) == [one for one in said if one[1] == "A02"]
    assert await found(Query(number="13812345671")) == [one for one in said if one[0] == "13812345671"]
    assert await found(Query(number="138****5672")) == [one for one in said if one[0] == "13812345672"]
    assert await found(Query(since_ms=begun + 7_000, until_ms=begun + 20_000)) == said[10:23]


async def test_an_early_close_is_one_instant_everywhere(houses: list[House]) -> None:
    async with at_work(houses) as nodes:
        assert (await nodes.send(1, "13812345678", "A01")).outcome == "counted"
        closing = nodes.services[0].schedule
        await closing.close(
            nodes.services[0].campaigns[CAMPAIGN], "wang", "vote_compromised", now=True, second="li"
        )
        houses[0].clock.ms += 1_000
        assert (await nodes.send(1, "13812345679", "A01")).outcome == "late"
        assert (await nodes.send(2, "13812345670", "A01")).outcome == "late"
        await until_closed(nodes)
    await nodes.counted()


async def test_a_vote_and_what_voids_it_in_two_logs(houses: list[House], tmp_path: Path) -> None:
    """Under `void_all` it is void whichever log is read first, and counts again once the other is void."""
    for house in houses:
        house.edit(house.campaign, 'over_cap = "first"', 'over_cap = "void_all"')
    async with at_work(houses) as nodes:
        for n, (first, second) in enumerate([(0, 1), (1, 0), (2, 0)]):
            one = await nodes.send(first, f"1381234567{n}", "A01")
            two = await nodes.send(second, f"1381234567{n}", "A02")
            assert (one.outcome, two.outcome) == ("counted", "repeat")
        await nodes.counted()
        counting = nodes.services[2]
        rulings = [void(two.place, release=True)]
        with pytest.raises(Refused, match="nothing_to_void"):
            await counting.recorder.revise(counting.campaigns[CAMPAIGN], rulings, houses[0].clock.ms)
    counted = await nodes.counted()
    assert (counted.voters, len(counted.overridden)) == (0, 3)
    openings = tmp_path / "openings.jsonl"
    (out := tmp_path / "out").mkdir()
    async with audit.open_ledger(houses[0].load(), CAMPAIGN) as ledger:
        await exporter.export_to(out, ledger, lambda _: None, openings)
    check(out, openings)


async def test_a_name_is_one_process(houses: list[House]) -> None:
    async with at_work(houses[:1]):
        with pytest.raises(Unsafe, match="open as node n1"):
            async with houses[0].service():
                pass


async def test_a_node_that_is_down_at_the_close(houses: list[House]) -> None:
    """It is named, its log is bound, and when it returns it goes on."""
    async with at_work(houses) as nodes:
        await nodes.send(2, "13812345678", "A01")
    houses[0].clock.ms += 60_000
    async with at_work(houses[:2]) as nodes:
        await nodes.send(0, "13812345679", "A02")
        await close(nodes, down=["n3"])
        told = (await nodes.leaves())[-1][1].detail
        assert told["down"] == ["n3"]
        assert told["seen"]["n3"] > 0
    async with at_work(houses) as nodes:
        assert nodes.services[2].campaigns[CAMPAIGN].closed
        assert (await nodes.send(2, "13812345670", "A01")).outcome == "late"
        assert (await nodes.send(2, "13812345678", "A02")).outcome == "late"
    await nodes.counted()
    async with audit.open_ledger(houses[2].load(), CAMPAIGN) as ledger:
        await audit.verify(ledger, lambda _: None)


async def test_nodes_with_other_rules_do_not_count_together(houses: list[House]) -> None:
    houses[1].edit(houses[1].campaign, "seats = 10", "seats = 9")
    async with at_work(houses[:1]):
        with pytest.raises(Unsafe, match="rules"):
            async with houses[1].service():
                pass


async def test_figures_are_the_same_on_every_node_within_a_second(houses: list[House]) -> None:
    async with at_work(houses) as nodes:
        seen = [service.recorder.version for service in nodes.services]
        await nodes.send(0, "13812345678", "A01")
        await until(
            lambda: all(
                service.recorder.version > was for service, was in zip(nodes.services, seen, strict=True)
            )
        )


async def mirrored(nodes: Nodes, at: int) -> dict[str, str]:
    """What each log's checkpoint says at a node, once it has copied what the others have signed."""
    folder, sizes = nodes.houses[at].folder / "ledger" / CAMPAIGN, [
        (service.recorder.head(CAMPAIGN).node, service.recorder.head(CAMPAIGN).size)
        for service in nodes.services
    ]  # fmt: skip

    def size(node: str) -> int:
        path = folder / node / "checkpoint"
        return int(path.read_text().splitlines()[1]) if path.exists() else 0

    await until(lambda: all(size(node) == n for node, n in sizes))
    return {path.name: (path / "checkpoint").read_text() for path in folder.iterdir()}


async def test_every_node_shows_every_log(houses: list[House]) -> None:
    async with AsyncExitStack() as stack:
        visitors = [await stack.enter_async_context(house.serve()) for house in houses]
        nodes = Nodes(houses, [visitor.service for visitor in visitors])
        for n in range(300):
            await nodes.send(n % 3, f"13812345{n:03d}", "A01")
        told = [await mirrored(nodes, at) for at in range(3)]
        assert told[0].keys() == {"n1", "n2", "n3"}
        for node in ("n1", "n2", "n3"):
            assert len({one[node] for one in told}) == 1
            tile = f"/ledger/{CAMPAIGN}/{node}/tile/0/000.p/100"
            hashes = [
                await (await visitor.session.get(visitor.server.url + tile)).read() for visitor in visitors
            ]
            assert len(hashes[0]) == 3_200
            assert len(set(hashes)) == 1
        assert (await visitors[0].get(f"/ledger/{CAMPAIGN}/n4/checkpoint"))[0] == 404
        assert (await visitors[0].get(f"/ledger/{CAMPAIGN}/../checkpoint"))[0] == 404


async def test_a_log_that_is_not_what_its_node_has_signed(houses: list[House]) -> None:
    """Whoever changes an entry and its hash in the database is found by the other nodes."""
    async with at_work(houses[:2]) as nodes:
        for n in range(20):
            await nodes.send(1, f"138123450{n:02d}", "A01")
        await mirrored(nodes, 0)
    leaf = entry.message_leaf(CAMPAIGN, "counted", 1, None, b"x" * 32)
    changed = (leaf, merkle.leaf_hash(leaf))
    async with at_work(houses[:1]) as nodes:
        store = nodes.services[0].store
        log = "(SELECT id FROM logs WHERE node = 'n2')"
        await store.run(lambda db: db.execute("ALTER TABLE entries DISABLE TRIGGER USER"))
        await store.run(
            lambda db: db.execute(
                f"UPDATE entries SET leaf = ?, leaf_hash = ? WHERE log = {log} AND seq = 5", changed
            )
        )
        for path in (houses[0].folder / "ledger" / CAMPAIGN / "n2").rglob("*.p"):
            shutil.rmtree(path)
        mirror = Mirror(houses[0].folder / "ledger", nodes.services[0].campaigns, store, "n1")
        await mirror.tick()
        assert mirror.forked == {f"{CAMPAIGN}/n2"}
