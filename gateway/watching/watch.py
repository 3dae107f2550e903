"""What is watched from outside: metrics and log lines. No number and no text is in any of them."""

import logging
import platform
import sqlite3
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import suppress
from typing import Any, Final, TextIO, cast

import structlog
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import gateway
from gateway.intake.decide import Decided

# When a counter began is in our logs; beside each counter it would double the exposition.
disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no annotation

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The service's metrics: one prefix, base units, bounded labels (source, outcome, status, reason)."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.messages = Counter(
            "televote_messages", "Messages recorded, by outcome.", ["source", "outcome"], registry=registry
        )
        self.redeliveries = Counter(
            "televote_redeliveries", "Messages recognised as sent again.", ["source"], registry=registry
        )
        self.replies = Counter(
            "televote_replies",
            "Replies of outboxes, by what came of them.",
            ["source", "result"],
            registry=registry,
        )
        self.requests = Counter(
            "televote_requests",
            "Requests at /in/, by how they ended.",
            ["source", "status", "reason"],
            registry=registry,
        )
        self.witnesses = Counter(
            "televote_witness_requests",
            "Checkpoints handed to witnesses, by what came of it.",
            ["witness", "result"],
            registry=registry,
        )
        self.witnessed_entries = Gauge(
            "televote_witness_entries",
            "Entries of the log that the witness has signed last.",
            ["campaign", "witness"],
            registry=registry,
        )
        self._answered: dict[tuple[str, int, str], Counter] = {}
        self._recorded: dict[tuple[str, str], Counter] = {}
        self._heard: dict[str, int] = {}
        self.by_source(
            "televote_source_last_message_timestamp_seconds",
            "When the source was last heard.",
            lambda: {source: at_ms / 1000 for source, at_ms in self._heard.items()},
        )
        self.commit_seconds = Histogram(
            "televote_commit_duration_seconds",
            "From taking a batch to its being on disk.",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
            registry=registry,
        )
        self.commit_failures = Counter(
            "televote_commit_failures", "Batches that could not be committed.", registry=registry
        )
        Info("televote_build", "What is running.", registry=registry).info(
            {
                "version": gateway.__version__,
                "python": platform.python_version(),
                "sqlite": sqlite3.sqlite_version,
            }
        )

    def committed(self, decided: Sequence[Decided], seconds: float) -> None:
        """See `recorder.Observer`."""
        self.commit_seconds.observe(seconds)
        for one in decided:
            ended: dict[tuple[str, str], int] = {}
            for (source, _, outcome, _), messages in one.endings.items():
                ended[source, outcome] = ended.get((source, outcome), 0) + messages
            for key, messages in ended.items():
                child = self._recorded.get(key)
                if child is None:
                    child = self._recorded[key] = self.messages.labels(*key)
                child.inc(messages)
            for source, messages in one.redelivered.items():
                self.redeliveries.labels(source).inc(messages)
            for source, replies in one.unposted.items():
                self.replied(source, "no_room", replies)

    def replied(self, source: str, result: str, replies: int) -> None:
        """See `postman.Observer`."""
        self.replies.labels(source, result).inc(replies)

    def witnessed(self, witness: str, result: str) -> None:
        """See `cosigning.Observer`."""
        self.witnesses.labels(witness, result).inc()

    def cosigned(self, campaign: str, witness: str, entries: int) -> None:
        """See `cosigning.Observer`."""
        self.witnessed_entries.labels(campaign, witness).set(entries)

    def heard(self, source: str, at_ms: int) -> None:
        """See `recorder.Observer`."""
        self._heard[source] = at_ms

    def failed(self) -> None:
        """See `recorder.Observer`."""
        self.commit_failures.inc()

    def answered(self, source: str, status: int, reason: str) -> None:
        """See `receive.Observer`."""
        child = self._answered.get((source, status, reason))
        if child is None:
            child = self._answered[source, status, reason] = self.requests.labels(source, status, reason)
        child.inc()

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A gauge that is read when asked."""
        Gauge(name, text, registry=self.registry).set_function(read)

    def by_campaign(self, name: str, text: str, read: Callable[[], Mapping[str, float]]) -> None:
        """A gauge with a value for each campaign, read when asked."""
        self.registry.register(_Labelled(name, text, "campaign", read))

    def by_source(self, name: str, text: str, read: Callable[[], Mapping[str, float]]) -> None:
        """A gauge with a value for each source, read when asked."""
        self.registry.register(_Labelled(name, text, "source", read))

    def exposition(self) -> bytes:
        """The metrics as Prometheus reads them."""
        return generate_latest(self.registry)


class _Labelled(Collector):
    """A gauge with one label, read when asked."""

    def __init__(self, name: str, text: str, label: str, read: Callable[[], Mapping[str, float]]) -> None:
        self._name, self._text, self._label, self._read = name, text, label, read

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(self._name, self._text, labels=[self._label])
        for value, reading in self._read().items():
            family.add_metric([value], reading)
        yield family


def _where(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception as its type and where it was raised: its message might quote input."""
    if error := event.pop("exc_info", None):  # True where it is just being handled
        event.update(_raised(error if isinstance(error, BaseException) else sys.exc_info()[1]))
    return event


def _raised(error: BaseException | None) -> dict[str, Any]:
    if error is None:
        return {}
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
    return {"exception": type(error).__name__, "raised_at": places}


class _Libraries(logging.Handler):
    """What libraries log (aiohttp, asyncio), without their words, which quote what was sent: which library
    it was, where, and the exception's type."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        at = f"{record.filename}:{record.lineno}"
        level = logging.INFO if record.name == "aiohttp.server" and _is_the_clients(error) else record.levelno
        structlog.get_logger().log(level, "library", logger=record.name, at=at, **_raised(error))


def _is_the_clients(error: BaseException | None) -> bool:
    """Whether an error is that a client hung up, or that its bytes are no HTTP: anybody can cause as many of
    these as he likes, and nobody need be woken. The parser's own are raised where bytes are received; what
    is raised by a handler is ours."""
    if isinstance(error, ConnectionError):
        return True
    if not isinstance(error, HttpProcessingError):
        return False
    return all(
        frame.f_code.co_name != "_handle_request" for frame, _ in traceback.walk_tb(error.__traceback__)
    )


class _Lines:
    """A stream of log lines. Its disk may be full, its reader gone: what cannot be said must not keep from
    being done what it is said of."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            if self._stream is not None:  # as a process has it that was started with it closed
                self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            if self._stream is not None:
                self._stream.flush()


def log_to(stream: TextIO | None = None, level: str = "info") -> None:
    """One JSON object a line, with UTC time, level and event; context variables (request id) are added.

    `stream` is stderr if not given.
    """
    # They quote what was sent, and of each that was shown its text is kept.
    warnings.simplefilter("ignore")
    root = logging.getLogger()
    if not any(isinstance(handler, _Libraries) for handler in root.handlers):
        root.addHandler(_Libraries())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _where,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Lines(stream or sys.stderr))),
        cache_logger_on_first_use=False,
    )
