"""Standard Webhooks: signed with the project's own Python library wherever that can sign at all."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from gateway.intake.inbound import Form, Inbound
from gateway.intake.provider import Answer, Ended, Refusal, Request
from tally.outcome import MessageOutcome
from tests.providers.rows import DATA, Row, Table, unparsed

SECRET, NEXT_SECRET = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"s", b"t"))
ID = "msg_2Kq0vX4bQZ"
NOW_MS = 1_531_965_600_400
NOW_S = NOW_MS // 1000
SENT, SENT_MS = "2018-07-19T09:59:58.5+08:00", 1_531_965_598_500
VOTE = {"from": "13800138000", "text": "A01", "sent_at": SENT}
ENVELOPE = {"type": "vote.received", "timestamp": "2018-07-19T10:00:00+08:00"}


def carry(body: bytes) -> Request:
    return Request("POST", "/in/relay", {"content-type": "application/json"}, body, NOW_MS)


def sign(request: Request, secret: str = SECRET, webhook: str = ID, at: int = NOW_S) -> Request:
    try:
        signature = Webhook(secret).sign(webhook, datetime.fromtimestamp(at, UTC), request.body.decode())
    except UnicodeDecodeError:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        mac = hmac.digest(key, f"{webhook}.{at}.".encode() + request.body, "sha256")
        signature = f"v1,{base64.b64encode(mac).decode()}"
    named = {"webhook-id": webhook, "webhook-timestamp": str(at), "webhook-signature": signature}
    return replace(request, headers={**request.headers, **named})


def event(data: object, **envelope: object) -> Request:
    """A signed event; `data` given as bytes goes in as it stands."""
    written = data if isinstance(data, bytes) else json.dumps(data, ensure_ascii=False).encode()
    head = json.dumps({**ENVELOPE, **envelope})[:-1].encode()
    return sign(carry(head + b', "data": ' + written + b"}"))


def heard(request: Request, **changes: Any) -> list[Inbound]:
    """What `VOTE` says, with some of it changed."""
    vote = Inbound(ID, "13800138000", "A01", Form.TEXT, SENT_MS, 100, request.body)
    return [vote._replace(**changes)]


def accepted(label: str, request: Request, **changes: Any) -> Row:
    return Row("accepted", label, request, messages=heard(request, **changes), answer=replies(""))


def replies(*texts: str) -> Answer:
    body = json.dumps({"replies": texts}, separators=(",", ":")).encode()
    return Answer(body, "application/json; charset=utf-8")


def unread(label: str, reason: str, request: Request, covers: str = "malformed") -> Row:
    return Row(
        covers,
        label,
        request,
        messages=[unparsed(reason, request.body, request.headers["webhook-id"])],
        answer=replies(""),
    )


def headed(
    label: str, covers: str = "bad_signature", reason: str = "bad_signature", **headers: str | None
) -> Row:
    """The good request with headers changed, or left out (None)."""
    named = {f"webhook-{name}": value for name, value in headers.items()}
    kept = {name: value for name, value in {**GOOD.headers, **named}.items() if value is not None}
    status = 401 if reason == "no_signature" else 403
    return Row(covers, label, replace(GOOD, headers=kept), refused=Refusal(status, reason))


def rotated(label: str, request: Request, secrets: Sequence[str], refused: bool = False) -> Row:
    refusal = Refusal(403, "bad_signature") if refused else None
    messages = () if refused else heard(request)
    return Row("rotation", label, request, refused=refusal, messages=messages, options={"secrets": secrets})


def at(label: str, sent_at: object, sent_ms: int | None = None, grain_ms: int = 1000) -> Row:
    """A time: read as it should be, or not at all."""
    request = event({**VOTE, "sent_at": sent_at})
    if sent_ms is None:
        return unread(f"time {label}", "bad_time" if isinstance(sent_at, str) else "wrong_shape", request)
    return accepted(f"time {label}", request, sent_ms=sent_ms, sent_grain_ms=grain_ms)


GOOD = event(VOTE)
SIGNATURE = GOOD.headers["webhook-signature"]
VECTOR = json.loads((DATA / "vectors.json").read_text("utf-8"))["standard_webhooks"]
VECTOR_REQUEST = Request(
    "POST",
    "/in/relay",
    {f"webhook-{name}": str(VECTOR[name]) for name in ("id", "timestamp", "signature")},
    VECTOR["body"].encode(),
    VECTOR["timestamp"] * 1000,
)
WIDE = {"from": "＋８６１３８００１３８０００", "text": "投Ａ０１"}
FULL_WIDTH = event({**VOTE, **WIDE})
KEYED = event({"from": None, "digits": "1*2#", "text": None, "id": None, "sent_at": None})
NAMED = event({**VOTE, "id": "7001"})
BATCH_ITEMS = (
    b'{"from": "1", "text": "A01", "id": "7001"}',
    b'{"from": "2", "text": "A02"}',
    b'{"from": "3", "text": "A03", "text": "A04"}',
    b"[]",
    b'{"from": "5", "digits": "5", "id": "7005"}',
)
BATCH = event(b"[" + b" ,\n".join(BATCH_ITEMS) + b"]")
BATCH_HEARD = [
    Inbound("7001", "1", "A01", raw=BATCH_ITEMS[0]),
    Inbound(f"{ID}#1", "2", "A02", raw=BATCH_ITEMS[1]),
    unparsed("duplicate_key", BATCH_ITEMS[2], f"{ID}#2"),
    unparsed("wrong_shape", BATCH_ITEMS[3], f"{ID}#3"),
    Inbound("7005", "5", "5", Form.DIGITS, raw=BATCH_ITEMS[4]),
]
FULL = event(b"[" + b",".join([BATCH_ITEMS[1]] * 1000) + b"]")
TOO_FULL = event(b"[" + b",".join([BATCH_ITEMS[1]] * 1001) + b"]")

ROWS = [
    accepted("one vote", GOOD),
    accepted(
        "keys pressed, nothing else known",
        KEYED,
        caller="",
        text="1*2#",
        form=Form.DIGITS,
        sent_ms=None,
        sent_grain_ms=1000,
    ),
    accepted("an id of its own", NAMED, message_id="7001"),
    accepted(
        "an id too long to keep",
        event({**VOTE, "id": "7" * 201}),
        message_id=f"sha256:{hashlib.sha256(b'7' * 201).hexdigest()}",
    ),
    accepted(
        "fields we do not know", event({**VOTE, "to": "10690001", "extra": {"a": [1.5, True]}}, more=[])
    ),
    accepted("at the edge of the tolerance", replace(GOOD, received_ms=(NOW_S + 300) * 1000)),
    accepted("at the other edge", replace(GOOD, received_ms=(NOW_S - 300) * 1000)),
    at("in whole seconds", "2018-07-19T09:59:58+08:00", SENT_MS - 500),
    at("in milliseconds", "2018-07-19T01:59:58.500Z", SENT_MS, 1),
    at("in nanoseconds, rounded down", "2018-07-19T01:59:58.499999999Z", SENT_MS - 1, 1),
    at("west of Greenwich", "2018-07-18 20:29:58,50-05:30", SENT_MS, 10),
    at("without a zone", "2018-07-19T09:59:58"),
    at("with a zone's name", "2018-07-19T09:59:58 Asia/Shanghai"),
    at("without seconds", "2018-07-19T09:59+08:00"),
    at("in a leap second", "2016-12-31T23:59:60Z"),
    at("on no day", "2018-02-29T09:59:58Z"),
    at("with no such offset", "2018-07-19T09:59:58+24:00"),
    at("in other digits", "２０１８-07-19T09:59:58+08:00"),
    at("as a number", 1_531_965_598),
    at("empty", ""),
    rotated("the old secret", GOOD, [SECRET, NEXT_SECRET]),
    rotated("the new secret", GOOD, [NEXT_SECRET, SECRET]),
    rotated("the old secret, taken out", GOOD, [NEXT_SECRET], refused=True),
    rotated("without prefix and padding", GOOD, [SECRET.removeprefix("whsec_").rstrip("=")]),
    headed("signature of another version", signature=SIGNATURE.replace("v1", "v2")),
    headed("version only", signature="v1"),
    headed("version and comma", signature="v1,"),
    headed("no base64", signature="v1,a"),
    headed("not ASCII", signature="v1,é"),
    headed("lone surrogate", signature="v1,\ud800"),
    headed("without padding", signature=SIGNATURE.rstrip("=")),
    headed("blanks between", signature=SIGNATURE.replace(",", ", ")),
    headed("id of another message", id="msg_other"),
    headed("id twice", id=f"{ID}, {ID}"),
    headed("id with a lone surrogate", id="\ud800"),
    headed("another time", timestamp=str(NOW_S + 1)),
    headed("time with a sign", timestamp=f"+{NOW_S}"),
    headed("time with a fraction", timestamp=f"{NOW_S}.0"),
    headed("time in other digits", timestamp="".join(chr(ord(digit) + 0xFEE0) for digit in str(NOW_S))),
    headed("time of 5,000 digits", timestamp="9" * 5000),
    Row(
        "bad_signature",
        "another body",
        replace(GOOD, body=GOOD.body + b" "),
        refused=Refusal(403, "bad_signature"),
    ),
    Row(
        "bad_signature",
        "too old",
        replace(GOOD, received_ms=(NOW_S + 300) * 1000 + 1),
        refused=Refusal(403, "stale"),
    ),
    Row(
        "bad_signature",
        "too new",
        replace(GOOD, received_ms=(NOW_S - 300) * 1000 - 1),
        refused=Refusal(403, "stale"),
    ),
    Row(
        "bad_signature",
        "older than this source allows",
        replace(GOOD, received_ms=NOW_S * 1000 + 10_001),
        refused=Refusal(403, "stale"),
        options={"tolerance_seconds": 10},
    ),
    *(
        headed(f"no {name}", "no_signature", "no_signature", **{name: None})
        for name in ("id", "timestamp", "signature")
    ),
    *(
        headed(f"empty {name}", "no_signature", "no_signature", **{name: ""})
        for name in ("id", "timestamp", "signature")
    ),
    headed("no headers", "no_signature", "no_signature", id=None, timestamp=None, signature=None),
    unread("another event", "unknown_type", event(VOTE, type="vote.deleted")),
    unread("an event without a type", "wrong_shape", sign(carry(b'{"data": {"from": "1", "text": "A01"}}'))),
    unread("no data", "wrong_shape", sign(carry(json.dumps(ENVELOPE).encode()))),
    unread("data that is text", "wrong_shape", event("A01")),
    unread("two data", "duplicate_key", sign(carry(GOOD.body[:-1] + b', "data": {}}'))),
    unread("nan beside the data", "not_a_number", sign(carry(GOOD.body[:-1] + b', "x": NaN}'))),
    unread("a key that is no text", "not_json", sign(carry(b"{1: 2}"))),
    unread("a comma too many", "not_json", sign(carry(GOOD.body[:-1] + b",}"))),
    unread("something after the end", "not_json", sign(carry(GOOD.body + b"{}"))),
    unread("text and digits", "wrong_shape", event({**VOTE, "digits": "1"})),
    unread("neither text nor digits", "no_text_field", event({"from": "13800138000"})),
    unread("no sender", "no_caller_field", event({"text": "A01"})),
    unread("a sender that is a number", "wrong_shape", event({**VOTE, "from": 13800138000})),
    unread("an id that is a number", "wrong_shape", event({**VOTE, "id": 7001})),
    unread("an empty id", "no_message_id", event({**VOTE, "id": ""})),
    unread("eight levels and one", "too_deep", event({**VOTE, "x": [[[[[[[]]]]]]]})),
    accepted("eight levels", event({**VOTE, "x": [[[[[[]]]]]]})),
    Row(
        "non_ascii_digits",
        "as given",
        FULL_WIDTH,
        messages=heard(FULL_WIDTH, caller=WIDE["from"], text=WIDE["text"]),
    ),
    Row(
        "redelivery",
        "the next attempt, signed anew",
        GOOD,
        messages=heard(GOOD),
        again=sign(replace(GOOD, received_ms=NOW_MS + 30_000), at=NOW_S + 30),
    ),
    Row(
        "redelivery",
        "of a list",
        BATCH,
        messages=BATCH_HEARD,
        again=sign(replace(BATCH, received_ms=NOW_MS + 30_000), at=NOW_S + 30),
    ),
    Row("batch", "the bad beside the good", BATCH, messages=BATCH_HEARD, answer=replies("", "", "", "", "")),
    Row("batch", "empty", event([]), messages=[], answer=replies()),
    Row(
        "batch",
        "a thousand",
        FULL,
        messages=[Inbound(f"{ID}#{n}", "2", "A02", raw=BATCH_ITEMS[1]) for n in range(1000)],
    ),
    unread("a thousand and one", "too_many_messages", TOO_FULL, covers="batch"),
    unread("a list cut off", "not_json", event(b'[{"from": "1", "text": "A01"}, {"fr'), covers="batch"),
    Row(
        "reply",
        "in order",
        event([VOTE, VOTE]),
        messages=[
            Inbound(f"{ID}#{n}", "13800138000", "A01", Form.TEXT, SENT_MS, 100, json.dumps(VOTE).encode())
            for n in (0, 1)
        ],
        ended=[Ended(MessageOutcome.COUNTED, "已收到"), Ended(MessageOutcome.REPEAT)],
        answer=replies("已收到", ""),
    ),
    Row(
        "published_vectors",
        "read as far as it is a vote",
        VECTOR_REQUEST,
        messages=[unparsed("wrong_shape", VECTOR_REQUEST.body, VECTOR_REQUEST.headers["webhook-id"])],
        options={"secrets": [VECTOR["secret"]]},
    ),
    Row(
        "published_vectors",
        "beside signatures of other versions",
        replace(
            VECTOR_REQUEST,
            headers={
                **VECTOR_REQUEST.headers,
                "webhook-signature": f"v1a,AAAA v2,x v1 {VECTOR['signature']}",
            },
        ),
        messages=[unparsed("wrong_shape", VECTOR_REQUEST.body, VECTOR_REQUEST.headers["webhook-id"])],
        options={"secrets": [VECTOR["secret"]]},
    ),
    Row(
        "published_vectors",
        "with another secret",
        VECTOR_REQUEST,
        refused=Refusal(403, "bad_signature"),
    ),
]

TABLE = Table(
    options={"secrets": [SECRET]},
    rows=ROWS,
    carry=carry,
    sign=sign,
    syntax="json",
    spoken=(b'{"type": "vote.received", "data": {"from": "13800138000", "text": ', b"}}"),
    text_field=b"text",
    signed_headers=("webhook-id", "webhook-timestamp", "webhook-signature"),
    lacks={"wrong_account": "a secret is of one source only"},
)
