"""The door: one HTTP request in, one answer out, and nothing acknowledged that is not durable.

2xx: decided and on disk. 4xx: never from this source. 503 with Retry-After: please send again. Whatever
the input, there is no other 5xx, and no 429, which several providers do not retry.
"""

import asyncio
import hashlib
import hmac
import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from itertools import count
from typing import Any, Final, NamedTuple, Protocol

import structlog
from aiohttp import HttpVersion11, web
from multidict import CIMultiDictProxy

from gateway.intake import journey, replies
from gateway.intake.decide import Verdict
from gateway.intake.inbound import Form, Inbound
from gateway.intake.journey import Prepared
from gateway.intake.provider import Answer, Ended, Provider, Refusal, Request
from gateway.intake.recorder import Busy, Done, Recorder, Stopping
from gateway.intake.response import CLOSE, closes, respond, whole
from gateway.intake.source import Source
from gateway.storage.store import Unavailable

_log = structlog.get_logger()

Networks = Sequence[IPv4Network | IPv6Network]

#: Takes an answer's bytes, and whether the connection is kept.
Send = Callable[[bytes, bool], None]

RETRY_SECONDS: Final = 5
#: What is shed is one answer to all, and one line in the log for so long: a storm must not be fed.
_SHED_LOG_SECONDS: Final = 1.0
#: So many refusals a second of what there is no room for: each costs half a vote, and senders who
#: ask again at once would leave no time for votes. The others wait for theirs, but not for longer than this.
_SHEDS_PER_SECOND: Final = 2_000
_SHED_WITHIN_SECONDS: Final = 1.0
#: Requests that are read in one go.
_TOGETHER: Final = 16
PREFIX: Final = "/in/"

#: Why the rest of a body was not waited for.
_SLOW: Final = "slow"
#: What is answered before a body that waits for it.
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_RETRY: Final = (("Retry-After", str(RETRY_SECONDS)),)
_BUSY: Final = Answer(b'{"error": "busy"}', "application/json; charset=utf-8", 503, _RETRY)


class RequestRefused(Exception):
    """The request ends here: an HTTP status, and a fixed word for log and metrics."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Observer(Protocol):
    """Who wants to know how requests ended (the metrics)."""

    def answered(self, source: str, status: int, reason: str) -> None:
        """A request was answered; `source` is a configured name or "unknown"."""
        ...


class Head(Protocol):
    """What is asked of a request's head: aiohttp's requests have it."""

    @property
    def method(self) -> str: ...

    @property
    def raw_path(self) -> str: ...

    @property
    def headers(self) -> CIMultiDictProxy[str]: ...

    @property
    def remote(self) -> str | None: ...


class _Came(NamedTuple):
    """A request as it comes in: what its path names, our number for it, and when."""

    name: str
    token: str
    number: int
    received_ms: int

    def with_body(self, request: Head, source: Source, body: bytes) -> "_Arrived":
        """The request, once it is here whole. Raises `RequestRefused` if it is too large."""
        if len(body) > source.body_bytes:
            raise RequestRefused(413, "too_large")
        assert source.provider is not None, "the door has sources with a provider only"
        asked = Request(request.method, request.raw_path, _Headers(request.headers), body, self.received_ms)
        return _Arrived(asked, source, source.provider)


class _Arrived(NamedTuple):
    """A request that is here whole."""

    asked: Request
    source: Source
    provider: Provider

    def read(self) -> Sequence[Inbound]:
        """Its messages. Raises `RequestRefused`."""
        try:
            return _read(self.provider, self.asked)
        finally:
            self.asked.memo.clear()  # so that a form that was read does not wait with its request
            for errand in self.asked.errands:
                _log.warning(
                    "administrator_needed", source=self.source.name, what=errand.what, url=errand.url
                )

    def prepared(self, read: Sequence[Inbound]) -> list[Prepared]:
        """Its messages, ready to be recorded."""
        return [journey.prepare(self.source, one, self.asked.received_ms) for one in read]


class Assembly(Protocol):
    """What takes parts of messages (`gateway/parts`)."""

    async def take(self, source: Source, read: Sequence[Inbound], received_ms: int, /) -> Sequence[Verdict]:
        """Keep parts and record messages; the verdicts of what was recorded. Raises as `Recorder.submit`."""
        ...


class Door:
    """Takes the requests of every source. `now_ms` is our clock."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        recorder: Recorder,
        assembly: Assembly,
        observer: Observer,
        now_ms: Callable[[], int],
        trusted_proxies: Networks = (),
        read_seconds: float = 3.0,
    ) -> None:
        self._sources = {name: source for name, source in sources.items() if source.provider is not None}
        self._recorder, self._assembly = recorder, assembly
        self._observer, self._now_ms = observer, now_ms
        self._proxies, self._read_seconds = trusted_proxies, read_seconds
        self._arrived: list[tuple[_Arrived, Done]] = []
        self._assembling: set[asyncio.Task[None]] = set()
        self._shed, self._shed_at = Counter[str](), 0.0
        self._run, self._requests = secrets.token_hex(4), count(1)

    def takes(self, request: web.BaseRequest) -> bool:
        """Whether a request is one for this door."""
        return request.raw_path.startswith(PREFIX)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """`/in/{source}` and `/in/{source}/{token}`."""
        came = self._came(request)
        try:
            source = self._admit(request, came)
            arrived = came.with_body(request, source, await self._body(request, source))
            answer = self._answer(arrived, await self._recorded(arrived))
        except Busy:
            await asyncio.sleep(self._shed_in(came.name))
            return respond(request, _BUSY, came.received_ms)
        except Exception as error:  # noqa: BLE001 -- the answer tells
            return respond(request, self._refuse(came, error), came.received_ms)
        return respond(request, answer, came.received_ms)

    def begin(self, request: Head, body: bytes, send: Send) -> None:
        """The same, of a request that is here whole and keeps its connection: `send` gets the answer."""
        came = self._came(request)
        try:
            source = self._admit(request, came)
            arrived = came.with_body(request, source, body)
        except Busy:
            self._shed_later(came, send)
        except Exception as error:  # noqa: BLE001 -- the answer tells
            answer = self._refuse(came, error)
            send(whole(answer, came.received_ms), not closes(answer))
        else:
            self._arrive(arrived, _Promise(self, came, arrived, send))

    def end(self, came: _Came, arrived: _Arrived, ended: Sequence[Verdict] | Exception, send: Send) -> None:
        """Answer what `begin` has begun. Total: others wait for theirs behind it."""
        if isinstance(ended, Busy):
            self._shed_later(came, send)
            return
        try:
            answer = (
                self._refuse(came, ended) if isinstance(ended, Exception) else self._answer(arrived, ended)
            )
        except Exception as error:  # noqa: BLE001 -- the answer tells
            answer = self._refuse(came, error)
        try:
            send(whole(answer, came.received_ms), not closes(answer))
        except Exception as error:  # noqa: BLE001 -- its connection is broken: it is sent again, and known
            _log.error("fault", source=arrived.source.name, exc_info=error)

    def _came(self, request: Head) -> _Came:
        name, _, token = request.raw_path.partition("?")[0][len(PREFIX) :].partition("/")
        return _Came(name, token, next(self._requests), self._now_ms())

    def _answer(self, arrived: _Arrived, verdicts: Sequence[Verdict]) -> Answer:
        source = arrived.source
        ended = [Ended(verdict.outcome, _reply(source, verdict)) for verdict in verdicts]
        answer = arrived.provider.answer(arrived.asked, ended)
        self._observer.answered(source.name, answer.status, "ok")
        return answer

    async def _recorded(self, arrived: _Arrived) -> Sequence[Verdict]:
        """The verdicts on a request's messages, once they are durable."""
        done: asyncio.Future[list[Verdict]] = asyncio.get_running_loop().create_future()
        self._arrive(arrived, done)
        return await done

    def _arrive(self, arrived: _Arrived, done: Done) -> None:
        """Have a request read and recorded.

        Requests that arrive together are read together: the same work in a row costs less than the same
        work between the steps of HTTP.
        """
        if not self._arrived:
            asyncio.get_running_loop().call_soon(self._read_some)
        self._arrived.append((arrived, done))

    def _read_some(self) -> None:
        """Read what has arrived, and hand it on; with a pause, so that a flood keeps nobody waiting."""
        together = max(_TOGETHER, len(self._arrived) // 2)
        some, self._arrived = self._arrived[:together], self._arrived[together:]
        if self._arrived:
            asyncio.get_running_loop().call_soon(self._read_some)
        for arrived, done in some:
            if done.done():
                continue  # its sender has gone
            try:
                read = arrived.read()
                if any(one.part for one in read):
                    self._assemble(arrived, read, done)
                elif read:
                    self._recorder.put(arrived.source.running, arrived.prepared(read), done)
                else:
                    done.set_result([])
            except Exception as error:  # noqa: BLE001 -- it is this request's, and told to its sender
                done.set_exception(error)

    def _assemble(self, arrived: _Arrived, read: Sequence[Inbound], done: Done) -> None:
        """Hand over what has parts of messages in it."""

        async def assemble() -> None:
            try:
                taken = await self._assembly.take(arrived.source, read, arrived.asked.received_ms)
            except Exception as error:  # noqa: BLE001 -- as above
                if not done.done():
                    done.set_exception(error)
            else:
                if not done.done():
                    done.set_result(list(taken))

        task = asyncio.create_task(assemble())
        self._assembling.add(task)
        task.add_done_callback(self._assembling.discard)

    def _admit(self, request: Head, came: _Came) -> Source:
        """What can be refused before a byte of the body is read.

        What there is no room for is refused before anything else is looked at: to read and to authenticate it
        would take the time from those who wait, and neither the caller nor the candidate can matter.
        """
        source, token = self._sources.get(came.name), came.token
        if source is None:
            raise RequestRefused(404, "unknown_source")
        if self._recorder.is_full(len(self._arrived)):
            raise Busy("too many messages are waiting")
        if request.method not in source.methods:
            raise RequestRefused(405, "method")
        if source.token:
            if not hmac.compare_digest(_digest(token), _digest(source.token.decode())):
                raise RequestRefused(403, "token")
        elif token:
            raise RequestRefused(404, "unknown_source")
        if source.allow_from and not within(client(request, self._proxies), source.allow_from):
            raise RequestRefused(403, "address")
        if (
            "Content-Encoding" in request.headers
            and request.headers["Content-Encoding"].lower() != "identity"
        ):
            raise RequestRefused(415, "content_encoding")
        return source

    async def _body(self, request: web.BaseRequest, source: Source) -> bytes:
        """The whole body; a slow or oversized one is cut off."""
        if (request.content_length or 0) > source.body_bytes:
            raise RequestRefused(413, "too_large")
        content = request.content
        if content.is_eof() and content.exception() is None:  # it came with the head: no clock is needed
            return content.read_nowait()
        _go_on(request)
        body = bytearray()
        try:
            async with asyncio.timeout(self._read_seconds):
                async for chunk in content.iter_any():
                    body += chunk
                    if len(body) > source.body_bytes:
                        raise RequestRefused(413, "too_large")
        except TimeoutError:  # several providers never send again after a 4xx, and their network may be slow
            raise RequestRefused(503, _SLOW) from None
        except (ValueError, ConnectionError, web.RequestPayloadError) as error:
            raise RequestRefused(400, "broken_body") from error
        return bytes(body)

    def _refuse(self, came: _Came, error: Exception) -> Answer:
        """What a refused sender is told: the reason in a word, and the id that our log line has."""
        name = f"{self._run}-{came.number:x}"
        source = came.name if came.name in self._sources else "unknown"
        if isinstance(error, RequestRefused):
            status, reason = error.status, error.reason
        elif isinstance(error, (Unavailable, Stopping)):
            status, reason = 503, type(error).__name__.lower()
        else:  # a fault of ours must not cost a vote: the sender is asked to send it again
            status, reason = 503, "fault"
            _log.error("fault", source=source, request_id=name, exc_info=error)
        self._observer.answered(source, status, reason)
        _log.info("refused", request_id=name, source=source, status=status, reason=reason)
        told = json.dumps({"error": reason, "request_id": name}).encode()
        ends = (CLOSE,) if reason == _SLOW else ()
        headers = (("X-Request-Id", name), *(_RETRY if status == 503 else ()), *ends)
        return Answer(told, "application/json; charset=utf-8", status, headers)

    def _shed_later(self, came: _Came, send: Send) -> None:
        """Refuse what there is no room for, in its turn."""
        told = whole(_BUSY, came.received_ms)
        asyncio.get_running_loop().call_later(self._shed_in(came.name), send, told, True)

    def _shed_in(self, source: str) -> float:
        """In how many seconds a request of the source, for which there is no room, is refused."""
        loop = asyncio.get_running_loop()
        if not self._shed:
            loop.call_later(_SHED_LOG_SECONDS, self._tell_shed)
        self._shed[source] += 1
        self._observer.answered(source, 503, "busy")
        now = loop.time()
        self._shed_at = max(now, self._shed_at) + 1 / _SHEDS_PER_SECOND
        return min(self._shed_at - now, _SHED_WITHIN_SECONDS)

    def _tell_shed(self) -> None:
        for source, requests in self._shed.items():
            _log.warning("shed", source=source, requests=requests)
        self._shed.clear()


class _Promise:
    """The `Done` of a request on a lane. A future would answer a turn of the loop later, and cost more."""

    __slots__ = ("_arrived", "_came", "_door", "_send")

    def __init__(self, door: Door, came: _Came, arrived: _Arrived, send: Send) -> None:
        self._door, self._came, self._arrived, self._send = door, came, arrived, send

    def done(self) -> bool:
        """Never: each is told once, and there is no other way for its sender to go."""
        return False

    def set_result(self, verdicts: list[Verdict], /) -> None:
        self._door.end(self._came, self._arrived, verdicts, self._send)

    def set_exception(self, error: Exception, /) -> None:
        self._door.end(self._came, self._arrived, error, self._send)


def _reply(source: Source, verdict: Verdict) -> str:
    """What the answer says to the sender of a message. A message that comes again gets no second reply."""
    if not source.reply or source.outbox is not None or verdict.redelivered:
        return ""
    return replies.reply(source, verdict.outcome, verdict.selections, verdict.receipt)


def _read(provider: Provider, asked: Request) -> Sequence[Inbound]:
    """The messages of a request. A provider that fails on an authentic one loses nothing by it."""
    try:
        refusal: Refusal | None = provider.authenticate(asked)
    except Exception as error:
        _log.exception("authenticate_failed", error=type(error).__name__)
        raise RequestRefused(400, "unreadable") from error
    if refusal is not None:
        raise RequestRefused(refusal.status, refusal.reason)
    try:
        return provider.read(asked)
    except Exception as error:  # noqa: BLE001 -- authentic: it is kept, whatever was wrong with our reading
        _log.error("read_failed", error=type(error).__name__)
        raw = asked.body or asked.target.encode("utf-8", "replace")
        return [
            Inbound("sha256:" + hashlib.sha256(raw).hexdigest(), "", "not readable", Form.UNPARSED, raw=raw)
        ]


class _Headers(Mapping[str, str]):
    """A request's headers as providers want them: few are ever asked for."""

    __slots__ = ("_given",)

    def __init__(self, given: CIMultiDictProxy[str]) -> None:
        self._given = given

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._given.getall(name))

    def get(self, name: str, default: Any = None) -> Any:
        """As every mapping's; no exception is made for what is not there."""
        found = self._given.getall(name, ())
        return ", ".join(found) if found else default

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.lower() for name in self._given))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _go_on(request: web.BaseRequest) -> None:
    """Tell a sender who waits for it (`Expect: 100-continue`) to send the body: many wait a second when they
    are not told, and some longer than we do. Whoever is not admitted is told that, and sends none."""
    if "Expect" in request.headers and request.version == HttpVersion11 and request.transport is not None:
        request.transport.write(_CONTINUE)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def client(request: Head, proxies: Networks) -> str:
    """The address the request came from: the right-most one that is not a trusted proxy's.

    `X-Forwarded-For` is believed only as far as the proxies that wrote it are trusted.
    """
    address = request.remote or ""
    if not proxies or not within(address, proxies):
        return address
    hops = [hop.strip() for line in request.headers.getall("X-Forwarded-For", ()) for hop in line.split(",")]
    for hop in reversed(hops):
        address = hop
        if not within(hop, proxies):
            break
    return address


def within(address: str, networks: Networks) -> bool:
    """Whether an address is in one of the networks. Total: what is no address is in none."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)
