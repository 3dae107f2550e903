"""MessageBird: tokens written by PyJWT, and the published one; the fields of numbers and of short codes."""

import hashlib
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import jwt

from gateway.intake.inbound import Inbound
from gateway.intake.provider import Answer, Refusal, Request
from tests.providers.rows import DATA, Row, Table, unparsed

SECRET, NEXT_SECRET = "k" * 64, "l" * 64
URL = "https://vote.example.org/in/mb"
NOW_MS = 1_690_418_970_000
NOW_S = NOW_MS // 1000
SENT_MS = 1_690_418_969_000
ID = "7a76afeaef3743d28d0e4d93621235ef"
OK = Answer()

#: The parameters of real requests (nyaruka/courier, messagebird/handler_test.go), with other texts.
NUMBER = {
    "recipient": "188885551515",
    "originator": "188885551515",
    "body": "A01",
    "createdDatetime": "2023-07-27T00:49:29+00:00",
    "id": ID,
    "reference": "47b9f958c0cd4b7f9ff4ea6a4ad4b0ad",
}
SHORT_CODE = {
    "mid": ID,
    "shortcode": "51515",
    "keyword": "A01",
    "message": "A01",
    "originator": "188885551515",
    "operator": "310260",
    "receive_datetime": "20230727004929",
}


def carry(body: bytes) -> Request:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Request("POST", "/in/mb", headers, body, NOW_MS)


def sign(request: Request, secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> Request:
    """Sign as MessageBird does; claims changed, or left out (...)."""
    query = request.target.partition("?")[2]
    url = f"{URL}?{query}" if query else URL
    claims = {
        "iss": "MessageBird",
        "nbf": NOW_S,
        "exp": NOW_S + 60,
        "jti": "93e55006-a0e8-4526-a190-fa5ff00ea116",
        "url_hash": hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest(),
        "payload_hash": hashlib.sha256(request.body).hexdigest() if request.body else ...,
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not ...}
    token = jwt.encode(kept, secret, algorithm=algorithm)
    return replace(request, headers={**request.headers, "messagebird-signature-jwt": token})


def form(params: dict[str, str] = NUMBER, **changes: str | None) -> bytes:
    """Real parameters with some changed, or left out (None)."""
    return urlencode({k: v for k, v in {**params, **changes}.items() if v is not None}).encode()


def post(params: dict[str, str] = NUMBER, **changes: str | None) -> Request:
    return sign(carry(form(params, **changes)))


def heard(request: Request, **changes: Any) -> list[Inbound]:
    raw = request.target.partition("?")[2].encode() if request.method == "GET" else request.body
    return [Inbound(ID, "+188885551515", "A01", sent_ms=SENT_MS, raw=raw)._replace(**changes)]


def accepted(label: str, request: Request, options: dict[str, object] | None = None, **changes: Any) -> Row:
    read = heard(request, **changes)
    return Row("accepted", label, request, messages=read, answer=OK, options=options or {})


def unread(label: str, reason: str, request: Request) -> Row:
    return Row("malformed", label, request, messages=[unparsed(reason, request.body)], answer=OK)


def bad(label: str, request: Request, reason: str = "bad_signature", **options: object) -> Row:
    return Row("bad_signature", label, request, refused=Refusal(403, reason), options=options)


def headed(label: str, token: str) -> Row:
    return bad(label, replace(GOOD, headers={"messagebird-signature-jwt": token}))


def vector(spoil: bool) -> Row:
    """The published token is for a text that is no form."""
    url, _, query = VECTOR["url"].partition("?")
    body = VECTOR["body"].encode() + b"!" * spoil
    headers = {"messagebird-signature-jwt": VECTOR["token"]}
    return Row(
        "published_vectors",
        f"{VECTOR['source']}{', with another body' if spoil else ''}",
        Request("POST", f"/in/mb?{query}", headers, body, VECTOR["at"] * 1000),
        refused=Refusal(403, "bad_signature") if spoil else None,
        messages=() if spoil else [unparsed("no_message_id", body)],
        options={"secrets": [VECTOR["secret"]], "public_url": url},
    )


VECTOR = json.loads((DATA / "vectors.json").read_text("utf-8"))["messagebird"]
GOOD = post()
TOKEN = GOOD.headers["messagebird-signature-jwt"]
GET = sign(replace(carry(b""), method="GET", target=f"/in/mb?{form().decode()}"))
QUERIED = sign(replace(carry(form()), target="/in/mb?b=1&a=%20"))
WIDE = post(body="投Ａ０１", originator="１８８８８５５５１５１５")
KNOWN = {"secrets": [SECRET, NEXT_SECRET]}

ROWS = [
    accepted("a number, by POST", GOOD),
    accepted("a number, by GET", GET),
    accepted("a query beside the form", QUERIED),
    accepted("a short code", post(SHORT_CODE)),
    accepted(
        "a short code, in Amsterdam",
        post(SHORT_CODE),
        {"timezone": "Europe/Amsterdam"},
        sent_ms=SENT_MS - 2 * 3_600_000,
    ),
    accepted(
        "the time in other letters", post(createdDatetime=None, CreatedDatetime=NUMBER["createdDatetime"])
    ),
    accepted("no time", post(createdDatetime=None), sent_ms=None),
    accepted("the same id twice", sign(carry(form() + b"&id=" + ID.encode()))),
    accepted("HS384", sign(carry(form()), algorithm="HS384")),
    accepted("HS512", sign(carry(form()), algorithm="HS512")),
    accepted("just out of time, within what clocks may differ", replace(GOOD, received_ms=NOW_MS + 90_000)),
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
    bad("another body", replace(GOOD, body=form(body="B01"))),
    bad("another query", replace(GOOD, target="/in/mb?x=1")),
    bad("another URL", sign(GOOD, url_hash=hashlib.sha256(b"https://vote.example.org/in/x").hexdigest())),
    bad("another issuer", sign(GOOD, iss="NotMessageBird")),
    bad("no issuer", sign(GOOD, iss=...)),
    bad("no hash of the body", sign(GOOD, payload_hash=...)),
    bad("a hash of no body", sign(GET, payload_hash=hashlib.sha256(b"").hexdigest())),
    bad("no end", sign(GOOD, exp=...)),
    bad("no beginning", sign(GOOD, nbf=...)),
    bad("an end in words", sign(GOOD, nbf=NOW_S, exp=True)),
    bad("over", replace(GOOD, received_ms=NOW_MS + 90_001), "stale"),
    bad("not yet", replace(GOOD, received_ms=NOW_MS - 30_001), "stale"),
    bad(
        "over, where clocks may differ by a second",
        replace(GOOD, received_ms=NOW_MS + 62_000),
        "stale",
        tolerance_seconds=1,
    ),
    headed("signed by nobody", jwt.encode({"iss": "MessageBird"}, None, algorithm="none")),
    headed("without its signature", TOKEN.rpartition(".")[0] + "."),
    headed("in two parts", TOKEN.rpartition(".")[0]),
    headed("in four parts", f"{TOKEN}.x"),
    headed("a blank after it", f"{TOKEN} "),
    headed("not ASCII", "é.é.é"),
    headed("lone surrogate", f"\ud800{TOKEN}"),
    Row("no_signature", "none", carry(form()), refused=Refusal(401, "no_signature")),
    Row(
        "no_signature",
        "empty",
        replace(GOOD, headers={"messagebird-signature-jwt": ""}),
        refused=Refusal(401, "no_signature"),
    ),
    unread("no id", "no_message_id", post(id=None)),
    unread("an id by both names", "repeated_field", post(mid="1")),
    unread("a text by both names", "repeated_field", post(message="A01")),
    unread("no sender", "no_caller_field", post(originator=None)),
    unread("no text", "no_text_field", post(body=None)),
    unread("two texts", "repeated_field", sign(carry(form() + b"&body=B01"))),
    unread("a time without a zone", "bad_time", post(createdDatetime="2023-07-27T00:49:29")),
    unread("no such time", "bad_time", post(SHORT_CODE, receive_datetime="20230732004929")),
    Row(
        "non_ascii_digits",
        "as given",
        WIDE,
        messages=heard(WIDE, caller="+１８８８８５５５１５１５", text="投Ａ０１"),
    ),
    Row(
        "redelivery",
        "signed anew",
        GOOD,
        messages=heard(GOOD),
        again=sign(replace(GOOD, received_ms=NOW_MS + 600_000), nbf=NOW_S + 600, exp=NOW_S + 660),
    ),
    vector(spoil=False),
    vector(spoil=True),
]

TABLE = Table(
    options={"secrets": [SECRET], "public_url": URL},
    rows=ROWS,
    carry=carry,
    sign=sign,
    syntax="form",
    spoken=(form(body=None) + b"&body=", b""),
    text_field=b"body",
    signed_headers=("messagebird-signature-jwt",),
    signs_query=True,
    lacks={
        "wrong_account": "a key is of one account only",
        "batch": "one message a request",
        "reply": "a reply goes through the sending API",
    },
)
