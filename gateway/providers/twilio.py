"""Twilio Programmable Messaging: a signed form for each SMS, answered with TwiML (PROVIDERS §4).

The signature joins names and values without a mark between them, so one signature fits several ways of
cutting the form. What decides a vote is therefore read only in its exact shape: a message id cut
short or prolonged is no message id.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from gateway.intake import payload, signatures
from gateway.intake.inbound import Inbound
from gateway.intake.payload import Fields, Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request


class TwilioOptions(BaseModel):
    """The settings of one Twilio account's source."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    auth_tokens: list[SecretStr] = Field(
        min_length=1, max_length=2, description="the account's auth token; two while it is being changed"
    )
    account_sid: str = Field(pattern=r"^AC[0-9a-f]{32}$", description="the account that may send: AC…")
    public_url: str = Field(description="the webhook's URL as set at Twilio, without the query")

    @field_validator("auth_tokens")
    @classmethod
    def _no_blank_token(cls, tokens: list[SecretStr]) -> list[SecretStr]:
        if not all(token.get_secret_value().strip() for token in tokens):
            raise ValueError("an auth token is empty")
        return tokens

    @field_validator("public_url")
    @classmethod
    def _signable(cls, public_url: str) -> str:
        signatures.twilio_urls(public_url)
        return public_url


_NO_SIGNATURE = Refusal(401, "no_signature")
_BAD_SIGNATURE = Refusal(403, "bad_signature")
_WRONG_ACCOUNT = Refusal(403, "wrong_account")
_TWIML = "text/xml; charset=utf-8"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_SILENT = Answer(f"{_HEAD}<Response/>".encode(), _TWIML)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MESSAGE_SID = re.compile(rb"[A-Z]{2}[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Twilio:
    """One account and the URL it calls."""

    keys: tuple[signatures.HmacKey, ...] = field(repr=False)
    account_sid: bytes
    urls: tuple[bytes, ...]

    def authenticate(self, request: Request) -> Refusal | None:
        given = request.headers.get("x-twilio-signature")
        if given is None:
            return _NO_SIGNATURE
        try:
            form = _form(request)
        except Unreadable:
            return _BAD_SIGNATURE
        request.memo.append(form)
        rest = b"" if request.method == "GET" else signatures.twilio_parameters(form)
        if "?" in request.target:
            rest = b"?" + payload.wire_bytes(request.query) + rest
        if not signatures.twilio_valid(given, self.keys, self.urls, rest):
            return _BAD_SIGNATURE
        if form.last.get(b"AccountSid") != self.account_sid:
            return _WRONG_ACCOUNT
        return None

    def read(self, request: Request) -> Sequence[Inbound]:
        raw = _payload(request)
        try:
            form = request.memo[0] if request.memo else None
            return (_message(form if isinstance(form, Fields) else _form(request), raw),)
        except Unreadable as flaw:
            return (payload.unparsed(flaw.reason, raw),)

    def answer(self, _request: Request, ended: Sequence[Ended]) -> Answer:
        replies = [one.reply for one in ended if one.reply]
        if not replies:
            return _SILENT
        messages = "".join(
            f"<Message>{html.escape(_NOT_XML.sub('', text), quote=False)}</Message>" for text in replies
        )
        return Answer(f"{_HEAD}<Response>{messages}</Response>".encode(), _TWIML)


def _payload(request: Request) -> bytes:
    return payload.wire_bytes(request.query) if request.method == "GET" else request.body


def _form(request: Request) -> Fields:
    return payload.fields(_payload(request))


def _message(form: Fields, raw: bytes) -> Inbound:
    sid, caller, text = form.one(b"MessageSid"), form.one(b"From"), form.one(b"Body")
    if sid is None or _MESSAGE_SID.fullmatch(sid) is None:
        raise Unreadable(Reason.NO_ID)
    if caller is None:
        raise Unreadable(Reason.NO_CALLER)
    if text is None:
        raise Unreadable(Reason.NO_TEXT)
    return Inbound(
        message_id=sid.decode("ascii"),
        caller=payload.caller_text(payload.utf8(caller)),
        text=payload.message_text(payload.utf8(text)),
        raw=raw,
    )


def build(options: BaseModel) -> Provider:
    """A provider for validated `TwilioOptions`."""
    assert isinstance(options, TwilioOptions)
    tokens = (token.get_secret_value().strip() for token in options.auth_tokens)
    return Twilio(
        keys=tuple(signatures.HmacKey(token.encode(), "sha1") for token in tokens),
        account_sid=options.account_sid.encode(),
        urls=signatures.twilio_urls(options.public_url),
    )


provider = ProviderKind(
    kind="twilio",
    channel="sms",
    authentication="X-Twilio-Signature: HMAC-SHA1 over the URL and all parameters; then the AccountSid",
    signs=True,
    gives_time=False,
    signs_time=False,
    options=TwilioOptions,
    build=build,
    methods=("POST", "GET"),
    configure=(
        "Phone number > Messaging > A message comes in: Webhook, HTTP POST, this source's URL followed by "
        "#rc=3&rp=all, so that Twilio tries again after an error. public_url is that URL up to the #."
    ),
    reference="twilio.com/docs/messaging/guides/webhook-request, …/docs/usage/webhooks/webhooks-security",
)
