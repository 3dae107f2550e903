"""Tencent Cloud SMS (腾讯云短信): SendSms, signed by TC3-HMAC-SHA256. It sends templates it has approved.

Tencent has no key by which it would send once: `SessionContext` only comes back.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr

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
from gateway.outbox.templates import TemplateOptions
from gateway.outbox.urls import Origin

_ALGORITHM: Final = "TC3-HMAC-SHA256"
_TYPE: Final = "application/json; charset=utf-8"


class TencentOptions(TemplateOptions):
    """The settings of one Tencent Cloud account. `parameters` fill its templates' {1}, {2} … in order."""

    secret_id: str = Field(min_length=1, description="the API key's SecretId")
    secret_key: SecretStr = Field(min_length=1, description="and its SecretKey")
    app_id: str = Field(min_length=1, description="the SMS application's SdkAppId")
    sign_name: str = Field(min_length=1, description="the approved signature (短信签名)")
    region: str = Field(default="ap-guangzhou", min_length=1, description="the API's region")
    endpoint: Origin = Field(default="https://sms.tencentcloudapi.com", description="where the API is")


@dataclass(frozen=True, slots=True)
class Tencent:
    """One account."""

    options: TencentOptions
    repeatable: bool = field(default=False, init=False)

    def call(self, letter: Letter, now_ms: int, _nonce: str) -> Call:
        """See `sender.Sender`."""
        options = self.options
        asked = {
            "PhoneNumberSet": [letter.to],
            "SmsSdkAppId": options.app_id,
            "SignName": options.sign_name,
            "TemplateId": options.template_for(letter),
            "TemplateParamSet": list(options.filling(letter).values()),
            "SessionContext": letter.reference,
        }
        body = json.dumps(asked, ensure_ascii=False).encode()
        host, action = urlsplit(options.endpoint).netloc, "SendSms"
        secret = options.secret_key.get_secret_value()
        headers = {
            "Authorization": authorization(
                body, "sms", host, action, now_ms // 1000, options.secret_id, secret
            ),
            "Content-Type": _TYPE,
            "Host": host,
            "X-TC-Action": action,
            "X-TC-Region": options.region,
            "X-TC-Timestamp": str(now_ms // 1000),
            "X-TC-Version": "2021-01-11",
        }
        return Call(f"{options.endpoint}/", headers, body)

    def read(self, status: int, body: bytes) -> Fate:
        """See `sender.Sender`."""
        code = _code(json_object(body).get("Response"))
        if code == "Ok":
            return SENT
        if not isinstance(code, str):
            return Fate("unknown", "no_code") if status < 300 else by_status(status)
        if code.startswith("InternalError"):  # its own failure: nobody knows how far the request came
            return Fate("unknown", word(code))
        return Fate("later" if code.startswith("RequestLimitExceeded") else "failed", word(code))


def _code(response: Any) -> Any:
    """The error of the call, or else the status of the one SMS asked for."""
    if not isinstance(response, dict):
        return None
    told = response.get("Error")
    if told is None:
        statuses = response.get("SendStatusSet")
        told = statuses[0] if isinstance(statuses, list) and statuses else None
    return told.get("Code") if isinstance(told, dict) else None


def authorization(
    body: bytes, service: str, host: str, action: str, at_s: int, secret_id: str, secret: str
) -> str:
    """The `Authorization` of a POST to `/`, at an instant in Unix seconds."""
    names = "content-type;host;x-tc-action"
    canonical = "\n".join(
        (
            *("POST", "/", ""),
            *(f"content-type:{_TYPE}", f"host:{host}", f"x-tc-action:{action.lower()}"),
            *("", names, hashlib.sha256(body).hexdigest()),
        )
    )
    day = datetime.fromtimestamp(at_s, UTC).date().isoformat()
    scope = f"{day}/{service}/tc3_request"
    to_sign = f"{_ALGORITHM}\n{at_s}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{secret}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
    return f"{_ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={names}, Signature={signature}"


def build(options: BaseModel) -> Sender:
    """A sender for validated `TencentOptions`."""
    assert isinstance(options, TencentOptions)
    return Tencent(options)


sender = SenderKind(
    kind="tencent",
    options=TencentOptions,
    build=build,
    reference="cloud.tencent.com/document/api/382/55981",
)
