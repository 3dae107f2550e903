"""Infobip: a real request, and what a list of messages may hold."""

import base64
import json
from dataclasses import replace
from typing import Any

from gateway.intake.inbound import Inbound
from gateway.intake.provider import Answer, Refusal, Request
from tests.providers.rows import Row, Table, unparsed

#: One message of a real request (nyaruka/courier, infobip/handler_test.go), with another text.
ITEM = {
    "messageId": "0191e180-7d60-7000-aded-7d8b151cbd5b",
    "from": "385916242493",
    "to": "385921004026",
    "text": "A01 B02",
    "cleanText": "B02",
    "keyword": "A01",
    "receivedAt": "2016-10-06T09:28:39.220+0000",
    "smsCount": 1,
    "price": {"pricePerMessage": 0, "currency": "EUR"},
    "callbackData": "callbackData",
}
SENT_MS = 1_475_746_119_220
OK = Answer()
WITH_BASIC = {"user": "infobip", "password": "geheim:geheim"}
BASIC = "Basic " + base64.b64encode(b"infobip:geheim:geheim").decode()


def carry(body: bytes) -> Request:
    return Request("POST", "/in/ib/token", {"content-type": "application/json"}, body, SENT_MS + 900)


def written(**changes: Any) -> bytes:
    """The real message with some of it changed, or left out (...)."""
    kept = {k: v for k, v in {**ITEM, **changes}.items() if v is not ...}
    return json.dumps(kept, ensure_ascii=False).encode()


def pushed(*items: bytes) -> Request:
    count = b'"messageCount":%d,"pendingMessageCount":0}' % len(items)
    return carry(b'{"results":[' + b",".join(items) + b"]," + count)


def heard(raw: bytes, **changes: Any) -> Inbound:
    sample = Inbound(
        str(ITEM["messageId"]), "+385916242493", "A01 B02", sent_ms=SENT_MS, sent_grain_ms=1, raw=raw
    )
    return sample._replace(**changes)


def accepted(label: str, raw: bytes, **changes: Any) -> Row:
    return Row("accepted", label, pushed(raw), messages=[heard(raw, **changes)], answer=OK)


def unread(label: str, reason: str, **changes: Any) -> Row:
    raw = written(**changes)
    return Row("malformed", label, pushed(raw), messages=[unparsed(reason, raw)], answer=OK)


def whole(label: str, reason: str, body: bytes) -> Row:
    return Row("malformed", label, carry(body), messages=[unparsed(reason, body)], answer=OK)


def basic(covers: str, label: str, header: str | None, refused: str = "") -> Row:
    headers = {} if header is None else {"authorization": header}
    return Row(
        covers,
        label,
        replace(GOOD, headers=headers),
        refused=Refusal(401, refused) if refused else None,
        messages=() if refused else [heard(written())],
        options=WITH_BASIC,
    )


GOOD = pushed(written())
WIDE = written(text="投Ａ０１", **{"from": "３８５９１６２４２４９３"})
BATCH_ITEMS = (
    written(messageId="1"),
    b'{"messageId":"2","from":"1","text":"A01","text":"A02"}',
    b"null",
    written(messageId="4", text="A02"),
)
BATCH_HEARD = [
    heard(BATCH_ITEMS[0], message_id="1"),
    unparsed("duplicate_key", BATCH_ITEMS[1]),
    unparsed("wrong_shape", BATCH_ITEMS[2]),
    heard(BATCH_ITEMS[3], message_id="4", text="A02"),
]

TABLE = Table(
    options={},
    rows=[
        accepted("a real request", written()),
        accepted("no keyword", written(keyword=None, cleanText="A01 B02")),
        accepted("no time", written(receivedAt=...), sent_ms=None, sent_grain_ms=1000),
        accepted("time null", written(receivedAt=None), sent_ms=None, sent_grain_ms=1000),
        accepted("another zone", written(receivedAt="2016-10-06T11:28:39.220+02:00")),
        accepted("a sender in letters", written(**{"from": "Infobip"}), caller="Infobip"),
        accepted("an empty sender", written(**{"from": ""}), caller=""),
        Row(
            "unsigned",
            "a header nobody asked for",
            replace(GOOD, headers={"authorization": "é"}),
            messages=[heard(written())],
        ),
        basic("accepted", "with Basic", BASIC),
        basic("bad_credentials", "another password", BASIC[:-4] + "AAAA", "bad_credentials"),
        basic("bad_credentials", "a bearer", BASIC.replace("Basic", "Bearer"), "bad_credentials"),
        basic("no_credentials", "none", None, "no_credentials"),
        unread("no id", "no_message_id", messageId=...),
        unread("an empty id", "no_message_id", messageId=""),
        unread("an id that is a number", "wrong_shape", messageId=1),
        unread("no sender", "no_caller_field", **{"from": ...}),
        unread("no text, as in an MMS", "no_text_field", text=..., message=[{"contentType": "text/plain"}]),
        unread("a time without a zone", "bad_time", receivedAt="2016-10-06T09:28:39.220"),
        unread("a time that is a number", "wrong_shape", receivedAt=1),
        whole("no results", "wrong_shape", b'{"messageCount":0}'),
        whole("two results", "duplicate_key", b'{"results":[],"results":[]}'),
        whole("nan beside the results", "not_a_number", b'{"results":[],"messageCount":NaN}'),
        Row(
            "malformed",
            "results that are text",
            carry(b'{"results":"A01"}'),
            messages=[unparsed("wrong_shape", b'"A01"')],
        ),
        Row(
            "non_ascii_digits",
            "as given",
            pushed(WIDE),
            messages=[heard(WIDE, caller="+３８５９１６２４２４９３", text="投Ａ０１")],
        ),
        Row(
            "redelivery",
            "with another beside it",
            pushed(BATCH_ITEMS[0]),
            messages=[heard(BATCH_ITEMS[0], message_id="1")],
            again=replace(pushed(BATCH_ITEMS[0]), received_ms=SENT_MS + 60_000, headers={}),
        ),
        Row("batch", "the bad beside the good", pushed(*BATCH_ITEMS), messages=BATCH_HEARD, answer=OK),
        Row("batch", "empty", pushed(), messages=[], answer=OK),
    ],
    carry=carry,
    syntax="json",
    spoken=(b'{"results":[{"messageId":"7001","from":"385916242493","text":', b"}]}"),
    text_field=b"text",
    lacks={
        "wrong_account": "the request names no account",
        "reply": "a reply goes through the sending API",
        "published_vectors": "nothing is signed",
    },
)
