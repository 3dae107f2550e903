"""Jasmin: the form as its thrower makes it, and the alphabets that may be in it."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote_from_bytes, quote_plus

from gateway.intake.inbound import Inbound
from gateway.intake.provider import Answer, Request
from tests.providers.rows import Row, Table, unparsed

ID = "5dda35ae-c3b4-4b7f-9d4d-3a1d6f7b8c90"
NOW_MS = 1_531_965_600_000
ACK = Answer(b"ACK/Jasmin")
FIELDS = {
    "to": "10690001",
    "id": ID,
    "from": "%2B8613800138000",
    "origin-connector": "smppc1",
    "coding": "0",
    "priority": "1",
    "content": "A01",
    "binary": "413031",
}


def carry(body: bytes) -> Request:
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "accept": "text/plain",
        "user-agent": "Jasmin gateway/1.0 deliverSmHttpThrower",
    }
    return Request("POST", "/in/jasmin/token", headers, body, NOW_MS)


def form(**changes: str | None) -> bytes:
    """The form with some fields changed, already escaped, or left out (None)."""
    said = {**FIELDS, **{name.rstrip("_"): value for name, value in changes.items()}}
    return "&".join(f"{name}={value}" for name, value in said.items() if value is not None).encode()


def heard(raw: bytes, **changes: Any) -> list[Inbound]:
    return [Inbound(ID, "+8613800138000", "A01", raw=raw)._replace(**changes)]


def accepted(label: str, heard_as: dict[str, Any] | None = None, **changes: str | None) -> Row:
    raw = form(**changes)
    return Row("accepted", label, carry(raw), messages=heard(raw, **(heard_as or {})), answer=ACK)


def unread(label: str, reason: str, **changes: str | None) -> Row:
    raw = form(**changes)
    return Row("malformed", label, carry(raw), messages=[unparsed(reason, raw)], answer=ACK)


def said(label: str, read: str | None, data: bytes, coding: str = "0", **options: object) -> Row:
    """Bytes in some alphabet; `content` has them as Jasmin writes them."""
    raw = form(content=quote_from_bytes(data), binary=data.hex(), coding=coding)
    messages = [unparsed("bad_charset", raw)] if read is None else heard(raw, text=read)
    covers = "malformed" if read is None else "accepted"
    return Row(covers, label, carry(raw), messages=messages, answer=ACK, options=options)


QUERY = replace(carry(b""), method="GET", target=f"/in/jasmin/token?{form().decode()}")
WIDE_TEXT, WIDE_CALLER = "投Ａ０１", "+８６１３８"
WIDE = form(binary=WIDE_TEXT.encode("utf-16-be").hex(), coding="8", from_=quote_plus(WIDE_CALLER))

ROWS = [
    accepted("plain"),
    Row("accepted", "a query by GET", QUERY, messages=heard(form()), answer=ACK),
    accepted("a number without plus", {"caller": "8613800138000"}, from_="8613800138000"),
    accepted("no number given", {"caller": ""}, from_=""),
    accepted("no coding", coding=None),
    accepted("an empty text", {"text": ""}, content="", binary=""),
    accepted("in capitals", {"text": "投1号"}, content="%62%95%001%53%F7", binary="6295003153F7", coding="8"),
    accepted("what content says does not count", content="B02"),
    # courier's capture: GSM 03.38, not packed.
    said("gsm as observed", "événement", b"\x05v\x05nement"),
    said("gsm with an escape", "{A01}", b"\x1b(A01\x1b)"),
    said("gsm that is none", None, b"A\x80"),
    said("the operator's latin-1", "é1", b"\xe91", default_alphabet="iso-8859-1"),
    said("the operator's utf-8", "投1号", "投1号".encode(), default_alphabet="utf-8"),
    said("the operator's utf-8 that is none", None, b"\xff", default_alphabet="utf-8"),
    said("ascii", "{A01}", b"{A01}", "1"),
    said("ascii that is none", None, b"\xe9", "1"),
    said("latin-1", "é1", b"\xe91", "3"),
    said("cyrillic", "А01", "А01".encode("iso-8859-5"), "6"),
    said("hebrew", "א01", "א01".encode("iso-8859-8"), "7"),
    said("ucs-2", "投票 3 你好🙂", "投票 3 你好🙂".encode("utf-16-be"), "8"),
    said("ucs-2 cut in a pair", "A\ufffd", b"\0A\xd8\x3d", "8"),
    said("ucs-2 of odd length", None, b"\0A\0", "8"),
    said("octets that are ASCII", "A01", b"A01", "4"),
    said("octets that are not", None, b"\0A", "2"),
    said("one that flashes up, gsm", "A01", b"A01", "240"),
    said("one that flashes up, ucs-2", "A", b"\0A", "24"),
    said("one that flashes up, octets", "A01", b"A01", "245"),
    said("a coding nobody reads", None, b"A01", "13"),
    unread("a coding that is none", "bad_charset", coding="gsm"),
    unread("a coding in other digits", "bad_charset", coding=quote_plus("８")),
    unread("no sender field", "no_caller_field", from_=None),
    unread("no bytes", "no_text_field", binary=None),
    unread("no id", "no_message_id", id=None),
    unread("an empty id", "no_message_id", id=""),
    unread("half a byte", "bad_escape", binary="41303"),
    unread("no hexadecimal", "bad_escape", binary="A0Z1"),
    unread("two texts", "repeated_field", tlv_params="&binary=423031"),
    Row(
        "unsigned",
        "with a header nobody asked for",
        replace(carry(form()), headers={"authorization": "Basic \ud800"}),
        messages=heard(form()),
    ),
    Row(
        "non_ascii_digits",
        "as given",
        carry(WIDE),
        messages=heard(WIDE, caller=WIDE_CALLER, text=WIDE_TEXT),
        answer=ACK,
    ),
    Row(
        "redelivery",
        "half a minute later",
        carry(form()),
        messages=heard(form()),
        again=replace(carry(form()), received_ms=NOW_MS + 30_000),
        answer=ACK,
    ),
]

TABLE = Table(
    options={},
    rows=ROWS,
    carry=carry,
    syntax="hex",
    spoken=(b"to=10690001&id=1&from=%2B8613800138000&coding=8&binary=", b""),
    text_field=b"binary",
    lacks={
        "wrong_account": "a Jasmin has no accounts for incoming messages",
        "batch": "Jasmin sends one message a request",
        "reply": "the answer must be ACK/Jasmin and nothing else",
        "published_vectors": "nothing is signed",
    },
)
