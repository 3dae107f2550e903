"""Twilio: signed with Twilio's own `RequestValidator` wherever that can sign at all."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from twilio.request_validator import HMAC_SHA256, RequestValidator

from gateway.intake.inbound import Inbound
from gateway.intake.provider import Answer, Ended, Refusal, Request
from tally.outcome import MessageOutcome
from tests.providers.rows import DATA, Row, Table, unparsed

TOKEN, NEXT_TOKEN = "8f1c7d2b6a5e4f3d8f1c7d2b6a5e4f3d", "00112233445566778899aabbccddeeff"
ACCOUNT = "AC0123456789abcdef0123456789abcdef"
SID = "SMe287d7109a5a925f182f0e07fe5b223b"
URL = "https://vote.example.org/in/tw"
SHARED_KEY = "c2hhcmVkLWtleS1vZi10aGUtYWNjb3VudA"
SHA256 = "key=webhooks_sharedkey_01abc,algorithm=HMAC_SHA256"
OPTIONS = {"auth_tokens": [TOKEN], "account_sid": ACCOUNT, "public_url": URL}
NOW_MS = 1_531_965_600_000

#: The parameters of a real request (nyaruka/courier, twiml/handlers_test.go), in its order.
PARAMS = {
    "ToCountry": "US",
    "ToState": "District Of Columbia",
    "SmsMessageSid": SID,
    "NumMedia": "0",
    "ToCity": "",
    "FromZip": "01022",
    "SmsSid": SID,
    "FromState": "MA",
    "SmsStatus": "received",
    "FromCity": "CHICOPEE",
    "Body": "A01",
    "FromCountry": "US",
    "To": "+12028831111",
    "ToZip": "",
    "NumSegments": "1",
    "MessageSid": SID,
    "AccountSid": ACCOUNT,
    "From": "+14133881111",
    "ApiVersion": "2010-04-01",
}


class Multi(dict[str, list[str]]):
    """Repeated parameters, in the way the validator asks for them."""

    def getlist(self, name: str) -> Sequence[str]:
        return self[name]


def sign(request: Request, url: str = URL, token: str = TOKEN, fragment: str = "") -> Request:
    """Sign as Twilio does; bytes that are no UTF-8 as its algorithm would, if it went by bytes."""
    query = request.target.partition("?")[2]
    url = (f"{url}?{query}" if query else url) + fragment
    body = b"" if request.method == "GET" else request.body
    try:
        params = Multi()
        for name, value in parse_qsl(body.decode(), keep_blank_values=True, errors="strict"):
            params.setdefault(name, []).append(value)
        signature = RequestValidator(token).compute_signature(url, params)
    except UnicodeDecodeError:
        pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
        signed = url + "".join(name + value for name, value in sorted(set(pairs)))
        signature = base64.b64encode(hmac.digest(token.encode(), signed.encode("latin-1"), "sha1")).decode()
    return replace(request, headers={**request.headers, "x-twilio-signature": signature})


def carry(body: bytes) -> Request:
    headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
    return Request("POST", "/in/tw", headers, body, NOW_MS)


def form(**changes: str | None) -> bytes:
    """The real form with some parameters changed, or left out (None)."""
    return urlencode({k: v for k, v in {**PARAMS, **changes}.items() if v is not None}).encode()


def post(**changes: str | None) -> Request:
    return sign(carry(form(**changes)))


def heard(request: Request, **changes: Any) -> tuple[Inbound]:
    """What the real form says, with some of it changed."""
    raw = request.target.partition("?")[2].encode() if request.method == "GET" else request.body
    return (Inbound(SID, "+14133881111", "A01", raw=raw)._replace(**changes),)


def bad(label: str, request: Request, **options: object) -> Row:
    return Row("bad_signature", label, request, refused=Refusal(403, "bad_signature"), options=options)


def shared(request: Request, settings: str = SHA256) -> Request:
    """Sign with the shared key, as Twilio says it does in `settings`."""
    query = request.target.partition("?")[2]
    params = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    signature = RequestValidator(SHARED_KEY).compute_signature(
        f"{URL}?{query}" if query else URL, params, HMAC_SHA256
    )
    named = {"x-twilio-signature": signature, "x-twilio-webhooks-signature-settings": settings}
    return replace(request, headers={**request.headers, **named})


def json_post(body: bytes, digest: str | None = None) -> Request:
    """A JSON body: Twilio signs the URL alone, which names the body's hash."""
    digest = hashlib.sha256(body).hexdigest() if digest is None else digest
    request = replace(carry(b""), target=f"/in/tw?{f'bodySHA256={digest}' if digest else ''}")
    signed = sign(request)
    return replace(signed, headers={**signed.headers, "content-type": "application/json"}, body=body)


def with_signature(signature: str) -> Request:
    return replace(GOOD, headers={**GOOD.headers, "x-twilio-signature": signature})


def unread(label: str, reason: str, request: Request) -> Row:
    return Row("malformed", label, request, messages=[unparsed(reason, request.body)], answer=SILENT)


def equal(one: Request, other: Request) -> bool:
    """Twilio signs what an escape means, not how it is written: `%2b` is `%2B`."""
    same_form = parse_qsl(one.body, keep_blank_values=True) == parse_qsl(other.body, keep_blank_values=True)
    return same_form and one.target == other.target and one.headers == other.headers


def cut_short() -> bytes:
    """The form of `GOOD` cut so that its signature still fits: all that follows two letters of the id is
    the name of one blank parameter. Read carelessly, a replay of it would be a new message."""
    ordered = sorted(PARAMS.items())
    at = ordered.index(("MessageSid", SID))
    rest = SID[2:] + "".join(name + value for name, value in ordered[at + 1 :])
    return urlencode([*ordered[:at], ("MessageSid", SID[:2]), (rest, "")]).encode()


GOOD = post()
SIGNATURE = GOOD.headers["x-twilio-signature"]
GET = sign(replace(carry(b""), method="GET", target=f"/in/tw?{form().decode()}"))
QUERIED = sign(replace(carry(form()), target="/in/tw?show=a%20b&n=1"))
SHARED = shared(carry(form()))
BOTH = {"shared_keys": [SHARED_KEY]}
SHARED_ONLY = {**BOTH, "auth_tokens": None}
JSON = json_post(b'{"property": "value", "boolean": true}')
CUT_SHORT = replace(GOOD, body=cut_short())
PROLONGED = replace(GOOD, body=form(MessageSid=f"{SID}NumMedia0", NumMedia=None))
SWALLOWED = replace(GOOD, body=form(Body=f"A01From{PARAMS['From']}", From=None))
WIDE = {"text": "投Ａ０１", "caller": "＋８６１３８００１３８０００"}
FULL_WIDTH = post(Body=WIDE["text"], From=WIDE["caller"])
ARABIC = post(MessageSid="SM" + "١" * 32)
AGAIN = replace(
    GOOD, received_ms=NOW_MS + 86_400_000, headers={**GOOD.headers, "i-twilio-idempotency-token": "2"}
)
SILENT = Answer(b'<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml; charset=utf-8")
TWIML = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    "<Response><Message>已收到 &lt;A01&gt; &amp; 谢谢</Message></Response>"
)
VECTORS = json.loads((DATA / "vectors.json").read_text("utf-8"))["twilio"]


def vector(entry: dict[str, Any], spoil: bool) -> Row:
    """A published vector is of no account of ours: a good signature gets as far as being told so."""
    url = urlsplit(entry["url"])
    signature = entry["signature"].swapcase() if spoil else entry["signature"]
    body = urlencode([tuple(pair) for pair in entry["params"]]).encode()
    return Row(
        "published_vectors",
        f"{entry['source']}{', spoilt' if spoil else ''}",
        replace(carry(body), target=f"/in/tw?{url.query}", headers={"x-twilio-signature": signature}),
        refused=Refusal(403, "bad_signature" if spoil else "wrong_account"),
        options={"auth_tokens": [entry["token"]], "public_url": f"{url.scheme}://{url.netloc}{url.path}"},
    )


def vector_of_json() -> Row:
    """The published JSON body under its published signature."""
    entry = next(entry for entry in VECTORS if "bodySHA256" in entry["url"])
    headers = {"content-type": "application/json", "x-twilio-signature": entry["signature"]}
    url, _, query = entry["url"].partition("?")
    return Row(
        "published_vectors",
        "a JSON body",
        replace(JSON, target=f"/in/tw?{query}", headers=headers),
        messages=[unparsed("unknown_type", JSON.body)],
        options={"auth_tokens": [entry["token"]], "public_url": url},
    )


ROWS = [
    Row("accepted", "form by POST", GOOD, messages=heard(GOOD), answer=SILENT),
    Row("accepted", "query by GET", GET, messages=heard(GET), answer=SILENT),
    Row("accepted", "form and query", QUERIED, messages=heard(QUERIED)),
    Row("accepted", "signed with the port", sign(GOOD, f"{URL[:24]}:443{URL[24:]}"), messages=heard(GOOD)),
    Row(
        "accepted",
        "set up with a port and signed without",
        GOOD,
        messages=heard(GOOD),
        options={"public_url": f"{URL[:24]}:8443{URL[24:]}"},
    ),
    Row(
        "rotation", "the old token", GOOD, messages=heard(GOOD), options={"auth_tokens": [TOKEN, NEXT_TOKEN]}
    ),
    Row(
        "rotation", "the new token", GOOD, messages=heard(GOOD), options={"auth_tokens": [NEXT_TOKEN, TOKEN]}
    ),
    Row(
        "rotation",
        "the old token, taken out",
        GOOD,
        refused=Refusal(403, "bad_signature"),
        options={"auth_tokens": [NEXT_TOKEN]},
    ),
    Row("accepted", "signed with a shared key", SHARED, messages=heard(SHARED), options=SHARED_ONLY),
    Row("accepted", "a shared key beside the token", SHARED, messages=heard(SHARED), options=BOTH),
    Row("accepted", "the token beside a shared key", GOOD, messages=heard(GOOD), options=BOTH),
    Row(
        "accepted",
        "the header names the token's algorithm",
        replace(
            GOOD, headers={**GOOD.headers, "x-twilio-webhooks-signature-settings": "algorithm=HMAC_SHA1"}
        ),
        messages=heard(GOOD),
    ),
    Row(
        "accepted",
        "signed with its fragment",
        sign(GOOD, fragment="#rc=3&rp=all"),
        messages=heard(GOOD),
        options={"fragment": "rc=3&rp=all"},
    ),
    Row("accepted", "signed without its fragment", GOOD, messages=heard(GOOD), options={"fragment": "rc=3"}),
    Row(
        "rotation",
        "the old shared key",
        SHARED,
        messages=heard(SHARED),
        options={"auth_tokens": None, "shared_keys": [NEXT_TOKEN, SHARED_KEY]},
    ),
    bad("a fragment nobody set", sign(GOOD, fragment="#rc=3")),
    bad("a shared key that is not configured", SHARED),
    bad("the token, where only shared keys are configured", GOOD, **SHARED_ONLY),
    bad("the algorithm left out, to have the token asked for", shared(carry(form()), "key=1"), **BOTH),
    bad("an unknown algorithm", shared(carry(form()), "key=1,algorithm=HMAC_MD5"), **BOTH),
    bad("two algorithms", shared(carry(form()), f"{SHA256}, algorithm=HMAC_SHA256"), **BOTH),
    bad("an algorithm in other letters", shared(carry(form()), "key=1,algorithm=hmac_sha256"), **BOTH),
    bad("another JSON body", replace(JSON, body=JSON.body + b" ")),
    bad("a JSON body without its hash", json_post(JSON.body, "")),
    bad(
        "a JSON body passed for a form", replace(JSON, headers={**JSON.headers, "content-type": "text/plain"})
    ),
    Row(
        "wrong_account",
        "the URL of a JSON body with no body",
        replace(JSON, headers={"x-twilio-signature": JSON.headers["x-twilio-signature"]}, body=b""),
        refused=Refusal(403, "wrong_account"),
    ),
    unread("a JSON body", "unknown_type", JSON),
    bad("another token", sign(GOOD, token=NEXT_TOKEN)),
    bad("another URL", sign(GOOD, url="https://vote.example.org/in/other")),
    bad("http in the place of https", sign(GOOD, url=URL.replace("https", "http"))),
    bad("another text", replace(post(Body="B01"), headers=GOOD.headers)),
    bad("a parameter more", replace(GOOD, body=GOOD.body + b"&Extra=1")),
    bad("a query more", replace(GOOD, target="/in/tw?x=1")),
    bad("a form by GET", replace(GOOD, method="GET")),
    bad("a broken escape", replace(GOOD, body=GOOD.body + b"&Extra=%zz")),
    bad("empty", with_signature("")),
    bad("twice", with_signature(f"{SIGNATURE}, {SIGNATURE}")),
    bad("without padding", with_signature(SIGNATURE.rstrip("="))),
    bad("blanks around it", with_signature(f" {SIGNATURE}")),
    bad(
        "another spelling of the same base64",
        with_signature(SIGNATURE[:-2] + chr(ord(SIGNATURE[-2]) + 1) + "="),
    ),
    bad("not ASCII", with_signature("é" * 28)),
    bad("lone surrogate", with_signature("\ud800")),
    Row("no_signature", "none", carry(form()), refused=Refusal(401, "no_signature")),
    Row(
        "wrong_account",
        "another account",
        post(AccountSid=f"AC{'f' * 32}"),
        refused=Refusal(403, "wrong_account"),
    ),
    Row("wrong_account", "no account", post(AccountSid=None), refused=Refusal(403, "wrong_account")),
    Row("wrong_account", "a POST without form", sign(carry(b"")), refused=Refusal(403, "wrong_account")),
    unread("a status callback", "no_text_field", post(Body=None, SmsStatus="delivered")),
    unread("no sender field", "no_caller_field", post(From=None)),
    unread("no id", "no_message_id", post(MessageSid=None)),
    unread("an id too short", "no_message_id", post(MessageSid=SID[:-1])),
    unread("an id that is cut short under the same signature", "no_message_id", CUT_SHORT),
    unread("an id that is prolonged under the same signature", "no_message_id", PROLONGED),
    unread("a sender swallowed by the text", "no_caller_field", SWALLOWED),
    unread("two texts", "repeated_field", sign(carry(form() + b"&Body=B01"))),
    unread("two ids", "repeated_field", sign(carry(form() + b"&MessageSid=" + SID.upper().encode()))),
    unread("bad utf-8 in the text", "not_utf8", sign(carry(form(Body=None) + b"&Body=%FF"))),
    unread("a text too long", "text_too_long", post(Body="投" * 4097)),
    unread("a sender too long", "caller_too_long", post(From="1" * 129)),
    Row("non_ascii_digits", "text and sender as given", FULL_WIDTH, messages=heard(FULL_WIDTH, **WIDE)),
    unread("an id in other digits", "no_message_id", ARABIC),
    Row("redelivery", "with its token", GOOD, messages=heard(GOOD), again=AGAIN),
    Row(
        "reply",
        "escaped",
        GOOD,
        messages=heard(GOOD),
        ended=[Ended(MessageOutcome.COUNTED, "已收到 <A01> & 谢谢\0\ud800")],
        answer=Answer(TWIML.encode(), "text/xml; charset=utf-8"),
    ),
    vector_of_json(),
    *(vector(entry, spoil) for entry in VECTORS for spoil in (False, True)),
]

TABLE = Table(
    options=OPTIONS,
    rows=ROWS,
    carry=carry,
    sign=sign,
    syntax="form",
    spoken=(form(Body=None) + b"&Body=", b""),
    text_field=b"Body",
    signed_headers=("x-twilio-signature",),
    signs_query=True,
    equal=equal,
    lacks={"batch": "Twilio sends one message a request"},
)
