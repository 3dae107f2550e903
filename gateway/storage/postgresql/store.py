"""The store on PostgreSQL: any number of nodes, each with logs of its own, on one database.

Votes have a connection to themselves. A batch is one round trip to recall, and three to append: begin, write
every table by one statement, commit. The caps are held by the key of `claims`, whoever writes; who comes
second finds the claim taken, writes nothing at all, and decides again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Concatenate, Final, ParamSpec, TypeVar

from dedup.caps import Claim
from dedup.keys import MessageKey, VoterKey
from gateway.storage import migrate, records
from gateway.storage.blocks import CLAIMS, LEDGER, OUTBOX
from gateway.storage.database import Database
from gateway.storage.keeping import Keeping
from gateway.storage.postgresql import dialect, rows
from gateway.storage.postgresql.jobs import Workers, answer, open_session
from gateway.storage.postgresql.session import SQL, Address, Session, connect, told
from gateway.storage.postgresql.view import open_reader
from gateway.storage.reader import Reader
from gateway.storage.store import (
    Batch,
    Conflict,
    Erasure,
    Head,
    Heard,
    HeldClaim,
    Place,
    Recall,
    Unavailable,
    Unsafe,
)
from tally.verify import Stored

P = ParamSpec("P")
T = TypeVar("T")

#: No statement of the votes' takes longer. A commit may wait for a standby: then the senders are asked to try
#: again, and nothing is acknowledged.
_SECONDS: Final = 20.0
#: A process that was killed may have its name for a moment more.
_NAME_TRIES, _NAME_SECONDS = 30, 0.1
#: Every statement of the votes' finds rows by a key. Left alone, the planner reads a whole table while it is
#: small, and keeps to it as the table grows.
_BY_KEY: Final = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
#: A node that is stopped in the middle of a transaction, or while it keeps the others out, lets them go on
#: after this: its locks go with its session.
_SETTINGS: Final = {**_BY_KEY, "idle_in_transaction_session_timeout": "5s"}
_ALONE: Final = "SET idle_session_timeout = '{}'"
_CLAIM_LOCK: Final = "SELECT pg_advisory_xact_lock{how}(1702192502, {campaign})"


class PostgresStore(Keeping):
    """One node's store. Open it with `open_store`."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._workers: Workers | None = None
        self._writer: Session | None = None
        self._pid, self._recall = 0, "recall"
        self._turn = asyncio.Lock()
        self._doubtful = False  # nobody knows what has come of the last commit
        self._is_alone = False

    async def open(self) -> None:
        """Connect, bring the schema up to date, take the node's name. Raises `Unsafe`, `Unavailable`."""
        try:
            self._workers = Workers(self._address, await open_session(self._address))
            await self.run(set_up)
            await self._connect()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Wait for what runs, and let the name go."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            with suppress(Unavailable), told():
                await writer.close(timeout=_SECONDS)
        if self._workers is not None:
            workers, self._workers = self._workers, None
            await workers.close()

    async def _connect(self) -> None:
        """A connection for votes, and the node's name with it."""
        writer = await connect(self._address, _SECONDS, _SETTINGS)
        try:
            with told():
                await writer.fetch(SQL["end-own"], self._pid, self._address.node)
                await _take_name(writer, self._address.node)
                self._recall = "recall-spread" if await writer.fetchval(SQL["is-spread"]) else "recall"
        except BaseException:
            writer.terminate()
            raise
        self._writer, self._pid = writer, writer.get_server_pid()

    async def reopen(self) -> None:
        """See `store.Store`. What was in doubt is decided, and what was committed has reached the standby: a
        message that is found from now on may be acknowledged."""
        async with self._turn:
            self._drop()
            await self._connect()
            writer = self._voting()
            with told():
                await writer.execute("BEGIN; INSERT INTO probe VALUES (''); DELETE FROM probe; COMMIT")
            writer.settle()
            self._doubtful = False

    def _drop(self) -> None:
        self._doubtful = True
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.terminate()

    def _voting(self) -> Session:
        if self._writer is None:
            raise Unavailable("the database is closed")
        return self._writer

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Session]:
        """The votes' connection. After anything but a conflict it is not used again before `reopen`."""
        async with self._turn:
            if self._doubtful:
                raise Unavailable("the database has not been found again")
            if self._writer is not None and self._writer.is_closed():  # lost while nothing was under way
                if self._is_alone:  # and the lock with it
                    self._drop()
                    raise Unavailable("the database has let others in again")
                await self._connect()
            writer = self._voting()
            try:
                with told():
                    yield writer
            except Conflict:
                with suppress(Unavailable), told():
                    await writer.execute("ROLLBACK")
                raise
            except BaseException:
                self._drop()
                raise

    async def run(self, job: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `store.Store`."""
        if self._workers is None:
            raise Unavailable("the database is closed")
        return await self._workers.run(job, *args, **kwargs)

    @property
    def is_shared(self) -> bool:
        """See `store.Store`."""
        return True

    async def head(self, campaign: str, node: str, key_check: bytes) -> Head:
        """See `store.Store`."""
        return await self.run(records.head, campaign, node, key_check)

    @asynccontextmanager
    async def alone(self, head: Head, /) -> AsyncIterator[None]:
        """See `store.Store`. The lock is the votes' connection's: it goes with it."""
        async with self._writing() as writer:
            await writer.execute(_ALONE.format("10s"))
            await writer.execute(SQL["keep-others-out"], head.campaign_id)
        self._is_alone = True
        try:
            yield
        finally:
            self._is_alone = False
            with suppress(Unavailable):
                async with self._writing() as writer:
                    await writer.execute(SQL["let-others-in"], head.campaign_id)
                    await writer.execute(_ALONE.format("0"))

    async def recall(self, head: Head, heard: Sequence[Heard]) -> Recall:
        """See `store.Store`."""
        voters, messages = [one.voter for one in heard], [one.message for one in heard]
        callers = list(dict.fromkeys(voters))
        async with self._writing() as writer:
            found = await writer.fetch(SQL[self._recall], head.campaign_id, voters, messages, callers)
        places: dict[Heard, Place] = {}
        claims: list[HeldClaim] = []
        for voter, *row, channel, log, seq in found:
            claim = Claim(*row)
            if claim.cap == "message":
                places[Heard(VoterKey(voter), MessageKey(claim.period))] = Place(log, seq)
            else:
                claims.append(HeldClaim(VoterKey(voter), claim, channel))
        return Recall(places, claims)

    async def append(self, batches: Sequence[Batch]) -> None:
        """See `store.Store`. `Conflict.voters` are those of whom a claim was taken.

        Also a batch without entries moves its head, to where it is: a message that was recorded before is
        acknowledged behind a commit of its own, so on the standby, too.
        """
        written = rows.tables(batches)
        async with self._writing() as writer:
            await writer.execute("; ".join(["BEGIN", *_locks(batches)]))
            for batch in batches:
                await _stands(writer, batch)
                await _act(writer, batch)
            sql = rows.statement(tuple(written))
            counts = await writer.fetchrow(sql, *(column for table in written.values() for column in table))
            assert counts is not None, "counts are always told"
            if counts["heads"] != len(batches):
                raise Conflict("a log, or its campaign, has moved")
            claims = written.get("claims", ())
            if claims and counts["claims"] != len(claims[0]):
                taken = await writer.fetch(SQL["taken"], *claims)
                raise Conflict("a claim was taken", [VoterKey(voter) for (voter,) in taken])
            if await writer.execute("COMMIT") != "COMMIT":
                raise Unavailable("the database has not committed")
            writer.settle()

    async def entries_at(self, places: Sequence[Place]) -> list[Stored]:
        """See `store.Store`."""
        async with self._writing() as writer:
            logs, seqs = [place.log_id for place in places], [place.seq for place in places]
            return [Stored(*row) for row in await writer.fetch(SQL["entries-at"], logs, seqs)]

    async def held(self, head: Head, voters: Sequence[VoterKey]) -> Sequence[tuple[HeldClaim, Place]]:
        """See `store.Store`."""
        async with self._writing() as writer:
            found = await writer.fetch(SQL["held"], head.campaign_id, list(dict.fromkeys(voters)))
        return [
            (HeldClaim(VoterKey(voter), Claim(*claim), channel), Place(log, seq))
            for voter, *claim, channel, log, seq in found
        ]

    async def sweep(self) -> None:
        """Nothing: dead rows and the log of writes are the server's (VACUUM FULL, and its archive of WAL)."""

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """See `store.Store`."""
        return open_reader(self._address)


@asynccontextmanager
async def open_store(address: Address) -> AsyncIterator[PostgresStore]:
    """The store of a node, closed at the end. Raises `Unsafe` if another process has the node's name."""
    store = PostgresStore(address)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def _take_name(session: Session, node: str) -> None:
    for _ in range(_NAME_TRIES):
        if await session.fetchval(SQL["name-lock"], node):
            return
        await asyncio.sleep(_NAME_SECONDS)
    raise Unsafe(
        f"another process has this database open as node {node}: stop it first, or name this one otherwise"
    )


def set_up(db: Database) -> None:
    """Bring the schema up to date. Raises `Unsafe`."""
    (strangers,) = db.execute(SQL["strangers"]).fetchone()
    if strangers:
        raise Unsafe("the database has tables of something else: name one that is empty")
    try:
        migrate.apply(db, words=dialect.migration)
    except migrate.MigrationFault as error:
        raise Unsafe(str(error)) from error


def _locks(batches: Sequence[Batch]) -> list[str]:
    """Votes share their campaign, an act has it alone, and so has what rests on more than it claims: what
    they were decided on stands until they commit."""
    alone = {batch.head.campaign_id: bool(batch.acts or batch.rests) for batch in batches}
    return [
        _CLAIM_LOCK.format(how="" if how else "_shared", campaign=campaign)
        for campaign, how in sorted(alone.items())
    ]


async def _stands(session: Session, batch: Batch) -> None:
    """Raises `Conflict` if a caller has used more than was known when it was judged."""
    if batch.rests:
        rows = await session.fetch(SQL["used"], batch.head.campaign_id, list(batch.rests))
        used = {VoterKey(voter): count for voter, count in rows}
        more = [voter for voter, known in batch.rests.items() if used.get(voter, 0) != known]
        if more:
            raise Conflict("a caller has used more since", more)


async def _act(session: Session, batch: Batch) -> None:
    """What acts take back: before new claims are written, for these may use what comes free."""
    campaign = batch.head.campaign_id
    if batch.acts:
        await answer(session, CLAIMS["next-edition"], (campaign,))
    for voter, place, how in batch.yielded:
        await answer(session, CLAIMS[how], (voter, campaign, *place))
    for gone in batch.released:
        await answer(session, CLAIMS["release-candidate"], (campaign, *gone))
    for erasure in batch.erased:
        await _erase(session, campaign, erasure)


async def _erase(session: Session, campaign: int, erasure: Erasure) -> None:
    for log, spans in erasure.spans.items():
        for span in spans:
            for sql in (LEDGER["erase-entries"], LEDGER["erase-cases"], OUTBOX["forget"]):
                await answer(session, sql, (log, *span))
            for voter in erasure.voters or ():
                await answer(session, CLAIMS["erase-caller"], (voter, campaign, log, *span))
    if erasure.voters is None:
        await answer(session, CLAIMS["erase-everybody"], (campaign,))
