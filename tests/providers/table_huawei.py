"""Huawei: the sample of its documentation, signed as its own signer signs."""

import hashlib
import hmac
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlencode

from gateway.intake.inbound import Inbound
from gateway.intake.provider import Answer, Refusal, Request
from tests.providers.rows import Row, Table, unparsed

ACCESS, NEXT_ACCESS = "exampleAk", "nextAk"
SECRET, NEXT_SECRET = "exampleSk*1231d881wd", "nextSk*00aa11bb22cc"
DATE, NOW_MS = "20240102T030405Z", 1_704_164_650_000  # five seconds after
ID = "9692b5be-c427-4525-8e73-cf4a6ac5b3f7"
FIELDS = {"to": "10690000", "from": "+8613800138000", "body": "投1号", "smsMsgId": ID}
NAMES = "content-type;host;x-sdk-date"
TAKEN = Answer()


def carry(body: bytes) -> Request:
    headers = {"content-type": "application/x-www-form-urlencoded", "host": "vote.example.com"}
    return Request("POST", "/huawei/up", headers, body, NOW_MS)


def sign(
    request: Request,
    access: str = ACCESS,
    secret: str = SECRET,
    date: str = DATE,
    names: str = NAMES,
    path: str = "/huawei/up/",
    query: str = "",
) -> Request:
    """As the vendor's signer does, for a path and a query that are already in its form."""
    headers = {**request.headers, "x-sdk-date": date}
    signed = "".join(f"{name}:{headers[name]}\n" for name in names.split(";"))
    hashed = headers.get("x-sdk-content-sha256", hashlib.sha256(request.body).hexdigest())
    canonical = f"{request.method}\n{path}\n{query}\n{signed}\n{names}\n{hashed}"
    told = (
        f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical.encode('utf-8', 'surrogatepass')).hexdigest()}"
    )
    signature = hmac.digest(secret.encode(), told.encode(), "sha256").hex()
    authorization = f"SDK-HMAC-SHA256 Access={access}, SignedHeaders={names}, Signature={signature}"
    return replace(request, headers={**headers, "authorization": authorization})


def form(**changes: str | None) -> bytes:
    """The sample with fields changed, or left out (None)."""
    said = {**FIELDS, **{name.rstrip("_"): value for name, value in changes.items()}}
    return urlencode({name: value for name, value in said.items() if value is not None}).encode()


def post(**changes: str | None) -> Request:
    return sign(carry(form(**changes)))


def heard(raw: bytes, **changes: Any) -> list[Inbound]:
    return [Inbound(ID, "+8613800138000", "投1号", raw=raw)._replace(**changes)]


def accepted(label: str, heard_as: dict[str, Any] | None = None, **changes: str | None) -> Row:
    request = post(**changes)
    return Row("accepted", label, request, messages=heard(request.body, **(heard_as or {})), answer=TAKEN)


def unread(label: str, reason: str, request: Request) -> Row:
    return Row("malformed", label, request, messages=[unparsed(reason, request.body)], answer=TAKEN)


def refused(
    label: str, request: Request, reason: str = "bad_signature", covers: str = "bad_signature"
) -> Row:
    return Row(covers, label, request, refused=Refusal(401, reason))


def headed(label: str, old: str, new: str, reason: str = "bad_signature") -> Row:
    """The good request with its Authorization changed."""
    authorization = GOOD.headers["authorization"].replace(old, new)
    return refused(label, replace(GOOD, headers={**GOOD.headers, "authorization": authorization}), reason)


def rotated(label: str, request: Request, refusal: Refusal | None = None) -> Row:
    both = {"access_keys": [ACCESS, NEXT_ACCESS], "secrets": [SECRET, NEXT_SECRET]}
    given = both if refusal is None else {"access_keys": [NEXT_ACCESS], "secrets": [NEXT_SECRET]}
    messages = heard(request.body) if refusal is None else ()
    return Row("rotation", label, request, refused=refusal, messages=messages, options=given)


def equal(one: Request, other: Request) -> bool:
    """Huawei signs what an escape in the URL means (`%e6` is `%E6`), and no header that it does not name."""
    names = one.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    signed = all(one.headers[name] == other.headers[name] for name in (*names, "authorization"))
    return signed and unquote(one.target) == unquote(other.target) and one.body == other.body


GOOD = post()
SIGNATURE = GOOD.headers["authorization"].rpartition("=")[2]
QUERIED = sign(
    replace(carry(form()), target="/huawei/up?%3f=2&8=1&a=%e6%8a%95"), query="8=1&%3F=2&a=%E6%8A%95"
)
_AT_THE_PROXY = sign(carry(form()), path="/in/hw/")
PROXIED = replace(_AT_THE_PROXY, target="/up", headers={**_AT_THE_PROXY.headers, "host": "127.0.0.1:8080"})
UNSIGNED_PAYLOAD = {"x-sdk-content-sha256": "UNSIGNED-PAYLOAD"}
BODILESS = sign(
    replace(carry(form()), headers={**carry(b"").headers, **UNSIGNED_PAYLOAD}),
    names=f"{NAMES};x-sdk-content-sha256",
)
WIDE = {"from_": "＋８６１３８", "body": "投Ａ０１"}
COMPUTED = "a93a169a4859c95e188549500a2a1d57e2184ee2562b7cc3e8bf796f91f6bccb"
VECTOR = replace(
    carry(
        b"from=%2B8613800138000&to=10690000&body=%E6%8A%951%E5%8F%B7&smsMsgId=9692b5be-c427-4525-8e73-cf4a6ac5b3f7"
    ),
    headers={
        **carry(b"").headers,
        "x-sdk-date": DATE,
        "authorization": f"SDK-HMAC-SHA256 Access={ACCESS}, SignedHeaders={NAMES}, Signature={COMPUTED}",
    },
)
LATER = sign(replace(carry(form()), received_ms=NOW_MS + 600_000), date="20240102T031405Z")

ROWS = [
    accepted("signed"),
    accepted("with its time", {"sent_ms": 1_704_164_400_000}, createTime="2024-01-02T03:00:00Z"),
    accepted("an empty time", createTime=""),
    accepted("no number given", {"caller": ""}, from_=""),
    accepted("an ampersand and a plus in the text", {"text": "A01&B02+C03"}, body="A01&B02+C03"),
    Row("accepted", "with a query", QUERIED, messages=heard(QUERIED.body)),
    Row(
        "accepted",
        "with few headers signed, in another order",
        sign(carry(form()), names="x-sdk-date;host"),
        messages=heard(form()),
    ),
    Row(
        "accepted",
        "through a proxy that changes host and path",
        PROXIED,
        messages=heard(form()),
        options={"public_url": "https://vote.example.com/in/hw"},
    ),
    Row(
        "accepted",
        "written as on the documentation's page",
        replace(
            GOOD,
            headers={
                **GOOD.headers,
                "authorization": GOOD.headers["authorization"].replace("Access=", "Access= "),
            },
        ),
        messages=heard(form()),
    ),
    rotated("the old key", GOOD),
    rotated("the new key", sign(carry(form()), NEXT_ACCESS, NEXT_SECRET)),
    rotated("the old key, taken out", GOOD, Refusal(401, "wrong_account")),
    refused("another secret", sign(carry(form()), secret=NEXT_SECRET)),
    refused("another host", replace(GOOD, headers={**GOOD.headers, "host": "vote.example.org"})),
    refused("another path", replace(GOOD, target="/huawei/other")),
    refused("another body", replace(GOOD, body=form(body="投2号"))),
    refused("a query more", replace(GOOD, target="/huawei/up?x=1")),
    refused("another method", replace(GOOD, method="GET")),
    refused("a signed header is missing", replace(GOOD, headers={**GOOD.headers, "content-type": ""})),
    refused(
        "a signed header is not there",
        replace(GOOD, headers={k: v for k, v in GOOD.headers.items() if k != "host"}),
    ),
    refused(
        "a body whose hash is said not to count",
        replace(GOOD, headers={**GOOD.headers, **UNSIGNED_PAYLOAD}, body=form(body="投2号")),
    ),
    headed("in capitals", SIGNATURE, SIGNATURE.upper()),
    headed("cut short", SIGNATURE, SIGNATURE[:-2]),
    headed("not ASCII", SIGNATURE, "é" * 64),
    headed("lone surrogate", SIGNATURE, "\ud800"),
    headed("another scheme", "SDK-HMAC-SHA256", "HMAC-SHA256"),
    headed("a header more is said to be signed", NAMES, f"{NAMES};user-agent"),
    refused("a body that is not signed", BODILESS, "unsigned_body"),
    refused("any other body that is not signed", replace(BODILESS, body=form(body="投2号")), "unsigned_body"),
    Row(
        "bad_signature",
        "a body that is said not to be signed by nobody knows whom",
        replace(GOOD, headers={**GOOD.headers, **UNSIGNED_PAYLOAD}, body=form(body="投2号")),
        refused=Refusal(401, "bad_signature"),
        options={"unsigned_body": True},
    ),
    Row(
        "unsigned",
        "a body that need not be signed",
        BODILESS,
        messages=heard(form()),
        options={"unsigned_body": True},
    ),
    refused("a date that is none", sign(carry(form()), date="2024-01-02T03:04:05Z")),
    refused("a date on no day", sign(carry(form()), date="20240230T030405Z")),
    refused("a date in other digits", sign(carry(form()), date="２０２４０１０２T030405Z")),
    refused("old", sign(carry(form()), date="20240102T024000Z"), "stale"),
    refused("from the future", sign(carry(form()), date="20240102T032000Z"), "stale"),
    refused("none", carry(form()), "no_signature", "no_signature"),
    refused(
        "no date",
        replace(GOOD, headers={k: v for k, v in GOOD.headers.items() if k != "x-sdk-date"}),
        "no_signature",
        "no_signature",
    ),
    refused("another AK", sign(carry(form()), access="otherAk"), "wrong_account", "wrong_account"),
    Row(
        "unsigned",
        "without keys, and with a header nobody asked for",
        replace(carry(form()), headers={"authorization": "Basic \ud800"}),
        messages=heard(form()),
        options={"access_keys": None, "secrets": None},
    ),
    unread("no sender field", "no_caller_field", post(from_=None)),
    unread("a delivery report", "no_text_field", post(body=None, status="DELIVRD")),
    unread("no id", "no_message_id", post(smsMsgId=None)),
    unread("an empty id", "no_message_id", post(smsMsgId="")),
    unread("two texts", "repeated_field", sign(carry(form() + b"&body=B01"))),
    unread("bad utf-8", "not_utf8", sign(carry(form(body=None) + b"&body=%B1%B1"))),
    unread("a time without a zone", "bad_time", post(createTime="2024-01-02T03:00:00")),
    Row(
        "non_ascii_digits",
        "as given",
        post(**WIDE),
        messages=heard(post(**WIDE).body, caller=WIDE["from_"], text=WIDE["body"]),
    ),
    Row("redelivery", "ten minutes later, signed anew", GOOD, messages=heard(GOOD.body), again=LATER),
    Row("published_vectors", "reproduced with the vendor's signer", VECTOR, messages=heard(VECTOR.body)),
]

TABLE = Table(
    options={"access_keys": [ACCESS], "secrets": [SECRET]},
    rows=ROWS,
    carry=carry,
    sign=sign,
    syntax="form",
    spoken=(form(body=None) + b"&body=", b""),
    text_field=b"body",
    signed_headers=("authorization", "x-sdk-date", "content-type"),
    signs_query=True,
    equal=equal,
    lacks={
        "batch": "Huawei sends one message a request",
        "reply": "a reply goes through Huawei's API",
    },
)
