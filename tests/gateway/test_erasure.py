"""What is erased leaves no trace, and all else still holds: tree, totals, recount and others' receipts."""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

import pytest

from dedup import keys
from gateway.checking import audit, judging
from gateway.checking.audit import Recounted
from gateway.intake.inbound import Form
from gateway.intake.revise import Refused, Ruling
from gateway.keeping.erasure import NotErased
from gateway.people.roles import Role
from gateway.room import proposals
from gateway.storage.store import Place, Unavailable
from tally.count import TotalKey
from tally.outcome import Selection
from tally.tiles import Reader, proves_inclusion
from tally.verify import Tampered
from tests.conftest import SETTLED_MS, House
from tests.intake.test_revise import CAMPAIGN, Room, agrees, count, dispute, reject, void

A01, A02 = Selection("window", "A01"), Selection("window", "A02")
DAY = 86_400_000
CLOSED_MS = SETTLED_MS + 60_000


async def recounted(house: House) -> Recounted:
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        assert await audit.verify(ledger, lambda _: None) == ledger.entries
        assert not (await judging.judge(house.load(), ledger, lambda _: None)).otherwise
        return await audit.recount(ledger, lambda _: None)


async def totals(room: Room) -> Mapping[TotalKey, int]:
    kept = await room.counting.store.totals(CAMPAIGN)
    return {key: n for key, n in kept.items() if key.subject not in ("act", "waiting") and n}


def sealed_of(house: House) -> dict[int, bytes]:
    """What is sealed beside each entry."""
    with closing(sqlite3.connect(house.database)) as db:
        return dict(db.execute("SELECT seq, sealed FROM entries WHERE sealed IS NOT NULL"))


def traces(house: House, what: list[bytes]) -> list[bytes]:
    """What of it is anywhere in the files below the data folder but the secrets."""
    found = []
    for path in house.folder.rglob("*"):
        if path.is_file() and "secrets" not in path.parts and path.suffix != ".toml":
            content = path.read_bytes()
            found += [one for one in what if one in content]
    return found


def line(n: int) -> str:
    return f"1386{n:07d}"


def waits(house: House) -> None:
    """Let messages without a number wait for a person."""
    house.edit(house.campaign, 'pending = ["unknown_code"]', 'pending = ["withheld_caller"]')


async def history(room: Room, callers: int) -> None:
    """Callers who vote, vote again, are ruled on, voided, and barred, in an order drawn from a seed."""
    draw, waiting, counted = random.Random(5), list[Place](), list[Place]()
    for _ in range(callers * 3):
        text = draw.choice(["A01", "A02", "A03", "B03", "A01 B02", "不投A01", "hello"])
        verdict = await room.send(line(draw.randrange(callers)), text)
        (waiting if verdict.outcome == "unclear" else counted).append(verdict.place)
    hidden = [(await room.send("", "不投A02")).place for _ in range(8)]
    await room.send("", "\x00", Form.UNPARSED)
    for place in waiting[::3]:
        await room.rule(count(place, A01))
    for place in waiting[1::3]:
        await room.rule(reject(place))
    for n, place in enumerate(hidden[:6]):
        await room.rule(count(place, A02, line=f"+86{line(n)}"))
    voided = 0
    for place in counted:
        case = await room.counting.casebook.case(CAMPAIGN, place)
        if case is not None and case.outcome == "counted" and draw.random() < 0.15:
            with suppress(Refused):  # a later vote of the caller's has voided it before
                await room.rule(void(place, release=draw.random() < 0.5))
                voided += 1
    assert voided
    await room.counting.acts.bar(room.running, line(1), "wang", "fraud", "see line " + line(1))
    await room.counting.acts.reveal(room.running, counted[0], "wang", "complaint")


@pytest.mark.parametrize("rule", ["first", "void_all", "release"])
@pytest.mark.parametrize(("callers", "goes"), [(60, 34), pytest.param(600, 340, marks=pytest.mark.soak)])
async def test_callers_go_without_a_trace_and_all_else_holds(
    house: House, rule: str, callers: int, goes: int
) -> None:
    """L7: of so many callers some, under each of the three rules."""
    waits(house)
    if rule == "void_all":
        house.edit(house.campaign, 'over_cap = "first"', 'over_cap = "void_all"')
    if rule == "release":
        house.edit(house.campaign, 'withdrawal = "keep"', 'withdrawal = "release"')
    async with house.service() as counting:
        room = Room(house, counting)
        await history(room, callers)
        await counting.acts.withdraw(room.running, A01, "wang", "at_own_wish")
        before = await totals(room)
        await counting.schedule.close(room.running, "wang", "a test", now=True)
        sealed = sealed_of(house)
        gone = random.Random(7).sample(range(callers), goes)
        for n in gone:
            number = line(n) if n % 2 else f"+86 {line(n)}"
            erased = await counting.eraser.number(room.running, number, "chair", "caller_asked")
            assert erased >= 0
        assert await counting.eraser.number(room.running, line(gone[0]), "chair", "caller_asked") == 0
        assert await totals(room) == before
        left = sealed_of(house)
        for n in gone:
            voter = keys.voter_key(room.running.keys.voter, f"+86{line(n)}", "")
            assert await counting.casebook.of_caller(room.running, f"+86{line(n)}") == []
            assert traces(house, [voter, voter.hex().encode()]) == []
        destroyed = [content for seq, content in sealed.items() if seq not in left]
        assert len(destroyed) > callers
        assert traces(house, destroyed) == []
        assert traces(house, [line(n).encode() for n in range(callers)]) == []
        await counting.publisher.tick()
        await room.waiting()  # those that are left are as many as the totals say
    result = await recounted(house)
    assert (result.differences, result.faults) == ([], [])
    assert result.agrees
    async with house.service() as counting:
        await counting.publisher.tick()
        folder, head = counting.publisher.folder(CAMPAIGN, "n1"), counting.recorder.head(CAMPAIGN)
        assert folder is not None
        reader = Reader(head.size, folder.read)
        leaves = await counting.store.run(
            lambda db: db.execute("SELECT leaf_hash FROM entries ORDER BY seq").fetchall()
        )
        for seq, (leaf_hash,) in enumerate(leaves):
            assert proves_inclusion(leaf_hash, seq, head.size, reader.inclusion(seq), reader.root())


async def test_after_the_retention_everybody_goes(house: House) -> None:
    waits(house)
    house.edit(house.campaign, "\n[numbers]", '\nretention = "720h"\n\n[numbers]')
    async with house.service() as counting:
        room = Room(house, counting)
        await history(room, 30)
        house.clock.ms = CLOSED_MS
        await counting.schedule.tick()
        assert room.running.closed
        await counting.eraser.number(room.running, line(3), "chair", "caller_asked")
        before, size = await totals(room), counting.recorder.head(CAMPAIGN).size
        sealed = [*sealed_of(house).values(), b"sealed in a proposal"]
        await counting.store.run(proposals.add, CAMPAIGN, "void", "", sealed[-1], "wang", house.clock.ms)
        house.clock.ms = CLOSED_MS + 30 * DAY - 1
        await counting.eraser.tick()
        assert counting.recorder.head(CAMPAIGN).size == size, "not yet"
        house.clock.ms += 1
        await counting.eraser.tick()
        assert counting.recorder.head(CAMPAIGN).size == size + 1
        assert await totals(room) == before
        assert await counting.store.run(lambda db: db.execute("SELECT count(*) FROM claimed").fetchone()) == (
            0,
        )
        await counting.eraser.tick()
        assert counting.recorder.head(CAMPAIGN).size == size + 1, "once"
    assert len(sealed_of(house)) == 2, "what the two erasures came to"
    kept = set(sealed_of(house).values())
    assert traces(house, [one for one in sealed if one not in kept]) == []
    result = await recounted(house)
    assert result.agrees, (result.differences, result.faults)
    async with house.service() as counting:  # it starts by itself, bars that are gone and all
        room = Room(house, counting)
        await room.send(line(4), "A01")
        size = counting.recorder.head(CAMPAIGN).size
        await counting.eraser.tick()
        assert counting.recorder.head(CAMPAIGN).size == size + 1, "what comes later goes, too"
    assert (await recounted(house)).agrees


async def test_a_crash_before_the_traces_are_gone(house: House, tmp_path: Path) -> None:
    """They go after the next start: of those whose time is over nobody would ask again."""
    waits(house)
    after = House(tmp_path / "after", house.clock)
    async with house.service() as counting:
        room = Room(house, counting)
        await history(room, 30)
        house.clock.ms = CLOSED_MS
        await counting.schedule.tick()
        before, size = set(sealed_of(house).values()), counting.recorder.head(CAMPAIGN).size
        erasing = asyncio.create_task(counting.eraser.everybody(room.running, "chair", "retention_over"))
        while counting.recorder.head(CAMPAIGN).size == size:  # noqa: ASYNC110 -- as soon as it is recorded
            await asyncio.sleep(0)
        erasing.cancel()
        with suppress(asyncio.CancelledError):
            await erasing
        gone = list(before - set(sealed_of(house).values()))
        shutil.copytree(house.folder, after.folder)  # what the disk has then
    assert gone
    assert traces(after, gone)
    async with after.service() as counting:
        await counting.eraser.tick()
        assert traces(after, gone) == []


async def test_before_the_close_it_must_be_said(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        assert (await room.send(line(1), "A01")).outcome == "counted"
        with pytest.raises(NotErased, match="could vote again"):
            await counting.eraser.number(room.running, line(1), "chair", "caller_asked")
        with pytest.raises(NotErased, match="not closed"):
            await counting.eraser.everybody(room.running, "chair", "retention_over")
        with pytest.raises(NotErased, match="no reason"):
            await counting.eraser.number(room.running, line(1), "chair", "for 13800000000", now=True)
        assert await counting.eraser.number(room.running, line(1), "chair", "caller_asked", now=True) == 1
        assert await room.votes() == {"A01": 1}
        assert (await room.send(line(1), "A02")).outcome == "counted", "as the documents warn"
    result = await recounted(house)
    assert result.agrees, (result.differences, result.faults)


async def test_a_bar_holds_until_the_close(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        await counting.acts.bar(room.running, line(1), "wang", "fraud")
        assert (await room.send(line(1), "A01")).outcome == "barred_caller"
        await counting.eraser.number(room.running, line(1), "chair", "caller_asked", now=True)
    async with house.service() as counting:
        room = Room(house, counting)
        assert (await room.send(line(1), "A01")).outcome == "barred_caller"
        house.clock.ms = CLOSED_MS
        await counting.schedule.tick()
        assert await counting.eraser.number(room.running, line(1), "chair", "caller_asked") == 1
    async with house.service() as counting:
        assert f"+86{line(1)}" not in counting.campaigns[CAMPAIGN].barred
    assert (await recounted(house)).agrees


@pytest.mark.parametrize("kind", ["counted", "adjudicate", "erase"])
async def test_what_is_gone_without_an_act_is_found(house: House, kind: str) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        for n in range(4):
            await room.send(line(n), "A01")
        place = (await room.send(line(5), "不投A01")).place
        await room.rule(count(place, A01))
        await counting.eraser.number(room.running, line(0), "chair", "caller_asked", now=True)
    assert (await recounted(house)).agrees
    with closing(sqlite3.connect(house.database, isolation_level=None)) as db:
        (seq,) = db.execute(
            "SELECT max(seq) FROM entries WHERE kind = ? AND sealed IS NOT NULL", (kind,)
        ).fetchone()
        db.execute("UPDATE entries SET sealed = NULL WHERE seq = ?", (seq,))
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        result = await audit.recount(ledger, lambda _: None)
        with pytest.raises(Tampered) as found:
            await audit.verify(ledger, lambda _: None)
    assert not result.agrees
    assert any(fault.startswith(f"entry {seq}: ") for fault in result.faults)
    # Without what it tells, an `erase` act does not explain what is gone before it.
    assert found.value.seq == (seq if kind != "erase" else 2)


async def test_while_somebody_reads_traces_are_said_to_stay(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        await room.send(line(1), "A01")
        sealed = list(sealed_of(house).values())
        with closing(sqlite3.connect(house.database, isolation_level=None)) as db:
            db.execute("BEGIN")
            db.execute("SELECT count(*) FROM entries").fetchone()
            with pytest.raises(Unavailable, match="erase again"):
                await counting.eraser.number(room.running, line(1), "chair", "caller_asked", now=True)
        await counting.eraser.tick()
        assert traces(house, sealed) == [], "the clock has swept them"
        assert await counting.eraser.number(room.running, line(1), "chair", "caller_asked", now=True) == 0
    assert (await recounted(house)).agrees


async def test_a_ledger_that_does_not_add_up_is_not_erased(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        place = (await room.send(line(1), "A01")).place
        await room.rule(Ruling("void", place, "wang", "li", reason="fraud"))

        def forget(db: sqlite3.Connection) -> None:
            db.execute("UPDATE entries SET sealed = NULL WHERE seq = ?", (place.seq,))

        await counting.store.run(forget)
        with pytest.raises(NotErased, match="not add up"):
            await counting.eraser.number(room.running, line(1), "chair", "caller_asked", now=True)


async def test_the_committee_sees_that_it_was_erased(house: House) -> None:
    async with house.serve() as visitor:
        room = Room(house, visitor.service)
        place = (await room.send(line(1), "不投A01")).place
        await room.rule(count(place, A01))
        waiting = (await room.send(line(1), "不投A02")).place
        await visitor.service.eraser.number(room.running, line(1), "chair", "caller_asked", now=True)
        staff = await visitor.sign_in(Role.COMMITTEE)
        pages = [f"records/n1/{place.seq}", f"records/n1/{waiting.seq}", "records/acts", "rulings", "acts"]
        for page in pages:
            answer = await staff.get(f"/committee/{CAMPAIGN}/{page}?lang=en")
            assert answer.status == 200, page
            assert line(1) not in answer.text
        log = await staff.get(f"/committee/{CAMPAIGN}/records/acts?lang=en")
        assert await room.waiting() == []
        assert "Contents erased" in log.text
        assert "the caller asked for it" in log.text


async def test_replies_to_what_is_erased_go_with_it(house: House) -> None:
    def put(db: sqlite3.Connection) -> None:
        db.execute(
            "INSERT INTO outbox (voter_key, log, seq, source, at_ms, due_ms, sealed)"
            " SELECT voter_key, log, seq, 'sim', 0, 0, x'5ea1ed' FROM claimed WHERE cap = 'message'"
        )

    def left(db: sqlite3.Connection) -> list[int]:
        return [seq for (seq,) in db.execute("SELECT seq FROM outbox ORDER BY seq")]

    async with house.service() as counting:
        room = Room(house, counting)
        mine, other = await room.send(line(1), "A01"), await room.send(line(2), "A01")
        await counting.store.run(put)
        assert await counting.store.run(left) == [mine.place.seq, other.place.seq]
        await counting.eraser.number(room.running, line(1), "chair", "caller_asked", now=True)
        assert await counting.store.run(left) == [other.place.seq]


async def handed_on(room: Room) -> None:
    """A message that rulings give to one caller, and then to another."""
    unread = await room.send("", "not_json", Form.UNPARSED)
    await room.rule(count(unread.place, A01, reason="transcribed", line="+8613812345670"))
    await room.rule(dispute(unread.place, A02))
    await room.rule(count(unread.place, A02, reason="caller_confirmed", line="+8613812345671"))


@pytest.mark.parametrize("erased", ["13812345670", "13812345671"])
async def test_a_message_that_rulings_gave_to_two_callers(house: House, erased: str) -> None:
    """The first one's cap came free, the second one's goes with the message; nobody else's does."""
    async with house.service() as counting:
        room = Room(house, counting)
        await handed_on(room)
        assert (await room.send("13812345671", "B01")).outcome == "counted"
        house.clock.ms = CLOSED_MS
        await counting.schedule.tick()
        assert await counting.eraser.number(room.running, erased, "wang", "caller_asked") == {
            "13812345671": 2, "13812345670": 1,
        }[erased]  # fmt: skip
    await agrees(house)


async def test_what_votes_that_void_each_other_came_to_is_not_told_apart(house: House) -> None:
    house.edit(house.campaign, 'over_cap = "first"', 'over_cap = "void_all"')
    async with house.service() as counting:
        room = Room(house, counting)
        await handed_on(room)
        await room.send("13812345671", "A03")
        house.clock.ms = CLOSED_MS
        await counting.schedule.tick()
        with pytest.raises(NotErased, match="it goes with everybody's"):
            await counting.eraser.number(room.running, "13812345670", "wang", "caller_asked")
        assert await counting.eraser.everybody(room.running, "wang", "caller_asked") == 2
    await agrees(house)
