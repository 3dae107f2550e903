"""MessageBird (classic): a form for each SMS, and a signed token that names URL and body.

A virtual number and a short code use different names for the same fields.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from gateway.intake import messages, payload, signatures
from gateway.intake.inbound import Inbound
from gateway.intake.options import PublicUrl, Secrets, ZoneName, live_keys
from gateway.intake.payload import Fields, Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.intake.signatures import HmacKey
from gateway.kinds import Options


class MessageBirdOptions(Options):
    """The settings of one MessageBird number's source."""

    secrets: Secrets = Field(description="the signing key; two while it is being changed")
    public_url: PublicUrl = Field(
        description="the webhook's URL as set at MessageBird, without query: it is signed"
    )
    tolerance_seconds: int = Field(
        default=30,
        ge=1,
        le=3600,
        description="how far MessageBird's clock may be from ours; its tokens hold for a minute",
    )
    timezone: ZoneName = Field(
        default="UTC",
        description=(
            "the zone of a short code's `receive_datetime`, which names none. That it is UTC is not "
            "documented"
        ),
    )


_NO_SIGNATURE = Refusal(401, "no_signature")
_BAD_SIGNATURE = Refusal(403, "bad_signature")


@dataclass(frozen=True, slots=True)
class MessageBird:
    """One number and the URL that it calls. `keys` are by the token's algorithm."""

    keys: Mapping[str, tuple[HmacKey, ...]] = field(repr=False)
    public_url: bytes
    tolerance_s: int
    zone: ZoneInfo

    def authenticate(self, request: Request) -> Refusal | None:
        token = request.headers.get("messagebird-signature-jwt")
        if not token:
            return _NO_SIGNATURE
        claims = signatures.jwt_claims(token, self.keys)
        if claims is None or not self._names(claims, request):
            return _BAD_SIGNATURE
        fault = signatures.jwt_fault(claims, request.received_ms, self.tolerance_s)
        return None if fault is None else Refusal(403, fault)

    def read(self, request: Request) -> Sequence[Inbound]:
        raw = payload.wire_bytes(request.query) if request.method == "GET" else request.body
        return messages.of_form(raw, self._message)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer()

    def _names(self, claims: Mapping[str, object], request: Request) -> bool:
        """Whether the token is for this very URL and body, by MessageBird, and for a limited time."""
        query = b"?" + payload.wire_bytes(request.query) if "?" in request.target else b""
        named = {
            "iss": "MessageBird",
            "url_hash": _sha256(self.public_url + query),
            "payload_hash": _sha256(request.body) if request.body else None,
        }
        return (
            all(claims.get(name) == value for name, value in named.items())
            and {"nbf", "exp"} <= claims.keys()
        )

    def _message(self, form: Fields, raw: bytes) -> Inbound:
        sent_ms, grain_ms = self._time(form)
        return Inbound(
            message_id=payload.message_id(_either(form, b"id", b"mid", Reason.NO_ID)),
            caller=payload.international(payload.caller_text(form.text(b"originator", Reason.NO_CALLER))),
            text=payload.message_text(_either(form, b"body", b"message", Reason.NO_TEXT)),
            sent_ms=sent_ms,
            sent_grain_ms=grain_ms,
            raw=raw,
        )

    def _time(self, form: Fields) -> tuple[int | None, int]:
        for name in (b"createdDatetime", b"CreatedDatetime"):  # both are seen
            if created := form.one(name):
                return payload.instant_ms(payload.utf8(created))
        if received := form.one(b"receive_datetime"):
            return payload.local_ms(payload.utf8(received), self.zone), 1000
        return None, 1000


def _either(form: Fields, number: bytes, short_code: bytes, absent: Reason) -> str:
    """A field by the name that virtual numbers use for it, or by that of short codes, but not by both."""
    if number in form.last and short_code in form.last:
        raise Unreadable(Reason.REPEATED_FIELD)
    return form.text(number if number in form.last else short_code, absent)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def build(options: BaseModel) -> Provider:
    """A provider for validated `MessageBirdOptions`."""
    assert isinstance(options, MessageBirdOptions)
    return MessageBird(
        keys={
            "HS256": live_keys(options.secrets, "sha256"),
            "HS384": live_keys(options.secrets, "sha384"),
            "HS512": live_keys(options.secrets, "sha512"),
        },
        public_url=options.public_url.encode(),
        tolerance_s=options.tolerance_seconds,
        zone=ZoneInfo(options.timezone),
    )


provider = ProviderKind(
    kind="messagebird",
    channel="sms",
    authentication="MessageBird-Signature-JWT: a token over URL and body, by HMAC-SHA2; a fresh time",
    signs=True,
    gives_time=True,
    signs_time=True,
    options=MessageBirdOptions,
    build=build,
    methods=("POST", "GET"),
    configure=(
        "**At MessageBird:** Numbers > your number > Flow: Incoming SMS, then Forward to URL, POST, "
        "this source's URL. The key is under Developers > API settings > Signing key. The older "
        "signature without a token is not taken. Whether, and how often, a failed message comes again "
        "is not documented. A reply goes through the sending API, so `reply` needs an "
        "[outbox](#replies)."
    ),
    reference="github.com/messagebird/python-rest-api messagebird/request_validator.py",
)
