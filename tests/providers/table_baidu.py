"""Baidu: the documented sample, signed as its page on callbacks says."""

import hashlib
from dataclasses import replace
from typing import Any

from gateway.intake.inbound import Inbound
from gateway.intake.payload import synthesised_id
from gateway.intake.provider import Answer, Refusal, Request
from tests.providers import rows
from tests.providers.rows import Row, Table, unparsed

TOKEN, NEXT_TOKEN = "0d05cf62b3c84d9ab0ff3cb36b2d5bb7", "5a1e66a1c2f34f0b9a4d1f3f6a7b8c9d"
#: The sample of the documentation (Tkijya6ed).
ITEM = {"mobile": "13800138000", "content": "TD", "sign": "百度云", "receiveTime": "2019-12-03T22:53:05Z"}
SENT_MS = 1_575_413_585_000
NOW_MS = SENT_MS + 5_000
STAMP = SENT_MS + 3_112
PUSH = "54eb30d9-fead-4048-bb8b-200cf12ab8e9"
TAKEN = Answer()


def known_as(mobile: str = "13800138000", text: str = "TD", extension: str = "") -> str:
    return synthesised_id(mobile, text, "2019-12-03T22:53:05Z", "百度云", extension)


def carry(body: bytes) -> Request:
    headers = {"content-type": "application/json;charset=utf-8", "requestid": PUSH}
    return Request("POST", "/in/bd", headers, body, NOW_MS)


def sign(request: Request, token: str = TOKEN, stamp: object = STAMP) -> Request:
    signature = hashlib.md5(f"{token}{stamp}".encode() + request.body).hexdigest()
    return replace(request, headers={**request.headers, "timestamp": str(stamp), "signature": signature})


def post(**changes: Any) -> Request:
    return sign(carry(rows.written(ITEM, **changes)))


def heard(request: Request, **changes: Any) -> list[Inbound]:
    made = Inbound(known_as(), "13800138000", "TD", sent_ms=SENT_MS, raw=request.body)
    return [made._replace(**changes)]


def accepted(label: str, heard_as: dict[str, Any] | None = None, **changes: Any) -> Row:
    request = post(**changes)
    return Row("accepted", label, request, messages=heard(request, **(heard_as or {})), answer=TAKEN)


def unread(label: str, reason: str, **changes: Any) -> Row:
    request = post(**changes)
    return Row("malformed", label, request, messages=[unparsed(reason, request.body)], answer=TAKEN)


def headed(label: str, covers: str = "bad_signature", status: Any = 403, **headers: str | None) -> Row:
    """The good request with headers changed, or left out (None)."""
    kept = {name: value for name, value in {**GOOD.headers, **headers}.items() if value is not None}
    return Row(covers, label, replace(GOOD, headers=kept), refused=Refusal(status, covers))


def refused(label: str, request: Request, reason: str = "bad_signature") -> Row:
    return Row("bad_signature", label, request, refused=Refusal(403, reason))


def rotated(label: str, request: Request, tokens: list[str], refusal: Refusal | None = None) -> Row:
    messages = () if refusal else heard(request)
    return Row("rotation", label, request, refused=refusal, messages=messages, options={"secrets": tokens})


GOOD = post()
SIGNATURE = GOOD.headers["signature"]
ANOTHER_PUSH = replace(GOOD, headers={**GOOD.headers, "requestid": "71bdbef0ac8847378da21ecb142a14e7"})
AN_HOUR_LATER = sign(replace(ANOTHER_PUSH, received_ms=NOW_MS + 3_600_000), stamp=STAMP + 3_600_000)
WIDE = {"mobile": "１３８００１３８０００", "content": "投Ａ０１"}
LIST = sign(carry(b"[" + rows.written(ITEM) + b",1]"))

ROWS = [
    accepted("the sample"),
    accepted("with an extension", {"message_id": known_as(extension="123")}, userExtId="123"),
    accepted("no number given", {"caller": "", "message_id": known_as("")}, mobile=""),
    rotated("the old token", GOOD, [TOKEN, NEXT_TOKEN]),
    rotated("the new token", GOOD, [NEXT_TOKEN, TOKEN]),
    rotated("the old token, taken out", GOOD, [NEXT_TOKEN], Refusal(403, "bad_signature")),
    refused("another token", sign(GOOD, NEXT_TOKEN)),
    refused("without a token", sign(GOOD, "")),
    refused("another body", replace(post(content="A02"), headers=GOOD.headers)),
    refused("old", sign(GOOD, stamp=NOW_MS - 43_200_001), "stale"),
    refused("from the future", sign(GOOD, stamp=NOW_MS + 43_200_001), "stale"),
    refused("a date as time", sign(GOOD, stamp="2019-12-03")),
    refused("a time in other digits", sign(GOOD, stamp="１５７５４１３５８８１１２")),
    headed("in capitals", signature=SIGNATURE.upper()),
    headed("not ASCII", signature="é" * 32),
    headed("lone surrogate", signature="\ud800"),
    headed("none", "no_signature", 401, signature=None),
    headed("empty", "no_signature", 401, signature=""),
    headed("no time", "no_signature", 401, timestamp=None),
    Row(
        "unsigned",
        "without a token, and with a header nobody asked for",
        replace(GOOD, headers={"signature": "\ud800"}),
        messages=heard(GOOD),
        options={"secrets": None},
    ),
    unread("no time", "no_message_id", receiveTime=...),
    unread("a time without a zone", "bad_time", receiveTime="2019-12-03T22:53:05"),
    unread("a time that is a number", "bad_time", receiveTime=1575413585),
    unread("no number", "no_caller_field", mobile=...),
    unread("a delivery report", "no_text_field", content=..., code="0", messageId="1"),
    unread("an extension that is a list", "wrong_shape", userExtId=[]),
    Row(
        "non_ascii_digits",
        "as given",
        post(**WIDE),
        messages=heard(
            post(**WIDE),
            message_id=known_as(WIDE["mobile"], WIDE["content"]),
            caller=WIDE["mobile"],
            text=WIDE["content"],
        ),
    ),
    Row("redelivery", "an hour later, as another push", GOOD, messages=heard(GOOD), again=AN_HOUR_LATER),
    Row("redelivery", "with an id that was never signed", GOOD, messages=heard(GOOD), again=ANOTHER_PUSH),
    Row(
        "batch",
        "a list, though none is documented",
        LIST,
        messages=[heard(LIST, raw=rows.written(ITEM))[0], unparsed("wrong_shape", b"1")],
        answer=TAKEN,
    ),
]

TABLE = Table(
    options={"secrets": [TOKEN]},
    rows=ROWS,
    carry=carry,
    sign=sign,
    syntax="json",
    spoken=(b'{"mobile":"13800138000","receiveTime":"2019-12-03T22:53:05Z","content":', b"}"),
    text_field=b"content",
    signed_headers=("timestamp", "signature"),
    lacks={
        "wrong_account": "the token is of one account only",
        "reply": "a reply goes through Baidu's API",
        "published_vectors": "the signatures in Baidu's samples are of tokens that are not published",
    },
)
