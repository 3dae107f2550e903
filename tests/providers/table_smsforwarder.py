"""SmsForwarder: our template in JSON, the app's own form, and what its signature is worth."""

import base64
import hmac
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus, urlencode

from gateway.intake.inbound import Inbound
from gateway.intake.payload import synthesised_id
from gateway.intake.provider import Answer, Refusal, Request
from tests.providers import rows
from tests.providers.rows import Row, Table, unparsed

SECRET, NEXT_SECRET = "vote-secret", "next-secret"
STAMP, NOW_MS = 1_700_000_000_001, 1_700_000_002_000
RECEIVED, RECEIVED_MS = "2023-11-15T06:13:18+08:00", 1_699_999_998_000
OK = Answer(b"OK")


def mac(stamp: object = STAMP, secret: str = SECRET) -> str:
    """As the app makes it: base64, then escaped for a URL."""
    told = f"{stamp}\n{secret}".encode()
    return quote_plus(base64.b64encode(hmac.digest(secret.encode(), told, "sha256")).decode())


ITEM = {
    "from": "+8613800138000",
    "content": "A01",
    "timestamp": str(STAMP),
    "sign": mac(),
    "received": RECEIVED,
    "sim": "SIM1_vote",
    "device": "desk",
}
FORM = {"from": "+8613800138000", "content": "A01", "timestamp": str(STAMP), "sign": mac()}


def known_as(
    caller: str = "+8613800138000",
    text: str = "A01",
    at: str = RECEIVED,
    sim: str = "SIM1_vote",
    device: str = "desk",
) -> str:
    return synthesised_id(caller, text, at, sim, device)


def carry(body: bytes) -> Request:
    return Request("POST", "/in/phone/token", {"content-type": "application/json"}, body, NOW_MS)


def post(**changes: Any) -> Request:
    return carry(rows.written(ITEM, **{name.rstrip("_"): value for name, value in changes.items()}))


def heard(request: Request, **changes: Any) -> list[Inbound]:
    made = Inbound(known_as(), "+8613800138000", "A01", sent_ms=RECEIVED_MS, raw=request.body)
    return [made._replace(**changes)]


def accepted(label: str, request: Request, **heard_as: Any) -> Row:
    return Row("accepted", label, request, messages=heard(request, **heard_as), answer=OK)


def unread(label: str, reason: str, **changes: Any) -> Row:
    request = post(**changes)
    return Row("malformed", label, request, messages=[unparsed(reason, request.body)], answer=OK)


def refused(label: str, request: Request, reason: str = "bad_signature", status: Any = 403) -> Row:
    covers = "no_signature" if reason == "no_signature" else "bad_signature"
    return Row(covers, label, request, refused=Refusal(status, reason))


def rotated(label: str, secrets: list[str], refusal: Refusal | None = None) -> Row:
    messages = () if refusal else heard(GOOD)
    return Row("rotation", label, GOOD, refused=refusal, messages=messages, options={"secrets": secrets})


GOOD = post()
#: Computed: in JSON, and on the wire in a form.
IN_JSON = "QKFvN%2FPyT6u5ZAJ4SaT52E04YjxQfz3xe%2BAMeaWT%2F70%3D"
IN_FORM = b"QKFvN%252FPyT6u5ZAJ4SaT52E04YjxQfz3xe%252BAMeaWT%252F70%253D"
BY_FORM = replace(
    carry(urlencode(FORM).encode()), headers={"content-type": "application/x-www-form-urlencoded"}
)
BY_VECTOR = replace(
    BY_FORM, body=b"from=%2B8613800138000&content=A01&timestamp=1700000000001&sign=" + IN_FORM
)
OF_FORM = {"message_id": known_as(at=str(STAMP), sim="", device=""), "sent_ms": None}
WIDE = {"from_": "＋８６１３８", "content": "投Ａ０１"}
BY_HAND = post(timestamp=str(STAMP + 60_000), sign=mac(STAMP + 60_000))

ROWS = [
    accepted("our template", GOOD),
    accepted("the app's own form", BY_FORM, **OF_FORM),
    accepted("the time as a number", post(timestamp=STAMP)),
    accepted("the signature not escaped", post(sign="QKFvN/PyT6u5ZAJ4SaT52E04YjxQfz3xe+AMeaWT/70=")),
    accepted("no SIM and no device", post(sim=..., device=...), message_id=known_as(sim="", device="")),
    accepted("no time of receipt", post(received=...), message_id=known_as(at=str(STAMP)), sent_ms=None),
    accepted("no number given", post(from_=""), caller="", message_id=known_as("")),
    rotated("the old secret", [SECRET, NEXT_SECRET]),
    rotated("the new secret", [NEXT_SECRET, SECRET]),
    rotated("the old secret, taken out", [NEXT_SECRET], Refusal(403, "bad_signature")),
    refused("another secret", post(sign=mac(secret=NEXT_SECRET))),
    refused("of another time", post(timestamp=str(STAMP + 1))),
    refused("old", post(timestamp=str(NOW_MS - 300_001), sign=mac(NOW_MS - 300_001)), "stale"),
    refused("from the future", post(timestamp=str(NOW_MS + 300_001), sign=mac(NOW_MS + 300_001)), "stale"),
    refused("a date as time", post(timestamp="2023-11-15", sign=mac("2023-11-15"))),
    refused(
        "a time in other digits",
        post(timestamp="１７０００００００００１", sign=mac("１７０００００００００１")),
    ),
    refused("not ASCII", post(sign="é" * 44)),
    refused("lone surrogate", carry(GOOD.body.replace(b"QKFv", rb"\ud800"))),
    refused("escaped beyond measure", post(sign="%25" * 400)),
    refused("a list", carry(b"[" + GOOD.body + b"]"), "no_signature", 401),
    refused("two signatures", carry(BY_FORM.body + b"&sign=x")),
    refused("none", post(sign=...), "no_signature", 401),
    refused("empty", post(sign=""), "no_signature", 401),
    refused("no time", post(timestamp=...), "no_signature", 401),
    unread("no number field", "no_caller_field", from_=...),
    unread("no text", "no_text_field", content=...),
    unread("a time of receipt without its zone", "bad_time", received="2023-11-15 06:13:18"),
    unread("a SIM that is a list", "wrong_shape", sim=[]),
    Row(
        "non_ascii_digits",
        "as given",
        post(**WIDE),
        messages=heard(
            post(**WIDE),
            message_id=known_as(WIDE["from_"], WIDE["content"]),
            caller=WIDE["from_"],
            text=WIDE["content"],
        ),
    ),
    Row(
        "redelivery",
        "the same bytes a minute later",
        GOOD,
        messages=heard(GOOD),
        again=replace(GOOD, received_ms=NOW_MS + 60_000),
    ),
    Row(
        "redelivery",
        "sent again by hand",
        GOOD,
        messages=heard(GOOD),
        again=replace(BY_HAND, received_ms=NOW_MS + 60_000),
    ),
    Row("published_vectors", "computed, in JSON", post(sign=IN_JSON), messages=heard(post(sign=IN_JSON))),
    Row("published_vectors", "computed, in a form", BY_VECTOR, messages=heard(BY_VECTOR, **OF_FORM)),
]

TABLE = Table(
    options={"secrets": [SECRET]},
    rows=ROWS,
    carry=carry,
    syntax="json",
    spoken=(
        GOOD.body.partition(b'"content"')[0]
        + b'"timestamp": "1700000000001", "sign": "'
        + mac().encode()
        + b'", "content": ',
        b"}",
    ),
    text_field=b"content",
    remembers=True,
    lacks={
        "wrong_account": "a secret is of one phone only",
        "batch": "the app sends one message a request",
        "reply": "the app answers nobody with what it is told",
    },
)
