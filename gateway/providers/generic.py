"""Whatever is not listed: JSON, a form or a query; the settings name its fields, and its HMAC if it has one.

A message without an id is known by its caller, text and time, so one of id and time must be named. What is
signed must hold the message itself, or a signature that was seen would fit any other.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, StringConstraints, model_validator

from gateway.intake import charsets, messages, payload, signatures
from gateway.intake.inbound import Form, Inbound
from gateway.intake.options import CAMPAIGNS, Secrets, ZoneName, live_keys
from gateway.intake.payload import Fields, Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.kinds import Options, Shown

Name = Annotated[str, StringConstraints(min_length=1, max_length=200), Shown("name")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$"), Shown("header's name")]
Carrier = Literal["json", "form", "query"]

_PLACE: Final = re.compile(r"\{([a-z]+)\}")
_PLACES: Final = frozenset({"body", "query", "timestamp", "method", "path"})


class FieldNames(Options):
    """Where in the payload a message's parts stand; in JSON, dots lead into objects."""

    caller: Name = Field(description="the sender's number; in JSON, dots lead into objects")
    text: Name = Field(description="the text, or the keys pressed")
    id: Name | None = Field(
        default=None, description="the message's own id, which stays the same when it is sent again"
    )
    time: Name | None = Field(
        default=None,
        description="when it was sent; without `id`, a message is known by caller, text and time",
    )

    @model_validator(mode="after")
    def _known_again(self) -> Self:
        if self.id is None and self.time is None:
            raise ValueError(
                "name the field of the id or of the time: a message sent again must be recognised"
            )
        return self


class SignatureOptions(Options):
    """How the HMAC is made, and where it stands."""

    header: HeaderName = Field(description="the header that has the HMAC")
    algorithm: signatures.Algorithm = Field(default="sha256", description="the hash of the HMAC")
    encoding: Literal["hex", "HEX", "base64"] = Field(
        default="hex", description="how it is written: in small letters, in capitals, in base64"
    )
    prefix: str = Field(default="", max_length=100, description="what stands before it, such as `sha256=`")
    signed: str = Field(
        default="{body}",
        max_length=1000,
        description=(
            "what is signed, with `{body}`, `{query}`, `{timestamp}`, `{method}`, `{path}` in their places"
        ),
    )
    timestamp: HeaderName | None = Field(
        default=None, description="the header with the time, if the time is signed"
    )
    unit: Literal["s", "ms"] = Field(
        default="s", description="whether that time is in seconds or milliseconds"
    )
    tolerance_seconds: int = Field(
        default=300, ge=1, le=86_400, description="how far that time may be from our clock"
    )

    @model_validator(mode="after")
    def _all_known(self) -> Self:
        places = set(_PLACE.findall(self.signed))
        if places - _PLACES:
            raise ValueError(f"signed may name {', '.join(f'{{{place}}}' for place in sorted(_PLACES))}")
        if ("timestamp" in places) != (self.timestamp is not None):
            raise ValueError("{timestamp} in signed and the header timestamp go together")
        return self


class GenericOptions(Options):
    """The settings of one sender's source. With `secrets` and `signature`, signatures are asked for."""

    carrier: Carrier = Field(
        default="json", description='what holds the message; `"query"` is a GET, the others are POSTs'
    )
    within: Annotated[str, Shown("name")] = Field(
        default="",
        max_length=200,
        description=(
            'the member of the JSON body that holds the message or the list; `""` for the body itself'
        ),
    )
    fields: FieldNames = Field(description="where in it the parts of a message stand")
    charset: Literal["utf-8", "gb18030"] = Field(
        default="utf-8", description='how the message is written; `"gb18030"` also for GBK and GB2312'
    )
    form: Literal["text", "digits"] = Field(
        default="text", description="whether the text is words, or keys pressed in a call"
    )
    time: Literal["iso", "local", "unix", "unix_ms"] = Field(
        default="iso",
        description="how the time is written: with its zone, in local time, in Unix seconds or milliseconds",
    )
    timezone: Annotated[ZoneName, CAMPAIGNS] = Field(
        default="Asia/Shanghai", description="the zone of local times"
    )
    secrets: Secrets | None = Field(
        default=None,
        description="what the HMAC is made with; two while it is being changed; goes with `signature`",
    )
    signature: SignatureOptions | None = Field(default=None, description="how requests are signed")
    answer: str = Field(
        default="OK",
        max_length=1000,
        description="what is answered when a message is taken: whatever stops the sender from sending again",
    )
    answer_type: Annotated[str, Shown("content type")] = Field(
        default="text/plain; charset=utf-8",
        pattern=r"^[!-~]+/[ -~]+$",
        description="the answer's content type",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.secrets is None) != (self.signature is None):
            raise ValueError("secrets and signature go together: set both or neither")
        message = "query" if self.carrier == "query" else "body"
        if self.signature is not None and f"{{{message}}}" not in self.signature.signed:
            raise ValueError(f"signed must hold {{{message}}}, or a signature would fit any message")
        if self.within and self.carrier != "json":
            raise ValueError("within is for JSON")
        return self


_NO_SIGNATURE = Refusal(401, "no_signature")
_BAD_SIGNATURE = Refusal(403, "bad_signature")
_STALE = Refusal(403, "stale")
_METHOD = Refusal(405, "method")


@dataclass(frozen=True, slots=True)
class Signed:
    """How a sender signs, and its live keys."""

    how: SignatureOptions
    keys: tuple[signatures.HmacKey, ...] = field(repr=False)

    def refusal(self, request: Request) -> Refusal | None:
        """Whether the request is not, or no longer, signed as it should be."""
        given = request.headers.get(self.how.header.lower())
        stamp = "" if self.how.timestamp is None else request.headers.get(self.how.timestamp.lower())
        if given is None or stamp is None:
            return _NO_SIGNATURE
        message = self._message(request, stamp)
        if not any(signatures.same(given, self._written(key, message)) for key in self.keys):
            return _BAD_SIGNATURE
        return self._late(stamp, request.received_ms) if self.how.timestamp else None

    def _message(self, request: Request, stamp: str) -> bytes:
        path, _, query = request.target.partition("?")
        values = {"method": request.method, "path": path, "query": query, "timestamp": stamp}
        parts = _PLACE.split(self.how.signed)  # text and place by turns
        return b"".join(
            request.body
            if at % 2 and part == "body"
            else payload.wire_bytes(values[part] if at % 2 else part)
            for at, part in enumerate(parts)
        )

    def _written(self, key: signatures.HmacKey, message: bytes) -> bytes:
        if self.how.encoding == "base64":
            mac = key.sign(message)
        else:
            mac = key.hex(message) if self.how.encoding == "hex" else key.hex(message).upper()
        return self.how.prefix.encode() + mac

    def _late(self, stamp: str, now_ms: int) -> Refusal | None:
        try:
            at_ms = payload.epoch_ms(stamp, 1000 if self.how.unit == "s" else 1)
        except Unreadable:
            return _BAD_SIGNATURE
        return None if abs(now_ms - at_ms) <= self.how.tolerance_seconds * 1000 else _STALE


@dataclass(frozen=True, slots=True)
class Generic:
    """One sender."""

    options: GenericOptions
    names: Mapping[str, str]
    signed: Signed | None
    zone: ZoneInfo

    def authenticate(self, request: Request) -> Refusal | None:
        if (request.method == "GET") != (self.options.carrier == "query"):
            return _METHOD
        return self.signed.refusal(request) if self.signed else None

    def read(self, request: Request) -> Sequence[Inbound]:
        if self.options.carrier == "json":
            try:
                body = self._as_utf8(request.body)
            except Unreadable as flaw:
                return (payload.unparsed(flaw.reason, request.body),)
            return messages.of_json(body, self._from_json, self.options.within)
        by_query = self.options.carrier == "query"
        raw = payload.wire_bytes(request.query) if by_query else request.body
        return messages.of_form(raw, self._from_form)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer(self.options.answer.encode(), self.options.answer_type)

    def _from_json(self, item: Mapping[str, object], raw: bytes) -> Inbound:
        found = {part: _at(item, path) for part, path in self.names.items()}
        return self._message({part: value for part, value in found.items() if value is not ...}, raw)

    def _from_form(self, form: Fields, raw: bytes) -> Inbound:
        found = {part: form.one(name.encode(self.options.charset)) for part, name in self.names.items()}
        return self._message(
            {part: self._as_text(value) for part, value in found.items() if value is not None}, raw
        )

    def _as_text(self, data: bytes) -> str:
        return payload.utf8(data) if self.options.charset == "utf-8" else charsets.coded(data, "gb18030")

    def _as_utf8(self, body: bytes) -> bytes:
        """A body in UTF-8, as JSON has to be (RFC 8259); so it is kept. Raises `Unreadable`."""
        return body if self.options.charset == "utf-8" else self._as_text(body).encode()

    def _message(self, parts: Mapping[str, object], raw: bytes) -> Inbound:
        if "caller" not in parts:
            raise Unreadable(Reason.NO_CALLER)
        caller = payload.caller_text(payload.scalar(parts, "caller"))
        text = payload.message_text(payload.string(parts, "text", Reason.NO_TEXT))
        identity, sent = payload.scalar(parts, "id"), payload.scalar(parts, "time")
        if not identity and sent:
            identity = payload.synthesised_id(caller, text, sent)
        sent_ms, grain_ms = self._instant(sent) if sent else (None, 1000)
        return Inbound(
            payload.message_id(identity), caller, text, Form(self.options.form), sent_ms, grain_ms, raw
        )

    def _instant(self, sent: str) -> tuple[int, int]:
        if self.options.time == "iso":
            return payload.instant_ms(sent)
        if self.options.time == "local":
            return payload.local_ms(sent, self.zone), 1000
        unit: Literal[1, 1000] = 1000 if self.options.time == "unix" else 1
        return payload.epoch_ms(sent, unit), unit


def _at(item: Mapping[str, object], path: str) -> object:
    """What stands at a path; an ellipsis if there is nothing."""
    *outer, last = path.split(".")
    for name in outer:
        inner = item.get(name, {})
        if not isinstance(inner, dict):
            raise Unreadable(Reason.WRONG_SHAPE)
        item = inner
    return item.get(last, ...)


def build(options: BaseModel) -> Provider:
    """A provider for validated `GenericOptions`."""
    assert isinstance(options, GenericOptions)
    signed = None
    if options.signature and options.secrets:
        signed = Signed(options.signature, live_keys(options.secrets, options.signature.algorithm))
    names = options.fields.model_dump(exclude_none=True)
    return Generic(options, names, signed, ZoneInfo(options.timezone))


provider = ProviderKind(
    kind="generic",
    channel="sms",
    authentication="an HMAC as the settings describe, if they do; else the secret path token",
    signs=True,
    signs_with="secrets",
    gives_time=True,
    signs_time=True,
    options=GenericOptions,
    build=build,
    methods=("POST", "GET"),
    configure=(
        "**At the sender:** this source's URL, with its token if it does not sign. Any 2xx means that "
        "the message is taken. Find out what the sender puts where, and name it in `fields`; if it "
        "signs, describe how in `signature`."
    ),
    reference="the sender's own documentation",
)
