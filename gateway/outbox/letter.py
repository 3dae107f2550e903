"""A reply on its way: to whom, what it says, and how it stands sealed until it has gone."""

import json
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from dedup import keys

_KEY_BYTES: Final = 64


class Letter(NamedTuple):
    """One reply. `to` is E.164. `reference` names the message it answers, the same at every attempt.

    `candidate`, `contest` and `code` are what `text` has in these places, for providers that send templates.
    """

    reference: str
    to: str
    outcome: str
    text: str
    candidate: str = ""
    contest: str = ""
    code: str = ""


class Unopened(ValueError):
    """Sealed under another key or for another place, or damaged."""


class Envelope:
    """Seals one campaign's replies, each bound to the entry it answers. `secret` is its sealing key."""

    def __init__(self, secret: bytes) -> None:
        self._siv = AESSIV(keys.derive(secret, "outbox", _KEY_BYTES))
        self._naming = keys.derive(secret, "outbox reference")

    def reference(self, source: str, message_id: str) -> str:
        """What names a reply at its provider: nothing can be learnt from it."""
        return keys.message_key(self._naming, source, message_id)

    def seal(self, log: int, seq: int, letter: Letter) -> bytes:
        """The letter, for a row of the outbox."""
        return self._siv.encrypt(json.dumps(letter, ensure_ascii=False).encode(), [b"%d/%d" % (log, seq)])

    def open(self, log: int, seq: int, sealed: bytes) -> Letter:
        """Raises `Unopened`."""
        try:
            return Letter(*json.loads(self._siv.decrypt(sealed, [b"%d/%d" % (log, seq)])))
        except (InvalidTag, ValueError, TypeError) as error:
            raise Unopened("a sealed reply does not open with this campaign's key") from error
