"""46elks: one unsigned form for each SMS, and the answer's text is the reply."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from gateway.intake import messages, payload
from gateway.intake.inbound import Inbound
from gateway.intake.payload import Fields, Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.kinds import Options


class ElksOptions(Options):
    """46elks has no settings of its own."""


@dataclass(frozen=True, slots=True)
class Elks:
    """One number."""

    def authenticate(self, _request: Request) -> Refusal | None:
        return None  # 46elks signs nothing: the path token and the address list have been checked before

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_form(request.body, _message)

    def answer(self, _request: Request, ended: Sequence[Ended]) -> Answer:
        return Answer(payload.clean("\n".join(one.reply for one in ended if one.reply)).encode())


def _message(form: Fields, raw: bytes) -> Inbound:
    if form.one(b"direction") not in (None, b"incoming"):
        raise Unreadable(Reason.UNKNOWN_TYPE)
    created = form.one(b"created")
    sent_ms, grain_ms = payload.utc_ms(payload.utf8(created)) if created else (None, 1000)
    return Inbound(
        message_id=payload.message_id(form.text(b"id", Reason.NO_ID)),
        caller=payload.caller_text(form.text(b"from", Reason.NO_CALLER)),
        text=payload.message_text(form.text(b"message", Reason.NO_TEXT)),
        sent_ms=sent_ms,
        sent_grain_ms=grain_ms,
        raw=raw,
    )


def build(options: BaseModel) -> Provider:
    """A provider for validated `ElksOptions`."""
    assert isinstance(options, ElksOptions)
    return Elks()


provider = ProviderKind(
    kind="46elks",
    channel="sms",
    authentication="none by 46elks: the secret path token, and the address list if one is set",
    signs=False,
    gives_time=True,
    signs_time=False,
    options=ElksOptions,
    build=build,
    configure=(
        "**At 46elks:** set the number's `sms_url` to this source's URL with its token. What is not "
        "answered with 200 to 204 comes again, at least five times in at least six hours."
    ),
    reference="46elks.se/docs/receive-sms",
)
