"""Bird: the documented message, in an envelope and without; the envelope and its signature are our own."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

from gateway.intake.inbound import Inbound
from gateway.intake.provider import Answer, Refusal, Request
from tests.providers.rows import Row, Table, unparsed

SECRET, NEXT_SECRET = "c2lnbmluZy1rZXktb2YtYmlyZA", "YW5vdGhlci1zaWduaW5nLWtleQ"
URL = "https://vote.example.org/in/bd"
NOW_MS = 1_671_697_971_000
NOW_S = NOW_MS // 1000
SENT_MS = 1_671_697_970_736
ID = "96a0b5fa-a986-453d-be5c-3117f989f025"
OK = Answer()

#: The message of the documentation (docs.bird.com, receiving messages), with another text.
SMS: dict[str, Any] = {
    "id": ID,
    "channelId": "614208aa-b153-4d5d-9989-2fddfc0ce4c3",
    "sender": {"contact": {"identifierKey": "phonenumber", "identifierValue": "+31612345678"}},
    "receiver": {"connector": {"id": "86cc4dc0-3dc0-41b7-ac43-8ec829ead56f"}},
    "body": {"type": "text", "text": {"text": "A01"}},
    "parts": [{"platformReference": "e8077d803532c0b5937c639b60216938"}],
    "status": "delivered",
    "direction": "incoming",
    "createdAt": "2022-12-22T08:32:50.736Z",
}


def carry(body: bytes) -> Request:
    return Request("POST", "/in/bd", {"content-type": "application/json"}, body, NOW_MS)


def sign(request: Request, secret: str = SECRET, at: int | str = NOW_S, url: str = URL) -> Request:
    query = request.target.partition("?")[2]
    url = f"{url}?{query}" if query else url
    signed = f"{at}\n{url}\n".encode() + hashlib.sha256(request.body).digest()
    signature = base64.b64encode(hmac.digest(secret.encode(), signed, "sha256")).decode()
    named = {"messagebird-signature": signature, "messagebird-request-timestamp": str(at)}
    return replace(request, headers={**request.headers, **named})


def written(**changes: Any) -> bytes:
    """The documented message with some of it changed, or left out (...)."""
    kept = {k: v for k, v in {**SMS, **changes}.items() if v is not ...}
    return json.dumps(kept, ensure_ascii=False).encode()


def event(**changes: Any) -> Request:
    head = b'{"service":"channels","event":"sms.inbound","payload":'
    return sign(carry(head + written(**changes) + b"}"))


def said(text: object) -> dict[str, Any]:
    return {"type": "text", "text": {"text": text}}


def from_number(number: object) -> dict[str, Any]:
    return {"contact": {"identifierKey": "phonenumber", "identifierValue": number}}


def heard(request: Request, **changes: Any) -> list[Inbound]:
    sample = Inbound(ID, "+31612345678", "A01", sent_ms=SENT_MS, sent_grain_ms=1, raw=request.body)
    return [sample._replace(**changes)]


def accepted(label: str, request: Request, **changes: Any) -> Row:
    return Row("accepted", label, request, messages=heard(request, **changes), answer=OK)


def unread(label: str, reason: str, request: Request) -> Row:
    return Row("malformed", label, request, messages=[unparsed(reason, request.body)], answer=OK)


def bad(label: str, request: Request, reason: str = "bad_signature", **options: object) -> Row:
    return Row("bad_signature", label, request, refused=Refusal(403, reason), options=options)


def headed(label: str, name: str, value: str) -> Row:
    return bad(label, replace(GOOD, headers={**GOOD.headers, name: value}))


def without(name: str) -> Row:
    request = replace(GOOD, headers={k: v for k, v in GOOD.headers.items() if k != name})
    return Row("no_signature", f"no {name}", request, refused=Refusal(401, "no_signature"))


SIGNED = ("messagebird-signature", "messagebird-request-timestamp")
GOOD = event()
SIGNATURE = GOOD.headers["messagebird-signature"]
QUERIED = sign(replace(carry(GOOD.body), target="/in/bd?b=1&a=%20"))
WIDE = event(body=said("投Ａ０１"), sender=from_number("＋３１６１２３４５６７８"))
KNOWN = {"secrets": [SECRET, NEXT_SECRET]}

ROWS = [
    accepted("in an envelope", GOOD),
    accepted("without an envelope", sign(carry(written()))),
    accepted("a query", QUERIED),
    accepted("no time", event(createdAt=...), sent_ms=None, sent_grain_ms=1000),
    accepted("a withheld number", event(sender=from_number(None)), caller=""),
    accepted("an empty text", event(body=said("")), text=""),
    Row("accepted", "how a message of ours fared", event(direction="outgoing"), answer=OK),
    Row("rotation", "the old key", GOOD, messages=heard(GOOD), options=KNOWN),
    Row("rotation", "the new key", sign(GOOD, NEXT_SECRET), messages=heard(GOOD), options=KNOWN),
    Row(
        "rotation",
        "the old key, taken out",
        GOOD,
        refused=Refusal(403, "bad_signature"),
        options={"secrets": [NEXT_SECRET]},
    ),
    bad("another key", sign(GOOD, NEXT_SECRET)),
    bad("another URL", sign(GOOD, url="https://vote.example.org/in/x")),
    bad("another query", replace(GOOD, target="/in/bd?x=1")),
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
    headed("another time", SIGNED[1], str(NOW_S + 1)),
    headed("a time with a line break", SIGNED[1], f"{NOW_S}\n"),
    headed("without padding", SIGNED[0], SIGNATURE.rstrip("=")),
    headed("not ASCII", SIGNED[0], "é" * 44),
    headed("lone surrogate", SIGNED[0], "\ud800"),
    *(without(name) for name in SIGNED),
    unread("an envelope that holds no object", "wrong_shape", sign(carry(b'{"payload":[]}'))),
    unread("a picture", "unknown_type", event(body={"type": "image", "image": {}})),
    unread("no id", "no_message_id", event(id=...)),
    unread("no sender", "no_caller_field", event(sender=...)),
    unread("no contact", "no_caller_field", event(sender={})),
    unread("no number", "no_caller_field", event(sender={"contact": {}})),
    unread("no body", "no_text_field", event(body=...)),
    unread("a text that is no object", "wrong_shape", event(body={"type": "text", "text": "A01"})),
    unread("a text that is null", "wrong_shape", event(body=said(None))),
    unread("no such time", "bad_time", event(createdAt="yesterday")),
    Row(
        "non_ascii_digits",
        "as given",
        WIDE,
        messages=heard(WIDE, caller="＋３１６１２３４５６７８", text="投Ａ０１"),
    ),
    Row(
        "redelivery",
        "signed anew",
        GOOD,
        messages=heard(GOOD),
        again=sign(replace(GOOD, received_ms=NOW_MS + 600_000), at=NOW_S + 600),
    ),
]

TABLE = Table(
    options={"secrets": [SECRET], "public_url": URL},
    rows=ROWS,
    carry=carry,
    sign=sign,
    syntax="json",
    spoken=(
        b'{"payload":{"id":"7001","sender":{"contact":{"identifierValue":"+31612345678"}},'
        b'"body":{"type":"text","text":{"text":',
        b"}}}}",
    ),
    text_field=b"text",
    signed_headers=SIGNED,
    signs_query=True,
    lacks={
        "wrong_account": "a key is of one workspace only",
        "batch": "one message a request",
        "reply": "a reply goes through the sending API",
        "published_vectors": "none is published for this scheme",
    },
)
