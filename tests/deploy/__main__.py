"""`make nodes`: two nodes behind a balancer, one killed and one stopped under load, and what came of it."""

import asyncio
import sys
import tempfile
from pathlib import Path

from tests import postgres as own
from tests.deploy.balanced import SENDERS, examine, play


async def show(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder, own.cluster() as postgres:
        print(f"two nodes on one PostgreSQL database, behind {name}; {SENDERS} senders")
        async with play(Path(folder), postgres, name, outages=2, tell=print) as (_, nodes, sent):
            sizes = await examine(nodes[0], sent)
            print(f"{len(sent.tried)} messages of {len(sent.callers)} callers, answered:")
            print("  " + ", ".join(f"{status}: {times}" for status, times in sorted(sent.ended.items())))
            print("  entries in each log: " + ", ".join(f"{node} {size}" for node, size in sizes.items()))
            print("verified and recounted: every acknowledged message is there, none is there twice,")
            print("and each caller has one vote.")


if __name__ == "__main__":
    asyncio.run(show(*sys.argv[1:2] or ["nginx"]))
