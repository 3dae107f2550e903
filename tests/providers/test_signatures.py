"""Signatures: ours agree with the vendors' own code on anything, and garbage only ever means no."""

import hmac
import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook
from twilio.request_validator import HMAC_SHA256, RequestValidator

from gateway.intake import payload, signatures
from gateway.intake.signatures import HmacKey
from tests.providers.rows import DATA
from tests.providers.table_twilio import Multi

VECTORS = json.loads((DATA / "vectors.json").read_text("utf-8"))
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
#: Computed: the first vector under a SharedKey.
SHA256_OF_FIRST = "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s="

wild = st.text(st.characters() | st.sampled_from("\ud800\udbff\udc00\udfff"))
parameters = st.lists(st.tuples(st.text(min_size=1, max_size=6), st.text(max_size=6)), max_size=12)


def signed(entry: dict[str, Any]) -> bytes:
    form = urlencode([tuple(pair) for pair in entry["params"]]).encode()
    return signatures.twilio_parameters(payload.fields(form))


@pytest.mark.parametrize("entry", VECTORS["twilio"], ids=lambda entry: entry["source"][:50].replace(" ", "_"))
def test_published_twilio_vectors(entry: dict[str, Any]) -> None:
    url, _, query = entry["url"].partition("?")
    key = HmacKey(entry["token"].encode(), "sha1")
    rest = b"?" + query.encode() + signed(entry)
    urls = signatures.twilio_urls(url)
    assert signatures.twilio_valid(entry["signature"], [key], urls, rest)
    assert signatures.twilio_valid(entry["signature"], [HmacKey(b"old", "sha1"), key], urls, rest)
    assert not signatures.twilio_valid(entry["signature"], [key], urls, rest + b"x")
    assert not signatures.twilio_valid(entry["signature"].lower(), [key], urls, rest)


def test_the_same_text_can_be_signed_with_a_shared_key() -> None:
    url, _, query = URL.partition("?")
    key = HmacKey(b"12345", "sha256")
    rest = b"?" + query.encode() + signed(VECTORS["twilio"][0])
    assert signatures.twilio_valid(SHA256_OF_FIRST, [key], [url.encode()], rest)


@settings(deadline=None)
@given(parameters)
def test_parameters_are_signed_as_twilio_signs_them(pairs: list[tuple[str, str]]) -> None:
    params = Multi()
    for name, value in pairs:
        params.setdefault(name, []).append(value)
    form = signatures.twilio_parameters(payload.fields(urlencode(pairs).encode()))
    for algorithm, ours in ((None, "sha1"), (HMAC_SHA256, "sha256")):
        theirs = RequestValidator("token").compute_signature(URL, params, algorithm)
        assert HmacKey(b"token", ours).sign(URL.encode() + form).decode() == theirs  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "spellings"),
    [
        ("https://a.example/x", ["https://a.example/x", "https://a.example:443/x"]),
        ("http://a.example/x", ["http://a.example/x", "http://a.example:80/x"]),
        ("https://a.example:8443/x", ["https://a.example:8443/x", "https://a.example/x"]),
        ("https://a.example:443", ["https://a.example:443", "https://a.example"]),
        (
            "https://[2001:db8::1]:8443/in/%E6%8A%95",
            ["https://[2001:db8::1]:8443/in/%E6%8A%95", "https://[2001:db8::1]/in/%E6%8A%95"],
        ),
    ],
)
def test_a_url_with_and_without_its_port(url: str, spellings: list[str]) -> None:
    assert signatures.twilio_urls(url) == tuple(spelling.encode() for spelling in spellings)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example/x",
        "ftp://a.example/x",
        "https:///x",
        "https://u:p@a.example/",
        "https://a.example/x?y",
        "https://a.example/x#rc=3",
        "https://a.example/投",
        "https://a.example/ x",
        "https://a.example:x/",
        "https://a.example/x\n",
        "\ud800",
    ],
)
def test_what_cannot_be_a_signed_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not a URL"):
        signatures.twilio_urls(url)


@given(st.binary(min_size=1, max_size=80), st.binary(max_size=200))
def test_a_prepared_key_signs_like_hmac(secret: bytes, message: bytes) -> None:
    for algorithm in ("sha1", "sha256"):
        key = HmacKey(secret, algorithm)  # type: ignore[arg-type]
        expected = b64encode(hmac.digest(secret, message, algorithm))
        assert key.sign(message) == key.sign(message) == expected, "a key can be used again"
        assert repr(secret) not in repr(key)


@given(wild, st.binary(max_size=40))
def test_same_is_total(header: str, expected: bytes) -> None:
    assert signatures.same(header, expected) == (
        header.encode("utf-8", "surrogatepass") == expected and header.isascii()
    )


@given(wild)
def test_basic_is_total(header: str) -> None:
    assert not signatures.basic_valid(header, signatures.basic_token("user", "password"))


# ---- Standard Webhooks ----------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.binary(min_size=24, max_size=64),
    st.text(min_size=1, max_size=20),
    st.integers(0, 9_999_999_999),
    st.text(max_size=50),
)
def test_whatever_the_library_signs_is_accepted(secret: bytes, webhook: str, at: int, body: str) -> None:
    written = "whsec_" + b64encode(secret).decode()
    signature = Webhook(written).sign(webhook, datetime.fromtimestamp(at, UTC), body)
    headers = {"webhook-id": webhook, "webhook-timestamp": str(at), "webhook-signature": signature}
    assert signatures.standard_webhooks_secret(written) == secret
    keys = [HmacKey(secret, "sha256")]
    assert signatures.standard_webhooks_fault(headers, body.encode(), keys, at * 1000, 300) is None
    assert (
        signatures.standard_webhooks_fault(headers, body.encode(), keys, at * 1000 + 300_001, 300) == "stale"
    )
    assert (
        signatures.standard_webhooks_fault(headers, body.encode() + b" ", keys, at * 1000, 300)
        == "bad_signature"
    )
    assert signatures.standard_webhooks_fault(headers, body.encode(), [], at * 1000, 300) == "bad_signature"


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), wild),
    st.binary(max_size=20),
)
def test_no_headers_break_it(headers: dict[str, str], body: bytes) -> None:
    keys = [HmacKey(b"k" * 24, "sha256")]
    assert signatures.standard_webhooks_fault(headers, body, keys, 0, 300) in (
        "no_signature",
        "bad_signature",
    )


@pytest.mark.parametrize("stamp", ["１５", "+15", "15.0", " 15", "1_5", "0x0f", "1" * 12, "9" * 5000])
def test_a_time_is_plain_digits_even_if_signed(stamp: str) -> None:
    key = HmacKey(b"k" * 24, "sha256")
    signature = "v1," + key.sign(f"id.{stamp}.body".encode()).decode()
    headers = {"webhook-id": "id", "webhook-timestamp": stamp, "webhook-signature": signature}
    assert signatures.standard_webhooks_fault(headers, b"body", [key], 15_000, 300) == "bad_signature"


def test_the_published_vector() -> None:
    vector = VECTORS["standard_webhooks"]
    keys = [HmacKey(signatures.standard_webhooks_secret(vector["secret"]), "sha256")]
    headers = {f"webhook-{name}": str(vector[name]) for name in ("id", "timestamp", "signature")}
    now_ms = vector["timestamp"] * 1000
    assert signatures.standard_webhooks_fault(headers, vector["body"].encode(), keys, now_ms, 300) is None


@pytest.mark.parametrize("size", [24, 25, 26, 63, 64])
@pytest.mark.parametrize("dressed", ["whsec_{}", "{}", " whsec_{}\n"])
@pytest.mark.parametrize("padded", [True, False])
def test_a_secret_in_all_its_dresses(size: int, dressed: str, padded: bool) -> None:
    secret = bytes(range(size))
    written = b64encode(secret).decode()
    assert (
        signatures.standard_webhooks_secret(dressed.format(written if padded else written.rstrip("=")))
        == secret
    )


@pytest.mark.parametrize(
    "written",
    [
        "",
        "whsec_",
        "whsec_" + b64encode(b"k" * 23).decode(),
        b64encode(b"k" * 65).decode(),
        "whsec_" + "!" * 32,
        "whsk_" + "A" * 32,
        "é" * 32,
        "A" * 33,
        "\ud800",
    ],
)
def test_a_bad_secret_is_named_but_not_quoted(written: str) -> None:
    with pytest.raises(ValueError, match=r"^a secret ") as why:
        signatures.standard_webhooks_secret(written)
    assert written == "" or written not in str(why.value)


def test_the_vectors_are_the_published_ones() -> None:
    assert b64decode(VECTORS["standard_webhooks"]["secret"].removeprefix("whsec_"))
    assert len({entry["signature"] for entry in VECTORS["twilio"]}) == len(VECTORS["twilio"]) == 7


# ---- JSON Web Tokens ------------------------------------------------------------------------------

_claims = st.dictionaries(st.text(max_size=8), st.integers(-(2**53), 2**53) | st.text(max_size=8), max_size=4)
JWT_KEYS = {"HS256": [HmacKey(b"o" * 64, "sha256"), HmacKey(b"k" * 64, "sha256")]}


@settings(deadline=None)
@given(_claims)
def test_a_token_is_read_as_the_library_wrote_it(claims: dict[str, Any]) -> None:
    token = jwt.encode(claims, b"k" * 64, algorithm="HS256", sort_headers=True)
    assert signatures.jwt_claims(token, JWT_KEYS) == claims
    assert signatures.jwt_claims(token, {"HS256": JWT_KEYS["HS256"][:1]}) is None
    assert signatures.jwt_claims(token[:-1], JWT_KEYS) is None
    assert signatures.jwt_claims(token + "=", JWT_KEYS) is None


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "none"])
def test_a_token_of_another_algorithm_is_not_read(algorithm: str) -> None:
    key = None if algorithm == "none" else b"k" * 64
    assert signatures.jwt_claims(jwt.encode({}, key, algorithm=algorithm), JWT_KEYS) is None


def test_a_token_that_asks_for_more_is_not_read() -> None:
    token = jwt.encode({}, b"k" * 64, algorithm="HS256", headers={"crit": ["b64"], "b64": False})
    assert signatures.jwt_claims(token, JWT_KEYS) is None


@settings(deadline=None)
@given(wild | st.text("eyJ.-_=", max_size=40) | st.binary(max_size=30).map(lambda b: b64encode(b).decode()))
def test_no_token_breaks_it(token: str) -> None:
    assert signatures.jwt_claims(token, JWT_KEYS) is None
    assert signatures.jwt_claims(f"{token}.{token}.{token}", JWT_KEYS) is None


@pytest.mark.parametrize(
    ("claims", "fault"),
    [
        ({}, None),
        ({"nbf": 100, "exp": 160}, None),
        ({"nbf": 101, "exp": 99}, None),
        ({"nbf": 102}, "stale"),
        ({"exp": 98}, "stale"),
        ({"exp": 100.5}, None),
        ({"exp": "160"}, "bad_signature"),
        ({"exp": True}, "bad_signature"),
        ({"exp": -1}, "bad_signature"),
        ({"nbf": 2**53}, "bad_signature"),
    ],
)
def test_a_token_holds_for_its_time(claims: dict[str, object], fault: str | None) -> None:
    assert signatures.jwt_fault(claims, 100_000, leeway_s=1) == fault
