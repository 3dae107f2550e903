"""What a sender is: it words the request that sends one SMS, and reads what came of it. It does no I/O.

A kind is one module in `gateway/senders/` that offers `sender: SenderKind`, found by being there.

The reading decides whether a reply may be tried again. Only what certainly did not go out may: what is in
doubt goes out again only where the provider itself sends once for one reference, however often it is asked.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, Protocol

from pydantic import BaseModel

from gateway.kinds import discover
from gateway.outbox.letter import Letter

State = Literal["sent", "later", "failed", "unknown"]

#: A provider's own word for what went wrong, if it cannot be anything else: seven digits in a row might.
_CODE: Final = re.compile(r"(?!.*\d{7})[A-Za-z0-9_.]{1,60}", re.ASCII)


class Call(NamedTuple):
    """An HTTP request, a POST. `url` is sent as it stands."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class Fate(NamedTuple):
    """What came of one attempt. `reason` is a short word, never a number or a text.

    "sent": the provider has taken it. "later": it certainly did not go out, and may be tried again, after
    `after_seconds` if the provider says so. "failed": it did not go out, and will not. "unknown": it may
    have gone out.
    """

    state: State
    reason: str = ""
    after_seconds: float = 0.0


SENT: Final = Fate("sent")


class Unsendable(ValueError):
    """This reply cannot be sent this way; the message is a short word."""


class Sender(Protocol):
    """One configured way to send. `repeatable`: the provider sends once for one reference."""

    @property
    def repeatable(self) -> bool: ...

    def call(self, letter: Letter, now_ms: int, nonce: str, /) -> Call:
        """The request that sends a letter. `nonce` is fresh, 32 hexadecimal digits. Raises `Unsendable`."""
        ...

    def read(self, status: int, body: bytes, /) -> Fate:
        """What an answer means. Total."""
        ...


class SenderBuilder(Protocol):
    """Builds a sender from its validated options."""

    def __call__(self, options: BaseModel) -> Sender: ...


@dataclass(frozen=True, slots=True)
class SenderKind:
    """A kind of sender; `options` is the model of its own settings (secrets are `SecretStr`)."""

    kind: str
    options: type[BaseModel]
    build: SenderBuilder
    reference: str = ""


def kinds() -> dict[str, SenderKind]:
    """Every kind of sender there is, by name."""
    found = discover("gateway.senders", "sender")
    return {name: kind for name, kind in found.items() if isinstance(kind, SenderKind)}


def by_status(status: int) -> Fate:
    """What an HTTP status alone says. Of a 5xx nobody knows how far the request came."""
    reason = f"http_{status}"
    if 200 <= status < 300:
        return SENT
    if status == 429:
        return Fate("later", reason)
    return Fate("failed", reason) if 300 <= status < 500 else Fate("unknown", reason)


def word(code: object) -> str:
    """A provider's code as a word for the log, "refused" if it could be something else.

    >>> word("isv.BUSINESS_LIMIT_CONTROL"), word(21211), word("to 13800138000"), word("13800138000")
    ('isv.BUSINESS_LIMIT_CONTROL', '21211', 'refused', 'refused')
    """
    text = str(code) if isinstance(code, str | int) else ""
    return text if _CODE.fullmatch(text) else "refused"


def json_object(body: bytes) -> Mapping[str, Any]:
    """The JSON object in a body, an empty one if it is none. Total."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
