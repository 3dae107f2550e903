"""Tencent: the documented sample, and what a reply may hold."""

from dataclasses import replace
from typing import Any

from gateway.intake.inbound import Inbound
from gateway.intake.payload import synthesised_id
from gateway.intake.provider import Answer, Request
from tests.providers import rows
from tests.providers.rows import Row, Table, unparsed

#: The sample of the documentation (59179), with a whole number.
ITEM = {
    "extend": "",
    "mobile": "13800138000",
    "nationcode": "86",
    "sign": "短信签名",
    "text": "3",
    "time": 1457336869,
}
SENT_MS = 1_457_336_869_000
NOW_MS = SENT_MS + 5_000
TAKEN = Answer(b'{"result":0,"errmsg":"OK"}', "application/json; charset=utf-8")
ID = synthesised_id("86", "13800138000", "", "短信签名", "3", "1457336869")


def carry(body: bytes) -> Request:
    return Request("POST", "/in/qcloud/token", {"content-type": "application/json"}, body, NOW_MS)


def written(**changes: Any) -> bytes:
    return rows.written(ITEM, **changes)


def heard(raw: bytes, **changes: Any) -> Inbound:
    return Inbound(ID, "+8613800138000", "3", sent_ms=SENT_MS, raw=raw)._replace(**changes)


def accepted(label: str, heard_as: dict[str, Any] | None = None, **changes: Any) -> Row:
    raw = written(**changes)
    return Row("accepted", label, carry(raw), messages=[heard(raw, **(heard_as or {}))], answer=TAKEN)


def unread(label: str, reason: str, **changes: Any) -> Row:
    raw = written(**changes)
    return Row("malformed", label, carry(raw), messages=[unparsed(reason, raw)], answer=TAKEN)


def whole(label: str, reason: str, body: bytes) -> Row:
    return Row("malformed", label, carry(body), messages=[unparsed(reason, body)], answer=TAKEN)


def known_as(mobile: str, country: str = "86", sent: str = "1457336869", text: str = "3") -> str:
    return synthesised_id(country, mobile, "", "短信签名", text, sent)


WIDE = {"mobile": "１３８００１３８０００", "text": "投Ａ０１"}
LIST_ITEMS = (written(), b"[]", written(text="A02", time=1457336870))
LIST = carry(b" [" + b" ,\r\n".join(LIST_ITEMS) + b"]\n")
LIST_HEARD = [
    heard(LIST_ITEMS[0]),
    unparsed("wrong_shape", LIST_ITEMS[1]),
    heard(
        LIST_ITEMS[2],
        message_id=known_as("13800138000", sent="1457336870", text="A02"),
        text="A02",
        sent_ms=SENT_MS + 1_000,
    ),
]

#: The sample of the sibling callback (59178).
REPORT = (
    b'{"user_receive_time":"2015-10-17 08:03:04","nationcode":"86","mobile":"13800138000",'
    b'"report_status":"SUCCESS","errmsg":"DELIVRD","description":"","sid":"xxxxxxx"}'
)

ROWS = [
    accepted("the sample"),
    accepted("the time as text", time="1457336869"),
    accepted("the country as a number", nationcode=86),
    accepted("the country with its plus", nationcode="+86"),
    accepted("no extension", extend=...),
    accepted(
        "no country", {"caller": "13800138000", "message_id": known_as("13800138000", "")}, nationcode=...
    ),
    accepted("no number given", {"caller": "", "message_id": known_as("")}, mobile=""),
    accepted(
        "another country",
        {"caller": "+85251234567", "message_id": known_as("51234567", "852")},
        nationcode="852",
        mobile="51234567",
    ),
    Row(
        "accepted",
        "no content type",
        replace(carry(written()), headers={}),
        messages=[heard(written())],
        answer=TAKEN,
    ),
    Row(
        "unsigned",
        "with any signature or none",
        replace(carry(written()), headers={"authorization": "Basic é"}),
        messages=[heard(written())],
    ),
    unread("no time", "no_message_id", time=...),
    unread("a time of null", "no_message_id", time=None),
    unread("a time that is a fraction", "wrong_shape", time=1457336869.5),
    unread("a time before 1970", "bad_time", time=-1),
    unread("a date", "bad_time", time="2016-03-07 15:47:49"),
    unread("a time in other digits", "bad_time", time="１４５７３３６８６９"),
    unread("no number", "no_caller_field", mobile=...),
    unread("a number of its own kind", "wrong_shape", mobile=13800138000),
    unread("no text", "no_text_field", text=...),
    unread("a country that is a list", "wrong_shape", nationcode=["86"]),
    Row("accepted", "delivery reports", carry(b"[" + REPORT + b"," + REPORT + b"]"), answer=TAKEN),
    Row(
        "batch",
        "a reply among them",
        carry(b"[" + REPORT + b"," + written() + b"]"),
        messages=[heard(written())],
    ),
    accepted("a reply that says it is none", report_status="SUCCESS"),
    whole("cut off", "not_json", written()[:-5]),
    Row(
        "non_ascii_digits",
        "as given",
        carry(written(**WIDE)),
        messages=[
            heard(
                written(**WIDE),
                message_id=known_as(WIDE["mobile"], text=WIDE["text"]),
                caller=f"+86{WIDE['mobile']}",
                text=WIDE["text"],
            )
        ],
    ),
    Row(
        "redelivery",
        "a minute later, in another order",
        carry(written()),
        messages=[heard(written())],
        again=replace(carry(rows.written(dict(reversed(ITEM.items())))), received_ms=NOW_MS + 60_000),
    ),
    Row("batch", "a list, though none is documented", LIST, messages=LIST_HEARD, answer=TAKEN),
    Row("batch", "empty", carry(b"[]"), messages=[], answer=TAKEN),
]

TABLE = Table(
    options={},
    rows=ROWS,
    carry=carry,
    syntax="json",
    spoken=(b'{"mobile":"13800138000","nationcode":"86","time":1457336869,"text":', b"}"),
    text_field=b"text",
    lacks={
        "wrong_account": "the push names no account",
        "reply": "a reply goes through Tencent's API",
        "published_vectors": "nothing is signed",
    },
)
