"""The disk fails under a real server: nothing is acknowledged that is not kept, and it mends by itself.

Every k-th write or sync of the database is made to fail, in one life of the server; then failures that last;
then a full disk. `FAULTS_K` is how far k goes in the long campaign, `FAULTS_ROUNDS` how often, from
`FAULTS_FIRST` on.
"""

import contextlib
import errno
import os
import random
from pathlib import Path

import pytest

from tests.power import faulty, rig
from tests.power.faulty import ALWAYS, SYNCS, WRITES, Faulty

MOST = int(os.environ.get("FAULTS_K", "300"))
FIRST, ROUNDS = int(os.environ.get("FAULTS_FIRST", "0")), int(os.environ.get("FAULTS_ROUNDS", "20"))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return faulty.build(tmp_path_factory.mktemp("faults"))


async def _fail_at(server: Faulty, k: int, count: int, error: int, meant: int, rng: random.Random) -> int:
    """Votes until the k-th call has failed; then all is sent again. Returns how many votes were refused."""
    server.faults.arm(k, count, error, meant)
    bursts = 0
    while server.faults.failed == 0:
        await server.burst(rng.randint(1, 8))
        bursts += 1
        assert bursts < 2000, "nothing fails"
    refused = len(server.refused)
    await server.again()
    server.faults.lift()
    await server.mended()
    return refused


async def every(server: Faulty, ks: range, error: int, turn: int = 0) -> int:
    """Single faults and short rows of them, at each k; which, differs by the turn. Returns how many votes
    were refused. The ledger is examined now and then: what is lost stays lost.
    """
    refused, rng = 0, random.Random(turn)
    for n, k in enumerate(ks):
        meant = (WRITES | SYNCS, SYNCS, WRITES)[(k + turn) % 3]
        refused += await _fail_at(server, k, (1, 1, 2, 5)[(k + turn) % 4], error, meant, rng)
        if n % 10 == 9:
            await server.holds()
    return refused


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
async def test_any_write_or_sync_may_fail(tmp_path: Path, library: Path, error: int) -> None:
    async with faulty.served(tmp_path / "var", library) as server:
        assert await every(server, range(1, 31, 3), error) > 5
        assert len(server.acknowledged) == server.next
    await server.holds(only_acknowledged=True)


@pytest.mark.soak
@pytest.mark.parametrize("turn", range(FIRST, FIRST + ROUNDS))
async def test_any_of_many_writes_and_syncs_may_fail(tmp_path: Path, library: Path, turn: int) -> None:
    """One life of a server for each turn."""
    async with faulty.served(tmp_path / "var", library) as server:
        await every(server, range(1, MOST + 1), (errno.EIO, errno.ENOSPC)[turn % 2], turn)
        assert len(server.acknowledged) == server.next
    await server.holds(only_acknowledged=True)


@pytest.mark.parametrize("meant", [SYNCS, WRITES], ids=["syncs", "writes"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
async def test_a_fault_that_lasts_is_red_and_refuses_until_it_is_gone(
    tmp_path: Path, library: Path, error: int, meant: int
) -> None:
    async with faulty.served(tmp_path / "var", library) as server:
        assert all(await server.burst(20))
        server.faults.arm(1, ALWAYS, error, meant)
        for _ in range(3):
            assert not any(await server.burst()), "nothing is acknowledged meanwhile"
            assert await server.ready() == (503, ["store_unavailable"])
        await server.holds()
        server.faults.lift()
        await server.mended()
        assert all(await server.burst())
        await server.again()
    await server.holds(only_acknowledged=True)


async def test_a_fault_under_the_signed_files_costs_no_vote(tmp_path: Path, library: Path) -> None:
    """Votes are taken, and what was not signed meanwhile is signed when it is gone."""
    async with faulty.served(tmp_path / "var", library, under="ledger/") as server:
        for k in (1, 2, 3, 5, 8):
            server.faults.arm(k, 3)
            while server.faults.failed < 3:
                assert all(await server.burst(40))
            assert (await server.ready())[0] == 200
            server.faults.lift()
        assert all(await server.burst(300))
    await server.holds(only_acknowledged=True)


@pytest.mark.soak
async def test_a_small_disk_fills_and_is_emptied(tmp_path: Path, library: Path) -> None:
    """A disk of 2 MB of its own (tmpfs, in a namespace of mounts), full, and with room again."""
    folder = tmp_path / "var"
    mount = (
        'cp -a "$0" "$0.copy" && mount -t tmpfs -o size=2m none "$0" && cp -a "$0.copy/." "$0" && exec "$@"'
    )
    before = ("unshare", "-rm", "sh", "-c", mount, str(folder))
    async with faulty.served(folder, library, before=before) as server:
        server.folder = inside = Path(f"/proc/{server.process.pid}/root{folder}")
        assert all(await server.burst(20))
        filler = inside / "filler"
        for turn in range(20):
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
            bursts = 0
            while all(await server.burst(20)):
                bursts += 1
                assert bursts < 500, "it does not fill"
            assert not any(await server.burst())
            assert await server.ready() == (503, ["store_unavailable"])
            filler.unlink()
            await server.mended()
            assert all(await server.burst()), turn
            await server.again()
            copy = tmp_path / f"copy{turn}"  # SQLite follows the way into the other namespace back to ours
            rig.put(rig.held(inside), folder, copy)
            await rig.examine(copy, server.acknowledged, server.acknowledged)
