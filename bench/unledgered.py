"""`python -m bench.unledgered`: `televote` whose ledger nobody could check, to see what checking costs.

The rows of the ledger are written as ever. But nothing is encrypted, committed to or hashed into a tree, and
nothing is signed or published. The product has no such switch, so its parts are replaced here.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from gateway import cli
from gateway.ledger.publisher import Publisher
from tally import entry, merkle, seal
from tally.merkle import Frontier

_HASH: Final = bytes(32)


def _seal(_: Any, _seq: int, _blinding: bytes, opening: bytes) -> bytes:
    return opening


def _open(_: Any, _seq: int, sealed: bytes) -> tuple[bytes, bytes]:
    return b"", sealed


def _extend(size: int, frontier: Frontier, leaves: Iterable[bytes]) -> tuple[int, Frontier]:
    return size + sum(1 for _ in leaves), frontier


async def _rest(publisher: Publisher) -> None:
    """Until it is stopped."""
    await publisher._stopping.wait()


async def _nothing(_: Publisher) -> None:
    """No checkpoint of what was there before."""


def _strip() -> None:
    for owner, name, instead in (
        (seal.Sealer, "seal", _seal),
        (seal.Sealer, "open", _open),
        (entry, "commitment", lambda _blinding, _opening: _HASH),
        (merkle, "leaf_hash", lambda _: _HASH),
        (merkle, "extend", _extend),
        (Publisher, "begin", _nothing),
        (Publisher, "tick", _nothing),
        (Publisher, "run", _rest),
    ):
        assert hasattr(owner, name), name
        setattr(owner, name, instead)


if __name__ == "__main__":
    assert asyncio.iscoroutinefunction(Publisher.run)
    _strip()
    cli.main()
