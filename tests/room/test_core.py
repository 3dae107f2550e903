"""What the room asks of the count: alike is identical, a close is one, rulings come to what was foreseen."""

import asyncio

from gateway.casebook import START
from gateway.intake.inbound import Form
from gateway.intake.revise import Ruling
from tests.conftest import SETTLED_MS, House
from tests.room.chambers import A01, CAMPAIGN, open_room, refused


async def test_alike_are_messages_with_the_identical_text_that_wait_for_the_same_reason(house: House) -> None:
    house.edit(house.campaign, "pending = [", 'pending = ["withheld_caller", ')
    async with open_room(house) as room:
        book = room.counting.casebook
        places = [await room.send(f"1381234567{n}", "不要A01") for n in range(3)]
        await room.send("13812345679", "不要A02")
        await room.send("", "不要A01")
        cases = {case.place: case for case in await book.waiting(CAMPAIGN, 50, START)}
        assert await book.alike(CAMPAIGN, cases[places[0]]) == places


async def test_messages_that_could_not_be_read_are_alike_only_if_their_bytes_are(house: House) -> None:
    async with open_room(house) as room:
        book = room.counting.casebook
        places = [
            await room.send("", "not_utf8", Form.UNPARSED, raw) for raw in (b"\xff1", b"\xff1", b"\xff2")
        ]
        cases = {case.place: case for case in await book.waiting(CAMPAIGN, 50, START)}
        assert await book.alike(CAMPAIGN, cases[places[0]]) == places[:2]


async def test_one_close_however_many_ask_for_it(house: House) -> None:
    async with open_room(house) as room:
        schedule = room.counting.schedule
        closes = [
            schedule.close(room.running, f"person{n}", "committee_decision", now=True) for n in range(20)
        ]
        house.clock.ms = SETTLED_MS + 1
        places = await asyncio.gather(*closes, schedule.tick())
        assert sum(place is not None for place in places) == 1
        assert [leaf.kind for leaf in await room.leaves()].count("close") == 1


async def test_a_candidate_withdraws_once_however_many_ask_for_it(house: House) -> None:
    async with open_room(house) as room:
        acts = room.counting.acts
        asked = [acts.withdraw(room.running, A01, "wang", "at_own_wish") for _ in range(20)]
        ended = await asyncio.gather(*asked, return_exceptions=True)
        (place,) = [one for one in ended if not isinstance(one, Exception)]
        assert [leaf.kind for leaf in await room.leaves()].count("withdraw") == 1
        (stored,) = await room.counting.store.entries_at([place])
        assert stored.kind == "withdraw"


async def test_rulings_come_to_what_was_foreseen_or_are_not_made(house: House) -> None:
    async with open_room(house) as room:
        recorder, now_ms = room.counting.recorder, house.clock.ms
        place = await room.send("13812345678", "A01")
        ruling = Ruling("void", place, "wang", "li", "fraud")
        foreseen = await recorder.foresee(room.running, [ruling], now_ms)
        assert foreseen.endings == (("counted", (("window", "A01", "voided"),)),)
        free = [ruling._replace(release=True)]
        other = await recorder.foresee(room.running, free, now_ms)
        assert other == foreseen, "the totals move alike"
        await room.send("13812345679", "A02")
        (verdict,) = await recorder.revise(room.running, [ruling], now_ms, foreseen)
        assert verdict.selections == foreseen.endings[0][1]
        again = await room.send("13812345670", "A01")
        asked = [ruling._replace(target=again), ruling._replace(target=place)]
        assert await refused(recorder.revise(room.running, asked, now_ms, foreseen)) == "nothing_to_void"
        wrong = foreseen._replace(moves=())
        assert await refused(recorder.revise(room.running, asked[:1], now_ms, wrong)) == "changed"
