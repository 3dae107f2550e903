"""Telnyx: the documented event, signed with a key of our own, for none is published."""

import base64
import json
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.intake.inbound import Inbound
from gateway.intake.provider import Answer, Refusal, Request
from tests.providers.rows import Row, Table, unparsed

KEY, NEXT_KEY = (Ed25519PrivateKey.from_private_bytes(letter * 32) for letter in (b"t", b"u"))
PUBLIC, NEXT_PUBLIC = (
    base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    for key in (KEY, NEXT_KEY)
)
NOW_MS = 1_548_267_003_000
NOW_S = NOW_MS // 1000
SENT_MS = 1_548_267_002_574
ID = "7ee4241c-f127-47e5-9c34-3aac291f8058"
OK = Answer()

#: The event of the documentation, with another text.
SMS: dict[str, Any] = {
    "record_type": "message",
    "direction": "inbound",
    "id": ID,
    "type": "SMS",
    "from": {"phone_number": "+18665550001", "carrier": "T-MOBILE USA, INC.", "line_type": "Wireless"},
    "to": [{"phone_number": "+18445550001", "status": "delivered", "line_type": "VoIP"}],
    "cc": [],
    "text": "A01",
    "media": [],
    "encoding": "GSM-7",
    "parts": 1,
    "received_at": "2019-01-23T18:10:02.574Z",
    "errors": [],
}
EVENT = {
    "record_type": "event",
    "id": "bf6307bd-884d-4c1f-b6ea-c62b8c495d3c",
    "event_type": "message.received",
    "occurred_at": "2019-01-23T18:10:02.574Z",
}


def carry(body: bytes) -> Request:
    return Request("POST", "/in/tx", {"content-type": "application/json"}, body, NOW_MS)


def sign(request: Request, key: Ed25519PrivateKey = KEY, at: int | str = NOW_S) -> Request:
    signature = base64.b64encode(key.sign(f"{at}|".encode() + request.body)).decode()
    signed = {"telnyx-signature-ed25519": signature, "telnyx-timestamp": str(at)}
    return replace(request, headers={**request.headers, **signed})


def data(event: dict[str, Any] | None = None, **changes: Any) -> bytes:
    """The documented event's data, its SMS or the event changed, or left out (...)."""
    sms = {k: v for k, v in {**SMS, **changes}.items() if v is not ...}
    return json.dumps({**EVENT, "payload": sms, **(event or {})}, ensure_ascii=False).encode()


def wrapped(inner: bytes, attempt: int = 1) -> Request:
    meta = b'"meta":{"attempt":%d,"delivered_to":"https://vote.example.org/in/tx"}' % attempt
    return sign(carry(b'{"data":' + inner + b"," + meta + b"}"))


def heard(inner: bytes, **changes: Any) -> list[Inbound]:
    return [
        Inbound(ID, "+18665550001", "A01", sent_ms=SENT_MS, sent_grain_ms=1, raw=inner)._replace(**changes)
    ]


def accepted(label: str, inner: bytes, **changes: Any) -> Row:
    return Row("accepted", label, wrapped(inner), messages=heard(inner, **changes), answer=OK)


def unread(label: str, reason: str, inner: bytes) -> Row:
    return Row("malformed", label, wrapped(inner), messages=[unparsed(reason, inner)], answer=OK)


def whole(label: str, reason: str, body: bytes) -> Row:
    return Row("malformed", label, sign(carry(body)), messages=[unparsed(reason, body)], answer=OK)


def bad(label: str, request: Request, reason: str = "bad_signature", **options: object) -> Row:
    return Row("bad_signature", label, request, refused=Refusal(403, reason), options=options)


def headed(label: str, **headers: str) -> Row:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return bad(label, replace(GOOD, headers={**GOOD.headers, **named}))


def without(name: str) -> Request:
    return replace(GOOD, headers={k: v for k, v in GOOD.headers.items() if k != name})


GOOD = wrapped(data())
SIGNATURE = GOOD.headers["telnyx-signature-ed25519"]
WIDE = data(text="投Ａ０１", **{"from": {"phone_number": "＋１８６６５５５０００１"}})
KNOWN = {"public_keys": [PUBLIC, NEXT_PUBLIC]}

ROWS = [
    accepted("the documented event", data()),
    accepted("an offset in the place of Z", data(received_at="2019-01-23T18:10:02.574000+00:00")),
    accepted("no time", data(received_at=None), sent_ms=None, sent_grain_ms=1000),
    accepted("a withheld number", data(**{"from": {"phone_number": None}}), caller=""),
    accepted("an empty text", data(text=""), text=""),
    Row(
        "accepted",
        "late by five minutes",
        replace(GOOD, received_ms=NOW_MS + 300_000),
        messages=heard(data()),
    ),
    Row(
        "accepted",
        "a report on a message of ours",
        wrapped(data({"event_type": "message.finalized"})),
        answer=OK,
    ),
    Row("rotation", "the old key", GOOD, messages=heard(data()), options=KNOWN),
    Row("rotation", "the new key", sign(GOOD, NEXT_KEY), messages=heard(data()), options=KNOWN),
    Row(
        "rotation",
        "the old key, taken out",
        GOOD,
        refused=Refusal(403, "bad_signature"),
        options={"public_keys": [NEXT_PUBLIC]},
    ),
    bad("another key", sign(GOOD, NEXT_KEY)),
    bad("another body", replace(GOOD, body=GOOD.body + b" ")),
    bad("too late", replace(GOOD, received_ms=NOW_MS + 300_001), "stale"),
    bad("too early", replace(GOOD, received_ms=NOW_MS - 300_001), "stale"),
    bad(
        "later than this source allows",
        replace(GOOD, received_ms=NOW_MS + 10_001),
        "stale",
        tolerance_seconds=10,
    ),
    bad("a time with a fraction, signed", sign(GOOD, at=f"{NOW_S}.0")),
    bad("a time of 5,000 digits, signed", sign(GOOD, at="9" * 5000)),
    headed("another time", telnyx_timestamp=str(NOW_S + 1)),
    headed("a time that is no time", telnyx_timestamp="soon"),
    headed("without padding", telnyx_signature_ed25519=SIGNATURE.rstrip("=")),
    headed("a blank before it", telnyx_signature_ed25519=f" {SIGNATURE}"),
    headed(
        "another spelling of the base64",
        telnyx_signature_ed25519=SIGNATURE[:-3] + chr(ord(SIGNATURE[-3]) + 1) + "==",
    ),
    headed("cut short", telnyx_signature_ed25519=SIGNATURE[:40]),
    headed("not ASCII", telnyx_signature_ed25519="é" * 88),
    headed("lone surrogate", telnyx_signature_ed25519="\ud800"),
    Row("no_signature", "no headers", carry(GOOD.body), refused=Refusal(401, "no_signature")),
    Row("no_signature", "no time", without("telnyx-timestamp"), refused=Refusal(401, "no_signature")),
    Row(
        "no_signature",
        "no signature",
        without("telnyx-signature-ed25519"),
        refused=Refusal(401, "no_signature"),
    ),
    unread("another event", "unknown_type", data({"event_type": "fax.received"})),
    unread("no payload", "wrong_shape", data({"payload": None})),
    unread("no sender", "no_caller_field", data(**{"from": ...})),
    unread("a sender without a number", "no_caller_field", data(**{"from": {}})),
    unread("a number that is a number", "wrong_shape", data(**{"from": {"phone_number": 1}})),
    unread("no text", "no_text_field", data(text=...)),
    unread("a text that is null, as in an MMS", "wrong_shape", data(text=None)),
    unread("no id", "no_message_id", data(id=...)),
    unread("a time in words", "bad_time", data(received_at="noon")),
    whole("no data", "wrong_shape", b'{"meta":{}}'),
    whole("a list", "not_json", b"[]"),
    Row(
        "non_ascii_digits",
        "as given",
        wrapped(WIDE),
        messages=heard(WIDE, caller="＋１８６６５５５０００１", text="投Ａ０１"),
    ),
    Row("redelivery", "the second attempt", GOOD, messages=heard(data()), again=wrapped(data(), attempt=2)),
    Row(
        "redelivery",
        "of one that cannot be read",
        wrapped(data(text=...)),
        messages=[unparsed("no_text_field", data(text=...))],
        again=wrapped(data(text=...), attempt=2),
    ),
]

TABLE = Table(
    options={"public_keys": [PUBLIC]},
    rows=ROWS,
    carry=carry,
    sign=sign,
    syntax="json",
    spoken=(
        b'{"data":{"event_type":"message.received","payload":{"id":"7001","from":{"phone_number":"+1"},"text":',
        b"}}}",
    ),
    text_field=b"text",
    signed_headers=("telnyx-signature-ed25519", "telnyx-timestamp"),
    lacks={
        "wrong_account": "a key is of one account only",
        "batch": "one message a request",
        "reply": "a reply goes through the sending API",
        "published_vectors": "none is published: the vendor's own test makes a key each time",
    },
)
