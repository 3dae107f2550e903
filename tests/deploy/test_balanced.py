"""The shipped nginx and HAProxy files, with two real nodes: one is killed, one is stopped, under load.

Slow, because it starts real processes: twenty seconds on two cores that are free.
"""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests import postgres as own
from tests.deploy import balanced
from tests.deploy.balanced import BALANCERS, HOST, Balancer, Node, Senders, balancing, until

SENDERS = 300
#: So many votes more are taken while a node is down.
VOTES = 300
#: How often nodes go down in the long run.
OUTAGES = int(os.environ.get("SOAK_OUTAGES", "40"))


async def played(balancer: Balancer, nodes: list[Node], outages: int) -> Senders:
    """Senders at full speed, while nodes go down in turn, by SIGKILL and by SIGTERM, and return."""
    sent = balanced.senders(nodes[0], seed=6)

    async def more(votes: int) -> None:
        taken = len(sent.acknowledged)
        await until(lambda: len(sent.acknowledged) >= taken + votes)

    async with balancer.session() as session, ClientSession() as asking, asyncio.TaskGroup() as sending:
        for _ in range(SENDERS):
            sending.create_task(sent.send(session))
        for number in range(outages):
            await more(VOTES)
            node, how = nodes[number % 2], (signal.SIGKILL, signal.SIGTERM)[number % 2]
            assert await node.end(how) == (0 if how == signal.SIGTERM else -signal.SIGKILL)
            await more(VOTES)
            await node.start()
            await node.ready(asking)
        await more(VOTES)
        sent.enough.set()
    return sent


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", BALANCERS)
async def test_a_node_that_goes_down_loses_nothing(tmp_path: Path, postgres: own.Server, name: str) -> None:
    await _crash_and_compare(tmp_path, postgres, name, outages=2)


@pytest.mark.soak
@pytest.mark.parametrize("name", BALANCERS)
async def test_nodes_that_go_down_again_and_again(tmp_path: Path, postgres: own.Server, name: str) -> None:
    await _crash_and_compare(tmp_path, postgres, name, OUTAGES)


async def _crash_and_compare(folder: Path, postgres: own.Server, name: str, outages: int) -> None:
    nodes = balanced.two(folder, postgres)
    with balancing(name, folder / "balancer", nodes) as balancer:
        try:
            await asyncio.gather(*(node.start() for node in nodes))
            sent = await played(balancer, nodes, outages)
            sizes = await balanced.examine(nodes[0], sent)
            assert min(sizes.values()) > 1, "both have counted"
            await _routes(balancer)
        finally:
            for node in nodes:
                if node.process is not None and node.process.returncode is None:
                    await node.end(signal.SIGKILL)


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
    async with ClientSession(f"http://127.0.0.1:{balancer.plain}") as session:
        for path, status in {"/in/sms": 403, "/": 301}.items():
            async with session.get(path, headers={"Host": HOST}, allow_redirects=False) as response:
                assert response.status == status, path
