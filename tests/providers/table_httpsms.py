"""httpSMS: the event and the token as its server makes them."""

import base64
import hmac
import json
from dataclasses import replace
from typing import Any

from gateway.intake.inbound import Inbound
from gateway.intake.provider import Answer, Refusal, Request
from tests.providers import rows
from tests.providers.rows import Row, Table, unparsed

KEY, NEXT_KEY = "DGW8NwQp7mxKaSZ72Xq9v6xxxxx", "00112233445566778899"
URL = "https://vote.example.org/in/phone/token"
USER = "XtABz6zdeFMoBLoltz6SREDvRSh2"
ID = "0681b838-4157-44bb-a4ea-721e40ee7ca7"
NOW_S = 1_705_840_050
SENT_MS = 1_705_840_037_949
DATA = {
    "message_id": ID,
    "user_id": USER,
    "owner": "+37253920216",
    "encrypted": False,
    "contact": "+37253920217",
    "timestamp": "2024-01-21T12:27:17.949Z",
    "content": "3",
    "sim": "SIM1",
    "attachments": [],
}
EVENT = {
    "specversion": "1.0",
    "id": "8dca3b0a-446a-4a5d-8d2a-95314926c4ed",
    "source": "/v1/messages/receive",
    "type": "message.phone.received",
    "datacontenttype": "application/json",
    "time": "2024-01-21T12:27:29.1605708Z",
    "data": DATA,
}
CLAIMS = {
    "aud": [URL],
    "exp": NOW_S + 600,
    "iat": NOW_S,
    "iss": "api.httpsms.com",
    "nbf": NOW_S - 600,
    "sub": USER,
}


def part(value: object) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=")


def token(key: str = KEY, algorithm: str = "HS256", **claims: object) -> str:
    kept = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not ...}
    signed = part({"alg": algorithm, "typ": "JWT"}) + b"." + part(kept)
    mac = base64.urlsafe_b64encode(hmac.digest(key.encode(), signed, "sha256")).rstrip(b"=")
    return (signed + b"." + mac).decode()


def carry(body: bytes) -> Request:
    headers = {"content-type": "application/json", "x-event-type": "message.phone.received"}
    return Request("POST", "/in/phone/token", headers, body, NOW_S * 1000)


def sign(request: Request, made: str | None = None) -> Request:
    return replace(request, headers={**request.headers, "authorization": f"Bearer {made or token()}"})


def post(changed: dict[str, Any] | None = None, **changes: Any) -> Request:
    """A signed event; `changes` are to its data, `changed` to what is around it."""
    data = {name: value for name, value in {**DATA, **changes}.items() if value is not ...}
    return sign(carry(rows.written({**EVENT, "data": data}, **(changed or {}))))


def heard(request: Request, **changes: Any) -> list[Inbound]:
    made = Inbound(ID, "+37253920217", "3", sent_ms=SENT_MS, sent_grain_ms=1, raw=request.body)
    return [made._replace(**changes)]


def accepted(label: str, heard_as: dict[str, Any] | None = None, **changes: Any) -> Row:
    request = post(**changes)
    return Row("accepted", label, request, messages=heard(request, **(heard_as or {})), answer=Answer())


def unread(label: str, reason: str, request: Request) -> Row:
    return Row("malformed", label, request, messages=[unparsed(reason, request.body)], answer=Answer())


def with_token(label: str, made: str, reason: str = "bad_signature", covers: str = "bad_signature") -> Row:
    return Row(covers, label, sign(GOOD, made), refused=Refusal(403, reason))


def headed(label: str, header: str | None) -> Row:
    """The good request with another Authorization, or none."""
    headers = {name: value for name, value in GOOD.headers.items() if name != "authorization"}
    given = headers if header is None else {**headers, "authorization": header}
    return Row("no_signature", label, replace(GOOD, headers=given), refused=Refusal(401, "no_signature"))


def rotated(label: str, secrets: list[str], refusal: Refusal | None = None) -> Row:
    messages = () if refusal else heard(GOOD)
    return Row("rotation", label, GOOD, refused=refusal, messages=messages, options={"secrets": secrets})


GOOD = post()
MADE = token()
AGAIN = sign(replace(GOOD, received_ms=NOW_S * 1000 + 5_000), token(iat=NOW_S + 5, exp=NOW_S + 605))
WIDE = {"contact": "＋８６１３８", "content": "投Ａ０１"}
ANY_URL = {"public_url": None, "user_id": None}

ROWS = [
    accepted("an SMS"),
    accepted("no number given", {"caller": ""}, contact=None),
    accepted("an older server, which does not say encrypted", encrypted=...),
    Row(
        "accepted",
        "for whatever URL and account",
        sign(GOOD, token(aud=["https://other.example/"], sub="other", iss="sms.example.org")),
        messages=heard(GOOD),
        options=ANY_URL,
    ),
    Row("accepted", "one audience without a list", sign(GOOD, token(aud=URL)), messages=heard(GOOD)),
    Row("accepted", "a missed call", post({"type": "message.call.missed"}), messages=[]),
    rotated("the old key", [KEY, NEXT_KEY]),
    rotated("the new key", [NEXT_KEY, KEY]),
    rotated("the old key, taken out", [NEXT_KEY], Refusal(403, "bad_signature")),
    with_token("another key", token(NEXT_KEY)),
    with_token("another algorithm", token(algorithm="HS512")),
    with_token("none as algorithm", part({"alg": "none"}).decode() + "." + part(CLAIMS).decode() + "."),
    with_token("another URL", token(aud=["https://other.example/"])),
    with_token("no URL", token(aud=...)),
    with_token("for ever", token(exp=...)),
    with_token("old", token(exp=NOW_S - 61), "stale"),
    with_token("from the future", token(nbf=NOW_S + 61), "stale"),
    with_token("a date as time", token(exp="2024-01-21")),
    with_token("cut short", MADE[:-1]),
    with_token("two parts", MADE.rpartition(".")[0]),
    with_token("not ASCII", f"{MADE}é"),
    with_token("lone surrogate", "\ud800"),
    with_token("dots", "..."),
    headed("none", None),
    headed("empty", ""),
    headed("another scheme", f"Basic {MADE}"),
    headed("no token", "Bearer"),
    with_token("another account", token(sub="other"), "wrong_account", "wrong_account"),
    unread("encrypted", "encrypted", post(encrypted=True)),
    unread("an event nobody knows", "unknown_type", post({"type": "message.phone.read"})),
    unread("no event", "unknown_type", post({"type": ...})),
    unread("no data", "wrong_shape", post({"data": None})),
    unread("no number field", "no_caller_field", post(contact=...)),
    unread("no text", "no_text_field", post(content=...)),
    unread("no id", "no_message_id", post(message_id=...)),
    unread("a time without a zone", "bad_time", post(timestamp="2024-01-21T12:27:17.949")),
    Row(
        "non_ascii_digits",
        "as given",
        post(**WIDE),
        messages=heard(post(**WIDE), caller=WIDE["contact"], text=WIDE["content"]),
    ),
    Row("redelivery", "the second attempt, with a token of its own", GOOD, messages=heard(GOOD), again=AGAIN),
]

TABLE = Table(
    options={"secrets": [KEY], "public_url": URL, "user_id": USER},
    rows=ROWS,
    carry=carry,
    sign=sign,
    syntax="json",
    spoken=(
        b'{"type":"message.phone.received","data":{"message_id":"1","contact":"+8613800138000","content":',
        b"}}",
    ),
    text_field=b"content",
    signed_headers=("authorization",),
    lacks={
        "batch": "httpSMS sends one event a request",
        "reply": "a reply goes through httpSMS's API",
        "published_vectors": "none are published; the tokens are made here, by RFC 7519",
    },
)
