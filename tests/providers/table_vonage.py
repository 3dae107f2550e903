"""Vonage: signed with its own SDK wherever that can sign, by GET, form and JSON; and parts of messages."""

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from vonage_http_client.auth import Auth

from gateway.intake.inbound import Inbound, Part
from gateway.intake.provider import Answer, Refusal, Request
from tests.providers.rows import DATA, Row, Table, unparsed

SECRET, NEXT_SECRET = "my_secret_key_for_testing", "another_secret_key_for_testing"
API_KEY = "a1234567"
NOW_MS = 1_385_047_699_000
SENT_MS = 1_385_047_698_000
ID = "020000001B0FE827"
OK = Answer()
WAIT_MS = 3_600_000

#: The parameters of the SDKs' tests (Vonage/vonage-php-sdk-core), with another text.
PARAMS = {
    "api-key": API_KEY,
    "msisdn": "14843472194",
    "to": "13239877404",
    "messageId": ID,
    "text": "A01",
    "type": "text",
    "keyword": "A01",
    "message-timestamp": "2013-11-21 15:28:18",
    "timestamp": "1385047698",
    "nonce": "929d6744-bd28-42c8-b6cf-31d5b4f43732",
}
#: How a part of a longer message is marked in a real request (test/SMS/requests/inbound-concat).
PART = {"concat": "true", "concat-ref": "4", "concat-total": "3", "concat-part": "2"}


def carry(body: bytes) -> Request:
    headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
    return Request("POST", "/in/vo/token", headers, body, NOW_MS)


def signature(params: dict[str, Any], secret: str = SECRET, method: str = "sha256") -> str:
    """By Vonage's SDK, which knows no signature without HMAC."""
    if method == "md5hash":
        clean = {name: str(value).replace("&", "_").replace("=", "_") for name, value in params.items()}
        text = "".join(f"&{name}={clean[name]}" for name in sorted(clean))
        return hashlib.md5((text + secret).encode()).hexdigest()
    return Auth(api_key="k", signature_secret=secret, signature_method=method).sign_params(dict(params))  # type: ignore[arg-type]


def sign(request: Request, secret: str = SECRET, method: str = "sha256") -> Request:
    """Add the signature to a form or query; to bytes that are no text, as the algorithm would have it."""
    sent = request.target.partition("?")[2].encode() if request.method == "GET" else request.body
    pairs = dict(parse_qsl(sent.decode("latin-1"), keep_blank_values=True, encoding="latin-1"))
    try:
        params = {
            name.encode("latin-1").decode(): value.encode("latin-1").decode() for name, value in pairs.items()
        }
        sig = signature({"timestamp": "", **params}, secret, method) if params.get("timestamp") else ""
    except UnicodeDecodeError:
        text = "".join(f"&{name}={pairs[name].replace('&', '_').replace('=', '_')}" for name in sorted(pairs))
        sig = hmac.digest(secret.encode(), text.encode("latin-1"), "sha256").hex()
    if request.method == "GET":
        return replace(request, target=f"{request.target}&sig={sig}")
    return replace(request, body=request.body + f"&sig={sig}".encode())


def params(**changes: str | None) -> dict[str, str]:
    """The parameters with some changed, or left out (None); `_` in a name stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in {**PARAMS, **named}.items() if value is not None}


def form(**changes: str | None) -> bytes:
    return urlencode(params(**changes)).encode()


def post(**changes: str | None) -> Request:
    return sign(carry(form(**changes)))


def jsoned(method: str = "sha256", **changes: Any) -> Request:
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    whole = {**PARAMS, **named}
    body = json.dumps({**whole, "sig": signature(whole, method=method)}).encode()
    return replace(carry(body), headers={"content-type": "application/json"})


def heard(request: Request, **changes: Any) -> list[Inbound]:
    raw = request.target.partition("?")[2].encode() if request.method == "GET" else request.body
    return [Inbound(ID, "+14843472194", "A01", sent_ms=SENT_MS, raw=raw)._replace(**changes)]


def accepted(label: str, request: Request, options: dict[str, object] | None = None, **changes: Any) -> Row:
    read = heard(request, **changes)
    return Row("accepted", label, request, messages=read, answer=OK, options=options or {})


def part(label: str, number: int, of: int, wait_ms: int = WAIT_MS, **options: object) -> Row:
    request = post(**{**PART, "concat-part": str(number), "concat-total": str(of)})
    return accepted(label, request, options, part=Part("13239877404/4", number, of, wait_ms))


def unread(label: str, reason: str, request: Request) -> Row:
    raw = request.target.partition("?")[2].encode() if request.method == "GET" else request.body
    return Row("malformed", label, request, messages=[unparsed(reason, raw)], answer=OK)


def no_part(label: str, **changes: str | None) -> Row:
    return unread(
        label, "message_part", post(**{**PART, **{k.replace("_", "-"): v for k, v in changes.items()}})
    )


def bad(label: str, request: Request, reason: str = "bad_signature", **options: object) -> Row:
    return Row("bad_signature", label, request, refused=Refusal(403, reason), options=options)


def equal(one: Request, other: Request) -> bool:
    """A signature is good in small letters and in capitals."""
    first, second = ({**_sent(request), "sig": _sent(request)["sig"].lower()} for request in (one, other))
    return first == second


def _sent(request: Request) -> dict[str, str]:
    sent = request.target.partition("?")[2] if request.method == "GET" else request.body.decode()
    return json.loads(sent) if sent.startswith("{") else dict(parse_qsl(sent, keep_blank_values=True))  # type: ignore[no-any-return]


def vector(entry: dict[str, Any], spoil: bool) -> Row:
    given = entry["params"]
    sig = "0" * len(entry["signature"]) if spoil else entry["signature"]
    body = urlencode({**given, "sig": sig}).encode()
    request = replace(carry(body), received_ms=int(given["timestamp"]) * 1000)
    read = Inbound(
        given["messageId"],
        "+" + given["msisdn"],
        given["text"],
        sent_ms=VECTOR_SENT[given["timestamp"]],
        raw=body,
    )
    return Row(
        "published_vectors",
        f"{entry['method']}, {given['text']}{', spoilt' if spoil else ''}",
        request,
        refused=Refusal(403, "bad_signature") if spoil else None,
        messages=() if spoil else [read],
        options={"secrets": [entry["secret"]], "method": entry["method"]},
    )


def cut_apart() -> bytes:
    """The good form, two parameters made one whose name holds the other: the signed text is the same."""
    held = params()
    name = f"text={held.pop('text')}&timestamp"
    return urlencode({**held, name: held.pop("timestamp"), "sig": SIG}).encode()


#: `timestamp` -> `message-timestamp` of the published vectors, which differ.
VECTOR_SENT = {"1385047698": 1_385_047_650_000, "1491346667": 1_491_346_667_000}
VECTORS = json.loads((DATA / "vectors.json").read_text("utf-8"))["vonage"]
GOOD = post()
GET = sign(replace(carry(b""), method="GET", target=f"/in/vo/token?{form().decode()}"))
BARE = carry(form())
SIG = signature(PARAMS)
WIDE = post(text="投Ａ０１", msisdn="１４８４３４７２１９４", type="unicode")
KNOWN = {"secrets": [SECRET, NEXT_SECRET]}
OPEN = {"secrets": None}

ROWS = [
    accepted("form by POST", GOOD),
    accepted("query by GET", GET),
    accepted("JSON", jsoned()),
    accepted("JSON that calls itself a form", replace(jsoned(), headers=GOOD.headers)),
    accepted("a signature in capitals", carry(form() + f"&sig={SIG.upper()}".encode())),
    accepted("& and = in the text", post(text="A01&B02=C03"), text="A01&B02=C03"),
    accepted("a minute before the day is over", replace(GOOD, received_ms=SENT_MS + 90_000_000)),
    accepted("no time of its own", post(message_timestamp=None), sent_ms=None),
    accepted("an empty text", post(text=""), text=""),
    *(
        accepted(f"signed by {method}", sign(carry(form()), method=method), {"method": method})
        for method in ("md5", "sha1", "sha512")
    ),
    accepted("signed by md5 without HMAC", sign(carry(form()), method="md5hash"), {"method": "md5hash"}),
    accepted("the account that is set", GOOD, {"api_key": API_KEY}),
    part("the second part of three", 2, 3),
    part("the last part", 3, 3),
    part("a part that waits ten minutes", 1, 2, 600_000, parts_seconds=600),
    accepted("a message of one part", post(**{**PART, "concat-total": "1", "concat-part": "1"})),
    accepted("no part", post(concat="false")),
    accepted(
        "a part in JSON, with numbers",
        jsoned(concat="true", concat_ref=4, concat_total=3, concat_part=2),
        part=Part("13239877404/4", 2, 3, WAIT_MS),
    ),
    Row("unsigned", "a source without secrets", BARE, messages=heard(BARE), options=OPEN),
    Row("unsigned", "signed all the same", GOOD, messages=heard(GOOD), options=OPEN),
    Row(
        "unsigned",
        "unreadable",
        carry(b"text=%zz"),
        messages=[unparsed("bad_escape", b"text=%zz")],
        options=OPEN,
    ),
    Row("rotation", "the old secret", GOOD, messages=heard(GOOD), options=KNOWN),
    Row("rotation", "the new secret", (new := sign(BARE, NEXT_SECRET)), messages=heard(new), options=KNOWN),
    Row(
        "rotation",
        "the old secret, taken out",
        GOOD,
        refused=Refusal(403, "bad_signature"),
        options={"secrets": [NEXT_SECRET]},
    ),
    bad("another secret", sign(BARE, NEXT_SECRET)),
    bad("another method", sign(BARE, method="sha1")),
    bad("another text", carry(form(text="B01") + f"&sig={SIG}".encode())),
    bad("a parameter more", replace(GOOD, body=GOOD.body + b"&x=1")),
    bad("a parameter twice", replace(GOOD, body=GOOD.body + b"&text=B01")),
    bad("two parameters made one", carry(cut_apart())),
    bad("a broken escape", replace(GOOD, body=GOOD.body + b"&x=%zz")),
    bad("too old", replace(GOOD, received_ms=SENT_MS + 90_000_001), "stale"),
    bad("too new", replace(GOOD, received_ms=SENT_MS - 90_000_001), "stale"),
    bad(
        "older than this source allows",
        replace(GOOD, received_ms=SENT_MS + 60_001),
        "stale",
        tolerance_seconds=60,
    ),
    bad("a time in words, signed", post(timestamp="soon")),
    bad("a signature that is not ASCII", carry(form(sig="é" * 64))),
    bad("JSON with null in it", replace(jsoned(), body=jsoned().body[:-1] + b',"x":null}')),
    Row("no_signature", "none", BARE, refused=Refusal(401, "no_signature")),
    Row("no_signature", "empty", carry(form(sig="")), refused=Refusal(401, "no_signature")),
    Row(
        "wrong_account",
        "another account",
        GOOD,
        refused=Refusal(403, "wrong_account"),
        options={"api_key": "b7654321"},
    ),
    Row(
        "wrong_account",
        "no account",
        post(api_key=None),
        refused=Refusal(403, "wrong_account"),
        options={"api_key": API_KEY},
    ),
    unread("no id", "no_message_id", post(messageId=None)),
    unread("no sender", "no_caller_field", post(msisdn=None)),
    unread("no text", "no_text_field", post(text=None)),
    unread("a binary message", "unknown_type", post(type="binary", data="4130", text=None)),
    unread("bad utf-8", "not_utf8", sign(carry(form(text=None) + b"&text=%FF"))),
    unread("no such time", "bad_time", post(message_timestamp="21/11/2013")),
    no_part("part 0", concat_part="0"),
    no_part("a part beyond the last", concat_part="4"),
    no_part("too many parts", concat_total="21"),
    no_part("parts in words", concat_part="two"),
    no_part("parts in other digits", concat_part="２"),
    no_part("no reference", concat_ref=None),
    Row(
        "non_ascii_digits",
        "as given",
        WIDE,
        messages=heard(WIDE, caller="+１４８４３４７２１９４", text="投Ａ０１"),
    ),
    Row(
        "redelivery",
        "an hour later",
        GOOD,
        messages=heard(GOOD),
        again=replace(GOOD, received_ms=NOW_MS + 3_600_000),
    ),
    *(vector(entry, spoil) for entry in VECTORS for spoil in (False, True)),
]

TABLE = Table(
    options={"secrets": [SECRET]},
    rows=ROWS,
    carry=carry,
    sign=sign,
    syntax="form",
    spoken=(form(text=None) + b"&text=", b""),
    text_field=b"text",
    signs_query=True,
    equal=equal,
    lacks={
        "batch": "one message a request",
        "reply": "a reply goes through the sending API",
    },
)
