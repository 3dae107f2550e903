"""A real nginx before a server, with the file we ship."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench import proxies


@asynccontextmanager
async def proxied(folder: Path, server: tuple[str, int]) -> AsyncIterator[tuple[str, int]]:
    """An nginx before the server at that address; gives its own. Its files go into a folder that is there."""
    with proxies.started("nginx", folder / "nginx", server[1], "keepalive_timeout 300ms;") as proxy:
        yield proxy
