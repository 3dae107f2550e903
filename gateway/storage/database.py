"""What a job is given: a database, whichever engine keeps it.

Jobs are functions of one, with SQL in the words that both engines take; the place of a parameter is `?`, or
`?1` where one is used twice.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from gateway.storage.blocks import STORAGE

P = ParamSpec("P")
T = TypeVar("T")


class Rows(Protocol):
    """What a statement has answered, each row once."""

    @property
    def rowcount(self) -> int:
        """How many rows it has changed."""
        ...

    def fetchone(self) -> Any:
        """The next row, None after the last."""
        ...

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Database(Protocol):
    """One connection. Each statement is a transaction of its own, but inside `transaction`."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        ...

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Rows:
        """One statement."""
        ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """One statement, for each of many rows."""
        ...


class Jobs(Protocol):
    """Where jobs are run (the store)."""

    async def run(self, job: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a job.

        Raises `store.Conflict` if a constraint refuses, `store.Unavailable` for anything else that the
        database says.
        """
        ...


@contextmanager
def transaction(db: Database) -> Iterator[None]:
    """All or nothing. Transactions of jobs follow each other, on every node: what one of them has read stands
    until it has written."""
    db.execute(STORAGE["begin"])
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
