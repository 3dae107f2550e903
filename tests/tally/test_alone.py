"""`tally` alone, with nothing but `cryptography`: it recounts an export, and finds what is wrong in one."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cryptography
import pytest

import tally
from gateway import entrances
from gateway.ledger import publisher
from tally import note
from tests.conftest import House
from tests.docs import auditing
from tests.intake.test_revise import CAMPAIGN


@pytest.fixture
async def played(house: House, tmp_path: Path) -> tuple[Path, Path, str]:
    """An export of every kind of act, its openings, and the log's key."""
    await auditing.play(house, bulk=60)
    openings = await auditing.export(house, tmp_path / "out")
    key = publisher.signer(entrances.run_campaigns(house.load())[CAMPAIGN], "n1").verifier.vkey
    return tmp_path / "out", openings, key


def alone(tmp_path: Path) -> Path:
    """A place to import from: our folder, `cryptography` with what it is made of, and nothing else."""
    place, site = tmp_path / "alone", Path(cryptography.__file__).parents[1]
    if not place.exists():
        place.mkdir()
        shutil.copytree(Path(tally.__file__).parent, place / "tally")
        for found in (*site.glob("cryptography"), *site.glob("_cffi_backend*"), *site.glob("cffi")):
            (place / found.name).symlink_to(found)
    return place


def run(tmp_path: Path, code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Some Python there: nothing of this environment is on the path."""
    start = f"import sys; sys.path.append({str(alone(tmp_path))!r}); "
    command = [sys.executable, "-I", "-S", "-c", start + code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


RECOUNT = "import runpy; sys.argv[0] = 'tally'; runpy.run_module('tally', run_name='__main__')"


def recount(tmp_path: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return run(tmp_path, RECOUNT, "recount", *arguments)


def test_every_module_of_it_imports(tmp_path: Path) -> None:
    code = (
        "import pkgutil, importlib, tally; "
        "[importlib.import_module(f'tally.{one.name}') for one in pkgutil.iter_modules(tally.__path__)]; "
        "print(sorted({name.split('.')[0] for name in sys.modules} - sys.stdlib_module_names))"
    )
    said = run(tmp_path, code)
    assert (said.returncode, said.stderr) == (0, "")
    ours = {"__main__", "tally", "cryptography", "_cffi_backend", "cffi", "_openssl"}
    assert {"tally", "cryptography"} <= set(json.loads(said.stdout.replace("'", '"'))) <= ours
    for name in ("aiohttp", "pydantic", "gateway", "config", "dedup", "click"):
        assert run(tmp_path, f"import {name}").returncode == 1, "the place is not bare"


async def test_it_recounts_an_export(played: tuple[Path, Path, str], tmp_path: Path) -> None:
    out, openings, key = played
    said = recount(tmp_path, out, openings, "--vkey", key)
    assert (said.returncode, said.stderr) == (0, "")
    head, *rows = said.stdout.splitlines()
    entries = json.loads((out / "manifest.json").read_bytes())["ledger"][0]["entries"]
    assert head == f"{entries} entries, under a signed root; counted again: the same figures"
    told = {
        f"{contest['id']} {one['code']} {channel} {votes}"
        for contest in json.loads((out / "standings.json").read_bytes())["contests"]
        for one in contest["candidates"]
        for channel, votes in one["by_channel"].items()
        if votes
    }
    assert set(rows) == told
    assert len(told) > 3


#: What somebody may do to the rows of `standings.json` that no figure shows by itself.
ROWS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a row is missing": lambda told: told["contests"][0]["candidates"].pop(),
    "a row twice": lambda told: told["contests"][0]["candidates"].append(
        told["contests"][0]["candidates"][0]
    ),
    "another name": lambda told: told["contests"][0]["candidates"][0].update(name="somebody else"),
    "another code": lambda told: told["contests"][0]["candidates"][0].update(code="A99"),
    "more votes": lambda told: told["contests"][0]["candidates"][0].update(votes=1_000),
    "another rank": lambda told: told["contests"][0]["candidates"][0].update(rank=2),
    "not withdrawn": lambda told: told["contests"][0]["candidates"][0].update(withdrawn=True),
    "a contest is missing": lambda told: told["contests"].pop(),
    "more seats": lambda told: told["contests"][0].update(seats=99),
    "one more channel": lambda told: told["contests"][0]["candidates"][0]["by_channel"].update(web=5),
    "lost": lambda told: told.update(lost={"counted": 3}),
}


async def test_it_finds_what_is_not_right(played: tuple[Path, Path, str], tmp_path: Path) -> None:
    out, openings, key = played

    def bad(path: Path, content: bytes, word: str) -> None:
        good = path.read_bytes()
        assert content != good
        path.write_bytes(content)
        said = recount(tmp_path, out, openings, "--vkey", key)
        path.write_bytes(good)
        assert (said.returncode, said.stdout) == (1, "")
        assert said.stderr.startswith("BAD: ")
        assert word in said.stderr

    standings = json.loads((out / "standings.json").read_bytes())
    one = next(one for one in standings["contests"][0]["candidates"] if one["by_channel"]["sms"])
    one["by_channel"]["sms"] += 1
    bad(out / "standings.json", json.dumps(standings).encode(), "told")
    one["by_channel"]["sms"] -= 1
    standings["balance"]["waiting"] += 1
    bad(out / "standings.json", json.dumps(standings).encode(), "balance")
    for name, change in ROWS.items():
        standings = json.loads((out / "standings.json").read_bytes())
        change(standings)
        changed = json.dumps(standings).encode()
        bad(out / "standings.json", changed, "standings.json, contests" if name != "lost" else "lost")
    checkpoint = (out / "checkpoint-n1.txt").read_bytes()
    lines = checkpoint.split(b"\n")
    bad(out / "checkpoint-n1.txt", b"\n".join([lines[0], b"7", *lines[2:]]), "signed")
    rules = (out / "rules.txt").read_bytes()
    bad(out / "rules.txt", rules.replace(b'"votes":1', b'"votes":0'), "opened the vote by other rules")
    bad(out / "rules.txt", rules.replace(b'"id":"beita-2018"', b'"id":"other"'), "openings of other")
    given = openings.read_bytes()
    bad(openings, given.replace(b'\\"A02\\"', b'\\"A03\\"', 1), "not what the leaf commits to")
    bad(openings, b"\n".join(given.split(b"\n")[:-5]), "is gone")
    other = recount(tmp_path, out, openings, "--vkey", key.replace("n1+", "n2+"))
    assert (other.returncode, "its id is another's" in other.stderr) == (1, True)
    renamed = note.read_vkey(key)._replace(name=f"televote/{CAMPAIGN}/n2").vkey
    other = recount(tmp_path, out, openings, "--vkey", renamed)
    assert (other.returncode, "none of the keys" in other.stderr) == (1, True)
    assert recount(tmp_path, out, tmp_path / "nothing").returncode == 1
