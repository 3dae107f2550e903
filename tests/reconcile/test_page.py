"""The page over a real server: compare, bring in, enter; and what a later message does to it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.checking import audit, judging
from gateway.exporting import exporter
from gateway.intake.inbound import Inbound
from gateway.intake.revise import Refused
from gateway.reconcile import comparing, entering
from gateway.reconcile.statement import File, Statement
from gateway.room.secretary import Secretary
from gateway.spreadsheet import template
from gateway.spreadsheet.table import Column
from gateway.spreadsheet.template import Page
from gateway.storage.reader import open_reader
from tally import entry
from tests.conftest import House, Visitor
from tests.reconcile.statements import (
    CAMPAIGN,
    MINUTE,
    PAGE,
    closed,
    committee,
    csv,
    explanations,
    figures,
    groups,
    send,
    tried,
    voted,
    written,
)


async def acts(visitor: Visitor, kind: str) -> list[entry.Leaf]:
    leaves = [entry.read_leaf(one.stored.leaf) for one in await visitor.service.store.acts(CAMPAIGN)]
    return [leaf for leaf in leaves if leaf.kind == kind]


async def holds(visitor: Visitor) -> bool:
    """Whether the gate is open."""
    service = visitor.service
    facts = await Secretary(service, visitor.server.exports).facts(service.campaigns[CAMPAIGN])
    return facts.holds["reconciled"]


async def test_what_agrees_is_entered_and_a_later_message_makes_it_stale(house: House) -> None:
    async with house.serve() as visitor:
        lines = await voted(visitor)
        wang = await committee(visitor)
        early = await send(wang, "check", csv(lines))
        assert figures(early) == {
            "rows": 12, "recorded": 12, "matched": 12, "missing": 0, "extra": 0, "altered": 0, "shifted": 0
        }  # fmt: skip
        before = await send(wang, "record", csv(lines), tried=tried(early))
        assert (before.status, "投票结束后" in before.text) == (409, True)
        await closed(visitor)
        wang = await committee(visitor)
        seen = await send(wang, "check", csv(lines))
        entered = await send(wang, "record", csv(lines), tried=tried(seen), note="运营商盖章件")
        assert (entered.status, "已登记" in entered.text) == (200, True)
        (act,) = await acts(visitor, "reconcile")
        assert act.detail["reason"] == "records_compared"
        assert (act.detail["source"], act.detail["messages"], act.detail["matched"]) == ("sim", 12, 12)
        assert len(act.detail["statements"][0]) == 64
        assert not await holds(visitor), "the other sources are not compared yet"
        for source in ("sms", "hotline", "desk"):
            nothing = "时段,条数\n2018-07-09 09:00,0\n".encode()
            seen = await send(wang, "check", nothing, source=source)
            assert (await send(wang, "record", nothing, source=source, tried=tried(seen))).status == 200
        assert await holds(visitor)
        assert "全部来源已核对或免除" in (await wang.get(PAGE)).text
        assert await visitor.kannel("13812345699", "A01", "k99") < 300
        assert not await holds(visitor), "it came after the comparison"
        assert "核对后又有新消息" in (await wang.get(PAGE)).text


async def test_every_difference_is_shown_and_no_whole_number(house: House) -> None:
    async with house.serve() as visitor:
        lines = await voted(visitor)
        await closed(visitor)
        wang = await committee(visitor)
        statement = [
            lines[0],
            ("new", "13900001111", lines[1][2], "A05"),  # missing here
            *lines[2:5],  # lines[1] is extra here
            (*lines[5][:3], "B01"),  # altered
            (*lines[6][:2], lines[6][2] - 8 * 60 * MINUTE, lines[6][3]),  # shifted
            *lines[7:],
        ]
        seen = await send(wang, "check", csv(statement))
        assert figures(seen) == {
            "rows": 12, "recorded": 12, "matched": 9, "missing": 1, "extra": 1, "altered": 1, "shifted": 1
        }  # fmt: skip
        assert groups(seen) == [
            "missing-not_delivered", "extra-not_in_statement", "altered-other_text", "shifted-time_zone"
        ]  # fmt: skip
        assert "139****1111" in seen.text
        assert not any(number in seen.text for _, number, *_ in statement)
        english = await wang.ask(
            "POST",
            "/account/language",
            {"Origin": visitor.server.url},
            data={"csrf": wang.csrf, "lang": "en"},
        )
        assert english.status == 303

        refused = await send(wang, "record", csv(statement), tried=tried(seen))
        assert refused.status == 409
        assert "has no explanation" in refused.text or "no explanation" in refused.text
        changed = await send(wang, "record", csv(statement[:-1]), tried=tried(seen), **explanations(seen))
        assert (changed.status, "comes to something else" in changed.text) == (409, True)
        assert await acts(visitor, "reconcile") == []
        entered = await send(
            wang, "record", csv(statement), tried=tried(seen), **explanations(seen, "查明：张三")
        )
        assert entered.status == 200
        (act,) = await acts(visitor, "reconcile")
        assert act.detail["reason"] == "differences_explained"
        assert {
            kind: act.detail[kind] for kind in ("missing", "extra", "altered", "shifted")
        } == dict.fromkeys(("missing", "extra", "altered", "shifted"), 1)
        assert "张三" not in json.dumps(act.detail, ensure_ascii=False), "explanations are sealed"


async def test_a_damaged_entry_is_said_to_be_one(house: House) -> None:
    async with house.serve() as visitor:
        lines = await voted(visitor)
    with closing(sqlite3.connect(house.database)) as db, db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE entries SET sealed = zeroblob(64) WHERE seq = 2")
    async with house.serve() as visitor:
        wang = await committee(visitor)
        answer = await send(wang, "check", csv(lines))
        assert (answer.status, "televote verify" in answer.text) == (409, True)


async def test_one_explanation_each_is_enough(house: House) -> None:
    async with house.serve() as visitor:
        lines = await voted(visitor, 4)
        await closed(visitor)
        wang = await committee(visitor)
        statement = csv([lines[0], lines[3]])
        seen = await send(wang, "check", statement)
        assert groups(seen) == ["extra-not_in_statement"]
        one = await send(wang, "record", statement, tried=tried(seen), **{"why-1": "试机"})
        assert one.status == 409
        both = {"why-1": "试机", "why-2": "试机"}
        assert (await send(wang, "record", statement, tried=tried(seen), **both)).status == 200


async def test_missing_messages_are_brought_in_marked_and_wait(house: House, tmp_path: Path) -> None:
    async with house.serve() as visitor:
        lines = await voted(visitor, 4)
        sent_ms = lines[0][2] + MINUTE
        running = visitor.service.campaigns[CAMPAIGN]
        statement = [
            *lines,
            ("n1", "13900001111", sent_ms, "A05"),
            ("n2", "13900001112", running.closes_ms + 5_000, "A05"),
        ]
        wang = await committee(visitor)
        seen = await send(wang, "check", csv(statement))
        early = {"tried": tried(seen), "bring-not_delivered": "1"}
        assert (await send(wang, "bring", csv(statement), **early)).status == 409, "the vote goes on"
        await closed(visitor)
        wang = await committee(visitor)
        seen = await send(wang, "check", csv(statement))
        assert (await send(wang, "bring", csv(statement), tried=tried(seen))).status == 409, (
            "nothing is ticked"
        )
        asked = {"tried": tried(seen), "bring-not_delivered": "1"}
        brought = await send(wang, "bring", csv(statement), **asked)
        assert "已补录 2 条；截止前发出、截止后才收到，待人工裁定 1；投票已经截止 1。" in brought.text
        assert (figures(brought)["matched"], figures(brought)["missing"]) == (6, 0)
        (act,) = await acts(visitor, "backfill")
        assert (act.detail["by"], act.detail["messages"], act.detail["source"]) == ("wang", 2, "sim")
        (case,) = await visitor.service.casebook.of_caller(running, "+8613900001111")
        assert case.opening is not None
        assert (case.outcome, case.opening.decided_by, case.opening.sent_ms) == (
            "in_transit",
            "statement",
            sent_ms,
        )
        assert case.waits
        record = await wang.get(f"/committee/{CAMPAIGN}/records/{case.node}/{case.place.seq}")
        assert "补录" in record.text
        votes = visitor.server.board
        await votes.refresh()
        assert votes.standings(CAMPAIGN)["contests"][0]["votes"] == 4, "it does not count by itself"
        again = await send(wang, "check", csv(statement))
        assert (await send(wang, "bring", csv(statement), **{**asked, "tried": tried(again)})).status == 409
        seen = await send(wang, "record", csv(statement), tried=tried(again))
        assert seen.status == 200
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        assert (await audit.recount(ledger, lambda _: None)).agrees
        assert not (await judging.judge(house.load(), ledger, lambda _: None)).otherwise
        (tmp_path / "out").mkdir()
        await exporter.export_to(tmp_path / "out", ledger, lambda _: None)


async def test_what_was_erased_is_not_brought_back(house: House) -> None:
    async with house.serve() as visitor:
        lines = await voted(visitor, 4)
        await closed(visitor)
        service = visitor.service
        await service.eraser.number(
            service.campaigns[CAMPAIGN], lines[1][1], "wang", "caller_asked", now=False
        )
        wang = await committee(visitor)
        seen = await send(wang, "check", csv(lines))
        assert groups(seen) == ["missing-erased"]
        assert "bring-erased" not in seen.text
        asked = {"tried": tried(seen), "bring-erased": "1", "bring-not_delivered": "1"}
        assert (await send(wang, "bring", csv(lines), **asked)).status == 409


async def test_what_was_long_on_its_way_and_erased_is_not_brought_back(house: House) -> None:
    """A provider's time tells when it was sent, forty minutes before it came."""
    async with house.serve() as visitor:
        sent_ms = house.clock.ms - 40 * 60_000
        service = visitor.service
        late = Inbound("late", "13812345678", "A01", sent_ms=sent_ms)
        await service.take(service.sources["sim"], [late])
        await closed(visitor)
        await service.eraser.number(service.campaigns[CAMPAIGN], "13812345678", "wang", "caller_asked")
        seen = await send(await committee(visitor), "check", csv([("late", "13812345678", sent_ms, "A01")]))
        assert groups(seen) == ["missing-erased"]


async def test_a_statement_without_ids_and_one_in_utc(house: House) -> None:
    async with house.serve() as visitor:
        lines = await voted(visitor)
        wang = await committee(visitor)
        header = "序号,发送方,接收时间,内容"
        numbered = [(str(n), *line[1:]) for n, line in enumerate(lines)]
        assert figures(await send(wang, "check", csv(numbered, header)))["matched"] == 12
        slipped = await send(wang, "check", csv(numbered, header, hours=0))
        assert groups(slipped) == ["shifted-time_zone"]
        assert "-8 小时" in slipped.text
        right = await send(wang, "check", csv(numbered, header, hours=0), zone="UTC")
        assert figures(right)["matched"] == 12
        halves = [csv(numbered[:6], header), csv(numbered[6:], header)]
        assert figures(await send(wang, "check", *halves))["matched"] == 12, "several files are one statement"
        stars = [(name, f"{number[:3]}****{number[-4:]}", *rest) for name, number, *rest in numbered]
        masked = await send(wang, "check", csv(stars[1:], header))  # type: ignore[arg-type]
        assert (figures(masked)["matched"], figures(masked)["extra"]) == (11, 1)


async def test_counts_per_hour(house: House) -> None:
    async with house.serve() as visitor:
        await voted(visitor, 12, every_ms=20 * MINUTE)
        await closed(visitor)
        wang = await committee(visitor)
        counts = (
            "时段,来源,条数\n2018-07-09 09:00-10:00,sim,{}\n2018-07-09 10时,sim,3\n2018-07-09 11:00,sim,3\n"
        )
        counts += "2018-07-09 12:00,,3\n2018-07-09 12:00,sms,77\n合计,,99\n"
        assert figures(await send(wang, "check", counts.format(3).encode()))["matched"] == 12
        seen = await send(wang, "check", counts.format(8).encode())
        assert (figures(seen)["missing"], groups(seen)) == (5, ["missing-more_than_ours"])
        assert "2018-07-09 09:00:00" in seen.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "请选择文件"),
        ("号码,时间\n".encode(), "完全一致"),
        ("甲,乙\n1,2\n".encode(), "没有找到对账单的标题行"),
        ("号码,时间\n13812345601,昨天\n".encode(), "B2: “时间”不是时间"),
        ("时段,条数\n2018-07-09 09:00,三\n".encode(), "不是整数"),
        ("时段,条数\n2018-07-09 25:00,3\n".encode(), "不是小时或日期"),
        ("时段,条数\n2018-07-09 09:00,3\n2018-07-09 09:00,3\n".encode(), "第 3 行: 时段与另一行重叠"),
        (b"PK\x03\x04 no zip", "已损坏或不完整"),
        ("号码,时间\n".encode() + b'"13812345601,2018-07-09 09:00:00\n' * 3, "无法读取"),
    ],
)
async def test_what_cannot_be_read_is_said(house: House, content: bytes, said: str) -> None:
    async with house.serve() as visitor:
        answer = await send(await committee(visitor), "check", content)
        assert said in answer.text
        assert "13812345601" not in answer.text


async def test_templates_can_be_read_back(house: House) -> None:
    async with house.serve() as visitor:
        wang = await committee(visitor)
        for name, said in (("messages", "完全一致"), ("counts", "条数一致")):
            url = f"{visitor.server.url}{PAGE}/template/{name}"
            cookie = {"Cookie": "; ".join(f"{key}={value}" for key, value in wang.cookies.items())}
            async with visitor.session.get(url, headers=cookie) as response:
                template = await response.read()
            assert said in (await send(wang, "check", template)).text
        assert (await wang.get(f"{PAGE}/template/other")).status == 404
        assert written(0, 0) == "1970-01-01 00:00:00"


async def test_what_comes_between_is_not_entered_unseen(house: House, tmp_path: Path) -> None:
    """The ledger has gone on since it was compared: what was compared is not the whole of it any more."""
    async with house.serve() as visitor:
        lines = await voted(visitor, 3)
        await closed(visitor)
        service, file = visitor.service, tmp_path / "statement.csv"
        file.write_bytes(csv(lines))
        source = service.sources["sim"]
        statement = Statement([File(file, "statement.csv")], "Asia/Shanghai")
        async with open_reader(service.store.path) as reader:
            report = await comparing.compare(source.running, source, [], statement, reader)
        assert await visitor.kannel("13812345699", "A01", "k99") < 300
        with pytest.raises(Refused) as refused:
            await entering.enter(service, source.running, report, [], "wang", "")
        assert refused.value.word == "changed"


async def test_nothing_is_entered_brought_in_or_waived_before_the_close(house: House) -> None:
    """Whoever asks, and however: the last check is where acts are recorded."""
    async with house.serve() as visitor:
        running, chair = visitor.service.campaigns[CAMPAIGN], visitor.service.acts
        for kind, reason in (
            ("backfill", "missing_here"), ("reconcile", "records_compared"), ("waive", "committee_decision")
        ):  # fmt: skip
            detail = {"by": "wang", "second": "li", "reason": reason, "source": "sim", "messages": 0}
            with pytest.raises(Refused) as refused:
                await chair.of_the_result(running, kind, detail, {})  # type: ignore[arg-type]  -- each of them
            assert refused.value.word == "not_closed"


async def test_a_workbook_is_compared_too(house: House) -> None:
    async with house.serve() as visitor:
        lines = await voted(visitor, 3)
        titles = [Column(name, (name,)) for name in ("主叫号码", "通话时间", "按键")]
        rows = [[number, written(at_ms), text] for _, number, at_ms, text in lines]
        workbook = template.write([Page("清单", "话单", titles, [*rows, ["合计", "3", ""]])])
        seen = await send(await committee(visitor), "check", workbook)
        assert (figures(seen)["rows"], figures(seen)["matched"]) == (3, 3)
