"""The panel over a real server: points by page or spreadsheet, blind, final, in the ledger, counted again."""

import asyncio
import io
import json
import sys
from fractions import Fraction
from pathlib import Path

import openpyxl
import pytest
from aiohttp import FormData

from gateway.checking import audit
from gateway.exporting import exporter
from gateway.panel import drafts
from gateway.panel.scoring import Scoring
from gateway.people.roles import Role
from gateway.room.motion import Motion
from tally import entry
from tally.outcome import Selection
from tests.conftest import Answer, House, Staff, Visitor
from tests.panel.panels import CAMPAIGN, STARS, WINDOWS, arrange, digest, judges, sheet, submitted
from tests.room.chambers import open_room, refused

ENGINES = ("sqlite", "postgresql")

PANEL = f"/panel/{CAMPAIGN}/window"
PAGE = f"/committee/{CAMPAIGN}/evaluation"


async def voted(visitor: Visitor, *codes: str) -> None:
    for n, code in enumerate(codes):
        assert await visitor.kannel(f"1381234{n:04}", code, f"m{n}") == 200


async def closed(visitor: Visitor) -> None:
    running = visitor.service.campaigns[CAMPAIGN]
    await visitor.service.schedule.close(running, "wang", "committee_decision", True)
    await visitor.server.board.refresh()


async def weighed(visitor: Visitor) -> dict[str, object]:
    committee = await visitor.sign_in(Role.COMMITTEE, "wang")
    return json.loads((await committee.get(f"{PAGE}/evaluation.json")).text)


async def test_marks_are_kept_as_they_were_entered_with_their_history(house: House) -> None:
    arrange(house)
    async with house.serve() as visitor:
        (one,) = await judges(visitor, 1)
        told = await one.post(PANEL, **{"row-A01": "1", "mark-A01-manner": "９．５", "mark-A01-skill": "7"})
        assert told.location.endswith("done=panel_saved")
        await one.post(PANEL, **{"row-A01": "1", "mark-A01-manner": "8", "mark-A01-skill": "7"})
        page = (await one.get(PANEL)).text
        assert 'name="mark-A01-manner" value="8"' in page
        kept = await visitor.service.store.run(drafts.history, CAMPAIGN, "window")
        assert [row[:4] for row in kept if row[2] == "manner"] == [
            ("judge-1", "A01", "manner", "9.5"),
            ("judge-1", "A01", "manner", "8"),
        ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10.5", "超过满分 10"),
        ("-1", "小于 0"),
        ("7.25", "不是 0.5 的整数倍"),
        ("很好", "不是数字"),
        ("1e1", "不是数字"),
    ],
)
async def test_what_is_no_mark_is_refused_where_it_stands(house: House, text: str, said: str) -> None:
    arrange(house)
    async with house.serve() as visitor:
        (one,) = await judges(visitor, 1)
        fields = sheet(1, **{"mark-A03-manner": text})
        answer = await one.post(f"{PANEL}?lang=zh", **fields)
        assert answer.status == 422
        assert said in answer.text
        assert answer.text.count('aria-invalid="true"') == 1
        assert await visitor.service.store.run(drafts.history, CAMPAIGN, "window") == [], "all or nothing"
        headers = {"Accept": "application/json", "Origin": visitor.server.url}
        row = {"csrf": one.csrf, "row-A03": "1", "mark-A03-manner": text, "mark-A03-skill": "1"}
        script = await one.ask("POST", f"{PANEL}?lang=zh", headers, data=row)
        assert script.status == 422
        assert said in script.json()["errors"]["A03/manner"]


async def test_a_sheet_is_submitted_once_whole_and_for_good(house: House) -> None:
    arrange(house)
    async with house.serve() as visitor:
        one, two, three = await judges(visitor, 3)
        await one.post(PANEL, **sheet(1, **{"mark-A05-skill": ""}))
        assert "A05" in (await one.post(PANEL, **sheet(1, **{"mark-A05-skill": ""}), act="review")).text
        assert (await one.post(f"{PANEL}/submit")).status == 409, "a mark is missing"
        reviewed = await one.post(PANEL, **sheet(1), act="review")
        assert f'action="{PANEL}/submit"' in reviewed.text
        seen = digest(reviewed.text)
        assert (await one.post(f"{PANEL}/submit")).status == 409, "not looked at"
        await one.post(PANEL, **sheet(1, **{"mark-A01-skill": "0"}), act="save")
        assert (await one.post(f"{PANEL}/submit", digest=seen)).status == 409, "changed since, in another tab"
        await one.post(PANEL, **sheet(1), act="save")
        assert (await one.post(f"{PANEL}/submit", digest=seen)).status == 303
        assert (await one.post(f"{PANEL}/submit", digest=seen)).status == 409
        assert (await one.post(PANEL, **sheet(2))).status == 409, "final"
        await submitted(two, 2)
        assert (await three.post(PANEL, **sheet(3))).status == 409, "two judges were declared"
        acts = [entry.read_leaf(act.stored.leaf) for act in await visitor.service.store.acts(CAMPAIGN)]
        scores = [leaf for leaf in acts if leaf.kind == "score"]
        assert [(leaf.detail["by"], leaf.detail["contest"]) for leaf in scores] == [
            ("judge-1", "window"),
            ("judge-2", "window"),
        ]
        assert all(leaf.commit for leaf in scores)
        assert all(set(leaf.detail) == {"by", "contest", "reason", "commit"} for leaf in scores)
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        counted = await audit.recount(ledger, lambda _: None)
        assert counted.agrees, counted.faults


async def test_nobody_sees_points_before_all_are_in(house: House) -> None:
    arrange(house)
    async with house.serve() as visitor:
        one, two = await judges(visitor)
        secret = "6.5"
        await submitted(one, 1, **{"mark-A01-manner": secret})
        committee = await visitor.sign_in(Role.COMMITTEE, "wang")
        for staff, path in (
            (two, PANEL),
            (committee, PAGE),
            (committee, f"/committee/{CAMPAIGN}/records/acts"),
        ):
            assert secret not in (await staff.get(path)).text, path
        before = await weighed(visitor)
        assert [told["rows"] for told in before["contests"]] == [[], []]
        await submitted(two, 2, **{"mark-A01-manner": "3.5"})
        assert "13.5" not in (await committee.get(PAGE)).text  # still a total, not a score
        page = (await two.get(PANEL)).text
        assert "judge-1" in page
        assert "judge-2" not in page.partition("</form>")[2].partition("<section")[2]
        assert (await weighed(visitor))["contests"][0]["rows"] != []


async def test_the_composite_is_of_the_votes_and_the_points(house: House) -> None:
    arrange(house)
    async with house.serve() as visitor:
        await voted(visitor, "A01", "A02", "A02", "A03")
        one, two = await judges(visitor)
        await submitted(one, 1)
        await submitted(two, 2, **{"recused-A01": "yes"})
        rows = {row["code"]: row for row in (await weighed(visitor))["contests"][0]["rows"]}
        assert rows["A02"]["public"]["exact"] == "50"
        assert set(rows["A01"]["judges"]) == {"judge-1"}, "recused: averaged over the other"
        total = Fraction("9.5") + 10  # judge 1 on A01: 9.5, and 9.5 to whole points
        assert Fraction(rows["A01"]["panel"]["exact"]) == 100 * total / 20
        for row in rows.values():
            parts = Fraction(row["public_part"]["exact"]) + Fraction(row["panel_part"]["exact"])
            assert parts == Fraction(row["sum"]["exact"])


async def test_it_is_worked_out_again_only_when_it_may_be_another(house: House) -> None:
    arrange(house)
    async with house.serve() as visitor:
        running, scoring = visitor.service.campaigns[CAMPAIGN], Scoring(visitor.service)
        await voted(visitor, "A01", "A02")
        one, two = await judges(visitor)
        await submitted(one, 1)
        await submitted(two, 2)
        first, again = await asyncio.gather(scoring.document(running), scoring.document(running))
        assert first is again
        assert await visitor.kannel("13812340000", "A03", "repeat") == 200
        assert await scoring.document(running) is first
        assert await visitor.kannel("13812349999", "A03", "another") == 200
        third = await scoring.document(running)
        assert third is not None
        votes = {row["code"]: row["votes"] for row in third["contests"][0]["rows"]}
        assert (votes["A01"], votes["A02"], votes["A03"], sum(votes.values())) == (1, 1, 1, 3)


async def test_who_may_not(house: House) -> None:
    arrange(house)
    async with house.serve() as visitor:
        operator = await visitor.sign_in(Role.OPERATOR)
        (one,) = await judges(visitor, 1)
        assert (await operator.get(PANEL)).status == 403
        assert (await one.get(PAGE)).status == 403
        assert (await one.get(f"/panel/{CAMPAIGN}/nothing")).status == 404
        assert (await one.get("/panel")).location == f"/panel/{CAMPAIGN}"
        assert (await one.get(f"/panel/{CAMPAIGN}")).location == PANEL


async def test_without_an_evaluation_there_is_nothing_to_judge(house: House) -> None:
    arrange(house, "")
    async with house.serve() as visitor:
        (one,) = await judges(visitor, 1)
        assert (await one.get("/panel")).status == 200
        assert (await one.get(PANEL)).status == 404
        committee = await visitor.sign_in(Role.COMMITTEE, "wang")
        assert (await committee.get(PAGE)).status == 200
        assert (await committee.get(f"{PAGE}/evaluation.json")).status == 404


# ---- spreadsheets ---------------------------------------------------------------------------------


async def hand_in(staff: Staff, content: bytes, name: str = "marks.xlsx") -> Answer:
    form = FormData()
    form.add_field("csrf", staff.csrf)
    form.add_field("file", content, filename=name)
    headers = {"Accept": "text/html", "Accept-Language": "zh", "Origin": staff.visitor.server.url}
    return await staff.ask("POST", f"{PANEL}/import", headers, data=form)


async def template(staff: Staff) -> openpyxl.Workbook:
    cookie = {"Cookie": f"televote-plain={staff.token}"}
    url = staff.visitor.server.url + f"{PANEL}/template"
    async with staff.visitor.session.get(url, headers=cookie) as response:
        return openpyxl.load_workbook(io.BytesIO(await response.read()))


def packed(book: openpyxl.Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


async def test_the_template_filled_in_is_taken_in(house: House) -> None:
    arrange(house)
    async with house.serve() as visitor:
        (one,) = await judges(visitor, 1)
        book = await template(one)
        page = book.active
        assert page is not None
        assert [cell.value for cell in page[2]] == ["编码（必填）", "候选", "服务态度优", "比业务", "回避"]
        for row in range(3, 3 + len(WINDOWS)):
            page.cell(row, 3, "8.5")
            page.cell(row, 4, 9)
        page.cell(4, 3).value = page.cell(4, 4).value = None
        page.cell(4, 5, "是")
        taken = await hand_in(one, packed(book))
        assert taken.location.endswith("done=panel_imported"), taken.text
        reviewed = await one.post(PANEL, act="review")
        assert (await one.post(f"{PANEL}/submit", digest=digest(reviewed.text))).status == 303
        assert [sheet.marks["A02"] for sheet in await given(visitor)] == [None]
        again = (await template(one)).active
        assert again is not None


async def given(visitor: Visitor) -> list[object]:
    from gateway.panel import evaluating, scoring

    running = visitor.service.campaigns[CAMPAIGN]
    acts = scoring.opened(running, await visitor.service.store.acts(CAMPAIGN))
    return list(evaluating.read(acts).sheets["window"])


FAULTS = [
    ("编码,服务态度优,比业务\nA01,11,9\n", ["B2: “服务态度优”超过满分 10"]),
    ("编码,服务态度优,比业务\nA01,8,9\nZ99,1,1\n", ["A3: 本项目没有这个编码的候选"]),
    ("编码,服务态度优,比业务\nA01,8,9\na01,1,1\n", ["A3: 该候选已在第 2 行"]),
    ("编码,服务态度优,比业务,回避\nA01,8,9,是\n", ["B2: 已填回避，又有分值", "C2: 已填回避，又有分值"]),
    ("编码,服务态度优,比业务,回避\nA01,,,也许\n", ["D2: “回避”不在可选范围内"]),
    ("编码,服务态度优,比业务\nA01,8.2,x\n", ["B2: “服务态度优”不是 0.5 的整数倍", "C2: “比业务”不是数字"]),
    ("编码,服务态度优,比业务\n,8,9\n", ["A2: “编码”没有填写"]),
    ("候选,服务态度优\nA01,8\n", ["没有找到含“编码”的标题行"]),
]


@pytest.mark.parametrize(("text", "said"), FAULTS)
async def test_every_error_is_told_and_nothing_is_taken_in(house: House, text: str, said: list[str]) -> None:
    arrange(house)
    async with house.serve() as visitor:
        (one,) = await judges(visitor, 1)
        good = "A02,5,5\n"
        answer = await hand_in(one, (text + ("" if text.startswith("候选") else good)).encode(), "marks.csv")
        assert answer.status == 422
        for one_said in said:
            assert one_said in answer.text
        assert await visitor.service.store.run(drafts.history, CAMPAIGN, "window") == []


# ---- lots, the result, exports -------------------------------------------------------------------------


def level(**changed: str) -> dict[str, str]:
    """The same marks for everybody."""
    marks = {f"mark-{code}-{one}": "5" for code in WINDOWS for one in ("manner", "skill")}
    return {**marks, **changed}


async def test_a_lot_is_entered_by_two_and_settles_the_tie(house: House) -> None:
    arrange(house)
    async with house.serve() as visitor:
        await voted(visitor, "A01", "A02", "A03")
        for n, staff in enumerate(await judges(visitor), 1):
            await submitted(staff, n, **level())
        told = (await weighed(visitor))["contests"][0]
        assert told["undecided"] == ["A01", "A02", "A03"]
        assert told["smallest"]["added"] is None
        wang = await visitor.sign_in(Role.COMMITTEE, "wang")
        li = await visitor.sign_in(Role.COMMITTEE, "li")
        form = {"kind": "lot", "reason": "drawn", "contest": "window", "order": "A03、A01 A02"}
        assert (await wang.post(f"{PAGE}/review", **form)).status == 409, "the vote is not closed"
        await closed(visitor)
        assert (await wang.post(f"{PAGE}/review", **{**form, "order": "A03 A01"})).status == 409
        assert (await wang.post(f"{PAGE}/review", **{**form, "order": "A03 Z9"})).status == 422
        shown = await wang.post(f"{PAGE}/review", **form)
        digest = shown.text.partition('name="digest" value="')[2].partition('"')[0]
        assert (await wang.post(PAGE, **form, digest=digest)).location.endswith("done=proposed")
        (proposal,) = await visitor.service.store.run(
            lambda db: db.execute("SELECT id, digest FROM proposals").fetchall()
        )
        approve = f"/committee/{CAMPAIGN}/proposals/{proposal[0]}/approve"
        back = {"back": "evaluation", "digest": proposal[1]}
        assert (await wang.post(approve, **back)).status == 409, "the same person"
        assert "entries=" in (await li.post(approve, **back)).location
        told = (await weighed(visitor))["contests"][0]
        ranked = [row["code"] for row in told["rows"]][:3]
        assert ranked == ["A03", "A01", "A02"]
        assert [row["code"] for row in told["rows"] if row["shortlisted"]] == ["A03", "A01"]
        assert told["undecided"] == []
        assert "lot" in told["rows"][0]["settled_by"]
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        assert (await audit.recount(ledger, lambda _: None)).agrees


async def test_the_result_waits_for_the_panel_and_is_of_its_shortlist(house: House) -> None:
    arrange(house)
    async with open_room(house) as room:
        await room.send("13812345671", "A05")
        await room.send("13812345672", "B03")
        await room.counting.schedule.close(room.running, "wang", "committee_decision", True)
        waive = Motion("waive", "no_statement_to_be_had")
        await room.approve(await room.propose(waive))
        folder = house.folder / "exports" / CAMPAIGN / f"{1:08}-{'0' * 12}"
        folder.mkdir(parents=True)
        async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
            await exporter.export_to(folder, ledger, lambda _: None)
        assert not (folder / "evaluation.json").exists(), "it is not complete"
        from gateway.room.secretary import Secretary

        secretary = Secretary(room.counting, room.exports)
        early = await secretary.facts(room.running)
        assert early.holds["evaluated"] is False
        assert early.shortlist.listed == {"window": (), "star": ()}, "votes alone decide nothing here"
        assert await refused(room.propose(Motion("complete", "count_complete"))) in (
            "gate_recounted",
            "gate_evaluated",
        )
        for judge in ("j1", "j2"):
            for contest, codes, marks in (
                ("window", WINDOWS, {"manner": "5", "skill": "5"}),
                ("star", STARS, {"warm": "5"}),
            ):
                given_ = dict.fromkeys(codes, marks) | (
                    {"A07": {"manner": "10", "skill": "10"}} if contest == "window" else {}
                )
                await room.counting.acts.score(room.running, contest, judge, given_)
        facts = await secretary.facts(room.running)
        assert facts.holds["evaluated"]
        assert facts.shortlist.listed["window"] == ("A05", "A07"), "one by votes, one by the panel"
        assert facts.shortlist.listed["star"] == ("B03",)
        assert await room.counting.eraser.everybody(room.running, "chair", "court_or_supervisor") == 2
        after = await secretary.facts(room.running)
        assert (after.shortlist, after.digest) == (facts.shortlist, facts.digest), "sheets are no caller's"
        async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
            assert await audit.verify(ledger, lambda _: None) == ledger.entries
            counted = await audit.recount(ledger, lambda _: None)
            assert counted.agrees, (counted.faults, counted.differences)
        (erase,) = (act for act in counted.acts if act.leaf.kind == "erase")
        sheets = {act.seq for act in counted.acts if act.leaf.kind == "score"}
        ((_, spans),) = erase.leaf.detail["entries"].items()
        assert not any(low <= seq <= high for low, high in spans for seq in sheets)


async def test_lots_are_refused(house: House) -> None:
    arrange(house)
    async with open_room(house) as room:
        order = (Selection("window", "A01"), Selection("window", "A02"))
        lot = Motion("lot", "drawn", selections=order)
        assert await refused(room.propose(lot)) == "not_closed"
        await room.counting.schedule.close(room.running, "wang", "committee_decision", True)
        assert await refused(room.propose(lot)) == "no_tie"
        assert await refused(room.propose(lot._replace(reason="fraud"))) == "no_reason"


async def test_a_ledger_with_impossible_marks_does_not_recount(house: House) -> None:
    arrange(house)
    async with house.service() as counting:
        running = counting.campaigns[CAMPAIGN]
        fine = {"A01": {"manner": "5", "skill": "5"}}
        await counting.acts.score(running, "window", "j1", fine)
        await counting.acts.score(running, "window", "j1", fine)
        await counting.acts.score(running, "window", "j2", {"A01": {"manner": "11", "skill": "5"}})
        await counting.acts.score(running, "window", "j3", {"A01": {"manner": "5"}})
        await counting.acts.score(running, "window", "j4", {"Z1": None})
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        faults = (await audit.recount(ledger, lambda _: None)).faults
    for words in (
        "second sheet",
        "one sheet more than the 2",
        "marks for A01 that cannot be",
        "marks for Z1",
    ):
        assert any(words in fault for fault in faults), (words, faults)


async def test_the_export_has_the_evaluation_and_a_stranger_takes_the_ledger(
    house: House, tmp_path: Path
) -> None:
    arrange(house)
    async with house.serve() as visitor:
        await voted(visitor, "A01", "A02", "A02", "B05")
        for n, staff in enumerate(await judges(visitor), 1):
            await submitted(staff, n)
            await submitted(staff, n, "star")
        await closed(visitor)
        expected = await weighed(visitor)
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        await ledger.follow()
        manifest = await exporter.export_to(tmp_path, ledger, lambda _: None, tmp_path.parent / "open.jsonl")
    listed = {one["name"]: one["audience"] for one in manifest["files"]}
    assert listed["evaluation.json"] == "committee"
    assert json.loads((tmp_path / "evaluation.json").read_bytes()) == expected
    words = ("docs/audit/verify.py", str(tmp_path), "--openings", str(tmp_path.parent / "open.jsonl"))
    done = await asyncio.create_subprocess_exec(sys.executable, *words)
    assert await done.wait() == 0
    marks = [
        json.loads(one["opening"])[1]["marks"]
        for one in map(json.loads, (tmp_path.parent / "open.jsonl").read_text().splitlines()[1:])
        if "marks" in one["opening"]
    ]
    total = sum(Fraction(points) for points in marks[0]["A01"].values())
    rows = {row["code"]: row for row in expected["contests"][0]["rows"]}
    assert Fraction(rows["A01"]["judges"]["judge-1"]["total"]) == total, "the openings tell the points"
