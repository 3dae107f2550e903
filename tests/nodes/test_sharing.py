"""What nodes share beside the count, and what each has for itself: replies, parts, accounts, sockets."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial

import pytest

from config.settings import Settings, Storage
from gateway.asking import calling
from gateway.checking import audit
from gateway.exporting.exports import Exports
from gateway.intake.revise import Refused
from gateway.intake.running import Running
from gateway.outbox import delivery
from gateway.room.chamber import Chamber, Done
from gateway.room.motion import Motion
from gateway.room.proposals import Proposal
from gateway.room.secretary import Secretary
from gateway.service import Service
from gateway.storage.opening import open_store
from tests import postgres as own
from tests.conftest import CLOSES_MS, House
from tests.nodes.test_nodes import CAMPAIGN, house_of, until
from tests.outbox.provider import listening
from tests.outbox.test_outbox import answered, post
from tests.parts.test_assembly import SECRET, TEXTS
from tests.parts.test_assembly import send as send_part


@pytest.fixture
def first(house: House, postgres: own.Server) -> House:
    """A house whose copies are nodes."""
    if not house.load().settings.storage.is_postgresql:
        house.move_to(postgres.url(postgres.fresh()))
    return house


def two(first: House) -> list[House]:
    return [house_of(first, name) for name in ("n1", "n2")]


def replies(house: House) -> Counter[tuple[str, str]]:
    """How many replies of which log are in which state."""
    return Counter(house.sql("SELECT logs.node, state FROM outbox JOIN logs ON logs.id = outbox.log"))


async def until_replies(house: House, expected: dict[tuple[str, str], int]) -> None:
    await until(lambda: replies(house) == expected)


async def test_a_node_sends_the_replies_to_its_own_messages(
    first: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one node has under way is not touched when another starts, and sends."""
    monkeypatch.setattr(delivery, "client", partial(delivery.client, 120.0))  # under way until the test ends
    async with listening("hang") as provider:
        post(first, provider)
        one, two_ = two(first)
        async with one.serve() as here:
            await answered(here, "m1")
            await until_replies(one, {("n1", "sending"): 1})
            await provider.came.wait()  # it is told to be under way before it is
            provider.manners.append("ok")
            async with two_.serve() as there:
                await answered(there, "m2", caller="13900000009")
                await until_replies(two_, {("n1", "sending"): 1, ("n2", "sent"): 1})
                assert len(provider.asked) == 2
                outbox = there.service.sources["sim"].outbox
                assert outbox is not None
                await until(lambda: outbox.waiting == 0)


async def test_replies_of_a_node_that_does_not_come_back(first: House) -> None:
    """They are neither sent nor kept for ever."""
    async with listening() as provider:
        await provider.close()
        post(first, provider)
        one, other = two(first)
        async with one.serve() as here:
            await answered(here, "m1")
            await until_replies(one, {("n1", "due"): 1})
        await provider.open()
        first.clock.ms += 61 * 60_000
        async with other.serve() as there:
            await answered(there, "m2", caller="13900000009")
            await until_replies(other, {("n1", "failed"): 1, ("n2", "sent"): 1})
        assert len(provider.asked) == 1


async def test_parts_of_a_message_that_arrive_at_different_nodes(first: House) -> None:
    with first.settings.open("a", encoding="utf-8") as settings:
        settings.write(
            '\n[sources.vo]\nkind = "vonage"\ncampaign = "beita-2018"\n'
            f'options = {{ secrets = ["{SECRET}"], tolerance_seconds = 604800 }}\n'
        )
    one, other = two(first)
    async with one.serve() as here, other.serve() as there:
        for ref in range(8):
            caller = f"86138123456{ref:02d}"
            sent = [
                send_part(at, number, text, f"{ref}-{number}", ref=str(ref), caller=caller)
                for number, (at, text) in enumerate(zip((here, there, here), TEXTS, strict=True), 1)
            ]
            again = send_part(there, 1, TEXTS[0], f"{ref}-1", ref=str(ref), caller=caller)
            assert set(await asyncio.gather(*sent, again)) == {200}
        assert await here.outcomes() == {"counted": 8}
    async with audit.open_ledger(one.load(), CAMPAIGN) as ledger:
        assert (await audit.recount(ledger, lambda _: None)).voters == 8


async def test_nodes_that_start_at_once_on_an_empty_database(first: House, postgres: own.Server) -> None:
    empty = Storage(url=postgres.url(postgres.fresh()))
    settings = [house.load().settings.model_copy(update={"storage": empty}) for house in two(first)]

    async def start(one: Settings) -> bool:
        async with open_store(one) as store:
            return store.is_shared

    assert await asyncio.gather(*map(start, settings)) == [True, True]


async def test_the_first_administrator_of_nodes_that_start_at_once(first: House) -> None:
    one, other = two(first)
    async with one.serve() as here, other.serve() as there:
        people = [visitor.server.people for visitor in (here, there) if visitor.server.people is not None]
        links = await asyncio.gather(*(each.accounts.first() for each in people * 8))
        assert len(await people[0].accounts.listed()) == 1
        held = [link for link in links if link and await people[0].entrance.welcomed(link)]
        assert len(held) == 1, "the link of the last of them"


async def _sits(login: str, campaign: str) -> bool:
    return True


def chamber_of(house: House, service: Service) -> Chamber:
    """A committee's room at one node."""
    exports = Exports(house.load())
    return Chamber(service, lambda n: bytes(range(n)), _sits, Secretary(service, exports))


async def proposed(room: Chamber, runnings: Sequence[Running], n: int) -> Proposal:
    """A proposal of another close, made at the first of two nodes once both have followed all before it."""
    await until(lambda: runnings[0].followed == runnings[1].followed)
    motion = Motion("reschedule", "network_failure", closes_ms=(("sms", CLOSES_MS + 60_000 + n),))
    considered = await room.consider(runnings[0], motion)
    made = await room.act(runnings[0], motion, "wang", considered.digest)
    assert isinstance(made, Proposal)
    return made


async def test_of_who_agrees_at_one_node_and_who_declines_at_another_one_has_done_it(first: House) -> None:
    one, other = two(first)
    async with one.service() as here, other.service() as there:
        rooms = [chamber_of(one, here), chamber_of(other, there)]
        runnings = [service.campaigns[CAMPAIGN] for service in (here, there)]
        for n in range(12):
            made = await proposed(rooms[0], runnings, n)
            ended = await asyncio.gather(
                rooms[0].approve(runnings[0], made.id, "li", made.digest),
                rooms[1].decline(runnings[1], made.id, "zhao"),
                return_exceptions=True,
            )
            (kept,) = await rooms[0].latest(runnings[0], 1)
            assert kept.sealed == b""
            approved, declined = ended
            assert isinstance(approved, Done) == (kept.state == "approved")
            assert (declined == "declined") == (kept.state == "declined"), ended
            slower = declined if isinstance(approved, Done) else approved
            assert isinstance(slower, Refused)
            assert slower.word in ("already_done", "was_declined")


async def test_who_agrees_twice_at_once_is_not_told_that_the_server_stopped(first: House) -> None:
    one, other = two(first)
    async with one.service() as here, other.service() as there:
        rooms = [chamber_of(one, here), chamber_of(other, there)]
        runnings = [service.campaigns[CAMPAIGN] for service in (here, there)]
        for n in range(12):
            made = await proposed(rooms[0], runnings, n)

            async def agree(at: int, after: float, made: Proposal = made) -> Done:
                await asyncio.sleep(after)
                return await rooms[at].approve(runnings[at], made.id, "li", made.digest)

            ended = await asyncio.gather(agree(0, 0), agree(1, n / 1000), return_exceptions=True)
            assert sum(isinstance(each, Done) for each in ended) == 1, ended
            (slower,) = [each for each in ended if isinstance(each, Refused)]
            assert slower.word in ("already_done", "changed")


async def test_nodes_that_share_a_data_folder(first: House) -> None:
    """Each has its own socket, and a command asks whichever answers; each serves the logs of all."""
    (one, other), shared = two(first), first.folder
    for house in (one, other):
        house.edit(house.settings, 'data = "."', f'data = "{shared}"')
    async with one.serve() as here:
        async with other.serve() as there:
            await until(lambda: (shared / "ledger" / CAMPAIGN / "n2" / "checkpoint").exists())
            for visitor in (here, there):
                for node, status in {"n1": 200, "n2": 200, "n3": 404, "..%2Fn1": 404}.items():
                    assert (await visitor.get(f"/ledger/{CAMPAIGN}/{node}/checkpoint"))[0] == status
            assert await _asked([one, other]) == [True, True]
        assert await _asked([one, other]) == [True, True]
    assert not calling.is_served(one.load().settings)


async def _asked(houses: Sequence[House]) -> list[bool]:
    """Whether somebody answers commands with these settings."""
    found = []
    for house in houses:
        assert calling.is_served(house.load().settings)
        async with calling.connect(house.load().settings) as client:
            found.append((await client.status())["ready"])
    return found
