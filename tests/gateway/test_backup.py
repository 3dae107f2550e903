"""A backup, made while votes come in, gives the same ledger and the same result wherever it is put back."""

import asyncio
import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.checking import audit
from gateway.commands.base import televote
from gateway.exporting import exporter
from gateway.keeping.backup import MANIFEST
from gateway.ledger.folder import Folder
from tally.tiles import Reader
from tests.conftest import SETTLED_MS, House
from tests.gateway.test_epoch import CAMPAIGN, Lost, send

ROUNDS = int(os.environ.get("BACKUP_ROUNDS", "10"))


async def command(house: House, *words: str | Path) -> Result:
    """A command beside whatever runs in this process."""
    asked = ["--settings", str(house.settings), *map(str, words)]
    return await asyncio.to_thread(CliRunner().invoke, televote, asked)


def restored(house: House, backup: Path, to: Path, *, ledger: bool = True) -> House:
    """The backup put back on another machine, with the secrets from where they were kept."""
    shutil.copytree(backup, to, ignore=None if ledger else shutil.ignore_patterns("ledger"))
    shutil.copytree(house.folder / "secrets", to / "secrets")
    return House(to, house.clock)


async def exported(house: House, folder: Path) -> dict[str, bytes]:
    os.mkdir(folder)  # noqa: PTH102 -- before anything runs
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        await exporter.export_to(folder, ledger, lambda _: None)
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


async def rounds(house: House, tmp_path: Path, count: int) -> None:
    """Backups under load, each of what was recorded when it began, or later."""
    async with house.service() as counting:
        stopping, sent = asyncio.Event(), 0

        async def storm() -> None:
            nonlocal sent
            while not stopping.is_set():
                await send(counting, sent, 50)
                sent += 50
                await asyncio.sleep(0)

        storming = asyncio.create_task(storm())
        backups = []
        for number in range(count):
            before = counting.recorder.head(CAMPAIGN).size
            sent_before = sent
            said = await command(house, "backup", tmp_path / f"b{number}", "--json")
            assert said.exit_code == 0, said.output
            (log,) = json.loads(said.stdout)["campaigns"][CAMPAIGN]["ledger"]
            assert before <= log["entries"] <= counting.recorder.head(CAMPAIGN).size
            assert sent > sent_before, "votes went on meanwhile"
            backups.append((tmp_path / f"b{number}", log))
        stopping.set()
        await storming
        await counting.publisher.tick()
        whole = Reader(
            counting.recorder.head(CAMPAIGN).size, Folder(house.folder / "ledger" / CAMPAIGN / "n1").read
        )
        for backup, log in backups:
            assert whole.root(log["entries"]).hex() == log["root"]
            said = await command(restored(house, backup, backup.with_suffix(".back")), "verify", "--json")
            assert json.loads(said.stdout) == {"entries": log["entries"], "roots": {"n1": log["root"]}}


async def test_under_load(house: House, tmp_path: Path) -> None:
    await rounds(house, tmp_path, 2)


@pytest.mark.soak
async def test_under_load_again_and_again(house: House, tmp_path: Path) -> None:
    await rounds(house, tmp_path, ROUNDS)


async def test_a_closed_campaign_gives_the_same_export(house: House, tmp_path: Path) -> None:
    async with house.service() as counting:
        await send(counting, 0, 300)
        await send(counting, 300, 5, "你好")
        house.clock.ms = SETTLED_MS + 60_000
        await counting.schedule.tick()
        assert (await command(house, "backup", tmp_path / "backup")).exit_code == 0
    first = await exported(house, tmp_path / "first")
    again = restored(house, tmp_path / "backup", tmp_path / "elsewhere")
    assert await exported(again, tmp_path / "second") == first
    assert json.loads(first["manifest.json"])["closed"] is True
    told = json.loads((tmp_path / "backup" / MANIFEST).read_bytes())
    assert told["campaigns"][CAMPAIGN]["rules_sha256"] == json.loads(first["manifest.json"])["rules_sha256"]


async def test_what_it_holds_and_what_not(house: House, tmp_path: Path) -> None:
    async with house.service() as counting:
        await send(counting, 0, 5)
        said = await command(house, "--lang", "en", "backup", tmp_path / "backup")
        assert (said.exit_code, "The secrets are not in it" in said.output) == (0, True)
    there = [one for one in (tmp_path / "backup").rglob("*") if one.is_file()]
    assert {str(one.relative_to(tmp_path / "backup")) for one in there} == {
        "televote.db",
        "televote.toml",
        "backup.json",
        f"campaigns/{CAMPAIGN}.toml",
        f"ledger/{CAMPAIGN}/n1/checkpoint",
        f"ledger/{CAMPAIGN}/n1/from-backup",
    }
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "backup/televote.db").stat().st_mode & 0o777 == 0o600
    secrets = [one.read_bytes().strip() for one in (house.folder / "secrets").iterdir()]
    content = b"".join(one.read_bytes() for one in there)
    assert secrets
    assert not any(secret in content for secret in secrets)
    before = (tmp_path / "backup/backup.json").read_bytes()
    said = await command(house, "backup", tmp_path / "backup")
    assert (said.exit_code, "nothing is written over a backup" in said.output) == (2, True)
    assert (tmp_path / "backup/backup.json").read_bytes() == before


async def test_nothing_is_left_of_a_backup_of_what_was_changed(house: House, tmp_path: Path) -> None:
    said = await command(house, "backup", tmp_path / "backup")
    assert (said.exit_code, "nothing has been recorded yet" in said.output) == (1, True)
    async with house.service() as counting:
        await send(counting, 0, 5)
    with closing(sqlite3.connect(house.database)) as db:
        db.execute("UPDATE totals SET n = n + 1 WHERE subject = 'message'")
        db.commit()
    said = await command(house, "backup", tmp_path / "backup")
    assert (said.exit_code, "does not agree" in said.output) == (1, True)
    assert os.listdir(tmp_path) == ["var"]  # noqa: PTH208 -- nothing else runs


async def test_put_back_it_does_not_sign_on_by_itself(house: House, tmp_path: Path) -> None:
    """With the surviving ledger folder it is behind; with its own it may be: both refuse, and name the "
    "way."""
    async with house.service() as counting:
        await send(counting, 0, 5)
        assert (await command(house, "backup", tmp_path / "backup")).exit_code == 0
        await send(counting, 5, 3)
    newest = Lost(house, tmp_path).files().checkpoint()
    survived = restored(house, tmp_path / "backup", tmp_path / "survived", ledger=False)
    shutil.copytree(house.folder / "ledger", survived.folder / "ledger")
    await Lost(survived, tmp_path).refused(f"televote new-epoch {CAMPAIGN}")
    gone = restored(house, tmp_path / "backup", tmp_path / "gone")
    await Lost(gone, tmp_path).refused("was put back from a backup")
    people = ("--by", "wang", "--second", "li", "--reason", "the disk died", "--yes", "--json")
    said = await command(survived, "new-epoch", *people)
    assert (said.exit_code, json.loads(said.stdout)["lost"]) == (0, {"counted": 3})
    saved = tmp_path / "saved-by-a-notary"
    saved.write_text(newest, "utf-8")
    said = await command(gone, "new-epoch", *people, "--signed", saved)
    assert (said.exit_code, json.loads(said.stdout)["lost"]) == (0, {"unknown": 3})
    for one in (survived, gone):
        assert Lost(one, tmp_path).files().checkpoint() == newest
        async with one.service() as counting:
            await send(counting, 5, 3)
            assert (await command(one, "backup", one.folder / "again")).exit_code == 0
        assert (await command(one, "export", one.folder / "out")).exit_code == 0
    again = restored(house, survived.folder / "again", tmp_path / "again")
    said = await command(again, "verify", "--json")
    assert list(json.loads(said.stdout)["roots"]) == ["n1", "n1.e2"]
    (again.folder / "ledger" / CAMPAIGN / "n1.e2/from-backup").unlink()  # nothing was signed since
    async with again.service() as counting:
        await send(counting, 5, 3)
    assert Reader(10, Lost(again, tmp_path).files().read).root() == Lost(house, tmp_path).signed().root


async def test_the_service_was_stopped_before(house: House, tmp_path: Path) -> None:
    async with house.service() as counting:
        await send(counting, 0, 5)
    assert (await command(house, "backup", tmp_path / "backup")).exit_code == 0
    back = restored(house, tmp_path / "backup", tmp_path / "elsewhere")
    (back.folder / "ledger" / CAMPAIGN / "n1/from-backup").unlink()
    async with back.service() as counting:
        await send(counting, 5, 1)
        assert counting.recorder.head(CAMPAIGN).node == "n1"
