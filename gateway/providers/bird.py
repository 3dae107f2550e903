"""Bird, MessageBird's successor: a JSON event for each SMS, signed over time, URL, body.

The message's own form is documented; the envelope around it in a webhook is not, so it is read with one
and without.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, Field

from gateway.intake import messages, payload, signatures
from gateway.intake.inbound import Inbound
from gateway.intake.options import PublicUrl, Secrets, live_keys
from gateway.intake.payload import Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.intake.signatures import HmacKey
from gateway.kinds import Options


class BirdOptions(Options):
    """The settings of one Bird workspace's source."""

    secrets: Secrets = Field(
        description=("the signing key of the webhook subscription; two while it is being changed")
    )
    public_url: PublicUrl = Field(description="the webhook's URL as set at Bird, without query: it is signed")
    tolerance_seconds: int = Field(
        default=300,
        ge=1,
        le=3600,
        description="how far `messagebird-request-timestamp` may be from our clock",
    )


_NO_SIGNATURE = Refusal(401, "no_signature")
_BAD_SIGNATURE = Refusal(403, "bad_signature")


@dataclass(frozen=True, slots=True)
class Bird:
    """One webhook subscription and the URL that it calls."""

    keys: tuple[HmacKey, ...] = field(repr=False)
    public_url: bytes
    tolerance_s: int

    def authenticate(self, request: Request) -> Refusal | None:
        given = request.headers.get("messagebird-signature")
        stamp = request.headers.get("messagebird-request-timestamp")
        if not (given and stamp):
            return _NO_SIGNATURE
        query = b"?" + payload.wire_bytes(request.query) if "?" in request.target else b""
        url, body_hash = self.public_url + query, hashlib.sha256(request.body).digest()
        signed = b"\n".join((payload.wire_bytes(stamp), url, body_hash))
        if not signatures.any_signs(given, self.keys, signed):
            return _BAD_SIGNATURE
        fault = signatures.time_fault(stamp, request.received_ms, self.tolerance_s)
        return None if fault is None else Refusal(403, fault)

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_json(request.body, _message)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer()


def _message(event: Mapping[str, object], raw: bytes) -> Inbound | None:
    sms = payload.member(event, "payload", Reason.WRONG_SHAPE) if "payload" in event else event
    if sms.get("direction") == "outgoing":
        return None  # how a message of our own fared
    sender = payload.member(sms, "sender", Reason.NO_CALLER)
    words = payload.member(sms, "body", Reason.NO_TEXT)
    if words.get("type") != "text":
        raise Unreadable(Reason.UNKNOWN_TYPE)
    sent_ms, grain_ms = payload.sent(sms, "createdAt")
    return Inbound(
        message_id=payload.message_id(payload.string(sms, "id", Reason.NO_ID)),
        caller=payload.caller(payload.member(sender, "contact", Reason.NO_CALLER), "identifierValue"),
        text=payload.message_text(
            payload.string(payload.member(words, "text", Reason.NO_TEXT), "text", Reason.NO_TEXT)
        ),
        sent_ms=sent_ms,
        sent_grain_ms=grain_ms,
        raw=raw,
    )


def build(options: BaseModel) -> Provider:
    """A provider for validated `BirdOptions`."""
    assert isinstance(options, BirdOptions)
    return Bird(live_keys(options.secrets, "sha256"), options.public_url.encode(), options.tolerance_seconds)


provider = ProviderKind(
    kind="bird",
    channel="sms",
    authentication="messagebird-signature: HMAC-SHA256 over time, URL and the body's hash; a fresh time",
    signs=True,
    gives_time=True,
    signs_time=True,
    options=BirdOptions,
    build=build,
    configure=(
        "**At Bird:** Developer > Webhooks: a subscription to the service channels, event "
        "`sms.inbound`, with this source's URL and a signing key of your choice. What is not answered "
        "with 2xx comes again, for eight hours. How Bird wraps a message in a webhook is not "
        "documented in full: it is read with an envelope (`payload`) and without. **Send a test "
        "message before the vote.** A reply goes through the Channels API, so `reply` needs an "
        "[outbox](#replies)."
    ),
    reference="docs.bird.com/api/notifications-api, verifying a webhook subscription",
)
