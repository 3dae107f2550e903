"""What the providers' own libraries sign, over a real connection: taken, and refused if a letter changes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from plivo.utils import validate_signature
from standardwebhooks import Webhook
from twilio.request_validator import HMAC_SHA256, RequestValidator
from vonage_http_client.auth import Auth

from tests.conftest import House
from tests.providers import table_plivo

ACCOUNT, SECRET, PATH = f"AC{'0' * 32}", "8f1c7d2b6a5e4f3d8f1c7d2b6a5e4f3d", "0123456789abcdef01234567"
WHSEC = "whsec_c2VjcmV0IG9mIGEgcmVsYXksIDMyIGJ5dGVzIGxvbmc="
PUBLIC = "https://vote.example.org/in/signed"
CALLER = "+8613812345670"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Signed(NamedTuple):
    """A vote as a provider would send it."""

    body: str
    headers: Mapping[str, str] = FORM
    target: str = "/in/signed"


class Signer(NamedTuple):
    """A kind, its source's options, and what makes a signed vote from a text and the time in seconds."""

    kind: str
    options: str
    sign: Callable[[str, int], Signed]
    more: str = ""


def twilio(text: str, _now: int) -> Signed:
    form = {"AccountSid": ACCOUNT, "MessageSid": f"SM{'1' * 32}", "From": CALLER, "Body": text}
    signature = RequestValidator(SECRET).compute_signature(PUBLIC, form)
    return Signed(urlencode(form), {**FORM, "X-Twilio-Signature": signature})


def twilio_shared(text: str, _now: int) -> Signed:
    form = {"AccountSid": ACCOUNT, "MessageSid": f"SM{'1' * 32}", "From": CALLER, "Body": text}
    signature = RequestValidator(SECRET).compute_signature(PUBLIC, form, algorithm=HMAC_SHA256)
    settings = "key=shared,algorithm=HMAC_SHA256"
    headers = {"X-Twilio-Signature": signature, "X-Twilio-Webhooks-Signature-Settings": settings}
    return Signed(urlencode(form), {**FORM, **headers})


def vonage(method: Any) -> Callable[[str, int], Signed]:
    def sign(text: str, now: int) -> Signed:
        params = {"msisdn": CALLER[1:], "messageId": "0B01", "text": text, "type": "unicode"}
        stamped = {**params, "timestamp": str(now)}
        auth = Auth(api_key="k", signature_secret=SECRET, signature_method=method)
        return Signed(urlencode({**stamped, "sig": auth.sign_params(dict(stamped))}))

    return sign


def plivo(text: str, _now: int) -> Signed:
    """Plivo's library can only check, and does."""
    body = urlencode({"MessageUUID": "7a242edc", "From": CALLER[1:], "To": "4759440448", "Text": text})
    made = table_plivo.sign(
        table_plivo.Request("POST", f"/in/pl/{PATH}", FORM, body.encode(), 0), token=SECRET, url=PUBLIC
    )
    nonce, given = made.headers["x-plivo-signature-v2-nonce"], made.headers["x-plivo-signature-v2"]
    assert validate_signature(f"{PUBLIC}/{PATH}", nonce, given, SECRET)
    return Signed(body, made.headers, f"/in/signed/{PATH}")


def standard(text: str, now: int) -> Signed:
    body = f'{{"type":"vote.received","data":{{"from":"{CALLER}","text":"{text}"}}}}'
    signature = Webhook(WHSEC).sign("msg_1", datetime.fromtimestamp(now, UTC), body)
    return Signed(
        body,
        {
            "Content-Type": "application/json",
            "webhook-id": "msg_1",
            "webhook-timestamp": str(now),
            "webhook-signature": signature,
        },
    )


TWILIO = f'account_sid = "{ACCOUNT}", public_url = "{PUBLIC}"'
SIGNERS = {
    "Twilio, by the auth token": Signer("twilio", f'{TWILIO}, auth_tokens = ["{SECRET}"]', twilio),
    "Twilio, by a shared key": Signer("twilio", f'{TWILIO}, shared_keys = ["{SECRET}"]', twilio_shared),
    **{
        f"Vonage, by {method}": Signer(
            "vonage", f'secrets = ["{SECRET}"], method = "{method}"', vonage(method)
        )
        for method in ("md5", "sha1", "sha256", "sha512")
    },
    "Plivo": Signer(
        "plivo", f'auth_tokens = ["{SECRET}"], public_url = "{PUBLIC}"', plivo, f'token = "{PATH}"\n'
    ),
    "Standard Webhooks": Signer("standard", f'secrets = ["{WHSEC}"]', standard),
}


@pytest.mark.parametrize("name", SIGNERS)
async def test_what_a_library_signs_is_taken(house: House, name: str) -> None:
    signer = SIGNERS[name]
    settings = house.settings.read_text("utf-8")
    source = f'[sources.signed]\nkind = "{signer.kind}"\ncampaign = "beita-2018"\n{signer.more}'
    house.settings.write_text(f"{settings}\n{source}options = {{ {signer.options} }}\n", "utf-8")
    async with house.serve() as visitor:
        signed = signer.sign("投 A01", house.clock.ms // 1000)
        forged = signed._replace(body=signed.body.replace("A01", "A02"))
        for sent, status in ((signed, 200), (forged, 403), (signed, 200)):
            async with visitor.session.post(
                visitor.server.url + sent.target, data=sent.body.encode(), headers=sent.headers
            ) as response:
                assert response.status == status
        assert await visitor.outcomes() == {"counted": 1}
