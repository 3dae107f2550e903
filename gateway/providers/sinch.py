"""Sinch SMS: one JSON object for each SMS, signed or with Basic if the account has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, Field

from gateway.intake import messages, payload, signatures
from gateway.intake.inbound import Inbound
from gateway.intake.options import BasicOptions, Secrets, live_keys
from gateway.intake.payload import Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.intake.signatures import HmacKey

#: What else comes to the same URL: how our own messages fared.
_REPORTS = tuple(f"{of}delivery_report_{kind}" for of in ("", "recipient_") for kind in ("sms", "mms"))


class SinchOptions(BasicOptions):
    """The settings of one Sinch service plan's source."""

    secrets: Secrets | None = Field(
        default=None, description="asks for `x-sinch-webhook-signature`; two while it is being changed"
    )
    tolerance_seconds: int = Field(
        default=300, ge=1, le=3600, description="how far the signature's timestamp may be from our clock"
    )


_NO_SIGNATURE = Refusal(401, "no_signature")
_BAD_SIGNATURE = Refusal(403, "bad_signature")


@dataclass(frozen=True, slots=True)
class Sinch:
    """One service plan. Without `keys` no signature is asked for, without `token` no Basic."""

    keys: tuple[HmacKey, ...] = field(repr=False)
    token: bytes | None = field(repr=False)
    tolerance_s: int

    def authenticate(self, request: Request) -> Refusal | None:
        fault = signatures.basic_fault(request.headers, self.token)
        if fault is not None:
            return Refusal(401, fault)
        return self._unsigned(request) if self.keys else None

    def _unsigned(self, request: Request) -> Refusal | None:
        given, nonce, stamp = (
            request.headers.get(f"x-sinch-webhook-signature{part}") for part in ("", "-nonce", "-timestamp")
        )
        if not (given and nonce and stamp):
            return _NO_SIGNATURE
        signed = request.body + payload.wire_bytes(f".{nonce}.{stamp}")
        # A dot in the nonce would let one signature fit several ways of cutting body and nonce apart.
        if "." in nonce or not signatures.any_signs(given, self.keys, signed):
            return _BAD_SIGNATURE
        fault = signatures.time_fault(stamp, request.received_ms, self.tolerance_s)
        return None if fault is None else Refusal(403, fault)

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_json(request.body, _message)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer()


def _message(item: Mapping[str, object], raw: bytes) -> Inbound | None:
    kind = item.get("type")
    if kind in _REPORTS:
        return None
    if kind != "mo_text":  # in mo_binary and mo_media no text stands
        raise Unreadable(Reason.UNKNOWN_TYPE)
    sent_ms, grain_ms = payload.sent(item, "received_at", payload.utc_ms)
    return Inbound(
        message_id=payload.message_id(payload.string(item, "id", Reason.NO_ID)),
        caller=payload.international(payload.caller(item, "from")),
        text=payload.message_text(payload.string(item, "body", Reason.NO_TEXT)),
        sent_ms=sent_ms,
        sent_grain_ms=grain_ms,
        raw=raw,
    )


def build(options: BaseModel) -> Provider:
    """A provider for validated `SinchOptions`."""
    assert isinstance(options, SinchOptions)
    return Sinch(live_keys(options.secrets or (), "sha256"), options.basic_token, options.tolerance_seconds)


provider = ProviderKind(
    kind="sinch",
    channel="sms",
    authentication=(
        "x-sinch-webhook-signature: HMAC-SHA256 over body, nonce and time, if secrets are set; "
        "HTTP Basic too, if it is set; else the path token or the address list"
    ),
    signs=True,
    signs_with="secrets",
    gives_time=True,
    signs_time=True,
    options=SinchOptions,
    build=build,
    configure=(
        "**At Sinch:** SMS > APIs > your service plan > Callback URLs: this source's URL with its "
        "token. What is answered with 5xx comes again after 5 seconds, then 10, 20 and so on for "
        "almost a day. Delivery reports to the same URL are taken and not kept; binary messages and "
        "MMS are kept as `unparsed`. A reply goes through the sending API, so `reply` needs an "
        "[outbox](#replies)."
    ),
    reference="developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks",
)
