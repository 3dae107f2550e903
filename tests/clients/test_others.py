"""Tools that are not ours take our ledger and our figures: Go's packages for transparency logs, DuckDB.

Debian has Go and its packages (`apt-get install golang-go golang-golang-x-mod-dev`); nothing is downloaded.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from gateway import entrances
from gateway.ledger import publisher
from gateway.ledger.folder import Folder
from tally.note import Signer
from tests.clients import building
from tests.clients.building import needs_go
from tests.conftest import House
from tests.docs import auditing
from tests.gateway.test_audit import CAMPAIGN, exported, fill


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The Go program, built."""
    yield from building.program(tmp_path_factory.mktemp("go"), "main.go")


def asked(go: Path, log: Path, vkey: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([go, log, vkey], capture_output=True, text=True, check=False)


def unzipped(export: Path, log: Path) -> Path:
    """The log of an export as c2sp.org/tlog-tiles lays it out."""
    with zipfile.ZipFile(export / "ledger-n1.zip") as archive:
        archive.extractall(log)
    shutil.copy(export / "checkpoint-n1.txt", log / "checkpoint")
    return log


@needs_go
async def test_go_reads_an_exported_log(house: House, tmp_path: Path, go: Path) -> None:
    await fill(house, 700)
    files = await exported(house, tmp_path / "out")
    (told,) = json.loads(files["manifest.json"])["ledger"]
    log = unzipped(tmp_path / "out", tmp_path / "log")
    said = asked(go, log, told["vkey"])
    assert said.stderr == ""
    assert said.stdout.split() == [f"televote/{CAMPAIGN}/n1", "714", told["root"]]
    changed = bytearray((log / "tile/entries/001").read_bytes())
    changed[100] ^= 1
    (log / "tile/entries/001").write_bytes(changed)
    assert asked(go, log, told["vkey"]).returncode != 0
    other = told["vkey"].replace("n1+", "n2+")
    assert asked(go, log, other).returncode != 0


@needs_go
async def test_go_reads_the_log_that_is_served(house: House, go: Path) -> None:
    await fill(house, 300)
    running = entrances.run_campaigns(house.load())[CAMPAIGN]
    vkey = publisher.signer(running, "n1").verifier.vkey
    said = asked(go, house.folder / "ledger" / CAMPAIGN / "n1", vkey)
    assert (said.stderr, said.returncode) == ("", 0)


@needs_go
async def test_go_reads_what_witnesses_have_signed_too(house: House, tmp_path: Path, go: Path) -> None:
    """Go's package knows no cosignatures, and passes over them; so does the auditor's own check."""
    await fill(house, 30)
    log = Folder(house.folder / "ledger" / CAMPAIGN / "n1")
    signed = log.checkpoint()
    for name in ("notary.example", "press.example"):
        signed = Signer(name, name.encode().ljust(32)).cosign(signed, 1_531_094_400)
    log.put_cosigned(signed)
    files = await exported(house, tmp_path / "out")
    checkpoint = files["checkpoint-n1.txt"].decode()
    assert checkpoint == signed
    assert [line.split()[1] for line in checkpoint.splitlines()[4:]] == [
        f"televote/{CAMPAIGN}/n1",
        "notary.example",
        "press.example",
    ]
    vkey = json.loads(files["manifest.json"])["ledger"][0]["vkey"]
    said = asked(go, unzipped(tmp_path / "out", tmp_path / "log"), vkey)
    assert (said.stderr, said.returncode) == ("", 0)
    script = Path(__file__).parents[2] / "docs/audit/verify.py"
    checking = await asyncio.create_subprocess_exec(
        sys.executable, str(script), str(tmp_path / "out"), "--vkey", vkey
    )
    assert await checking.wait() == 0


#: The votes that count, from the auditor's file alone.
COUNT = """
WITH lines AS (
  SELECT entry, opening::JSON AS opening FROM read_json($file, format = 'newline_delimited',
    columns = {node: 'VARCHAR', entry: 'BIGINT', blinding: 'VARCHAR', opening: 'VARCHAR'})
  WHERE entry IS NOT NULL
), messages AS (
  SELECT entry, opening->>1 AS channel, opening->14 AS selections FROM lines WHERE opening->>0 = 'opening/v1'
), selections AS (
  SELECT channel, unnest(selections::JSON[]) AS selection FROM messages
)
SELECT selection->>0, selection->>1, channel, count(*) FROM selections WHERE selection->>2 = 'counted'
GROUP BY ALL
"""


async def test_duckdb_counts_the_same(house: House, tmp_path: Path) -> None:
    """A second counter, of whom nobody here wrote a line, on a campaign in which nobody ruled."""
    await fill(house, 400)
    openings = await auditing.export(house, tmp_path / "out")
    with duckdb.connect() as db:
        rows = db.execute(COUNT, {"file": str(openings)}).fetchall()
    told = json.loads((tmp_path / "out/standings.json").read_bytes())
    votes = {
        (contest["id"], one["code"], channel): n
        for contest in told["contests"]
        for one in contest["candidates"]
        for channel, n in one["by_channel"].items()
        if n
    }
    assert {row[:3]: row[3] for row in rows} == votes
    assert len(votes) > 4
