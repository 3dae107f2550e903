"""Kannel's smsbox: sendsms by POST, with everything but the text in headers, so that no URL holds a number.

Kannel has no key by which it would send once.
"""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from config import sms
from gateway.kinds import Options, Shown
from gateway.outbox.letter import Letter
from gateway.outbox.sender import Call, Fate, Sender, SenderKind, by_status
from gateway.outbox.urls import Address


class KannelOptions(Options):
    """The settings of one smsbox."""

    url: Address = Field(default="http://127.0.0.1:13013/cgi-bin/sendsms", description="smsbox")
    user: str = Field(pattern=r"^[!-~]+$", description="the `sendsms-user`")
    password: SecretStr = Field(min_length=1, description="and its password")
    sender: Annotated[str | None, Shown(unset="smsbox's own")] = Field(
        default=None, pattern=r"^[!-~]+$", alias="from", description="the number it sends from"
    )
    smsc: str | None = Field(default=None, pattern=r"^[!-~]+$", description="the `smsc-id` to send by")


@dataclass(frozen=True, slots=True)
class Kannel:
    """One smsbox."""

    options: KannelOptions
    repeatable: bool = field(default=False, init=False)

    def call(self, letter: Letter, _now_ms: int, _nonce: str) -> Call:
        """See `sender.Sender`."""
        options = self.options
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Username": options.user,
            "X-Kannel-Password": options.password.get_secret_value(),
            "X-Kannel-To": letter.to,
            "X-Kannel-Coding": "0" if sms.is_gsm(letter.text) else "2",
        }
        if options.sender is not None:
            headers["X-Kannel-From"] = options.sender
        if options.smsc is not None:
            headers["X-Kannel-SMSC"] = options.smsc
        return Call(options.url, headers, letter.text.encode())

    def read(self, status: int, _body: bytes) -> Fate:
        """See `sender.Sender`. smsbox says 202 for what it has taken, 503 for what it could not take now."""
        return Fate("later", "http_503") if status == 503 else by_status(status)


def build(options: BaseModel) -> Sender:
    """A sender for validated `KannelOptions`."""
    assert isinstance(options, KannelOptions)
    return Kannel(options)


sender = SenderKind(
    kind="kannel",
    options=KannelOptions,
    build=build,
    reference="kannel.org/download/1.4.5/userguide-1.4.5/userguide.html, Using the HTTP Interface to Send",
)
