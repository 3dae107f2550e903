"""46elks: the sample of its documentation, and what a form may leave out."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from gateway.intake.inbound import Inbound
from gateway.intake.provider import Answer, Ended, Request
from tally.outcome import MessageOutcome
from tests.providers.rows import Row, Table, unparsed

#: The sample of the documentation (46elks.se/docs/receive-sms), with another text.
PARAMS = {
    "direction": "incoming",
    "id": "sf8425555e5d8db61dda7a7b3f1b91bdb",
    "from": "+46706861004",
    "to": "+46706860000",
    "created": "2018-07-13T13:57:23.741000",
    "message": "A01",
}
SENT_MS = 1_531_490_243_741
SILENT = Answer()


def carry(body: bytes) -> Request:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Request("POST", "/in/elks/token", headers, body, SENT_MS + 900)


def form(**changes: str | None) -> bytes:
    """The sample with some parameters changed, or left out (None)."""
    return urlencode({k: v for k, v in {**PARAMS, **changes}.items() if v is not None}).encode()


def post(**changes: str | None) -> Request:
    return carry(form(**changes))


def heard(request: Request, **changes: Any) -> list[Inbound]:
    sample = Inbound(PARAMS["id"], PARAMS["from"], "A01", sent_ms=SENT_MS, sent_grain_ms=1, raw=request.body)
    return [sample._replace(**changes)]


def accepted(label: str, request: Request, **changes: Any) -> Row:
    return Row("accepted", label, request, messages=heard(request, **changes), answer=SILENT)


def unread(label: str, reason: str, request: Request) -> Row:
    return Row("malformed", label, request, messages=[unparsed(reason, request.body)], answer=SILENT)


GOOD = post()
WIDE = post(message="投Ａ０１", **{"from": "＋４６７０６８６１００４"})
REPLY = [Ended(MessageOutcome.COUNTED, "已收到 A01\ud800")]

TABLE = Table(
    options={},
    rows=[
        accepted("the sample", GOOD),
        accepted("an empty text", post(message=""), text=""),
        accepted(
            "whole seconds", post(created="2018-07-13 13:57:23"), sent_ms=SENT_MS - 741, sent_grain_ms=1000
        ),
        accepted("no time", post(created=None), sent_ms=None, sent_grain_ms=1000),
        accepted("no direction", post(direction=None)),
        Row(
            "unsigned",
            "a header nobody asked for",
            replace(GOOD, headers={"authorization": "é"}),
            messages=heard(GOOD),
        ),
        unread("outgoing", "unknown_type", post(direction="outgoing")),
        unread("no id", "no_message_id", post(id=None)),
        unread("an empty id", "no_message_id", post(id="")),
        unread("no sender", "no_caller_field", post(**{"from": None})),
        unread("no text", "no_text_field", post(message=None)),
        unread("two texts", "repeated_field", carry(form() + b"&message=B01")),
        unread("no such time", "bad_time", post(created="2018-07-13T13:57")),
        Row(
            "non_ascii_digits",
            "as given",
            WIDE,
            messages=heard(WIDE, caller="＋４６７０６８６１００４", text="投Ａ０１"),
        ),
        Row(
            "redelivery",
            "an hour later",
            GOOD,
            messages=heard(GOOD),
            again=replace(GOOD, received_ms=GOOD.received_ms + 3_600_000),
        ),
        Row(
            "reply",
            "in the body",
            GOOD,
            messages=heard(GOOD),
            ended=REPLY,
            answer=Answer("已收到 A01\ufffd".encode()),
        ),
    ],
    carry=carry,
    syntax="form",
    spoken=(form(message=None) + b"&message=", b""),
    text_field=b"message",
    lacks={
        "wrong_account": "the form names no account",
        "batch": "one message a request",
        "published_vectors": "nothing is signed",
    },
)
