"""Vonage (Nexmo) SMS API: by GET, form or JSON, signed in one of five ways.

A long message comes in parts, each a request of its own; they are marked here and joined in `gateway/parts`.

The signature writes `&` and `=` in a value as `_`, and joins names and values by `&` and `=`. So a name that
holds one of these could be cut apart in several ways: no such name is taken.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, Field

from gateway.intake import payload, signatures
from gateway.intake.inbound import Inbound, Part
from gateway.intake.options import Secrets
from gateway.intake.payload import Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.intake.signatures import HmacKey
from gateway.kinds import Options

Method = Literal["md5hash", "md5", "sha1", "sha256", "sha512"]

#: Parts of one message; a part number beyond it is none.
MAX_PARTS = 20


class VonageOptions(Options):
    """The settings of one Vonage account's source."""

    secrets: Secrets | None = Field(
        default=None, description="the signature secret; two while it is being changed"
    )
    method: Method = Field(
        default="sha256",
        description=(
            "the signature method set at Vonage; `md5hash` is Vonage's first, without HMAC, the "
            "others are HMAC"
        ),
    )
    api_key: str | None = Field(default=None, min_length=1, description="the account that may send")
    tolerance_seconds: int = Field(
        default=90_000,
        ge=60,
        le=604_800,
        description=(
            "how old a signed message may be. Vonage tries for 24 hours, and does not say whether it "
            "signs anew"
        ),
    )
    parts_seconds: int = Field(
        default=3600,
        ge=10,
        le=86_400,
        description="how long the parts of a long message wait for one another",
    )


_NO_SIGNATURE = Refusal(401, "no_signature")
_BAD_SIGNATURE = Refusal(403, "bad_signature")
_WRONG_ACCOUNT = Refusal(403, "wrong_account")
_NUMBER = re.compile(rb"[0-9]{1,3}")

Parameters = Mapping[bytes, bytes]
Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Vonage:
    """One account. Without `signers` no signature is asked for."""

    signers: tuple[Sign, ...] = field(repr=False)
    api_key: bytes | None
    tolerance_s: int
    parts_ms: int

    def authenticate(self, request: Request) -> Refusal | None:
        try:
            parameters = _parameters(request)
        except Unreadable:
            return _BAD_SIGNATURE if self.signers else None
        request.memo.append(parameters)
        if self.signers and (refusal := self._forged(request, parameters)):
            return refusal
        if self.api_key is not None and parameters.get(b"api-key") != self.api_key:
            return _WRONG_ACCOUNT
        return None

    def _forged(self, request: Request, parameters: Parameters) -> Refusal | None:
        given = parameters.get(b"sig", b"").decode("ascii", "replace").lower()
        if not given:
            return _NO_SIGNATURE
        signed = _signed_text(parameters)
        if signed is None or not any(signatures.same(given, sign(signed)) for sign in self.signers):
            return _BAD_SIGNATURE
        stamp = parameters.get(b"timestamp", b"").decode("ascii", "replace")
        fault = signatures.time_fault(stamp, request.received_ms, self.tolerance_s)
        return None if fault is None else Refusal(403, fault)

    def read(self, request: Request) -> Sequence[Inbound]:
        raw = _payload(request)
        try:
            kept = request.memo[0] if request.memo else None
            return (self._message(kept if isinstance(kept, dict) else _parameters(request), raw),)
        except Unreadable as flaw:
            return (payload.unparsed(flaw.reason, raw),)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer()

    def _message(self, parameters: Parameters, raw: bytes) -> Inbound:
        if parameters.get(b"type", b"text") not in (b"text", b"unicode"):
            raise Unreadable(Reason.UNKNOWN_TYPE)
        sent = payload.utf8(parameters.get(b"message-timestamp", b""))
        sent_ms, grain_ms = payload.utc_ms(sent) if sent else (None, 1000)
        return Inbound(
            message_id=payload.message_id(_text(parameters, b"messageId", Reason.NO_ID)),
            caller=payload.international(payload.caller_text(_text(parameters, b"msisdn", Reason.NO_CALLER))),
            text=payload.message_text(_text(parameters, b"text", Reason.NO_TEXT)),
            sent_ms=sent_ms,
            sent_grain_ms=grain_ms,
            raw=raw,
            part=self._part(parameters),
        )

    def _part(self, parameters: Parameters) -> Part | None:
        if parameters.get(b"concat", b"false").lower() != b"true":
            return None
        number, of = (_count(parameters.get(name, b"")) for name in (b"concat-part", b"concat-total"))
        if not 1 <= number <= of <= MAX_PARTS or not parameters.get(b"concat-ref"):
            raise Unreadable(Reason.MESSAGE_PART)
        reference = b"/".join((parameters.get(b"to", b""), parameters[b"concat-ref"]))
        return Part(payload.utf8(reference), number, of, self.parts_ms) if of > 1 else None


def _count(digits: bytes) -> int:
    return int(digits) if _NUMBER.fullmatch(digits) else 0


def _text(parameters: Parameters, name: bytes, absent: Reason) -> str:
    if name not in parameters:
        raise Unreadable(absent)
    return payload.utf8(parameters[name])


def _payload(request: Request) -> bytes:
    return payload.wire_bytes(request.query) if request.method == "GET" else request.body


def _parameters(request: Request) -> dict[bytes, bytes]:
    """The parameters, each with one value; a body that begins like JSON is JSON, whatever it calls itself."""
    raw = _payload(request)
    if raw.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        value = payload.json_value(payload.json_text(raw))
        assert isinstance(value, dict)
        return {payload.wire_bytes(name): _written(one) for name, one in value.items()}
    form = payload.fields(raw)
    return {name: form.one(name) or b"" for name in form.last}


def _written(value: object) -> bytes:
    """A JSON value as a parameter."""
    if isinstance(value, str):
        return payload.wire_bytes(value)
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, int):
        return b"%d" % value
    raise Unreadable(Reason.WRONG_SHAPE)


def _signed_text(parameters: Parameters) -> bytes | None:
    """What is signed of the parameters, None if their names make it ambiguous."""
    names = sorted(name for name in parameters if name != b"sig")
    if any(b"&" in name or b"=" in name for name in names):
        return None
    return b"".join(
        b"&%b=%b" % (name, parameters[name].replace(b"&", b"_").replace(b"=", b"_")) for name in names
    )


def _signer(secret: bytes, method: Method) -> Sign:
    if method == "md5hash":  # Vonage's word for MD5 over text and secret, without HMAC
        return lambda text: hashlib.md5(text + secret, usedforsecurity=False).hexdigest().encode()
    return HmacKey(secret, method).hex


def build(options: BaseModel) -> Provider:
    """A provider for validated `VonageOptions`."""
    assert isinstance(options, VonageOptions)
    secrets = (secret.get_secret_value().strip().encode() for secret in options.secrets or ())
    return Vonage(
        signers=tuple(_signer(secret, options.method) for secret in secrets),
        api_key=options.api_key.encode() if options.api_key else None,
        tolerance_s=options.tolerance_seconds,
        parts_ms=options.parts_seconds * 1000,
    )


provider = ProviderKind(
    kind="vonage",
    channel="sms",
    authentication=(
        "sig: MD5 or HMAC over all parameters, if secrets are set, and a fresh time; else the path token or "
        "the address list; then the api-key, if it is set"
    ),
    signs=True,
    signs_with="secrets",
    gives_time=True,
    signs_time=True,
    options=VonageOptions,
    build=build,
    methods=("POST", "GET"),
    configure=(
        "**At Vonage:** Dashboard > Account settings > Inbound SMS webhooks: this source's URL, POST; "
        "signed webhooks on, SHA-256 HMAC. A reply goes through the sending API, so `reply` needs an "
        "[outbox](#replies)."
    ),
    reference="developer.vonage.com/messaging/sms/guides/inbound-sms, …/concepts/guides/signing-messages",
)
