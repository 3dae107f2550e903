"""A signature that covers no message is good for one: the same bytes again, and nothing else."""

from dataclasses import replace

from gateway.intake.provider import Refusal, Request
from tests.providers import runner
from tests.providers.table_smsforwarder import GOOD, NOW_MS, STAMP, mac, post

REPLAYED = Refusal(403, "replayed")
OTHER = post(content="A02")


def at(request: Request, ms: int) -> Request:
    return replace(request, received_ms=ms)


def test_the_same_bytes_are_a_redelivery_and_any_others_are_refused() -> None:
    phone = runner.build("smsforwarder")
    assert phone.authenticate(GOOD) is None
    assert phone.authenticate(OTHER) == REPLAYED
    assert phone.authenticate(at(GOOD, NOW_MS + 1_000)) is None
    assert phone.authenticate(at(OTHER, NOW_MS + 2_000)) == REPLAYED


def test_a_signature_written_otherwise_is_the_same_one() -> None:
    phone = runner.build("smsforwarder")
    assert phone.authenticate(GOOD) is None
    assert phone.authenticate(post(sign=mac().replace("%2F", "/"))) == REPLAYED


def test_a_refused_request_uses_nothing_up() -> None:
    phone = runner.build("smsforwarder")
    assert phone.authenticate(post(content="A02", sign="x")) == Refusal(403, "bad_signature")
    assert phone.authenticate(GOOD) is None


def test_what_is_forgotten_is_stale() -> None:
    phone = runner.build("smsforwarder")
    assert phone.authenticate(GOOD) is None
    assert phone.authenticate(at(OTHER, STAMP + 300_000)) == REPLAYED
    assert phone.authenticate(at(OTHER, STAMP + 300_001)) == Refusal(403, "stale")
