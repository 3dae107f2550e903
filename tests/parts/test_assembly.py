"""Long messages in parts, by real requests: once, in whatever order, across restarts, never in the clear."""

import asyncio
import hmac
import itertools
from urllib.parse import urlencode

import pytest

from gateway.intake.inbound import Inbound, Part
from gateway.storage.database import Database
from gateway.storage.store import Unavailable
from tests.conftest import House, Visitor

ENGINES = ("sqlite", "postgresql")

SECRET = "my_secret_key_for_testing"
HOUR_MS = 3_600_000
TEXTS = ("我支持 A0", "1，", "加油！")


@pytest.fixture
def vonage(house: House) -> House:
    """The sample with a source at Vonage."""
    with house.settings.open("a", encoding="utf-8") as settings:
        settings.write(
            '\n[sources.vo]\nkind = "vonage"\ncampaign = "beita-2018"\n'
            f'options = {{ secrets = ["{SECRET}"], tolerance_seconds = 604800 }}\n'
        )
    return house


async def send(
    visitor: Visitor,
    number: int,
    text: str,
    name: str = "",
    of: int = 3,
    ref: str = "4",
    caller: str = "8613812345678",
) -> int:
    """One part, signed as Vonage signs; returns the HTTP status."""
    params = {
        "msisdn": caller,
        "to": "10690001",
        "messageId": name or f"0B0{number}",
        "text": text,
        "type": "unicode",
        "timestamp": str(visitor.house.clock.ms // 1000),
        "concat": "true",
        "concat-ref": ref,
        "concat-total": str(of),
        "concat-part": str(number),
    }
    signed = "".join(f"&{key}={params[key]}" for key in sorted(params))
    sig = hmac.digest(SECRET.encode(), signed.encode(), "sha256").hex()
    body = urlencode({**params, "sig": sig})
    async with visitor.session.post(f"{visitor.server.url}/in/vo", data=body) as got:
        return got.status


async def send_all(visitor: Visitor, order: tuple[int, ...]) -> None:
    for at in order:
        assert await send(visitor, at + 1, TEXTS[at]) == 200


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_parts_are_one_vote_in_whatever_order_they_come(vonage: House, order: tuple[int, ...]) -> None:
    async with vonage.serve() as visitor:
        await send_all(visitor, order[:2])
        assert await visitor.outcomes() == {}, "nothing is decided on half a message"
        await send_all(visitor, order[2:])
        assert await visitor.outcomes() == {"counted": 1}
        totals = await visitor.service.store.totals("beita-2018")
        assert [key.candidate for key in totals if key.subject == "selection"] == ["A01"]


async def test_parts_at_once_and_again_are_one_vote(vonage: House) -> None:
    async with vonage.serve() as visitor:
        sent = [send(visitor, at + 1, TEXTS[at]) for at in (0, 1, 2, 2, 1, 0) * 5]
        assert set(await asyncio.gather(*sent)) == {200}
        assert await visitor.outcomes() == {"counted": 1}


async def test_a_part_that_comes_again_after_all_changes_nothing(vonage: House) -> None:
    async with vonage.serve() as visitor:
        await send_all(visitor, (0, 1, 2))
        vonage.clock.ms += HOUR_MS
        await send_all(visitor, (1, 2, 0))
        vonage.clock.ms += 24 * HOUR_MS
        await visitor.service.assembly.tick()
        assert await visitor.outcomes() == {"counted": 1}


@pytest.mark.on_sqlite
async def test_parts_are_kept_across_a_restart(vonage: House) -> None:
    async with vonage.serve() as visitor:
        await send_all(visitor, (2, 0))
    for file in vonage.folder.glob("televote.db*"):
        stored = file.read_bytes()
        assert "我支持".encode() not in stored
        assert b"13812345678" not in stored
        assert b"10690001" not in stored
    async with vonage.serve() as visitor:
        await send_all(visitor, (1,))
        assert await visitor.outcomes() == {"counted": 1}


async def test_a_message_that_was_whole_when_we_fell_is_recorded_once(vonage: House) -> None:
    """The last part was on disk, its message not yet in the ledger: it is sent again, or its time is over."""
    for again in (True, False):
        async with vonage.service() as service:
            source = service.sources["vo"]
            for number, text in enumerate(TEXTS, 1):
                part = Part(f"10690001/{again}", number, 3, HOUR_MS)
                one = Inbound(f"{again}{number}", "8613812345678", text, part=part)
                await service.assembly._keep(source, one, part, vonage.clock.ms)
            if again:
                assert len(await service.assembly.take(source, [one], vonage.clock.ms)) == 1
            vonage.clock.ms += HOUR_MS
            await service.assembly.tick()
            await service.assembly.tick()
    async with vonage.serve() as visitor:
        assert await visitor.outcomes() == {"counted": 1, "repeat": 1}


async def test_a_last_part_is_not_acknowledged_before_its_message_is_recorded(
    vonage: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise Unavailable("no disk")

    async with vonage.serve() as visitor:
        await send_all(visitor, (0, 1))
        with monkeypatch.context() as without_disk:
            without_disk.setattr(visitor.service.store, "append", broken)
            assert await send(visitor, 3, TEXTS[2]) == 503
        assert await send(visitor, 3, TEXTS[2]) == 200
        assert await visitor.outcomes() == {"counted": 1}


async def test_what_waits_in_vain_is_left_to_a_person_once(vonage: House) -> None:
    async with vonage.serve() as visitor:
        await send_all(visitor, (0, 2))
        vonage.clock.ms += HOUR_MS - 1
        await visitor.service.assembly.tick()
        assert await visitor.outcomes() == {}
        vonage.clock.ms += 1
        await visitor.service.assembly.tick()
        await visitor.service.assembly.tick()
        assert await visitor.outcomes() == {"unparsed": 1}
        await send_all(visitor, (0, 2))
        assert await visitor.outcomes() == {"unparsed": 1}, "it was sent again"
        await send_all(visitor, (1,))
        vonage.clock.ms += HOUR_MS
        await visitor.service.assembly.tick()
        assert await visitor.outcomes() == {"unparsed": 2}, "the part that came too late"


async def test_a_reference_is_used_again(vonage: House) -> None:
    async with vonage.serve() as visitor:
        await send_all(visitor, (0, 1, 2))
        for number, text in ((1, "B0"), (2, "1")):
            assert await send(visitor, number, text, name=f"later{number}", of=2) == 200
        assert await visitor.outcomes() == {"counted": 2}
        assert await send(visitor, 1, "B0", name="third1", of=2) == 200
        assert await send(visitor, 1, "B0", name="other1", of=2, caller="8613812345679") == 200
        assert await send(visitor, 2, "2", name="other2", of=2, caller="8613812345679") == 200
        assert await visitor.outcomes() == {"counted": 3}, "another caller's"


async def test_two_messages_under_one_reference_at_once_are_left_to_a_person(vonage: House) -> None:
    async with vonage.serve() as visitor:
        for number, text, name in ((1, "A0", "a1"), (1, "B0", "b1"), (2, "1", "a2"), (2, "2", "b2")):
            assert await send(visitor, number, text, name=name, of=2) == 200
        vonage.clock.ms += HOUR_MS
        await visitor.service.assembly.tick()
        assert await visitor.outcomes() == {"unparsed": 1}, "A01 B02, or A02 B01? Nothing is guessed"


async def test_when_the_campaign_has_closed_nothing_waits(vonage: House) -> None:
    async with vonage.serve() as visitor:
        await send_all(visitor, (0, 2))
        running = visitor.service.campaigns["beita-2018"]
        vonage.clock.ms = running.settled_ms + 60_000
        await visitor.service.schedule.tick()
        assert running.closed
        await visitor.service.assembly.tick()
        assert await visitor.outcomes() == {"unparsed": 1}


def kept(visitor: Visitor) -> "asyncio.Future[int]":
    count = "SELECT count(*) FROM parts"
    return asyncio.ensure_future(visitor.service.store.run(lambda db: db.execute(count).fetchone()[0]))


async def test_recorded_parts_are_forgotten_after_two_days(vonage: House) -> None:
    async with vonage.serve() as visitor:
        await send_all(visitor, (0, 1, 2))
        vonage.clock.ms += 47 * HOUR_MS
        await visitor.service.assembly.tick()
        assert await kept(visitor) == 3
        vonage.clock.ms += 2 * HOUR_MS
        await visitor.service.assembly.tick()
        assert await kept(visitor) == 0


async def test_a_damaged_part_keeps_no_others_waiting(vonage: House) -> None:
    def damage(db: Database) -> None:
        db.execute("UPDATE parts SET sealed = ? WHERE set_id = 1", (bytes(60),))

    async with vonage.serve() as visitor:
        await send_all(visitor, (0, 2))
        assert await send(visitor, 1, "B0", name="other1", of=2, caller="8613812345679") == 200
        await visitor.service.store.run(damage)
        vonage.clock.ms += HOUR_MS
        await visitor.service.assembly.tick()
        assert await visitor.outcomes() == {"unparsed": 1}
        assert await kept(visitor) == 3, "what is damaged is not thrown away"


async def test_with_everybody_goes_what_waits_for_a_source_that_is_no_more(vonage: House) -> None:
    async with vonage.serve() as visitor:
        await send_all(visitor, (0, 2))
    settings = vonage.settings.read_text("utf-8")
    vonage.settings.write_text(settings[: settings.index("[sources.vo]")], "utf-8")
    async with vonage.serve() as visitor:
        running = visitor.service.campaigns["beita-2018"]
        await visitor.vote("13812345670", "A01", "m1")
        vonage.clock.ms = running.settled_ms + 60_000
        await visitor.service.schedule.tick()
        await visitor.service.assembly.tick()
        assert await kept(visitor) == 2
        await visitor.service.eraser.everybody(running, "chair", "retention_over")
        assert await kept(visitor) == 0
