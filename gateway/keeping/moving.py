"""Moves a database from its file to PostgreSQL, with every ledger in it: `televote migrate`.

The file is locked meanwhile, and only read. Both ends are counted again from their entries, every entry being
hashed and opened: the same roots and the same numbers, or the move has failed.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from config.load import Loaded
from config.settings import Storage
from gateway.checking import audit
from gateway.checking.audit import OnRows, Unfit
from gateway.storage import opening, reader, sqlite
from gateway.storage.store import Unsafe

_NO_TARGET: Final = (
    "a database is moved from its file to PostgreSQL: name postgresql://user@host/database, and put the "
    "password into a file, [storage] password_file"
)


class NotMoved(Unsafe):
    """The move cannot be made, or has failed; the message says why."""


async def move(loaded: Loaded, url: str, on_rows: Callable[[str, int], OnRows]) -> dict[str, Any]:
    """Move the settings' database to another URL; returns what has arrived.

    `on_rows` gives, for a campaign and its number of entries, what hears how many were counted. Raises
    `NotMoved`, `Unsafe`, `Unavailable`, and what a recount raises.
    """
    settings = loaded.settings
    try:
        storage = Storage(url=url, password=settings.storage.password)
    except ValidationError:
        raise NotMoved(_NO_TARGET) from None
    if settings.storage.is_postgresql or not storage.is_postgresql:
        raise NotMoved(_NO_TARGET)
    target = settings.model_copy(update={"storage": storage})
    path = Path(settings.database)
    async with sqlite.open_store(path, settings.storage.synchronous) as store:
        await store.settle()
        had = await _counted(loaded, on_rows)
        async with reader.open_view(path) as source:
            rows = await opening.fill(target, source)
        has = await _counted(replace(loaded, settings=target), on_rows)
    if had != has:
        raise NotMoved(
            "the copy does not give the same roots and numbers: drop that database. This one is as it was"
        )
    return {"rows": rows, "campaigns": {name: one["entries"] for name, one in has.items()}}


async def _counted(loaded: Loaded, on_rows: Callable[[str, int], OnRows]) -> Mapping[str, Any]:
    """The roots and the standings of every campaign, counted again. Raises `NotMoved`, `Tampered`."""
    found = {}
    for name in loaded.campaigns:
        try:
            async with audit.open_ledger(loaded, name) as ledger:
                counted = await audit.recount(ledger, on_rows(name, ledger.entries))
        except Unfit:  # nothing was recorded for it
            continue
        if not counted.agrees:
            raise NotMoved(f"{name} does not agree with its totals: run `televote recount` first")
        found[name] = {
            "entries": counted.entries,
            "roots": counted.roots,
            "contests": counted.standings["contests"],
            "balance": counted.standings["balance"],
        }
    return found
