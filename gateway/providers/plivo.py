"""Plivo: a form for each SMS, signed by V2 over URL and nonce, answered with XML.

The signature does not cover the form, so the source must have a path token; a nonce that came with
another form is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, Field

from gateway.intake import markup, messages, payload, signatures
from gateway.intake.inbound import Inbound
from gateway.intake.options import PublicUrl, Secrets, live_keys
from gateway.intake.payload import Fields, Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.intake.signatures import HmacKey
from gateway.intake.spent import Spent
from gateway.kinds import Options


class PlivoOptions(Options):
    """The settings of one Plivo number's source."""

    auth_tokens: Secrets = Field(
        description=(
            "the auth token of the account or sub-account that owns the number; two while it is being changed"
        )
    )
    public_url: PublicUrl = Field(
        description="the message URL as set at Plivo, without the path token at its end"
    )


_NO_SIGNATURE = Refusal(401, "no_signature")
_BAD_SIGNATURE = Refusal(403, "bad_signature")
_REPLAYED = Refusal(403, "replayed")
_XML = "application/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Plivo:
    """One number and the URL it calls, without the path token."""

    keys: tuple[HmacKey, ...] = field(repr=False)
    public_url: bytes
    spent: Spent = field(default_factory=Spent, repr=False)

    def authenticate(self, request: Request) -> Refusal | None:
        given = [
            signature
            for name in ("x-plivo-signature-v2", "x-plivo-signature-ma-v2")
            if (signature := request.headers.get(name))
        ]
        nonce = request.headers.get("x-plivo-signature-v2-nonce")
        if not (given and nonce):
            return _NO_SIGNATURE
        signed = self._url(request.target) + payload.wire_bytes(nonce)
        if not any(signatures.any_signs(signature, self.keys, signed) for signature in given):
            return _BAD_SIGNATURE
        return _REPLAYED if self.spent.by_another(nonce, _parameters(request)) else None

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_form(_parameters(request), _message)

    def answer(self, request: Request, ended: Sequence[Ended]) -> Answer:
        replies = [one.reply for one in ended if one.reply]
        ends = _ends(request) if replies else ""
        texts = "".join(f"<Message {ends}>{markup.xml(text)}</Message>" for text in replies if ends)
        return Answer(f"<Response>{texts}</Response>".encode(), _XML)

    def _url(self, target: str) -> bytes:
        """The URL that Plivo called, without its query: what follows /in/NAME stands in the target."""
        path = target.partition("?")[0].split("/", 3)
        return self.public_url + b"".join(b"/" + payload.wire_bytes(token) for token in path[3:])


def _parameters(request: Request) -> bytes:
    return payload.wire_bytes(request.query) if request.method == "GET" else request.body


def _message(form: Fields, raw: bytes) -> Inbound:
    return Inbound(
        message_id=payload.message_id(form.text(b"MessageUUID", Reason.NO_ID)),
        caller=payload.international(payload.caller_text(form.text(b"From", Reason.NO_CALLER))),
        text=payload.message_text(form.text(b"Text", Reason.NO_TEXT)),
        raw=raw,
    )


def _ends(request: Request) -> str:
    """Who sends a reply, and to whom, which Plivo wants to be told; "" if the form does not say."""
    try:
        form = payload.fields(_parameters(request))
        voter, ours = (markup.xml(form.text(name, Reason.NO_CALLER)) for name in (b"From", b"To"))
    except Unreadable:
        return ""
    return f'src="{ours}" dst="{voter}" type="sms"'


def build(options: BaseModel) -> Provider:
    """A provider for validated `PlivoOptions`."""
    assert isinstance(options, PlivoOptions)
    return Plivo(live_keys(options.auth_tokens, "sha256"), options.public_url.encode())


provider = ProviderKind(
    kind="plivo",
    channel="sms",
    authentication=(
        "X-Plivo-Signature-V2: HMAC-SHA256 over the URL and a nonce, not over the message; "
        "so the secret path token too"
    ),
    signs=True,
    seals=False,
    gives_time=False,
    signs_time=False,
    options=PlivoOptions,
    build=build,
    methods=("POST", "GET"),
    configure=(
        "**At Plivo:** Messaging > Applications > your application > Message URL: "
        "`https://vote.example.org/in/pl/TOKEN`, method POST. Whether, and how often, a failed message "
        "comes again is not documented."
    ),
    reference="plivo.com/docs/messaging/concepts/signature-validation",
)
