"""Qiniu SMS (七牛云短信): unsigned `{"items": [...]}` of uplink messages without ids.

Two equal texts of one phone in the same second are one message: nothing in the push tells them apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from gateway.intake import messages, payload
from gateway.intake.inbound import Inbound
from gateway.intake.payload import Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.kinds import Options


class QiniuOptions(Options):
    """Qiniu has no settings of its own."""


@dataclass(frozen=True, slots=True)
class Qiniu:
    """One account. The answer's status alone is looked at."""

    def authenticate(self, _request: Request) -> Refusal | None:
        return None  # Qiniu signs nothing: the path token and the address list have been checked before

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_json(request.body, _message, within="items")

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer()


def _message(item: Mapping[str, object], raw: bytes) -> Inbound:
    caller, text = payload.caller(item, "mobile"), payload.string(item, "content", Reason.NO_TEXT)
    sent = payload.scalar(item, "time")
    if not sent:
        raise Unreadable(Reason.NO_ID)  # without it, a caller's next vote would pass for a redelivery
    return Inbound(
        message_id=payload.synthesised_id(caller, text, sent, payload.scalar(item, "dest_code")),
        caller=caller,
        text=payload.message_text(text),
        sent_ms=payload.epoch_ms(sent),
        raw=raw,
    )


def build(options: BaseModel) -> Provider:
    """A provider for validated `QiniuOptions`."""
    assert isinstance(options, QiniuOptions)
    return Qiniu()


provider = ProviderKind(
    kind="qiniu",
    channel="sms",
    authentication="none by Qiniu: the secret path token, and the address list if one is set",
    signs=False,
    gives_time=True,
    signs_time=False,
    options=QiniuOptions,
    build=build,
    configure=(
        "**At Qiniu:** in the SMS console, settings (配置管理), enter this source's URL with its token "
        "as the callback for uplink messages. A reply to the sender goes through Qiniu's own API, so "
        "`reply` needs an [outbox](#replies)."
    ),
    reference="developer.qiniu.com/sms/5910/message-push",
)
