"""Infobip: inbound SMS in lists, each message for itself; HTTP Basic if it is set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel

from gateway.intake import messages, payload, signatures
from gateway.intake.inbound import Inbound
from gateway.intake.options import BasicOptions
from gateway.intake.payload import Reason
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request


class InfobipOptions(BasicOptions):
    """The settings of one Infobip account's source."""


@dataclass(frozen=True, slots=True)
class Infobip:
    """One account. `token` is the Basic token asked for, None for none."""

    token: bytes | None = field(repr=False)

    def authenticate(self, request: Request) -> Refusal | None:
        fault = signatures.basic_fault(request.headers, self.token)
        return None if fault is None else Refusal(401, fault)

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_json(request.body, _message, within="results")

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer()


def _message(item: Mapping[str, object], raw: bytes) -> Inbound:
    """`text` is all that was written; `cleanText` lacks the keyword, which may be the vote."""
    sent_ms, grain_ms = payload.sent(item, "receivedAt")
    return Inbound(
        message_id=payload.message_id(payload.string(item, "messageId", Reason.NO_ID)),
        caller=payload.international(payload.caller(item, "from")),
        text=payload.message_text(payload.string(item, "text", Reason.NO_TEXT)),
        sent_ms=sent_ms,
        sent_grain_ms=grain_ms,
        raw=raw,
    )


def build(options: BaseModel) -> Provider:
    """A provider for validated `InfobipOptions`."""
    assert isinstance(options, InfobipOptions)
    return Infobip(options.basic_token)


provider = ProviderKind(
    kind="infobip",
    channel="sms",
    authentication="none by Infobip: the secret path token or the address list; HTTP Basic too, if it is set",
    signs=False,
    gives_time=True,
    signs_time=False,
    options=InfobipOptions,
    build=build,
    configure=(
        "**At Infobip:** Numbers > your number > Keywords > Forwarding: HTTP, this source's URL with "
        "its token. Or under Subscriptions Management: a notification profile with that URL. The whole "
        "`text` is read, not `cleanText`, which lacks the keyword. A reply goes through the sending "
        "API, so `reply` needs an [outbox](#replies). How often a failed push comes again is not "
        "documented for inbound messages. With `user` and `password`, set the same in the notification "
        "profile's authentication settings."
    ),
    reference="infobip.com/docs/api/channels/sms, receive inbound SMS",
)
