"""The moments of a trace at which the power may go, by what the server was doing then. Pure."""

from collections.abc import Sequence
from typing import Final

from tests.power.trace import Event

BEGINNING: Final = "beginning"
COMMIT: Final = "commit"
CHECKPOINT: Final = "checkpoint"
SIGNING: Final = "signing"
RESTING: Final = "resting"

_WAL: Final = "-wal"


def moments(events: Sequence[Event], begun: int) -> dict[str, list[int]]:
    """Just after each call was made, and just after it returned: the doing -> lines. `begun` is the line from
    which on votes are taken; what is before it is the beginning.

    A commit lasts from its first frame to the end of its sync, a checkpoint from the first page put back to
    the end of the database's sync; in them the publisher may write too.
    """
    found: dict[str, list[int]] = {name: [] for name in (BEGINNING, COMMIT, CHECKPOINT, SIGNING, RESTING)}
    edges = sorted(
        [(event.at, 0, event) for event in events] + [(event.end, 1, event) for event in events],
        key=lambda edge: edge[:2],
    )
    doing = {COMMIT: False, CHECKPOINT: False, SIGNING: False}
    for line, returned, event in edges:
        what = _what(event)
        if what:
            doing[what] = not (returned and event.kind == "sync" and _ends(event))
        now = next((name for name in (CHECKPOINT, COMMIT, SIGNING) if doing[name]), RESTING)
        found[BEGINNING if line < begun else now].append(line + 1)
    return found


def _what(event: Event) -> str:
    if event.path.startswith("ledger"):
        return SIGNING
    if event.path.endswith(_WAL) and event.kind in ("write", "sync"):
        return COMMIT
    if event.path.endswith(".db") and event.kind in ("write", "sync"):
        return CHECKPOINT
    return ""


def _ends(event: Event) -> bool:
    """Whether a sync ends what was being done: signing ends with that of the folder of the checkpoint."""
    return not event.path.startswith("ledger") or (event.path.count("/") == 2 and "." not in event.path)
