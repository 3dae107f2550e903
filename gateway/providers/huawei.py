"""Huawei Cloud Message & SMS (华为云消息&短信): a form for each SMS, signed if so set.

The signature is SDK-HMAC-SHA256 over method, path, query, the headers it names, and the body. Which headers
Huawei names is not documented, so they are taken as named. Its SDK leaves the body of a form out, and says so
in a header; whether its pushes do is not documented either, so that is believed only if the settings say it.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Self
from urllib.parse import quote, unquote_to_bytes
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, StringConstraints, model_validator

from gateway.intake import messages, payload, signatures
from gateway.intake.inbound import Inbound
from gateway.intake.options import PublicUrl, Secrets, live_keys
from gateway.intake.payload import Fields, Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.kinds import Options, Shown

AccessKey = Annotated[str, StringConstraints(pattern=r"^[!-+\--~]{1,200}$")]


class HuaweiOptions(Options):
    """The settings of one application's source. With keys set, signatures are asked for."""

    access_keys: Annotated[
        Annotated[list[AccessKey], Field(min_length=1, max_length=2)] | None, Shown("one or two texts")
    ] = Field(default=None, description="the AK; two while it is being changed")
    secrets: Secrets | None = Field(default=None, description="the SK of each AK, in the same order")
    public_url: PublicUrl | None = Field(
        default=None,
        description=(
            "the URL as set at Huawei, if a proxy in front of the gateway changes its host or path: "
            "they are signed"
        ),
    )
    unsigned_body: bool = Field(
        default=False,
        description="take pushes whose message is not signed; then a token must be set beside the keys",
    )
    tolerance_seconds: int = Field(
        default=900, ge=1, le=86_400, description="how far `X-Sdk-Date` may be from our clock"
    )

    @model_validator(mode="after")
    def _in_pairs(self) -> Self:
        keys = self.access_keys or []
        if len(keys) != len(self.secrets or []) or len(set(keys)) != len(keys):
            raise ValueError("access_keys and secrets go together: as many of the one as of the other")
        return self


# Huawei asks for 401 where others ask for 403.
_NO_SIGNATURE = Refusal(401, "no_signature")
_BAD_SIGNATURE = Refusal(401, "bad_signature")
_STALE = Refusal(401, "stale")
_WRONG_ACCOUNT = Refusal(401, "wrong_account")
_UNSIGNED_BODY = Refusal(401, "unsigned_body")

_AUTHORIZATION = re.compile(
    r"SDK-HMAC-SHA256 +Access= ?([^\s,]+), ?SignedHeaders= ?([^\s,]+), ?Signature= ?([0-9a-f]{64})", re.ASCII
)
_DATE = re.compile(r"(\d{8})T(\d{6})Z", re.ASCII)
_UTC = ZoneInfo("UTC")
_CONTENT, _UNSIGNED = "x-sdk-content-sha256", "UNSIGNED-PAYLOAD"


@dataclass(frozen=True, slots=True)
class Huawei:
    """One application. `keys` are by AK, none if it is not signed; `host` and `path` are those set there."""

    keys: Mapping[str, signatures.HmacKey] = field(repr=False)
    host: str
    path: str
    unsigned_body: bool
    tolerance_ms: int

    def authenticate(self, request: Request) -> Refusal | None:
        if not self.keys:
            return None  # the path token and the address list have been checked before
        given, date = request.headers.get("authorization"), request.headers.get("x-sdk-date")
        if given is None or date is None:
            return _NO_SIGNATURE
        told = _AUTHORIZATION.fullmatch(given)
        if told is None:
            return _BAD_SIGNATURE
        key = self.keys.get(told[1])
        if key is None:
            return _WRONG_ACCOUNT
        canonical = self._canonical(request, told[2])
        if canonical is None or not signatures.same(told[3], key.hex(_to_sign(date, canonical))):
            return _BAD_SIGNATURE
        if not self.unsigned_body and _hash(request, told[2]) == _UNSIGNED:
            return _UNSIGNED_BODY
        return self._late(date, request.received_ms)

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_form(request.body, _message)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer()  # Huawei does not look at what it says

    def _canonical(self, request: Request, names: str) -> bytes | None:
        """What is signed, as bytes; None if a header that is named is not there."""
        given = {**request.headers, "host": self.host} if self.host else request.headers
        headers = [(name, given.get(name)) for name in names.split(";")]
        if any(value is None for _, value in headers):
            return None
        path, _, query = request.target.partition("?")
        lines = (
            request.method,
            _encoded_path(self.path or path),
            _encoded_query(query),
            "".join(f"{name}:{(value or '').strip()}\n" for name, value in headers),
            names,
            _hash(request, names),
        )
        return payload.wire_bytes("\n".join(lines))

    def _late(self, date: str, now_ms: int) -> Refusal | None:
        found = _DATE.fullmatch(date)
        try:
            at_ms = payload.local_ms(found[1] + found[2], _UTC) if found else None
        except Unreadable:
            at_ms = None
        if at_ms is None:
            return _BAD_SIGNATURE
        return None if abs(now_ms - at_ms) <= self.tolerance_ms else _STALE


def _hash(request: Request, names: str) -> str:
    """What stands for the body in the signed text: that it is left out, if a signed header says so."""
    if _CONTENT in names.split(";") and request.headers.get(_CONTENT) == _UNSIGNED:
        return _UNSIGNED
    return hashlib.sha256(request.body).hexdigest()


def _to_sign(date: str, canonical: bytes) -> bytes:
    return payload.wire_bytes(f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical).hexdigest()}")


def _decoded(part: str) -> bytes:
    return unquote_to_bytes(payload.wire_bytes(part))


def _encoded(part: bytes) -> str:
    return quote(part, safe="~")


def _encoded_path(path: str) -> str:
    encoded = "/".join(_encoded(_decoded(segment)) for segment in path.split("/"))
    return encoded if encoded.endswith("/") else encoded + "/"


def _encoded_query(query: str) -> str:
    """The parameters in the order of what they mean, not of how they are written."""
    pairs = (part.partition("=") for part in query.split("&") if part)
    decoded = sorted((_decoded(name), _decoded(value)) for name, _, value in pairs)
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in decoded)


def _message(form: Fields, raw: bytes) -> Inbound:
    caller = payload.caller_text(form.text(b"from", Reason.NO_CALLER))
    text = payload.message_text(form.text(b"body", Reason.NO_TEXT))
    identity = payload.message_id(form.text(b"smsMsgId", Reason.NO_ID))
    created = payload.utf8(form.one(b"createTime") or b"")
    sent_ms, grain_ms = payload.instant_ms(created) if created else (None, 1000)
    return Inbound(identity, caller, text, sent_ms=sent_ms, sent_grain_ms=grain_ms, raw=raw)


def build(options: BaseModel) -> Provider:
    """A provider for validated `HuaweiOptions`."""
    assert isinstance(options, HuaweiOptions)
    keys = dict(zip(options.access_keys or (), live_keys(options.secrets or (), "sha256"), strict=True))
    _, host, port, path = signatures.url_parts(options.public_url) if options.public_url else ("",) * 4
    return Huawei(keys, host + port, path, options.unsigned_body, options.tolerance_seconds * 1000)


provider = ProviderKind(
    kind="huawei",
    channel="sms",
    authentication="SDK-HMAC-SHA256 over path, headers and body if keys are set; else the secret path token",
    signs=True,
    signs_with="secrets",
    unsealed_by="unsigned_body",
    gives_time=True,
    signs_time=True,
    options=HuaweiOptions,
    build=build,
    configure=(
        "**At Huawei:** in the SMS console, application management (应用管理), enter this source's URL "
        "as the address for uplink messages (上行短信接收地址); switch on AK/SK verification of pushes "
        '(推送 AK/SK 验证), and the messages\' time (接收上行短信回复时间) if `clock = "provider"` is '
        "wanted. Changes take five minutes there."
    ),
    reference="support.huaweicloud.com/api-msgsms/sms_05_0004.html, …/sms_05_0064.html",
)
