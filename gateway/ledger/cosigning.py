"""Has witnesses sign our checkpoints: after they are signed and published, beside the count.

Every few seconds the newest checkpoint of each log is handed to every witness that has not signed it, with
the proof that the log has only grown since the last one that it signed (c2sp.org/tlog-witness). Their
signatures are checked, and kept beside the checkpoint. A witness that is away is asked again later, and
delays nobody.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import aiohttp
import structlog

import gateway
from gateway.ledger.folder import Folder, Missing
from gateway.outbox import retry
from gateway.telling import Postponed
from tally import note, submission, tiles
from tally.note import BadNote, Checkpoint, Verifier
from tally.submission import Submission
from tally.tiles import BadTile

_log = structlog.get_logger()

PACE_SECONDS: Final = 2.0
_WHOLE_SECONDS, _CONNECT_SECONDS = 10.0, 5.0
_LONGEST_WAIT_SECONDS: Final = 60.0
#: How long a stop waits for what is under way; what is lost then is asked for again.
_STOP_SECONDS: Final = 1.0
_ANSWER_BYTES: Final = 64 * 1024
#: A witness that follows by itself may know more each time we ask.
_TRIES: Final = 3


class Observer(Protocol):
    """Who wants to know what witnesses say (the metrics)."""

    def witnessed(self, witness: str, result: str) -> None:
        """A witness was asked: "cosigned", "unreachable", "refused", "ahead", "unverified", "unproved"."""
        ...

    def cosigned(self, campaign: str, witness: str, entries: int) -> None:
        """A witness has signed a checkpoint of so many entries."""
        ...


class Witness(NamedTuple):
    """Whom we ask, and where."""

    key: Verifier
    url: str


class Log(NamedTuple):
    """One of our logs: where its files stand, and its own key."""

    campaign: str
    folder: Folder
    key: Verifier


@dataclass(slots=True)
class _Standing:
    """Where a witness stands with a log: the size it knows, what it signed last, when it is asked again."""

    size: int = 0
    done: str = ""
    failures: int = 0
    due: float = float("-inf")


class _Failed(Exception):
    """A witness did not sign. `result` is the word of it, with what is to be logged."""

    def __init__(self, result: str, **said: object) -> None:
        super().__init__(result)
        self.result, self.said = result, said


class Cosigning:
    """`run` it as a task, and `stop` it."""

    def __init__(
        self,
        logs: Callable[[], Sequence[Log]],
        witnesses: Sequence[Witness],
        session: aiohttp.ClientSession,
        observer: Observer,
    ) -> None:
        self._logs, self._witnesses, self._session, self._observer = logs, witnesses, session, observer
        self._standings: dict[tuple[str, str], _Standing] = {}
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Ask whoever has something to sign, until stopped."""
        postponed = Postponed("cosigning_postponed")
        while not self._stopping.is_set():
            with postponed.outlived():
                await self.round()
            with suppress(TimeoutError):
                async with asyncio.timeout(PACE_SECONDS):
                    await self._stopping.wait()

    def stop(self) -> None:
        """Let `run` end."""
        self._stopping.set()

    async def round(self) -> None:
        """Ask every witness once that has not signed the newest checkpoint, and is not to be waited for."""
        await asyncio.gather(*(self._log_round(log) for log in self._logs()))

    async def _log_round(self, log: Log) -> None:
        signed, cosigned = await asyncio.to_thread(lambda: (log.folder.checkpoint(), log.folder.cosigned()))
        if not signed:
            return
        now = asyncio.get_running_loop().time()
        due = [
            (witness, standing)
            for witness in self._witnesses
            if (standing := self._standing(log, witness, cosigned)).done != signed and standing.due <= now
        ]
        asked = (self._ask(log, witness, standing, signed) for witness, standing in due)
        answers = await asyncio.gather(*asked)
        vouched = [one for one in answers if one]
        if vouched:
            await asyncio.to_thread(self._keep, log, signed, vouched)
        for (_, standing), answer in zip(due, answers, strict=True):
            if answer:  # and it is kept: else it is asked once more
                standing.done = signed

    def _standing(self, log: Log, witness: Witness, cosigned: str) -> _Standing:
        """Where it stands; at first, as an earlier run has left it."""
        key = (log.key.name, witness.key.name)
        if key not in self._standings:
            standing = self._standings[key] = _Standing()
            with suppress(BadNote):
                known = note.read_checkpoint(note.open_note(cosigned, [witness.key]))
                standing.size, standing.done = known.size, note.kept_of(cosigned, [log.key])
                self._observer.cosigned(log.campaign, witness.key.name, known.size)
        return self._standings[key]

    def _keep(self, log: Log, signed: str, vouched: Sequence[str]) -> None:
        """Keep what was signed of it by now, in the order of the settings."""
        known = note.joined(signed, log.folder.cosigned())
        for one in vouched:
            known = note.joined(known, one)
        whole = signed
        for witness in self._witnesses:
            with suppress(BadNote):
                whole = note.joined(whole, note.kept_of(known, [witness.key]))
        log.folder.put_cosigned(whole)

    async def _ask(self, log: Log, witness: Witness, standing: _Standing, signed: str) -> str:
        """What the witness has signed of it, "" if it has not. Raises nothing but cancellation."""
        name, now = witness.key.name, asyncio.get_running_loop().time()
        try:
            vouched = await self._vouched(log, witness, standing, signed)
        except _Failed as failed:
            standing.failures += 1
            wait = min(_LONGEST_WAIT_SECONDS, retry.backoff(standing.failures, random.random()))  # noqa: S311 -- to spread retries
            standing.due = now + wait
            self._observer.witnessed(name, failed.result)
            tell = _log.error if failed.result in ("refused", "ahead", "unverified") else _log.warning
            tell(f"witness_{failed.result}", campaign=log.campaign, witness=name, **failed.said)
            return ""
        if vouched:
            if standing.failures:
                _log.info("witness_signs_again", campaign=log.campaign, witness=name)
            standing.failures, standing.due = 0, float("-inf")
            self._observer.witnessed(name, "cosigned")
            self._observer.cosigned(log.campaign, name, standing.size)
        return vouched

    async def _vouched(self, log: Log, witness: Witness, standing: _Standing, signed: str) -> str:
        """The note as the witness has signed it; "" if it knows a newer one already. Raises `_Failed`."""
        now = note.read_checkpoint(note.open_note(signed, [log.key]))
        for _ in range(_TRIES):
            body = await asyncio.to_thread(_body, log, now, standing.size, signed)
            status, kind, answer = await self._post(f"{witness.url}/add-checkpoint", body)
            if status == 200:
                try:
                    vouched = note.kept_of(signed + answer.decode("utf-8", "replace"), [witness.key])
                except BadNote:
                    raise _Failed("unverified") from None
                standing.size = now.size
                return vouched
            known = submission.read_size(answer) if (status, kind) == (409, submission.SIZE_TYPE) else None
            if known is None:
                raise _Failed("refused", status=status)
            if known > now.size:
                return await self._newer(log, known)
            standing.size = known
        raise _Failed("refused", status=409)

    async def _newer(self, log: Log, known: int) -> str:
        """The witness has seen more than we hand in: that is right only if we have signed it meanwhile."""
        newest = await asyncio.to_thread(log.folder.checkpoint)
        size = note.read_checkpoint(note.open_note(newest, [log.key])).size
        if known > size:
            raise _Failed("ahead", entries=known, ours=size)
        return ""

    async def _post(self, url: str, body: bytes) -> tuple[int, str, bytes]:
        try:
            async with self._session.post(url, data=body, allow_redirects=False) as answer:
                content = bytearray()
                async for chunk in answer.content.iter_any():
                    content += chunk
                    if len(content) > _ANSWER_BYTES:
                        break
                return answer.status, answer.content_type, bytes(content[:_ANSWER_BYTES])
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _Failed("unreachable", error=type(error).__name__) from None


def _body(log: Log, now: Checkpoint, old: int, signed: str) -> bytes:
    """What is handed in. Its proof is checked: a damaged tile must not accuse us. Raises `_Failed`."""
    reader = tiles.Reader(now.size, log.folder.read)
    try:
        proof = reader.consistency(old)
        if old and not tiles.proves_consistency(old, now.size, proof, reader.root(old), now.root):
            raise _Failed("unproved")
    except (BadTile, Missing):
        raise _Failed("unproved") from None
    return Submission(old, tuple(proof), signed).pack()


@asynccontextmanager
async def at_work(
    logs: Callable[[], Sequence[Log]], witnesses: Mapping[str, str], observer: Observer
) -> AsyncIterator[None]:
    """Asks the witnesses (vkey -> URL), if there are any, for as long as it is entered, to sign the newest
    checkpoint of each of these logs."""
    asked = [Witness(note.read_vkey(vkey), url) for vkey, url in witnesses.items()]
    if not asked:
        yield
        return
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=_WHOLE_SECONDS, sock_connect=_CONNECT_SECONDS),
        headers={"User-Agent": f"televote/{gateway.__version__}", "Content-Type": "text/plain"},
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        cosigning = Cosigning(logs, asked, session, observer)
        running = asyncio.create_task(cosigning.run())
        try:
            yield
        finally:
            cosigning.stop()
            await asyncio.wait([running], timeout=_STOP_SECONDS)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
