"""Open ballots: whoever has the log counts the votes; a lie about a vote is named; codes wait for the end."""

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from gateway.checking import audit
from gateway.intake import inscribe, revise
from gateway.pages import words_receipt
from gateway.pages.words_rulings import RECORDS
from gateway.people.roles import Role
from gateway.room.chamber import Chamber
from gateway.room.secretary import Secretary
from tally import entry, note
from tally import receipt as slip
from tally.count import TotalKey
from tally.entry import Selected
from tally.open_ballots import OpenCount
from tally.verify import Tampered
from tests.conftest import OPENS_MS, SETTLED_MS, House, Visitor
from tests.docs import auditing
from tests.docs.test_verify import check
from tests.gateway.test_epoch import Lost, send
from tests.gateway.test_epoch_seen import ended
from tests.intake.test_revise import A02, CAMPAIGN, Room, agrees, count, reject, undo, void
from tests.pages.test_receipts import NOBODYS, ask
from tests.panel.panels import arrange
from tests.result import test_flow
from tests.room import chambers

MINE: Selected = (("window", "A01", "counted"),)
OTHERS: Selected = (("window", "A02", "counted"),)


def leaves(house: House) -> list[entry.Leaf]:
    with closing(sqlite3.connect(house.database)) as db:
        return [entry.read_leaf(leaf) for (leaf,) in db.execute("SELECT leaf FROM entries ORDER BY seq")]


def votes(path: Path) -> dict[str, int]:
    """The votes in an export, by code."""
    told = json.loads((path / "standings.json").read_bytes())
    return {one["code"]: one["votes"] for contest in told["contests"] for one in contest["candidates"]}


@pytest.mark.parametrize("erased", ["nobody", "some", "everybody"])
async def test_the_leaves_alone_give_the_votes(house: House, tmp_path: Path, erased: str) -> None:
    """After rulings, an undo, voids, a withdrawal and an erasure: four counts agree."""
    await auditing.play(house, 60, auditing.OPEN_RULES)
    before = await agrees(house)
    async with house.service() as counting:
        running = counting.campaigns[CAMPAIGN]
        if erased != "nobody":
            for number in ("13812345678", "13812345670", "13613412345", "13412345678", "13700000002"):
                await counting.eraser.number(running, number, "chair", "caller_asked")
        if erased == "everybody":
            await counting.eraser.everybody(running, "chair", "retention_over")
    after = await agrees(house)
    assert after.standings["contests"] == before.standings["contests"]
    openings = await auditing.export(house, tmp_path / "out")
    check(tmp_path / "out")
    check(tmp_path / "out", openings)
    openly = OpenCount(True, frozenset(after.endings) | frozenset(_targets(house)))
    for seq, leaf in enumerate(leaves(house)):
        openly.leaf(seq, leaf, "n1")
    assert openly.faults == []
    counted = Counter[str]()
    for (_, code, outcome), n in openly.selections.items():
        counted[code] += n * (outcome == "counted")
    assert +counted == +Counter(votes(tmp_path / "out"))
    assert counted["A02"] > 10


def _targets(house: House) -> list[tuple[str, int]]:
    return [(leaf.detail["node"], leaf.detail["entry"]) for leaf in leaves(house) if "entry" in leaf.detail]


async def test_what_each_entry_tells(house: House) -> None:
    auditing.open_ballots(house)
    async with house.service() as counting:
        room = Room(house, counting)
        vote = await room.send("13812345678", "A01 B03")
        again = await room.send("13812345678", "A02")
        unclear = await room.send("13812345679", "不要A01，要A02")
        nothing = await room.send("13812345677", "hello")
        (ruled,) = await room.rule(count(unclear.place, A02))
        (voided,) = await room.rule(void(vote.place))
        call = await room.send("13812345670", "A01", by="op1")
        (undone,) = await room.rule(undo(call.place))
        for verdict in (vote, again, unclear, nothing, ruled, voided, call, undone):
            leaf = leaves(house)[verdict.place.seq]
            assert leaf.selections == verdict.selections, leaf.kind
        assert leaves(house)[nothing.place.seq].selections == ()
        assert leaves(house)[voided.place.seq].selections == (
            ("window", "A01", "voided"),
            ("star", "B03", "voided"),
        )
    await agrees(house)


async def test_sealed_ballots_tell_nothing(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        vote, unclear = await room.send("13812345678", "A01"), await room.send("13812345679", "不要A01")
        await room.rule(void(vote.place), reject(unclear.place))
    assert [leaf.selections for leaf in leaves(house)] == [None] * 6
    with closing(sqlite3.connect(house.database)) as db:
        assert not [leaf for (leaf,) in db.execute("SELECT leaf FROM entries") if b"A01" in leaf]


async def test_the_rules_may_open_the_ballots_until_the_vote_is(house: House, tmp_path: Path) -> None:
    """Messages from before have the other form; they choose nothing."""
    house.clock.ms = OPENS_MS - 3_600_000
    async with house.service() as counting:
        await Room(house, counting).send("13812345678", "A01")
    auditing.open_ballots(house)
    async with house.service() as counting:
        await Room(house, counting, sent=1).send("13812345678", "A01")
        house.clock.ms = OPENS_MS + 1
        await counting.schedule.tick()
        await Room(house, counting, sent=2).send("13812345678", "A01")
    told = [leaf.selections for leaf in leaves(house) if leaf.is_message]
    assert told == [None, (), MINE]
    await agrees(house)
    openings = await auditing.export(house, tmp_path / "out")
    check(tmp_path / "out", openings)


async def test_they_are_counted_over_a_gap(house: House, tmp_path: Path) -> None:
    """What was lost counts nowhere, and a ruling of the new epoch is followed into the old."""
    auditing.open_ballots(house)
    found = Lost(house, tmp_path)
    async with house.service() as counting:
        await send(counting, 0, 5)
        await send(counting, 5, 1, "不要A01，要A02")
    found.copy("older")
    async with house.service() as counting:
        await send(counting, 6, 3)
    await ended(found)
    await agrees(house)
    openings = await auditing.export(house, tmp_path / "out")
    check(tmp_path / "out")
    check(tmp_path / "out", openings)
    assert +Counter(votes(tmp_path / "out")) == Counter(A01=7, A02=1)


# ---- who lies about a vote ------------------------------------------------------------------------


def lying_leaf(*given: Any) -> bytes:
    """For a message that chose A01, A02; all others as they are."""
    *rest, chosen = given
    return entry.message_leaf(*rest, OTHERS if chosen == MINE else chosen)


def silent_leaf(*given: Any) -> bytes:
    return entry.message_leaf(*given[:-1], None)


def lying_act(campaign: str, kind: str, at_ms: int, detail: dict[str, Any], commit: bytes = b"") -> bytes:
    told = {**detail, "selections": [*OTHERS]} if "selections" in detail else detail
    return entry.act_leaf(campaign, kind, at_ms, told, commit)


def patched(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, lie: Callable[..., bytes]) -> None:
    """Let that module's leaves lie, and nobody else's."""
    names = {key: getattr(entry, key) for key in entry.__dict__ if not key.startswith("__")}
    monkeypatch.setattr(module, "entry", type("Lying", (), {**_static(names), name: staticmethod(lie)}))


def _static(names: dict[str, Any]) -> dict[str, Any]:
    return {key: staticmethod(one) if callable(one) else one for key, one in names.items()}


@pytest.mark.parametrize("what", ["message", "act"])
async def test_a_choice_that_is_not_the_sealed_one_is_named(
    house: House, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    auditing.open_ballots(house)
    async with house.service() as counting:
        room = Room(house, counting)
        if what == "message":
            patched(monkeypatch, inscribe, "message_leaf", lying_leaf)
            bad = (await room.send("13812345678", "A01")).place.seq
        else:
            vote = await room.send("13812345678", "A01")
            patched(monkeypatch, revise, "act_leaf", lying_act)
            bad = (await room.rule(void(vote.place)))[0].place.seq
    monkeypatch.undo()
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        with pytest.raises(Tampered, match="tells other selections than are sealed beside it") as found:
            await audit.verify(ledger, lambda _: None)
    assert found.value.seq == bad


async def test_a_ballot_that_is_kept_sealed_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    auditing.open_ballots(house)
    async with house.service() as counting:
        room = Room(house, counting)
        await room.send("13812345677", "A02")
        patched(monkeypatch, inscribe, "message_leaf", silent_leaf)
        bad = (await room.send("13812345678", "A01")).place.seq
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        counted = await audit.recount(ledger, lambda _: None)
    assert counted.faults == [f"entry {bad}: counted does not tell what it chose, and ballots are open"]
    assert counted.differences == [("in the leaves: window A01 counted", 0, 1)]


def test_an_erasure_that_says_otherwise_than_the_leaves_is_found() -> None:
    """What the erased messages came to is sealed; but here everybody can add it up."""
    openly = OpenCount(True)
    openly.leaf(0, entry.read_leaf(entry.act_leaf("c", "open", 1, {"by": "system"})))
    openly.leaf(1, entry.read_leaf(entry.message_leaf("c", "counted", 1, "-", bytes(32), MINE)))
    key = TotalKey("selection", "sms", "window", "A01", "counted")
    moved = key._replace(candidate="A02")
    assert openly.against(Counter({key: 1})) == []
    assert openly.against(Counter({moved: 1})) == [
        ("in the leaves: window A01 counted", 1, 0),
        ("in the leaves: window A02 counted", 0, 1),
    ]
    openly.leaf(2, entry.read_leaf(entry.message_leaf("c", "repeat", 1, "-", bytes(32), MINE)))
    assert openly.faults == ["entry 2: repeat, and its selections say otherwise"]
    sealed = OpenCount(False)
    for seq, leaf in enumerate((entry.act_leaf("c", "open", 1, {"by": "s"}),
                                entry.message_leaf("c", "counted", 1, "-", bytes(32), MINE))):  # fmt: skip
        sealed.leaf(seq, entry.read_leaf(leaf))
    assert sealed.faults == ["entry 1: counted tells what it chose, and ballots are sealed"]


# ---- what is published, and when ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ballots", "publish", "while_open", "after"),
    [
        ("sealed", "after_close", 200, 200),
        ("open", "live", 200, 200),
        ("open", "after_close", 403, 200),
        ("open", "daily at 20:00", 403, 200),
        ("open", "never", 403, 403),
    ],
)
async def test_entries_are_kept_back_while_the_figures_are(
    house: House, ballots: str, publish: str, while_open: int, after: int
) -> None:
    """They tell the figures; checkpoint and hashes do not, and a witness goes on."""
    if ballots == "open":
        auditing.open_ballots(house)
    text = house.campaign.read_text("utf-8")
    (now,) = [line for line in text.splitlines() if line.startswith("publish = ")]
    house.edit(house.campaign, now, f'publish = "{publish}"')
    log = f"/ledger/{CAMPAIGN}/n1"
    async with house.serve() as visitor:
        assert await visitor.kannel("13812345678", "A01", "m1") == 200
        for expected in (while_open, after):
            await visitor.service.publisher.tick()
            size = visitor.service.recorder.head(CAMPAIGN).size
            async with visitor.session.get(f"{visitor.server.url}{log}/tile/entries/000.p/{size}") as answer:
                assert answer.status == expected
                assert (b"A01" in await answer.read()) is (ballots == "open" and expected == 200)
            for path in ("checkpoint", f"tile/0/000.p/{size}", "key", "tile/entries/000.p/1"):
                async with visitor.session.get(f"{visitor.server.url}{log}/{path}") as answer:
                    assert answer.status == 200
            house.clock.ms = SETTLED_MS + 60_000
            await visitor.service.schedule.tick()


async def test_the_log_of_acts_does_not_show_it(house: House) -> None:
    """The committee may keep the figures from itself."""
    auditing.open_ballots(house)
    async with house.serve() as visitor:
        room = Room(house, visitor.service)
        vote = await room.send("13812345678", "A01")
        await room.rule(void(vote.place))
        wang = await visitor.sign_in(Role.COMMITTEE, "wang")
        answer = await wang.get(f"/committee/{CAMPAIGN}/records/acts?lang=en")
        assert answer.status == 200
        assert "selections" not in answer.text
        assert "A01" not in answer.text


# ---- receipts wait for the certified result -------------------------------------------------------

RECEIPTS = "\nreceipts = true"


async def certify(visitor: Visitor) -> None:
    """Close the vote, and lead it to the certified result by the acts it takes."""

    async def sits(login: str, campaign: str) -> bool:
        return True

    exports = visitor.server.exports
    chamber = Chamber(visitor.service, os.urandom, sits, Secretary(visitor.service, exports))
    room = chambers.Room(visitor.house, visitor.service, chamber, set(), exports)
    await test_flow.close(room)
    await test_flow.two(room, test_flow.WAIVE)
    await test_flow.export(room)
    await room.act(test_flow.COMPLETE)
    await test_flow.two(room, test_flow.publish(room))
    assert not room.running.certified
    visitor.house.clock.ms += 8 * test_flow.DAY
    await test_flow.two(room, test_flow.CERTIFY)
    assert room.running.certified


async def code_of(visitor: Visitor, seq: int) -> str:
    """The code of an entry, as anybody works it out who has the entry's hash."""
    leaf = leaves(visitor.house)[seq]
    assert leaf.is_message
    with closing(sqlite3.connect(visitor.house.database)) as db:
        ((leaf_hash,),) = db.execute("SELECT leaf_hash FROM entries WHERE seq = ?", (seq,))
    return slip.spelled(slip.number(leaf_hash))


async def test_a_code_leads_nowhere_until_the_result_is_certified(house: House) -> None:
    arrange(house, "")
    auditing.open_ballots(house, RECEIPTS)
    async with house.serve() as visitor:
        vote = await Room(house, visitor.service).send("13812345678", "A01")
        await visitor.service.publisher.tick()
        code = await code_of(visitor, vote.place.seq)

        async def answers(path: str) -> tuple[int, str]:
            answer = await ask(visitor, path)
            return answer.status, answer.text.replace(code, NOBODYS)

        for lang in ("zh", "en"):
            held = words_receipt.WORDS["receipt_held"]
            name = visitor.service.campaigns[CAMPAIGN].campaign.name_in(lang)
            form = await answers(f"/receipt?lang={lang}")
            assert held.by(lang).format(votes=name) in unescape(form[1])
            mine = await answers(f"/receipt/{code}?lang={lang}")
            assert mine == await answers(f"/receipt/{NOBODYS}?lang={lang}")
            assert getattr(words_receipt.STANDINGS["not_yet"].heading, lang) in mine[1]
        assert await answers(f"/receipt/{code}/proof") == await answers(f"/receipt/{NOBODYS}/proof")
        record = f"/committee/{CAMPAIGN}/records/n1/{vote.place.seq}?lang=en"
        wang = await visitor.sign_in(Role.COMMITTEE, "wang")
        page = (await wang.get(record)).text
        assert RECORDS["receipt_later"].en in page
        assert code not in page
        await certify(visitor)
        await visitor.service.publisher.tick()
        shown = (await ask(visitor, f"/receipt/{code}?lang=en")).text
        assert words_receipt.STANDINGS["counted"].because.en in shown
        assert words_receipt.WORDS["receipt_open"].en in shown
        nobodys = (await ask(visitor, f"/receipt/{NOBODYS}?lang=en")).text
        assert words_receipt.STANDINGS["unknown"].because.en in nobodys
        proof = await ask(visitor, f"/receipt/{code}/proof")
        key = note.read_vkey((await ask(visitor, f"/ledger/{CAMPAIGN}/n1/key")).text)
        assert slip.check(proof.text.encode(), key)[1].selections == MINE
        wang = await visitor.sign_in(Role.COMMITTEE, "wang")  # a session does not last a week
        assert code in (await wang.get(record)).text


async def test_sealed_ballots_tell_codes_at_once(house: House) -> None:
    house.edit(house.campaign, "adjudicators = 1", "adjudicators = 1" + RECEIPTS)
    async with house.serve() as visitor:
        vote = await Room(house, visitor.service).send("13812345678", "A01")
        code = await code_of(visitor, vote.place.seq)
        shown = (await ask(visitor, f"/receipt/{code}?lang=en")).text
        assert words_receipt.STANDINGS["counted"].because.en in shown
        assert words_receipt.WORDS["receipt_secret"].en in shown
        wang = await visitor.sign_in(Role.COMMITTEE, "wang")
        assert code in (await wang.get(f"/committee/{CAMPAIGN}/records/n1/{vote.place.seq}")).text
