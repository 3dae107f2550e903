"""A lost database, as those outside see it: the export, its verifier, receipts, pages, and a witness."""

import csv
import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway import entrances
from gateway.checking import audit
from gateway.exporting import exporter
from gateway.intake.running import Running
from gateway.ledger import publisher
from gateway.pages import receipt_view
from gateway.pages.words import WORDS
from gateway.pages.words_room import LIVE
from gateway.people.roles import Role
from tally import receipt
from tally.note import Checkpoint
from tally.tiles import Reader
from tests.conftest import SETTLED_MS, House
from tests.docs.test_verify import VERIFY, Export
from tests.gateway.test_epoch import CAMPAIGN, Lost, lost, send  # noqa: F401 -- a fixture
from tests.gateway.test_witness import key, look, votes
from tests.intake.test_revise import A02, Room, count
from tests.pages.test_receipts import giving


async def exported(house: House, folder: Path) -> dict[str, Any]:
    os.mkdir(folder)  # noqa: PTH102 -- before anything runs
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        return await exporter.export_to(folder, ledger, lambda _: None, folder.with_suffix(".jsonl"))


def check(folder: Path, vkey: str = "", *seen: Path) -> None:
    openings = folder.with_suffix(".jsonl")
    VERIFY.check(
        SimpleNamespace(folder=folder, vkey=[vkey] if vkey else [], seen=list(seen), openings=openings)
    )


async def ended(found: Lost) -> None:
    """The old log's database put back, a new epoch, a ruling on what it keeps, and the close."""
    found.put_back("older")
    await found.begin()
    async with found.house.service() as counting:
        room = Room(found.house, counting)
        await send(counting, 5, 3)
        (case, *_) = await counting.casebook.waiting(CAMPAIGN)
        await room.rule(count(case.place, A02))
        found.house.clock.ms = SETTLED_MS + 60_000
        await counting.schedule.tick()


@pytest.fixture(name="gap")
async def _gap(house: House, tmp_path: Path) -> Lost:
    """Six messages kept, three lost, five of the new epoch; closed. Checkpoints seen at 4, 9, and all."""
    found = Lost(house, tmp_path)
    async with house.service() as counting:
        await send(counting, 0, 5)
        await send(counting, 5, 1, "不要A01，要A02")
    found.copy("older")
    async with house.service() as counting:
        await send(counting, 6, 3)
    await ended(found)
    signer = publisher.signer(_running(house), "n1")
    reader = Reader(found.signed().size, found.files().read)
    for size in (4, 9, 11):
        text = Checkpoint(signer.verifier.name, size, reader.root(size)).text()
        (tmp_path / f"seen-{size}").write_text(signer.sign(text), "utf-8")
    return found


def _running(house: House) -> Running:
    return entrances.run_campaigns(house.load())[CAMPAIGN]


async def test_the_export_tells_of_the_gap_and_verifies(
    gap: Lost, capsys: pytest.CaptureFixture[str]
) -> None:
    out = gap.folder / "out"
    manifest = await exported(gap.house, out)
    assert [one["node"] for one in manifest["ledger"]] == ["n1", "n1.e2"]
    assert manifest["ledger"][0]["entries"] == 8
    ((told),) = manifest["gaps"]
    assert (told["log"], told["by"], told["second"]) == ("n1.e2", "wang", "li")
    assert told["lost"] == {"counted": 3}
    assert manifest["closed"] is True, "two people have decided to go on"
    standings = json.loads((out / "standings.json").read_bytes())
    assert standings["lost"] == {"counted": 3}
    assert standings["balance"]["messages"]["received"] == 6 + 3 - 1
    assert {"checkpoint-n1.txt", "checkpoint-n1.e2.txt", "ledger-n1.zip", "ledger-n1.e2.zip"} <= {
        one["name"] for one in manifest["files"]
    }
    assert "n1.e2/0," in (out / "acts.csv").read_text("utf-8")
    places = [
        row["entry"]
        for name in ("messages.csv", "acts.csv")
        for row in csv.DictReader((out / name).read_text("utf-8-sig").splitlines())
    ]
    assert len(set(places)) == len(places) == sum(one["entries"] for one in manifest["ledger"])
    check(out, key(gap.house).vkey, *(gap.folder / f"seen-{size}" for size in (4, 9, 11)))
    said = capsys.readouterr().out
    assert "seen-9: of its 9 entries only 8 are kept" in said
    assert "counted again from the openings" in said
    check(out)


FORGED = {
    "seen-4": "the log is another",
    "seen-11": "the log is another",
}


@pytest.mark.parametrize("name", FORGED)
async def test_another_history_before_the_gap_is_found(gap: Lost, name: str) -> None:
    out = gap.folder / "out"
    await exported(gap.house, out)
    signer = publisher.signer(_running(gap.house), "n1")
    other = Checkpoint(signer.verifier.name, int(name.removeprefix("seen-")), bytes(32))
    (gap.folder / name).write_text(signer.sign(other.text()), "utf-8")
    with pytest.raises(ValueError, match=FORGED[name]):
        check(out, key(gap.house).vkey, gap.folder / name)


async def test_an_old_log_that_is_cut_is_found(gap: Lost) -> None:
    """Who deletes what the gap says is kept."""
    with closing(sqlite3.connect(gap.house.database)) as db:
        db.execute("DROP TRIGGER entries_stay")
        db.execute("DELETE FROM entries WHERE log = 1 AND seq = 7")
        db.commit()
    with pytest.raises(Exception, match="missing"):
        await exported(gap.house, gap.folder / "out")


async def test_an_old_log_that_is_cut_in_the_export_is_found(gap: Lost) -> None:
    """An insider signs the old log again, one entry shorter than the gap says was kept."""
    out = gap.folder / "out"
    await exported(gap.house, out)
    forged = Export(gap.house, out, out.with_suffix(".jsonl"))
    forged.relog(forged.leaves[:-1], sign=True)
    forged.resign()
    with pytest.raises(ValueError, match=r"ledger-n1\.zip: not the files of a log of 8 entries"):
        check(out)


async def test_a_lost_message_still_has_its_receipt(house: House, tmp_path: Path) -> None:
    giving(house)
    found = Lost(house, tmp_path)
    async with house.service() as counting:
        await send(counting, 0, 5)
    found.copy("older")
    async with house.service() as counting:
        await send(counting, 5, 2)
        rows = await counting.store.run(lambda db: db.execute("SELECT code, seq FROM receipts").fetchall())
    codes = {seq: receipt.spelled(code) for code, seq in rows}
    found.put_back("older")
    await found.begin()
    async with house.serve() as visitor:
        for seq, code in codes.items():
            status, text = await visitor.get(f"/receipt/{code}?lang=en")
            assert status == 200
            is_lost = seq >= 7
            assert (receipt_view.WORDS["receipt_was"].en.format(was="Counted") in text) == is_lost
            assert ("Its contents were lost" in text) == is_lost
            status, proof = await visitor.get(f"/receipt/{code}/proof")
            assert status == 200
            told, leaf = receipt.check(proof.encode(), key(house))
            assert (told.seq, leaf.kind) == (seq, "counted")


async def test_the_pages_say_so(gap: Lost) -> None:
    async with gap.house.serve() as visitor:
        for path in (f"/campaigns/{CAMPAIGN}?lang=en", f"/campaigns/{CAMPAIGN}?lang=zh"):
            _, text = await visitor.get(path)
            assert WORDS["gap"].en.format(lost=3) in text or WORDS["gap"].zh.format(lost=3) in text
        staff = await visitor.sign_in(Role.COMMITTEE)
        page = await staff.get(f"/committee/{CAMPAIGN}?lang=en")
        assert LIVE["gap_room"].en.format(lost=3) in page.text
        log = await staff.get(f"/committee/{CAMPAIGN}/records/acts?lang=en")
        for told in ("Entries lost, new epoch begun", "n1 8/11", "counted 3", "n1.e2/0"):
            assert told in log.text
        (ruled,) = [case for case in await visitor.service.casebook.of_caller(*_caller(gap, 5)) if case.acts]
        page = await staff.get(f"/committee/{CAMPAIGN}/records/n1/{ruled.place.seq}?lang=en")
        assert page.status == 200
        assert "n1.e2/" in page.text, "where the ruling stands"


def _caller(gap: Lost, number: int) -> tuple[Running, str]:
    return _running(gap.house), f"+86138{number:08d}"


# ---- a witness ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ballots", ["sealed", "open"])
async def test_a_witness_follows_into_the_new_epoch(house: House, tmp_path: Path, ballots: str) -> None:
    """Where ballots are open, entries are kept back until the close, but for the gap."""
    house.edit(house.campaign, "adjudicators = 1", f'adjudicators = 1\nballots = "{ballots}"')
    house.edit(house.campaign, 'publish = "live"', 'publish = "after_close"')
    found, state = Lost(house, tmp_path), tmp_path / "state"
    async with house.serve() as visitor:
        await votes(visitor, 0, 3)
    found.copy("older")
    async with house.serve() as visitor:
        await votes(visitor, 3, 3)
        assert (await look(visitor, state, "--cosign")).exit_code == 0
    found.put_back("older")
    await found.begin()
    async with house.serve() as visitor:
        for more in (2, 300):
            await votes(visitor, 10 + more, more)
            said = await look(visitor, state, "--cosign")
            assert (said.exit_code, said.stderr) == (0, "")
            assert "televote/beita-2018/n1.e2: went on without 3 lost entries, by wang and li" in said.output
            size = visitor.service.recorder.head(CAMPAIGN).size
            assert f"televote/beita-2018/n1.e2: {size} entries" in said.output
    assert (state / "n1.e2/checkpoint").read_text("utf-8") == found.files("n1.e2").checkpoint()
    # A second loss, and a third epoch.
    found.put_back("")
    await found.begin()
    async with house.serve() as visitor:
        await votes(visitor, 0, 0)
        said = await look(visitor, state)
        assert (said.exit_code, said.stderr) == (0, "")
        assert "n1.e3: went on without" in said.output
        assert f"n1.e3: {found.signed('n1.e3').size} entries" in said.output
    manifest = await exported(house, tmp_path / "out")
    sizes = [(one["node"], one["entries"]) for one in manifest["ledger"]]
    assert sizes == [("n1", 0), ("n1.e2", 0), ("n1.e3", found.signed("n1.e3").size)]
    check(tmp_path / "out", key(house).vkey)
    shutil.rmtree(house.folder / "ledger" / CAMPAIGN / "n1.e3")
    async with house.serve() as visitor:
        said = await look(visitor, state)
        assert said.exit_code == 0, "its files are made again"
    async with house.serve() as visitor:
        visitor.service.publisher.stop()
        shutil.rmtree(house.folder / "ledger" / CAMPAIGN / "n1.e3")
        said = await look(visitor, state)
        assert (said.exit_code, "is not served any more" in said.stderr) == (1, True)


async def test_a_witness_shouts_at_an_epoch_that_hides_what_it_saw(house: House, tmp_path: Path) -> None:
    """The ledger folder is put back with the database, and nobody says what was signed since."""
    found, state = Lost(house, tmp_path), tmp_path / "state"
    async with house.serve() as visitor:
        await votes(visitor, 0, 3)
    found.copy("older")
    shutil.copytree(house.folder / "ledger", tmp_path / "older-ledger")
    async with house.serve() as visitor:
        await votes(visitor, 3, 3)
        assert (await look(visitor, state)).exit_code == 0
    newest = (state / "checkpoint").read_text("utf-8")
    hidden: list[str] = []
    for honest in (False, True):
        found.put_back("older")
        shutil.rmtree(house.folder / "ledger")
        shutil.copytree(tmp_path / "older-ledger", house.folder / "ledger")
        found.files().path.joinpath("from-backup").touch()
        await found.refused("was put back from a backup")
        plan = await found.begin(*([newest] if honest else []))
        assert plan.lost == ({"unknown": 3} if honest else {})
        async with house.serve() as visitor:
            said = await look(visitor, state)
            if not honest:  # and then the old log's newest checkpoint is shown all the same
                found.files().put_checkpoint(newest)
                hidden.append((await look(visitor, state)).stderr)
        assert said.exit_code == (0 if honest else 1), said.stderr
        assert honest or "HAS LOST ENTRIES" in said.stderr
    assert "n1.e2 DOES NOT GO ON FROM WHAT WAS SIGNED: of n1" in hidden[0]
