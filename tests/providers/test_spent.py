"""One-time values: each is good for one message, as often as that one comes."""

from gateway.intake.spent import Spent
from tests.providers import runner, table_plivo


def test_a_value_is_spent_by_its_first_message() -> None:
    spent = Spent()
    assert [spent.by_another(value, b"one") for value in ("a", "b", "a")] == [False] * 3
    assert spent.by_another("a", b"two")
    assert spent.by_another("a", b"two"), "the second does not become the first"
    assert not spent.by_another("a", b"one")


def test_what_is_remembered_is_bounded() -> None:
    spent = Spent(capacity=2)
    assert [spent.by_another(value, b"one") for value in "abc"] == [False] * 3
    assert spent.by_another("c", b"two")
    assert not spent.by_another("a", b"two"), "the oldest is forgotten"


def test_a_signature_that_was_seen_does_not_fit_another_message() -> None:
    made = runner.build("plivo")
    assert made.authenticate(table_plivo.GOOD) is None
    forged = table_plivo.replace(table_plivo.GOOD, body=table_plivo.form(Text="B01", MessageUUID="1"))
    refusal = made.authenticate(forged)
    assert refusal is not None
    assert (refusal.status, refusal.reason) == (403, "replayed")
    assert made.authenticate(table_plivo.sign(forged, nonce="fresh")) is None
