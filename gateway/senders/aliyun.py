"""Aliyun SMS (阿里云短信): SendSms, signed by ACS3-HMAC-SHA256. It sends templates it has approved.

Aliyun has no key by which it would send once: `OutId` only comes back in its reports.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

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

_ALGORITHM: Final = "ACS3-HMAC-SHA256"
#: A failure of its own: nobody knows how far the request came.
_SYSTEM: Final = "isp.SYSTEM_ERROR"


class AliyunOptions(TemplateOptions):
    """The settings of one Aliyun account. Of its templates' variables, `parameters` are filled in by name."""

    access_key_id: str = Field(min_length=1, description="the AccessKey's id")
    access_key_secret: SecretStr = Field(min_length=1, description="and its secret")
    sign_name: str = Field(min_length=1, description="the approved signature (短信签名)")
    endpoint: Origin = Field(
        default="https://dysmsapi.aliyuncs.com",
        description="abroad another, such as `https://dysmsapi.ap-southeast-1.aliyuncs.com`",
    )


@dataclass(frozen=True, slots=True)
class Aliyun:
    """One account."""

    options: AliyunOptions
    repeatable: bool = field(default=False, init=False)

    def call(self, letter: Letter, now_ms: int, nonce: str) -> Call:
        """See `sender.Sender`."""
        options = self.options
        asked = {
            "PhoneNumbers": letter.to.removeprefix("+"),
            "SignName": options.sign_name,
            "TemplateCode": options.template_for(letter),
            "OutId": letter.reference,
        }
        if filling := options.filling(letter):
            asked["TemplateParam"] = json.dumps(filling, ensure_ascii=False)
        query = canonical_query(asked)
        headers = {
            "host": urlsplit(options.endpoint).netloc,
            "x-acs-action": "SendSms",
            "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
            "x-acs-date": datetime.fromtimestamp(now_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": nonce,
            "x-acs-version": "2017-05-25",
        }
        secret = options.access_key_secret.get_secret_value()
        signed = authorization(query, headers, options.access_key_id, secret)
        return Call(f"{options.endpoint}/?{query}", {**headers, "Authorization": signed}, b"")

    def read(self, status: int, body: bytes) -> Fate:
        """See `sender.Sender`."""
        code = json_object(body).get("Code")
        if code == "OK":
            return SENT
        if not isinstance(code, str):
            return Fate("unknown", "no_code") if status < 300 else by_status(status)
        if status >= 500 or code == _SYSTEM:
            return Fate("unknown", word(code))
        return Fate("later" if code.startswith("Throttling") else "failed", word(code))


def canonical_query(asked: Mapping[str, str]) -> str:
    """The query as it is sent and signed: sorted, percent-encoded as RFC 3986 has it."""
    return "&".join(f"{quote(name, safe='~')}={quote(asked[name], safe='~')}" for name in sorted(asked))


def authorization(query: str, headers: Mapping[str, str], key_id: str, secret: str) -> str:
    """The `Authorization` of a POST to `/` with these lower-case headers, all of which are signed."""
    names = sorted(headers)
    canonical = "\n".join(
        (
            *("POST", "/", query),
            *(f"{name}:{headers[name]}" for name in names),
            "",
            ";".join(names),
            headers["x-acs-content-sha256"],
        )
    )
    to_sign = f"{_ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), to_sign.encode(), "sha256").hexdigest()
    return f"{_ALGORITHM} Credential={key_id},SignedHeaders={';'.join(names)},Signature={signature}"


def build(options: BaseModel) -> Sender:
    """A sender for validated `AliyunOptions`."""
    assert isinstance(options, AliyunOptions)
    return Aliyun(options)


sender = SenderKind(
    kind="aliyun",
    options=AliyunOptions,
    build=build,
    reference="help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms",
)
