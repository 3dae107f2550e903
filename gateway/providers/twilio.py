"""Twilio Programmable Messaging: a signed form for each SMS, answered with TwiML."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from gateway.intake import markup, payload, twilio_account
from gateway.intake.inbound import Inbound
from gateway.intake.payload import Fields, Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.intake.twilio_account import Account, AccountOptions


class TwilioOptions(AccountOptions):
    """The settings of one Twilio account's source."""


_SILENT = Answer(b'<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml; charset=utf-8")
_MESSAGE_SID = re.compile(rb"[A-Z]{2}[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Twilio:
    """One account and the URL it calls."""

    account: Account

    def authenticate(self, request: Request) -> Refusal | None:
        return self.account.authenticate(request)

    def read(self, request: Request) -> Sequence[Inbound]:
        raw = twilio_account.parameters(request)
        try:
            return (_message(twilio_account.form(request), raw),)
        except Unreadable as flaw:
            return (payload.unparsed(flaw.reason, raw),)

    def answer(self, _request: Request, ended: Sequence[Ended]) -> Answer:
        replies = [one.reply for one in ended if one.reply]
        if not replies:
            return _SILENT
        return twilio_account.twiml("".join(f"<Message>{markup.xml(text)}</Message>" for text in replies))


def _message(form: Fields, raw: bytes) -> Inbound:
    sid = form.one(b"MessageSid")
    if sid is None or _MESSAGE_SID.fullmatch(sid) is None:
        raise Unreadable(Reason.NO_ID)
    return Inbound(
        message_id=sid.decode("ascii"),
        caller=payload.caller_text(form.text(b"From", Reason.NO_CALLER)),
        text=payload.message_text(form.text(b"Body", Reason.NO_TEXT)),
        raw=raw,
    )


def build(options: BaseModel) -> Provider:
    """A provider for validated `TwilioOptions`."""
    assert isinstance(options, TwilioOptions)
    return Twilio(twilio_account.account(options))


provider = ProviderKind(
    kind="twilio",
    channel="sms",
    authentication=(
        "X-Twilio-Signature: HMAC-SHA1 (auth token) or HMAC-SHA256 (SharedKey) over the URL and all "
        "parameters; then the AccountSid"
    ),
    signs=True,
    gives_time=False,
    signs_time=False,
    options=TwilioOptions,
    build=build,
    methods=("POST", "GET"),
    configure=(
        "**At Twilio:** Phone number > Messaging > A message comes in: Webhook, HTTP POST, "
        '`https://vote.example.org/in/tw#rc=3&rp=all`; then `fragment = "rc=3&rp=all"`. What follows '
        "the # makes Twilio try again after an error; without it, it does not."
    ),
    reference="twilio.com/docs/messaging/guides/webhook-request, …/docs/usage/webhooks/webhooks-security",
)
