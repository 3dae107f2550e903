"""Volcengine SMS (火山引擎短信服务): unsigned lists of uplink messages without ids.

What an uplink is made of stands for its id; the time in it is in milliseconds, so two votes of one phone
are told apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from gateway.intake import messages, payload
from gateway.intake.inbound import Inbound
from gateway.intake.payload import Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.kinds import Options


class VolcengineOptions(Options):
    """Volcengine has no settings of its own."""


@dataclass(frozen=True, slots=True)
class Volcengine:
    """One account. The answer's status alone is looked at."""

    def authenticate(self, _request: Request) -> Refusal | None:
        return None  # Volcengine signs nothing: the path token and the addresses have been checked before

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_json(request.body, _message)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer()


#: What tells an uplink apart, beside sender, text and time.
_APART = ("account", "sub_account", "service_id", "ext")


def _message(item: Mapping[str, object], raw: bytes) -> Inbound:
    caller, text = payload.caller(item, "mobile"), payload.string(item, "content", Reason.NO_TEXT)
    received = payload.scalar(item, "recv_time")
    if not received:
        raise Unreadable(Reason.NO_ID)  # without it, a caller's next vote would pass for a redelivery
    apart = [payload.scalar(item, key) for key in _APART]
    return Inbound(
        message_id=payload.synthesised_id(caller, text, received, *apart),
        caller=caller,
        text=payload.message_text(text),
        sent_ms=payload.epoch_ms(received, 1),
        sent_grain_ms=1,
        raw=raw,
    )


def build(options: BaseModel) -> Provider:
    """A provider for validated `VolcengineOptions`."""
    assert isinstance(options, VolcengineOptions)
    return Volcengine()


provider = ProviderKind(
    kind="volcengine",
    channel="sms",
    authentication="none by Volcengine: the secret path token, and the address list if one is set",
    signs=False,
    gives_time=True,
    signs_time=False,
    options=VolcengineOptions,
    build=build,
    configure=(
        "**At Volcengine:** in the SMS console, general settings (通用管理) > callbacks (回执配置), "
        "enter this source's URL with its token as the default uplink address (默认上行地址). A reply "
        "to the sender goes through Volcengine's own API, so `reply` needs an [outbox](#replies). How "
        "long a list can be is not said: one that is refused as `too_large` needs a larger "
        "[`body_bytes`](#larger-requests)."
    ),
    reference="volcengine.com/docs/6361/171585",
)
