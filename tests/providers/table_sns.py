"""SNS: the documented notification, signed with a key of our own, for no certificate is published."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from gateway.intake.inbound import Inbound
from gateway.intake.provider import Answer, Refusal, Request
from tests.providers.rows import Row, Table, unparsed


def _certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime(2012, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2013, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


KEY, NEXT_KEY = (rsa.generate_private_key(65537, 2048) for _ in range(2))
CERTIFICATE, NEXT_CERTIFICATE = _certificate(KEY), _certificate(NEXT_KEY)
NAME, NEXT_NAME = "SimpleNotificationService-0123456789abcdef", "SimpleNotificationService-fedcba9876543210"
HOST = "https://sns.us-west-2.amazonaws.com"
TOPIC = "arn:aws:sns:us-west-2:123456789012:MyTopic"
ID = "cae173d2-66b9-564c-8309-21f858e9fb84"
OK = Answer()

#: The payload of the documentation (two-way-sms-payload), with another text.
SMS = {
    "originationNumber": "+14255550182",
    "destinationNumber": "+12125550101",
    "messageKeyword": "A01",
    "messageBody": "A01",
    "inboundMessageId": ID,
    "previousPublishedMessageId": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}
#: The notification of the documentation (sns-verify-signature-of-message), around another message.
NOTIFICATION = {
    "Type": "Notification",
    "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    "TopicArn": TOPIC,
    "Timestamp": "2012-05-02T00:54:06.655Z",
    "SignatureVersion": "1",
    "SigningCertURL": f"{HOST}/{NAME}.pem",
    "UnsubscribeURL": f"{HOST}/?Action=Unsubscribe&SubscriptionArn={TOPIC}:c9135db0",
}
SENT_MS = 1_335_920_046_655
NOW_MS = SENT_MS + 2_000
CONFIRMATION = {
    **{name: value for name, value in NOTIFICATION.items() if name != "UnsubscribeURL"},
    "Type": "SubscriptionConfirmation",
    "Token": "2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92768dd60a747ba6f3",
    "Message": "You have chosen to subscribe to the topic.",
    "SubscribeURL": f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37fb687f5d51e6",
}


def _signed_text(envelope: Mapping[str, Any]) -> bytes:
    """As the documentation says, by name: what is signed differs with the type."""
    if envelope.get("Type") == "Notification":
        names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    else:
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names if name in envelope)
    return text.encode("utf-8", "surrogatepass")


def enveloped(envelope: Mapping[str, Any], key: rsa.RSAPrivateKey = KEY) -> Request:
    """A request as SNS makes it: JSON that calls itself text."""
    digest = hashes.SHA256() if envelope.get("SignatureVersion") == "2" else hashes.SHA1()
    signature = base64.b64encode(key.sign(_signed_text(envelope), padding.PKCS1v15(), digest)).decode()
    body = json.dumps({"Signature": signature, **envelope}).encode()
    headers = {"content-type": "text/plain; charset=UTF-8", "x-amz-sns-topic-arn": TOPIC}
    return Request("POST", "/in/aws", headers, body, NOW_MS)


def carry(body: bytes) -> Request:
    """A notification of these bytes; SNS has only text, so those that are none become half characters."""
    return enveloped({**NOTIFICATION, "Message": body.decode("utf-8", "surrogateescape")})


def sign(request: Request) -> Request:
    return request  # the signature stands in the body, which `carry` makes


def written(**changes: Any) -> bytes:
    """The documented SMS with some of it changed, or left out (...)."""
    kept = {k: v for k, v in {**SMS, **changes}.items() if v is not ...}
    return json.dumps(kept, ensure_ascii=False).encode()


def notified(key: rsa.RSAPrivateKey = KEY, **changes: Any) -> Request:
    """The documented notification with some of its members changed, or left out (...)."""
    whole = {**NOTIFICATION, "Message": written().decode(), **changes}
    return enveloped({k: v for k, v in whole.items() if v is not ...}, key)


def forged(**changes: Any) -> Request:
    """The good notification with members changed after it was signed."""
    whole = {**json.loads(GOOD.body), **changes}
    return replace(GOOD, body=json.dumps({k: v for k, v in whole.items() if v is not ...}).encode())


def confirmation(**changes: Any) -> Request:
    return enveloped({**CONFIRMATION, **changes})


def heard(**changes: Any) -> list[Inbound]:
    sample = Inbound(ID, "+14255550182", "A01", sent_ms=SENT_MS, sent_grain_ms=1, raw=written())
    return [sample._replace(**changes)]


def accepted(label: str, request: Request, **changes: Any) -> Row:
    return Row("accepted", label, request, messages=heard(**changes), answer=OK)


def unread(label: str, reason: str, raw: bytes) -> Row:
    return Row("malformed", label, carry(raw), messages=[unparsed(reason, raw)], answer=OK)


def bad(label: str, request: Request, reason: str = "bad_signature", **options: object) -> Row:
    return Row("bad_signature", label, request, refused=Refusal(403, reason), options=options)


def unsigned(label: str, body: bytes) -> Row:
    return Row("no_signature", label, replace(GOOD, body=body), refused=Refusal(401, "no_signature"))


def unknown(label: str, request: Request, **options: object) -> Row:
    return Row("rotation", label, request, refused=Refusal(503, "unknown_certificate"), options=options)


def equal(one: Request, other: Request) -> bool:
    """What is not signed may differ; so may the way in which the same is written."""
    first, second = json.loads(one.body), json.loads(other.body)
    return one.headers == other.headers and _signed_text(first) == _signed_text(second)


GOOD = notified()
SIGNATURE = json.loads(GOOD.body)["Signature"]
SUBJECT = notified(Subject="My First Message")
WITHOUT_SUBJECT = {name: value for name, value in json.loads(SUBJECT.body).items() if name != "Subject"}
WIDE = written(messageBody="投Ａ０１", originationNumber="＋１４２５５５５０１８２")
CHINA = "https://sns.cn-north-1.amazonaws.com.cn"
CHINESE_TOPIC = "arn:aws-cn:sns:cn-north-1:123456789012:MyTopic"
BOTH = {"certificates": {NAME: CERTIFICATE, NEXT_NAME: NEXT_CERTIFICATE}}
NEW = notified(NEXT_KEY, SigningCertURL=f"{HOST}/{NEXT_NAME}.pem")

ROWS = [
    accepted("the documented notification, version 1", GOOD),
    accepted("version 2", notified(SignatureVersion="2")),
    accepted("with a subject", notified(Subject="My First Message")),
    accepted(
        "a withheld number",
        carry(written(originationNumber="")),
        caller="",
        raw=written(originationNumber=""),
    ),
    Row(
        "accepted",
        "in China",
        notified(TopicArn=CHINESE_TOPIC, SigningCertURL=f"{CHINA}/{NAME}.pem"),
        messages=heard(),
        options={"topic_arn": CHINESE_TOPIC},
    ),
    Row("accepted", "a subscription to confirm", confirmation(), answer=OK),
    Row("accepted", "a subscription that was ended", confirmation(Type="UnsubscribeConfirmation"), answer=OK),
    Row("rotation", "the old certificate", GOOD, messages=heard(), options=BOTH),
    Row("rotation", "the new certificate", NEW, messages=heard(), options=BOTH),
    unknown("a certificate that is not there yet", NEW),
    unknown("no certificate at all", GOOD, certificates={}),
    unknown("no certificate yet for a subscription", confirmation(), certificates={}),
    bad(
        "an unknown certificate for another topic",
        notified(TopicArn=f"{TOPIC}x", SigningCertURL=f"{HOST}/{NEXT_NAME}.pem"),
        certificates={},
    ),
    bad("another key under a known name", notified(NEXT_KEY)),
    bad("a certificate from elsewhere", notified(SigningCertURL=f"https://example.com/{NAME}.pem")),
    bad(
        "a host that ends like SNS's",
        notified(SigningCertURL=f"https://sns.x.amazonaws.com.example.com/{NAME}.pem"),
    ),
    bad(
        "a host before an @",
        notified(SigningCertURL=f"https://sns.us-west-2.amazonaws.com@example.com/{NAME}.pem"),
    ),
    bad("plain http", notified(SigningCertURL=f"http://sns.us-west-2.amazonaws.com/{NAME}.pem")),
    bad(
        "a bucket that is not SNS's",
        notified(SigningCertURL=f"https://s3.us-west-2.amazonaws.com/{NAME}.pem"),
    ),
    bad("a path above", notified(SigningCertURL=f"{HOST}/../{NAME}.pem")),
    bad("another message", forged(Message=written(messageBody="B01").decode())),
    bad("another time", forged(Timestamp="2012-05-02T00:54:07.655Z")),
    bad("a subject put in", forged(Subject="My First Message")),
    bad("a subject taken out", replace(SUBJECT, body=json.dumps(WITHOUT_SUBJECT).encode())),
    bad(
        "a notification made a confirmation",
        forged(Type="SubscriptionConfirmation", Token="t", SubscribeURL="u"),
    ),
    bad("version 2 said, version 1 signed", forged(SignatureVersion="2")),
    bad("an unknown version", notified(SignatureVersion="3")),
    bad("version 1 where only 2 is taken", GOOD, signature_versions=["2"]),
    bad("another spelling of the base64", forged(Signature=f" {SIGNATURE}")),
    bad("a lone surrogate, signed", notified(Message="\ud800")),
    bad("too old", replace(GOOD, received_ms=SENT_MS + 4_500_001), "stale"),
    bad("too new", replace(GOOD, received_ms=SENT_MS - 4_500_001), "stale"),
    bad(
        "older than this source allows",
        replace(GOOD, received_ms=SENT_MS + 60_001),
        "stale",
        tolerance_seconds=60,
    ),
    bad("a time in words, signed", notified(Timestamp="yesterday")),
    unsigned("raw message delivery", written()),
    unsigned("no signature", json.dumps({**NOTIFICATION, "Message": "{}"}).encode()),
    unsigned(
        "a signature that is null", json.dumps({**NOTIFICATION, "Message": "{}", "Signature": None}).encode()
    ),
    unsigned("another type", json.dumps({**NOTIFICATION, "Type": "Other"}).encode()),
    unsigned("no JSON", b"A01"),
    Row(
        "wrong_account",
        "another topic",
        notified(TopicArn=f"{TOPIC}x"),
        refused=Refusal(403, "wrong_account"),
    ),
    unread("no JSON", "not_json", b"AMAZON_SNS_TEST"),
    unread("no id", "no_message_id", written(inboundMessageId=...)),
    unread("no sender", "no_caller_field", written(originationNumber=...)),
    unread("no text", "no_text_field", written(messageBody=...)),
    unread("a text that is a number", "wrong_shape", written(messageBody=1)),
    unread("two texts", "duplicate_key", written()[:-1] + b',"messageBody":"B01"}'),
    Row(
        "malformed",
        "a confirmation that leads elsewhere",
        (elsewhere := confirmation(SubscribeURL="https://example.com/?Action=ConfirmSubscription")),
        messages=[unparsed("wrong_shape", elsewhere.body)],
    ),
    Row(
        "non_ascii_digits",
        "as given",
        carry(WIDE),
        messages=heard(caller="＋１４２５５５５０１８２", text="投Ａ０１", raw=WIDE),
    ),
    Row(
        "redelivery",
        "another try",
        GOOD,
        messages=heard(),
        again=replace(GOOD, received_ms=NOW_MS + 20_000),
    ),
]

TABLE = Table(
    options={"topic_arn": TOPIC, "certificates": {NAME: CERTIFICATE}},
    rows=ROWS,
    carry=carry,
    sign=sign,
    syntax="json",
    spoken=(b'{"originationNumber":"+14255550182","inboundMessageId":"7001","messageBody":', b"}"),
    text_field=b"messageBody",
    equal=equal,
    lacks={
        "batch": "one message a request",
        "reply": "a reply goes through the sending API",
        "published_vectors": "no certificate is published; test_sns.py checks the signed text",
    },
)
