"""The one place that reads the wall clock. Everything else is told the time."""

import time
from datetime import datetime, tzinfo


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def stamp(ms: int, zone: tzinfo) -> str:
    """An instant in a zone, ISO 8601 with its offset, to the millisecond where there is a fraction.

    >>> from datetime import UTC; stamp(1532052000000, UTC)
    '2018-07-20T02:00:00+00:00'
    """
    whole = datetime.fromtimestamp(ms // 1000, zone)
    return (
        whole.isoformat()
        if ms % 1000 == 0
        else whole.replace(microsecond=ms % 1000 * 1000).isoformat(timespec="milliseconds")
    )
