"""One connection to PostgreSQL, which is what we rest on or is refused, and what its errors mean to us."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import asyncpg
from asyncpg.connect_utils import SessionAttribute
from pydantic import SecretStr

from gateway.storage.blocks import load
from gateway.storage.store import Conflict, Unavailable, Unsafe

if TYPE_CHECKING:
    _Connection = asyncpg.Connection[asyncpg.Record]
else:
    _Connection = asyncpg.Connection

SQL: Final = load("gateway.storage.postgresql", "postgresql.sql")

_OLDEST: Final = 140_000
_CONNECT_SECONDS: Final = 10.0
#: A server that has gone without a word is noticed within half a minute, by it and by us.
_SETTINGS: Final = {
    "client_min_messages": "warning",
    "jit": "off",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_FAILURES: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


class Address(NamedTuple):
    """Where the database is, and who we are there."""

    url: str
    password: SecretStr | None
    node: str


class Session(_Connection):
    """A connection that remembers what it was warned of."""

    warned = False

    def hear(self, _: object, message: Any) -> None:
        """A listener of its own messages."""
        self.warned |= message.severity_en == "WARNING"

    def settle(self) -> None:
        """To be called after a commit. Raises `Unavailable` if nobody knows whether it will last.

        A wait for the standby that was cancelled is told by a mere warning: the commit is on this server's
        disk, and a failover would lose it. There is no other warning that a commit of ours could have.
        """
        if self.warned:
            self.warned = False
            raise Unavailable("the database could not say whether a commit has reached its standby")


async def connect(address: Address, seconds: float | None, settings: Mapping[str, str] = {}) -> Session:
    """A connection on which no statement takes longer. Raises `Unsafe`, `Unavailable`."""
    with told():
        session: Session = await asyncpg.connect(
            address.url,
            password=address.password.get_secret_value() if address.password else None,
            timeout=_CONNECT_SECONDS,
            command_timeout=seconds,
            statement_cache_size=256,
            connection_class=Session,
            target_session_attrs=SessionAttribute.read_write,
            server_settings={**_SETTINGS, "application_name": f"televote {address.node}", **settings},
        )
        try:
            session.add_log_listener(session.hear)
            _check(*await session.fetchrow(SQL["session"]) or ())
        except BaseException:
            session.terminate()
            raise
    return session


def _check(version: int, encoding: str, fsync: str, pages: str, commit: str, *_: object) -> None:
    """Raises `Unsafe`."""
    for found, needed, why in (
        (f"version {version // 10_000}", version >= _OLDEST, "it is too old: use 14 or newer"),
        (f"server_encoding={encoding}", encoding == "UTF8", "names would not fit into it. Make it with UTF8"),
        (f"fsync={fsync}", fsync == "on", f"{_LOSES}. Set fsync = on"),
        (f"full_page_writes={pages}", pages == "on", f"{_LOSES}. Set full_page_writes = on"),
        (
            f"synchronous_commit={commit}",
            commit in ("on", "remote_apply"),
            f"{_LOSES}. Set it to on, or remote_apply, for the server, the database and the role",
        ),
    ):
        if not needed:
            raise Unsafe(f"the PostgreSQL server has {found}: {why}")


_LOSES: Final = "a power cut could lose acknowledged votes"


@contextmanager
def told() -> Iterator[None]:
    """What goes wrong inside, in our words: `Conflict` if a constraint refuses, else `Unavailable`."""
    try:
        yield
    except (
        asyncpg.IntegrityConstraintViolationError,
        asyncpg.DeadlockDetectedError,
        asyncpg.SerializationError,
    ) as error:
        raise Conflict(said(error)) from error
    except asyncpg.TargetServerAttributeNotMatched as error:
        raise Unavailable("the PostgreSQL server is a standby, or takes no writes") from error
    except _FAILURES as error:
        raise Unavailable(f"PostgreSQL: {said(error)}") from error


def said(error: Exception) -> str:
    """What may be shown of an error: not what was sent, which a client's own errors and details quote."""
    if isinstance(error, asyncpg.PostgresError) and not isinstance(error, asyncpg.DataError) and error.args:
        return str(error.args[0]).partition("\n")[0]
    return getattr(error, "strerror", None) or type(error).__name__
