"""SmsForwarder (短信转发器, pppscn): an Android phone with the published SIM in it.

Its signature covers a time and nothing else, so one that was seen would fit any message. A source must have
a path token therefore, and a time with its signature is taken for one body only: the same body again is a
redelivery, another one is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from pydantic import BaseModel, Field

from gateway.intake import messages, payload, signatures
from gateway.intake.inbound import Inbound
from gateway.intake.options import Secrets
from gateway.intake.payload import Fields, Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.intake.spent import Spent
from gateway.kinds import Options


class SmsForwarderOptions(Options):
    """The settings of one phone's source."""

    secrets: Secrets = Field(
        description="the secret (密钥) of the webhook sender; two while it is being changed"
    )
    tolerance_seconds: int = Field(
        default=300, ge=1, le=3600, description="how far the phone's clock may be from ours"
    )


_NO_SIGNATURE = Refusal(401, "no_signature")
_BAD_SIGNATURE = Refusal(403, "bad_signature")
_STALE = Refusal(403, "stale")
_REPLAYED = Refusal(403, "replayed")
_TAKEN = Answer(b"OK")

#: The parts of a message, by the names that the app itself gives them in a form, and our template in JSON.
_PARTS: Final = ("from", "content", "timestamp", "sign", "received", "sim", "device")
#: A form escapes the signature twice, JSON once.
_ESCAPED_AT_MOST: Final = 3


@dataclass(frozen=True, slots=True)
class SmsForwarder:
    """One phone. Each secret goes with its key: the app signs the secret along with the time."""

    secrets: tuple[tuple[bytes, signatures.HmacKey], ...] = field(repr=False)
    tolerance_ms: int
    spent: Spent = field(default_factory=Spent, repr=False)

    def authenticate(self, request: Request) -> Refusal | None:
        try:
            parts = _parts(request.body)
            stamp, given = payload.scalar(parts, "timestamp"), payload.scalar(parts, "sign")
            if not stamp or not given:
                return _NO_SIGNATURE
            at_ms = payload.epoch_ms(stamp, 1)
        except Unreadable:
            return _BAD_SIGNATURE
        sign = _unescaped(given)
        if not self._genuine(stamp, sign):
            return _BAD_SIGNATURE
        if abs(request.received_ms - at_ms) > self.tolerance_ms:
            return _STALE
        return _REPLAYED if self.spent.by_another(stamp + sign, request.body) else None

    def read(self, request: Request) -> Sequence[Inbound]:
        if _is_json(request.body):
            return messages.of_json(request.body, _message)
        return messages.of_form(request.body, _from_form)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return _TAKEN

    def _genuine(self, stamp: str, sign: str) -> bool:
        return any(
            signatures.same(sign, key.sign(stamp.encode() + b"\n" + secret)) for secret, key in self.secrets
        )


def _is_json(body: bytes) -> bool:
    return body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def _parts(body: bytes) -> Mapping[str, object]:
    """The parts of a body. Raises `Unreadable`."""
    if not _is_json(body):
        return _texts(payload.fields(body))
    value = payload.json_value(payload.json_text(body))
    assert isinstance(value, dict), "it begins with a brace"
    return value


def _texts(form: Fields) -> Mapping[str, object]:
    found = {name: form.one(name.encode()) for name in _PARTS}
    return {name: payload.utf8(value) for name, value in found.items() if value is not None}


def _unescaped(sign: str) -> str:
    for _ in range(_ESCAPED_AT_MOST):
        sign = unquote(sign) if "%" in sign else sign
    return sign


def _from_form(form: Fields, raw: bytes) -> Inbound:
    return _message(_texts(form), raw)


def _message(parts: Mapping[str, object], raw: bytes) -> Inbound:
    caller, text = payload.caller(parts, "from"), payload.string(parts, "content", Reason.NO_TEXT)
    received = payload.scalar(parts, "received")
    # Sent again by hand, a message has a new timestamp; when it was received stays.
    known_by = [received or payload.scalar(parts, "timestamp")]
    if not known_by[0]:
        raise Unreadable(Reason.NO_ID)
    known_by += [payload.scalar(parts, name) for name in ("sim", "device")]
    sent_ms, grain_ms = payload.instant_ms(received) if received else (None, 1000)
    return Inbound(
        message_id=payload.synthesised_id(caller, text, *known_by),
        caller=caller,
        text=payload.message_text(text),
        sent_ms=sent_ms,
        sent_grain_ms=grain_ms,
        raw=raw,
    )


def build(options: BaseModel) -> Provider:
    """A provider for validated `SmsForwarderOptions`."""
    assert isinstance(options, SmsForwarderOptions)
    secrets = [secret.get_secret_value().strip().encode() for secret in options.secrets]
    keyed = tuple((secret, signatures.HmacKey(secret, "sha256")) for secret in secrets)
    return SmsForwarder(keyed, options.tolerance_seconds * 1000)


provider = ProviderKind(
    kind="smsforwarder",
    channel="sms",
    authentication="HMAC-SHA256 over a fresh time, taken once, not over the text: the secret path token too",
    signs=True,
    seals=False,
    gives_time=True,
    signs_time=False,
    options=SmsForwarderOptions,
    build=build,
    configure=(
        "**In the app:** senders (发送通道) > Webhook: POST, this source's https URL with its token, "
        "the secret, and as message template (消息模板), in one line,\n\n"
        "```text\n"
        '{"from":"[from]","content":"[org_content]","timestamp":"[timestamp]","sign":"[sign]",'
        '"received":"[receive_time:yyyy-MM-dd\'T\'HH:mm:ssXXX]","sim":"[card_slot]",'
        '"device":"[device_mark]"}\n'
        "```\n\n"
        "then a rule that forwards every SMS to it. As success keyword (成功应答关键字) set `OK`, and "
        "switch retries on (请求重试): without them the app tries once, and after an answer of 4xx or "
        "5xx never again, so **watch the phone's own log** for messages that did not get through, and "
        "send those again from there. A message is known by sender, text, SIM and time of receipt, to "
        "the second; sent again by hand it is recognised."
    ),
    reference="github.com/pppscn/SmsForwarder WebhookUtils.kt",
)
