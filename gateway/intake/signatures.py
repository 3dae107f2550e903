"""Decides whether a signature is genuine. Total: whatever a stranger sends, the answer is only yes or no.

Everything is compared as bytes, in constant time, in its encoded form (decoding base64 would accept several
spellings of one signature). Secrets enter once, as `HmacKey`, and are not kept in a form that prints.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from gateway.intake import payload
from gateway.intake.payload import Fields

Algorithm = Literal["sha1", "sha256"]


def same(given: str, expected: bytes) -> bool:
    """Whether header text equals the expected ASCII bytes, without telling by time how much of it does."""
    return given.isascii() and hmac.compare_digest(given.encode(), expected)


class HmacKey:
    """One secret, prepared once; a message then costs two hash rounds less."""

    __slots__ = ("_ready",)

    def __init__(self, secret: bytes, algorithm: Algorithm) -> None:
        self._ready = hmac.new(secret, None, algorithm)

    def sign(self, message: bytes) -> bytes:
        """The MAC in standard base64."""
        state = self._ready.copy()
        state.update(message)
        return binascii.b2a_base64(state.digest(), newline=False)


# ---- Basic ---------------------------------------------------------------------------------------


def basic_token(user: str, password: str) -> bytes:
    """What follows `Basic ` in the header (RFC 7617, UTF-8)."""
    return base64.b64encode(f"{user}:{password}".encode())


def basic_valid(header: str, token: bytes) -> bool:
    """Whether an `Authorization` header is `Basic` with this token."""
    scheme, _, given = header.partition(" ")
    return scheme.lower() == "basic" and same(given.strip(), token)


# ---- Twilio --------------------------------------------------------------------------------------

_URL = re.compile(r"(https?://)([a-zA-Z0-9.-]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?(/[!-\"$->@-~]*)?", re.ASCII)


def twilio_urls(public_url: str) -> tuple[bytes, ...]:
    """The spellings of a URL that Twilio may have signed: as configured, without and with its port.

    Raises ValueError unless it is an absolute http(s) URL without user, query and fragment.
    """
    found = _URL.fullmatch(public_url)
    if found is None:
        raise ValueError("not a URL as set at the provider: http(s)://host/path, without user, ? and #")
    scheme, host, port, path = found.groups(default="")
    default = ":443" if scheme == "https://" else ":80"
    spellings = (public_url, f"{scheme}{host}{path}", f"{scheme}{host}{port or default}{path}")
    return tuple(dict.fromkeys(spelling.encode() for spelling in spellings))


def twilio_parameters(form: Fields) -> bytes:
    """Names and values as Twilio signs them: sorted, a value that repeats under its name only once."""
    last = form.last
    if len(last) == len(form.parts):
        return b"".join([name + last[name] for name in sorted(last)])
    return b"".join(
        [name + value for name, value in sorted({(name, value) for name, _, value in form.parts})]
    )


def twilio_valid(given: str, keys: Sequence[HmacKey], urls: Sequence[bytes], rest: bytes) -> bool:
    """Whether `given` signs one of `urls` followed by `rest` with one of the live keys.

    `rest` is the query as sent, with its "?", and after it the parameters of a form body.
    """
    for key in keys:
        for url in urls:
            if same(given, key.sign(url + rest)):
                return True
    return False


# ---- Standard Webhooks ---------------------------------------------------------------------------

Fault = Literal["no_signature", "bad_signature", "stale"]


def standard_webhooks_secret(given: str) -> bytes:
    """The HMAC key in a `whsec_…` secret; the prefix and the base64 padding may be left off.

    Raises ValueError unless it is base64 of 24 to 64 bytes. The message does not quote it.
    """
    text = given.strip().removeprefix("whsec_").rstrip("=")
    try:
        secret = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise ValueError("a secret is not base64") from None
    if not 24 <= len(secret) <= 64:
        raise ValueError("a secret must be 24 to 64 bytes, in base64")
    return secret


def standard_webhooks_fault(
    headers: Mapping[str, str], body: bytes, keys: Iterable[HmacKey], now_ms: int, tolerance_s: int
) -> Fault | None:
    """What is wrong with a Standard Webhooks v1 request, or None. Other versions are passed over."""
    webhook, stamp, given = (headers.get(f"webhook-{name}") for name in ("id", "timestamp", "signature"))
    if not (webhook and stamp and given):
        return "no_signature"
    signed = payload.wire_bytes(f"{webhook}.{stamp}.") + body
    expected = [b"v1," + key.sign(signed) for key in keys]
    genuine = any(same(signature, one) for signature in given.split(" ") for one in expected)
    if not genuine or not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 11):
        return "bad_signature"
    return None if abs(now_ms - int(stamp) * 1000) <= tolerance_s * 1000 else "stale"
