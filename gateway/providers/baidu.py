"""Baidu AI Cloud SMS (百度智能云短信): a JSON object for each uplink message, signed by MD5.

The signature is over a token, the time of the push, and the body. The push's `requestId` is not under it, so
a message is known by what it is made of: the same push with another id is not another vote. MD5 lets text be
put after a signed body; what then comes is no JSON, and is not read.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, Field

from gateway.intake import messages, payload, signatures
from gateway.intake.inbound import Inbound
from gateway.intake.options import Secrets
from gateway.intake.payload import Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.kinds import Options


class BaiduOptions(Options):
    """The settings of one account's source. With a token set, signatures are asked for."""

    secrets: Secrets | None = Field(
        default=None, description="the token that Baidu signs with; two while it is being changed"
    )
    tolerance_seconds: int = Field(
        default=43_200, ge=1, le=172_800, description="how far a push's `timestamp` may be from our clock"
    )


_NO_SIGNATURE = Refusal(401, "no_signature")
_BAD_SIGNATURE = Refusal(403, "bad_signature")
_STALE = Refusal(403, "stale")


@dataclass(frozen=True, slots=True)
class Baidu:
    """One account. `tokens` are the live ones, none if it is not signed."""

    tokens: tuple[bytes, ...] = field(repr=False)
    tolerance_ms: int

    def authenticate(self, request: Request) -> Refusal | None:
        if not self.tokens:
            return None  # the path token and the address list have been checked before
        given, stamp = request.headers.get("signature"), request.headers.get("timestamp")
        if not given or not stamp:
            return _NO_SIGNATURE
        try:
            at_ms = payload.epoch_ms(stamp, 1)
        except Unreadable:
            return _BAD_SIGNATURE
        signed = stamp.encode() + request.body
        if not any(signatures.same(given, _md5(token + signed)) for token in self.tokens):
            return _BAD_SIGNATURE
        return None if abs(request.received_ms - at_ms) <= self.tolerance_ms else _STALE

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_json(request.body, _message)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer()


def _md5(signed: bytes) -> bytes:
    return hashlib.md5(signed).hexdigest().encode()  # noqa: S324 -- Baidu offers no other


def _message(item: Mapping[str, object], raw: bytes) -> Inbound:
    caller, text = payload.caller(item, "mobile"), payload.string(item, "content", Reason.NO_TEXT)
    received = payload.scalar(item, "receiveTime")
    if not received:
        raise Unreadable(Reason.NO_ID)  # without it, a caller's next vote would pass for a redelivery
    sent_ms, grain_ms = payload.instant_ms(received)
    apart = (payload.scalar(item, key) for key in ("sign", "userExtId"))
    return Inbound(
        message_id=payload.synthesised_id(caller, text, received, *apart),
        caller=caller,
        text=payload.message_text(text),
        sent_ms=sent_ms,
        sent_grain_ms=grain_ms,
        raw=raw,
    )


def build(options: BaseModel) -> Provider:
    """A provider for validated `BaiduOptions`."""
    assert isinstance(options, BaiduOptions)
    tokens = (secret.get_secret_value().strip().encode() for secret in options.secrets or ())
    return Baidu(tuple(tokens), options.tolerance_seconds * 1000)


provider = ProviderKind(
    kind="baidu",
    channel="sms",
    authentication="MD5 over a token, the time and the body if the token is set; else the secret path token",
    signs=True,
    signs_with="secrets",
    gives_time=True,
    signs_time=True,
    options=BaiduOptions,
    build=build,
    configure=(
        "**At Baidu:** in the SMS console, development settings (开发配置), enter this source's URL "
        "with its token as the uplink callback (上行回调地址). A reply to the sender goes through "
        "Baidu's own API, so `reply` needs an [outbox](#replies)."
    ),
    reference="cloud.baidu.com/doc/SMS/s/Tkijya6ed, …/Fkijy9cdv",
)
