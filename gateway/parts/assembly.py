"""Keeps parts until they are a message, and then has it recorded; across restarts, and once.

A part is acknowledged when it is on disk, the last one when the whole message is in the ledger. The message
counts as received when it is whole. A crash between the two costs nothing: the parts are still there, and the
message has the same id when it is put together again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from dedup import keys
from gateway.intake import journey
from gateway.intake.decide import Verdict
from gateway.intake.inbound import Inbound, Part
from gateway.intake.recorder import Recorder
from gateway.intake.running import Running
from gateway.intake.source import Source
from gateway.parts import joining, records
from gateway.parts.records import Fresh, Set
from gateway.storage.store import Store
from gateway.telling import Postponed

_TICK_SECONDS: Final = 1.0
_KEY_BYTES: Final = 64
#: How long a recorded part is still recognised: longer than any source sends it again.
_KNOWN_MS: Final = 48 * 3_600_000
#: Later than any time: when a campaign has closed, nothing waits any longer.
_EVER: Final = 1 << 62


class Assembly:
    """One for all campaigns. Every method raises as `Recorder.submit`."""

    def __init__(
        self, store: Store, recorder: Recorder, sources: Mapping[str, Source], now_ms: Callable[[], int]
    ) -> None:
        self._store, self._recorder, self._sources, self._now_ms = store, recorder, sources, now_ms
        self._postponed = Postponed("parts_postponed")
        self._envelopes = {source.running.id: _Envelope(source.running) for source in sources.values()}

    async def take(self, source: Source, read: Sequence[Inbound], received_ms: int) -> list[Verdict]:
        """Keep parts, and record messages: those that came whole, and those that became so.

        The verdicts are in the order of `read`; a part whose message is not recorded by it has none.
        """
        messages: list[Inbound] = []
        ended: list[int] = []
        for one in read:
            if one.part is None:
                messages.append(one)
                continue
            found = await self._keep(source, one, one.part, received_ms)
            joined = None if found.is_recorded else joining.whole(self._opened(source.running, found))
            if joined is not None:
                messages.append(joined)
                ended.append(found.id)
        return await self._record(source, messages, received_ms, ended)

    async def run(self) -> None:
        """Let go of what has waited long enough, for as long as the service runs."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            with self._postponed.outlived():
                await self.tick()

    async def tick(self) -> None:
        """Record what has waited long enough, as it is; once its campaign has closed, at once."""
        now_ms = self._now_ms()
        for running in {source.running.id: source.running for source in self._sources.values()}.values():
            until_ms = _EVER if running.closed else now_ms
            for found in await self._store.run(records.due, running.id, until_ms):
                if source := self._sources.get(found.source):
                    with self._postponed.outlived(set=f"{running.id}/{found.id}"):  # it may be damaged
                        parts = self._opened(running, found)
                        message = joining.whole(parts) or joining.broken(parts)
                        await self._record(source, [message], now_ms, [found.id])
            await self._store.run(records.forget, running.id, now_ms - _KNOWN_MS)

    async def _keep(self, source: Source, one: Inbound, part: Part, received_ms: int) -> Set:
        key, running = source.running.keys.message, source.running
        message_key = keys.message_key(key, source.name, f"of\0{one.caller}\0{part.reference}\0{part.of}")
        part_key = keys.message_key(key, source.name, f"part\0{one.message_id}\0{part.number}")
        sealed = self._envelopes[running.id].seal(part_key, joining.pack(one))
        until_ms = received_ms + part.wait_ms
        fresh = Fresh(source.name, message_key, part_key, received_ms, until_ms, sealed)
        return await self._store.run(records.keep, running.id, fresh)

    def _opened(self, running: Running, found: Set) -> list[Inbound]:
        envelope = self._envelopes[running.id]
        return [joining.unpack(envelope.open(*part)) for part in found.parts if part.sealed]

    async def _record(
        self, source: Source, messages: Sequence[Inbound], received_ms: int, ended: Sequence[int]
    ) -> list[Verdict]:
        if not messages:
            return []
        prepared = [journey.prepare(source, one, received_ms) for one in messages]
        verdicts = await self._recorder.submit(source.running, prepared)
        for set_id in ended:
            await self._store.run(records.finish, source.running.id, set_id)
        return verdicts


class _Envelope:
    """Seals what one campaign's parts say, each bound to its name."""

    def __init__(self, running: Running) -> None:
        self._siv = AESSIV(keys.derive(running.keys.sealing, "parts", _KEY_BYTES))
        self._campaign = running.id.encode()

    def seal(self, part_key: str, packed: bytes) -> bytes:
        return self._siv.encrypt(packed, [b"part", self._campaign, part_key.encode()])

    def open(self, part_key: str, sealed: bytes | None) -> bytes:
        return self._siv.decrypt(sealed or b"", [b"part", self._campaign, part_key.encode()])
