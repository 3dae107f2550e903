"""Twilio: a message by its REST API. Twilio has no key by which it would send once."""

from dataclasses import dataclass, field
from typing import Annotated, Self
from urllib.parse import urlencode

from pydantic import BaseModel, Field, SecretStr, model_validator

from gateway.intake import signatures
from gateway.kinds import Options, Shown
from gateway.outbox.letter import Letter
from gateway.outbox.sender import (
    SENT,
    Call,
    Fate,
    Sender,
    SenderKind,
    by_status,
    json_object,
    word,
)
from gateway.outbox.urls import Origin


class TwilioOptions(Options):
    """The settings of one Twilio account: it sends from a number of its own, or by a messaging service."""

    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$", description="the account, `AC…`")
    user: Annotated[str | None, Shown(unset="the account")] = Field(
        default=None, pattern=r"^[^:]+$", description="an API key, `SK…`"
    )
    password: SecretStr = Field(
        min_length=1, description="the key's secret; without a key the account's auth token"
    )
    sender: Annotated[str | None, Shown("number")] = Field(
        default=None, min_length=1, alias="from", description="the number it sends from, in E.164"
    )
    messaging_service_sid: str | None = Field(
        default=None,
        pattern=r"^MG[0-9a-fA-F]{32}$",
        description="in place of `from`: the messaging service, `MG…`",
    )
    endpoint: Origin = Field(default="https://api.twilio.com", description="where the API is")

    @model_validator(mode="after")
    def _one_sender(self) -> Self:
        if (self.sender is None) == (self.messaging_service_sid is None):
            raise ValueError("set either from or messaging_service_sid")
        return self


@dataclass(frozen=True, slots=True)
class Twilio:
    """One account."""

    options: TwilioOptions
    repeatable: bool = field(default=False, init=False)

    def call(self, letter: Letter, _now_ms: int, _nonce: str) -> Call:
        """See `sender.Sender`."""
        options = self.options
        if options.sender is not None:
            by = {"From": options.sender}
        else:
            by = {"MessagingServiceSid": options.messaging_service_sid or ""}
        user = options.user or options.account_sid
        token = signatures.basic_token(user, options.password.get_secret_value()).decode()
        return Call(
            f"{options.endpoint}/2010-04-01/Accounts/{options.account_sid}/Messages.json",
            {"Authorization": f"Basic {token}", "Content-Type": "application/x-www-form-urlencoded"},
            urlencode({"To": letter.to, **by, "Body": letter.text}).encode(),
        )

    def read(self, status: int, body: bytes) -> Fate:
        """See `sender.Sender`."""
        by = by_status(status)
        if by.state == "sent":
            return SENT if json_object(body).get("sid") else Fate("unknown", "no_sid")
        code = json_object(body).get("code")
        return by if code is None else by._replace(reason=word(code))


def build(options: BaseModel) -> Sender:
    """A sender for validated `TwilioOptions`."""
    assert isinstance(options, TwilioOptions)
    return Twilio(options)


sender = SenderKind(
    kind="twilio",
    options=TwilioOptions,
    build=build,
    reference="twilio.com/docs/messaging/api/message-resource#create-a-message-resource",
)
