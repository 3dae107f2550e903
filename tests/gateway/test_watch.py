"""What is seen from outside: metrics that Prometheus can read and that stay few, log lines without input."""

import asyncio
import io
import json
import logging
import math
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import pytest
import structlog
from aiohttp.http_exceptions import BadHttpMessage
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from structlog.testing import capture_logs

import gateway
from gateway.asking import siblings
from gateway.intake.inbound import Inbound
from gateway.storage.store import Unavailable
from gateway.watching import watch
from tally.outcome import MessageOutcome
from tests.conftest import CLOSES_MS, House, Visitor

CAMPAIGN = "beita-2018"
CANARY, CANARY_TEXT = "13877766655", "暗号珊瑚"


@pytest.fixture(name="log")
def _log() -> Iterator[io.StringIO]:
    """What is logged, from debug upwards."""
    handlers, stream = list(logging.getLogger().handlers), io.StringIO()
    watch.log_to(stream, "debug")
    yield stream
    logging.getLogger().handlers[:] = handlers
    structlog.reset_defaults()


def families(text: str) -> dict[str, Metric]:
    """An exposition, as Prometheus reads it."""
    return {family.name: family for family in text_string_to_metric_families(text)}


async def exposition(visitor: Visitor) -> str:
    await visitor.server.board.refresh()
    status, text = await visitor.get("/metrics", token=True)
    assert status == 200
    return text


async def values(visitor: Visitor) -> dict[str, float]:
    """Every sample by its name and labels, as in `televote_requests_total reason=ok source=sms`."""
    found = {}
    for family in families(await exposition(visitor)).values():
        for sample in family.samples:
            labels = [f"{name}={value}" for name, value in sorted(sample.labels.items())]
            found[" ".join([sample.name, *labels])] = sample.value
    return found


# The linter: https://prometheus.io/docs/practices/naming/ as far as a machine can hold us to it.

LABELS = {
    *("source", "outcome", "status", "reason", "result", "campaign", "witness"),
    *("le", "version", "python", "sqlite", "node"),
}
#: What a name may end in, the `_total` of a counter left out.
UNITS = (
    "seconds",
    "steps",
    "bytes",
    "ratio",
    "info",
    "messages",
    "redeliveries",
    "requests",
    "failures",
    "entries",
    "replies",
)
#: Gauges that are 1 or 0.
STATES = {
    "televote_ready",
    "televote_campaign_open",
    "televote_anomalies",
    "televote_balanced",
    "televote_certified",
    "televote_node_up",
}


def lint(text: str) -> list[str]:
    """What is wrong with an exposition."""
    wrong = [
        f"{name}: _total is for counters, and for all of them"
        for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
        if (kind == "counter") != name.endswith("_total")
    ]
    for family in families(text).values():
        wrong += [f"{family.name}: {told}" for told in lint_family(family)]
        wrong += [f"{family.name}: {told}" for sample in family.samples for told in lint_sample(sample)]
    return wrong


def lint_family(family: Metric) -> Iterator[str]:
    name = family.name
    if not re.fullmatch(r"televote_[a-z]+(_[a-z]+)*", name):
        yield "no name of ours"
    if name not in STATES and not name.endswith(UNITS):
        yield "no base unit"
    if re.search(r"(milli|micro|nano|kilo|mega)|_(ms|us|ns|kb|mb|minutes|hours|days|percent)(_|$)", name):
        yield "not a base unit"
    if not re.fullmatch(r"[A-Z1].{9,}\.", family.documentation):
        yield "no help text"
    if family.type not in ("counter", "gauge", "histogram"):
        yield f"of type {family.type}"
    if name in STATES and any(sample.value not in (0, 1) for sample in family.samples):
        yield "neither 0 nor 1"


def lint_sample(sample: Sample) -> Iterator[str]:
    if not math.isfinite(sample.value) or sample.value < 0:
        yield "a value that is none"
    if not sample.labels.keys() <= LABELS:
        yield "a label that is not known here"
    if sample.name.endswith("_created"):
        yield "noise"


@pytest.mark.parametrize(
    ("name", "kind", "about", "wrong"),
    [
        ("votes_total", "counter", "Votes, all of them.", "no name of ours"),
        ("televote_requests", "counter", "Requests, all of them.", "_total is for counters"),
        ("televote_requests_total", "gauge", "Requests, all of them.", "_total is for counters"),
        ("televote_commit_ms", "gauge", "How long a commit took.", "base unit"),
        ("televote_commit_seconds", "gauge", "", "no help text"),
        ('televote_commit_seconds{caller="x"}', "gauge", "How long a commit took.", "a label"),
        ("televote_ready", "gauge", "Whether it is ready.", "neither 0 nor 1"),
    ],
)
def test_the_linter_sees_what_is_wrong(name: str, kind: str, about: str, wrong: str) -> None:
    family = name.partition("{")[0]
    told = lint(f"# HELP {family} {about}\n# TYPE {family} {kind}\n{name} 2\n")
    assert any(wrong in one for one in told), told


async def test_every_metric_is_named_and_explained(house: House) -> None:
    async with house.serve() as visitor:
        await visitor.vote("13812345678", "A01", "m1")
        await visitor.vote("13812345678", "A01", "m1")
        text = await exposition(visitor)
    assert lint(text) == []
    assert lint(siblings.joined({"n1": text, "n1-2": text, "n1-3": None}).decode()) == []
    assert families(text).keys() >= {
        *("televote_messages", "televote_redeliveries", "televote_requests", "televote_commit_failures"),
        *("televote_commit_duration_seconds", "televote_source_last_message_timestamp_seconds"),
        *("televote_queue_messages", "televote_ready", "televote_campaign_open", "televote_ledger_entries"),
        "televote_ledger_signed_entries",
        *("televote_balanced", "televote_build_info"),
    }


async def test_metrics_are_behind_the_token(house: House) -> None:
    async with house.serve() as visitor:
        status, text = await visitor.get("/metrics")
        assert (status, "televote_" in text) == (401, False)
        status, _ = await visitor.get(f"/metrics?token={house.secret('api.token')}")
        assert status == 401
        status, _ = await visitor.get("/metrics", token=True)
        assert status == 200
    house.edit(house.settings, '[api]\ntoken_file = "api.token"', "")
    async with house.serve() as visitor:
        status, _ = await visitor.get("/metrics")
        assert status == 404, "without a token in the settings there are none"


async def test_the_values_are_right_after_a_scripted_day(house: House) -> None:
    async with house.serve() as visitor:
        assert await visitor.vote("13812345678", "A01", "m1") == 200
        assert await visitor.vote("13812345678", "A01", "m1") == 200, "again"
        assert await visitor.vote("13812345678", "A02", "m2") == 200, "a repeat"
        assert await visitor.kannel("13912345678", "A01 B03", "k1") == 200
        assert await visitor.kannel("13912345678", "你好", "k2") == 200
        assert await visitor.kannel("anonymous", "A01", "k3") == 200
        assert await visitor.send(b"no json", "m3") == 200
        assert await visitor.send(b"no json", "m3") == 200, "again"
        hotline = visitor.service.sources["hotline"]
        await visitor.service.take(
            hotline, [Inbound(f"c{n}", f"5{n:06d}", "A03", sent_ms=house.clock.ms) for n in range(3)]
        )
        house.clock.ms += 5_500
        assert await visitor.kannel("13912345678", "A99", "k4") == 200
        async with visitor.session.get(f"{visitor.server.url}/in/sim/wrong") as answer:
            assert answer.status == 403
        async with visitor.session.post(f"{visitor.server.url}/in/{CANARY}") as answer:
            assert answer.status == 404
        found = await values(visitor)
        messages = {name: count for name, count in found.items() if "messages_total" in name}
        assert messages == {
            "televote_messages_total outcome=counted source=sms": 1,
            "televote_messages_total outcome=repeat source=sms": 1,
            "televote_messages_total outcome=unparsed source=sms": 1,
            "televote_messages_total outcome=counted source=sim": 1,
            "televote_messages_total outcome=no_code source=sim": 1,
            "televote_messages_total outcome=withheld_caller source=sim": 1,
            "televote_messages_total outcome=unknown_code source=sim": 1,
            "televote_messages_total outcome=counted source=hotline": 3,
        }
        assert found["televote_redeliveries_total source=sms"] == 2
        requests = {name: count for name, count in found.items() if "requests_total" in name}
        assert requests == {
            "televote_requests_total reason=ok source=sms status=200": 5,
            "televote_requests_total reason=ok source=sim status=200": 4,
            "televote_requests_total reason=token source=sim status=403": 1,
            "televote_requests_total reason=unknown_source source=unknown status=404": 1,
        }
        assert found["televote_source_last_message_timestamp_seconds source=sim"] == house.clock.ms / 1000
        assert found[f"televote_ledger_entries campaign={CAMPAIGN}"] == 10 + len(("config", "open"))
        assert found[f"televote_balanced campaign={CAMPAIGN}"] == 1
        assert found[f"televote_campaign_open campaign={CAMPAIGN}"] == 1
        assert (found["televote_ready"], found["televote_queue_messages"]) == (1, 0)
        assert found["televote_commit_failures_total"] == 0
        assert found["televote_commit_duration_seconds_bucket le=+Inf"] >= 2
        house.clock.ms = CLOSES_MS
        assert (await values(visitor))[f"televote_campaign_open campaign={CAMPAIGN}"] == 0


async def test_what_could_not_be_written_shows(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_: object) -> None:
        raise Unavailable("disk full")

    async with house.serve() as visitor:
        await visitor.vote("13812345678", "A01", "m1")
        with monkeypatch.context() as patched:
            patched.setattr(type(visitor.service.store), "append", lambda _, batches: full(batches))
            assert await visitor.vote("13912345678", "A01", "m2") == 503
            found = await values(visitor)
        assert found["televote_commit_failures_total"] == 1
        assert found["televote_ready"] == 0
        assert found["televote_requests_total reason=unavailable source=sms status=503"] == 1
        assert found["televote_messages_total outcome=counted source=sms"] == 1
        assert await visitor.vote("13912345678", "A01", "m2") == 200
        assert (await values(visitor))["televote_ready"] == 1


async def test_a_ledger_that_is_not_signed_shows(house: House) -> None:
    signed, entries = (f"televote_ledger_{of}entries campaign={CAMPAIGN}" for of in ("signed_", ""))
    with capture_logs() as log:
        async with house.serve() as visitor:
            await visitor.service.publisher.tick()
            found = await values(visitor)
            assert found[signed] == found[entries] == len(("config", "open"))
            in_the_way = house.folder / "ledger" / CAMPAIGN / "n1/.checkpoint.part"
            in_the_way.mkdir()
            assert await visitor.vote("13812345678", "A01", "m1") == 200
            await visitor.service.publisher.tick()
            found = await values(visitor)
            assert (found[signed], found[entries], found["televote_ready"]) == (2, 3, 1)
            in_the_way.rmdir()
            await visitor.service.publisher.tick()
            assert (await values(visitor))[signed] == 3
    told = [line for line in log if line["event"] == "signing_postponed"]
    assert [(line["error"], line["why"]) for line in told] == [("IsADirectoryError", "Is a directory")]


def words_for_refusals() -> set[str]:
    """The fixed words with which the code refuses a request."""
    package = Path(gateway.__file__).parent
    code = "".join(file.read_text("utf-8") for file in package.rglob("*.py"))
    return set(re.findall(r'Refus(?:ed|al)\(\s*\d+,\s*"(\w+)"', code)) | {
        "ok",
        "unavailable",
        "busy",
        "stopping",
    }


async def test_strangers_cannot_make_more_series(house: House) -> None:
    """Whatever is sent, labels hold configured names, outcomes and our own words only."""
    async with house.serve() as visitor:
        url = visitor.server.url

        async def ask(method: str, path: str, **how: Any) -> None:
            async with visitor.session.request(method, url + path, **how) as answer:
                assert answer.status < 500

        for n in range(60):
            odd = f"{CANARY}{n}"
            await visitor.vote(f"138{n:08d}", f"A{n:02d} {CANARY_TEXT}", odd)
            await ask("POST", f"/in/{odd}")
            await ask("GET", f"/in/sim/{odd}?from={odd}&text=A01")
            await ask("GET", f"/in/{odd}/{odd}?{odd}={odd}")
            await ask("POST", "/in/sms", data=odd.encode(), headers={"webhook-id": odd, "x": odd})
            await ask(f"M{n}", "/in/sms")
            await ask("GET", f"/{odd}")
        found = families(await exposition(visitor))
    samples = [sample for family in found.values() for sample in family.samples]
    assert len(samples) < 80
    seen: dict[str, set[str]] = {}
    for sample in samples:
        for name, value in sample.labels.items():
            seen.setdefault(name, set()).add(value)
    assert seen["source"] <= {"sms", "sim", "hotline", "unknown"}
    assert seen["outcome"] <= set(MessageOutcome)
    assert seen["campaign"] == {CAMPAIGN}
    assert seen["status"] <= {"200", "400", "401", "403", "404", "405"}
    assert seen["reason"] <= words_for_refusals()
    assert not any(CANARY in value for values_seen in seen.values() for value in values_seen)


# Log lines


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    """What was logged: one JSON object a line, each with the time in UTC, a level and an event."""
    told = [json.loads(line) for line in log.getvalue().splitlines()]
    for line in told:
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)
        assert line["level"] in ("debug", "info", "warning", "error", "critical")
        assert re.fullmatch("[a-z_]+", line["event"])
    return told


REFUSED = {
    "unknown_source": ("POST", "/in/nobody", {}, b"", 404),
    "token": ("GET", "/in/sim/wrong", {}, b"", 403),
    "method": ("DELETE", "/in/sms", {}, b"", 405),
    "too_large": ("POST", "/in/sms", {}, b"x" * 70_000, 413),
    "content_encoding": ("POST", "/in/sms", {"Content-Encoding": "gzip"}, b"x", 415),
    "headers_missing": ("POST", "/in/sms", {}, b"x", 401),
}


async def test_a_refusal_is_one_line_with_its_reason(house: House, log: io.StringIO) -> None:
    async with house.serve() as visitor:
        for method, path, headers, body, status in REFUSED.values():
            async with visitor.session.request(
                method, visitor.server.url + path, headers=headers, data=body or None
            ) as answer:
                assert answer.status == status
                reason = (await answer.json())["error"]
            line = lines(log)[-1]
            assert (line["event"], line["level"]) == ("refused", "info")
            assert (line["status"], line["reason"]) == (status, reason)
            assert line["source"] in ("sms", "sim", "unknown")
            assert f"reason={reason}" in " ".join(await values(visitor))
    reasons = [line["reason"] for line in lines(log) if line["event"] == "refused"]
    assert len(set(reasons)) == len(REFUSED)
    assert set(reasons) <= words_for_refusals()


async def test_a_servers_life_is_told(house: House, log: io.StringIO) -> None:
    async with house.serve() as visitor:
        await visitor.vote("13812345678", "A01", "m1")
        url = visitor.server.url
    told = [(line["event"], line["level"]) for line in lines(log)]
    assert told == [
        *[("act_recorded", "info")] * 2,
        ("listening", "info"),
        ("stopping", "info"),
    ]
    acts = [line for line in lines(log) if line["event"] == "act_recorded"]
    assert [(line["campaign"], line["act"]) for line in acts] == [(CAMPAIGN, "config"), (CAMPAIGN, "open")]
    assert [line["url"] for line in lines(log) if "url" in line] == [url]


def test_the_level_is_kept() -> None:
    stream = io.StringIO()
    watch.log_to(stream, "warning")
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud", number=7)
    structlog.reset_defaults()
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["number"]) == ("loud", "warning", 7)


def test_without_a_stream_it_is_stderr_as_it_is_then(capsys: pytest.CaptureFixture[str]) -> None:
    watch.log_to()
    structlog.get_logger().info("here")
    structlog.reset_defaults()
    assert json.loads(capsys.readouterr().err)["event"] == "here"


def reader_gone() -> TextIO:
    read, write = os.pipe()
    os.close(read)
    return open(write, "w", encoding="utf-8", buffering=1)


def closed() -> TextIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [reader_gone, closed])
async def test_what_cannot_be_logged_keeps_nobody_from_an_answer(
    house: House, monkeypatch: pytest.MonkeyPatch, stream: Callable[[], TextIO]
) -> None:
    async def full(*_: object) -> None:
        raise Unavailable("disk full")

    unwritable = stream()
    watch.log_to(unwritable)
    async with house.serve() as visitor, asyncio.timeout(30):
        async with visitor.session.get(f"{visitor.server.url}/in/sim/wrong") as answer:
            assert answer.status == 403, "a refusal, of which there is a line"
        with monkeypatch.context() as patched:
            patched.setattr(type(visitor.service.store), "append", full)
            assert await visitor.vote("13912345678", "A01", "m1") == 503
        assert await visitor.vote("13912345678", "A01", "m1") == 200
    with suppress(OSError):
        unwritable.close()


async def test_senders_are_told_whatever_fails_beside_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That a commit has failed is noted after its senders know, not before."""

    def fail(*_: object, **__: object) -> None:
        raise Unavailable("disk full")

    with capture_logs():
        async with house.serve() as visitor, asyncio.timeout(30):
            monkeypatch.setattr(type(visitor.service.store), "append", fail)
            monkeypatch.setattr(type(visitor.server.metrics), "failed", fail)
            assert await visitor.vote("13912345678", "A01", "m1") == 503
            monkeypatch.undo()
            assert (await visitor.get("/readyz"))[0] == 503, "nobody writes any more"


def test_an_exception_is_its_type_and_place_without_its_words(log: io.StringIO) -> None:
    try:
        int(f"{CANARY} {CANARY_TEXT}")
    except ValueError:
        structlog.get_logger().exception("something_failed")
    logging.getLogger("asyncio").error("Task was destroyed: %s", CANARY)
    try:
        json.loads(f'{{"x": {CANARY_TEXT}}}')
    except ValueError:
        logging.getLogger("aiohttp.server").exception("Error handling %s", CANARY)
    first, second, third = lines(log)
    assert (first["event"], first["exception"]) == ("something_failed", "ValueError")
    assert first["raised_at"][0].startswith("test_watch.py:")
    assert (second["event"], second["level"], second["logger"]) == ("library", "error", "asyncio")
    assert (third["logger"], third["exception"]) == ("aiohttp.server", "JSONDecodeError")
    assert not any(word in log.getvalue() for word in (CANARY, CANARY_TEXT))


def test_the_parsers_error_is_an_error_where_a_handler_let_it_out(log: io.StringIO) -> None:
    def _handle_request() -> None:
        raise BadHttpMessage("a part's head")

    try:
        _handle_request()
    except BadHttpMessage:
        logging.getLogger("aiohttp.server").exception("Error handling request")
    (line,) = lines(log)
    assert (line["level"], line["exception"]) == ("error", "BadHttpMessage")


MALFORMED = [
    b"GET /in/sim/TOKEN?from=CANARY HTTP/9\r\n\r\n",
    b"GET /in/sim/TOKEN?from=CANARY HTTP/1.1\r\nHost : x\r\n\r\n",
    b"POST /in/sim/TOKEN?from=CANARY HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzCANARY\r\n",
    b"POST /in/sms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzCANARY\r\n",
    b"POST /in/sms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nCANARY\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: CANARYa\r\n\r\n",
    b"CANARY\r\n\r\n",
    b"GET /in/sim/TOKEN?from=CANARY&text=\xff HTTP/1.1\r\nHost: x\r\nCANARY\r\n\r\n",
]


async def test_nothing_that_was_sent_is_logged_however_broken(
    house: House, log: io.StringIO, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What aiohttp's own logger has to say of a broken request quotes it, token, number and all."""

    def fail(*_: object) -> None:
        raise ValueError(f"{CANARY} {CANARY_TEXT}")

    async with house.serve() as visitor:
        host, port = visitor.server.url.removeprefix("http://").split(":")
        token = house.secret("sim.token")
        for request in MALFORMED:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(request.replace(b"CANARY", CANARY.encode()).replace(b"TOKEN", token.encode()))
            answer = await asyncio.wait_for(reader.read(), 10)
            assert answer.startswith((b"HTTP/1.0 4", b"HTTP/1.1 4")), answer
            writer.close()
            await writer.wait_closed()
        assert {line["level"] for line in lines(log)} == {"info"}, "anybody can send such"
        for step in ("authenticate", "read"):
            with monkeypatch.context() as patched:
                patched.setattr(type(visitor.service.sources["sms"].provider), step, fail)
                assert await visitor.vote(CANARY, f"A01 {CANARY_TEXT}", CANARY) in (200, 400)
        assert await visitor.vote(CANARY, f"A01 {CANARY_TEXT}", "m1") == 200
    told = lines(log)
    assert {line["exception"] for line in told if "exception" in line} >= {"ValueError", "BadHttpMessage"}
    everything = log.getvalue() + "".join(capfd.readouterr())
    for secret in (CANARY, "3877766", CANARY_TEXT, token):
        assert secret not in everything
