"""Africa's Talking: a real request, and the two ways its dates are written."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from gateway.intake.inbound import Inbound
from gateway.intake.provider import Answer, Request
from tests.providers.rows import Row, Table, unparsed

#: The parameters of a real request (nyaruka/courier, africastalking/handler_test.go), with another text.
PARAMS = {
    "linkId": "03090445075804249226",
    "text": "A01",
    "to": "21512",
    "id": "ec9adc86-51d5-4bc8-8eb0-d8ab0bb53dc3",
    "date": "2017-05-03T06:04:45Z",
    "from": "+254791541111",
}
SENT_MS = 1_493_791_485_000
OK = Answer()


def carry(body: bytes) -> Request:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Request("POST", "/in/at/token", headers, body, SENT_MS + 900)


def form(**changes: str | None) -> bytes:
    """The real form with some parameters changed, or left out (None)."""
    return urlencode({k: v for k, v in {**PARAMS, **changes}.items() if v is not None}).encode()


def post(**changes: str | None) -> Request:
    return carry(form(**changes))


def heard(request: Request, **changes: Any) -> list[Inbound]:
    sample = Inbound(PARAMS["id"], PARAMS["from"], "A01", sent_ms=SENT_MS, raw=request.body)
    return [sample._replace(**changes)]


def accepted(label: str, request: Request, options: dict[str, object] | None = None, **changes: Any) -> Row:
    read = heard(request, **changes)
    return Row("accepted", label, request, messages=read, answer=OK, options=options or {})


def unread(label: str, reason: str, request: Request) -> Row:
    return Row("malformed", label, request, messages=[unparsed(reason, request.body)], answer=OK)


GOOD = post()
ZONELESS = post(date="2017-05-03 06:04:45")
WIDE = post(text="投Ａ０１", **{"from": "＋２５４７９１５４１１１１"})

TABLE = Table(
    options={},
    rows=[
        accepted("a real request", GOOD),
        accepted("a date without a zone", ZONELESS),
        accepted(
            "a date without a zone, in Nairobi",
            ZONELESS,
            {"timezone": "Africa/Nairobi"},
            sent_ms=SENT_MS - 3 * 3_600_000,
        ),
        accepted("a date with another zone", post(date="2017-05-03T09:04:45+03:00")),
        accepted("no date", post(date=None), sent_ms=None),
        accepted("an empty text", post(text=""), text=""),
        accepted("more than is documented", post(cost="KES 0.8", networkCode="63902")),
        Row(
            "unsigned",
            "a header nobody asked for",
            replace(GOOD, headers={"x-at-signature": "é"}),
            messages=heard(GOOD),
        ),
        unread("no id", "no_message_id", post(id=None)),
        unread("an empty id", "no_message_id", post(id="")),
        unread("no sender", "no_caller_field", post(**{"from": None})),
        unread("no text", "no_text_field", post(text=None)),
        unread("two senders", "repeated_field", carry(form() + b"&from=%2B254700000000")),
        unread("a date in words", "bad_time", post(date="May 3, 2017")),
        unread("a date with T and no zone", "bad_time", post(date="2017-05-03T06:04:45")),
        Row(
            "non_ascii_digits",
            "as given",
            WIDE,
            messages=heard(WIDE, caller="＋２５４７９１５４１１１１", text="投Ａ０１"),
        ),
        Row(
            "redelivery",
            "a minute later",
            GOOD,
            messages=heard(GOOD),
            again=replace(GOOD, received_ms=GOOD.received_ms + 60_000),
        ),
    ],
    carry=carry,
    syntax="form",
    spoken=(form(text=None) + b"&text=", b""),
    text_field=b"text",
    lacks={
        "wrong_account": "the form names no account",
        "batch": "one message a request",
        "reply": "a reply goes through the sending API",
        "published_vectors": "nothing is signed",
    },
)
