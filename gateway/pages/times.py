"""How an instant is written on the pages for people: in one zone, the first campaign's. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from gateway.intake.running import Running


def zone_of(campaigns: Mapping[str, Running]) -> tzinfo:
    """The zone of what belongs to no campaign."""
    return next((running.zone for running in campaigns.values()), UTC)


def shown(ms: int, zone: tzinfo) -> str:
    """An instant to the minute, with the zone's distance from UTC.

    >>> shown(1532052000000, UTC)
    '2018-07-20 02:00 UTC'
    """
    at = datetime.fromtimestamp(ms // 1000, zone)
    return f"{at:%Y-%m-%d %H:%M} {at.tzname() if at.utcoffset() == UTC.utcoffset(None) else f'{at:%z}'}"
