"""From the close to the certificate over a real service: acts by the people they take, gates shut once."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.checking import audit
from gateway.exporting import exporter
from gateway.exporting.exports import Exports
from gateway.intake.revise import Ruling
from gateway.keeping.erasure import NotErased
from gateway.reporting import collect, winners
from gateway.result import notice, register
from gateway.room.motion import Motion
from gateway.room.secretary import Secretary
from tally.outcome import Selection
from tests.conftest import House
from tests.panel.panels import arrange
from tests.room.chambers import A01, CAMPAIGN, Room, open_room, refused, void

DAY = 86_400_000
WAIVE = Motion("waive", "no_statement_to_be_had")
COMPLETE = Motion("complete", "count_complete")
CERTIFY = Motion("certify", "result_confirmed")


def publish(room: Room, reason: str = "first_notice", days: int = 0) -> Motion:
    return Motion("publish", reason, told=(("first_day", day(room, days)),))


def objection(room: Room, **told: str) -> Motion:
    said = {"came_on": day(room), "subject": "事迹不实", "name": "王某", "about": "window/A01", **told}
    return Motion("object", "phone", told=tuple(said.items()))


def answer(verdict: str, reason: str, number: int = 1) -> Motion:
    told = (("objection", str(number)), ("answer", "经核查，情况属实。"), ("verdict", verdict))
    return Motion("answer", reason, told=told)


def day(room: Room, days: int = 0) -> str:
    from gateway.result import workdays

    return workdays.day_of(room.house.clock.ms + days * DAY, room.running.zone).isoformat()


async def two(room: Room, motion: Motion) -> None:
    await room.approve(await room.propose(motion))


@pytest.fixture
async def room(house: House) -> AsyncIterator[Room]:
    """A closed vote: A01 has two votes, A02 and B03 one each, and one message waits."""
    arrange(house, "")  # the public's votes decide; with a panel: tests/panel
    house.edit(house.campaign, "\n[numbers]", '\nretention = "720h"\n\n[numbers]')
    async with open_room(house) as opened:
        await opened.send("13812345671", "A01")
        await opened.send("13812345672", "A01")
        await opened.send("13812345673", "A02")
        await opened.send("13812345674", "B03")
        await opened.send("13812345675", "别投A02")
        yield opened


async def close(room: Room) -> None:
    await room.counting.schedule.close(room.running, "wang", "committee_decision", True)


async def settle(room: Room) -> None:
    """Rule on what waits, and close."""
    (waiting,) = await room.counting.casebook.waiting(CAMPAIGN)
    await room.rule(Ruling("adjudicate", waiting.place, "wang", "", "no_clear_wish", "", "reject"))
    await close(room)


async def export(room: Room) -> Exports:
    """Have the command make an export beside the service, as from the page."""
    exports = room.exports
    assert exports.begin(CAMPAIGN, "en")
    assert exports._task is not None
    await asyncio.wait_for(exports._task, 60)
    assert not exports.failed(CAMPAIGN), exports.failed(CAMPAIGN)
    return exports


async def completed(room: Room) -> None:
    await settle(room)
    await two(room, WAIVE)
    await export(room)
    await room.act(COMPLETE)


async def test_every_gate_is_shut_until_it_is_opened(room: Room) -> None:
    async def says(motion: Motion) -> str:
        return await refused(room.chamber.consider(room.running, motion))

    assert await says(COMPLETE) == "gate_closed"
    assert await says(WAIVE) == "not_closed"
    await close(room)
    assert await says(COMPLETE) == "gate_nothing_waits"
    (waiting,) = await room.counting.casebook.waiting(CAMPAIGN)
    await room.rule(Ruling("adjudicate", waiting.place, "wang", "", "no_clear_wish", "", "reject"))
    assert await says(COMPLETE) == "gate_recounted"
    await export(room)
    assert await says(COMPLETE) == "gate_reconciled"
    assert await says(publish(room)) == "not_now"
    assert await says(CERTIFY) == "not_now"
    await two(room, WAIVE)
    await room.act(COMPLETE)
    assert room.running.progress.status == "unofficial-complete"
    assert await says(CERTIFY) == "gate_notice_over"
    assert await says(publish(room, days=-1)) == "day_gone"
    assert await says(publish(room, "after_correction")) == "wrong_notice"
    await two(room, publish(room))
    assert await says(CERTIFY) == "gate_notice_over"
    room.house.clock.ms += 7 * DAY
    await room.act(objection(room))
    assert await says(CERTIFY) == "gate_no_open_objection"
    await room.act(answer("rejected", "not_borne_out"))
    await two(room, CERTIFY)
    assert room.running.certified


async def test_one_person_is_not_enough(room: Room) -> None:
    await settle(room)
    proposal = await room.propose(WAIVE)
    assert await refused(room.approve(proposal, "wang")) == "same_person"
    await room.approve(proposal)
    await export(room)
    await room.act(COMPLETE)
    assert await refused(room.approve(await room.propose(publish(room)), "wang")) == "same_person"


async def test_an_upheld_objection_corrects_and_takes_a_second_notice(room: Room) -> None:
    await completed(room)
    await two(room, publish(room))
    await room.act(objection(room))
    await two(room, answer("upheld", "untrue_deeds"))
    progress = room.running.progress
    assert (progress.status, progress.notice) == ("correction", None)
    await room.act(Motion("withdraw", "disqualified", selections=(A01,)))
    assert await refused(room.chamber.consider(room.running, COMPLETE)) == "gate_recounted"
    await export(room)
    await room.act(COMPLETE)
    room.house.clock.ms += 30 * DAY
    assert await refused(room.chamber.consider(room.running, CERTIFY)) == "gate_notice_over"
    await two(room, publish(room, "after_correction"))
    assert [list(one.listed["window"]) for one in room.running.progress.notices] == [["A01", "A02"], ["A02"]]
    room.house.clock.ms += 7 * DAY
    await two(room, CERTIFY)
    (entered,) = register.read(room.running, await room.counting.store.acts(CAMPAIGN))
    assert (entered.private["name"], entered.answer["answer"]) == ("王某", "经核查，情况属实。")
    public = b"".join(one.stored.leaf for one in await room.counting.store.acts(CAMPAIGN))
    assert "王某".encode() not in public
    assert b"\\u738b" not in public, "who objects is in no leaf"


async def test_a_second_notice_says_whether_its_list_is_another(room: Room) -> None:
    await completed(room)
    await two(room, publish(room))
    room.house.clock.ms += DAY
    await room.act(objection(room))
    await two(room, answer("upheld", "votes_bought"))
    await export(room)
    await room.act(COMPLETE)
    await two(room, publish(room, "after_correction"))
    second = room.running.progress.notices[-1]
    assert "名单与前次公示的相同" in "".join(notice.write(room.running, second, "zh").opening)
    room.house.clock.ms += 7 * DAY
    await two(room, CERTIFY)
    await two(room, Motion("correct", "error_found"))
    await room.act(Motion("withdraw", "disqualified", selections=(A01,)))
    await export(room)
    await room.act(COMPLETE)
    await two(room, publish(room, "after_correction"))
    third = room.running.progress.notices[-1]
    said = "".join(notice.write(room.running, third, "en").opening)
    assert "The result was corrected: this list replaces" in said, "and no objection has to do with it"


async def test_nothing_is_erased_while_the_result_is_under_way(room: Room) -> None:
    async def kept() -> bool:
        await room.counting.eraser.tick()
        return not any(leaf.kind == "erase" for leaf in await room.leaves())

    await completed(room)
    await two(room, publish(room))
    room.house.clock.ms += 20 * DAY
    await room.act(objection(room))
    room.house.clock.ms += 40 * DAY
    assert await kept(), "nobody has answered the objection"
    with pytest.raises(NotErased, match="under way"):
        await room.counting.eraser.everybody(room.running, "chair", "retention_over")
    await room.act(answer("rejected", "not_borne_out"))
    await two(room, CERTIFY)
    room.house.clock.ms += 30 * DAY - 1
    assert await kept(), "it is counted from the certification"
    room.house.clock.ms += 1
    assert not await kept()


async def test_nothing_moves_what_is_certified_but_a_correction(room: Room, tmp_path: Path) -> None:
    await completed(room)
    await two(room, publish(room))
    room.house.clock.ms += 8 * DAY
    await two(room, CERTIFY)
    place = (await room.counting.casebook.of_caller(room.running, "+8613812345671"))[0].place
    for motion in (
        Motion("withdraw", "at_own_wish", selections=(A01,)),
        Motion("bar", "fraud", line="+8613812345671"),
        Motion("lot", "drawn", selections=(A01, A01._replace(candidate="A02"))),
        void(place),
    ):
        needs_two = motion.kind in ("void", "lot")
        assert await refused(two(room, motion) if needs_two else room.act(motion)) == "certified"
    late = await room.send("13812345679", "A02")
    assert (await room.counting.casebook.case(CAMPAIGN, late)) is not None
    assert room.running.certified, "what comes late is kept, and moves nothing"
    async with audit.open_ledger(room.house.load(), CAMPAIGN) as ledger:
        (tmp_path / "out").mkdir()
        manifest = await exporter.export_to(tmp_path / "out", ledger, lambda _: None)
    assert (manifest["stamp"], manifest["status"]) == ("final", "certified")
    result = json.loads((tmp_path / "out/result.json").read_bytes())
    assert result["certified"]["by"] == ["wang", "li"]
    assert result["certified"]["result"] == result["result"]
    assert result["contests"][0]["listed"] == ["A01", "A02"]
    await two(room, Motion("correct", "error_found"))
    assert room.running.progress.status == "correction"
    await room.act(Motion("withdraw", "disqualified", selections=(A01,)))


async def test_reports_say_how_far_the_result_has_come(room: Room) -> None:
    async def told() -> tuple[str, set[tuple[str, str]]]:
        async with (
            audit.open_ledger(room.house.load(), CAMPAIGN) as ledger,
            collect.collected(ledger, lambda _: None) as result,
        ):
            return result.stage, {(one.candidate, fate) for one, fate in result.fates.items()}

    await settle(room)
    assert await told() == ("unofficial-partial", set())
    await two(room, WAIVE)
    await export(room)
    await room.act(COMPLETE)
    assert await told() == ("unofficial-complete", set()), "nobody is named before the notice"
    (leaf,) = [leaf for leaf in await room.leaves() if leaf.kind == "complete"]
    assert "listed" not in leaf.detail, "the ledger's leaves are public, and the list is not yet"
    await two(room, publish(room))
    listed = {"A01", "A02", "B03"}
    assert await told() == ("unofficial-complete", {(code, "projected-winner") for code in listed})
    room.house.clock.ms += 8 * DAY
    await two(room, CERTIFY)
    stage, fates = await told()
    assert (stage, {code for code, fate in fates if fate == "winner"}) == ("certified", listed)
    assert len(fates) == 32
    await two(room, Motion("correct", "error_found"))
    assert await told() == ("correction", set())


async def test_who_withdraws_from_the_notice_is_no_winner(room: Room) -> None:
    await completed(room)
    await two(room, publish(room))
    await room.act(Motion("withdraw", "at_own_wish", selections=(A01,)))
    async with (
        audit.open_ledger(room.house.load(), CAMPAIGN) as ledger,
        collect.collected(ledger, lambda _: None) as result,
    ):
        assert result.fates[A01] == "withdrawn"
        assert {fate for one, fate in result.fates.items() if one != A01} == {"projected-winner"}
        assert A01 not in {Selection(one.contest, one.candidate["code"]) for one in winners.of(result)}


async def test_the_result_survives_a_restart(room: Room, house: House) -> None:
    await completed(room)
    await two(room, publish(room))
    progress = room.running.progress
    from gateway import entrances
    from gateway.intake import schedule

    again = entrances.run_campaigns(house.load())[CAMPAIGN]
    schedule.resume(again, await room.counting.store.acts(CAMPAIGN))
    assert again.progress == progress


async def test_what_a_vote_adds_shuts_the_gate_again(room: Room) -> None:
    await completed(room)
    facts = await Secretary(room.counting, room.exports).facts(room.running)
    assert (facts.holds["recounted"], facts.holds["same_result"]) == (True, True)
    await room.act(Motion("withdraw", "at_own_wish", selections=(A01,)))
    facts = await Secretary(room.counting, room.exports).facts(room.running)
    assert (facts.holds["recounted"], facts.holds["same_result"]) == (False, False)
