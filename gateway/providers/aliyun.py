"""Aliyun SMS (阿里云短信) SmsUp: unsigned HTTP batch push of uplink messages.

A failed push comes again whole, so every message stands for itself. The documentation has two pages that
differ in the form of the id and of the time: both forms are read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from gateway.intake import messages, payload
from gateway.intake.inbound import Inbound
from gateway.intake.options import ZoneName
from gateway.intake.payload import Reason
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.kinds import Options


class AliyunOptions(Options):
    """The settings of one Aliyun account's source."""

    timezone: ZoneName = Field(
        default="Asia/Shanghai", description="the zone of `send_time`, which names none"
    )


#: Aliyun looks only at whether `code` is a number.
_TAKEN = Answer('{"code":0,"msg":"接收成功"}'.encode(), "application/json; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Aliyun:
    """One account."""

    zone: ZoneInfo

    def authenticate(self, _request: Request) -> Refusal | None:
        return None  # Aliyun signs nothing: the path token and the address list have been checked before

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_json(request.body, self._message)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return _TAKEN

    def _message(self, item: Mapping[str, object], raw: bytes) -> Inbound | None:
        if messages.is_report(item, "content", "biz_id", "success"):
            return None
        caller = payload.caller(item, "phone_number")
        text = payload.string(item, "content", Reason.NO_TEXT)
        sent = "" if item.get("send_time") is None else payload.string(item, "send_time", Reason.BAD_TIME)
        sent_ms = payload.local_ms(sent, self.zone) if sent else None
        message_id = _identity(item, caller, text, sent)
        return Inbound(message_id, caller, payload.message_text(text), sent_ms=sent_ms, raw=raw)


def _identity(item: Mapping[str, object], caller: str, text: str, sent: str) -> str:
    """`sequence_id`, which older pages show as a number; without one, what the message is made of."""
    given = payload.scalar(item, "sequence_id")
    if not given and sent:
        return payload.synthesised_id(caller, text, sent, str(item.get("dest_code", "")))
    return payload.message_id(given)


def build(options: BaseModel) -> Provider:
    """A provider for validated `AliyunOptions`."""
    assert isinstance(options, AliyunOptions)
    return Aliyun(ZoneInfo(options.timezone))


provider = ProviderKind(
    kind="aliyun",
    channel="sms",
    authentication="none by Aliyun: the secret path token, and the address list if one is set",
    signs=False,
    gives_time=True,
    signs_time=False,
    options=AliyunOptions,
    build=build,
    configure=(
        "**At Aliyun:** in the SMS console choose HTTP batch push (HTTP 批量推送) for uplink messages, "
        "and enter this source's URL with its token. A reply to the sender goes through Aliyun's own "
        "API, not through the answer, so `reply` needs an [outbox](#replies). Delivery reports (SmsReport) "
        "have an address of their own there; if they come to this one, they are taken and not kept."
    ),
    reference="help.aliyun.com/zh/sms/developer-reference/smsup-http",
)
