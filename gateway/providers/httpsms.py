"""httpSMS: a phone with the published SIM in it, by way of httpsms.com or one's own server.

A CloudEvent for each SMS, with a token signed for ten minutes. The token does not cover the message, and two
messages in one second have the same one: the source must have a path token.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, Field

from gateway.intake import messages, payload, signatures
from gateway.intake.inbound import Inbound
from gateway.intake.options import PublicUrl, Secrets, live_keys
from gateway.intake.payload import Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.kinds import Options


class HttpSmsOptions(Options):
    """The settings of one webhook's source."""

    secrets: Secrets = Field(description="the webhook's signing key; two while it is being changed")
    public_url: PublicUrl | None = Field(
        default=None,
        description=(
            "the callback URL as set at httpSMS, with its token; then tokens for another URL are refused"
        ),
    )
    user_id: str | None = Field(
        default=None, min_length=1, description="the account's id; then another account is refused"
    )
    tolerance_seconds: int = Field(
        default=60, ge=1, le=3600, description="how far the sender's clock may be from ours"
    )


_NO_SIGNATURE = Refusal(401, "no_signature")
_BAD_SIGNATURE = Refusal(403, "bad_signature")
_WRONG_ACCOUNT = Refusal(403, "wrong_account")

_RECEIVED: Final = "message.phone.received"
#: What else a webhook can be told to send.
_OTHERS: Final = frozenset(
    "message.phone.sent message.phone.delivered message.send.failed message.send.expired "
    "message.call.missed phone.heartbeat.online phone.heartbeat.offline".split()
)


@dataclass(frozen=True, slots=True)
class HttpSms:
    """One webhook."""

    keys: Mapping[str, tuple[signatures.HmacKey, ...]] = field(repr=False)
    audience: str | None = field(repr=False)
    user_id: str | None
    tolerance_s: int

    def authenticate(self, request: Request) -> Refusal | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            return _NO_SIGNATURE
        claims = signatures.jwt_claims(token, self.keys)
        if claims is None or "exp" not in claims or not self._meant_for_us(claims.get("aud")):
            return _BAD_SIGNATURE
        if self.user_id is not None and claims.get("sub") != self.user_id:
            return _WRONG_ACCOUNT
        fault = signatures.jwt_fault(claims, request.received_ms, self.tolerance_s)
        return None if fault is None else Refusal(403, fault)

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_json(request.body, _event)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer()

    def _meant_for_us(self, audience: object) -> bool:
        named = audience if isinstance(audience, list) else [audience]
        return self.audience is None or self.audience in named


def _event(event: Mapping[str, object], raw: bytes) -> Inbound | None:
    named = payload.scalar(event, "type")
    if named in _OTHERS:
        return None
    if named != _RECEIVED:
        raise Unreadable(Reason.UNKNOWN_TYPE)
    data = payload.member(event, "data", Reason.WRONG_SHAPE)
    if data.get("encrypted") not in (None, False):
        raise Unreadable(Reason.ENCRYPTED)
    sent_ms, grain_ms = payload.sent(data, "timestamp")
    return Inbound(
        message_id=payload.message_id(payload.scalar(data, "message_id")),
        caller=payload.caller(data, "contact"),
        text=payload.message_text(payload.string(data, "content", Reason.NO_TEXT)),
        sent_ms=sent_ms,
        sent_grain_ms=grain_ms,
        raw=raw,
    )


def build(options: BaseModel) -> Provider:
    """A provider for validated `HttpSmsOptions`."""
    assert isinstance(options, HttpSmsOptions)
    keys = {"HS256": live_keys(options.secrets, "sha256")}
    return HttpSms(keys, options.public_url, options.user_id, options.tolerance_seconds)


provider = ProviderKind(
    kind="httpsms",
    channel="sms",
    authentication="a token signed by HMAC-SHA256, fresh, but not over the text: the secret path token too",
    signs=True,
    seals=False,
    gives_time=True,
    signs_time=False,
    options=HttpSmsOptions,
    build=build,
    configure=(
        "**At httpSMS:** Settings > Webhooks: this source's https URL with its token as the callback "
        "URL, a signing key, and the event `message.phone.received`. Leave end-to-end encryption off: "
        "an encrypted text cannot be read, and waits as `unparsed`. Missed calls and reports are "
        "acknowledged and left out. The time is the phone's own. A reply goes through httpSMS's own "
        "API, so `reply` needs an [outbox](#replies)."
    ),
    reference="docs.httpsms.com/webhooks",
)
