"""Plivo: signed as its own SDK checks it. The signature does not cover the form: the path token guards it."""

import base64
import hmac
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from plivo.utils import validate_signature

from gateway.intake.inbound import Inbound
from gateway.intake.provider import Answer, Ended, Refusal, Request
from tally.outcome import MessageOutcome
from tests.providers.rows import DATA, Row, Table, unparsed

TOKEN, NEXT_TOKEN = "cGxpdm8gYXV0aCB0b2tlbg", "YW5vdGhlciBhdXRoIHRva2Vu"
URL = "https://vote.example.org/in/pl"
NONCE = "05429567804466091622"
NOW_MS = 1_531_965_600_000
ID = "7a242edc-2f57-11e7-98c9-06ab0bf64327"

#: The parameters of a real request (nyaruka/courier, plivo handler), with another text.
PARAMS = {
    "To": "4759440448",
    "From": "4795961111",
    "TotalRate": "0",
    "Units": "1",
    "Text": "A01",
    "TotalAmount": "0",
    "Type": "sms",
    "MessageUUID": ID,
}
SILENT = Answer(b"<Response></Response>", "application/xml; charset=utf-8")


def carry(body: bytes) -> Request:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Request("POST", "/in/pl/secret-path-token", headers, body, NOW_MS)


def sign(
    request: Request,
    token: str = TOKEN,
    nonce: str = NONCE,
    header: str = "x-plivo-signature-v2",
    url: str = URL,
) -> Request:
    """Sign as Plivo does; its SDK can only check, and does."""
    path_token = request.target.partition("?")[0].removeprefix("/in/pl")
    mac = hmac.digest(token.encode(), f"{url}{path_token}{nonce}".encode(), "sha256")
    signature = base64.b64encode(mac).decode()
    assert validate_signature(f"{url}{request.target.removeprefix('/in/pl')}", nonce, signature, token)
    return replace(
        request, headers={**request.headers, header: signature, "x-plivo-signature-v2-nonce": nonce}
    )


def form(**changes: str | None) -> bytes:
    """The real form with some parameters changed, or left out (None)."""
    return urlencode({k: v for k, v in {**PARAMS, **changes}.items() if v is not None}).encode()


def post(**changes: str | None) -> Request:
    return sign(carry(form(**changes)))


def heard(request: Request, **changes: Any) -> list[Inbound]:
    raw = request.target.partition("?")[2].encode() if request.method == "GET" else request.body
    return [Inbound(ID, "+4795961111", "A01", raw=raw)._replace(**changes)]


def accepted(label: str, request: Request, **changes: Any) -> Row:
    return Row("accepted", label, request, messages=heard(request, **changes), answer=SILENT)


def unread(label: str, reason: str, request: Request) -> Row:
    return Row("malformed", label, request, messages=[unparsed(reason, request.body)], answer=SILENT)


def bad(label: str, request: Request, **options: object) -> Row:
    return Row("bad_signature", label, request, refused=Refusal(403, "bad_signature"), options=options)


def without(name: str) -> Row:
    request = replace(GOOD, headers={k: v for k, v in GOOD.headers.items() if k != name})
    return Row("no_signature", f"no {name}", request, refused=Refusal(401, "no_signature"))


def replied(label: str, request: Request, body: str) -> Row:
    return Row(
        "reply",
        label,
        request,
        messages=heard(request),
        ended=[Ended(MessageOutcome.COUNTED, "已收到 <A01> & 谢谢\0")],
        answer=Answer(body.encode(), "application/xml; charset=utf-8"),
    )


def vector(entry: dict[str, str], spoil: bool) -> Row:
    signature = entry["signature"].swapcase() if spoil else entry["signature"]
    headers = {"x-plivo-signature-v2": signature, "x-plivo-signature-v2-nonce": entry["nonce"]}
    request = replace(carry(form()), target="/in/pl", headers=headers)
    return Row(
        "published_vectors",
        f"{entry['url']}{', spoilt' if spoil else ''}",
        request,
        refused=Refusal(403, "bad_signature") if spoil else None,
        messages=() if spoil else heard(request),
        options={"auth_tokens": [entry["token"]], "public_url": entry["url"]},
    )


GOOD = post()
SIGNATURE = GOOD.headers["x-plivo-signature-v2"]
GET = sign(replace(carry(b""), method="GET", target=f"/in/pl/secret-path-token?{form().decode()}"))
WIDE = post(Text="投Ａ０１", From="４７９５９６１１１１")
KNOWN = {"auth_tokens": [TOKEN, NEXT_TOKEN]}

ROWS = [
    accepted("form by POST", GOOD),
    accepted("query by GET", GET),
    accepted("by the main account's token", sign(carry(form()), header="x-plivo-signature-ma-v2")),
    accepted("a query, which is not signed", replace(GOOD, target=f"{GOOD.target}?show=a%20b")),
    accepted("an empty text", post(Text=""), text=""),
    Row("rotation", "the old token", GOOD, messages=heard(GOOD), options=KNOWN),
    Row("rotation", "the new token", sign(GOOD, NEXT_TOKEN), messages=heard(GOOD), options=KNOWN),
    Row(
        "rotation",
        "the old token, taken out",
        GOOD,
        refused=Refusal(403, "bad_signature"),
        options={"auth_tokens": [NEXT_TOKEN]},
    ),
    bad("another token", sign(GOOD, NEXT_TOKEN)),
    bad("another URL", sign(GOOD, url="https://vote.example.org/in/other")),
    bad("another path token", replace(GOOD, target="/in/pl/another-path-token")),
    bad("no path token", replace(GOOD, target="/in/pl")),
    bad("another nonce", replace(GOOD, headers={**GOOD.headers, "x-plivo-signature-v2-nonce": "1"})),
    bad(
        "without padding",
        replace(GOOD, headers={**GOOD.headers, "x-plivo-signature-v2": SIGNATURE.rstrip("=")}),
    ),
    bad("not ASCII", replace(GOOD, headers={**GOOD.headers, "x-plivo-signature-v2": "é" * 44})),
    bad("lone surrogate", replace(GOOD, headers={**GOOD.headers, "x-plivo-signature-v2-nonce": "\ud800"})),
    *(without(name) for name in ("x-plivo-signature-v2", "x-plivo-signature-v2-nonce")),
    unread("no id", "no_message_id", post(MessageUUID=None)),
    unread("an empty id", "no_message_id", post(MessageUUID="")),
    unread("no sender", "no_caller_field", post(From=None)),
    unread("no text, as in an MMS", "no_text_field", post(Text=None, Type="mms", Body="A01")),
    unread("two texts", "repeated_field", sign(carry(form() + b"&Text=B01"))),
    unread("bad utf-8", "not_utf8", sign(carry(form(Text=None) + b"&Text=%FF"))),
    Row(
        "non_ascii_digits",
        "as given",
        WIDE,
        messages=heard(WIDE, caller="+４７９５９６１１１１", text="投Ａ０１"),
    ),
    Row("redelivery", "signed anew", GOOD, messages=heard(GOOD), again=sign(GOOD, nonce="another")),
    Row(
        "redelivery",
        "under the same nonce",
        GOOD,
        messages=heard(GOOD),
        again=replace(GOOD, received_ms=NOW_MS + 60_000),
    ),
    replied(
        "escaped, the other way round",
        GOOD,
        '<Response><Message src="4759440448" dst="4795961111" type="sms">'
        "已收到 &lt;A01&gt; &amp; 谢谢</Message></Response>",
    ),
    replied("none where the form does not say from whom", post(To=None), "<Response></Response>"),
    *(
        vector(entry, spoil)
        for entry in json.loads((DATA / "vectors.json").read_text("utf-8"))["plivo"]
        for spoil in (False, True)
    ),
]

TABLE = Table(
    options={"auth_tokens": [TOKEN], "public_url": URL},
    rows=ROWS,
    carry=carry,
    sign=sign,
    syntax="form",
    spoken=(form(Text=None) + b"&Text=", b""),
    text_field=b"Text",
    signed_headers=("x-plivo-signature-v2-nonce",),
    lacks={
        "wrong_account": "the token is of one account only",
        "batch": "one message a request",
    },
)
