"""Volcengine: the documented sample, and what a list may hold."""

from dataclasses import replace
from typing import Any

from gateway.intake.inbound import Inbound
from gateway.intake.payload import synthesised_id
from gateway.intake.provider import Answer, Request
from tests.providers import rows
from tests.providers.rows import Row, Table, unparsed

#: The sample of the documentation (171585), with whole numbers.
ITEM = {
    "account": "2000000001",
    "sub_account": "049c0001",
    "signature": "测试发送",
    "content": "A01",
    "mobile": "18100009843",
    "channel_type": "CN_OTP",
    "service_id": "1069669400001",
    "recv_time": 1651760981000,
    "ext": "1047",
}
SENT_MS = 1_651_760_981_000
NOW_MS = SENT_MS + 5_000
TAKEN = Answer()


def known_as(caller: str = "18100009843", text: str = "A01", sent: int = SENT_MS, **apart: str) -> str:
    named = {key: str(ITEM[key]) for key in ("account", "sub_account", "service_id", "ext")} | apart
    return synthesised_id(caller, text, str(sent), *named.values())


def carry(body: bytes) -> Request:
    headers = {"content-type": "application/json;charset=utf-8", "accept-encoding": "gzip, deflate"}
    return Request("POST", "/in/volc/token", headers, body, NOW_MS)


def written(**changes: Any) -> bytes:
    return rows.written(ITEM, **changes)


def pushed(*items: bytes) -> Request:
    return carry(b"[" + b",".join(items) + b"]")


def heard(raw: bytes, **changes: Any) -> Inbound:
    made = Inbound(known_as(), "18100009843", "A01", sent_ms=SENT_MS, sent_grain_ms=1, raw=raw)
    return made._replace(**changes)


def accepted(label: str, heard_as: dict[str, Any] | None = None, **changes: Any) -> Row:
    raw = written(**changes)
    return Row("accepted", label, pushed(raw), messages=[heard(raw, **(heard_as or {}))], answer=TAKEN)


def unread(label: str, reason: str, **changes: Any) -> Row:
    raw = written(**changes)
    return Row("malformed", label, pushed(raw), messages=[unparsed(reason, raw)], answer=TAKEN)


WIDE = {"mobile": "１８１００００９８４３", "content": "投Ａ０１"}
BATCH_ITEMS = (
    written(),
    written(recv_time=SENT_MS + 1),
    b'{"mobile":"1","content":"A01","recv_time":NaN}',
    written(mobile="18100009844", content="A02"),
)
BATCH = pushed(*BATCH_ITEMS)
BATCH_HEARD = [
    heard(BATCH_ITEMS[0]),
    heard(BATCH_ITEMS[1], message_id=known_as(sent=SENT_MS + 1), sent_ms=SENT_MS + 1),
    unparsed("not_a_number", BATCH_ITEMS[2]),
    heard(BATCH_ITEMS[3], message_id=known_as("18100009844", "A02"), caller="18100009844", text="A02"),
]

ROWS = [
    accepted("the sample"),
    accepted("no signature: uplink only", signature=""),
    accepted("no service number", {"message_id": known_as(service_id="")}, service_id=...),
    accepted("the time as text", recv_time="1651760981000"),
    accepted("no number given", {"caller": "", "message_id": known_as("")}, mobile=None),
    Row("accepted", "one object without a list", carry(written()), messages=[heard(written())], answer=TAKEN),
    Row(
        "unsigned",
        "with any signature or none",
        replace(pushed(written()), headers={"authorization": "Basic é"}),
        messages=[heard(written())],
    ),
    unread("no time", "no_message_id", recv_time=...),
    unread("a time in seconds and a fraction", "wrong_shape", recv_time=1651760981.5),
    unread("a time beyond all times", "bad_time", recv_time="165176098100000"),
    unread("a time in other digits", "bad_time", recv_time="１６５１７６０９８１０００"),
    unread("no number", "no_caller_field", mobile=...),
    unread("no text", "no_text_field", content=...),
    unread("a text that is a number", "wrong_shape", content=3),
    unread("an account that is a list", "wrong_shape", account=[]),
    Row("malformed", "a list in the list", pushed(b"[]"), messages=[unparsed("wrong_shape", b"[]")]),
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
        "a day later, in another list",
        pushed(written()),
        messages=[heard(written())],
        again=replace(carry(b"[ " + written() + b" ]"), received_ms=NOW_MS + 86_400_000),
    ),
    Row("batch", "the bad beside the good", BATCH, messages=BATCH_HEARD, answer=TAKEN),
    Row("batch", "empty", carry(b"[]"), messages=[], answer=TAKEN),
]

TABLE = Table(
    options={},
    rows=ROWS,
    carry=carry,
    syntax="json",
    spoken=(b'[{"mobile":"18100009843","recv_time":1651760981000,"content":', b"}]"),
    text_field=b"content",
    lacks={
        "wrong_account": "an account named in an unsigned push proves nothing",
        "reply": "a reply goes through Volcengine's API",
        "published_vectors": "nothing is signed",
    },
)
