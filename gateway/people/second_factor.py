"""The second factor: six digits that an app shows, new every 30 seconds (TOTP, RFC 6238). Pure.

A code counts once. The clock of a telephone may be half a minute wrong.
"""

import base64
import unicodedata
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

#: Bytes of a secret, and of the key it is sealed under.
SECRET_BYTES: Final = 20
KEY_BYTES: Final = 64
_STEP_SECONDS: Final = 30
_ISSUER: Final = "Televote"


def step_of(secret: bytes, code: str, now_ms: int) -> int | None:
    """The time step of a code, the one before now's, now's or the next; None if it is of neither."""
    digits = unicodedata.normalize("NFKC", code).replace(" ", "").encode("utf-8", "replace")
    now = now_ms // 1000 // _STEP_SECONDS
    for step in (now, now - 1, now + 1):
        try:
            _totp(secret).verify(digits, step * _STEP_SECONDS)
        except InvalidToken:
            continue
        return step
    return None


def address(secret: bytes, login: str) -> str:
    """What the QR code says: `otpauth://…`."""
    return _totp(secret).get_provisioning_uri(login, _ISSUER)


def spelled(secret: bytes) -> str:
    """The secret as it can be typed: in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def seal(key: bytes, login: str, secret: bytes) -> bytes:
    """A secret at rest: under the installation's key, and for this account alone."""
    return AESSIV(key).encrypt(secret, [login.encode()])


def unseal(key: bytes, login: str, sealed: bytes) -> bytes | None:
    """The secret, None if it was sealed under another key or for another account."""
    try:
        return AESSIV(key).decrypt(sealed, [login.encode()])
    except (InvalidTag, ValueError):
        return None


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, 6, SHA1(), _STEP_SECONDS)  # noqa: S303 -- what every authenticator app does
