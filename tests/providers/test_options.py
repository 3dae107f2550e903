"""The settings of each kind: wrong ones are named, and no secret is ever printed."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from tests.providers import runner
from tests.providers.runner import KINDS, TABLES

SECRET = "hunter2" * 3
LONG = "whsec_" + "QUJD" * 8

BAD = [
    ("twilio", "no token", {"auth_tokens": []}, "auth_tokens"),
    ("twilio", "three tokens", {"auth_tokens": [SECRET] * 3}, "auth_tokens"),
    ("twilio", "blank token", {"auth_tokens": [SECRET, " \n"]}, "a secret is empty"),
    ("twilio", "no key at all", {"auth_tokens": None}, "set one of them"),
    ("twilio", "a blank in the fragment", {"fragment": "rc=3 x"}, "fragment"),
    ("twilio", "token as text", {"auth_tokens": SECRET}, "auth_tokens"),
    ("twilio", "another sid", {"account_sid": "SM" + "0" * 32}, "account_sid"),
    ("twilio", "sid and newline", {"account_sid": "AC" + "0" * 32 + "\n"}, "account_sid"),
    ("twilio", "url with query", {"public_url": f"https://a.example/?{SECRET}"}, "public_url"),
    ("twilio", "unknown setting", {"auth_token": SECRET}, "auth_token"),
    ("standard", "no secret", {"secrets": []}, "secrets"),
    ("standard", "no base64", {"secrets": [LONG, SECRET + "!"]}, "a secret is not base64"),
    ("standard", "short", {"secrets": [SECRET[:8]]}, "24 to 64 bytes"),
    ("standard", "no tolerance", {"secrets": [LONG], "tolerance_seconds": 0}, "tolerance_seconds"),
    ("standard", "a day's tolerance", {"secrets": [LONG], "tolerance_seconds": 86_400}, "tolerance_seconds"),
    ("huawei", "a key alone", {"secrets": None}, "go together"),
    ("huawei", "one key for two", {"access_keys": ["a", "b"], "secrets": [SECRET]}, "go together"),
    ("huawei", "the same key twice", {"access_keys": ["a", "a"], "secrets": [SECRET] * 2}, "go together"),
    ("huawei", "a blank secret", {"secrets": [" "]}, "a secret is empty"),
    ("huawei", "a comma in the key", {"access_keys": [f"{SECRET},"]}, "access_keys"),
    ("huawei", "url with query", {"public_url": f"https://a.example/?{SECRET}"}, "public_url"),
    ("huawei", "two days' tolerance", {"tolerance_seconds": 172_800}, "tolerance_seconds"),
    ("baidu", "an empty token", {"secrets": [SECRET, ""]}, "a secret is empty"),
    ("baidu", "a week's tolerance", {"tolerance_seconds": 604_800}, "tolerance_seconds"),
    ("telnyx", "no key", {"public_keys": []}, "public_keys"),
    ("telnyx", "no base64", {"public_keys": ["hunter2!"]}, "a public key is not base64"),
    ("telnyx", "short", {"public_keys": ["aHVudGVyMg=="]}, "32 bytes"),
    ("generic", "a signature without a secret", {"secrets": None}, "go together"),
    ("generic", "a secret without a signature", {"signature": None}, "go together"),
    ("generic", "no header", {"signature": {"signed": "{body}"}}, "header"),
    ("generic", "a header with a line end", {"signature": {"header": "X\n"}}, "header"),
    ("generic", "the body not signed", {"signature": {"header": "X", "signed": SECRET}}, "must hold {body}"),
    ("generic", "the query not signed", {"carrier": "query"}, "must hold {query}"),
    ("generic", "nothing known again", {"fields": {"caller": "a", "text": "b"}}, "must be recognised"),
    ("generic", "a place that is none", {"signature": {"header": "X", "signed": "{body}{url}"}}, "{path}"),
    ("generic", "a time not signed", {"signature": {"header": "X", "timestamp": "T"}}, "go together"),
    ("generic", "a form in a member", {"carrier": "form", "within": "data"}, "within is for JSON"),
    ("generic", "an answer of two lines", {"answer_type": "text/plain\nX: y"}, "answer_type"),
    ("smsforwarder", "no secret", {"secrets": []}, "secrets"),
    ("smsforwarder", "a blank secret", {"secrets": ["\n"]}, "a secret is empty"),
    ("smsforwarder", "a day's tolerance", {"tolerance_seconds": 86_400}, "tolerance_seconds"),
    ("smsgate", "three keys", {"secrets": [SECRET] * 3}, "secrets"),
    ("smsgate", "no tolerance", {"tolerance_seconds": 0}, "tolerance_seconds"),
    ("httpsms", "no key", {"secrets": []}, "secrets"),
    ("httpsms", "url with query", {"public_url": f"https://a.example/?{SECRET}"}, "public_url"),
    ("sns", "no topic", {"topic_arn": "arn:aws:sqs:eu-west-1:123456789012:x"}, "topic_arn"),
    ("sns", "no certificate", {"certificates": {"a": "hunter2"}}, "a certificate is not PEM"),
    ("sns", "a path as name", {"certificates": {"../a": "hunter2"}}, "name is that of its file"),
    ("sns", "another version", {"signature_versions": ["3"]}, "signature_versions"),
    ("sns", "no version", {"signature_versions": []}, "signature_versions"),
    ("vonage", "another method", {"method": "sha224"}, "method"),
    ("vonage", "an empty secret", {"secrets": [" "]}, "a secret is empty"),
    ("vonage", "parts for a week", {"parts_seconds": 604_800}, "parts_seconds"),
    ("plivo", "no token", {"auth_tokens": []}, "auth_tokens"),
    ("plivo", "url with query", {"public_url": f"https://a.example/?{SECRET}"}, "public_url"),
    ("messagebird", "url with user", {"public_url": f"https://{SECRET}@a.example/"}, "public_url"),
    ("bird", "no key", {"secrets": []}, "secrets"),
    ("sinch", "user alone", {"user": "u"}, "go together"),
    ("infobip", "password alone", {"password": SECRET}, "go together"),
    ("africastalking", "no zone", {"timezone": "Mars/Olympus"}, "IANA"),
    ("aliyun", "no zone", {"timezone": "Mars/Olympus"}, "IANA"),
    ("aliyun", "a path as zone", {"timezone": "../../etc/passwd"}, "IANA"),
    ("aliyun", "a folder as zone", {"timezone": "Asia"}, "IANA"),
    ("aliyun", "an empty zone", {"timezone": ""}, "IANA"),
    ("aliyun", "a nul in the zone", {"timezone": "Asia/\0"}, "IANA"),
    ("kannel", "user alone", {"user": "u"}, "go together"),
    ("kannel", "password alone", {"password": SECRET}, "go together"),
    ("kannel", "colon in the user", {"user": "a:b", "password": SECRET}, "user"),
    ("kannel", "a charset nobody has", {"charset": "utf-7"}, "charset"),
    ("kannel", "empty password", {"user": "u", "password": ""}, "password"),
]


@pytest.mark.parametrize(
    ("kind", "label", "options", "named"), BAD, ids=[f"{b[0]}-{b[1].replace(' ', '_')}" for b in BAD]
)
def test_a_wrong_setting_is_named_and_not_quoted(
    kind: str, label: str, options: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValidationError) as why:
        KINDS[kind].options.model_validate({**TABLES[kind].options, **options})
    assert named in str(why.value)
    assert "hunter2" not in str(why.value)


def _secrets(value: object) -> Iterator[str]:
    """Every secret in a kind's options, however deep."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _secrets(one)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))


@pytest.mark.parametrize("kind", TABLES)
def test_no_secret_is_printed(kind: str) -> None:
    fields = KINDS[kind].options.model_fields
    more = {"user": "u", "password": SECRET} if "password" in fields else {}
    options = KINDS[kind].options.model_validate({**TABLES[kind].options, **more})
    printed = repr(options) + repr(runner.build(kind, more))
    secrets = list(_secrets(options))
    public = {"public_keys", "certificates"} & fields.keys()
    assert secrets or public or not KINDS[kind].signs
    assert [secret for secret in secrets if secret in printed] == []
