"""Two-way SMS of AWS, by way of an SNS topic's HTTPS subscription.

SNS signs with a certificate that stands at an address named in the message. This gateway fetches nothing: the
administrator puts the certificate into the settings, under its name in that address. A message under another
name cannot be decided until they have: it is asked for again, and the log says what to fetch. A new
subscription waits likewise for the administrator to open its confirmation address.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import BaseModel, Field, field_validator

from gateway.intake import messages, payload, signatures
from gateway.intake.inbound import Inbound
from gateway.intake.payload import Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Errand, Provider, ProviderKind, Refusal, Request
from gateway.kinds import Options, Shown

_ARN = r"^arn:aws(-cn|-us-gov)?:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$"


class SnsOptions(Options):
    """The settings of one topic's source."""

    topic_arn: Annotated[str, Shown("`arn:aws:sns:…`, `arn:aws-cn:sns:…`")] = Field(
        pattern=_ARN, description="the topic that may send"
    )
    certificates: dict[str, str] = Field(
        default_factory=dict,
        description=(
            "SNS's certificates, each under the name it has at SNS, without `.pem`; with `_file`, the "
            "name of a file in the secrets folder"
        ),
    )
    signature_versions: list[Literal["1", "2"]] = Field(
        default=["1", "2"], min_length=1, description="1 is SHA-1 and what a topic begins with; 2 is SHA-256"
    )
    tolerance_seconds: int = Field(
        default=4500,
        ge=60,
        le=604_800,
        description="how old a message may be. SNS itself tries for up to an hour",
    )

    @field_validator("certificates")
    @classmethod
    def _usable(cls, certificates: dict[str, str]) -> dict[str, str]:
        for name, pem in certificates.items():
            if not _NAME.fullmatch(name):
                raise ValueError("a certificate's name is that of its file at SNS, without .pem")
            _public_key(pem)
        return certificates


_NO_SIGNATURE = Refusal(401, "no_signature")
_BAD_SIGNATURE = Refusal(403, "bad_signature")
_STALE = Refusal(403, "stale")
_WRONG_ACCOUNT = Refusal(403, "wrong_account")
_UNKNOWN_CERTIFICATE = Refusal(503, "unknown_certificate")

#: What is signed of each type of message, in this order; a subject only if there is one.
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
_ERRANDS = {
    "SubscriptionConfirmation": "confirm_subscription",
    "UnsubscribeConfirmation": "subscribe_again",
}
_HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303
_NAME = re.compile("[A-Za-z0-9-]{1,100}", re.ASCII)
_HOST = r"https://sns\.[a-z0-9-]{3,30}\.amazonaws\.com(?:\.cn)?/"
_CERTIFICATE_URL = re.compile(rf"{_HOST}({_NAME.pattern})\.pem", re.ASCII)
_ACTION_URL = re.compile(rf"{_HOST}\?[!-~]{{1,2000}}", re.ASCII)

Envelope = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sns:
    """One topic. `keys` are by the name of their certificate, `versions` the signature versions taken."""

    topic_arn: str
    keys: Mapping[str, RSAPublicKey]
    versions: frozenset[str]
    tolerance_ms: int

    def authenticate(self, request: Request) -> Refusal | None:
        try:
            envelope = _envelope(request.body)
        except Unreadable:
            return _NO_SIGNATURE  # so is raw message delivery
        refusal = self._forged(request, envelope)
        if refusal is None:
            request.memo.append(envelope)
        return refusal

    def read(self, request: Request) -> Sequence[Inbound]:
        try:
            return self._read(request)
        except Unreadable as flaw:
            return (payload.unparsed(flaw.reason, request.body),)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer()

    def _read(self, request: Request) -> Sequence[Inbound]:
        kept = request.memo[0] if request.memo else None
        envelope = kept if isinstance(kept, dict) else _envelope(request.body)
        errand = _ERRANDS.get(envelope["Type"])
        if errand is not None:
            request.errands.append(Errand(errand, _action(envelope["SubscribeURL"])))
            return ()
        sent_ms, grain_ms = payload.instant_ms(envelope["Timestamp"])
        read = partial(_message, sent_ms=sent_ms, grain_ms=grain_ms)
        return messages.of_json(payload.wire_bytes(envelope["Message"]), read)

    def _forged(self, request: Request, envelope: Envelope) -> Refusal | None:
        """What keeps an envelope from being our topic's: first its signature, then its time and topic."""
        address = _CERTIFICATE_URL.fullmatch(envelope["SigningCertURL"])
        if address is None or envelope["SignatureVersion"] not in self.versions:
            return _BAD_SIGNATURE
        ours = envelope["TopicArn"] == self.topic_arn
        key = self.keys.get(address[1])
        if key is None and ours:
            request.errands.append(Errand("fetch_certificate", address[0]))
            return _UNKNOWN_CERTIFICATE
        if key is None or not _signs(key, envelope):
            return _BAD_SIGNATURE
        try:
            age_ms = request.received_ms - payload.instant_ms(envelope["Timestamp"])[0]
        except Unreadable:
            return _BAD_SIGNATURE
        if abs(age_ms) > self.tolerance_ms:
            return _STALE
        return None if ours else _WRONG_ACCOUNT


def _envelope(body: bytes) -> Envelope:
    """The members of a message from SNS, as text. Raises `Unreadable` if it is none."""
    value = payload.json_value(payload.json_text(body))
    if not isinstance(value, dict):
        raise Unreadable(Reason.WRONG_SHAPE)
    signed = _SIGNED.get(payload.string(value, "Type", Reason.UNKNOWN_TYPE))
    if signed is None:
        raise Unreadable(Reason.UNKNOWN_TYPE)
    needed = {*signed, "Signature", "SignatureVersion", "SigningCertURL"} - {"Subject"}
    return {
        name: payload.string(value, name, Reason.WRONG_SHAPE)
        for name in needed | (value.keys() & {"Subject"})
    }


def _action(url: str) -> str:
    """An address at SNS to open by hand. Raises `Unreadable` for any other."""
    if _ACTION_URL.fullmatch(url) is None:
        raise Unreadable(Reason.WRONG_SHAPE)
    return url


def signed_text(envelope: Envelope) -> str:
    """What SNS signs of an envelope."""
    return "".join(f"{name}\n{envelope[name]}\n" for name in _SIGNED[envelope["Type"]] if name in envelope)


def _signs(key: RSAPublicKey, envelope: Envelope) -> bool:
    """Whether the envelope's signature is by this key."""
    try:
        signature, signed = signatures.exact_base64(envelope["Signature"]), signed_text(envelope).encode()
        key.verify(signature, signed, padding.PKCS1v15(), _HASHES[envelope["SignatureVersion"]])
    except (ValueError, InvalidSignature):
        return False
    return True


def _message(item: Mapping[str, object], raw: bytes, sent_ms: int, grain_ms: int) -> Inbound:
    """The time is SNS's: the message has none of its own."""
    return Inbound(
        message_id=payload.message_id(payload.string(item, "inboundMessageId", Reason.NO_ID)),
        caller=payload.caller(item, "originationNumber"),
        text=payload.message_text(payload.string(item, "messageBody", Reason.NO_TEXT)),
        sent_ms=sent_ms,
        sent_grain_ms=grain_ms,
        raw=raw,
    )


def _public_key(pem: str) -> RSAPublicKey:
    """A certificate's key. Raises ValueError if it is no certificate, or has no RSA key."""
    try:
        key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    except ValueError:
        raise ValueError("a certificate is not PEM, as SNS offers it for download") from None
    if not isinstance(key, RSAPublicKey):
        raise ValueError("a certificate has no RSA key: it is none of SNS's")  # noqa: TRY004 -- pydantic's
    return key


def build(options: BaseModel) -> Provider:
    """A provider for validated `SnsOptions`."""
    assert isinstance(options, SnsOptions)
    return Sns(
        topic_arn=options.topic_arn,
        keys={name: _public_key(pem) for name, pem in options.certificates.items()},
        versions=frozenset(options.signature_versions),
        tolerance_ms=options.tolerance_seconds * 1000,
    )


provider = ProviderKind(
    kind="sns",
    channel="sms",
    authentication="SNS's signature (RSA), by a certificate in the settings; a fresh time; then the topic",
    signs=True,
    gives_time=True,
    signs_time=True,
    options=SnsOptions,
    build=build,
    configure=(
        "**At AWS:** SNS > the topic: set the attribute `SignatureVersion` to 2. Then End User "
        "Messaging > your number > Two-way SMS: that topic. Then SNS > the topic > Create "
        "subscription: HTTPS, this source's URL, **no raw message delivery**, which is not signed. SNS "
        "tries three times in a minute and then drops the message: give the subscription a delivery "
        "policy with retries over an hour and a **redrive policy**, for the day on which SNS changes "
        "its certificate. The time is SNS's, not the telephone's. Whether long messages come in one "
        "piece is not documented. A reply goes through the sending API, so `reply` needs an "
        "[outbox](#replies)."
    ),
    reference="docs.aws.amazon.com: sms-voice, two-way SMS payload; sns, verifying signatures",
)
