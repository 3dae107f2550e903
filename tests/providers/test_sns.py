"""SNS beside its table: what is signed, and what the administrator is told to do."""

import hashlib

import pytest
from structlog.testing import capture_logs

from gateway.intake.provider import Errand, Request
from gateway.providers import sns
from tests.conftest import House
from tests.providers import runner, table_sns
from tests.providers.table_sns import CERTIFICATE, CONFIRMATION, HOST, NAME, NEXT_KEY, NEXT_NAME, TOPIC

#: The notification of the documentation; the hashes of what must be signed of it are computed.
DOCUMENTED = {
    "Type": "Notification",
    "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    "TopicArn": TOPIC,
    "Subject": "My First Message",
    "Message": "Hello world!",
    "Timestamp": "2012-05-02T00:54:06.655Z",
}
UNKNOWN_URL = f"{HOST}/{NEXT_NAME}.pem"


def test_what_is_signed() -> None:
    signed = sns.signed_text(DOCUMENTED).encode()
    assert hashlib.sha1(signed).hexdigest() == "abca5f859a46a0c198ee37f855c9ec453ce25713"
    assert (
        hashlib.sha256(signed).hexdigest()
        == "19b478a5097fafe0273520bbe813de90c3cbe3cb11fc69d093fcb2ccdeec2dbf"
    )


@pytest.mark.parametrize(
    ("label", "asked", "errands"),
    [
        ("a vote", table_sns.GOOD, []),
        (
            "a subscription",
            table_sns.confirmation(),
            [Errand("confirm_subscription", CONFIRMATION["SubscribeURL"])],
        ),
        (
            "the end of one",
            table_sns.confirmation(Type="UnsubscribeConfirmation"),
            [Errand("subscribe_again", CONFIRMATION["SubscribeURL"])],
        ),
        (
            "an unknown certificate",
            table_sns.notified(NEXT_KEY, SigningCertURL=UNKNOWN_URL),
            [Errand("fetch_certificate", UNKNOWN_URL)],
        ),
        (
            "an unknown certificate for a topic that is not ours",
            table_sns.notified(NEXT_KEY, SigningCertURL=UNKNOWN_URL, TopicArn=f"{TOPIC}x"),
            [],
        ),
        (
            "a certificate from elsewhere",
            table_sns.notified(SigningCertURL=f"https://sns.example.com/{NAME}.pem"),
            [],
        ),
        (
            "a confirmation that leads elsewhere",
            table_sns.confirmation(SubscribeURL="https://sns.us-west-2.amazonaws.com@example.com/?x"),
            [],
        ),
    ],
)
def test_the_administrator_is_sent_only_to_sns(label: str, asked: Request, errands: list[Errand]) -> None:
    asked.errands.clear()
    made = runner.build("sns")
    if made.authenticate(asked) is None:
        made.read(asked)
    assert asked.errands == errands


async def test_the_log_says_what_to_do(house: House) -> None:
    (house.folder / "secrets/sns.pem").write_text(CERTIFICATE)
    (house.folder / "secrets/sns.pem").chmod(0o600)
    with house.settings.open("a", encoding="utf-8") as settings:
        settings.write(
            f'\n[sources.aws]\nkind = "sns"\ncampaign = "beita-2018"\n'
            f'options = {{ topic_arn = "{TOPIC}", certificates = {{ {NAME}_file = "sns.pem" }} }}\n'
        )
    now = "2018-07-09T01:00:00.000Z"
    async with house.serve() as visitor:
        with capture_logs() as logs:
            for request, status in (
                (table_sns.confirmation(Timestamp=now), 200),
                (table_sns.notified(Timestamp=now), 200),
                (table_sns.notified(NEXT_KEY, Timestamp=now, SigningCertURL=UNKNOWN_URL), 503),
            ):
                async with visitor.session.post(f"{visitor.server.url}/in/aws", data=request.body) as got:
                    assert got.status == status
        assert sum((await visitor.outcomes()).values()) == 1, "the vote; the rest are no messages"
    told = [
        (log["source"], log["what"], log["url"]) for log in logs if log["event"] == "administrator_needed"
    ]
    assert told == [
        ("aws", "confirm_subscription", CONFIRMATION["SubscribeURL"]),
        ("aws", "fetch_certificate", UNKNOWN_URL),
    ]
