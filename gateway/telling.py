"""How an error is told in the log: by its kind, and by its words only if these are ours. And once, while it
stays the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from gateway.storage.store import Conflict, Unavailable, Unsafe

_log = structlog.get_logger()


def cause(error: Exception) -> dict[str, Any]:
    """An error, to be logged. The words of the store's errors are ours; others' might quote what was sent, so
    of these there is the place in the code."""
    kind = {"error": type(error).__name__}
    if isinstance(error, Unavailable | Unsafe | Conflict):
        return {**kind, "why": str(error)}
    if isinstance(error, OSError) and error.strerror:
        return {**kind, "why": error.strerror}
    return {**kind, "exc_info": error}


class Postponed:
    """What keeps a task from its work. The task goes on, whatever it is: it may be over the next time."""

    def __init__(self, event: str) -> None:
        self._event = event
        self._said: dict[tuple[str, ...], tuple[str, str]] = {}

    @contextmanager
    def outlived(self, **about: str) -> Iterator[None]:
        """An error inside is logged, once for as long as it stays the same."""
        key = tuple(about.values())
        try:
            yield
        except Exception as error:  # noqa: BLE001 -- a task that ends is missed by nobody until it is too late
            line = cause(error)
            said = (line["error"], line.get("why", ""))
            if self._said.get(key) != said:
                self._said[key] = said
                _log.warning(self._event, **about, **line)
        else:
            self._said.pop(key, None)
