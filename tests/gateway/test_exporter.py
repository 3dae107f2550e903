"""What an export is signed with, and what others can check in it with tools that are not ours."""

import asyncio
import base64
import csv
import hmac
import json
import resource
import shutil
import stat
import subprocess
import tracemalloc
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.checking import audit
from gateway.commands.base import televote
from gateway.exporting import exporter
from gateway.intake.inbound import Inbound
from gateway.ledger.archive import Archive, Parted
from tally import entry, merkle, note, tiles
from tally.note import Checkpoint
from tally.outcome import Selection
from tally.tiles import Reader, Tree
from tests.conftest import SETTLED_MS, House
from tests.gateway.test_audit import CAMPAIGN, exported, files_in, fill, made, quiet
from tests.intake.test_revise import Room, count, dispute, reject, void


def unpacked(folder: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(folder / "ledger-n1.zip") as archive:
        assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        return {name: archive.read(name) for name in archive.namelist()}


def minisign(folder: Path) -> subprocess.CompletedProcess[str]:
    """Debian's own tool on an export."""
    command = ["minisign", "-V", "-m", "manifest.json", "-p", "televote.pub"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


async def test_the_checkpoint_is_of_the_tiles_beside_it(house: House, tmp_path: Path) -> None:
    await fill(house, 600)
    files = await exported(house, tmp_path / "out")
    (log,) = json.loads(files["manifest.json"])["ledger"]
    key = note.read_vkey(log["vkey"])
    checkpoint = note.read_checkpoint(note.open_note(files["checkpoint-n1.txt"].decode(), [key]))
    assert checkpoint == Checkpoint(f"televote/{CAMPAIGN}/n1", log["entries"], bytes.fromhex(log["root"]))
    unzipped = unpacked(tmp_path / "out")
    assert list(unzipped) == [
        *(name.path for name in tiles.names(checkpoint.size) if name.level >= 0),
        *(name.path for name in tiles.names(checkpoint.size) if name.level < 0),
    ]
    assert Reader(checkpoint.size, lambda name: unzipped[name.path]).root() == checkpoint.root
    leaves = [
        leaf for path, content in unzipped.items() if "entries" in path for leaf in tiles.entries(content)
    ]
    assert merkle.root(merkle.extend(0, (), map(merkle.leaf_hash, leaves))[1]) == checkpoint.root
    assert entry.read_leaf(leaves[-1]).kind == "close"


async def test_the_files_are_those_that_were_served(house: House, tmp_path: Path) -> None:
    await fill(house)
    await exported(house, tmp_path / "out")
    served = house.folder / "ledger" / CAMPAIGN / "n1"
    for path, content in unpacked(tmp_path / "out").items():
        assert (served / path).read_bytes() == content, path
    assert (served / "checkpoint").read_bytes() == (tmp_path / "out/checkpoint-n1.txt").read_bytes()


@pytest.mark.skipif(shutil.which("minisign") is None, reason="needs minisign: apt-get install minisign")
async def test_debians_minisign_verifies_the_manifest(house: House, tmp_path: Path) -> None:
    await fill(house, 20)
    folder = tmp_path / "out"
    files = await exported(house, folder)
    told = minisign(folder)
    assert told.returncode == 0, told.stderr
    assert f"Trusted comment: televote {CAMPAIGN} manifest.json 34 entries" in told.stdout
    (folder / "manifest.json").write_bytes(
        files["manifest.json"].replace(b'"closed": true', b'"closed": null')
    )
    assert minisign(folder).returncode != 0


async def test_one_public_key_for_both_signatures(house: House, tmp_path: Path) -> None:
    await fill(house, 3)
    files = await exported(house, tmp_path / "out")
    (log,) = json.loads(files["manifest.json"])["ledger"]
    packed = base64.b64decode(files["televote.pub"].split(b"\n")[1])
    assert packed[10:] == note.read_vkey(log["vkey"]).public


async def test_the_rules_are_those_that_the_ledger_was_opened_with(house: House, tmp_path: Path) -> None:
    await fill(house, 3)
    files = await exported(house, tmp_path / "out")
    manifest = json.loads(files["manifest.json"])
    (listed,) = [file for file in manifest["files"] if file["name"] == "rules.txt"]
    assert listed["sha256"] == manifest["rules_sha256"]
    head, meaning = files["rules.txt"].decode().split("\n")
    assert (head, json.loads(meaning)["id"]) == ("televote-campaign/v1", CAMPAIGN)


async def test_openings_only_where_they_are_asked_for(house: House, tmp_path: Path) -> None:
    await fill(house)
    without = await exported(house, tmp_path / "without")
    secret = tmp_path / "openings.jsonl"
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        await exporter.export_to(made(tmp_path / "with"), ledger, quiet, secret)
    assert files_in(tmp_path / "with") == without, "the export itself is the same"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    head, *lines = map(json.loads, secret.read_text("ascii").splitlines())
    assert (head["format"], head["campaign"]) == ("televote-openings/1", CAMPAIGN)
    assert "never to be published" in head["audience"]
    leaves = [
        leaf
        for path, content in unpacked(tmp_path / "with").items()
        if "entries" in path
        for leaf in tiles.entries(content)
    ]
    messages = [seq for seq, leaf in enumerate(leaves) if leaf.startswith(b"vote-leaf/v1\n")]
    assert [line["entry"] for line in lines] == messages
    for line in lines:
        commit = hmac.digest(base64.b64decode(line["blinding"]), line["opening"].encode(), "sha256")
        assert commit == entry.read_leaf(leaves[line["entry"]]).commit
    assert b"13800000" not in b"".join(without.values()), "and no number is in what is given away"


async def test_an_export_that_fails_leaves_nothing_behind(house: House, tmp_path: Path) -> None:
    """Numbers and texts, above all. What a file could not take it cannot take at its end either."""
    await fill(house, 600)
    folder, openings = made(tmp_path / "out"), made(tmp_path / "auditor") / "openings.jsonl"
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, hard))  # as a disk that is full
        try:
            with pytest.raises(OSError, match="File too large") as refused:
                await exporter.export_to(folder, ledger, quiet, openings)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert refused.value.filename == str(openings), "it says which file"
    assert not [*folder.iterdir(), *openings.parent.iterdir()]


async def test_openings_do_not_go_where_the_export_goes(house: House, tmp_path: Path) -> None:
    await fill(house, 3)
    folder = tmp_path / "out"
    command = [
        "--settings",
        str(house.settings),
        "export",
        str(folder),
        "--openings",
        str(folder / "o.jsonl"),
    ]
    result = await asyncio.to_thread(CliRunner().invoke, televote, command)
    assert result.exit_code == 2
    assert "openings go elsewhere" in result.output
    assert not list(folder.iterdir())


async def test_an_older_copy_is_exported_as_what_it_is(house: House, tmp_path: Path) -> None:
    """It is the beginning of what was signed: no other history is signed with it."""
    await fill(house, 5)
    shutil.copy(house.database, tmp_path / "older.db")
    async with house.service() as counting:
        await counting.take(counting.sources["sim"], [Inbound("more", "13812345678", "A01")])
    shutil.copy(tmp_path / "older.db", house.database)
    files = await exported(house, tmp_path / "out")
    assert files["checkpoint-n1.txt"].split(b"\n")[1] == b"19"


@pytest.mark.parametrize("signed", ["shorter", "longer"])
async def test_another_history_is_not_signed(house: House, tmp_path: Path, signed: str) -> None:
    await fill(house, 5)
    kept = tmp_path / "ledger"
    if signed == "longer":
        async with house.service() as counting:
            await counting.take(counting.sources["sim"], [Inbound("more", "13812345678", "A01")])
    shutil.move(house.folder / "ledger", kept)
    house.database.unlink()
    house.clock.ms = type(house.clock)().ms
    await fill(house, 6 if signed == "shorter" else 4)
    shutil.rmtree(house.folder / "ledger")
    shutil.move(kept, house.folder / "ledger")
    with pytest.raises(audit.Unfit, match="does not go on"):
        await exported(house, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600, 65_537])
def test_an_archive_is_the_log_whatever_the_chunks(size: int, tmp_path: Path) -> None:
    leaves = [b"%d" % n for n in range(size)]
    zips = []
    for step in (77, 2000):
        archive = Archive(tmp_path)
        for at in range(0, size, step):
            archive.add(leaves[at : at + step])
        with (tmp_path / f"{step}.zip").open("w+b") as target:
            archive.write(target)
        archive.close()
        zips.append((tmp_path / f"{step}.zip").read_bytes())
    assert zips[0] == zips[1]
    tree = Tree()
    expected = {name.path: content for name, content in tree.append(map(merkle.leaf_hash, leaves))}
    expected |= {name.path: content for name, content in tree.partial()}
    with zipfile.ZipFile(tmp_path / "77.zip") as made_:
        assert {n: made_.read(n) for n in made_.namelist() if "entries" not in n} == expected
        bundles = [made_.read(name.path) for name in tiles.names(size) if name.level < 0]
    assert [leaf for one in bundles for leaf in tiles.entries(one)] == leaves
    assert sorted(one.name for one in tmp_path.iterdir()) == ["2000.zip", "77.zip"], "nothing is left"


@pytest.mark.parametrize("size", [1, 70, 77, 78, 300])
def test_an_archive_goes_on_from_what_was_signed(size: int, tmp_path: Path) -> None:
    leaves = [b"%d" % n for n in range(300)]
    root = merkle.root(merkle.extend(0, (), map(merkle.leaf_hash, leaves[:size]))[1])
    for signed, wrong in ((root, False), (bytes(32), True)):
        archive = Archive(tmp_path, Checkpoint("x", size, signed))
        try:
            for at in range(0, 300, 77):
                archive.add(leaves[at : at + 77])
            assert not wrong
        except Parted:
            assert wrong
        archive.close()


def test_memory_is_flat(tmp_path: Path) -> None:
    """What is remembered of an entry is nothing; of 256 of them, a name."""
    peaks = []
    for size in (20_000, 80_000):
        tracemalloc.start()
        archive = Archive(tmp_path)
        for _ in range(size // 2000):
            archive.add([b"x" * 120] * 2000)
        with (tmp_path / "made.zip").open("w+b") as target:
            archive.write(target)
        archive.close()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 1_500_000, peaks


async def test_messages_show_what_a_later_vote_has_voided(house: House, tmp_path: Path) -> None:
    """Under `void_all`, so that whoever adds up `messages.csv` comes to the standings."""
    house.edit(house.campaign, 'over_cap = "first"', 'over_cap = "void_all"')
    async with house.service() as counting:
        for n, (line, text) in enumerate(
            (("13812345671", "A01"), ("13812345671", "A02"), ("13812345672", "A01"),
             ("13812345673", "A03 B01"),
             ("13812345673", "A04"))
        ):  # fmt: skip
            await counting.take(counting.sources["sim"], [Inbound(f"m{n}", line, text)])
    files = await exported(house, tmp_path / "out")
    rows = list(csv.DictReader(files["messages.csv"].decode("utf-8-sig").splitlines()))
    counted = Counter(
        one.removesuffix(":counted")
        for row in rows
        for one in row["selections"].split()
        if one.endswith(":counted")
    )
    told = {
        one["code"]: one["votes"]
        for contest in json.loads(files["standings.json"])["contests"]
        for one in contest["candidates"]
        if one["votes"]
    }
    assert counted == told == {"A01": 1, "B01": 1}
    reasons = {row["selections"]: row["reason"] for row in
               csv.DictReader(files["outcomes.csv"].decode("utf-8-sig").splitlines())}  # fmt: skip
    assert "later message" in reasons["A01:voided"]
    assert "later message" in reasons["A03:voided B01:counted"]
    assert "it has voided the earlier votes" in reasons["A02:over_cap"]


async def test_reasons_are_those_of_the_last_act(house: House, tmp_path: Path) -> None:
    """Also of what was erased: how it ended stands in the act's leaf."""
    a02 = Selection("window", "A02")
    async with house.service() as counting:
        room = Room(house, counting)
        sent = {"waits": "A01", "void": "A01", **dict.fromkeys(("rejected", "counted", "gone"), "不要A01")}
        places = {
            name: (await room.send(f"1381234567{n}", text)).place
            for n, (name, text) in enumerate(sent.items())
        }
        await room.rule(dispute(places["waits"], a02), void(places["void"]), reject(places["rejected"]))
        await room.rule(count(places["counted"], a02), count(places["gone"], a02))
        house.clock.ms = SETTLED_MS + 60_000
        await counting.schedule.tick()
        for number in ("13812345671", "13812345674"):
            await counting.eraser.number(room.running, number, "wang", "caller_asked")
    files = await exported(house, tmp_path / "out")
    messages = {row["entry"]: row["outcome"] for row in table(files["messages.csv"])}
    assert {name: messages[str(place.seq)] for name, place in places.items()} == {
        "waits": "counted", "void": "counted", "rejected": "unclear", "counted": "counted", "gone": "counted",
    }  # fmt: skip
    why = {row["entry"]: row["reason"] for row in table(files["outcomes.csv"])}
    assert {name: why.get(str(place.seq), "") for name, place in places.items()} == {
        "waits": "two operators heard different things; a person rules",
        "void": "voided by a ruling",
        "rejected": "a person ruled: not counted",
        "counted": "some selections did not count",
        "gone": "",
    }


def table(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(file.decode("utf-8-sig").splitlines()))
