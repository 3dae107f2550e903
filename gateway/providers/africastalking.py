"""Africa's Talking: one unsigned form for each SMS to a short code or number."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from gateway.intake import messages, payload
from gateway.intake.inbound import Inbound
from gateway.intake.options import ZoneName
from gateway.intake.payload import Fields, Reason
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.kinds import Options


class AfricasTalkingOptions(Options):
    """The settings of one short code's source."""

    timezone: ZoneName = Field(
        default="UTC",
        description=(
            "the zone of a `date` that names none. That it is UTC is not documented, but widely taken for so"
        ),
    )


@dataclass(frozen=True, slots=True)
class AfricasTalking:
    """One short code or number."""

    zone: ZoneInfo

    def authenticate(self, _request: Request) -> Refusal | None:
        return None  # nothing is signed: the path token and the address list have been checked before

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_form(request.body, self._message)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer()

    def _message(self, form: Fields, raw: bytes) -> Inbound:
        sent_ms, grain_ms = self._time(payload.utf8(form.one(b"date") or b""))
        return Inbound(
            message_id=payload.message_id(form.text(b"id", Reason.NO_ID)),
            caller=payload.caller_text(form.text(b"from", Reason.NO_CALLER)),
            text=payload.message_text(form.text(b"text", Reason.NO_TEXT)),
            sent_ms=sent_ms,
            sent_grain_ms=grain_ms,
            raw=raw,
        )

    def _time(self, date: str) -> tuple[int | None, int]:
        """Two forms are seen: with a zone, `2017-05-03T06:04:45Z`, and without, `2017-05-03 06:04:45`."""
        if not date:
            return None, 1000
        if "T" in date:
            return payload.instant_ms(date)
        return payload.local_ms(date, self.zone), 1000


def build(options: BaseModel) -> Provider:
    """A provider for validated `AfricasTalkingOptions`."""
    assert isinstance(options, AfricasTalkingOptions)
    return AfricasTalking(ZoneInfo(options.timezone))


provider = ProviderKind(
    kind="africastalking",
    channel="sms",
    authentication="none by Africa's Talking: the secret path token, and the address list if one is set",
    signs=False,
    gives_time=True,
    signs_time=False,
    options=AfricasTalkingOptions,
    build=build,
    configure=(
        "**At Africa's Talking:** SMS > SMS callback URLs > Incoming messages: this source's URL with "
        "its token. Whether, and how often, a failed callback is sent again is not documented. A reply "
        "goes through the sending API, so `reply` needs an [outbox](#replies)."
    ),
    reference="docs.africastalking.com/sms/callback",
)
