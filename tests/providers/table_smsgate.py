"""SMSGate: the event as the app makes it, signed as the app signs."""

import hmac
from dataclasses import replace
from typing import Any

from gateway.intake.inbound import Inbound
from gateway.intake.payload import synthesised_id
from gateway.intake.provider import Answer, Refusal, Request
from tests.providers import rows
from tests.providers.rows import Row, Table, unparsed

KEY, NEXT_KEY = "123abcde", "987zyxwv"
STAMP, NOW_MS = 1_719_049_571, 1_719_049_573_000
AT, AT_MS = "2024-06-22T16:46:11.000+07:00", 1_719_049_571_000
EVENT_ID, MESSAGE_ID = "Ey6ECgOkVVFjz3CL48B8C", "abc123"
MESSAGE = {
    "messageId": MESSAGE_ID,
    "message": "A01",
    "sender": "+8613800138000",
    "recipient": "+8613900000000",
    "phoneNumber": "+8613800138000",
    "simNumber": 1,
    "receivedAt": AT,
}
EVENT = {"deviceId": "dev1", "event": "sms:received", "id": EVENT_ID, "payload": MESSAGE, "webhookId": "LreF"}
#: Computed.
VECTOR_KEY = "123abc"
VECTOR_MAC = "f475747d42f81f27301714955729e15bd53c74410ef2d12c3037fdc397b2b5de"
VECTOR_BODY = (
    b'{"deviceId":"dev1","event":"sms:received","id":"Ey6ECgOkVVFjz3CL48B8C","payload":{"messageId":"abc123",'
    b'"message":"Vote 3","sender":"+8613800138000","phoneNumber":"+8613800138000","simNumber":1,'
    b'"receivedAt":"2024-06-22T15:46:11.000+07:00"},"webhookId":"LreFUt-Z3sSq0JufY9uWB"}'
)


def known_as(caller: str = "+8613800138000", at: str = AT, message: str = MESSAGE_ID) -> str:
    return synthesised_id(message, at, caller, "dev1")


def carry(body: bytes) -> Request:
    return Request("POST", "/in/phone", {"content-type": "application/json"}, body, NOW_MS)


def sign(request: Request, key: str = KEY, stamp: object = STAMP) -> Request:
    signed = request.body + str(stamp).encode("utf-8", "surrogatepass")
    mac = hmac.digest(key.encode(), signed, "sha256").hex()
    return replace(request, headers={**request.headers, "x-timestamp": str(stamp), "x-signature": mac})


def post(changed: dict[str, Any] | None = None, **changes: Any) -> Request:
    """A signed event; `changes` are to the message, `changed` to what is around it."""
    message = {name: value for name, value in {**MESSAGE, **changes}.items() if value is not ...}
    return sign(carry(rows.written({**EVENT, "payload": message}, **(changed or {}))))


def heard(request: Request, **changes: Any) -> list[Inbound]:
    made = Inbound(known_as(), "+8613800138000", "A01", sent_ms=AT_MS, sent_grain_ms=1, raw=request.body)
    return [made._replace(**changes)]


def accepted(label: str, heard_as: dict[str, Any] | None = None, **changes: Any) -> Row:
    request = post(**changes)
    return Row("accepted", label, request, messages=heard(request, **(heard_as or {})), answer=Answer())


def unread(label: str, reason: str, request: Request) -> Row:
    return Row("malformed", label, request, messages=[unparsed(reason, request.body)], answer=Answer())


def refused(label: str, request: Request, reason: str = "bad_signature") -> Row:
    return Row("bad_signature", label, request, refused=Refusal(403, reason))


def headed(label: str, covers: str = "bad_signature", status: Any = 403, **headers: str | None) -> Row:
    """The good request with headers changed, or left out (None)."""
    named = {f"x-{name}": value for name, value in headers.items()}
    kept = {name: value for name, value in {**GOOD.headers, **named}.items() if value is not None}
    return Row(covers, label, replace(GOOD, headers=kept), refused=Refusal(status, covers))


def rotated(label: str, secrets: list[str], refusal: Refusal | None = None) -> Row:
    messages = () if refusal else heard(GOOD)
    return Row("rotation", label, GOOD, refused=refusal, messages=messages, options={"secrets": secrets})


GOOD = post()
MAC = GOOD.headers["x-signature"]
LATER = sign(replace(GOOD, received_ms=NOW_MS + 300_000), stamp=STAMP + 300)
EXPORTED = post({"id": "another", "webhookId": "LreF"})
WIDE = {"sender": "＋８６１３８", "message": "投Ａ０１"}
NO_ID = {"messageId": ...}
VECTOR = Request(
    "POST", "/in/phone", {"x-timestamp": "1719049571", "x-signature": VECTOR_MAC}, VECTOR_BODY, NOW_MS
)

ROWS = [
    accepted("an SMS"),
    accepted("of an older app", sender=..., recipient=..., simNumber=...),
    accepted("what is not known is null", recipient=None, simNumber=None),
    accepted("no number given", {"caller": "", "message_id": known_as("")}, sender=None),
    accepted("no hash", {"message_id": EVENT_ID}, messageId=...),
    accepted("no time", {"message_id": EVENT_ID, "sent_ms": None, "sent_grain_ms": 1000}, receivedAt=None),
    rotated("the old key", [KEY, NEXT_KEY]),
    rotated("the new key", [NEXT_KEY, KEY]),
    rotated("the old key, taken out", [NEXT_KEY], Refusal(403, "bad_signature")),
    refused("another key", sign(GOOD, NEXT_KEY)),
    refused("another body", replace(post(message="A02"), headers=GOOD.headers)),
    refused("old", sign(GOOD, stamp=STAMP - 299), "stale"),
    refused("from the future", sign(GOOD, stamp=STAMP + 303), "stale"),
    refused("in milliseconds", sign(GOOD, stamp=STAMP * 1000)),
    refused("a time in other digits", sign(GOOD, stamp="１７１９０４９５７１")),
    headed("in capitals", signature=MAC.upper()),
    headed("not ASCII", signature="é" * 64),
    headed("lone surrogate", signature="\ud800"),
    headed("a time with a lone surrogate", timestamp="\ud800"),
    headed("none", "no_signature", 401, signature=None),
    headed("empty", "no_signature", 401, signature=""),
    headed("no time", "no_signature", 401, timestamp=None),
    Row("accepted", "a report on a message of ours", post({"event": "sms:delivered"}), messages=[]),
    Row("accepted", "a sign of life", post({"event": "system:ping", "payload": {}}), messages=[]),
    unread("an event nobody knows", "unknown_type", post({"event": "sms:seen"})),
    unread("no event", "unknown_type", post({"event": ...})),
    unread("no message", "wrong_shape", post({"payload": None})),
    unread("no number field", "no_caller_field", post(sender=..., phoneNumber=...)),
    unread("no text", "no_text_field", post(message=...)),
    unread("a time without a zone", "bad_time", post(receivedAt="2024-06-22T16:46:11")),
    unread("no hash and no id", "no_message_id", post({"id": ...}, **NO_ID)),
    Row(
        "non_ascii_digits",
        "as given",
        post(**WIDE),
        messages=heard(
            post(**WIDE), message_id=known_as(WIDE["sender"]), caller=WIDE["sender"], text=WIDE["message"]
        ),
    ),
    Row("redelivery", "the next attempt, signed anew", GOOD, messages=heard(GOOD), again=LATER),
    Row("redelivery", "exported again from the inbox", GOOD, messages=heard(GOOD), again=EXPORTED),
    Row(
        "published_vectors",
        "computed",
        VECTOR,
        messages=heard(
            VECTOR,
            message_id=known_as(at="2024-06-22T15:46:11.000+07:00"),
            text="Vote 3",
            sent_ms=AT_MS - 3_600_000,
        ),
        options={"secrets": [VECTOR_KEY]},
    ),
    Row("published_vectors", "with another key", VECTOR, refused=Refusal(403, "bad_signature")),
]

TABLE = Table(
    options={"secrets": [KEY]},
    rows=ROWS,
    carry=carry,
    sign=sign,
    syntax="json",
    spoken=(
        b'{"event":"sms:received","id":"1","payload":{"sender":"+8613800138000","message":',
        b"}}",
    ),
    text_field=b"message",
    signed_headers=("x-signature", "x-timestamp"),
    lacks={
        "wrong_account": "a key is of one phone only",
        "batch": "the app sends one event a request",
        "reply": "a reply goes through the app's API",
    },
)
