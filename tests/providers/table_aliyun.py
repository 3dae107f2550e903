"""Aliyun: the documented sample, its older forms, and what a list may hold."""

from dataclasses import replace
from typing import Any

from gateway.intake.inbound import Inbound
from gateway.intake.payload import synthesised_id
from gateway.intake.provider import Answer, Request
from tests.providers import rows
from tests.providers.rows import Row, Table, unparsed

#: The sample of the documentation (smsup-http), with a whole number.
ITEM = {
    "phone_number": "13811110000",
    "content": "3",
    "send_time": "2017-09-01 00:00:00",
    "dest_code": "1234",
    "sequence_id": "1234567890",
    "sign_name": "签名",
}
SENT_MS = 1_504_195_200_000  # 2017-08-31T16:00:00Z
NOW_MS = SENT_MS + 5_000
TAKEN = Answer('{"code":0,"msg":"接收成功"}'.encode(), "application/json; charset=utf-8")


def carry(body: bytes) -> Request:
    return Request("POST", "/in/ali/token", {"content-type": "application/json"}, body, NOW_MS)


def written(**changes: Any) -> bytes:
    return rows.written(ITEM, **changes)


def pushed(*items: bytes) -> Request:
    return carry(b"[" + b",".join(items) + b"]")


def heard(raw: bytes, **changes: Any) -> Inbound:
    return Inbound("1234567890", "13811110000", "3", sent_ms=SENT_MS, raw=raw)._replace(**changes)


def accepted(label: str, heard_as: dict[str, Any] | None = None, **changes: Any) -> Row:
    raw = written(**changes)
    return Row("accepted", label, pushed(raw), messages=[heard(raw, **(heard_as or {}))], answer=TAKEN)


def unread(label: str, reason: str, **changes: Any) -> Row:
    raw = written(**changes)
    return Row("malformed", label, pushed(raw), messages=[unparsed(reason, raw)], answer=TAKEN)


def whole(label: str, reason: str, body: bytes) -> Row:
    return Row("malformed", label, carry(body), messages=[unparsed(reason, body)], answer=TAKEN)


WIDE = {"phone_number": "１３８１１１１００００", "content": "投Ａ０１"}
SYNTHESISED = synthesised_id("13811110000", "3", "2017-09-01 00:00:00", "1234")
ALONE = written()
BATCH_ITEMS = (
    written(sequence_id="1"),
    b'{"phone_number":"1","content":"A01","content":"A02"}',
    b"null",
    b'{"phone_number":"1","content":"A01","sequence_id":NaN}',
    written(sequence_id="2", content="A02"),
)
BATCH = carry(b" [" + b" ,\r\n".join(BATCH_ITEMS) + b"]\n")
BATCH_HEARD = [
    heard(BATCH_ITEMS[0], message_id="1"),
    unparsed("duplicate_key", BATCH_ITEMS[1]),
    unparsed("wrong_shape", BATCH_ITEMS[2]),
    unparsed("not_a_number", BATCH_ITEMS[3]),
    heard(BATCH_ITEMS[4], message_id="2", text="A02"),
]


#: The sample of SmsReport, with a whole number.
REPORT = (
    b'{"phone_number":"13811110000","send_time":"2017-01-01 11:12:13","report_time":"2017-02-02 22:23:24",'
    b'"success":true,"err_code":"DELIVERED","err_msg":"ok","sms_size":"1","biz_id":"12345","out_id":"67890"}'
)


def in_paris(label: str, send_time: str, sent_ms: int | None) -> Row:
    """Zones with summer time: an hour that is there twice, or not at all, is not guessed."""
    raw = written(send_time=send_time)
    message = unparsed("bad_time", raw) if sent_ms is None else heard(raw, sent_ms=sent_ms)
    return Row("accepted", label, pushed(raw), messages=[message], options={"timezone": "Europe/Paris"})


ROWS = [
    accepted("the sample"),
    accepted("the id as a number", sequence_id=1234567890),
    accepted("the largest safe number as id", {"message_id": "9007199254740992"}, sequence_id=2**53),
    accepted("the time in digits", send_time="20170901000000"),
    accepted("no sign name", sign_name=...),
    accepted("an empty text", {"text": ""}, content=""),
    accepted("no number given", {"caller": ""}, phone_number=None),
    accepted("no time", {"sent_ms": None}, send_time=...),
    accepted("an empty time", {"sent_ms": None}, send_time=""),
    accepted("no id", {"message_id": SYNTHESISED}, sequence_id=...),
    accepted("an empty id", {"message_id": SYNTHESISED}, sequence_id=""),
    Row("accepted", "one object without a list", carry(ALONE), messages=[heard(ALONE)], answer=TAKEN),
    in_paris("summer time", "2017-09-01 00:00:00", SENT_MS + 6 * 3_600_000),
    in_paris("an hour there twice", "2017-10-29 02:30:00", None),
    in_paris("an hour not there", "2017-03-26 02:30:00", None),
    in_paris("the hour after", "2017-10-29 03:00:00", 1_509_242_400_000),
    Row(
        "unsigned",
        "with any signature or none",
        replace(pushed(ALONE), headers={"authorization": "Basic é"}),
        messages=[heard(ALONE)],
    ),
    accepted("eight levels", extra=[[[[[[]]]]]]),
    unread("eight levels and one", "too_deep", extra=[[[[[[[]]]]]]]),
    Row("accepted", "delivery reports", pushed(REPORT, REPORT), answer=TAKEN),
    Row("batch", "a message among them", pushed(REPORT, ALONE), messages=[heard(ALONE)], answer=TAKEN),
    accepted("a message that says it is none", biz_id="1", success=True),
    unread("no id and no time", "no_message_id", sequence_id=..., send_time=...),
    unread("an id that is a fraction", "wrong_shape", sequence_id=1.5),
    unread("an id that is true", "wrong_shape", sequence_id=True),
    unread("an id no double can hold", "number_too_large", sequence_id=2**53 + 1),
    unread("a number of its own kind", "wrong_shape", phone_number=13811110000),
    unread("no number field", "no_caller_field", phone_number=...),
    unread("no text", "no_text_field", content=...),
    unread("a time with a zone", "bad_time", send_time="2017-09-01T00:00:00Z"),
    unread("a time on no day", "bad_time", send_time="2017-09-31 00:00:00"),
    unread("a leap second", "bad_time", send_time="2016-12-31 23:59:60"),
    unread("a time that is a number", "wrong_shape", send_time=20170901000000),
    unread("a time of false", "wrong_shape", send_time=False),
    whole("a list cut off", "not_json", BATCH.body[:-20]),
    whole("two lists", "not_json", b"[][]"),
    whole("a list in a list", "wrong_shape", b'"[]"'),
    Row("malformed", "a list in the list", pushed(b"[]"), messages=[unparsed("wrong_shape", b"[]")]),
    Row(
        "non_ascii_digits",
        "as given",
        pushed(written(**WIDE)),
        messages=[heard(written(**WIDE), caller=WIDE["phone_number"], text=WIDE["content"])],
    ),
    unread("a time in other digits", "bad_time", send_time="２０１７-09-01 00:00:00"),
    Row(
        "redelivery",
        "ten minutes later",
        BATCH,
        messages=BATCH_HEARD,
        again=replace(BATCH, received_ms=NOW_MS + 600_000),
    ),
    Row(
        "redelivery",
        "without ids, in another list",
        pushed(written(sequence_id=...)),
        messages=[heard(written(sequence_id=...), message_id=SYNTHESISED)],
        again=carry(b"[ " + written(sequence_id=None) + b" ]"),
    ),
    Row("batch", "the bad beside the good", BATCH, messages=BATCH_HEARD, answer=TAKEN),
    Row("batch", "empty", carry(b"[]"), messages=[], answer=TAKEN),
]

TABLE = Table(
    options={},
    rows=ROWS,
    carry=carry,
    syntax="json",
    spoken=(b'[{"phone_number":"13811110000","sequence_id":"1","content":', b"}]"),
    text_field=b"content",
    lacks={
        "wrong_account": "the push names no account",
        "reply": "a reply goes through Aliyun's API",
        "published_vectors": "nothing is signed",
    },
)
