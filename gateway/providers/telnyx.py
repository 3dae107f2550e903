"""Telnyx: one JSON event for each SMS, signed with Ed25519 over time and body."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, Field, field_validator

from gateway.intake import messages, payload, signatures
from gateway.intake.inbound import Inbound
from gateway.intake.payload import Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.kinds import Options, Shown

INBOUND = "message.received"
#: What else comes to the same URL: how our own messages fared.
_OTHERS = ("message.sent", "message.finalized")


class TelnyxOptions(Options):
    """The settings of one Telnyx account's source."""

    public_keys: Annotated[list[str], Shown("one or two keys")] = Field(
        min_length=1,
        max_length=2,
        description="the account's public key, in base64; two while it is being changed",
    )
    tolerance_seconds: int = Field(
        default=300, ge=1, le=3600, description="how far `telnyx-timestamp` may be from our clock"
    )

    @field_validator("public_keys")
    @classmethod
    def _usable(cls, keys: list[str]) -> list[str]:
        for key in keys:
            _public_key(key)
        return keys


_NO_SIGNATURE = Refusal(401, "no_signature")
_BAD_SIGNATURE = Refusal(403, "bad_signature")


@dataclass(frozen=True, slots=True)
class Telnyx:
    """One account."""

    keys: tuple[Ed25519PublicKey, ...]
    tolerance_s: int

    def authenticate(self, request: Request) -> Refusal | None:
        given = request.headers.get("telnyx-signature-ed25519")
        stamp = request.headers.get("telnyx-timestamp")
        if not (given and stamp):
            return _NO_SIGNATURE
        signed = payload.wire_bytes(stamp) + b"|" + request.body
        if not any(_signs(key, given, signed) for key in self.keys):
            return _BAD_SIGNATURE
        fault = signatures.time_fault(stamp, request.received_ms, self.tolerance_s)
        return None if fault is None else Refusal(403, fault)

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_json(request.body, _message, within="data")

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer()


def _message(event: Mapping[str, object], raw: bytes) -> Inbound | None:
    kind = event.get("event_type")
    if kind in _OTHERS:
        return None
    if kind != INBOUND:
        raise Unreadable(Reason.UNKNOWN_TYPE)
    sms = payload.member(event, "payload", Reason.WRONG_SHAPE)
    sent_ms, grain_ms = payload.sent(sms, "received_at")
    return Inbound(
        message_id=payload.message_id(payload.string(sms, "id", Reason.NO_ID)),
        caller=payload.caller(payload.member(sms, "from", Reason.NO_CALLER), "phone_number"),
        text=payload.message_text(payload.string(sms, "text", Reason.NO_TEXT)),
        sent_ms=sent_ms,
        sent_grain_ms=grain_ms,
        raw=raw,
    )


def _public_key(given: str) -> Ed25519PublicKey:
    """Raises ValueError unless it is 32 bytes in base64."""
    try:
        data = base64.b64decode(given.strip(), validate=True)
    except ValueError:
        raise ValueError("a public key is not base64") from None
    if len(data) != 32:
        raise ValueError("a public key must be 32 bytes, in base64")
    return Ed25519PublicKey.from_public_bytes(data)


def _signs(key: Ed25519PublicKey, given: str, signed: bytes) -> bool:
    """Whether `given` is the key's signature, in base64."""
    try:
        key.verify(signatures.exact_base64(given), signed)
    except (ValueError, InvalidSignature):
        return False
    return True


def build(options: BaseModel) -> Provider:
    """A provider for validated `TelnyxOptions`."""
    assert isinstance(options, TelnyxOptions)
    return Telnyx(tuple(_public_key(key) for key in options.public_keys), options.tolerance_seconds)


provider = ProviderKind(
    kind="telnyx",
    channel="sms",
    authentication="telnyx-signature-ed25519: Ed25519 over time and body; a fresh time",
    signs=True,
    gives_time=True,
    signs_time=True,
    options=TelnyxOptions,
    build=build,
    configure=(
        "**At Telnyx:** Messaging > your profile > Inbound: this source's URL as webhook, API version "
        "2, and a second gateway's as failover if there is one. The key is under Account > Keys & "
        "Credentials > Public Key. Telnyx waits two seconds and tries three times. Reports on messages "
        "of your own (`message.sent`, `message.finalized`) are taken and not kept. A reply goes "
        "through the sending API, so `reply` needs an [outbox](#replies)."
    ),
    reference="developers.telnyx.com/docs/messaging/messages/receiving-webhooks",
)
