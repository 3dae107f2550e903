"""No request whatever brings a 5xx, a hang or a fault, on any route of a real server.

A case that fails is named by its seed: `FUZZ_SEED=12345 FUZZ_CASES=1` repeats it.
"""

import asyncio
import os
from pathlib import Path

import pytest

from config import load
from gateway.asking.calling import socket
from tests.fuzz.exchange import Hung, exchange, wrong
from tests.fuzz.folder import set_up
from tests.fuzz.grammar import Grammar
from tests.fuzz.served import CANARIES, watched

CASES = int(os.environ.get("FUZZ_CASES", "5000"))
SOAK_CASES = int(os.environ.get("FUZZ_SOAK_CASES", "200000"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
TOGETHER = 24
#: What a process that does the same again and again may come to hold more, in MB.
GROWTH = 48


@pytest.mark.parametrize("cases", [CASES, pytest.param(SOAK_CASES, marks=pytest.mark.soak)])
def test_no_request_is_a_fault(tmp_path: Path, cases: int, capsys: pytest.CaptureFixture[str]) -> None:
    folder = set_up(tmp_path / "var")

    async def fuzz() -> None:
        async with watched(folder) as (server, session):
            grammar = Grammar(folder, server.url.removeprefix("http://"))
            inner = str(socket(load.everything(folder.settings, {}).settings))
            found: list[str] = []
            seeds = iter(range(SEED, SEED + cases))
            warm = 0.0

            async def hunt() -> None:
                nonlocal warm
                for seed in seeds:
                    case = grammar.case(seed)
                    try:
                        answer = await exchange(inner if case.inner else server.address, case)
                        if said := wrong(case, answer):
                            found.append(f"seed {seed}: {said}: {case.sent[:200]!r}")
                    except Hung as hung:
                        found.append(f"seed {seed}: {hung}: {case.sent[:200]!r}")
                    if seed - SEED == cases // 2:
                        warm = server.resident_mb()

            await asyncio.gather(*(hunt() for _ in range(TOGETHER)))
            grown = server.resident_mb() - warm
            async with session.get(
                f"{server.url}/metrics", headers={"Authorization": f"Bearer {folder.api_token}"}
            ) as told:
                exposed = await told.text()
            with capsys.disabled():
                print(f"\n{cases} cases: {grown:.1f} MB more by the end, slowest {server.slowest:.2f} s")  # noqa: T201
            assert found == []
            await server.still_counts(session)
            assert [canary for canary in CANARIES if canary in exposed] == []
            assert grown < GROWTH
            assert server.slowest < 10

    asyncio.run(fuzz())
