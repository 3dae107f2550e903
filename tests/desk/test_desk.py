"""The desk of a real server: every ending, once each, taken back in time, and no total shown."""

import asyncio
import json
import re
from typing import Any

import pytest

from gateway.desk import records
from gateway.desk.desk import Desk
from gateway.desk.form import Call, Wish
from gateway.intake.revise import UNDO_MS
from gateway.people.roles import Role
from gateway.storage.store import Unavailable
from tests.conftest import CLOSES_MS, OPENS_MS, House
from tests.desk.hands import HOME, Hand, at_the_desk, form_id, hand
from tests.pages.reading import Page

ENGINES = ("sqlite", "postgresql")

CALLER, OTHER = "13800138000", "13800138001"


def barring(house: House) -> None:
    """A barred and a test line, and one candidate withdrawn; two stars may be chosen."""
    house.edit(house.campaign, "bar_list = []", 'bar_list = ["13800009999"]')
    house.edit(house.campaign, "test_lines = []", 'test_lines = ["13800008888"]')
    house.edit(house.campaign, 'code = "A12",', 'code = "A12", withdrawn = true,')


def reentering(house: House, share: str = "1.0") -> None:
    house.edit(house.settings, 'kind = "desk"', f'kind = "desk"\noptions = {{ reentry_share = {share} }}')


@pytest.mark.parametrize(
    ("caller", "codes", "fields", "outcome", "tone"),
    [
        (CALLER, ["A01"], {}, "counted", "good"),
        ("5169909", ["A01", "B03"], {}, "counted", "good"),
        ("１３８ ００１３ ８０００", ["ａ１"], {}, "counted", "good"),
        (CALLER, ["Z99"], {}, "unknown_code", "wait"),
        (CALLER, [], {"wish": "misdialled"}, "no_code", "bad"),
        (CALLER, [], {"wish": "spoken", "words": "投A01的那位同事"}, "unclear", "wait"),
        (CALLER, ["A01", "A02"], {}, "overvote", "bad"),
        (CALLER, ["A12"], {}, "withdrawn", "bad"),
        ("", ["A01"], {"withheld": True}, "withheld_caller", "bad"),
        ("12345", ["A01"], {}, "invalid_caller", "bad"),
        ("13800009999", ["A01"], {}, "barred_caller", "bad"),
        ("13800008888", ["A01"], {}, "test", "again"),
    ],
)
async def test_every_ending_and_its_words(
    house: House, caller: str, codes: list[str], fields: dict[str, Any], outcome: str, tone: str
) -> None:
    barring(house)
    async with at_the_desk(house, "wang") as (visitor, wang):
        answer = await wang.call(caller, *codes, **fields)
        assert (answer["outcome"], answer["tone"]) == (outcome, tone)
        assert answer["heading"]
        assert answer["say"]
        assert await visitor.outcomes() == {outcome: 1}


@pytest.mark.parametrize(
    ("at_ms", "outcome"), [(OPENS_MS - 1, "early"), (CLOSES_MS - 1, "counted"), (CLOSES_MS, "late")]
)
async def test_the_window_is_the_arrivals(house: House, at_ms: int, outcome: str) -> None:
    house.clock.ms = at_ms
    async with at_the_desk(house, "wang") as (_, wang):
        assert (await wang.call(CALLER, "A01", waited_ms=60_000))["outcome"] == outcome


@pytest.mark.parametrize(
    ("at_ms", "waited_ms", "outcome"),
    [
        (CLOSES_MS + 60_000, 60_001, "counted"),
        (CLOSES_MS + 60_000, 60_000, "late"),
        (OPENS_MS + 10, 11, "early"),
        (CLOSES_MS + 24 * 3_600_000 + 10, 24 * 3_600_000 + 60_000, "in_transit"),
    ],
)
async def test_the_window_is_the_calls_where_the_source_says_so(
    house: House, at_ms: int, waited_ms: int, outcome: str
) -> None:
    house.edit(house.settings, 'clock = "arrival"', 'clock = "provider"')
    house.clock.ms = at_ms
    async with at_the_desk(house, "wang") as (_, wang):
        assert (await wang.call(CALLER, "A01", waited_ms=waited_ms))["outcome"] == outcome


# ---- never twice, never lost ----------------------------------------------------------------------


async def test_a_form_sent_again_is_answered_as_the_first_time(house: House) -> None:
    async with at_the_desk(house, "wang") as (visitor, wang):
        sent = {"id": form_id(), "caller": CALLER, "codes": ["A01"]}
        first = await wang.send("calls", sent)
        house.clock.ms += 5_000
        assert await wang.send("calls", {**sent, "waited_ms": 5_000}) == (
            200,
            {**first[1], "undo_ms": UNDO_MS - 5_000},
        )
        other = {**sent, "caller": OTHER, "codes": ["A02"]}
        assert (await wang.send("calls", other))[1]["number"] == first[1]["number"], "the form has been used"
        assert await visitor.outcomes() == {"counted": 1}


async def test_many_at_once_are_one_call(house: House) -> None:
    async with at_the_desk(house, "wang") as (visitor, wang):
        sent = {"id": form_id(), "caller": CALLER, "codes": ["A01"]}
        others = [{**sent, "caller": f"1380013{n:04}"} for n in range(4)]
        answers = await asyncio.gather(*(wang.send("calls", one) for one in [sent] * 12 + others))
        assert {status for status, _ in answers} == {200}
        assert len({answer["number"] for _, answer in answers}) == 1
        assert await visitor.outcomes() == {"counted": 1}


async def test_two_operators_forms_do_not_meet(house: House) -> None:
    async with at_the_desk(house, "wang", "zhao") as (visitor, wang, zhao):
        sent = {"id": form_id(), "caller": CALLER, "codes": ["A01"]}
        assert (await wang.send("calls", sent))[1]["outcome"] == "counted"
        assert (await zhao.send("calls", sent))[1]["outcome"] == "repeat"
        assert await visitor.outcomes() == {"counted": 1, "repeat": 1}


async def test_a_call_that_is_on_record_but_was_not_remembered_is_one_call(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """We are stopped between the commit and our own note of it; the browser sends the call again."""
    async with at_the_desk(house, "wang") as (visitor, wang):
        sent = {"id": form_id(), "caller": CALLER, "codes": ["A01"]}
        with monkeypatch.context() as patched:
            patched.setattr(records, "add", _stopped)
            assert (await wang.send("calls", sent))[0] == 503
        house.clock.ms += 60_000
        status, answer = await wang.send("calls", sent)
        assert (status, answer["outcome"], answer["time"]) == (200, "counted", "2018-07-09 09:00:00")
        assert answer["undo_ms"] == UNDO_MS - 60_000
        assert await visitor.outcomes() == {"counted": 1}


def _stopped(*_: object) -> None:
    raise Unavailable("stopped")


async def test_what_cannot_be_written_is_503_and_comes_again(house: House) -> None:
    async with at_the_desk(house, "wang") as (visitor, wang):
        visitor.service.recorder.stop()
        await asyncio.sleep(0)
        sent = {"id": form_id(), "caller": CALLER, "codes": ["A01"]}
        answer = await wang.staff.script(f"{HOME}/calls", sent)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        typed = {"id": form_id(), "caller": CALLER, "wish": "spoken", "words": "投A01的那位同事"}
        status, _, text = await wang.post("calls", **typed)
        assert (status, "投A01的那位同事" in text) == (503, True), "what was written is not lost"


# ---- taking back ----------------------------------------------------------------------------------


async def test_an_own_call_is_taken_back_within_two_minutes_and_the_vote_comes_free(house: House) -> None:
    async with at_the_desk(house, "wang") as (visitor, wang):
        wrong = await wang.call(CALLER, "A01")
        house.clock.ms += UNDO_MS
        undone = {"id": wrong["id"], "reason": "wrong_choice", "note": "heard A02"}
        status, answer = await wang.send("undo", undone)
        assert (status, answer["undone"], answer["outcome"]) == (200, "选错候选", "counted")
        assert (await wang.send("undo", undone))[0] == 200, "twice is once"
        assert (await wang.call(CALLER, "A02"))["outcome"] == "counted"
        await visitor.server.board.refresh()
        standings = visitor.server.board.standings("beita-2018")
        votes = {one["code"]: one["votes"] for one in standings["contests"][0]["candidates"]}
        assert (votes["A01"], votes["A02"], standings["balance"]["balanced"]) == (0, 1, True)


async def test_what_may_not_be_taken_back(house: House) -> None:
    async with at_the_desk(house, "wang", "zhao") as (visitor, wang, zhao):
        taken = await wang.call(CALLER, "A01")
        missed = await wang.call(OTHER, "", wish="misdialled")
        good = {"id": taken["id"], "reason": "wrong_number"}
        for hand, asked, status, word in [
            (zhao, good, 409, "no_such_message"),
            (wang, {**good, "id": form_id()}, 409, "no_such_message"),
            (wang, {**good, "reason": "because"}, 409, "no_reason"),
            (wang, {**good, "reason": 5}, 422, "form"),
            (wang, {**good, "note": None}, 422, "form"),
            (wang, {**good, "id": missed["id"]}, 409, "nothing_to_undo"),
        ]:
            got, answer = await hand.send("undo", asked)
            assert (got, answer["error"]) == (status, word)
            assert answer["text"]
        house.clock.ms += UNDO_MS + 1
        assert (await wang.send("undo", good))[1]["error"] == "too_late"
        assert await visitor.outcomes() == {"counted": 1, "no_code": 1}


async def test_taken_back_but_not_remembered_is_taken_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_the_desk(house, "wang") as (_, wang):
        taken = await wang.call(CALLER, "A01")
        undone = {"id": taken["id"], "reason": "wrong_number"}
        with monkeypatch.context() as patched:
            patched.setattr(records, "undo", _stopped)
            assert (await wang.send("undo", undone))[0] == 503
        assert (await wang.send("undo", undone))[1]["undone"] == "号码输错"


# ---- what an operator sees ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "standing", "shown"),
    [
        ("13800138000", "known", "138 0013 8000"),
        ("１３８-0013-8000", "known", "138 0013 8000"),
        ("5169909", "known", "0739 516 9909"),
        ("123", "invalid", "号码不能投票"),
        ("x" * 500, "invalid", "号码不能投票"),
        ("匿名", "withheld", "号码未显示"),
    ],
)
async def test_a_number_is_looked_at_before_it_is_recorded(
    house: House, typed: str, standing: str, shown: str
) -> None:
    async with at_the_desk(house, "wang") as (_, wang):
        status, seen = await wang.send("caller", {"caller": typed})
        assert (status, seen) == (200, {"standing": standing, "shown": shown, "earlier": []})


async def test_a_callers_earlier_endings_are_shown_but_never_for_whom(house: House) -> None:
    async with at_the_desk(house, "wang") as (visitor, wang):
        assert await visitor.kannel(CALLER, "A07", "m1") == 200
        house.clock.ms += 60_000
        await wang.call(CALLER, "A08")
        status, seen = await wang.send("caller", {"caller": f"+86 {CALLER}"})
        assert status == 200
        assert [(one["at"], one["channel"], one["words"]) for one in seen["earlier"]] == [
            ("07-09 09:01", "热线", "投过票了"),
            ("07-09 09:00", "短信", "已计票"),
        ]
        assert "A07" not in json.dumps(seen)
        assert "A08" not in json.dumps(seen)


async def test_only_the_last_own_calls_are_listed_and_numbers_are_masked(house: House) -> None:
    async with at_the_desk(house, "wang", "zhao") as (_, wang, zhao):
        await zhao.call("13800138999", "B20")
        for number in range(10):
            house.clock.ms += 1_000
            await wang.call(f"1380013{number:04}", "A01")
        _, page = await wang.page()
        listed = page.partition('id="latest"')[2]
        assert listed.count("<li ") == 8
        assert "138****0009" in listed
        assert "138****0001" not in listed
        assert "138****8999" not in page
        assert "13800130009" not in page


async def test_no_page_of_an_operator_shows_a_total(house: House) -> None:
    async with at_the_desk(house, "wang") as (_, wang):
        for number in range(37):
            await wang.call(f"1380014{number:04}", "A01")
        _, page = await wang.page()
        latest = re.sub(r"form-\d{16}", "", page.partition('id="latest"')[2])
        assert "37" not in latest, "but for the ids of forms"
        answers = json.dumps([await wang.call("13800138777", "A01"), await wang.ask("again")])
        assert "votes" not in answers
        assert "38" not in answers.replace("138****8777", "")


@pytest.mark.parametrize("where", ["calls", "caller", "undo", "again"])
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b"{" * 5000,
        b'{"id": 1e999}',
        b'{"caller": "\\ud800"}',
        b"1" * 5000,
    ],
)
async def test_garbage_is_422_in_words(house: House, where: str, raw: bytes) -> None:
    async with at_the_desk(house, "wang") as (visitor, wang):
        status, answer = await wang.send(where, raw)
        if (where, raw[:9]) == ("caller", b'{"caller"'):
            assert (status, answer["standing"]) == (200, "withheld")  # nothing is left of it
            return
        assert status == (409 if answer["error"] == "no_reason" else 422)
        assert answer["text"]
        assert await visitor.outcomes() == {}


async def test_a_large_body_is_413(house: House) -> None:
    async with at_the_desk(house, "wang") as (_, wang):
        assert (await wang.send("calls", b" " * 70_000))[0] == 413


async def test_a_campaign_without_a_desk_says_so(house: House) -> None:
    text = house.settings.read_text("utf-8")
    house.settings.write_text(
        text.replace('[sources.desk]\nkind = "desk"\ncampaign = "beita-2018"\nclock = "arrival"\n', ""),
        "utf-8",
    )
    async with at_the_desk(house, "wang") as (_, wang):
        status, page = await wang.page()
        assert (status, "kind = &#34;desk&#34;" in page) == (404, True)
        assert (await wang.send("calls", {}))[0] == 404
        status, page = await wang.page("/operator")
        assert (status, "没有您可以接听的投票" in page) == (200, True)


async def test_the_only_desk_is_where_an_operator_begins(house: House) -> None:
    async with at_the_desk(house, "wang") as (_, wang):
        assert (await wang.staff.get("/operator")).location == HOME


# ---- without a script -----------------------------------------------------------------------------


async def test_a_plain_form_records_a_call_and_shows_how_it_ended(house: House) -> None:
    async with at_the_desk(house, "wang") as (visitor, wang):
        id_ = form_id()
        sent = {"id": id_, "caller": CALLER, "codes": "A01 B03", "wish": "vote"}
        status, there, _ = await wang.post("calls", **sent)
        assert (status, there) == (303, f"{HOME}?call={id_}")
        assert (await wang.post("calls", **sent))[0] == 303, "a second click is the same call"
        _, page = await wang.page(there)
        outcome = page.partition('id="outcome"')[2].partition("</section>")[0]
        for told in ("已计票", "138****8000", "A01 社保窗口（示例）: 计票", "您的投票已计入"):
            assert told in outcome
        status, there, _ = await wang.post("undo", id=id_, reason="wrong_number", note="")
        assert (status, there) == (303, f"{HOME}?call={id_}")
        assert await visitor.outcomes() == {"counted": 1}


async def test_a_plain_form_that_is_no_call_comes_back_with_what_was_entered(house: House) -> None:
    async with at_the_desk(house, "wang") as (visitor, wang):
        status, _, page = await wang.post("calls", id=form_id(), caller=CALLER, codes="", wish="vote")
        assert (status, "还没有选择" in page, f'value="{CALLER}"' in page) == (422, True, True)
        status, _, page = await wang.post(
            "calls", id=form_id(), caller="<b>'\"", codes="<script>", wish="vote"
        )
        assert (status, "<script>" in page.partition('id="call"')[2]) == (422, False)
        status, _, page = await wang.post("undo", id="nothing", reason="wrong_number")
        assert (status, "没有这通来电" in page) == (409, True)
        assert await visitor.outcomes() == {}


# ---- entering again -------------------------------------------------------------------------------


async def test_another_operator_enters_it_again_and_agrees(house: House) -> None:
    reentering(house)
    async with at_the_desk(house, "wang", "zhao") as (visitor, wang, zhao):
        await wang.call(CALLER, "A01", "B03")
        assert await zhao.ask("again") == {"due": 0}, "it may still be taken back"
        house.clock.ms += UNDO_MS + 1
        assert await wang.ask("again") == {"due": 0}, "nobody checks themselves"
        due = await zhao.ask("again")
        assert (due["due"], due["operator"], due["number"], due["time"]) == (
            1,
            "wang",
            "138****8000",
            "07-09 09:00:00",
        )
        again = {"id": form_id(), "call": due["call"], "caller": f"+86{CALLER}", "codes": ["B03", "A01"]}
        assert (await wang.send("again", again))[0] == 409
        assert await zhao.send("again", again) == (200, {})
        assert (await zhao.send("again", again))[1]["error"] == "not_due"
        assert await zhao.ask("again") == {"due": 0}
        assert await visitor.outcomes() == {"counted": 1}, "an entry again is no call"
        assert await visitor.service.casebook.waiting("beita-2018") == []


@pytest.mark.parametrize(
    ("caller", "codes", "fields", "heard"),
    [
        (CALLER, ["A02"], {}, [("window", "A02")]),
        (OTHER, ["A01"], {}, [("window", "A01")]),
        (CALLER, ["A01", "A02"], {}, []),
        (CALLER, ["Z99"], {}, []),
        (CALLER, [], {"wish": "spoken", "words": "A02 or so"}, []),
    ],
)
async def test_where_two_operators_differ_a_person_rules(
    house: House, caller: str, codes: list[str], fields: dict[str, Any], heard: list[tuple[str, str]]
) -> None:
    reentering(house)
    async with at_the_desk(house, "wang", "zhao") as (visitor, wang, zhao):
        await wang.call(CALLER, "A01")
        house.clock.ms += UNDO_MS + 1
        due = await zhao.ask("again")
        sent = {"id": form_id(), "call": due["call"], "caller": caller, "codes": codes, **fields}
        assert await zhao.send("again", sent) == (200, {})
        (case,) = await visitor.service.casebook.waiting("beita-2018")
        (act,) = case.acts
        assert (case.state, act.leaf.kind, act.leaf.detail["by"]) == ("disputed", "dispute", "zhao")
        assert [tuple(one) for one in act.private["heard"]] == heard
        assert OTHER not in json.dumps(act.private), "a number that was heard stands masked in the note"


async def test_with_nothing_to_enter_it_from_it_is_done_with(house: House) -> None:
    reentering(house)
    async with at_the_desk(house, "wang", "zhao") as (visitor, wang, zhao):
        await wang.call(CALLER, "A01")
        taken_back = await wang.call(OTHER, "A01")
        await wang.send("undo", {"id": taken_back["id"], "reason": "test_call"})
        house.clock.ms += UNDO_MS + 1
        due = await zhao.ask("again")
        assert due["due"] == 1, "what was taken back is not entered again"
        assert (await zhao.send("again", {"call": "x", "missing": True}))[0] == 422
        assert (await zhao.send("again", {"call": "9-99", "missing": True}))[0] == 409
        assert (await zhao.send("again", {"call": due["call"], "missing": True}))[0] == 200
        assert await zhao.ask("again") == {"due": 0}
        assert await visitor.service.casebook.waiting("beita-2018") == []


@pytest.mark.parametrize(("share", "drawn"), [("0.0", 0), ("1.0", 6), ("0.5", 3)])
async def test_the_lot_is_drawn_as_a_call_is_recorded(house: House, share: str, drawn: int) -> None:
    reentering(house, share)
    lots = iter([b"\x00", b"\xff"] * 3)
    async with house.service() as service:
        desk = Desk(service, lambda size: next(lots) * size)
        source = desk.source("beita-2018")
        assert source is not None
        for number in range(6):
            await desk.record(source, "wang", Call(form_id(), f"1380013{number:04}", Wish.VOTE, ("A01",)))
        house.clock.ms += UNDO_MS + 1
        assert len(await desk.due(source, "zhao", 10)) == (drawn if share != "1.0" else 6)


@pytest.mark.parametrize(
    ("at_ms", "said"),
    [
        (OPENS_MS - 1, "电话投票 2018-07-09 08:00:00 开始"),
        (OPENS_MS, ""),
        (CLOSES_MS - 1, ""),
        (CLOSES_MS, "电话投票已于 2018-07-20 18:00:00 截止"),
    ],
)
async def test_the_desk_says_when_no_call_counts(house: House, at_ms: int, said: str) -> None:
    house.clock.ms = at_ms
    async with at_the_desk(house, "wang") as (_, wang):
        _, text = await wang.page()
        page = Page(text)
        assert bool(page.all("p", class_="notice warn", role="status")) == bool(said)
        assert said in page.text


async def test_what_the_clock_decided_is_not_entered_again(house: House) -> None:
    reentering(house)
    house.clock.ms = CLOSES_MS
    async with at_the_desk(house, "wang", "zhao") as (_, wang, zhao):
        assert (await wang.call(CALLER, "A01"))["outcome"] == "late"
        house.clock.ms += UNDO_MS + 1
        assert await zhao.ask("again") == {"due": 0}


async def test_a_barred_lines_call_and_an_erased_one_are_not_compared(house: House) -> None:
    reentering(house)
    house.edit(house.campaign, "bar_list = []", f'bar_list = ["{OTHER}"]')
    async with at_the_desk(house, "wang", "zhao") as (visitor, wang, zhao):
        assert (await wang.call(OTHER, "A01"))["outcome"] == "barred_caller"
        await wang.call(CALLER, "A01")
        house.clock.ms += UNDO_MS + 1
        due = await zhao.ask("again")
        assert (due["due"], due["number"]) == (1, "138****8000")
        running = visitor.service.campaigns["beita-2018"]
        await visitor.service.eraser.number(running, CALLER, "wang", "caller_asked", now=True)
        again = {"id": form_id(), "call": due["call"], "caller": "13912345678", "codes": ["A05"]}
        assert await zhao.send("again", again) == (200, {})
        (told,) = await visitor.service.store.run(records.worked, "beita-2018")
        assert (told.agreed, told.differed, told.missing) == (0, 0, 1)


# ---- the committee's report -----------------------------------------------------------------------


async def _report(hand: Hand) -> str:
    status, page = await hand.page("/committee/beita-2018/operators")
    assert status == 200
    return page


async def test_the_committee_sees_how_operators_differ(house: House) -> None:
    reentering(house)
    async with at_the_desk(house, "wang", "zhao") as (visitor, wang, zhao):
        for number in range(30):
            await wang.call(f"1380013{number:04}", "A01" if number % 2 else "A02")
            last = await zhao.call(f"1390013{number:04}", "A01")
        await zhao.send("undo", {"id": last["id"], "reason": "wrong_number"})
        house.clock.ms += UNDO_MS + 1
        due = await zhao.ask("again")
        await zhao.send("again", {"id": form_id(), "call": due["call"], "caller": CALLER, "codes": ["B01"]})
        chair = await hand(visitor, "chair", Role.COMMITTEE)
        page = await _report(chair)
        cells = page.partition('id="worked"')[2].partition("</table>")[0]
        assert [line.count("<td") for line in cells.split("<tr>")[2:]] == [7, 7]
        for told in ("wang", "zhao", ">30<", ">1<", "100.0%"):
            assert told in cells
        assert page.count("▲") == 4 + 1, "both operators' shares of both candidates, and the legend"
        assert "1380013" not in page
        assert (await wang.page("/committee/beita-2018/operators"))[0] == 403


async def test_shares_are_kept_back_where_totals_are(house: House) -> None:
    house.edit(house.campaign, 'committee_totals = "live"', 'committee_totals = "after_close"')
    async with at_the_desk(house, "wang", "zhao") as (visitor, wang, zhao):
        await wang.call(CALLER, "A01")
        await zhao.call(OTHER, "A02")
        chair = await hand(visitor, "chair", Role.COMMITTEE)
        page = await _report(chair)
        assert ("截止前不显示票数" in page, "A01" in page) == (True, False)
