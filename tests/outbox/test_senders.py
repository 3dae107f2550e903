"""Every way to send an SMS: the request it words, what it makes of answers, and the published signatures."""

import json
import re
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.outbox import sender
from gateway.outbox.letter import Letter
from gateway.outbox.sender import SENT, Call, Fate, Sender, Unsendable
from gateway.senders import aliyun, tencent

LETTER = Letter(
    "0f" * 16, "+8613812345678", "counted", "您投给A01的一票已计入", "社保窗口", "最美服务窗口", "A01"
)
PLAIN = LETTER._replace(text="A01 counted.")
#: 2018-07-09 01:00:00 UTC.
NOW_MS, NONCE = 1_531_098_000_000, "ab" * 16

OPTIONS: dict[str, dict[str, Any]] = {
    "aliyun": {
        "access_key_id": "testId",
        "access_key_secret": "testSecret",
        "sign_name": "北塔",
        "template": "SMS_1",
        "templates": {"repeat": "SMS_2"},
        "parameters": ["candidate", "code"],
    },
    "tencent": {
        "secret_id": "AKIDtest",
        "secret_key": "testSecret",
        "app_id": "1400000000",
        "sign_name": "北塔",
        "templates": {"counted": "1110"},
        "parameters": ["code", "candidate"],
    },
    "twilio": {"account_sid": "AC" + "0" * 32, "password": "testSecret", "from": "+15550001111"},
    "kannel": {"user": "vote", "password": "testSecret", "from": "10690001", "smsc": "sim"},
    "http": {
        "url": "https://sms.example.org/send?v=1",
        "authorization": "Bearer testSecret",
        "constants": {"from": "10690001"},
    },
}


def made(kind: str, **changed: Any) -> Sender:
    known = sender.kinds()[kind]
    return known.build(known.options.model_validate({**OPTIONS[kind], **changed}))


def test_every_sender_is_tried_here() -> None:
    assert set(OPTIONS) == set(sender.kinds())
    assert {kind for kind, _, _, _ in ANSWERS} == set(OPTIONS)


# ---- what is asked --------------------------------------------------------------------------------


def test_aliyun_asks_for_a_template_with_its_variables() -> None:
    call = made("aliyun").call(LETTER, NOW_MS, NONCE)
    parts = urlsplit(call.url)
    assert (parts.scheme, parts.netloc, parts.path, call.body) == ("https", "dysmsapi.aliyuncs.com", "/", b"")
    assert dict(parse_qsl(parts.query)) == {
        "PhoneNumbers": "8613812345678",
        "SignName": "北塔",
        "TemplateCode": "SMS_1",
        "TemplateParam": '{"candidate": "社保窗口", "code": "A01"}',
        "OutId": LETTER.reference,
    }
    assert call.headers["x-acs-date"] == "2018-07-09T01:00:00Z"
    assert call.headers["x-acs-signature-nonce"] == NONCE
    assert re.fullmatch(
        r"ACS3-HMAC-SHA256 Credential=testId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        r"x-acs-signature-nonce;x-acs-version,Signature=[0-9a-f]{64}",
        call.headers["Authorization"],
    )
    repeat = made("aliyun").call(LETTER._replace(outcome="repeat"), NOW_MS, NONCE)
    assert "TemplateCode=SMS_2&" in repeat.url


def test_tencent_asks_for_a_template_with_values_in_order() -> None:
    call = made("tencent").call(LETTER, NOW_MS, NONCE)
    assert call.url == "https://sms.tencentcloudapi.com/"
    assert json.loads(call.body) == {
        "PhoneNumberSet": ["+8613812345678"],
        "SmsSdkAppId": "1400000000",
        "SignName": "北塔",
        "TemplateId": "1110",
        "TemplateParamSet": ["A01", "社保窗口"],
        "SessionContext": LETTER.reference,
    }
    assert {name: value for name, value in call.headers.items() if name.startswith("X-TC")} == {
        "X-TC-Action": "SendSms",
        "X-TC-Region": "ap-guangzhou",
        "X-TC-Timestamp": "1531098000",
        "X-TC-Version": "2021-01-11",
    }
    with pytest.raises(Unsendable, match="no_template"):
        made("tencent").call(LETTER._replace(outcome="late"), NOW_MS, NONCE)


def test_twilio_is_sent_a_form() -> None:
    call = made("twilio").call(LETTER, NOW_MS, NONCE)
    account = "AC" + "0" * 32
    assert call.url == f"https://api.twilio.com/2010-04-01/Accounts/{account}/Messages.json"
    asked = {"To": "+8613812345678", "From": "+15550001111", "Body": LETTER.text}
    assert dict(parse_qsl(call.body.decode())) == asked
    by_service = made("twilio", **{"from": None, "messaging_service_sid": "MG" + "1" * 32})
    assert b"MessagingServiceSid=MG1" in by_service.call(LETTER, NOW_MS, NONCE).body
    other_key = made("twilio", user="SK" + "2" * 32).call(LETTER, NOW_MS, NONCE)
    assert other_key.headers["Authorization"] != call.headers["Authorization"]


def test_kannel_is_sent_the_text_alone_and_the_rest_in_headers() -> None:
    call = made("kannel").call(LETTER, NOW_MS, NONCE)
    assert call == Call(
        "http://127.0.0.1:13013/cgi-bin/sendsms",
        {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Username": "vote",
            "X-Kannel-Password": "testSecret",
            "X-Kannel-To": "+8613812345678",
            "X-Kannel-Coding": "2",
            "X-Kannel-From": "10690001",
            "X-Kannel-SMSC": "sim",
        },
        LETTER.text.encode(),
    )
    assert made("kannel").call(PLAIN, NOW_MS, NONCE).headers["X-Kannel-Coding"] == "0"


def test_another_gateway_is_sent_what_it_calls_things() -> None:
    call = made("http").call(LETTER, NOW_MS, NONCE)
    assert call.url == "https://sms.example.org/send?v=1"
    assert json.loads(call.body) == {
        "from": "10690001",
        "to": "+8613812345678",
        "text": LETTER.text,
        "reference": LETTER.reference,
    }
    assert call.headers["Authorization"] == "Bearer testSecret"
    assert call.headers["Idempotency-Key"] == LETTER.reference
    fields = {"to": "mobile", "text": "content", "reference": ""}
    form = made("http", format="form", plus=False, fields=fields).call(LETTER, NOW_MS, NONCE)
    assert dict(parse_qsl(form.body.decode())) == {
        "from": "10690001",
        "mobile": "8613812345678",
        "content": LETTER.text,
    }


@pytest.mark.parametrize("kind", OPTIONS)
def test_no_secret_is_in_a_url_or_a_repr(kind: str) -> None:
    one = made(kind)
    assert "testSecret" not in one.call(LETTER, NOW_MS, NONCE).url
    assert "testSecret" not in repr(one)


# ---- published signatures -------------------------------------------------------------------------


def test_aliyun_signs_as_its_documentation_does() -> None:
    query = aliyun.canonical_query(
        {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}
    )
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    signed = aliyun.authorization(query, headers, "YourAccessKeyId", "YourAccessKeySecret")
    assert signed == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;"
        "x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_aliyun_encodes_as_rfc_3986() -> None:
    assert aliyun.canonical_query({"b": "a b*~", "a": "/=&+派"}) == "a=%2F%3D%26%2B%E6%B4%BE&b=a%20b%2A~"


def test_tencent_signs_as_its_documentation_does() -> None:
    body = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    signed = tencent.authorization(
        body,
        "cvm",
        "cvm.tencentcloudapi.com",
        "DescribeInstances",
        1551113065,
        "AKID" + "*" * 32,
        "*" * 32,
    )
    assert signed == (
        f"TC3-HMAC-SHA256 Credential=AKID{'*' * 32}/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host;x-tc-action, "
        "Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
    )


# ---- what answers mean ----------------------------------------------------------------------------


class Answered(NamedTuple):
    """A sender, an answer, and what it means."""

    kind: str
    status: int
    body: bytes
    fate: Fate


def ali(code: str, status: int = 200) -> tuple[str, int, bytes]:
    return "aliyun", status, json.dumps({"Code": code, "Message": "…", "RequestId": "F655"}).encode()


def ten(code: str, error: bool = False) -> tuple[str, int, bytes]:
    one = {"Code": code, "Message": "…"}
    told = {"Error": one} if error else {"SendStatusSet": [{**one, "PhoneNumber": "+8613812345678"}]}
    return "tencent", 200, json.dumps({"Response": {**told, "RequestId": "a0aa"}}).encode()


ANSWERS = [
    Answered(*ali("OK"), SENT),
    Answered(*ali("isv.BUSINESS_LIMIT_CONTROL"), Fate("failed", "isv.BUSINESS_LIMIT_CONTROL")),
    Answered(*ali("Throttling.User", 400), Fate("later", "Throttling.User")),
    Answered(*ali("SignatureDoesNotMatch", 400), Fate("failed", "SignatureDoesNotMatch")),
    Answered(*ali("isp.SYSTEM_ERROR"), Fate("unknown", "isp.SYSTEM_ERROR")),
    Answered(*ali("ServiceUnavailable", 503), Fate("unknown", "ServiceUnavailable")),
    Answered(*ali("13812345678"), Fate("failed", "refused")),
    Answered("aliyun", 200, b"<html>", Fate("unknown", "no_code")),
    Answered("aliyun", 404, b"", Fate("failed", "http_404")),
    Answered(*ten("Ok"), SENT),
    Answered(
        *ten("LimitExceeded.PhoneNumberDailyLimit"), Fate("failed", "LimitExceeded.PhoneNumberDailyLimit")
    ),
    Answered(*ten("RequestLimitExceeded", error=True), Fate("later", "RequestLimitExceeded")),
    Answered(*ten("InternalError.Timeout"), Fate("unknown", "InternalError.Timeout")),
    Answered(
        *ten("AuthFailure.SignatureFailure", error=True), Fate("failed", "AuthFailure.SignatureFailure")
    ),
    Answered("tencent", 200, b'{"Response":{"SendStatusSet":[]}}', Fate("unknown", "no_code")),
    Answered("tencent", 502, b"bad gateway", Fate("unknown", "http_502")),
    Answered("twilio", 201, b'{"sid":"SM1","status":"queued"}', SENT),
    Answered("twilio", 200, b"", Fate("unknown", "no_sid")),
    Answered("twilio", 400, b'{"code":21211,"message":"..."}', Fate("failed", "21211")),
    Answered("twilio", 429, b'{"code":20429}', Fate("later", "20429")),
    Answered("twilio", 500, b"", Fate("unknown", "http_500")),
    Answered("kannel", 202, b"0: Accepted for delivery", SENT),
    Answered("kannel", 202, b"3: Queued for later delivery", SENT),
    Answered("kannel", 403, b"Authorization failed for sendsms", Fate("failed", "http_403")),
    Answered("kannel", 503, b"Temporal failure, try again later.", Fate("later", "http_503")),
    Answered("http", 204, b"", SENT),
    Answered("http", 302, b"", Fate("failed", "http_302")),
    Answered("http", 429, b"", Fate("later", "http_429")),
    Answered("http", 500, b"", Fate("unknown", "http_500")),
    Answered("http", 503, b"", Fate("unknown", "http_503")),
]


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: f"{row.kind} {row.status} {row.body[:40]!r}")
def test_answer(row: Answered) -> None:
    assert made(row.kind).read(row.status, row.body) == row.fate


@pytest.mark.parametrize("kind", OPTIONS)
@given(status=st.integers(100, 999), body=st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
def test_any_answer_is_read(kind: str, status: int, body: bytes) -> None:
    fate = made(kind).read(status, body)
    assert re.fullmatch(r"[A-Za-z0-9_.]*", fate.reason)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Code", "Response", "Error", "SendStatusSet", "code", "sid"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("kind", OPTIONS)
@given(status=st.sampled_from([200, 201, 400, 429, 500]), value=JSON)
def test_any_json_is_read(kind: str, status: int, value: object) -> None:
    made(kind).read(status, json.dumps(value).encode())


# ---- options that cannot be -----------------------------------------------------------------------

WRONG = [
    ("aliyun", {"template": "", "templates": {}}),
    ("aliyun", {"templates": {"won": "SMS_3"}}),
    ("aliyun", {"parameters": ["number"]}),
    ("aliyun", {"endpoint": "https://dysmsapi.aliyuncs.com/"}),
    ("tencent", {"secret_key": ""}),
    ("tencent", {"endpoint": "sms.tencentcloudapi.com"}),
    ("twilio", {"messaging_service_sid": "MG" + "1" * 32}),
    ("twilio", {"from": None}),
    ("twilio", {"account_sid": "AC1"}),
    ("kannel", {"url": "http://vote:secret@127.0.0.1/cgi-bin/sendsms"}),
    ("kannel", {"user": "vo te"}),
    ("http", {"url": "ftp://sms.example.org"}),
    ("http", {"url": "https://sms.example.org:0/"}),
    ("http", {"fields": {"to": ""}}),
    ("http", {"unknown": 1}),
]


@pytest.mark.parametrize(("kind", "changed"), WRONG)
def test_wrong_options_are_refused(kind: str, changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        made(kind, **changed)
    assert "testSecret" not in str(refused.value)
