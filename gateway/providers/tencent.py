"""Tencent Cloud SMS (腾讯云短信): an unsigned POST for each reply, without an id of its own.

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


class TencentOptions(Options):
    """Tencent has no settings of its own."""


_TAKEN = Answer(b'{"result":0,"errmsg":"OK"}', "application/json; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Tencent:
    """One account. A list is read too: the sibling callback, for delivery reports, sends lists."""

    def authenticate(self, _request: Request) -> Refusal | None:
        return None  # Tencent signs nothing: the path token and the address list have been checked before

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_json(request.body, _message)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return _TAKEN


def _message(item: Mapping[str, object], raw: bytes) -> Inbound | None:
    if messages.is_report(item, "text", "report_status"):
        return None
    country, mobile = payload.scalar(item, "nationcode").removeprefix("+"), payload.caller(item, "mobile")
    text = payload.string(item, "text", Reason.NO_TEXT)
    sent = payload.scalar(item, "time")
    if not sent:
        raise Unreadable(Reason.NO_ID)  # without it, a caller's next vote would pass for a redelivery
    extend, sign = payload.scalar(item, "extend"), payload.scalar(item, "sign")
    return Inbound(
        message_id=payload.synthesised_id(country, mobile, extend, sign, text, sent),
        caller=payload.caller_text(f"+{country}{mobile}" if country and mobile else mobile),
        text=payload.message_text(text),
        sent_ms=payload.epoch_ms(sent),
        raw=raw,
    )


def build(options: BaseModel) -> Provider:
    """A provider for validated `TencentOptions`."""
    assert isinstance(options, TencentOptions)
    return Tencent()


provider = ProviderKind(
    kind="tencent",
    channel="sms",
    authentication="none by Tencent: the secret path token, and the address list if one is set",
    signs=False,
    gives_time=True,
    signs_time=False,
    options=TencentOptions,
    build=build,
    configure=(
        "**At Tencent:** in the SMS console, application settings (应用管理) > event callback "
        "(事件回调配置), enter this source's URL with its token as the callback for replies "
        "(短信回复回调). A reply to the sender goes through Tencent's own API, so `reply` needs an "
        "[outbox](#replies). Delivery reports (下发状态回调) have an address of their own there; if they "
        "come to this one, they are taken and not kept."
    ),
    reference="cloud.tencent.com/document/api/382/59179",
)
