"""The auditor's verifier: it accepts what is sound, finds what is not, and needs nothing of ours."""

import ast
import importlib.util
import json
import random
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import cryptography
import pytest

from gateway import entrances
from gateway.checking import audit
from gateway.intake.decide import Verdict
from gateway.keeping import erasure
from gateway.ledger import publisher
from gateway.ledger.archive import Archive
from gateway.ledger.manifest_key import ManifestSigner
from tally import export, merkle, note, published, tiles
from tally.count import TotalKey, Totals
from tally.note import Checkpoint, Signer
from tests.conftest import House
from tests.docs import auditing
from tests.intake.test_revise import A01, CAMPAIGN, Room, _something

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs/audit/verify.py"


def bare(folder: Path) -> Path:
    """A place to import from that has `cryptography` with what it is made of, and nothing else."""
    site = Path(cryptography.__file__).parents[1]
    folder.mkdir()
    for found in (*site.glob("cryptography"), *site.glob("_cffi_backend*"), *site.glob("cffi")):
        (folder / found.name).symlink_to(found)
    return folder


def run(packages: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The script, as a stranger runs it: nothing of this environment, nothing of ours on the path."""
    start = f"import sys, runpy; sys.path.append({str(packages)!r}); sys.argv[0] = {str(SCRIPT)!r}"
    code = f"{start}; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    command = [sys.executable, "-I", "-S", "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def module() -> ModuleType:
    """The same in this process, to be asked often."""
    spec = importlib.util.spec_from_file_location("verify_an_export", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


VERIFY = module()


def check(folder: Path, openings: Path | None = None, vkey: str = "", seen: Path | None = None) -> None:
    """Raises what the script would name; what it finds nothing in, `tally` alone must count to the same."""
    keys, before = [vkey] if vkey else [], [seen] if seen else []
    VERIFY.check(SimpleNamespace(folder=folder, vkey=keys, seen=before, openings=openings))
    if openings is not None:
        published.recount(str(folder), str(openings), keys)


@pytest.fixture
async def played(house: House, tmp_path: Path) -> "Export":
    """What `auditing.play` exports."""
    await auditing.play(house)
    return Export(house, tmp_path / "out", await auditing.export(house, tmp_path / "out"))


class Export:
    """An export, and an insider who has the campaign's key for its manifest."""

    def __init__(self, house: House, folder: Path, openings: Path) -> None:
        self.folder, self.openings = folder, openings
        running = entrances.run_campaigns(house.load())[CAMPAIGN]
        self.signer = publisher.signer(running, "n1")
        self._manifest_key = ManifestSigner(self.signer, running.keys.signing)

    @property
    def vkey(self) -> str:
        return self.signer.verifier.vkey

    @property
    def leaves(self) -> list[bytes]:
        with zipfile.ZipFile(self.folder / "ledger-n1.zip") as archive:
            bundles = [archive.read(name) for name in archive.namelist() if "entries" in name]
        return [leaf for one in bundles for leaf in tiles.entries(one)]

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text("utf-8")
        assert old in text
        (self.folder / name).write_text(text.replace(old, new, 1), "utf-8")

    def rezip(self, change: Callable[[dict[str, bytes]], None]) -> None:
        """Other tiles or bundles under the same names."""
        path = self.folder / "ledger-n1.zip"
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        change(files)
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)

    def relog(self, leaves: list[bytes], sign: bool = False) -> None:
        """Another log, its tiles as they must be; signed, it is another history."""
        made = Archive(self.folder)
        made.add(leaves)
        with (self.folder / "ledger-n1.zip").open("w+b") as target:
            made.write(target)
        made.close()
        if sign:
            root = merkle.root(merkle.extend(0, (), map(merkle.leaf_hash, leaves))[1])
            text = Checkpoint(self.signer.verifier.name, len(leaves), root).text()
            (self.folder / "checkpoint-n1.txt").write_text(self.signer.sign(text), "utf-8")

    def resign(self, signer: Signer | None = None, seed: bytes = b"") -> None:
        """The manifest again, of the files as they are now."""
        key = ManifestSigner(signer, seed) if signer else self._manifest_key
        (self.folder / "televote.pub").write_bytes(key.public(CAMPAIGN))
        manifest = json.loads((self.folder / "manifest.json").read_bytes())
        for file in manifest["files"]:
            content = (self.folder / file["name"]).read_bytes()
            file["bytes"], file["sha256"] = len(content), VERIFY.sha256(content).hexdigest()
        if signer:
            manifest["ledger"][0]["vkey"] = signer.verifier.vkey
        packed = export.to_json(manifest)
        (self.folder / "manifest.json").write_bytes(packed)
        (self.folder / "manifest.json.minisig").write_bytes(key.sign(packed, CAMPAIGN, 1))


# ---- what it is -----------------------------------------------------------------------------------


def test_it_is_short_and_shares_no_code() -> None:
    text = SCRIPT.read_text("utf-8")
    assert len(text.splitlines()) <= 300
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(text))
        for name in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - sys.stdlib_module_names == {"cryptography"}


async def test_in_a_bare_environment(played: Export, tmp_path: Path) -> None:
    packages = bare(tmp_path / "packages")
    told = run(packages, played.folder, "--vkey", played.vkey, "--openings", played.openings)
    assert (told.returncode, told.stderr) == (0, "")
    assert "WARNING" not in told.stdout
    assert told.stdout.endswith("counted again from the openings: the same figures\n")
    first = run(packages, played.folder)
    assert first.returncode == 0
    assert (
        f"WARNING: nobody but the export says that this is the key; compare it:\n  {played.vkey}"
        in first.stdout
    )
    played.edit("standings.csv", "A01", "A0l")
    bad = run(packages, played.folder)
    assert (bad.returncode, bad.stderr) == (1, "BAD: standings.csv: not as was listed\n")
    assert run(packages).returncode == 2


async def test_the_public_files_are_enough(played: Export) -> None:
    for name in ("acts.csv", "messages.csv", "outcomes.csv"):
        (played.folder / name).unlink()
    check(played.folder, played.openings, played.vkey)


# ---- what it finds --------------------------------------------------------------------------------


async def test_a_flipped_bit_in_any_file(played: Export) -> None:
    rng, names = random.Random(5), sorted(one.name for one in played.folder.iterdir())
    assert len(names) == 12
    for name in names:
        content = (played.folder / name).read_bytes()
        places = [0, len(content) - 1, *(rng.randrange(len(content)) for _ in range(12))]
        for place in places:
            flipped = bytearray(content)
            flipped[place] ^= 1 << rng.randrange(8)
            (played.folder / name).write_bytes(flipped)
            with pytest.raises((ValueError, LookupError, TypeError, AttributeError)):
                check(played.folder, vkey=played.vkey)
        (played.folder / name).write_bytes(content)
    check(played.folder, vkey=played.vkey)


async def test_every_flipped_bit_of_the_signature(played: Export) -> None:
    path = played.folder / "manifest.json.minisig"
    content = path.read_bytes()
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        with pytest.raises((ValueError, LookupError, TypeError)):
            check(played.folder, vkey=played.vkey)


def swap(files: dict[str, bytes], one: str, two: str) -> None:
    files[one], files[two] = files[two], files[one]


def entries_swapped(files: dict[str, bytes]) -> None:
    found = tiles.entries(files["tile/entries/000"])
    found[7], found[8] = found[8], found[7]
    files["tile/entries/000"] = tiles.bundle(found)


def tile_changed(files: dict[str, bytes]) -> None:
    files["tile/1/000.p/1"] = bytes(32)


def log_of(played: Export, change: Callable[[list[bytes]], None]) -> None:
    leaves = played.leaves
    change(leaves)
    played.relog(leaves)


def outcome_moved(played: Export) -> None:
    told = json.loads((played.folder / "standings.json").read_bytes())
    for balance in (told["balance"], told["balance"]["by_channel"]["sms"]):
        balance["messages"]["counted"] -= 1
        balance["messages"]["repeat"] += 1
    (played.folder / "standings.json").write_bytes(export.to_json(told))


def rows(played: Export, change: Callable[[list[dict[str, Any]]], object]) -> None:
    told = json.loads((played.folder / "standings.json").read_bytes())
    change(told["contests"][0]["candidates"])
    (played.folder / "standings.json").write_bytes(export.to_json(told))


def fewer_than_none(told: list[dict[str, Any]]) -> None:
    """Votes of one channel, taken from the other: the sum holds."""
    one = told[0]["by_channel"]
    one["sms"], one["hotline"] = one["sms"] + one["hotline"] + 1, -1


#: What an insider who can sign a manifest, but has signed this checkpoint, does; and what is named.
INSIDER: dict[str, tuple[Callable[[Export], None], str]] = {
    "bundles swapped": (
        lambda one: one.rezip(lambda files: swap(files, "tile/entries/000", "tile/entries/001.p/82")),
        "tile/entries/000: not the entries up to 255",
    ),
    "entries swapped": (lambda one: one.rezip(entries_swapped), "tile/0/000: not of what is below"),
    "a tile changed": (lambda one: one.rezip(tile_changed), "tile/1/000.p/1: not of what is below"),
    "a bundle gone": (
        lambda one: one.rezip(lambda files: files.pop("tile/entries/000") and None),
        "not the files of a log of 338 entries",
    ),
    "an entry dropped": (
        lambda one: log_of(one, lambda leaves: leaves.pop(9) and None),
        "not the files of a log",
    ),
    "an entry replaced": (
        lambda one: log_of(one, lambda leaves: leaves.__setitem__(9, leaves[10])),
        "its root is not",
    ),
    "an outcome moved": (outcome_moved, "the log has"),
    "an outcome more": (
        lambda one: one.edit("standings.json", '"received": ', '"received": 1'),
        "not the sum of the channels",
    ),
    "other rules": (
        lambda one: one.edit("rules.txt", '"votes":1', '"votes":2'),
        "by other rules than rules.txt",
    ),
    "a rank": (lambda one: one.edit("standings.json", '"rank": 1\n', '"rank": 2\n'), "the row of"),
    "a row gone": (lambda one: rows(one, lambda told: told.pop()), "window is not as in rules.txt"),
    "a row twice": (lambda one: rows(one, lambda told: told.append(told[-1])), "the row of A"),
    "a name": (lambda one: rows(one, lambda told: told[0].update(name="somebody")), "the row of A"),
    "fewer than none": (lambda one: rows(one, fewer_than_none), "the row of A"),
    "another campaign": (lambda one: one.edit("checkpoint-n1.txt", CAMPAIGN, "other"), "not signed with"),
}


@pytest.mark.parametrize("name", INSIDER)
async def test_what_an_insider_does(played: Export, name: str) -> None:
    tamper, named = INSIDER[name]
    tamper(played)
    played.resign()
    with pytest.raises(ValueError, match=named):
        check(played.folder, vkey=played.vkey)


async def test_a_vote_moved_is_found_with_the_openings(played: Export) -> None:
    """What the public cannot see: who got a vote. Ranks do not change here."""
    told = json.loads((played.folder / "standings.json").read_bytes())
    rows = told["contests"][1]["candidates"]
    for row, by in ((rows[0], 1), (rows[1], -1)):
        row["votes"] += by
        row["by_channel"]["sms"] += by
    (played.folder / "standings.json").write_bytes(export.to_json(told))
    played.resign()
    check(played.folder, vkey=played.vkey)
    with pytest.raises(ValueError, match="counted again"):
        check(played.folder, played.openings, played.vkey)


async def test_another_history_is_found_by_whoever_has_seen_the_first(played: Export, tmp_path: Path) -> None:
    seen = tmp_path / "seen.txt"
    text = Checkpoint(
        played.signer.verifier.name,
        20,
        merkle.root(merkle.extend(0, (), map(merkle.leaf_hash, played.leaves[:20]))[1]),
    ).text()
    seen.write_text(played.signer.sign(text), "utf-8")
    check(played.folder, vkey=played.vkey, seen=seen)
    leaves = played.leaves
    leaves[9], leaves[10] = leaves[10], leaves[9]
    played.relog(leaves, sign=True)
    played.resign()
    check(played.folder, vkey=played.vkey)
    with pytest.raises(ValueError, match=r"seen\.txt: the log is another"):
        check(played.folder, vkey=played.vkey, seen=seen)
    with pytest.raises(ValueError, match="not its opening"):
        check(played.folder, played.openings, played.vkey)


async def test_another_key(played: Export) -> None:
    seed = bytes(range(32))
    other = Signer(played.signer.verifier.name, seed)
    text = note.open_note((played.folder / "checkpoint-n1.txt").read_text("utf-8"), [played.signer.verifier])
    (played.folder / "checkpoint-n1.txt").write_text(other.sign(text), "utf-8")
    with pytest.raises(ValueError, match="not signed with"):
        check(played.folder, vkey=played.vkey)
    played.resign(other, seed)
    check(played.folder)
    with pytest.raises(ValueError, match="not signed with"):
        check(played.folder, vkey=played.vkey)
    with pytest.raises(ValueError, match="none of the keys"):
        check(played.folder, vkey=Signer("televote/other/n1", seed).verifier.vkey)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda lines: lines.pop(7), "there is no opening of it"),
        (
            lambda lines: lines.__setitem__(7, lines[7] | {"opening": lines[8]["opening"]}),
            "not its opening",
        ),
        (
            lambda lines: lines.__setitem__(7, lines[7] | {"blinding": lines[8]["blinding"]}),
            "not its opening",
        ),
        (lambda lines: lines.__setitem__(0, lines[0] | {"campaign": "other"}), "not these openings"),
    ],
)
async def test_openings_that_are_not_the_logs(
    played: Export, change: Callable[[object], None], named: str
) -> None:
    lines = [json.loads(line) for line in played.openings.read_text("ascii").splitlines()]
    change(lines)
    played.openings.write_text("".join(json.dumps(line) + "\n" for line in lines), "ascii")
    with pytest.raises(ValueError, match=named):
        check(played.folder, played.openings, played.vkey)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("over_cap", ["first", "void_all", "open"])
async def test_it_counts_as_the_recount_does_after_anything(
    house: House, tmp_path: Path, over_cap: str, seed: int
) -> None:
    """Two programs that share no code, after random messages and acts (promise C7)."""
    rng = random.Random(1000 + seed)
    if over_cap == "open":
        auditing.open_ballots(house)
    else:
        house.edit(house.campaign, 'over_cap = "first"', f'over_cap = "{over_cap}"')
    if seed % 2:
        house.edit(house.campaign, 'withdrawal = "keep"', 'withdrawal = "release"')
    async with house.service() as counting:
        room, sent = Room(house, counting), list[Verdict]()
        for step in range(80):
            house.clock.ms += rng.randrange(40_000)
            verdict = await _something(room, rng, sent)
            if verdict is not None and not verdict.redelivered:
                sent.append(verdict)
            if step == 50:
                await counting.acts.withdraw(room.running, A01, "wang", "at_own_wish")
    openings = await auditing.export(house, tmp_path / "out")
    check(tmp_path / "out")
    check(tmp_path / "out", openings)


async def test_a_contest_may_be_called_as_a_figure_is(house: House, tmp_path: Path) -> None:
    text = house.campaign.read_text("utf-8")
    house.campaign.write_text(
        re.sub(r"(\bid = \"|contests\.|nominations\.)star\b", r"\1messages", text), "utf-8"
    )
    async with house.service() as counting:
        room = Room(house, counting)
        for n, code in enumerate(["A01 B03", "B03", "B04 B05", "你好"]):
            await room.send(f"1381234567{n}", code)
    openings = await auditing.export(house, tmp_path / "out")
    check(tmp_path / "out")
    check(tmp_path / "out", openings)


@pytest.mark.parametrize("everybody", [False, True])
async def test_it_counts_what_is_left_after_an_erasure(house: House, tmp_path: Path, everybody: bool) -> None:
    await auditing.play(house, 20)
    async with house.service() as counting:
        running = counting.campaigns[CAMPAIGN]
        for number in ("13812345678", "13812345670", "13613412345", "13412345678", "13700000002"):
            await counting.eraser.number(running, number, "chair", "caller_asked")
        if everybody:
            await counting.eraser.everybody(running, "chair", "retention_over")
    openings = await auditing.export(house, tmp_path / "out")
    check(tmp_path / "out", openings)


#: What an insider makes the figures of an erasure say, and what the recount has against it.
ERASED: dict[str, tuple[Callable[[Totals], None], str]] = {
    "votes move": (lambda told: told.update({A01_SMS: -7, A02_SMS: 7}), "figures that cannot be"),
    "more votes": (lambda told: told.update({A02_SMS: 99, MADE_SMS: 99}), "more votes in window"),
    "votes alone": (lambda told: told.update({A02_SMS: 1}), "selections that do not balance"),
    "other outcomes": (lambda told: told.update({COUNTED_SMS: -1, REPEAT_SMS: 1}), "and it erased"),
    "more messages": (lambda told: told.update({COUNTED_SMS: 5, RECEIVED_SMS: 5}), "and it erased"),
    "nobody's votes": (lambda told: told.update({A99_SMS: 1, MADE_SMS: 1}), "figures that cannot be"),
}
A01_SMS, A02_SMS, A99_SMS = (
    TotalKey("selection", "sms", "window", code, "counted") for code in ("A01", "A02", "A99")
)
COUNTED_SMS, REPEAT_SMS = (TotalKey("message", "sms", "", "", ended) for ended in ("counted", "repeat"))
MADE_SMS, RECEIVED_SMS = (TotalKey(part, "sms", "", "", "") for part in ("made", "received"))


@pytest.mark.parametrize("name", ERASED)
async def test_an_erasure_comes_to_no_more_than_it_erases(
    house: House, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its figures stand for openings that are gone: whoever runs the server could have it say anything."""
    change, fault = ERASED[name]
    await auditing.play(house, 20)
    honest = erasure._Going.totals

    def changed(going: erasure._Going, *, waiting: bool) -> Totals:
        told = honest(going, waiting=waiting)
        if not waiting:
            change(told)
        return told

    monkeypatch.setattr(erasure._Going, "totals", changed)
    async with house.service() as counting:
        running = counting.campaigns[CAMPAIGN]
        for number in ("13812345678", "13812345670"):
            await counting.eraser.number(running, number, "chair", "caller_asked")
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        counted = await audit.recount(ledger, lambda _: None)
    assert any(fault in one for one in counted.faults), counted.faults
    monkeypatch.setattr(audit.Recounted, "agrees", True)  # whose export it is does not mind
    openings = await auditing.export(house, tmp_path / "out")
    with pytest.raises(published.Bad, match=fault):
        published.recount(str(tmp_path / "out"), str(openings))


async def test_a_message_that_is_there_twice(played: Export) -> None:
    """Byte for byte, under a root that is signed: caps may allow it."""
    lines = [json.loads(line) for line in played.openings.read_text("ascii").splitlines()]
    leaves = played.leaves
    seq = next(n for n, leaf in enumerate(leaves) if b"\ncounted\n" in leaf)
    (opening,) = (line for line in lines if line.get("entry") == seq)
    played.relog([*leaves, leaves[seq]], sign=True)
    lines.append(opening | {"entry": len(leaves)})
    played.openings.write_text("".join(json.dumps(line) + "\n" for line in lines), "ascii")
    with pytest.raises(published.Bad, match=f"entry {len(leaves)} of n1: this message is there twice"):
        published.recount(str(played.folder), str(played.openings), [played.vkey])


async def test_the_caps_are_held(played: Export) -> None:
    rules = json.loads((played.folder / "rules.txt").read_bytes().split(b"\n", 1)[1])
    log = {
        ("n1", seq): VERIFY.read_leaf(leaf, f"entry {seq}", rules) for seq, leaf in enumerate(played.leaves)
    }
    VERIFY.recount(played.openings, log, rules)
    with pytest.raises(ValueError, match="a caller is over a cap per campaign"):
        VERIFY.recount(played.openings, log, rules | {"caps": [{"per": "campaign", "votes": 1}]})


# ---- the package for auditors ---------------------------------------------------------------------


def test_tally_alone_is_enough_for_an_auditor(tmp_path: Path) -> None:
    """Every module of `tally`, with nothing beside it but `cryptography`."""
    packages = bare(tmp_path / "packages")
    shutil.copytree(ROOT / "tally", packages / "tally")
    names = [path.stem for path in (ROOT / "tally").glob("*.py") if path.stem != "__init__"]
    wanted = ", ".join(f"tally.{name}" for name in names)
    code = f"import sys; sys.path.append({str(packages)!r}); import {wanted}"
    command = [sys.executable, "-I", "-S", "-B", "-c", code]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
