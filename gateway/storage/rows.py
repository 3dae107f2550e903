"""Statements of many rows: one by one, the interpreter's lock would change hands at each."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final, TypeVar

from gateway.storage.database import Database

#: Parameters of one look-up. SQLite allows 32,766; the sizes are powers of two, so that few statements
#: are prepared.
_LOOK_UP: Final = 1024
#: Rows of one INSERT, and up to how many there is a statement for each number of them: a commit has
#: some thirty of a kind, and each statement costs as much as a few more rows. Prepared, those of a kind
#: take half a megabyte.
_INSERT: Final = 512
_EXACT: Final = 32

T = TypeVar("T")


def insert(db: Database, sql: str, shape: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows; `shape` is one row's placeholders. Chunks of more than a few are powers of two."""
    start = 0
    while left := len(rows) - start:
        size = left if left <= _EXACT else min(_INSERT, 1 << left.bit_length() - 1)
        db.execute(_of_rows(sql, shape, size), list(chain.from_iterable(rows[start : start + size])))
        start += size


@lru_cache(maxsize=256)
def _of_rows(sql: str, shape: str, size: int) -> str:
    return sql.format(rows=",".join([shape] * size))


def padded(items: Sequence[T], shape: str) -> Iterator[tuple[str, list[T]]]:
    """Chunks for an IN list: placeholders, and the items, the last repeated up to a power of two."""
    for start in range(0, len(items), _LOOK_UP):
        chunk = list(items[start : start + _LOOK_UP])
        size = 1 << (len(chunk) - 1).bit_length()
        chunk.extend(chunk[-1:] * (size - len(chunk)))
        yield ",".join([shape] * size), chunk
