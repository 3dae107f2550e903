"""Behind nginx as we deploy it: it and our server never differ on where a request ends.

If they did, a vote that nginx took for a body would be heard by the server, and answered to nobody, or to the
wrong one. Slow, because there are two servers.
"""

import asyncio
import os
from collections import Counter
from pathlib import Path

import pytest

from tests.fuzz.folder import Folder, set_up
from tests.fuzz.proxied import proxied
from tests.fuzz.served import Watched, watched
from tests.fuzz.test_slow import WAYS, until_hung_up
from tests.fuzz.test_smuggling import AMBIGUOUS, trial, twice

TRIALS = int(os.environ.get("PROXIED_TRIALS", "200"))
SOAK_TRIALS = int(os.environ.get("PROXIED_SOAK_TRIALS", "10000"))
SLOW = int(os.environ.get("PROXIED_SLOW_CLIENTS", "20"))
TOGETHER = 16
#: None of these is answered with 200, which is for votes alone here.
TARGETS = (b"POST /in/nobody", b"POST PATH", b"POST /signin", b"GET /nowhere")


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Folder:
    folder = set_up(tmp_path / "var")
    settings = folder.settings.read_text("utf-8")
    folder.settings.write_text(f'trusted_proxies = ["127.0.0.1"]\n{settings}', "utf-8")
    return folder


@pytest.mark.parametrize("trials", [TRIALS, pytest.param(SOAK_TRIALS, marks=pytest.mark.soak)])
def test_no_request_hides_in_another_behind_nginx(tmp_path: Path, folder: Folder, trials: int) -> None:
    path = b"/in/sim/" + folder.sources["sim"].encode()

    async def smuggle() -> None:
        async with watched(folder) as (server, session), proxied(tmp_path, server.address) as address:
            seeds, found, votes = iter(range(trials)), list[str](), 0
            kinds: Counter[str] = Counter()

            async def hunt() -> None:
                nonlocal votes
                for seed in seeds:
                    kind, first, second = trial(path, seed, TARGETS)
                    given = await twice(address, first, second, apart=seed % 4 > 0)
                    kinds[kind] += 1
                    votes += given.count(200)
                    # nginx itself answers 501 to an encoding that it does not know.
                    if given[:1] != [200] or len(given) not in (2, 3) or max(given) not in (*range(500), 501):
                        found.append(f"{seed} {kind}: {given}")

            await asyncio.gather(*(hunt() for _ in range(TOGETHER)))
            assert found == []
            assert kinds.keys() == set(AMBIGUOUS)
            assert server.recorded() == votes >= trials, "a vote was heard that nobody was answered"
            await server.still_counts(session)

    asyncio.run(smuggle())


def test_slow_clients_are_kept_from_the_server(tmp_path: Path, folder: Folder) -> None:
    """They hold a connection to nginx at most, and votes are taken through it meanwhile."""

    async def trickle() -> None:
        async with watched(folder) as (server, session), proxied(tmp_path, server.address) as address:
            before = _open_files(server)
            slow = {
                asyncio.create_task(until_hung_up(address, *WAYS[way])): way
                for way in WAYS
                for _ in range(SLOW)
            }
            direct, server.url = server.url, f"http://{address[0]}:{address[1]}"
            voted = most = 0
            # What drips for longer than nginx waits between two bytes is no concern of the server's.
            while not all(one.done() for one, way in slow.items() if way in ("idle", "half a first line")):
                await server.vote(session, 1000 + voted)
                voted += 1
                most = max(most, _open_files(server) - before)
                await asyncio.sleep(0.1)
            server.url = direct
            for one in slow:
                one.cancel()
            await asyncio.gather(*slow, return_exceptions=True)
            assert most < SLOW, "the server has connections of slow clients"
            assert server.refused == 0
            assert len(server.acknowledged) == server.recorded() == voted > 10
            await server.still_counts(session)

    asyncio.run(trickle())


def _open_files(server: Watched) -> int:
    assert server.process is not None
    return sum(1 for _ in Path(f"/proc/{server.process.pid}/fd").iterdir())
