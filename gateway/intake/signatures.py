"""Decides whether a signature is genuine. Total: whatever a stranger sends, the answer is only yes or no.

Everything is compared as bytes, in constant time, in its encoded form (decoding base64 would accept several
spellings of one signature). Secrets enter once, as `HmacKey`, and are not kept in a form that prints.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Literal

from gateway.intake import payload
from gateway.intake.payload import Fields, Unreadable

Algorithm = Literal["md5", "sha1", "sha256", "sha384", "sha512"]
Fault = Literal["no_signature", "bad_signature", "stale"]
BasicFault = Literal["no_credentials", "bad_credentials"]


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
        return binascii.b2a_base64(self._mac(message).digest(), newline=False)

    def hex(self, message: bytes) -> bytes:
        """The MAC in lower-case hexadecimal."""
        return self._mac(message).hexdigest().encode()

    def _mac(self, message: bytes) -> hmac.HMAC:
        state = self._ready.copy()
        state.update(message)
        return state


def any_signs(given: str, keys: Iterable[HmacKey], message: bytes) -> bool:
    """Whether `given` is the message's MAC, in base64, by one of the live keys."""
    return any(same(given, key.sign(message)) for key in keys)


def exact_base64(given: str) -> bytes:
    """The bytes of standard base64 in the one spelling that it has for them. Raises ValueError."""
    data = base64.b64decode(given, validate=True)
    if base64.b64encode(data).decode() != given:
        raise ValueError("another spelling")
    return data


def time_fault(stamp: str, now_ms: int, tolerance_s: int) -> Fault | None:
    """What is wrong with a signed time, in whole Unix seconds, or None."""
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 11):
        return "bad_signature"
    return None if abs(now_ms - int(stamp) * 1000) <= tolerance_s * 1000 else "stale"


# ---- Basic ---------------------------------------------------------------------------------------


def basic_token(user: str, password: str) -> bytes:
    """What follows `Basic ` in the header (RFC 7617, UTF-8)."""
    return base64.b64encode(f"{user}:{password}".encode())


def basic_valid(header: str, token: bytes) -> bool:
    """Whether an `Authorization` header is `Basic` with this token."""
    scheme, _, given = header.partition(" ")
    return scheme.lower() == "basic" and same(given.strip(), token)


def basic_fault(headers: Mapping[str, str], token: bytes | None) -> BasicFault | None:
    """What is wrong with a request's credentials, or None; without a token none are asked for."""
    header = headers.get("authorization")
    if token is None:
        return None
    if header is None:
        return "no_credentials"
    return None if basic_valid(header, token) else "bad_credentials"


# ---- URLs ----------------------------------------------------------------------------------------

_URL = re.compile(r"(https?://)([a-zA-Z0-9.-]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?(/[!-\"$->@-~]*)?", re.ASCII)


def url_parts(public_url: str) -> tuple[str, str, str, str]:
    """Scheme with its slashes, host, port with its colon, and path of a URL that a provider signs.

    Raises ValueError unless it is an absolute http(s) URL without user, query and fragment.
    """
    found = _URL.fullmatch(public_url)
    if found is None:
        raise ValueError("not a URL as set at the provider: http(s)://host/path, without user, ? and #")
    scheme, host, port, path = found.groups(default="")
    return scheme, host, port, path


# ---- Twilio --------------------------------------------------------------------------------------


def twilio_urls(public_url: str) -> tuple[bytes, ...]:
    """The spellings of a URL that Twilio may have signed: as configured, without and with its port.

    Raises ValueError as `url_parts`.
    """
    scheme, host, port, path = url_parts(public_url)
    default = ":443" if scheme == "https://" else ":80"
    spellings = (public_url, f"{scheme}{host}{path}", f"{scheme}{host}{port or default}{path}")
    return tuple(dict.fromkeys(spelling.encode() for spelling in spellings))


def twilio_parameters(form: Fields) -> bytes:
    """Names and values as Twilio signs them: sorted, a value that repeats under its name only once."""
    names, values, last = form
    if len(last) == len(names):
        return _concatenated(tuple(names))(values)
    return b"".join([name + value for name, value in sorted(set(zip(names, values, strict=True)))])


@lru_cache(maxsize=32)  # strangers choose the names
def _concatenated(names: tuple[bytes, ...]) -> Callable[[Sequence[bytes]], bytes]:
    """What joins names with values, which stand as the names do, in the order of the names: forms have few
    sets of names."""
    template = b"".join([name.replace(b"%", b"%%") + b"%b" for name in sorted(names)])
    if len(names) < 2:
        return lambda values: template % tuple(values)
    ordered = itemgetter(*sorted(range(len(names)), key=names.__getitem__))
    return lambda values: template % ordered(values)


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
    return time_fault(stamp, now_ms, tolerance_s) if genuine else "bad_signature"


# ---- JSON Web Tokens -----------------------------------------------------------------------------

_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_LATEST_S = 1 << 40  # beyond the year 36000: a time that is none


def jwt_claims(token: str, keys: Mapping[str, Sequence[HmacKey]]) -> Mapping[str, object] | None:
    """The claims of a JWT that one of the live keys has signed, or None. Its times are for `jwt_fault`.

    `keys` are by algorithm, as the token's head names it: "HS256". There is no key for "none".
    """
    signed, _, given = token.rpartition(".")
    head, _, claims = signed.partition(".")
    try:
        named = _jwt_object(head)
        algorithm = named.get("alg")
        live = keys.get(algorithm, ()) if isinstance(algorithm, str) and "crit" not in named else ()
        message = payload.wire_bytes(signed)
        if any(same(given, key.sign(message).rstrip(b"=").translate(_TO_URL_SAFE)) for key in live):
            return _jwt_object(claims)
    except Unreadable:
        pass
    return None


def _jwt_object(part: str) -> Mapping[str, object]:
    """A JSON object in base64 without padding. Raises `Unreadable`."""
    try:
        data = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Unreadable(payload.Reason.NOT_JSON) from None
    value = payload.json_value(payload.utf8(data))
    if not isinstance(value, dict):
        raise Unreadable(payload.Reason.WRONG_SHAPE)
    return value


def jwt_fault(claims: Mapping[str, object], now_ms: int, leeway_s: int) -> Fault | None:
    """Whether a token's `nbf` and `exp`, each as far as it is there, hold now."""
    for name, sign in (("nbf", 1), ("exp", -1)):
        at = claims.get(name)
        if at is None:
            continue
        if isinstance(at, bool) or not isinstance(at, (int, float)) or not 0 <= at < _LATEST_S:
            return "bad_signature"
        if (int(at * 1000) - now_ms) * sign > leeway_s * 1000:
            return "stale"
    return None
