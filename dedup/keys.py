"""Keyed names: a caller's pseudonym, and a message's, so that neither can be found by trying numbers.

An unkeyed hash of a telephone number is no secret: all of them can be tried in an hour.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NewType

VoterKey = NewType("VoterKey", bytes)
MessageKey = NewType("MessageKey", str)

#: The voter key of a message nobody can be named for (unparsed). Such a message uses no cap.
NOBODY: Final = VoterKey(bytes(16))


def derive(secret: bytes, purpose: str, size: int = 32) -> bytes:
    """A key of `size` bytes (64 at most) for one purpose, from a campaign's secret (32 bytes)."""
    return blake2b(purpose.encode(), key=secret, digest_size=size, person=b"televote-derive").digest()


def voter_key(key: bytes, line: str, given: str) -> VoterKey:
    """A caller's pseudonym in one campaign, 16 bytes.

    `line` is the E.164 number; where there is none (withheld, invalid), `given` names the caller
    instead, in a space of its own.
    """
    own = _keyed(key).copy()
    own.update((line or "?" + given).encode("utf-8", "replace"))
    return VoterKey(own.digest())


def message_key(key: bytes, source: str, message_id: str) -> MessageKey:
    """What recognises a redelivery, 16 bytes in hex: the source's name and the provider's id."""
    own = _keyed(key).copy()
    own.update(_named(source, message_id))
    return MessageKey(own.hexdigest())


def message_keys(key: bytes, messages: Iterable[tuple[str, str]]) -> list[MessageKey]:
    """The same of many, each a source's name and an id."""
    keyed, found = _keyed(key), list[MessageKey]()
    for source, message_id in messages:
        own = keyed.copy()
        own.update(_named(source, message_id))
        found.append(MessageKey(own.hexdigest()))
    return found


def _named(source: str, message_id: str) -> bytes:
    return f"{source}\0{message_id}".encode("utf-8", "replace")


@lru_cache(maxsize=64)
def _keyed(key: bytes) -> blake2b:
    """A hash that has taken in its key, which is half of the work. To be copied."""
    return blake2b(key=key, digest_size=16)


def text_key(key: bytes, text: str) -> str:
    """What identical texts have in common, 8 bytes in hex; "" for an empty one."""
    return blake2b(text.encode("utf-8", "replace"), key=key, digest_size=8).hexdigest() if text else ""
