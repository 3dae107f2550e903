"""The shipped nginx and HAProxy files, with two real nodes: one is killed, one is stopped, under load.

Slow, because it starts real processes: twenty seconds on two cores that are free.
"""

import os
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests import postgres as own
from tests.deploy.balanced import BALANCERS, HOST, Balancer, examine, play

#: How often nodes go down in the long run.
OUTAGES = int(os.environ.get("SOAK_OUTAGES", "40"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", BALANCERS)
async def test_a_node_that_goes_down_loses_nothing(tmp_path: Path, postgres: own.Server, name: str) -> None:
    async with play(tmp_path, postgres, name, outages=2) as played:
        sizes = await examine(played.nodes[0], played.sent)
        assert sorted(sizes) == ["n1", "n2"]
        assert min(sizes.values()) > 10, "both have counted"
        await _routes(played.balancer)


@pytest.mark.soak
@pytest.mark.parametrize("name", BALANCERS)
async def test_nodes_that_go_down_again_and_again(tmp_path: Path, postgres: own.Server, name: str) -> None:
    async with play(tmp_path, postgres, name, OUTAGES) as played:
        await examine(played.nodes[0], played.sent)


async def _routes(balancer: Balancer) -> None:
    """What leads where, both nodes being there."""
    async with balancer.session() as session:
        for path, status in {
            "/ledger/beita-2018/n1/checkpoint": 200,
            "/ledger/beita-2018/n2/checkpoint": 200,
            "/ledger/beita-2018/n2/key": 200,
            "/ledger/beita-2018/n3/checkpoint": 404,
            "/": 200,
            "/campaigns/beita-2018": 200,
            "/committee": 303,
            "/signin": 200,
            "/readyz": 200,
            "/in/nobody": 404,
        }.items():
            async with session.get(
                path, headers={"Host": HOST}, server_hostname=HOST, allow_redirects=False
            ) as response:
                assert response.status == status, (path, response.status)
        for path in (
            "/operator/beita-2018/upload",
            "/panel/beita-2018/star/import",
            "/committee/beita-2018/nominations/star/1/files",
            "/committee/beita-2018/reconcile",
        ):  # a file that is large for a vote comes as far as the sign-in
            async with session.post(
                path, data=bytes(200_000), headers={"Host": HOST}, server_hostname=HOST, allow_redirects=False
            ) as response:
                assert response.status == 401, (path, response.status)
    async with ClientSession(f"http://127.0.0.1:{balancer.plain}") as session:
        for path, status in {"/in/sms": 403, "/": 301}.items():
            async with session.get(path, headers={"Host": HOST}, allow_redirects=False) as response:
                assert response.status == status, path
