"""Twilio Programmable Messaging: a signed form for each SMS, answered with TwiML (PROVIDERS §4).

The signature joins names and values without a mark between them, so one signature fits several ways of
cutting the form. What decides a vote is therefore read only in its exact shape: a message id cut
short or prolonged is no message id.

Twilio signs with the account's auth token and SHA-1, or with a shared key and SHA-256, and says which in
a header. The header chooses only among what is configured: without shared keys there is no SHA-256,
and without auth tokens no SHA-1.
"""

import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from pydantic import BaseModel, Field, model_validator

from gateway.intake import messages, payload, signatures
from gateway.intake.inbound import Inbound
from gateway.intake.options import Options, PublicUrl, Secrets, live_keys
from gateway.intake.payload import Fields, Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.intake.signatures import HmacKey


class TwilioOptions(Options):
    """The settings of one Twilio account's source."""

    auth_tokens: Secrets | None = Field(
        default=None, description="the account's auth token (SHA-1); two while it is being changed"
    )
    shared_keys: Secrets | None = Field(
        default=None, description="the secret of a SharedKey (SHA-256); two while it is being changed"
    )
    account_sid: str = Field(pattern=r"^AC[0-9a-f]{32}$", description="the account that may send: AC…")
    public_url: PublicUrl = Field(description="the webhook's URL as set at Twilio, up to ? and #")
    fragment: str = Field(
        default="", pattern=r"^[!-~]*$", description="what follows the # at Twilio; it may be signed or not"
    )

    @model_validator(mode="after")
    def _some_key(self) -> Self:
        if not (self.auth_tokens or self.shared_keys):
            raise ValueError("without auth_tokens or shared_keys nothing could be taken: set one of them")
        return self


_NO_SIGNATURE = Refusal(401, "no_signature")
_BAD_SIGNATURE = Refusal(403, "bad_signature")
_WRONG_ACCOUNT = Refusal(403, "wrong_account")
_TWIML = "text/xml; charset=utf-8"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_SILENT = Answer(f"{_HEAD}<Response/>".encode(), _TWIML)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MESSAGE_SID = re.compile(rb"[A-Z]{2}[0-9a-f]{32}")


_BODY_HASH = re.compile(rb"(?:^|&)bodySHA256=([0-9a-f]{64})(?:&|$)")
_NO_FORM = Fields([], {})


@dataclass(frozen=True, slots=True)
class Twilio:
    """One account and the URL it calls.

    `keys` are by algorithm, as Twilio's header names it; `marks` what may stand between query and form.
    """

    keys: Mapping[str, tuple[HmacKey, ...]] = field(repr=False)
    account_sid: bytes
    urls: tuple[bytes, ...]
    marks: tuple[bytes, ...]

    def authenticate(self, request: Request) -> Refusal | None:
        given = request.headers.get("x-twilio-signature")
        if given is None:
            return _NO_SIGNATURE
        keys = self.keys.get(_algorithm(request.headers.get("x-twilio-webhooks-signature-settings", "")), ())
        hashed = _hashed(request)
        try:
            form = _NO_FORM if hashed else _form(request)
        except Unreadable:
            return _BAD_SIGNATURE
        signed = form if request.method != "GET" else _NO_FORM
        if not any(
            signatures.twilio_valid(given, keys, self.urls, rest) for rest in self._rests(request, signed)
        ):
            return _BAD_SIGNATURE
        if hashed:  # our account's key signed it; a JSON body has no place for the account
            return None if hashed == _sha256(request.body) else _BAD_SIGNATURE
        request.memo.append(form)
        return None if form.last.get(b"AccountSid") == self.account_sid else _WRONG_ACCOUNT

    def read(self, request: Request) -> Sequence[Inbound]:
        raw = _payload(request)
        if _hashed(request):
            return (payload.unparsed(Reason.UNKNOWN_TYPE, raw),)
        form = request.memo[0] if request.memo else None
        if not isinstance(form, Fields):
            return messages.of_form(raw, _message)
        try:
            return (_message(form, raw),)
        except Unreadable as flaw:
            return (payload.unparsed(flaw.reason, raw),)

    def answer(self, _request: Request, ended: Sequence[Ended]) -> Answer:
        replies = [one.reply for one in ended if one.reply]
        if not replies:
            return _SILENT
        texts = "".join(
            f"<Message>{html.escape(_NOT_XML.sub('', text), quote=False)}</Message>" for text in replies
        )
        return Answer(f"{_HEAD}<Response>{texts}</Response>".encode(), _TWIML)

    def _rests(self, request: Request, form: Fields) -> list[bytes]:
        """What may follow the URL in the signed text: the query as sent, the fragment or none, the form."""
        query = b"?" + payload.wire_bytes(request.query) if "?" in request.target else b""
        return [query + mark + signatures.twilio_parameters(form) for mark in self.marks]


def _algorithm(settings: str) -> str:
    """The algorithm that Twilio's header names; two names are none."""
    pairs = (part.partition("=") for part in settings.split(","))
    named = [value.strip() for name, _, value in pairs if name.strip() == "algorithm"]
    return "HMAC_SHA1" if not named else named[0] if len(named) == 1 else ""


def _hashed(request: Request) -> bytes:
    """The SHA-256 of the body that the signed query of a JSON request names, b"" for any other request.

    The content type is signed by nobody. Where it lies, the form or the hash is missing in the signed text.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "GET" or kind != "application/json":
        return b""
    found = _BODY_HASH.search(payload.wire_bytes(request.query))
    return found[1] if found else b""


def _sha256(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _payload(request: Request) -> bytes:
    return payload.wire_bytes(request.query) if request.method == "GET" else request.body


def _form(request: Request) -> Fields:
    return payload.fields(_payload(request))


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
    return Twilio(
        keys={
            "HMAC_SHA1": live_keys(options.auth_tokens or (), "sha1"),
            "HMAC_SHA256": live_keys(options.shared_keys or (), "sha256"),
        },
        account_sid=options.account_sid.encode(),
        urls=signatures.twilio_urls(options.public_url),
        marks=(b"", b"#" + options.fragment.encode()) if options.fragment else (b"",),
    )


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
        "Phone number > Messaging > A message comes in: Webhook, HTTP POST, this source's URL followed by "
        "#rc=3&rp=all, so that Twilio tries again after an error. public_url is that URL up to the #, "
        "fragment what follows it."
    ),
    reference="twilio.com/docs/messaging/guides/webhook-request, …/docs/usage/webhooks/webhooks-security",
)
