"""Recount, verify, export: what was changed is found and named, and the same ledger gives the same bytes."""

import csv
import hashlib
import io
import json
import os
import random
import secrets
import sqlite3
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.checking import audit
from gateway.exporting import exporter
from gateway.intake.inbound import Form, Inbound
from tally import export
from tally.verify import Tampered
from tests.conftest import CLOSES_MS, SETTLED_MS, House

CAMPAIGN = "beita-2018"


def quiet(_: int) -> None:
    """Nobody watches."""


async def fill(house: House, messages: int = 120) -> None:
    """A campaign with every kind of ending, closed by its schedule."""
    rng = random.Random(7)
    async with house.service() as counting:
        sim, hotline = counting.sources["sim"], counting.sources["hotline"]
        texts = ["A01", "A02 B03", "B04", "A99", "你好", "不要A01", "A01 A02", "投A05"]
        for number in range(messages):
            one = Inbound(f"m{number}", f"1380000{rng.randrange(60):04d}", rng.choice(texts))
            await counting.take(sim, [one])
        calls = [Inbound(f"c{n}", f"5{n:06d}", "A03", sent_ms=house.clock.ms) for n in range(9)]
        await counting.take(hotline, [*calls, Inbound("bad", "", "bad time", Form.UNPARSED, raw=b"x,y")])
        house.clock.ms = CLOSES_MS
        await counting.take(sim, [Inbound("late", "13812345678", "A01")])
        house.clock.ms = SETTLED_MS + 1
        await counting.schedule.tick()


async def recounted(house: House) -> audit.Recounted:
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        return await audit.recount(ledger, quiet)


async def verified(house: House) -> int:
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        return await audit.verify(ledger, quiet)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


async def exported(house: House, folder: Path) -> dict[str, bytes]:
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        await exporter.export_to(made(folder), ledger, quiet)
    return files_in(folder)


async def test_recount_and_verify_agree_on_a_sound_ledger(house: House) -> None:
    await fill(house)
    assert await verified(house) == 120 + 10 + 1 + 3, "messages, and config, open, close"
    counted = await recounted(house)
    assert counted.agrees, (counted.differences, counted.faults)
    assert counted.standings["status"] == "closed"


TAMPERINGS = {
    "a total": (
        "UPDATE totals SET n = n + 1"
        " WHERE subject = 'selection' AND candidate = 'A01' AND outcome = 'counted'",
        None,
    ),
    "a claim gone": (
        "DELETE FROM claims WHERE cap = 'campaign'"
        " AND seq = (SELECT min(seq) FROM claims WHERE cap = 'campaign')",
        None,
    ),
    "a leaf": ("UPDATE entries SET leaf = CAST(leaf || x'0a' AS BLOB) WHERE seq = 9", 9),
    "a leaf and its hash": ("UPDATE entries SET leaf_hash = zeroblob(32) WHERE seq = 11", 11),
    "an outcome": ("UPDATE entries SET kind = 'late' WHERE seq = 20", 20),
    "an entry gone": ("DELETE FROM entries WHERE seq = 30", 30),
    "the last entry gone": ("DELETE FROM entries WHERE seq = (SELECT max(seq) FROM entries)", 133),
    "two swapped": (
        "UPDATE entries SET seq = CASE seq WHEN 40 THEN 1000041 ELSE 40 END WHERE seq IN (40, 41)",
        None,
    ),
    "an opening swapped": (
        "UPDATE entries SET sealed = (SELECT sealed FROM entries WHERE seq = 51) WHERE seq = 50",
        50,
    ),
    "the id of another entry": ("UPDATE claims SET seq = seq + 1 WHERE cap = 'message' AND seq = 60", 60),
    "the id of another log": ("UPDATE claims SET log = log + 1 WHERE cap = 'message' AND seq = 61", 61),
    "the head": ("UPDATE logs SET frontier = zeroblob(length(frontier))", 134),
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_an_insiders_edit_is_found_and_named(house: House, name: str) -> None:
    await fill(house)
    sql, first_bad = TAMPERINGS[name]
    with sqlite3.connect(house.database) as db:
        for trigger in ("entries_keep", "entries_stay", "entries_once"):
            db.execute(f"DROP TRIGGER {trigger}")
        assert db.execute(sql.replace("rowid IN (SELECT 1) OR ", "")).rowcount >= 1
    db.close()
    if name in ("a total", "a claim gone"):
        counted = await recounted(house)
        assert not counted.agrees
        assert counted.differences
        return
    with pytest.raises(Tampered) as found:
        await verified(house)
    if first_bad is not None:
        assert found.value.seq == first_bad


async def test_a_use_for_anothers_is_found(house: House) -> None:
    """One caller may vote again, another a time less: as many claims as before, each as a claim can be."""
    rules = house.folder / "campaigns/beita-2018.toml"
    rules.write_text(rules.read_text("utf-8").replace("votes = 1 ", "votes = 3 "), "utf-8")
    await fill(house)
    with sqlite3.connect(house.database) as db:
        once = "SELECT * FROM claims WHERE cap = 'campaign' GROUP BY voter_key HAVING count(*) = 1"
        one, other = db.execute(f"SELECT voter_key, candidate, channel, seq FROM ({once}) LIMIT 2").fetchall()
        changed = db.execute(
            "UPDATE claims SET (voter_key, candidate, channel, seq, ordinal) = (?, ?, ?, ?, 2)"
            " WHERE cap = 'campaign' AND voter_key = ?",
            (*one, other[0]),
        )
        assert changed.rowcount == 1
    db.close()
    with pytest.raises(Tampered, match="a use of a cap") as found:
        await verified(house)
    assert found.value.seq == min(one[3], other[3])


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE entries SET leaf = x'00' WHERE seq = 1",
        "DELETE FROM entries WHERE seq = 1",
        "INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE seq = 1",
    ],
)
async def test_sql_itself_refuses_to_change_the_ledger(house: House, sql: str) -> None:
    await fill(house, 5)
    db = sqlite3.connect(house.database)
    with pytest.raises(sqlite3.IntegrityError):
        db.execute(sql)
    db.close()


async def test_every_flipped_bit_of_an_entry_is_found(house: House) -> None:
    """D7: one random bit of a stored leaf, hash or opening."""
    await fill(house, 20)
    rng = random.Random(1)
    db = sqlite3.connect(house.database)
    db.execute("DROP TRIGGER entries_keep")
    for _ in range(60):
        column = rng.choice(("leaf", "leaf_hash", "sealed"))
        seq = rng.randrange(1, 20)
        ((was,),) = db.execute(f"SELECT {column} FROM entries WHERE seq = ?", (seq,))
        if was is None:
            continue
        flipped = bytearray(was)
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
        db.execute(f"UPDATE entries SET {column} = ? WHERE seq = ?", (bytes(flipped), seq))
        db.commit()
        with pytest.raises(Tampered) as found:
            await verified(house)
        assert found.value.seq == seq
        db.execute(f"UPDATE entries SET {column} = ? WHERE seq = ?", (was, seq))
        db.commit()
    db.close()
    assert await verified(house) > 20


async def test_the_same_ledger_gives_the_same_bytes(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(house)
    first = await exported(house, tmp_path / "a")
    monkeypatch.setenv("TZ", "America/New_York")
    monkeypatch.setenv("LC_ALL", "C")
    time.tzset()
    try:
        house.clock.ms += 10**9
        assert await exported(house, tmp_path / "b") == first
    finally:
        monkeypatch.undo()
        time.tzset()
    assert list(first) == [
        "acts.csv", "checkpoint-n1.txt", "ledger-n1.zip", "manifest.json", "manifest.json.minisig",
        "messages.csv", "outcomes.csv", "result.json", "rules.txt", "standings.csv", "standings.json",
        "televote.pub",
    ]  # fmt: skip
    manifest = json.loads(first["manifest.json"])
    assert (manifest["closed"], manifest["stamp"]) == (True, "provisional"), "somebody has to rule on some"
    assert manifest["waiting_for_a_ruling"] > 0
    for file in manifest["files"]:
        assert hashlib.sha256(first[file["name"]]).hexdigest() == file["sha256"]


async def test_the_report_is_a_golden_file(house: House, tmp_path: Path) -> None:
    """The public half of the export, byte for byte. To accept a change on purpose: UPDATE_GOLDEN=1."""
    await fill(house)
    files = await exported(house, tmp_path / "out")
    golden = Path(__file__).parents[1] / "data/golden"
    for name in ("standings.json", "standings.csv", "outcomes.csv", "rules.txt"):
        if os.environ.get("UPDATE_GOLDEN"):
            golden.mkdir(exist_ok=True)
            (golden / name).write_bytes(files[name])
        assert files[name] == (golden / name).read_bytes(), name


async def test_an_export_before_the_close_is_provisional_and_balances(house: House, tmp_path: Path) -> None:
    async with house.service() as counting:
        await counting.take(counting.sources["sim"], [Inbound("1", "13812345678", "A01")])
    files = await exported(house, tmp_path / "out")
    manifest = json.loads(files["manifest.json"])
    assert (manifest["stamp"], manifest["balanced"]) == ("provisional", True)
    rows = list(csv.DictReader(io.StringIO(files["messages.csv"].decode("utf-8-sig"))))
    assert [(row["caller"], row["outcome"], row["selections"]) for row in rows] == [
        ("138****5678", "counted", "A01:counted")
    ]
    assert files["messages.csv"].startswith(b"\xef\xbb\xbf")


async def test_a_damaged_ledger_is_not_exported(house: House, tmp_path: Path) -> None:
    await fill(house)
    db = sqlite3.connect(house.database)
    db.execute("UPDATE totals SET n = n + 1 WHERE subject = 'selection' AND candidate = 'A01'")
    db.commit()
    db.close()
    with pytest.raises(audit.Unfit):
        await exported(house, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir()), "nothing half-written"


async def test_the_wrong_key_opens_nothing(house: House) -> None:
    await fill(house, 3)
    (house.folder / "secrets/beita-2018.key").write_text(secrets.token_hex(32))
    with pytest.raises(audit.Unfit, match="not the secret"):
        await verified(house)


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\x00=1", "＝1", "＋1", "－1", "＠x"]
)
def test_no_cell_is_a_formula(cell: str) -> None:
    (line,) = list(csv.reader(io.StringIO(b"".join(export.to_csv([[cell]])).decode("utf-8-sig"))))
    assert line[0].startswith("'")


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_what_goes_into_a_csv_comes_out(cells: list[str]) -> None:
    text = b"".join(export.to_csv([cells])).decode("utf-8-sig")
    (read,) = list(csv.reader(io.StringIO(text, newline="")))
    assert [cell.removeprefix("'") for cell in read] == [
        cell.encode("utf-8", "replace").decode().removeprefix("'") for cell in cells
    ]
