"""Sinch: the sample of its SDK's tests, and the signature that the SDK checks."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

from gateway.intake.inbound import Inbound
from gateway.intake.provider import Answer, Refusal, Request
from tests.providers.rows import DATA, Row, Table, unparsed

SECRET, NEXT_SECRET = "foo_secret1234", "bar_secret5678"
NONCE = "01FJA8B4A7BM43YGWSG9GBV067"
NOW_MS = 1_717_660_358_000
NOW_S = NOW_MS // 1000
SENT_MS = 1_717_660_357_386
OK = Answer()

#: The sample of the SDK's tests (sinch/sinch-sdk-python), with another text.
ITEM = {
    "id": "01W4FFL35P4NC4K35SMSBATCH8",
    "type": "mo_text",
    "from": "12015555555",
    "to": "12017777777",
    "body": "A01 👋",
    "operator_id": "311071",
    "received_at": "2024-06-06T07:52:37.386Z",
}
WITH_BASIC = {"user": "sinch", "password": "geheim"}
BASIC = "Basic " + base64.b64encode(b"sinch:geheim").decode()


def carry(body: bytes) -> Request:
    return Request("POST", "/in/si/token", {"content-type": "application/json"}, body, NOW_MS)


def sign(request: Request, secret: str = SECRET, at: int | str = NOW_S, nonce: str = NONCE) -> Request:
    mac = hmac.digest(secret.encode(), request.body + f".{nonce}.{at}".encode(), hashlib.sha256)
    signed = {"": base64.b64encode(mac).decode(), "-nonce": nonce, "-timestamp": str(at)}
    named = {f"x-sinch-webhook-signature{part}": value for part, value in signed.items()}
    return replace(request, headers={**request.headers, **named})


def written(**changes: Any) -> bytes:
    """The sample with some of it changed, or left out (...)."""
    kept = {k: v for k, v in {**ITEM, **changes}.items() if v is not ...}
    return json.dumps(kept, ensure_ascii=False).encode()


def post(**changes: Any) -> Request:
    return sign(carry(written(**changes)))


def heard(request: Request, **changes: Any) -> list[Inbound]:
    sample = Inbound(
        str(ITEM["id"]), "+12015555555", "A01 👋", sent_ms=SENT_MS, sent_grain_ms=1, raw=request.body
    )
    return [sample._replace(**changes)]


def accepted(label: str, request: Request, **changes: Any) -> Row:
    return Row("accepted", label, request, messages=heard(request, **changes), answer=OK)


def unread(label: str, reason: str, request: Request) -> Row:
    return Row("malformed", label, request, messages=[unparsed(reason, request.body)], answer=OK)


def bad(label: str, request: Request, reason: str = "bad_signature", **options: object) -> Row:
    return Row("bad_signature", label, request, refused=Refusal(403, reason), options=options)


def headed(label: str, part: str, value: str) -> Row:
    return bad(label, replace(GOOD, headers={**GOOD.headers, f"x-sinch-webhook-signature{part}": value}))


def unsigned(part: str) -> Row:
    name = f"x-sinch-webhook-signature{part}"
    request = replace(GOOD, headers={k: v for k, v in GOOD.headers.items() if k != name})
    return Row("no_signature", f"no {name}", request, refused=Refusal(401, "no_signature"))


def basic(covers: str, label: str, header: str | None, refused: str = "") -> Row:
    headers = GOOD.headers if header is None else {**GOOD.headers, "authorization": header}
    return Row(
        covers,
        label,
        replace(GOOD, headers=headers),
        refused=Refusal(401, refused) if refused else None,
        messages=() if refused else heard(GOOD),
        options=WITH_BASIC,
    )


def vector(spoil: bool) -> Row:
    """The published signature is of a report by another product: genuine, and no SMS."""
    body = VECTOR["body"].encode()
    signature = VECTOR["signature"].swapcase() if spoil else VECTOR["signature"]
    named = {"": signature, "-nonce": VECTOR["nonce"], "-timestamp": VECTOR["timestamp"]}
    headers = {f"x-sinch-webhook-signature{part}": value for part, value in named.items()}
    return Row(
        "published_vectors",
        f"{VECTOR['source']}{', spoilt' if spoil else ''}",
        Request("POST", "/in/si/token", headers, body, int(VECTOR["timestamp"]) * 1000),
        refused=Refusal(403, "bad_signature") if spoil else None,
        messages=() if spoil else [unparsed("unknown_type", body)],
        options={"secrets": [VECTOR["secret"]]},
    )


def cut_at_a_dot() -> Request:
    whole = post(body="A01. B02")
    body, _, rest = whole.body.partition(b".")
    nonce = f"{rest.decode()}.{NONCE}"
    return replace(whole, body=body, headers={**whole.headers, "x-sinch-webhook-signature-nonce": nonce})


GOOD = post()
SIGNATURE = GOOD.headers["x-sinch-webhook-signature"]
WIDE = post(body="投Ａ０１", **{"from": "１２０１５５５５５５５"})
BARE = carry(written())
VECTOR = json.loads((DATA / "vectors.json").read_text("utf-8"))["sinch"]

ROWS = [
    accepted("the sample", GOOD),
    accepted("a time without a zone", post(received_at="2024-06-06T07:52:37.386")),
    accepted("a time in nanoseconds", post(received_at="2024-06-06T07:52:37.386000001Z")),
    accepted("no time", post(received_at=...), sent_ms=None, sent_grain_ms=1000),
    accepted("an empty text", post(body=""), text=""),
    Row("accepted", "a report on a message of ours", post(type="delivery_report_sms", body=...), answer=OK),
    Row("unsigned", "a source without secrets", BARE, messages=heard(BARE), options={"secrets": None}),
    Row("rotation", "the old secret", GOOD, messages=heard(GOOD), options={"secrets": [SECRET, NEXT_SECRET]}),
    Row("rotation", "the new secret", GOOD, messages=heard(GOOD), options={"secrets": [NEXT_SECRET, SECRET]}),
    Row(
        "rotation",
        "the old secret, taken out",
        GOOD,
        refused=Refusal(403, "bad_signature"),
        options={"secrets": [NEXT_SECRET]},
    ),
    bad("another secret", sign(GOOD, NEXT_SECRET)),
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
    bad("a body cut short at a dot, the rest put into the nonce", cut_at_a_dot()),
    headed("another time", "-timestamp", str(NOW_S + 1)),
    headed("another nonce", "-nonce", "01FJA8B4A7BM43YGWSG9GBV068"),
    headed("without padding", "", SIGNATURE.rstrip("=")),
    headed("not ASCII", "", "é" * 44),
    headed("lone surrogate", "", "\ud800"),
    headed("a nonce with a lone surrogate", "-nonce", "\ud800"),
    *(unsigned(part) for part in ("", "-nonce", "-timestamp")),
    basic("accepted", "with Basic beside it", BASIC),
    basic("bad_credentials", "another password", BASIC[:-4] + "AAAA", "bad_credentials"),
    basic("no_credentials", "none", None, "no_credentials"),
    unread("another type", "unknown_type", post(type="mo_binary", udh="050003010201")),
    unread("no type", "unknown_type", post(type=...)),
    unread("a type that is a list", "unknown_type", post(type=["mo_text"])),
    unread("no id", "no_message_id", post(id=...)),
    unread("no sender", "no_caller_field", post(**{"from": ...})),
    unread("no text", "no_text_field", post(body=...)),
    unread("a text that is an object", "wrong_shape", post(body={"message": "A01"})),
    unread("no such time", "bad_time", post(received_at="2024-06-31T07:52:37Z")),
    unread("two texts", "duplicate_key", sign(carry(written()[:-1] + b',"body":"B01"}'))),
    Row(
        "non_ascii_digits",
        "as given",
        WIDE,
        messages=heard(WIDE, caller="+１２０１５５５５５５５", text="投Ａ０１"),
    ),
    Row(
        "redelivery",
        "signed anew",
        GOOD,
        messages=heard(GOOD),
        again=sign(replace(GOOD, received_ms=NOW_MS + 5_000), at=NOW_S + 5, nonce="another"),
    ),
    vector(spoil=False),
    vector(spoil=True),
]

TABLE = Table(
    options={"secrets": [SECRET]},
    rows=ROWS,
    carry=carry,
    sign=sign,
    syntax="json",
    spoken=(b'{"id":"7001","type":"mo_text","from":"12015555555","body":', b"}"),
    text_field=b"body",
    signed_headers=tuple(f"x-sinch-webhook-signature{part}" for part in ("", "-nonce", "-timestamp")),
    lacks={
        "wrong_account": "a secret is of one service plan only",
        "batch": "one message a request",
        "reply": "a reply goes through the sending API",
    },
)
