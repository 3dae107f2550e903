"""Kannel 1.4.5: the queries its smsbox really makes from the get-url we ask for."""

import base64
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus

from gateway.intake.inbound import Inbound
from gateway.intake.payload import synthesised_id
from gateway.intake.provider import Answer, Ended, Refusal, Request
from tally.outcome import MessageOutcome
from tests.providers.rows import Row, Table, unparsed

ID = "9c0f6b5e-4f5f-4c5e-8f43-5f2f7f1f3a10"
TS, SENT_MS = "1531965598", 1_531_965_598_000
FIELDS = {
    "id": ID,
    "ts": TS,
    "from": "%2B8613800138000",
    "to": "10690001",
    "text": "A01",
    "coding": "0",
    "charset": "UTF-8",
    "udh": "",
    "smsc": "sim1",
}


def carry(query: bytes) -> Request:
    return Request(
        "GET", "/in/sim/token?" + query.decode("utf-8", "surrogateescape"), {}, b"", SENT_MS + 2_000
    )


def query(**changes: str | None) -> bytes:
    """The query with some fields changed, already escaped, or left out (None)."""
    said = {**FIELDS, **{name.rstrip("_"): value for name, value in changes.items()}}
    return "&".join(f"{name}={value}" for name, value in said.items() if value is not None).encode()


def heard(raw: bytes, **changes: Any) -> list[Inbound]:
    return [Inbound(ID, "+8613800138000", "A01", sent_ms=SENT_MS, raw=raw)._replace(**changes)]


def accepted(
    label: str, heard_as: dict[str, Any] | None = None, covers: str = "accepted", **changes: str | None
) -> Row:
    raw = query(**changes)
    return Row(covers, label, carry(raw), messages=heard(raw, **(heard_as or {})), answer=Answer())


def unread(label: str, reason: str, **changes: str | None) -> Row:
    raw = query(**changes)
    return Row("malformed", label, carry(raw), messages=[unparsed(reason, raw)], answer=Answer())


def said(label: str, read: str, **changes: str) -> Row:
    return accepted(label, {"text": read}, **changes)


def asked(label: str, covers: str, header: str | None, refused: str = "") -> Row:
    """With HTTP Basic set up."""
    request = replace(carry(query()), headers={} if header is None else {"authorization": header})
    return Row(
        covers,
        label,
        request,
        refused=Refusal(401, refused) if refused else None,
        messages=() if refused else heard(query()),
        options={"user": "smsbox", "password": PASSWORD},
    )


PASSWORD = "geheim:ß"
BASIC = base64.b64encode(f"smsbox:{PASSWORD}".encode()).decode()
SYNTHESISED = synthesised_id("+8613800138000", "A01", TS, "10690001", "sim1")
UTF16 = {"coding": "2", "charset": "UTF-16BE"}
EIGHT = {"coding": "1", "charset": "8-BIT"}

ROWS = [
    accepted("plain"),
    accepted("the plus not escaped", from_="+8613800138000"),
    accepted("a number without plus", {"caller": "13800138000"}, from_="13800138000"),
    accepted("two zeros", {"caller": "008613800138000"}, from_="008613800138000"),
    accepted("a name", {"caller": " Bank 1"}, from_="+Bank+1"),
    accepted("no number given", {"caller": ""}, from_=""),
    accepted("no id", {"message_id": SYNTHESISED}, id=None),
    accepted("an empty id", {"message_id": SYNTHESISED}, id=""),
    accepted("no time", {"sent_ms": None}, ts=None),
    accepted("an empty time", {"sent_ms": None}, ts=""),
    accepted("no charset and no coding", coding=None, charset=None),
    accepted("a coding Kannel does not know", coding="-1"),
    accepted("a field twice, alike", udh=f"&from={FIELDS['from']}"),
    # As observed: UTF-16BE by default, UTF-8 with mo-recode.
    said("utf-16 as observed", "投票 3 你好", text="b%95yh%00+%003%00+O%60Y%7D", **UTF16),
    said("utf-8 as observed", "投票 ３ 你好🙂", text=quote_plus("投票 ３ 你好🙂")),
    said("utf-16 cut in a pair", "A\ufffd", text="%00A%D8%3D", **UTF16),
    said("utf-16 without charset", "A", text="%00A", coding="2", charset=""),
    said("utf-16 without coding", "A", text="%00A", coding="", charset="UTF-16BE"),
    said("latin-1", "é1", text="%E91", charset="ISO-8859-1"),
    said("windows-1252", "€1", text="%801", charset="windows-1252"),
    said("latin-9", "€1", text="%A41", charset="ISO-8859-15"),
    said("gbk", "投1号", text="%CD%B61%BA%C5", charset="GBK"),
    said("gb2312", "投1号", text="%CD%B61%BA%C5", charset="gb2312"),
    said("gb18030", "投🙂", text=quote_plus("投🙂".encode("gb18030")), charset="GB18030"),
    said("ucs-2 by another name", "投1号", text="b%95%001S%F7", coding="2", charset="UCS-2"),
    said("ucs-2 by its charset alone", "投1号", text="b%95%001S%F7", coding="-1", charset="ISO-10646-UCS-2"),
    said("an empty ucs-2", "", text="", **UTF16),
    Row(
        "accepted",
        "an old Kannel, which names no charset",
        carry(query(text="%E91", charset="")),
        messages=heard(query(text="%E91", charset=""), text="é1"),
        options={"charset": "iso-8859-1"},
    ),
    Row(
        "accepted",
        "a charset that is named, whatever the old one",
        carry(query(text=quote_plus("é1"))),
        messages=heard(query(text=quote_plus("é1")), text="é1"),
        options={"charset": "iso-8859-1"},
    ),
    said("8-bit that is ASCII", "A 01", text="A+01", **EIGHT),
    said("a plus in the text", "A01+B02", text="A01%2BB02"),
    said("an empty text", "", text=""),
    accepted("a header that is not about parts", udh="%06%05%04%0B%84%23%F0"),
    accepted("the only part of one", udh="%05%00%03%2A%01%01"),
    accepted("no credentials asked for, some given", covers="unsigned"),
    Row(
        "unsigned",
        "with a header nobody asked for",
        replace(carry(query()), headers={"authorization": "Basic \ud800"}),
        messages=heard(query()),
    ),
    asked("good", "bad_credentials", f"Basic {BASIC}"),
    asked("good, otherwise spelt", "bad_credentials", f"bAsIc  {BASIC}"),
    asked(
        "another password",
        "bad_credentials",
        "Basic " + base64.b64encode(b"smsbox:no").decode(),
        "bad_credentials",
    ),
    asked("not base64", "bad_credentials", "Basic é", "bad_credentials"),
    asked("another scheme", "bad_credentials", f"Bearer {BASIC}", "bad_credentials"),
    asked("no scheme", "bad_credentials", BASIC, "bad_credentials"),
    asked("twice", "bad_credentials", f"Basic {BASIC}, Basic {BASIC}", "bad_credentials"),
    asked("empty", "bad_credentials", "", "bad_credentials"),
    asked("none", "no_credentials", None, "no_credentials"),
    unread("no id and no time", "no_message_id", id=None, ts=None),
    unread("no sender field", "no_caller_field", from_=None),
    unread("no text field", "no_text_field", text=None),
    unread("two texts", "repeated_field", udh="&text=B01"),
    unread("two ids", "repeated_field", udh="&id=2"),
    unread("a time that is none", "bad_time", ts="2018-07-19"),
    unread("a time before 1970", "bad_time", ts="-1"),
    unread("a time in other digits", "bad_time", ts=quote_plus("１５３１９６５５９８")),
    unread("utf-16 of odd length", "bad_charset", text="%00A%00", **UTF16),
    unread("utf-8 that is none", "bad_charset", text="%FF"),
    unread("windows-1252 that is none", "bad_charset", text="%81", charset="WINDOWS-1252"),
    unread("gbk that is none", "bad_charset", text="%CD%20", charset="GBK"),
    unread("latin-1 where utf-8 is silent", "bad_charset", text="%E91", charset=""),
    unread("8-bit that is not ASCII", "bad_charset", text="%CD%B61", **EIGHT),
    unread("8-bit that is UTF-16", "bad_charset", text="%00A", **EIGHT),
    unread("a charset nobody knows", "bad_charset", charset="BOGUS"),
    unread("utf-7", "bad_charset", charset="UTF-7"),
    unread("a charset against its coding", "bad_charset", charset="UTF-16BE"),
    unread("a coding against its charset", "bad_charset", coding="2"),
    unread("one part of two", "message_part", udh="%05%00%03%2A%02%01"),
    unread("one part of two, wide reference", "message_part", udh="%06%08%04%2A%2A%02%02"),
    unread("a part, after another element", "message_part", udh="%0B%05%04%0B%84%23%F0%00%03%2A%02%01"),
    unread("a header cut off", "message_part", udh="%05%00%03%2A"),
    unread("a header that lies about its length", "message_part", udh="%04%70%00"),
    Row(
        "malformed",
        "no query",
        replace(carry(b""), target="/in/sim/token"),
        messages=[unparsed("no_caller_field", b"")],
    ),
    accepted(
        "as given",
        {"caller": "+８６１３８", "text": "投Ａ０１"},
        "non_ascii_digits",
        from_=quote_plus("+８６１３８"),
        text=quote_plus("投Ａ０１"),
    ),
    Row(
        "redelivery",
        "the same URL again",
        carry(query()),
        messages=heard(query()),
        again=replace(carry(query()), received_ms=SENT_MS + 12_000),
    ),
    Row(
        "redelivery",
        "without an id",
        carry(query(id=None)),
        messages=heard(query(id=None), message_id=SYNTHESISED),
        again=replace(carry(query(id=None)), received_ms=SENT_MS + 12_000),
    ),
    Row(
        "reply",
        "in letters of the 7-bit alphabet",
        carry(query()),
        messages=heard(query()),
        ended=[Ended(MessageOutcome.COUNTED, "Thank you")],
        answer=Answer(b"Thank you"),
    ),
    Row(
        "reply",
        "in Chinese, which Kannel must be told",
        carry(query()),
        messages=heard(query()),
        ended=[Ended(MessageOutcome.COUNTED, "已收到\ud800")],
        answer=Answer("已收到\ufffd".encode(), headers=(("X-Kannel-Coding", "2"),)),
    ),
]

TABLE = Table(
    options={},
    rows=ROWS,
    carry=carry,
    syntax="form",
    spoken=(query(text=None) + b"&text=", b""),
    text_field=b"text",
    lacks={
        "wrong_account": "a Kannel has no accounts for incoming messages",
        "batch": "Kannel sends one message a request",
        "published_vectors": "nothing is signed",
    },
)
