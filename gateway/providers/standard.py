"""Standard Webhooks v1: the gateway's own signed door, for any relay that speaks it.

    {"type": "vote.received", "timestamp": "2018-07-20T10:00:00+08:00",
     "data": {"id": "7001", "from": "13800138000", "text": "A01", "sent_at": "2018-07-20T09:59:58.5+08:00"}}

`data` may be a list of such objects. `digits` in the place of `text` is keys pressed in a call.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, Field, SecretStr, field_validator

from gateway.intake import payload, signatures
from gateway.intake.inbound import Form, Inbound
from gateway.intake.options import Secrets
from gateway.intake.payload import Item, Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.kinds import Options

EVENT = "vote.received"
MAX_MESSAGES = 1000


class StandardOptions(Options):
    """The settings of one sender's source."""

    secrets: Secrets = Field(
        description=("`whsec_` and base64 of 24 to 64 random bytes; two while it is being changed")
    )
    tolerance_seconds: int = Field(
        default=300, ge=1, le=3600, description="how far `webhook-timestamp` may be from our clock"
    )

    @field_validator("secrets")
    @classmethod
    def _usable(cls, secrets: list[SecretStr]) -> list[SecretStr]:
        for secret in secrets:
            signatures.standard_webhooks_secret(secret.get_secret_value())
        return secrets


_REFUSALS = {
    "no_signature": Refusal(401, "no_signature"),
    "bad_signature": Refusal(403, "bad_signature"),
    "stale": Refusal(403, "stale"),
}

_DEPTH = payload.MAX_DEPTH - 1  # `data` stands in an object


@dataclass(frozen=True, slots=True)
class Standard:
    """One sender."""

    keys: tuple[signatures.HmacKey, ...] = field(repr=False)
    tolerance_s: int

    def authenticate(self, request: Request) -> Refusal | None:
        fault = signatures.standard_webhooks_fault(
            request.headers, request.body, self.keys, request.received_ms, self.tolerance_s
        )
        return None if fault is None else _REFUSALS[fault]

    def read(self, request: Request) -> Sequence[Inbound]:
        webhook_id = request.headers.get("webhook-id", "")
        try:
            data = _data(request.body)
            if not data.startswith("["):
                return (_message(payload.json_value(data, _DEPTH), request.body, webhook_id),)
            items = _batch(data)
        except Unreadable as flaw:
            return (payload.unparsed(flaw.reason, request.body, webhook_id),)
        return [_read_item(item, f"{webhook_id}#{index}") for index, item in enumerate(items)]

    def answer(self, _request: Request, ended: Sequence[Ended]) -> Answer:
        replies = json.dumps({"replies": [one.reply for one in ended]}, separators=(",", ":"))
        return Answer(replies.encode(), "application/json; charset=utf-8")


def _data(body: bytes) -> str:
    members = payload.json_members(payload.json_text(body))
    data = members.pop("data", None)
    envelope = {name: payload.json_value(source, payload.MAX_DEPTH - 1) for name, source in members.items()}
    if data is None or "type" not in envelope:
        raise Unreadable(Reason.WRONG_SHAPE)
    if envelope["type"] != EVENT:
        raise Unreadable(Reason.UNKNOWN_TYPE)
    return data


def _batch(data: str) -> list[Item]:
    items = payload.json_items(data, _DEPTH)
    if len(items) > MAX_MESSAGES:
        raise Unreadable(Reason.TOO_MANY_MESSAGES)
    return items


def _read_item(item: Item, default_id: str) -> Inbound:
    raw = item.source.encode()
    try:
        return _message(item.value, raw, default_id)
    except Unreadable as flaw:
        return payload.unparsed(flaw.reason, raw, default_id)


def _message(item: object, raw: bytes, default_id: str) -> Inbound:
    if isinstance(item, Unreadable):
        raise item
    if not isinstance(item, dict):
        raise Unreadable(Reason.WRONG_SHAPE)
    item = {name: value for name, value in item.items() if value is not None or name == "from"}
    if "text" in item and "digits" in item:
        raise Unreadable(Reason.WRONG_SHAPE)
    form = Form.DIGITS if "digits" in item else Form.TEXT
    identity = payload.string(item, "id", Reason.NO_ID) if "id" in item else default_id
    caller = payload.caller(item, "from")
    text = payload.message_text(payload.string(item, form.value, Reason.NO_TEXT))
    sent_ms, grain_ms = None, 1000
    if "sent_at" in item:
        sent_ms, grain_ms = payload.instant_ms(payload.string(item, "sent_at", Reason.BAD_TIME))
    return Inbound(payload.message_id(identity), caller, text, form, sent_ms, grain_ms, raw)


def build(options: BaseModel) -> Provider:
    """A provider for validated `StandardOptions`."""
    assert isinstance(options, StandardOptions)
    secrets = (signatures.standard_webhooks_secret(secret.get_secret_value()) for secret in options.secrets)
    return Standard(
        tuple(signatures.HmacKey(secret, "sha256") for secret in secrets), options.tolerance_seconds
    )


provider = ProviderKind(
    kind="standard",
    channel="sms",
    authentication="Standard Webhooks v1: HMAC-SHA256 over id, timestamp and body; a fresh timestamp",
    signs=True,
    gives_time=True,
    signs_time=True,
    options=StandardOptions,
    build=build,
    configure=(
        "**The sender** POSTs JSON, signed as the specification says:\n\n"
        "```json\n"
        '{"type": "vote.received", "timestamp": "2018-07-20T10:00:00+08:00",\n'
        ' "data": {"id": "7001", "from": "13800138000", "text": "A01", "sent_at": '
        '"2018-07-20T09:59:58.5+08:00"}}\n'
        "```\n\n"
        "`data` may be a list of such objects. `digits` in place of `text` is keys pressed in a call. "
        "`id` may be left out: then the message is known by `webhook-id` (in a list, and its place "
        'there), which must stay the same when it is sent again. `from` is `""` or null for a withheld '
        'number. The answer has the replies, in order: `{"replies":["…"]}`.'
    ),
    reference="github.com/standard-webhooks/standard-webhooks spec/standard-webhooks.md",
)
