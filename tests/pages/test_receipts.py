"""Receipts: from the reply to the page and the proof; what the page says, and all that it never says."""

import asyncio
import json
import os
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from config.problems import Lang
from gateway.intake.inbound import Inbound
from gateway.intake.revise import Ruling
from gateway.pages import receipt, receipt_view, words_receipt
from gateway.pages.allowance import CAPACITY, Allowance
from gateway.service import Service
from gateway.storage import receipts
from gateway.storage.store import Place
from tally import entry, note
from tally import receipt as slip
from tally.acts import Kind
from tally.entry import Leaf
from tally.outcome import MessageOutcome, Selection
from tests.conftest import CLOSES_MS, OPENS_MS, SETTLED_MS, Answer, House, Visitor
from tests.pages.reading import Page

CAMPAIGN = "beita-2018"
DOCUMENT = Path(__file__).parents[2] / "docs" / "receipts.md"
CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2}")
NOBODYS = "7Q4K-9XWM-2T0R"


def giving(house: House) -> House:
    """The house's campaign, its replies telling a receipt for every outcome the sample answers."""
    text = house.campaign.read_text("utf-8")
    head, section, rest = text.partition("[replies.zh]\n")
    house.campaign.write_text(
        head + section + re.sub(r'(?m)^(\w+ = ".*?)"$', r'\1回执{receipt}"', rest.partition("\n\n")[0])
        + "\n\n" + rest.partition("\n\n")[2],
        "utf-8",
    )  # fmt: skip
    return house


async def reply(visitor: Visitor, caller: str, text: str, name: str) -> str:
    """A message by the SIM's relay; returns the code in the reply."""
    asked = urlencode({"id": name, "from": caller, "text": text, "coding": "0", "charset": "UTF-8"})
    url = f"{visitor.server.url}/in/sim/{visitor.house.secret('sim.token')}?{asked}"
    async with visitor.session.get(url) as response:
        found = CODE.search(await response.text())
    assert found is not None
    return found[0]


async def ask(visitor: Visitor, path: str, **headers: str) -> Answer:
    async with visitor.session.get(
        visitor.server.url + path, headers=headers, allow_redirects=False
    ) as response:
        return Answer(response.status, await response.text(), response.headers)


async def rule(visitor: Visitor, code: str, kind: str, **how: object) -> None:
    """A ruling on the message that has the code."""
    running = visitor.service.campaigns[CAMPAIGN]
    known, filed, _ = await visitor.service.store.run(receipts.look_up, slip.read_code(code), Place(0, 0))
    assert known
    assert filed is not None
    ruling = Ruling(kind, filed.place, **how)  # type: ignore[arg-type]
    await visitor.service.recorder.revise(running, [ruling], visitor.house.clock.ms)


def said(page: Page, key: str, lang: Lang = "en") -> bool:
    """Whether the page gives that answer."""
    heading, because = words_receipt.STANDINGS[key]
    return (heading.by(lang) in page.text) and (because.by(lang) in page.text)


# ---- what became of a message ----------------------------------------------------------------------


def act(kind: Kind, **detail: object) -> Leaf:
    return entry.read_leaf(entry.act_leaf(CAMPAIGN, kind, 1, detail))


COUNT = act("adjudicate", verdict="count", outcome="counted")
#: outcome, acts about it, whether it waits -> what is said.
STANDING = [
    *((outcome.value, [], False, outcome.value) for outcome in MessageOutcome),
    ("unclear", [], True, "waiting"),
    ("unclear", [COUNT], False, "counted_by_ruling"),
    ("unclear", [act("adjudicate", verdict="count", outcome="repeat")], False, "repeat"),
    ("unclear", [act("adjudicate", verdict="count", outcome="withdrawn")], False, "withdrawn"),
    ("unclear", [act("adjudicate", verdict="reject", outcome="unclear")], False, "rejected"),
    ("unclear", [COUNT, act("void", outcome="counted", release=True)], False, "voided"),
    ("counted", [act("void", outcome="counted", release=False)], False, "voided"),
    ("counted", [act("undo", outcome="counted")], False, "taken_back"),
    ("counted", [act("dispute", outcome="counted")], True, "waiting"),
    (
        "counted",
        [act("dispute", outcome="counted"), act("adjudicate", verdict="keep", outcome="counted")],
        False,
        "counted",
    ),
    (
        "counted",
        [act("dispute", outcome="counted"), act("adjudicate", verdict="reject", outcome="counted")],
        False,
        "rejected",
    ),
    ("counted", [act("reveal")], False, "counted"),
]


@pytest.mark.parametrize(("outcome", "acts", "waits", "expected"), STANDING)
def test_what_became_of_it(outcome: str, acts: list[Leaf], waits: bool, expected: str) -> None:
    assert receipt_view.standing(outcome, acts, waits=waits) == expected
    assert expected in words_receipt.STANDINGS


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_from_the_reply_to_the_page(house: House, lang: Lang) -> None:
    async with giving(house).serve() as visitor:
        codes = {
            "counted": await reply(visitor, "13812345671", "A01", "m1"),
            "repeat": await reply(visitor, "13812345671", "A02", "m2"),
            "waiting": await reply(visitor, "13812345672", "不投A01", "m3"),
            "counted_by_ruling": await reply(visitor, "13812345673", "不投A02", "m4"),
            "rejected": await reply(visitor, "13812345674", "不投A03", "m5"),
            "voided": await reply(visitor, "13812345675", "A01", "m6"),
        }
        by = {"by": "wang", "second": "li"}
        chosen = (Selection("window", "A02"),)
        await rule(visitor, codes["counted_by_ruling"], "adjudicate", verdict="count", selections=chosen,
                   reason="clear_to_a_person", **by)  # fmt: skip
        await rule(visitor, codes["rejected"], "adjudicate", verdict="reject", reason="no_clear_wish", **by)
        await rule(visitor, codes["voided"], "void", reason="fraud", **by)
        house.clock.ms = CLOSES_MS + 1
        codes["late"] = await reply(visitor, "13812345676", "A01", "m7")
        assert len(set(codes.values())) == len(codes)
        for key, code in codes.items():
            page = Page((await ask(visitor, f"/receipt/{code.lower()}?lang={lang}")).text)
            assert said(page, key, lang), key
            assert code in page.text
            received = {"zh": "2018年7月", "en": "July 2018"}[lang]
            assert received in page.text
            assert page.unbalanced == []


async def test_minute_zone_and_entry_are_told(house: House) -> None:
    async with giving(house).serve() as visitor:
        house.clock.ms += 59_999
        code = await reply(visitor, "13812345671", "A01", "m1")
        page = Page((await ask(visitor, f"/receipt/{code}?lang=en")).text)
        seq = visitor.service.recorder.head(CAMPAIGN).size - 1
    assert "9 July 2018, 09:00 UTC+08:00" in page.text
    assert page.all("time") == [{"datetime": "2018-07-09T09:00:00+08:00"}]
    assert re.search(rf"Entry in the ledger ?{seq}\b", page.text)


async def test_nothing_tells_for_whom_or_who(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither page nor proof nor log; and the log has no code."""
    async with giving(house).serve() as visitor:
        campaign = visitor.service.campaigns[CAMPAIGN].campaign
        names = [one.name for contest in campaign.contests for one in contest.candidates]
        code = await reply(visitor, "13812345671", "A07", "m1")
        await visitor.service.publisher.tick()
        answers = [
            await ask(visitor, f"/receipt/{code}?lang={lang}{tail}")
            for lang in ("zh", "en")
            for tail in ("", "&code=13812345671")
        ]
        answers.append(await ask(visitor, f"/receipt/{code}/proof"))
        for answer in answers:
            assert answer.status == 200
            told = answer.text + json.dumps(dict(answer.headers))
            assert "12345671" not in told
            assert "A07" not in told.partition("extra ")[0]
            assert [name for name in names if name in told] == []
    logged = "".join(capsys.readouterr())
    assert code not in logged
    assert code.replace("-", "") not in logged


# ---- the proof -------------------------------------------------------------------------------------


async def test_the_proof_holds_with_what_anybody_can_fetch(house: House) -> None:
    async with giving(house).serve() as visitor:
        codes = [await reply(visitor, f"1381234{n:04d}", "A01", f"m{n}") for n in range(300)]
        await visitor.service.publisher.tick()
        key = note.read_vkey((await ask(visitor, f"/ledger/{CAMPAIGN}/n1/key")).text)
        for code in codes[::23]:
            answer = await ask(visitor, f"/receipt/{code}/proof")
            assert answer.status == 200
            assert f'filename="{code}.tlog-proof"' in answer.headers["Content-Disposition"]
            proved, leaf = slip.check(answer.text.encode(), key)
            assert slip.spelled(proved.number) == code
            assert (leaf.campaign, leaf.kind) == (CAMPAIGN, "counted")
            page = Page((await ask(visitor, f"/receipt/{code}?lang=en")).text)
            assert page.all("a", href=f"/receipt/{code}/proof")
            assert str(proved.seq) in page.text


async def test_the_program_in_the_documents_checks_it(house: House, tmp_path: Path) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    async with giving(house).serve() as visitor:
        codes = [await reply(visitor, f"1381234567{n}", "A01", f"m{n}") for n in range(2)]
        await visitor.service.publisher.tick()
        (tmp_path / "proof").write_text((await ask(visitor, f"/receipt/{codes[1]}/proof")).text)
        (tmp_path / "key").write_text((await ask(visitor, f"/ledger/{CAMPAIGN}/n1/key")).text)

    def check(code: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", program, str(tmp_path / "proof"), str(tmp_path / "key"), code]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    assert check(codes[1]).stdout == f"entry 3 of {CAMPAIGN}: counted\n"
    assert "another message" in check(codes[0]).stderr


async def test_before_it_is_signed_there_is_none(house: House) -> None:
    async with giving(house).serve() as visitor:
        visitor.service.publisher.stop()
        await asyncio.sleep(0.6)
        code = await reply(visitor, "13812345671", "A01", "m1")
        page = Page((await ask(visitor, f"/receipt/{code}?lang=en")).text)
        assert said(page, "counted")
        assert words_receipt.WORDS["receipt_soon"].en in page.text
        assert (await ask(visitor, f"/receipt/{code}/proof")).status == 404
        await visitor.service.publisher.tick()
        assert (await ask(visitor, f"/receipt/{code}/proof")).status == 200


async def test_what_was_erased_has_its_receipt_still(house: House) -> None:
    async with giving(house).serve() as visitor:
        code = await reply(visitor, "13812345671", "A01", "m1")
        await visitor.service.publisher.tick()
        before = await ask(visitor, f"/receipt/{code}")
        proof = await ask(visitor, f"/receipt/{code}/proof")

        def erase(db: sqlite3.Connection) -> None:
            db.execute("UPDATE entries SET sealed = NULL WHERE kind = 'counted'")

        await visitor.service.store.run(erase)
        assert (await ask(visitor, f"/receipt/{code}")).text == before.text
        assert (await ask(visitor, f"/receipt/{code}/proof")).text == proof.text


# ---- who guesses -----------------------------------------------------------------------------------


def shape(answer: Answer) -> object:
    """All of an answer but its words: what somebody sees who watches the line, and a little more."""
    headers = {name for name in answer.headers if name != "Date"}
    tags = [
        (tag, sorted(attrs.keys() - {"href", "download", "datetime"}))
        for tag, attrs in Page(answer.text).elements
    ]
    return answer.status, headers, len(answer.text.encode()), tags  # fmt: skip


async def test_a_guess_gets_an_answer_of_the_same_shape(house: House) -> None:
    async with giving(house).serve() as visitor:
        code = await reply(visitor, "13812345671", "A01", "m1")
        for lang in ("zh", "en"):
            hit = await ask(visitor, f"/receipt/{code}?lang={lang}")
            miss = await ask(visitor, f"/receipt/{NOBODYS}?lang={lang}")
            assert said(Page(hit.text), "counted", lang)
            assert said(Page(miss.text), "unknown", lang)
            assert shape(hit) == shape(miss)
            assert len(hit.text.encode()) == receipt.PAGE_BYTES
            assert hit.headers["Cache-Control"] == "no-store"
            assert hit.headers["Referrer-Policy"] == "no-referrer"
            assert "form-action 'self'" in hit.headers["Content-Security-Policy"]
            assert "unsafe" not in hit.headers["Content-Security-Policy"]


def guesses(db: sqlite3.Connection, count: int, draw: random.Random) -> int:
    """How many of so many random codes are somebody's."""
    found = 0
    for number in range(count):
        code = draw.getrandbits(60)
        if number % 50:
            found += db.execute("SELECT count(*) FROM receipts WHERE code = ?", (code,)).fetchone()[0]
        else:
            found += receipts.look_up(db, code, Place(1, code % 2_000 + 2))[0]
    return found


def timed(db: sqlite3.Connection, log: int, draw: random.Random) -> tuple[list[float], list[float]]:
    """Seconds of look-ups that find nothing, and of those that do, in turn."""
    right = [code for (code,) in db.execute("SELECT code FROM receipts ORDER BY seq")]
    took: tuple[list[float], list[float]] = [], []
    for _ in range(10):
        for hit in draw.sample(right, len(right)):
            miss = draw.getrandbits(60)
            for code, seconds in ((miss, took[0]), (hit, took[1]))[:: draw.choice((1, -1))]:
                started = time.perf_counter()
                receipts.look_up(db, code, Place(log, code % 2_000 + 2))
                seconds.append(time.perf_counter() - started)
    return took


async def filled(counting: Service) -> int:
    """A log of 2,000 messages with receipts; returns its number."""
    sim = counting.sources["sim"]
    await counting.take(sim, [Inbound(f"m{n}", f"138{n:08d}", "A01") for n in range(2_000)])
    return counting.recorder.head(CAMPAIGN).log_id


async def test_a_hundred_thousand_guesses_find_nothing(house: House) -> None:
    """L8, at the look-up itself."""
    async with giving(house).service() as counting:
        await filled(counting)
        assert await counting.store.run(guesses, 100_000, random.Random(8)) == 0

        def right(db: sqlite3.Connection) -> bool:
            codes = db.execute("SELECT code FROM receipts").fetchall()
            return all(receipts.look_up(db, code, Place(1, 2))[0] for (code,) in codes)

        assert await counting.store.run(right), "that it can find any"


@pytest.mark.soak
async def test_a_million_guesses_find_nothing_and_take_as_long(house: House) -> None:
    """L8: how long a look-up takes hardly tells a right code from a wrong one, where nothing is around it.
    The next test has what a stranger can measure."""
    count = int(os.environ.get("SOAK_GUESSES", "1000000"))
    async with giving(house).service() as counting:
        log = await filled(counting)
        assert await counting.store.run(guesses, count, random.Random(9)) == 0
        misses, hits = await counting.store.run(timed, log, random.Random(10))
    ratio = statistics.median(misses) / statistics.median(hits)
    print(f"{count} guesses; medians of {len(hits)} look-ups: {ratio:.3f}")  # noqa: T201
    assert 0.9 < ratio < 1.1


@pytest.mark.soak
async def test_thousands_of_guesses_over_http_look_alike(house: House) -> None:
    """L8: of a right code's page and a wrong one's, asked for one after the other in either order, all is the
    same but the words; and neither is the slower one more often than the other."""
    draw, pairs, slower = random.Random(11), 4_000, 0
    async with giving(house).serve() as visitor:
        codes = [await reply(visitor, f"139{n:08d}", "A01", f"m{n}") for n in range(200)]
        await visitor.service.publisher.tick()
        shapes = set()
        for _ in range(pairs):
            house.clock.ms += 2 * receipt.REFILL_MS
            took = {}
            for wrong in draw.sample((True, False), 2):
                code = slip.spelled(draw.getrandbits(60)) if wrong else draw.choice(codes)
                started = time.perf_counter()
                answer = await ask(visitor, f"/receipt/{code}?lang=en")
                took[wrong] = time.perf_counter() - started
                assert said(Page(answer.text), "unknown" if wrong else "counted")
                shapes.add(repr(shape(answer)))
            slower += took[True] > took[False]
        assert len(shapes) == 1, shapes
    print(f"of {pairs} pairs, the wrong code's answer took longer in {slower / pairs:.3f}")  # noqa: T201
    assert abs(slower / pairs - 0.5) < 4 * 0.5 / pairs**0.5


async def test_one_address_may_not_ask_all_day(house: House) -> None:
    async with giving(house).serve() as visitor:
        code = await reply(visitor, "13812345671", "A01", "m1")
        for _ in range(receipt.BURST):
            assert (await ask(visitor, f"/receipt/{code}")).status == 200
        for path in (f"/receipt/{code}", f"/receipt/{NOBODYS}", f"/receipt/{code}/proof"):
            answer = await ask(visitor, path)
            assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
        house.clock.ms += receipt.REFILL_MS
        assert (await ask(visitor, f"/receipt/{code}")).status == 200
        assert (await ask(visitor, f"/receipt/{code}")).status == 429
        assert (await ask(visitor, "/receipt")).status == 200


def test_an_allowance_forgets_whoever_asked_longest_ago() -> None:
    allowance = Allowance(1, 1_000, capacity=2)
    assert [allowance.wait_ms(one, 0) for one in ("a", "a", "b", "c", "a", "c")] == [0, 1_000, 0, 0, 0, 1_000]
    assert Allowance(1, 1_000).wait_ms("a", -5) == 0
    assert CAPACITY > 1_000


NO_CODES = ("/receipt/hello", "/receipt/%00%ff", "/receipt/" + "7" * 3_000, "/receipt?code=hello")


@pytest.mark.parametrize("path", NO_CODES)
async def test_what_is_no_code_is_said_to_be_none(house: House, path: str) -> None:
    async with giving(house).serve() as visitor:
        answer = await ask(visitor, path)
        assert answer.status == 400
        assert words_receipt.WORDS["receipt_bad_code"].zh in answer.text


async def test_what_is_typed_in_leads_on(house: House) -> None:
    async with giving(house).serve() as visitor:
        answer = await ask(visitor, "/receipt?code=7q4k+9xwm+2tor")
        assert (answer.status, answer.location) == (303, f"/receipt/{NOBODYS}")
        answer = await ask(visitor, "/receipt?code=7q4k9xwm2t0r&lang=en")
        assert answer.location == f"/receipt/{NOBODYS}?lang=en"
        hostile = await ask(visitor, "/receipt?code=" + urlencode({"": '"><script>'})[1:])
        assert "<script>" not in hostile.text


# ---- where there are none --------------------------------------------------------------------------


async def test_a_campaign_that_gives_none_keeps_none(house: House) -> None:
    async with house.serve() as visitor:
        assert await visitor.kannel("13812345671", "A01", "m1") == 200
        kept = await visitor.service.store.run(
            lambda db: db.execute("SELECT count(*) FROM receipts").fetchone()
        )
        assert kept == (0,)
        assert "/receipt" not in (await visitor.get("/"))[1]
        assert said(Page((await ask(visitor, f"/receipt/{NOBODYS}?lang=en")).text), "unknown")


async def test_the_setting_alone_gives_them_and_the_page_leads_there(house: House) -> None:
    house.edit(house.campaign, "\n[numbers]", "\nreceipts = true\n\n[numbers]")
    async with house.serve() as visitor:
        assert await visitor.kannel("13812345671", "A01", "m1") == 200
        kept = await visitor.service.store.run(
            lambda db: db.execute("SELECT count(*) FROM receipts").fetchone()
        )
        assert kept == (1,)
        assert '<a href="/receipt?lang=en">' in (await visitor.get("/?lang=en"))[1]


async def test_messages_from_before_the_rules_had_them_get_theirs(house: House) -> None:
    """The rules may change until the vote opens, and messages may come before that."""
    house.clock.ms = OPENS_MS - 3_600_000
    async with house.service() as counting:
        early = [Inbound(f"m{n}", f"138{n:08d}", "A01") for n in range(9)]
        await counting.take(counting.sources["sim"], early)
    giving(house)
    for run in range(2):
        async with house.service() as counting:
            await counting.take(counting.sources["sim"], [Inbound(f"run{run}", "13900000000", "A01")])
    with closing(sqlite3.connect(house.database)) as db:
        rows = db.execute(
            "SELECT code, leaf_hash, kind FROM receipts JOIN entries USING (log, seq)"
        ).fetchall()
    assert len(rows) == 11
    assert all(code == slip.number(leaf_hash) and kind == "early" for code, leaf_hash, kind in rows)


async def test_a_closed_campaign_answers_still(house: House) -> None:
    async with giving(house).serve() as visitor:
        code = await reply(visitor, "13812345671", "A01", "m1")
    house.clock.ms = SETTLED_MS + 60_000
    async with house.serve() as visitor:
        assert said(Page((await ask(visitor, f"/receipt/{code}?lang=en")).text), "counted")
        assert visitor.service.campaigns[CAMPAIGN].closed
