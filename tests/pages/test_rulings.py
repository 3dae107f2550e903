"""The committee's pages: what is ruled, done and looked up there; what is refused, and in which words."""

import re
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from gateway.intake import journey
from gateway.intake.inbound import Form, Inbound
from gateway.intake.payload import Reason
from gateway.intake.revise import REFUSALS, Ruling
from gateway.pages import act_view, case_view, room_form, words_reasons, words_rulings
from gateway.pages.room_form import Flaw
from gateway.pages.words import LANGS
from gateway.people.roles import Role
from gateway.room import proposals
from gateway.storage.store import Place
from tally import acts, entry, export
from tally.outcome import ALWAYS_PENDING, MAY_BE_PENDING, MessageOutcome, Selection
from tests.conftest import CLOSES_MS, SETTLED_MS, House, Staff, Visitor
from tests.pages.reading import Page

CAMPAIGN = "beita-2018"
ROOM = f"/committee/{CAMPAIGN}"


# ---- every word has its sentence ------------------------------------------------------------------


def test_every_refusal_has_its_sentence() -> None:
    told = set(words_reasons.REFUSED)
    flaws = {"form", "bad_time_form", "no_votes_to_void", "too_many_messages", "too_long", "unavailable"}
    flaws |= {"no_such_entry"}
    assert told == {*REFUSALS, *proposals.REFUSALS, *flaws}


def test_every_reason_act_and_note_has_its_sentence() -> None:
    assert set(words_reasons.REASONS) == {word for allowed in acts.REASONS.values() for word in allowed}
    assert set(words_reasons.KINDS) == set(acts.Kind.__args__)  # type: ignore[attr-defined]
    assert set(words_reasons.WAITS) == {*ALWAYS_PENDING, *MAY_BE_PENDING, "disputed"}
    whys = {"unknown", "doubt", "ambiguous", "range", "overlap", "signature", "too_long", "spoken", "future"}
    assert set(words_reasons.NOTES) == {*Reason, *whys}


@pytest.mark.parametrize("lang", LANGS)
def test_no_sentence_is_empty_or_in_the_other_language(lang: str) -> None:
    catalogues = (words_rulings, words_reasons)
    for catalogue in catalogues:
        for name in dir(catalogue):
            if name.isupper():
                for key, said in getattr(catalogue, name).items():
                    text = said.by(lang)
                    assert text.strip(), key
                    assert lang == "zh" or not re.search(r"[一-鿿]", text.replace("不, 改", "")), key
                    assert set(re.findall(r"{\w+}", said.zh)) == set(re.findall(r"{\w+}", said.en)), key


# ---- what cannot be seen is shown -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("投A01！👍", []),
        ("A01\nB02\t", []),
        ("A\x00\x1b[2J", ["U+0000", "U+001B"]),
        ("A01\u202e\u2066x\u200b", ["U+202E", "U+2066", "U+200B"]),
        ("\ud83d", ["U+D83D"]),
        ("\ufeffA01\ue000", ["U+FEFF", "U+E000"]),
    ],
)
def test_signs_that_cannot_be_seen_are_shown_by_their_number(text: str, odd: list[str]) -> None:
    pieces = case_view.pieces(text)
    assert [one.text for one in pieces if one.odd] == odd
    "".join(one.text for one in pieces).encode()


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b'{"from": "13812340013"}', '{"from": "138****0013"}'),
        (b"+8613812340013;<script>", "+861****0013;<script>"),
        (b"123456", "123456"),
        (b"\x00\xff\n", "\\x00\\xff\n"),
    ],
)
def test_bytes_are_shown_with_their_numbers_masked(raw: bytes, shown: str) -> None:
    assert case_view.printable(raw) == shown
    assert raw.isascii() is False or case_view.printable(raw, masked=False) == raw.decode().replace(
        "\x00", "\\x00"
    )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", []),
        ("12", [("", 12)]),
        ("n1/12, 13；14", [("n1", 12), ("", 13), ("", 14)]),
        ("12 12", [("", 12)]),
    ],
)
def test_entries_are_read_as_they_are_typed(text: str, read: list[tuple[str, int]]) -> None:
    assert room_form.entries(text) == read


@pytest.mark.parametrize("text", ["x", "1-2", "n1/", "/1", "-1", "１２", "1234567890123", "n1/1/2"])
def test_what_is_no_entry_is_refused(text: str) -> None:
    with pytest.raises(Flaw, match="no_such_entry"):
        room_form.entries(text)


# ---- over the real thing --------------------------------------------------------------------------


async def send(visitor: Visitor, number: str, text: str, form: Form = Form.TEXT, raw: bytes = b"") -> Place:
    source, running = visitor.service.sources["sim"], visitor.service.campaigns[CAMPAIGN]
    name = f"m{visitor.service.recorder.head(CAMPAIGN).size}"
    prepared = journey.prepare(source, Inbound(name, number, text, form, raw=raw), visitor.house.clock.ms)
    (verdict,) = await visitor.service.recorder.submit(running, [prepared])
    return verdict.place


async def kinds(visitor: Visitor) -> Counter[str]:
    leaves = [entry.read_leaf(one.stored.leaf) for one in await visitor.service.store.acts(CAMPAIGN)]
    return Counter(leaf.kind for leaf in leaves if leaf.detail.get("by") != "system")


#: SMS close a day later than they would.
RESCHEDULE = {
    "kind": "reschedule",
    "closes_sms": "2018-07-21T18:00",
    "closes_hotline": "2018-07-20T18:00",
    "reason": "network_failure",
}


@asynccontextmanager
async def committee(house: House) -> AsyncIterator[tuple[Visitor, Staff, Staff]]:
    """A server, and two members of its committee."""
    async with house.serve() as visitor:
        wang = await visitor.sign_in(Role.COMMITTEE, "wang")
        yield visitor, wang, await visitor.sign_in(Role.COMMITTEE, "li")


def ruling(place: Place, verdict: str, **more: str) -> dict[str, str]:
    return {
        "at": case_view.key(place),
        "verdict": verdict,
        "count_reason": "clear_to_a_person",
        "reject_reason": "no_clear_wish",
        **more,
    }


async def scripted(staff: Staff, path: str, fields: dict[str, str]) -> Any:
    """A form that a script sends."""
    headers = {
        "Accept": "application/json",
        "Origin": staff.visitor.server.url,
        "X-CSRF-Token": staff.csrf,
    }
    return await staff.ask("POST", path, headers, data=fields)


async def test_a_ruling_by_form_and_by_script(house: House) -> None:
    async with committee(house) as (visitor, wang, _):
        first, second = (
            await send(visitor, "13812340001", "不要A01"),
            await send(visitor, "13812340002", "不要B01"),
        )
        answer = await wang.post(f"{ROOM}/rulings", **ruling(first, "count", **{"for": "window/A02"}))
        assert (answer.status, answer.location) == (303, f"{ROOM}/rulings?done=ruled")
        answer = await scripted(wang, f"{ROOM}/rulings", ruling(second, "reject"))
        assert answer.status == 200
        told = answer.json()
        assert (told["places"], told["waiting"], told["proposed"]) == (["1-3"], 0, False)
        assert told["text"] == "不计 · 账本第 5 条"
        assert told["entries"] == [5]
        assert await kinds(visitor) == {"adjudicate": 2}


REFUSED_RULINGS = [
    ({"at": "1-99"}, "no_such_message", 409),
    ({"at": "x"}, "no_such_message", 409),
    ({"verdict": ""}, "no_selection", 422),
    ({"verdict": "count"}, "no_selection", 409),
    ({"verdict": "count", "for": "window/Z9"}, "no_candidate", 422),
    ({"verdict": "count", "for": "window/A01", "count_reason": "because"}, "no_reason", 409),
    ({"verdict": "count", "for": "window/A01", "line": "12"}, "not_a_line", 409),
    ({"verdict": "reject", "reject_reason": ""}, "no_reason", 409),
    ({"verdict": "keep"}, "not_disputed", 409),
    ({"verdict": "reject", "alike": "7"}, "changed", 409),
]


async def test_a_ruling_that_is_refused_says_why(house: House) -> None:
    async with committee(house) as (visitor, wang, _):
        place = await send(visitor, "13812340001", "不要A01")
        for change, word, status in REFUSED_RULINGS:
            fields = {**ruling(place, "reject"), **change}
            answer = await scripted(wang, f"{ROOM}/rulings", fields)
            assert (answer.status, answer.json()["error"]) == (status, word), change
            page = await wang.post(f"{ROOM}/rulings", **fields)
            assert page.status == status
            assert words_reasons.REFUSED[word].zh in page.text
        assert await kinds(visitor) == {}


async def test_alike_are_ruled_on_all_or_none(house: House) -> None:
    async with committee(house) as (visitor, wang, _):
        places = [await send(visitor, f"1381234000{n}", "不要A01") for n in range(4)]
        page = Page((await wang.get(f"{ROOM}/rulings")).text)
        assert [one["data-alike"] for one in page.all("article", class_="case")] == ["4"] * 4
        fields = ruling(places[0], "count", **{"for": "window/A02", "alike": "4"})
        await send(visitor, "13812340009", "不要A01")
        answer = await scripted(wang, f"{ROOM}/rulings", fields)
        assert answer.json()["error"] == "changed", "one more than was shown"
        assert await kinds(visitor) == {}
        answer = await scripted(wang, f"{ROOM}/rulings", {**fields, "alike": "5"})
        assert len(answer.json()["places"]) == 5
        assert answer.json()["text"] == "已计票 5 · 账本第 7-11 条"
        assert await kinds(visitor) == {"adjudicate": 5}


async def test_what_could_not_be_read_and_came_after_the_close_is_said_to_have(house: House) -> None:
    async with committee(house) as (visitor, wang, _):
        await send(visitor, "", "not_utf8", Form.UNPARSED, b"\xff")
        assert words_rulings.SHARED["came_after"].zh not in (await wang.get(f"{ROOM}/rulings")).text
        house.clock.ms = CLOSES_MS
        await send(visitor, "", "not_utf8", Form.UNPARSED, b"\xff")
        li = await visitor.sign_in(Role.COMMITTEE, "li")
        assert (await li.get(f"{ROOM}/rulings")).text.count(words_rulings.SHARED["came_after"].zh) == 1


async def test_what_is_wrong_with_a_row_of_a_call_log_is_said(house: House) -> None:
    note = "3 columns where the log has 18: put cells with a separator in quotes"
    async with committee(house) as (visitor, wang, _):
        await send(visitor, "", note, Form.UNPARSED, b"1,2,3")
        for language, told in (("zh", "这一行有 3 列，而话单是 18 列"), ("en", note)):
            assert told in (await wang.get(f"{ROOM}/rulings?lang={language}")).text


async def test_what_could_not_be_read_is_shown_safely(house: House) -> None:
    async with committee(house) as (visitor, wang, _):
        raw = b'{"from":"13812340013","text":"' + b"\xcd\xb6\xff<script>alert(1)</script>"
        place = await send(visitor, "", "not_utf8", Form.UNPARSED, raw)
        page = await wang.get(f"{ROOM}/rulings")
        assert "138****0013" in page.text
        assert "13812340013" not in page.text
        assert "\\xcd\\xb6\\xff&lt;script&gt;" in page.text
        told = await wang.post(
            f"{ROOM}/rulings/reveal",
            at=case_view.key(place),
            reveal_reason="adjudication",
            reveal_note="看不清",
        )
        assert "13812340013" in told.text
        (link,) = Page(told.text).all("a", download=f"entry-{place.seq}.b64")
        assert link["href"].startswith("data:application/octet-stream,")
        assert told.headers["Cache-Control"] == "no-store"
        fields = ruling(place, "count", **{"for": "window/A01", "line": "138 1234 0013"})
        assert (await wang.post(f"{ROOM}/rulings", **fields)).status == 303
        assert await kinds(visitor) == {"reveal": 1, "adjudicate": 1}
        found = await send(visitor, "13812340013", "A02")
        (case,) = await visitor.service.casebook.cases(CAMPAIGN, [found])
        assert case.outcome == "repeat", "the caps are the caller's"


async def test_a_number_is_told_only_with_a_reason(house: House) -> None:
    async with committee(house) as (visitor, wang, _):
        place = await send(visitor, "13812340001", "不要A01")
        at = case_view.key(place)
        for reason in ("", "curiosity"):
            answer = await scripted(wang, f"{ROOM}/rulings/reveal", {"at": at, "reveal_reason": reason})
            assert answer.json()["error"] == "no_reason"
            page = await wang.post(f"{ROOM}/rulings/reveal", at=at, reveal_reason=reason)
            assert (page.status, "13812340001" in page.text) == (409, False)
        assert await kinds(visitor) == {}
        answer = await scripted(wang, f"{ROOM}/rulings/reveal", {"at": at, "reveal_reason": "complaint"})
        assert answer.json()["number"] == "+8613812340001"
        assert answer.headers["Cache-Control"] == "no-store"
        assert await kinds(visitor) == {"reveal": 1}


async def test_disputes_show_both_entries(house: House) -> None:
    async with committee(house) as (visitor, wang, _):
        place = await send(visitor, "13812340001", "A01")
        heard = (Selection("window", "A02"),)
        dispute = Ruling("dispute", place, "op2", reason="entries_differ", note="口音重", selections=heard)
        running = visitor.service.campaigns[CAMPAIGN]
        await visitor.service.recorder.revise(running, [dispute], visitor.house.clock.ms)
        page = Page((await wang.get(f"{ROOM}/rulings")).text)
        assert "第一次登记A01" in page.text
        assert "第二次登记A02" in page.text
        assert "口音重" in page.text
        picks = [(one["data-verdict"], one["data-values"]) for one in page.all("button", class_="pick quiet")]
        assert picks == [("keep", ""), ("count", "window/A02")]
        await wang.post(f"{ROOM}/rulings", **ruling(place, "keep"))
        (case,) = await visitor.service.casebook.cases(CAMPAIGN, [place])
        assert (case.state, case.selections) == ("ruled", (("window", "A01", "counted"),))


async def test_a_lone_surrogate_breaks_no_page(house: House) -> None:
    async with committee(house) as (visitor, wang, _):
        place = await send(visitor, "13812340001", "不要A01 \ud83d\x00")
        for path in ("rulings", "records", f"records/n1/{place.seq}"):
            page = await wang.get(f"{ROOM}/{path}")
            assert page.status == 200
            assert "U+D83D" in page.text
            assert Page(page.text).unbalanced == []


# ---- acts -----------------------------------------------------------------------------------------


async def reviewed(staff: Staff, **fields: str) -> dict[str, str]:
    """The form by which the page that shows what will happen has it done."""
    page = await staff.post(f"{ROOM}/acts/review", **fields)
    assert page.status == 200, page.text
    hidden = Page(page.text).all("input", type="hidden")
    return {one["name"]: one["value"] for one in hidden if one["name"] not in ("csrf", "next")}


async def proposed(staff: Staff, **fields: str) -> tuple[str, str]:
    """Propose an act; returns the proposal's path, and the digest that the other member is shown."""
    answer = await staff.post(f"{ROOM}/acts", **await reviewed(staff, **fields))
    assert (answer.status, answer.location) == (303, f"{ROOM}/acts?done=proposed")
    chamber = await staff.visitor.service.store.run(
        proposals.are_open, CAMPAIGN, staff.visitor.house.clock.ms
    )
    return f"{ROOM}/proposals/{chamber[-1].id}", chamber[-1].digest


async def test_one_person_acts_after_seeing_what_it_does(house: House) -> None:
    async with committee(house) as (visitor, wang, _):
        await send(visitor, "13812340001", "A01")
        fields = await reviewed(wang, kind="withdraw", candidate="window/A01", reason="at_own_wish")
        assert await kinds(visitor) == {}
        answer = await wang.post(f"{ROOM}/acts", **fields)
        assert answer.location == f"{ROOM}/acts?entries=3"
        page = await wang.get(answer.location.removeprefix(visitor.server.url))
        assert "已写入账本：第 3 条" in page.text
        answer = await wang.post(f"{ROOM}/acts", **fields)
        assert answer.status == 409
        assert words_reasons.REFUSED["already_withdrawn"].zh in answer.text
        assert await kinds(visitor) == {"withdraw": 1}


async def test_what_was_not_shown_is_not_done(house: House) -> None:
    async with committee(house) as (visitor, wang, _):
        fields = await reviewed(wang, kind="bar", number="13812340001", reason="fraud")
        for change in (
            {"number": "13812340002"},
            {"reason": "staff_line"},
            {"note": "x"},
            {"digest": "0" * 64},
        ):
            answer = await wang.post(f"{ROOM}/acts", **{**fields, **change})
            assert answer.status == 409
            assert words_reasons.REFUSED["changed"].zh in answer.text
        assert await kinds(visitor) == {}


async def test_two_accounts_and_not_two_sessions(house: House) -> None:
    async with committee(house) as (visitor, wang, li):
        place = await send(visitor, "13812340001", "A01")
        path, digest = await proposed(wang, kind="void", entries=str(place.seq), release="no", reason="fraud")
        again = await visitor.sign_in(Role.COMMITTEE, "wang")
        for staff in (wang, again):
            answer = await staff.post(f"{path}/approve", digest=digest)
            assert answer.status == 409
            assert words_reasons.REFUSED["same_person"].zh in answer.text
        answer = await li.post(f"{path}/approve", digest="0" * 64)
        assert words_reasons.REFUSED["other_parameters"].zh in answer.text
        page = await li.get(f"{ROOM}/acts")
        assert digest in page.text, "it is what the button sends"
        answer = await li.post(f"{path}/approve", digest=digest)
        assert answer.location == f"{ROOM}/acts?entries=3"
        assert await kinds(visitor) == {"void": 1}
        answer = await li.post(f"{path}/approve", digest=digest)
        assert words_reasons.REFUSED["already_done"].zh in answer.text


async def test_votes_are_voided_by_entry_caller_number_or_barred_line(house: House) -> None:
    async with committee(house) as (visitor, wang, li):
        for line in ("13812340001", "13812340002", "13812340003"):
            await send(visitor, line, "A01")
            await send(visitor, line, "B01")
        for fields, messages in (
            ({"entries": "2, n1/4"}, 2),
            ({"of": "n1/3"}, 1),
            ({"number": "138 1234 0002"}, 1),
        ):
            path, digest = await proposed(wang, kind="void", release="yes", reason="operator_slip", **fields)
            before = (await kinds(visitor))["void"]
            await li.post(f"{path}/approve", digest=digest)
            assert (await kinds(visitor))["void"] == before + messages, fields
        barred = await reviewed(wang, kind="bar", number="13812340003", reason="bulk_sender")
        await wang.post(f"{ROOM}/acts", **barred)
        page = Page((await wang.get(f"{ROOM}/acts")).text)
        (name,) = [one["value"] for one in page.all("option") if len(one["value"]) == 32][:1]
        path, digest = await proposed(wang, kind="void", release="no", reason="bulk_sender", barred=name)
        await li.post(f"{path}/approve", digest=digest)
        assert await kinds(visitor) == {"void": 6, "bar": 1}
        unbarred = await reviewed(wang, kind="unbar", barred=name, reason="barred_by_mistake")
        await wang.post(f"{ROOM}/acts", **unbarred)
        assert (await kinds(visitor))["unbar"] == 1


REFUSED_ACTS = [
    ({"kind": "dance"}, "form", 422),
    ({"kind": "withdraw", "candidate": "window/Z9"}, "no_candidate", 422),
    ({"kind": "withdraw", "candidate": "window/A01", "reason": ""}, "no_reason", 409),
    ({"kind": "bar", "number": "12"}, "not_a_line", 409),
    ({"kind": "unbar", "barred": "0" * 32}, "not_barred", 422),
    ({"kind": "void"}, "no_votes_to_void", 422),
    ({"kind": "void", "entries": "99"}, "no_such_entry", 422),
    ({"kind": "void", "entries": "n9/2"}, "no_such_entry", 422),
    ({"kind": "void", "entries": "eins"}, "no_such_entry", 422),
    ({"kind": "void", "number": "13812349999"}, "nothing_to_void", 409),
    ({"kind": "reschedule", "closes_sms": "soon", "closes_hotline": ""}, "bad_time_form", 422),
    (
        {"kind": "reschedule", "closes_sms": "2018-07-20T18:00", "closes_hotline": "2018-07-20T18:00"},
        "nothing_changes",
        409,
    ),
    (
        {"kind": "reschedule", "closes_sms": "2018-07-01T18:00", "closes_hotline": "2018-07-20T18:00"},
        "too_late",
        409,
    ),
]


async def test_an_act_that_is_refused_says_why(house: House) -> None:
    async with committee(house) as (visitor, wang, _):
        for change, word, status in REFUSED_ACTS:
            kind = str(change["kind"])
            allowed = acts.REASONS.get({"reschedule": "schedule"}.get(kind, kind), ("x",))
            answer = await wang.post(
                f"{ROOM}/acts/review", **{"reason": allowed[0], "release": "no", **change}
            )
            assert answer.status == status, change
            said = words_reasons.REFUSED[word].zh.replace("{quoted}", str(change.get("entries")))
            assert said in answer.text, change
        assert await kinds(visitor) == {}


async def test_a_void_that_is_refused_or_changed_keeps_what_was_entered(house: House) -> None:
    """Which of several entries is wrong is said; and who sees what it would do can go back to the form."""
    async with committee(house) as (visitor, wang, _):
        place = await send(visitor, "13812340001", "A01")
        bar = await reviewed(wang, kind="bar", number="13812340009", reason="bulk_sender")
        await wang.post(f"{ROOM}/acts", **bar)
        listed = Page((await wang.get(f"{ROOM}/acts")).text).all("option")
        barred = next(one["value"] for one in listed if len(one["value"]) == 32)
        given = {"kind": "void", "release": "yes", "reason": "fraud", "note": "举报", "barred": barred}
        refused = await wang.post(f"{ROOM}/acts/review", **given, entries=f"{place.seq}, 98765")
        assert "“98765”" in refused.text
        reviewed_ = await reviewed(wang, **given, entries=str(place.seq))
        changed = await wang.post(f"{ROOM}/acts", **reviewed_, change="1")
        assert changed.status == 200
        for answer, entries in ((refused, f"{place.seq}, 98765"), (changed, str(place.seq))):
            page = Page(answer.text)
            assert page.all("details", id="entered", open="")
            assert page.all("input", name="release", value="yes", checked="")
            assert page.all("option", value=barred, selected="")
            assert page.all("input", name="entries", value=entries)
            assert page.all("input", id="void-note", value="举报")
        of = await wang.post(f"{ROOM}/acts/review", **{**given, "barred": ""}, of=str(place.seq), change="1")
        assert Page(of.text).all("input", name="of", value=str(place.seq), checked="")
        assert (await kinds(visitor)) == {"bar": 1}


async def test_the_close_is_moved_by_two(house: House) -> None:
    async with committee(house) as (visitor, wang, li):
        path, digest = await proposed(wang, **RESCHEDULE)
        page = await li.get(f"{ROOM}/acts")
        assert "2018-07-20 18:00:00 → 2018-07-21 18:00:00" in page.text
        await li.post(f"{path}/approve", digest=digest)
        running = visitor.service.campaigns[CAMPAIGN]
        assert running.window("sms").closes_ms == CLOSES_MS + 24 * 3_600_000
        assert running.window("hotline").closes_ms == CLOSES_MS


async def test_who_cannot_agree_is_told_so_where_they_agreed(house: House) -> None:
    async with committee(house) as (visitor, wang, li):
        visitor.house.clock.ms = SETTLED_MS + 60_000
        await visitor.service.schedule.tick()
        wang, li = [await visitor.sign_in(Role.COMMITTEE, one.login) for one in (wang, li)]
        ways = []
        for reason in ("no_statement_to_be_had", "committee_decision"):
            fields = {"kind": "waive", "reason": reason}
            shown = Page((await wang.post(f"{ROOM}/result/review", **fields)).text)
            (digest,) = [one["value"] for one in shown.all("input", name="digest")]
            assert (await wang.post(f"{ROOM}/result", **fields, digest=digest)).status == 303
            chamber = await visitor.service.store.run(proposals.are_open, CAMPAIGN, visitor.house.clock.ms)
            ways.append((f"{ROOM}/proposals/{chamber[-1].id}/approve", chamber[-1].digest))
        ended = [await li.post(path, digest=digest, back="result") for path, digest in ways]
        assert (ended[0].status, ended[1].status) == (303, 409)
        page = Page(ended[1].text)
        assert words_reasons.REFUSED["already_waived"].zh in page.text
        assert page.all("ol", class_="machine"), "the page of the result"
        for back, mark in (("rulings/agree", "tabs"), ("evaluation", "lead"), ("nowhere", "act")):
            refused = Page((await li.post(ways[1][0], digest="x", back=back)).text)
            assert refused.all("p", class_="notice bad", role="alert"), back
            assert any(mark in one.get("class", "").split() for _, one in refused.elements), back


async def test_the_log_of_acts_says_in_words_what_each_tells(house: House) -> None:
    async with committee(house) as (_, wang, li):
        path, digest = await proposed(wang, **RESCHEDULE)
        await li.post(f"{path}/approve", digest=digest)
        withdraw = {"kind": "withdraw", "candidate": "window/A01", "reason": "at_own_wish"}
        await wang.post(f"{ROOM}/acts", **await reviewed(wang, **withdraw))
        page = Page((await wang.get(f"{ROOM}/records/acts?lang=zh")).text)
        assert "截止：短信 2018-07-21 18:00:00 · 热线 2018-07-20 18:00:00" in page.text
        assert "候选：A01 " in page.text
        assert "项目：最美服务窗口" in page.text
        assert "释放次数：否" in page.text
        assert page.all("span", title='candidate="A01"'), "the ledger's own words"


def test_everything_that_an_act_tells_has_its_label() -> None:
    """The names of docs/audit/format.md, but for those that the page shows otherwise."""
    told = (Path(__file__).parents[2] / "docs/audit/format.md").read_text("utf-8")
    table = told.partition("| kind | has besides")[2].partition("\n\n")[0].splitlines()[2:]
    cells = [re.sub(r"\([^)]*\)", "", row.split("|")[2]) for row in table]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    of_kinds = {"undo"}  # "as `undo`"
    assert named - of_kinds - act_view._ELSEWHERE <= set(words_reasons.DETAILS)


async def test_proposals_are_declined_and_withdrawn(house: House) -> None:
    async with committee(house) as (visitor, wang, li):
        place = await send(visitor, "13812340001", "A01")
        fields = {"kind": "void", "entries": str(place.seq), "release": "no", "reason": "fraud"}
        path, _ = await proposed(wang, **fields)
        assert (await li.post(f"{path}/decline")).location == f"{ROOM}/acts?done=declined"
        path, digest = await proposed(wang, **fields)
        assert (await wang.post(f"{path}/decline", back="//evil")).location == f"{ROOM}/acts?done=withdrawn"
        answer = await li.post(f"{path}/approve", digest=digest)
        assert words_reasons.REFUSED["was_withdrawn"].zh in answer.text
        page = await li.get(f"{ROOM}/acts")
        assert Counter(re.findall("已撤回</span>|已否决</span>", page.text)) == {
            "已撤回</span>": 1,
            "已否决</span>": 1,
        }
        for odd in ("0", "99", "x", "9" * 40):
            assert (await li.post(f"{ROOM}/proposals/{odd}/approve", digest=digest)).status == 409


# ---- records --------------------------------------------------------------------------------------


async def test_records_are_found_and_no_number_is_in_an_address(house: House) -> None:
    async with committee(house) as (visitor, wang, li):
        for n in range(60):
            await send(visitor, f"138123400{n:02d}", "A01" if n % 2 else "B01")
        page = Page((await wang.get(f"{ROOM}/records")).text)
        assert "已查看" in page.text
        for asked, entries in (
            ({"number": "13812340007"}, ["n1/9"]),
            ({"number": "138****0007"}, ["n1/9"]),
            ({"number": "138****0007", "code": "b01"}, []),
            ({"code": "a01", "until": "2018-07-09T09:00:01"}, [f"n1/{seq}" for seq in range(61, 1, -2)]),
            ({"outcome": "late"}, []),
        ):
            answer = await wang.post(f"{ROOM}/records", **asked)
            assert answer.status == 303
            assert not re.search(r"\d{7,}", answer.location)
            page = Page((await wang.get(answer.location)).text)
            links = [one["href"] for one in page.all("a") if "/records/n1/" in one["href"]]
            assert [link.rpartition("records/")[2] for link in links] == entries, asked
            other = Page((await li.get(answer.location)).text)
            assert "这次查找已过期" in other.text
            assert "13812340007" not in other.text
        for wrong in ({"outcome": "won"}, {"source": "nowhere"}, {"since": "yesterday"}):
            assert (await wang.post(f"{ROOM}/records", **wrong)).status == 422


async def test_the_messages_of_a_caller_whose_number_nobody_sees(house: House) -> None:
    async with committee(house) as (visitor, wang, _):
        first = await send(visitor, "13812340007", "A01")
        await send(visitor, "13812340008", "A01")
        await send(visitor, "13812340007", "A02")
        answer = await wang.post(f"{ROOM}/records/n1/{first.seq}/caller")
        page = await wang.get(answer.location)
        assert "138****0007 的全部消息" in page.text
        assert "3812340007" not in page.text
        assert [int(one) for one in re.findall(r'records/n1/(\d+)"', page.text)] == [4, 2]


async def test_the_history_of_a_message_and_the_log(house: House) -> None:
    async with committee(house) as (visitor, wang, li):
        place = await send(visitor, "13812340001", "不要A01")
        await wang.post(f"{ROOM}/rulings", **ruling(place, "count", note="回电", **{"for": "window/A02"}))
        path, digest = await proposed(wang, kind="void", entries=str(place.seq), release="no", reason="fraud")
        await li.post(f"{path}/approve", digest=digest)
        page = Page((await wang.get(f"{ROOM}/records/n1/{place.seq}")).text)
        assert "意思不明确" in page.text
        assert "裁定 · 2018-07-09 09:00:00 · wang" in page.text
        assert "备注: 回电" in page.text
        assert "同意人 li" in page.text
        log = Page((await wang.get(f"{ROOM}/records/acts")).text)
        assert "回电" in log.text
        only = Page((await wang.get(f"{ROOM}/records/acts?kind=void")).text)
        assert "回电" not in only.text
        assert (await wang.get(f"{ROOM}/records/acts?kind=nonsense&after=x")).status == 200
        for odd in ("n1/99", "n1/0", "n9/2", "n1/x", "n1/" + "9" * 40):
            assert (await wang.get(f"{ROOM}/records/{odd}")).status == 404


async def test_the_committee_can_keep_the_figures_from_itself(house: House) -> None:
    house.edit(house.campaign, 'committee_totals = "live"', 'committee_totals = "after_close"')
    async with committee(house) as (visitor, wang, _):
        place = await send(visitor, "13812340001", "A07")
        await visitor.server.board.refresh()
        for path in ("records", f"records/n1/{place.seq}"):
            assert "A07" not in (await wang.get(f"{ROOM}/{path}")).text
        await wang.post(f"{ROOM}/records", code="A07")
        fields = {"kind": "void", "entries": str(place.seq), "release": "no", "reason": "fraud"}
        page = await wang.post(f"{ROOM}/acts/review", **fields)
        assert page.status == 200
        assert "A07" not in page.text, "enough of these pages would be a count"
        assert "−1" not in page.text
        result = (await wang.get(f"{ROOM}/result")).text
        assert "committee_totals" in result
        assert "A07" not in Page(result).text, "nor is the shortlist shown"
        assert (await wang.get(f"{ROOM}/notice")).status == 404
        visitor.house.clock.ms = SETTLED_MS + 60_000
        await visitor.service.schedule.tick()
        await visitor.server.board.refresh()
        wang = await visitor.sign_in(Role.COMMITTEE, "li")
        result = (await wang.get(f"{ROOM}/result")).text
        assert "评委评分尚未交齐" in result, "nor by votes alone"
        assert "请宣布计票完成；宣布之后有变化的" in result, "nothing is declared that could have changed"
        assert "条件未满足：从账本重新计票，结果一致。请在“导出”中导出一次" in result
        draft = await wang.get(f"{ROOM}/notice")
        assert (draft.status, draft.headers["Cache-Control"]) == (200, "no-store")


async def test_one_damaged_entry_does_not_hide_the_others(house: House) -> None:
    async with house.serve() as visitor:
        await send(visitor, "13812340001", "A01")
        await send(visitor, "13812340002", "A01")
    with closing(sqlite3.connect(house.database)) as db, db:
        db.executescript("DROP TRIGGER IF EXISTS entries_update;")
        triggers = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE entries SET sealed = zeroblob(64) WHERE seq = 2")
    async with committee(house) as (_, wang, _):
        page = await wang.get(f"{ROOM}/records")
        assert re.findall(r'records/n1/(\d+)"', page.text) == ["3"]
        for number, found in (("13812340001", []), ("13812340002", ["3"])):
            page = await wang.get((await wang.post(f"{ROOM}/records", number=number)).location)
            assert (page.status, re.findall(r'records/n1/(\d+)"', page.text)) == (200, found)


async def test_pages_are_whole_in_both_languages(house: House) -> None:
    async with committee(house) as (visitor, wang, _):
        place = await send(visitor, "13812340001", "不要A01")
        for lang in LANGS:
            for path in (
                "rulings",
                "acts",
                "records",
                "records/acts",
                "rulings/agree",
                f"records/n1/{place.seq}",
            ):
                answer = await wang.get(f"{ROOM}/{path}?lang={lang}")
                page = Page(answer.text)
                assert page.unbalanced == []
                assert page.scripts == []
                assert answer.headers["Cache-Control"] == "no-store"
                ids = [one["id"] for _, one in page.elements if "id" in one]
                assert len(ids) == len(set(ids)), path
                fields = {one["for"] for one in page.all("label") if "for" in one}
                assert fields <= set(ids), path


def test_every_outcome_is_a_message_outcome() -> None:
    assert set(export.WORDS) == set(MessageOutcome)
