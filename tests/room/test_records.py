"""Looking up: what is found, in which order, how far one look goes; and what cannot be found by asking."""

from typing import Any

import pytest

from gateway.intake.revise import Ruling
from gateway.room import records
from gateway.room.records import Archive, Ends, Query
from gateway.room.searches import Searches
from gateway.storage.opening import open_reader
from gateway.storage.store import Place
from tests.conftest import OPENS_MS, House
from tests.room.chambers import A01, Room, count, open_room, reject, void

ENGINES = ("sqlite", "postgresql")

MASKS = [
    ("138****0013", True),
    ("138*0013", True),
    ("138**0013", True),
    ("*0013", True),
    ("138*", True),
    ("*", True),
    ("13812*0013", False),
    ("138*40013", False),
    ("139****0013", False),
    ("138.*0013", False),
]


@pytest.mark.parametrize(("asked", "found"), MASKS)
def test_a_masked_number_is_found_by_what_is_shown_of_it(asked: str, found: bool) -> None:
    assert records.fits_mask(asked, "+8613812340013") is found


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (" 138 1234 0013 ", "13812340013"),
        ("１３８＊＊＊＊００１３", "138****0013"),
        ("+852 2345-6789", "+85223456789"),
        ("138××××0013", "138****0013"),
        ("", ""),
    ],
)
def test_a_number_is_read_as_it_is_typed(typed: str, meant: str) -> None:
    assert records.number(typed) == meant


async def looked_up(room: Room, query: Query, limit: int = 50, seconds: float = 5.0) -> list[int]:
    """The entries found, page by page."""
    archive, entries = Archive(room.running, seconds), list[int]()
    after: Ends | None = None
    async with open_reader(room.house.load().settings) as reader:
        while True:
            found = await archive.search(reader, query, after, limit)
            entries += [case.place.seq for case in found.cases]
            after = found.after
            if not after:
                return entries


async def test_what_is_found(house: House) -> None:
    async with open_room(house) as room:
        said = [
            ("13812345678", "A01"),
            ("13812345679", "B01"),
            ("13812345678", "A02"),
            ("13998765678", "不要A01"),
        ]
        first, second, third, fourth = [await room.send(*one) for one in said]
        await room.chamber.rule(room.running, count([fourth], A01), "wang")
        await room.approve(await room.propose(void(second)))
        table: list[tuple[dict[str, Any], list[Place]]] = [
            ({}, [fourth, third, second, first]),
            ({"number": "138****5678"}, [third, first]),
            ({"number": "13812345678"}, [third, first]),
            ({"number": "13812345678", "outcome": "repeat"}, [third]),
            ({"number": "13800000000"}, []),
            ({"code": "A01"}, [fourth, first]),
            ({"outcome": "counted"}, [fourth, second, first]),
            ({"outcome": "unclear"}, []),
            ({"outcome": "repeat"}, [third]),
            ({"source": "sim"}, [fourth, third, second, first]),
            ({"source": "sms"}, []),
            ({"since_ms": house.clock.ms + 1}, []),
            ({"until_ms": house.clock.ms}, []),
            ({"since_ms": house.clock.ms, "until_ms": house.clock.ms + 1}, [fourth, third, second, first]),
            ({"number": "13812345678", "since_ms": house.clock.ms + 1}, []),
        ]
        for asked, places in table:
            for limit in (50, 1):
                found = await looked_up(room, Query(**asked), limit)
                assert found == [place.seq for place in places], asked


async def test_a_search_stops_in_time_and_goes_on(house: House) -> None:
    async with open_room(house) as room:
        for n in range(60):
            await room.send(f"138{n:08d}", "A01")
        archive = Archive(room.running, seconds=0)
        async with open_reader(house.load().settings) as reader:
            records._CHUNK, before = 10, records._CHUNK
            try:
                found = await archive.search(reader, Query(code="B01"), None, 50)
                assert (found.cases, found.looked) == ([], 10)
                on = await archive.search(reader, Query(code="B01"), found.after, 50)
                ((log, end),), ((same, further),) = found.after.items(), on.after.items()
                assert same == log
                assert further < end
            finally:
                records._CHUNK = before
        assert await looked_up(room, Query(code="A01"), seconds=0) == list(range(61, 1, -1))


async def test_a_stretch_of_time_is_found_by_halving(house: House) -> None:
    async with open_room(house) as room:
        hour = 3_600_000
        for n in range(24):
            house.clock.ms += hour
            await room.send(f"138{n:08d}", "A01")
        last_ms = house.clock.ms
        archive = Archive(room.running)
        async with open_reader(house.load().settings) as reader:
            records._CHUNK, before = 4, records._CHUNK
            try:
                query = Query(since_ms=last_ms - 12 * hour, until_ms=last_ms - 10 * hour)
                found = await archive.search(reader, query, None, 50)
            finally:
                records._CHUNK = before
        assert [case.place.seq for case in found.cases] == [14, 13]
        assert not found.after
        assert found.looked <= 12, "of 26 entries"


async def test_the_log_of_acts(house: House) -> None:
    async with open_room(house) as room:
        waits = await room.send("13812345678", "不要A01")
        voided = await room.send("13812345679", "A01")
        await room.chamber.rule(room.running, reject(waits)._replace(note="看不懂"), "wang")
        await room.counting.acts.bar(room.running, "13812345679", "wang", "fraud", "called us")
        await room.rule(Ruling("void", voided, "wang", "li", "fraud"))
        archive = Archive(room.running)
        async with open_reader(house.load().settings) as reader:
            acts, after = await archive.acts(reader, "", None, 50)
            kinds = [one.act.leaf.kind for one in acts]
            assert kinds == ["void", "bar", "adjudicate", "open", "config"]
            assert after is None
            assert [one.act.private.get("note", "") for one in acts] == ["", "called us", "看不懂", "", ""]
            (only,), after = await archive.acts(reader, "bar", None, 1)
            assert only.act.leaf.kind == "bar"
            assert await archive.acts(reader, "bar", after, 1) == ([], None)
            paged, after = list[str](), None
            while True:
                some, after = await archive.acts(reader, "", after, 2)
                paged += [one.act.leaf.kind for one in some]
                if after is None:
                    break
            assert paged == kinds


def test_searches_are_each_ones_own_and_few_are_kept() -> None:
    searches = Searches()
    name = searches.keep("beita", "wang", Query(number="13812345678"))
    assert searches.named("beita", "wang", name) == Query(number="13812345678")
    assert searches.named("beita", "li", name) is None
    assert searches.named("other", "wang", name) is None
    for _ in range(20):
        searches.keep("beita", "wang", Query(since_ms=OPENS_MS))
    assert searches.named("beita", "wang", name) is None
