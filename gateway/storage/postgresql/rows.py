"""A transaction's rows as PostgreSQL takes them: for each table an array a column. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, count
from typing import Any

from gateway.storage import claims
from gateway.storage.postgresql.session import SQL
from gateway.storage.store import Batch, CaseRow, Minute
from tally import merkle

Rows = Sequence[tuple[Any, ...]]
Table = Sequence[Sequence[Any]]


def tables(batches: Sequence[Batch]) -> dict[str, Table]:
    """What the batches write, by block: those with rows, each as its columns.

    Claims are in the order of their key: two nodes that write some of the same then wait for each other, and
    never in a circle.
    """
    rows: Mapping[str, Rows] = {
        "heads": [_head(batch) for batch in batches],
        "entries": [(batch.head.log_id, *row) for batch in batches for row in batch.entries],
        "claims": sorted(chain.from_iterable(map(claims.of_batch, batches))),
        "totals": [(batch.head.log_id, *key, n) for batch in batches for key, n in batch.totals.items() if n],
        "tempo": [row for batch in batches for row in _minutes(batch)],
        "cases": list({row[:2]: row for row in chain.from_iterable(map(_cases, batches))}.values()),
        "replies": [
            (row.voter, batch.head.log_id, *row[1:]) for batch in batches for row in sorted(batch.replies)
        ],
        "receipts": sorted(
            {(code, batch.head.log_id, seq) for batch in batches for code, seq in batch.receipts}
        ),
        "acts": [
            (batch.head.log_id, act.seq, *(act.target or (None, None)))
            for batch in batches
            for act in batch.acts
        ],
    }
    return {name: list(zip(*some, strict=True)) for name, some in rows.items() if some}


@lru_cache(maxsize=64)
def statement(names: tuple[str, ...]) -> str:
    """One statement that writes these blocks, and tells for each how many rows it has written.

    >>> print(statement(("receipts",)))
    WITH receipts AS (INSERT INTO receipts (code, log, seq)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
    ON CONFLICT DO NOTHING RETURNING 1)
    SELECT (SELECT count(*) FROM receipts) AS receipts
    """
    numbers = count(1)
    parts = []
    for name in names:
        places = [f"${next(numbers)}" for _ in range(SQL[name].count("{}"))]
        parts.append(f"{name} AS ({SQL[name].format(*places)})")
    counts = ", ".join(f"(SELECT count(*) FROM {name}) AS {name}" for name in names)  # noqa: S608 -- blocks of ours
    return f"WITH {', '.join(parts)}\nSELECT {counts}"


def _head(batch: Batch) -> tuple[Any, ...]:
    head, after = batch.head, batch.after
    frontier = merkle.pack(after.frontier)
    return head.log_id, head.size, head.campaign_id, after.edition, after.size, frontier


def _minutes(batch: Batch) -> Iterator[tuple[Any, ...]]:
    """A row for each minute of each source: a statement may add to a row only once."""
    for minute_ms, source in sorted({(one.minute_ms, one.source) for one in batch.tempo}):
        counted, others = (batch.tempo[Minute(minute_ms, source, done)] for done in (True, False))
        yield batch.head.log_id, minute_ms, source, counted, others


def _cases(batch: Batch) -> Iterator[tuple[Any, ...]]:
    logs: Iterator[tuple[int, Sequence[CaseRow]]] = chain(
        [(batch.head.log_id, batch.cases)], ((log, one.cases) for log, one in batch.earlier.items())
    )
    return ((log, *row) for log, some in logs for row in some)
