"""SMS Gateway for Android (SMSGate, capcom6): a phone with the published SIM in it.

Body and time are signed. The phone's event has an id; the message in it has a hash that stays the same when
the inbox is exported again, so a message is known by that hash, its phone, its sender and its time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, Field

from gateway.intake import messages, payload, signatures
from gateway.intake.inbound import Inbound
from gateway.intake.options import Secrets, live_keys
from gateway.intake.payload import Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.kinds import Options


class SmsGateOptions(Options):
    """The settings of one phone's source."""

    secrets: Secrets = Field(description="the phone's signing key; two while it is being changed")
    tolerance_seconds: int = Field(
        default=300, ge=1, le=3600, description="how far the phone's clock may be from ours"
    )


_NO_SIGNATURE = Refusal(401, "no_signature")
_BAD_SIGNATURE = Refusal(403, "bad_signature")

_RECEIVED: Final = "sms:received"
#: What else the app can be told to send: nothing a voter wrote, or nothing in words.
_OTHERS: Final = frozenset(
    "sms:sent sms:delivered sms:failed sms:cancelled sms:data-received mms:received mms:downloaded "
    "system:ping app:started".split()
)


@dataclass(frozen=True, slots=True)
class SmsGate:
    """One phone."""

    keys: tuple[signatures.HmacKey, ...] = field(repr=False)
    tolerance_s: int

    def authenticate(self, request: Request) -> Refusal | None:
        given, stamp = request.headers.get("x-signature"), request.headers.get("x-timestamp")
        if not given or not stamp:
            return _NO_SIGNATURE
        signed = request.body + payload.wire_bytes(stamp)
        if not any(signatures.same(given, key.hex(signed)) for key in self.keys):
            return _BAD_SIGNATURE
        fault = signatures.time_fault(stamp, request.received_ms, self.tolerance_s)
        return None if fault is None else Refusal(403, fault)

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_json(request.body, _event)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer()


def _event(event: Mapping[str, object], raw: bytes) -> Inbound | None:
    named = payload.scalar(event, "event")
    if named in _OTHERS:
        return None
    if named != _RECEIVED:
        raise Unreadable(Reason.UNKNOWN_TYPE)
    message = payload.member(event, "payload", Reason.WRONG_SHAPE)
    caller = payload.caller(message, "sender" if "sender" in message else "phoneNumber")
    text = payload.message_text(payload.string(message, "message", Reason.NO_TEXT))
    sent_ms, grain_ms = payload.sent(message, "receivedAt")
    known_by = [payload.scalar(message, name) for name in ("messageId", "receivedAt")]
    if all(known_by):
        identity = payload.synthesised_id(*known_by, caller, payload.scalar(event, "deviceId"))
    else:
        identity = payload.message_id(payload.scalar(event, "id"))
    return Inbound(identity, caller, text, sent_ms=sent_ms, sent_grain_ms=grain_ms, raw=raw)


def build(options: BaseModel) -> Provider:
    """A provider for validated `SmsGateOptions`."""
    assert isinstance(options, SmsGateOptions)
    return SmsGate(live_keys(options.secrets, "sha256"), options.tolerance_seconds)


provider = ProviderKind(
    kind="smsgate",
    channel="sms",
    authentication="X-Signature: HMAC-SHA256 over body and time; a fresh time",
    signs=True,
    gives_time=True,
    signs_time=True,
    options=SmsGateOptions,
    build=build,
    configure=(
        "**In the app:** Settings > Webhooks shows the signing key; set one of your own, longer than "
        "the eight letters that it makes. Then register a webhook by the app's API, on the phone or in "
        "its cloud, with an https URL:\n\n"
        "```bash\n"
        "curl -u USER:PASSWORD http://PHONE:8080/webhooks -H 'Content-Type: application/json' -d "
        '\'{"id":"votes",\n'
        '  "event":"sms:received","url":"https://vote.example.org/in/sim2"}\'\n'
        "```"
    ),
    reference="github.com/capcom6/android-sms-gateway modules/webhooks",
)
