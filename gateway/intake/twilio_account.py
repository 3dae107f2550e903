"""Decides whether a request is from one account at Twilio: what its messages and its calls have in common.

Twilio signs with the account's auth token and SHA-1, or with a shared key and SHA-256, and says which in
a header. The header chooses only among what is configured: without shared keys there is no SHA-256,
and without auth tokens no SHA-1.

The signature joins names and values without a mark between them, so one signature fits several ways of
cutting the form. What decides a vote is therefore read only in its exact shape: an id cut short or
prolonged is no id.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Self

from pydantic import Field, model_validator

from gateway.intake import payload, signatures
from gateway.intake.options import PublicUrl, Secrets, live_keys
from gateway.intake.payload import Fields, Reason, Unreadable
from gateway.intake.provider import Answer, Refusal, Request
from gateway.intake.signatures import HmacKey
from gateway.kinds import Options, Shown


class AccountOptions(Options):
    """The settings that every source of a Twilio account has."""

    auth_tokens: Secrets | None = Field(
        default=None,
        description=(
            "the account's auth token, which signs with SHA-1; two while it is being changed. This or "
            "`shared_keys` must be set"
        ),
    )
    shared_keys: Secrets | None = Field(
        default=None,
        description="the secret of a SharedKey, which signs with SHA-256; two while it is being changed",
    )
    account_sid: Annotated[str, Shown("`AC…`")] = Field(
        pattern=r"^AC[0-9a-f]{32}$", description="the account that may send"
    )
    public_url: PublicUrl = Field(
        description="the webhook's URL as set at Twilio, up to `?` and `#`: it is signed"
    )
    fragment: str = Field(
        default="",
        pattern=r"^[!-~]*$",
        description="what follows the `#` at Twilio. Whether it is signed is not documented: both are taken",
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
_BODY_HASH = re.compile(rb"(?:^|&)bodySHA256=([0-9a-f]{64})(?:&|$)")
_NO_FORM = Fields((), (), {})


@dataclass(frozen=True, slots=True)
class Account:
    """One account and the URL it calls.

    `keys` are by algorithm, as Twilio's header names it; `marks` what may stand between query and form. What
    is signed is the URL, the query as sent, the mark, and the form.
    """

    keys: Mapping[str, tuple[HmacKey, ...]] = field(repr=False)
    account_sid: bytes
    urls: tuple[bytes, ...]
    marks: tuple[bytes, ...]

    def authenticate(self, request: Request) -> Refusal | None:
        """As a provider's; the form that was signed goes into the request's memo."""
        given = request.headers.get("x-twilio-signature")
        if given is None:
            return _NO_SIGNATURE
        keys = self.keys.get(_algorithm(request.headers.get("x-twilio-webhooks-signature-settings", "")), ())
        hashed = body_hash(request)
        try:
            form = _NO_FORM if hashed else payload.fields(parameters(request))
        except Unreadable:
            return _BAD_SIGNATURE
        query = b"?" + payload.wire_bytes(request.query) if "?" in request.target else b""
        signed = signatures.twilio_parameters(form) if request.method != "GET" else b""
        for mark in self.marks:
            if signatures.twilio_valid(given, keys, self.urls, query + mark + signed):
                break
        else:
            return _BAD_SIGNATURE
        if hashed:  # our account's key signed it; a JSON body has no place for the account
            return None if hashed == _sha256(request.body) else _BAD_SIGNATURE
        request.memo.append(form)
        return None if form.last.get(b"AccountSid") == self.account_sid else _WRONG_ACCOUNT


@lru_cache(maxsize=64)
def _algorithm(settings: str) -> str:
    """The algorithm that Twilio's header names; two names are none."""
    pairs = (part.partition("=") for part in settings.split(","))
    named = [value.strip() for name, _, value in pairs if name.strip() == "algorithm"]
    return "HMAC_SHA1" if not named else named[0] if len(named) == 1 else ""


def body_hash(request: Request) -> bytes:
    """The SHA-256 of the body that the signed query of a JSON request names, b"" for any other request.

    The content type is signed by nobody. Where it lies, the form or the hash is missing in the signed text.
    """
    if "bodySHA256=" not in request.target:
        return b""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "GET" or kind != "application/json":
        return b""
    found = _BODY_HASH.search(payload.wire_bytes(request.query))
    return found[1] if found else b""


def _sha256(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def parameters(request: Request) -> bytes:
    """Where the parameters stand: in the query by GET, else in the body."""
    return payload.wire_bytes(request.query) if request.method == "GET" else request.body


def form(request: Request) -> Fields:
    """The parameters of a request, as they were authenticated. Raises `Unreadable`."""
    if body_hash(request):
        raise Unreadable(Reason.UNKNOWN_TYPE)
    kept = request.memo[0] if request.memo else None
    return kept if isinstance(kept, Fields) else payload.fields(parameters(request))


def twiml(verbs: str) -> Answer:
    """The answer with these TwiML verbs."""
    return Answer(f"{_HEAD}<Response>{verbs}</Response>".encode(), _TWIML)


def account(options: AccountOptions) -> Account:
    """The account of validated options."""
    return Account(
        keys={
            "HMAC_SHA1": live_keys(options.auth_tokens or (), "sha1"),
            "HMAC_SHA256": live_keys(options.shared_keys or (), "sha256"),
        },
        account_sid=options.account_sid.encode(),
        urls=signatures.twilio_urls(options.public_url),
        marks=(b"", b"#" + options.fragment.encode()) if options.fragment else (b"",),
    )
