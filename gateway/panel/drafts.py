"""Where marks are kept before they are submitted: functions of a database. Nothing is
overwritten."""

from collections.abc import Mapping
from typing import Final

from gateway.storage.blocks import load
from gateway.storage.database import Database, transaction

_SQL: Final = load("gateway.panel", "panel.sql")

#: What a judge has entered, by candidate and criterion; under "" stands "recused" for a recusal.
Draft = dict[str, dict[str, str]]


def draft(db: Database, campaign: str, contest: str, judge: str) -> Draft:
    """What stands of it; a mark that was taken back is not there."""
    found: Draft = {}
    for candidate, criterion, points in db.execute(_SQL["draft"], (campaign, contest, judge)):
        if points:
            found.setdefault(candidate, {})[criterion] = points
    return found


def enter(
    db: Database,
    campaign: str,
    contest: str,
    judge: str,
    marks: Mapping[tuple[str, str], str],
    at_ms: int,
) -> int:
    """Keep what has changed, all of it or nothing; returns how many marks that were."""
    now = draft(db, campaign, contest, judge)
    rows = [
        (campaign, contest, judge, candidate, criterion, points, at_ms)
        for (candidate, criterion), points in marks.items()
        if now.get(candidate, {}).get(criterion, "") != points
    ]
    with transaction(db):
        db.executemany(_SQL["add"], rows)
    return len(rows)


def history(db: Database, campaign: str, contest: str) -> list[tuple[str, str, str, str, int]]:
    """Everything that was ever entered: judge, candidate, criterion, points, when (Unix milliseconds)."""
    return db.execute(_SQL["history"], (campaign, contest)).fetchall()
