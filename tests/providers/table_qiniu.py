"""Qiniu: the documented sample, and what its list may hold."""

from dataclasses import replace
from typing import Any

from gateway.intake.inbound import Inbound
from gateway.intake.payload import synthesised_id
from gateway.intake.provider import Answer, Request
from tests.providers import rows
from tests.providers.rows import Row, Table, unparsed

#: The sample of the documentation (message-push).
ITEM = {"mobile": "13812345678", "content": "TD", "time": 1558692400, "dest_code": "10692012345678"}
SENT_MS = 1_558_692_400_000
NOW_MS = SENT_MS + 5_000
TAKEN = Answer()


def known_as(
    mobile: str = "13812345678", text: str = "TD", sent: int = 1558692400, to: str = "10692012345678"
) -> str:
    return synthesised_id(mobile, text, str(sent), to)


def carry(body: bytes) -> Request:
    return Request("POST", "/in/qn/token", {"content-type": "application/json"}, body, NOW_MS)


def written(**changes: Any) -> bytes:
    return rows.written(ITEM, **changes)


def pushed(*items: bytes) -> Request:
    return carry(b'{"items":[' + b",".join(items) + b"]}")


def heard(raw: bytes, **changes: Any) -> Inbound:
    return Inbound(known_as(), "13812345678", "TD", sent_ms=SENT_MS, raw=raw)._replace(**changes)


def accepted(label: str, heard_as: dict[str, Any] | None = None, **changes: Any) -> Row:
    raw = written(**changes)
    return Row("accepted", label, pushed(raw), messages=[heard(raw, **(heard_as or {}))], answer=TAKEN)


def unread(label: str, reason: str, **changes: Any) -> Row:
    raw = written(**changes)
    return Row("malformed", label, pushed(raw), messages=[unparsed(reason, raw)], answer=TAKEN)


def whole(label: str, reason: str, body: bytes) -> Row:
    return Row("malformed", label, carry(body), messages=[unparsed(reason, body)], answer=TAKEN)


WIDE = {"mobile": "１３８１２３４５６７８", "content": "投Ａ０１"}
BATCH_ITEMS = (written(content="A01"), b"null", written(content="A02", time=1558692401))
BATCH = pushed(*BATCH_ITEMS)
BATCH_HEARD = [
    heard(BATCH_ITEMS[0], message_id=known_as(text="A01"), text="A01"),
    unparsed("wrong_shape", BATCH_ITEMS[1]),
    heard(
        BATCH_ITEMS[2],
        message_id=known_as(text="A02", sent=1558692401),
        text="A02",
        sent_ms=SENT_MS + 1_000,
    ),
]

ROWS = [
    accepted("the sample"),
    accepted(
        "without the number dialled, as on an older page", {"message_id": known_as(to="")}, dest_code=...
    ),
    accepted("the time as text", time="1558692400"),
    accepted("no number given", {"caller": "", "message_id": known_as("")}, mobile=""),
    Row(
        "accepted",
        "one object without a list",
        carry(b'{"items":' + written() + b"}"),
        messages=[heard(written())],
    ),
    Row(
        "unsigned",
        "with any signature or none",
        replace(pushed(written()), headers={"authorization": "Qiniu é"}),
        messages=[heard(written())],
    ),
    unread("no time", "no_message_id", time=...),
    unread("a time that is a fraction", "wrong_shape", time=1558692400.5),
    unread("a time in milliseconds", "bad_time", time=1558692400000),
    unread("a time in other digits", "bad_time", time="１５５８６９２４００"),
    unread("no number", "no_caller_field", mobile=...),
    unread("a delivery report", "no_text_field", content=..., message_id="34114035", status="DELIVRD"),
    whole("no list", "wrong_shape", b'{"item":[]}'),
    whole("a list by itself", "not_json", b"[" + written() + b"]"),
    Row(
        "malformed", "null as the list", carry(b'{"items":null}'), messages=[unparsed("wrong_shape", b"null")]
    ),
    whole("two lists", "duplicate_key", b'{"items":[],"items":[]}'),
    whole("something unreadable beside the list", "not_a_number", b'{"items":[],"n":NaN}'),
    Row(
        "non_ascii_digits",
        "as given",
        pushed(written(**WIDE)),
        messages=[
            heard(
                written(**WIDE),
                message_id=known_as(WIDE["mobile"], WIDE["content"]),
                caller=WIDE["mobile"],
                text=WIDE["content"],
            )
        ],
    ),
    Row(
        "redelivery",
        "ten minutes later, alone",
        pushed(written()),
        messages=[heard(written())],
        again=replace(carry(b'{"items" : [ ' + written() + b" ]}"), received_ms=NOW_MS + 600_000),
    ),
    Row("batch", "the bad beside the good", BATCH, messages=BATCH_HEARD, answer=TAKEN),
    Row("batch", "empty", pushed(), messages=[], answer=TAKEN),
]

TABLE = Table(
    options={},
    rows=ROWS,
    carry=carry,
    syntax="json",
    spoken=(b'{"items":[{"mobile":"13812345678","time":1558692400,"content":', b"}]}"),
    text_field=b"content",
    lacks={
        "wrong_account": "the push names no account",
        "reply": "a reply goes through Qiniu's API",
        "published_vectors": "nothing is signed",
    },
)
