"""No input breaks a provider: it is refused, or kept unread. 200 cases a kind; 10,000 in the soak."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.intake.inbound import Form
from gateway.intake.provider import Refusal, Request
from tests.providers import runner
from tests.providers.runner import KINDS, TABLES

Check = Callable[..., None]


def hunted(**strategies: st.SearchStrategy[object]) -> Callable[[Check], Check]:
    """Makes of a check the test for every kind, short and, in the soak, long."""

    def hunt(check: Check) -> Check:
        @pytest.mark.parametrize("cases", [200, pytest.param(10_000, marks=pytest.mark.soak)])
        @pytest.mark.parametrize("kind", TABLES)
        def test(kind: str, cases: int) -> None:
            many = settings(max_examples=cases, deadline=None, suppress_health_check=list(HealthCheck))
            many(given(kind=st.just(kind), **strategies)(check))()

        test.__doc__ = check.__doc__
        return test

    return hunt


def _header_names() -> list[str]:
    """Every header that some kind's signature is about."""
    named = {name for table in TABLES.values() for name in table.signed_headers}
    return sorted({"authorization", *named})


_wild_text = st.text(st.characters() | st.sampled_from("\ud800\udcff")) | st.sampled_from(
    ["v1", "v1,", "v1,a v1,é", "Basic =", "Bearer a.b.c", "SDK-HMAC-SHA256 Access=", "\udcff", "9" * 5000]
)
_wild_headers = st.dictionaries(
    st.sampled_from(_header_names()) | st.text(max_size=8), _wild_text, max_size=8
)
_wild_requests = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST", "HEAD", ""]),
    target=st.builds("{}{}".format, st.sampled_from(["/in/x", "/in/x?", ""]), _wild_text),
    headers=_wild_headers,
    body=st.binary(max_size=200),
    received_ms=st.integers(min_value=0, max_value=2**53),
)
_pieces = st.binary(max_size=6) | st.sampled_from([b'"', b"\\", b"[", b"{}", b"&", b"=", b"%", b"null"])


@hunted(request=_wild_requests)
def test_garbage_is_refused_or_unparsed(kind: str, request: Request) -> None:
    made = runner.build(kind)
    taken = runner.take(made, request)
    if KINDS[kind].signs:
        assert isinstance(taken, Refusal)
    messages = made.read(request)
    for message in messages:
        runner.check_sound(message, request.headers.get("webhook-id", ""))
        assert message.form is Form.UNPARSED
    assert messages or request.body.strip() == b"[]"


@hunted(body=st.binary(max_size=300))
def test_signed_garbage_is_kept_unread(kind: str, body: bytes) -> None:
    """No bytes whatever bring down a reader."""
    table = TABLES[kind]
    taken = runner.take(runner.build(kind), table.sign(table.carry(body)))
    if not isinstance(taken, Refusal):
        assert taken or body.strip() == b"[]"
        assert all(message.form is Form.UNPARSED for message in taken)


@hunted(start=st.integers(0, 2**16), length=st.integers(0, 12), piece=_pieces)
def test_a_damaged_payload_leaves_a_trace(kind: str, start: int, length: int, piece: bytes) -> None:
    """A good payload with a piece replaced, signed again: whatever it now says, it is sound."""
    table = TABLES[kind]
    good = runner.well_said(table)
    start %= len(good) + 1
    damaged = good[:start] + piece + good[start + length :]
    taken = runner.take(runner.build(kind), table.sign(table.carry(damaged)))
    assert isinstance(taken, Refusal) or taken or table.steps
