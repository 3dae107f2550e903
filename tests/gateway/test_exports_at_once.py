"""Processes that share a data folder, as workers do, and put exports and reports there at once."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

from gateway.exporting.exporter import MANIFEST
from gateway.exporting.exports import KEPT, Exports
from gateway.reporting import press
from tests.conftest import House

CAMPAIGN = "beita-2018"
TIMES, PROCESSES = 150, 3

PUT = """
import shutil, sys
from pathlib import Path
from gateway.exporting import exports

folder, node, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
unfinished = exports._UNFINISHED.format(node=node)
for n in range(times):
    new = exports._prepare(folder, unfinished)
    (new / exports.MANIFEST).write_text('{"n": %d}' % n)
    for old in exports._put(folder, new, f"{n:08d}-{'0' * 12}", unfinished):
        shutil.rmtree(old)
"""
SET = """
import sys
from pathlib import Path
from gateway.reporting import press

path, times = Path(sys.argv[1]), int(sys.argv[3])
for n in range(times):
    press.into(path, [b"x" * 4096] * 256, "committee")
"""


async def at_once(script: str, path: Path, look: Callable[[], None]) -> None:
    """Several processes do it, and we look."""
    running = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", script, str(path), f"n{n}", str(TIMES)), stderr=asyncio.subprocess.PIPE
        )
        for n in range(PROCESSES)
    ]
    said = [asyncio.create_task(one.communicate()) for one in running]
    while not all(one.done() for one in said):
        look()
        await asyncio.sleep(0)
    for one in said:
        _, error = await one
        assert error == b"", error.decode()


async def test_exports_that_are_put_there_at_once(house: House) -> None:
    exports, folder = Exports(house.load()), house.folder / "exports" / CAMPAIGN
    folder.mkdir(parents=True)

    def look() -> None:
        for one in exports.built(CAMPAIGN):
            assert "n" in one.manifest

    await at_once(PUT, folder, look)
    assert [one.manifest["n"] for one in exports.built(CAMPAIGN)] == [TIMES - 1, TIMES - 2, TIMES - 3][:KEPT]
    assert json.loads((exports.built(CAMPAIGN)[0].folder / MANIFEST).read_bytes()) == {"n": TIMES - 1}
    assert len(names(folder)) == KEPT


async def test_a_report_that_is_set_at_once(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    press.into(path, [b"x" * 4096] * 256, "committee")

    def look() -> None:
        assert path.stat().st_size == 4096 * 256, "it has its name once it is whole"

    await at_once(SET, path, look)
    assert names(tmp_path) == [path.name]


def names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]
