"""The whole way: a ledger in, what stands out among its votes as JSON values out."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.anomalies import gathering, telling
from gateway.checking.audit import Checkable


async def search(
    ledger: Checkable,
    segments: Mapping[str, str],
    on_rows: Callable[[int], None],
    number: int | None = None,
) -> dict[str, Any]:
    """See `gathering.look`, `telling.document`. Raises `gathering.Unlike`, and as `audit.recount`."""
    gathered, campaign = await gathering.gather(ledger, on_rows), ledger.running.campaign
    looked = gathering.look(gathered, campaign.contests, segments, number)
    return telling.document(gathered, looked, campaign)
