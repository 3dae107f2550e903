"""Generic: a sender that signs time and body, and every other way the settings can describe."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from gateway.intake.inbound import Form, Inbound
from gateway.intake.payload import synthesised_id
from gateway.intake.provider import Answer, Refusal, Request
from tests.providers import rows
from tests.providers.rows import Row, Table, unparsed

SECRET, NEXT_SECRET = "7b3f1c0e9d8a4c52", "c0ffee00c0ffee00"
NOW_MS = 1_531_965_600_400
NOW_S = NOW_MS // 1000
SENT, SENT_MS = "2018-07-19T09:59:58.5+08:00", 1_531_965_598_500
ITEM = {"msgid": "7001", "phone": "13800138000", "content": "A01", "at": SENT}
FIELDS = {"caller": "phone", "text": "content", "id": "msgid", "time": "at"}
SIGNATURE = {"header": "X-Signature", "signed": "{timestamp}.{body}", "timestamp": "X-Timestamp"}
OPTIONS: Mapping[str, object] = {"fields": FIELDS, "secrets": [SECRET], "signature": SIGNATURE}
OPEN = {"secrets": None, "signature": None}
OK = Answer(b"OK")


def carry(body: bytes) -> Request:
    return Request("POST", "/in/acme", {"content-type": "application/json"}, body, NOW_MS)


def sign(request: Request, secret: str = SECRET, at: object = NOW_S) -> Request:
    signed = f"{at}.".encode("utf-8", "surrogatepass") + request.body
    mac = hmac.digest(secret.encode(), signed, "sha256").hex()
    return replace(request, headers={**request.headers, "x-timestamp": str(at), "x-signature": mac})


def post(**changes: Any) -> Request:
    return sign(carry(rows.written(ITEM, **changes)))


def heard(raw: bytes, **changes: Any) -> list[Inbound]:
    made = Inbound("7001", "13800138000", "A01", Form.TEXT, SENT_MS, 100, raw)
    return [made._replace(**changes)]


def accepted(label: str, heard_as: dict[str, Any] | None = None, **changes: Any) -> Row:
    request = post(**changes)
    return Row("accepted", label, request, messages=heard(request.body, **(heard_as or {})), answer=OK)


def unread(label: str, reason: str, **changes: Any) -> Row:
    request = post(**changes)
    return Row("malformed", label, request, messages=[unparsed(reason, request.body)], answer=OK)


def refused(label: str, request: Request, reason: str = "bad_signature", status: Any = 403) -> Row:
    covers = "no_signature" if reason == "no_signature" else "bad_signature"
    return Row(covers, label, request, refused=Refusal(status, reason))


def headed(label: str, reason: str = "bad_signature", status: Any = 403, **headers: str | None) -> Row:
    """The good request with headers changed, or left out (None)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kept = {name: value for name, value in {**GOOD.headers, **named}.items() if value is not None}
    return refused(label, replace(GOOD, headers=kept), reason, status)


def rotated(label: str, secrets: list[str], refusal: Refusal | None = None) -> Row:
    messages = () if refusal else heard(GOOD.body)
    return Row("rotation", label, GOOD, refused=refusal, messages=messages, options={"secrets": secrets})


def told(label: str, request: Request, heard_as: Mapping[str, Any], **options: object) -> Row:
    """Settings of another sort, without a signature."""
    raw = request.body or request.target.partition("?")[2].encode()
    return Row(
        "unsigned", label, request, messages=heard(**{"raw": raw, **heard_as}), options={**OPEN, **options}
    )


def timed(
    label: str, time: str, at: object, sent_ms: int | None, grain_ms: int = 1000, **more: object
) -> Row:
    """A time, in another form; read as it should be, or not at all."""
    request = carry(rows.written(ITEM, at=at))
    message = heard(request.body, sent_ms=sent_ms, sent_grain_ms=grain_ms)
    if sent_ms is None:
        message = [unparsed("bad_time", request.body)]
    return Row("unsigned", f"time {label}", request, messages=message, options={**OPEN, "time": time, **more})


def otherwise(label: str, request: Request, mac: bytes, how: Mapping[str, object], **options: object) -> Row:
    """Another way to sign."""
    request = replace(request, headers={**request.headers, "x-hub": mac.decode()})
    raw = request.body or request.target.partition("?")[2].encode()
    given = {"signature": {"header": "X-Hub", **how}, **options}
    return Row("accepted", label, request, messages=heard(raw), options=given)


def mac_of(message: bytes, algorithm: str) -> bytes:
    return hmac.digest(SECRET.encode(), message, algorithm)


GOOD = post()
MAC = GOOD.headers["x-signature"]
NESTED = b'{"event":{"from":{"number":13800138000},"said":"A01"},"msgid":7001,"at":null}'
NESTED_FIELDS = {"caller": "event.from.number", "text": "event.said", "id": "msgid", "time": "at"}
TEXT = urlencode(ITEM).encode()
FORM = carry(b"x=1&" + TEXT)
QUERY = replace(carry(b""), method="GET", target=f"/in/acme?{TEXT.decode()}")
WIDE = {"phone": "１３８００１３８０００", "content": "投Ａ０１"}
BATCH_ITEMS = (rows.written(ITEM), b"[]", rows.written(ITEM, msgid="7002", content="A02"))
BATCH = sign(carry(b"[" + b", ".join(BATCH_ITEMS) + b"]"))
BATCH_HEARD = [
    *heard(BATCH_ITEMS[0]),
    unparsed("wrong_shape", b"[]"),
    *heard(BATCH_ITEMS[2], message_id="7002", text="A02"),
]
ENVELOPE = carry(b'{"attempt":2,"data":[' + BATCH_ITEMS[0] + b"]}")
LATER = sign(replace(GOOD, received_ms=NOW_MS + 30_000), at=NOW_S + 30)
IN_MS = {**SIGNATURE, "unit": "ms"}

SAID = ITEM | {"content": "投社保窗口"}
IN_GBK = carry(urlencode(SAID, encoding="gb18030").encode())
BARE_GBK = carry(
    "&".join(f"{name}={value}" for name, value in SAID.items()).encode("gb18030").replace(b"+", b"%2B")
)
JSON_GBK = carry(json.dumps([SAID], ensure_ascii=False).encode("gb18030"))
JSON_SAID = json.dumps(SAID, ensure_ascii=False).encode()
NO_GBK = carry(b'{"content":"\xff"}')

ROWS = [
    accepted("signed"),
    accepted("the id as a number", msgid=7001),
    accepted("the number as a number", phone=13800138000),
    accepted("no number given", {"caller": ""}, phone=None),
    accepted("no time", {"sent_ms": None, "sent_grain_ms": 1000}, at=...),
    accepted("no id", {"message_id": synthesised_id("13800138000", "A01", SENT)}, msgid=...),
    otherwise(
        "in capitals",
        carry(GOOD.body),
        mac_of(GOOD.body, "sha512").hex().upper().encode(),
        {"encoding": "HEX", "algorithm": "sha512"},
    ),
    otherwise(
        "base64 with a prefix",
        carry(GOOD.body),
        b"sha1=" + base64.b64encode(mac_of(GOOD.body, "sha1")),
        {"encoding": "base64", "algorithm": "sha1", "prefix": "sha1="},
    ),
    otherwise(
        "a form, with method and path",
        FORM,
        mac_of(b"POST\nhttps://vote.example.org/in/acme\n" + FORM.body, "sha256").hex().encode(),
        {"signed": "{method}\nhttps://vote.example.org{path}\n{body}"},
        carrier="form",
    ),
    otherwise(
        "a query",
        QUERY,
        mac_of(b"?" + TEXT, "md5").hex().encode(),
        {"signed": "?{query}", "algorithm": "md5"},
        carrier="query",
    ),
    Row(
        "accepted",
        "a time in milliseconds",
        sign(carry(GOOD.body), at=NOW_MS),
        messages=heard(GOOD.body),
        options={"signature": IN_MS},
    ),
    rotated("the old secret", [SECRET, NEXT_SECRET]),
    rotated("the new secret", [NEXT_SECRET, SECRET]),
    rotated("the old secret, taken out", [NEXT_SECRET], Refusal(403, "bad_signature")),
    refused("another secret", sign(GOOD, NEXT_SECRET)),
    refused("another body", replace(post(content="A02"), headers=GOOD.headers)),
    refused("old", sign(GOOD, at=NOW_S - 301), "stale"),
    refused("from the future", sign(GOOD, at=NOW_S + 301), "stale"),
    refused("a date as time", sign(GOOD, at="2018-07-19")),
    refused("a time in other digits", sign(GOOD, at="１５３１９６５６００")),
    headed("in capitals", x_signature=MAC.upper()),
    headed("with a prefix nobody asked for", x_signature=f"sha256={MAC}"),
    headed("not ASCII", x_signature="é" * 64),
    headed("lone surrogate", x_signature="\ud800"),
    headed("empty", x_signature=""),
    headed("a time with a lone surrogate", x_timestamp="\ud800"),
    headed("none", "no_signature", 401, x_signature=None),
    headed("no time", "no_signature", 401, x_timestamp=None),
    Row("bad_signature", "another method", replace(GOOD, method="GET"), refused=Refusal(405, "method")),
    told("a header nobody asked for", replace(GOOD, headers={"x-signature": "\ud800"}), {}),
    told("a form", FORM, {}, carrier="form"),
    told("a query", QUERY, {}, carrier="query"),
    told("keys pressed", carry(GOOD.body), {"form": Form.DIGITS}, form="digits"),
    told(
        "fields inside one another",
        carry(NESTED),
        {"sent_ms": None, "sent_grain_ms": 1000},
        fields=NESTED_FIELDS,
    ),
    Row(
        "unsigned",
        "in an envelope",
        ENVELOPE,
        messages=heard(BATCH_ITEMS[0]),
        options={**OPEN, "within": "data"},
    ),
    Row(
        "unsigned",
        "another answer",
        GOOD,
        messages=heard(GOOD.body),
        answer=Answer('{"结果":0}'.encode(), "application/json"),
        options={**OPEN, "answer": '{"结果":0}', "answer_type": "application/json"},
    ),
    timed("local", "local", "2018-07-19 09:59:58", SENT_MS - 500),
    timed("local elsewhere", "local", "20180719 095958", None),
    timed("local in another zone", "local", "20180719015958", SENT_MS - 500, timezone="UTC"),
    timed("unix", "unix", 1531965598, SENT_MS - 500),
    timed("unix as text", "unix", "1531965598", SENT_MS - 500),
    timed("unix in milliseconds", "unix_ms", SENT_MS, SENT_MS, 1),
    timed("that is none", "unix", "2018-07-19", None),
    unread("a time without a zone", "bad_time", at="2018-07-19T09:59:58"),
    unread("a time that is a list", "wrong_shape", at=[]),
    unread("no number field", "no_caller_field", phone=...),
    unread("a number that is a fraction", "wrong_shape", phone=1.5),
    unread("no text", "no_text_field", content=...),
    unread("a text that is a number", "wrong_shape", content=1),
    unread("no id and no time", "no_message_id", msgid=..., at=...),
    Row(
        "malformed",
        "text where an object should be",
        carry(b'{"event":"A01"}'),
        messages=[unparsed("wrong_shape", b'{"event":"A01"}')],
        options={**OPEN, "fields": NESTED_FIELDS},
    ),
    Row(
        "malformed",
        "two texts in a form",
        carry(TEXT + b"&content=B01"),
        messages=[unparsed("repeated_field", TEXT + b"&content=B01")],
        options={**OPEN, "carrier": "form"},
    ),
    Row(
        "non_ascii_digits",
        "as given",
        post(**WIDE),
        messages=heard(post(**WIDE).body, caller=WIDE["phone"], text=WIDE["content"]),
    ),
    told("a form in GBK", IN_GBK, {"text": "投社保窗口"}, carrier="form", charset="gb18030"),
    told("the same, not escaped", BARE_GBK, {"text": "投社保窗口"}, carrier="form", charset="gb18030"),
    told(
        "a query in GBK",
        replace(carry(b""), method="GET", target=f"/in/acme?{IN_GBK.body.decode()}"),
        {"text": "投社保窗口"},
        carrier="query",
        charset="gb18030",
    ),
    told("JSON in GBK, kept as UTF-8", JSON_GBK, {"text": "投社保窗口", "raw": JSON_SAID}, charset="gb18030"),
    Row(
        "malformed",
        "GBK that is none",
        NO_GBK,
        messages=[unparsed("bad_charset", NO_GBK.body)],
        options={**OPEN, "charset": "gb18030"},
    ),
    Row(
        "malformed",
        "GBK where UTF-8 is set",
        IN_GBK,
        messages=[unparsed("not_utf8", IN_GBK.body)],
        options={**OPEN, "carrier": "form"},
    ),
    Row("redelivery", "the next attempt, signed anew", GOOD, messages=heard(GOOD.body), again=LATER),
    Row("batch", "the bad beside the good", BATCH, messages=BATCH_HEARD, answer=OK),
]

TABLE = Table(
    options=OPTIONS,
    rows=ROWS,
    carry=carry,
    sign=sign,
    syntax="json",
    spoken=(b'{"msgid":"7001","phone":"13800138000","content":', b"}"),
    text_field=b"content",
    signed_headers=("x-signature", "x-timestamp", "x-hub"),
    signs_query=True,
    lacks={
        "wrong_account": "a secret is of one source only",
        "reply": "the answer is the same for every message",
        "published_vectors": "every sender signs in its own way",
    },
)
