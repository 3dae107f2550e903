"""The ledger's canonical bytes: the leaf that is hashed, and the opening that is kept sealed beside it.

A message's leaf tells its campaign, outcome and times, and commits to the rest:

    vote-leaf/v1 LF campaign LF outcome LF received-ms LF sent LF base64(commit) LF

Where ballots are open, the leaf is `vote-leaf/v2`, with one more line: the message's selections as canonical
JSON, `[[contest, code, outcome], …]`, as they stand in the opening too.

`sent` is the sender's clock at its own granularity ("1532052000" or "1532052000.123"), "-" if none.
`commit` is HMAC-SHA-256(blinding, opening). No telephone number, nor a hash of one, is in a leaf.
An act's leaf has canonical JSON instead of a commitment as its last line; what of an act is not for
everybody is committed to in that JSON, under `commit` (`tally/acts.py`).
"""

import base64
import binascii
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple

MESSAGE: Final = "vote-leaf/v1"
OPEN_MESSAGE: Final = "vote-leaf/v2"
ACT: Final = "act-leaf/v1"
BLINDING_BYTES: Final = 32

#: ASCII output, so that lone surrogates and control characters in a text survive as escapes.
_canonical: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode


#: A JSON string, in the same form.
_text: Final = json.encoder.encode_basestring_ascii


@lru_cache(maxsize=4096)
def _listed(items: tuple[Any, ...]) -> str:
    return _canonical(items)


#: (contest, candidate, outcome), in the order of the message.
Selected = tuple[tuple[str, str, str], ...]


class BadEntry(ValueError):
    """Bytes that this module did not write, or that were changed since."""


class Opening(NamedTuple):
    """What a message's commitment binds. Sealed at rest; an auditor recounts from it.

    `line` is E.164 or "", `given` the number as it came, `voter` the caller's pseudonym in hex.
    `selections` are (contest, candidate, outcome); `voids` the contests in which this message voided
    the caller's earlier votes; `day` the calendar day, in the campaign's zone, of the deciding instant.
    `raw_sha256` is the hash of the payload in hex; `raw` the payload in base64, kept only where the
    message could not be read.
    """

    channel: str
    source: str
    message_id: str
    line: str
    given: str
    voter: str
    text: str
    form: str
    received_ms: int
    sent_ms: int | None
    decided_by: str
    day: str
    outcome: str
    selections: Selected
    voids: tuple[str, ...] = ()
    note: str = ""
    raw_sha256: str = ""
    raw: str = ""

    def pack(self) -> bytes:
        """The canonical bytes."""
        return pack(*self)


def pack(
    channel: str,
    source: str,
    message_id: str,
    line: str,
    given: str,
    voter: str,
    text: str,
    form: str,
    received_ms: int,
    sent_ms: int | None,
    decided_by: str,
    day: str,
    outcome: str,
    selections: Selected,
    voids: tuple[str, ...] = (),
    note: str = "",
    raw_sha256: str = "",
    raw: str = "",
) -> bytes:
    """An opening's canonical bytes: an ASCII JSON array without spaces: the version, the fields in order.

    Written out, because a general encoder takes three times as long: fields that are ours (names, numbers,
    hashes) need no escaping, and few selections differ.
    """
    return (
        f'["opening/v1","{channel}","{source}",{_text(message_id)},"{line}",{_text(given)},"{voter}",'
        f'{_text(text)},"{form}",{received_ms},{"null" if sent_ms is None else sent_ms},"{decided_by}",'
        f'"{day}","{outcome}",{_listed(selections)},{_listed(voids)},{_text(note)},"{raw_sha256}","{raw}"]'
    ).encode("ascii")


def unpack(opening: bytes) -> Opening:
    """The opening that `Opening.pack` wrote. Raises `BadEntry`."""
    try:
        version, *fields = json.loads(opening)
        if version != "opening/v1" or len(fields) != 18:
            raise BadEntry(f"not an opening: version {version!r}, {len(fields)} fields")
        fields[13] = selected(fields[13])
        fields[14] = tuple(fields[14])
        return Opening(*fields)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadEntry("not an opening") from error


def selected(told: Iterable[Iterable[str]]) -> Selected:
    """Selections as JSON has them. Raises `BadEntry`."""
    try:
        return tuple((contest, candidate, outcome) for contest, candidate, outcome in told)
    except (ValueError, TypeError) as error:
        raise BadEntry("these are not selections") from error


def commitment(blinding: bytes, opening: bytes) -> bytes:
    """HMAC-SHA-256 of an opening under its own random key, 32 bytes each."""
    return hmac.digest(blinding, opening, "sha256")


#: What HMAC (RFC 2104) adds to a key: bit by bit to the key itself, and to the zeros after it up to a block.
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))
_REST: Final = bytes(64 - BLINDING_BYTES)
_INNER_REST: Final = _REST.translate(_INNER)
_OUTER_REST: Final = _REST.translate(_OUTER)


def commitments(opened: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """The `commitment` of each of many: blinding key (of 32 bytes) and opening.

    Written out, because OpenSSL looks the algorithm up again for every key: two plain hashes take 0.6 of
    the time.
    """
    return [
        sha256(
            key.translate(_OUTER)
            + _OUTER_REST
            + sha256(key.translate(_INNER) + _INNER_REST + opening).digest()
        ).digest()
        for key, opening in opened
    ]


def event_time(sent_ms: int | None, grain_ms: int) -> str:
    """A sender's time at its own granularity, in Unix seconds."""
    if sent_ms is None:
        return "-"
    return str(sent_ms // 1000) if grain_ms >= 1000 else f"{sent_ms // 1000}.{sent_ms % 1000:03d}"


def message_leaf(
    campaign: str,
    outcome: str,
    received_ms: int,
    event: str,
    commit: bytes,
    selections: Selected | None = None,
) -> bytes:
    """A message's leaf. `selections` are what it tells everybody, None where ballots are sealed."""
    committed = binascii.b2a_base64(commit, newline=False).decode()
    if selections is None:
        return f"{MESSAGE}\n{campaign}\n{outcome}\n{received_ms}\n{event}\n{committed}\n".encode()
    told = _listed(selections)
    return f"{OPEN_MESSAGE}\n{campaign}\n{outcome}\n{received_ms}\n{event}\n{committed}\n{told}\n".encode()


def act_leaf(campaign: str, kind: str, at_ms: int, detail: Mapping[str, Any], commit: bytes = b"") -> bytes:
    """An act's leaf: `kind` is one of `acts.Kind`; `detail` is published as it stands.

    `commit` binds the act's private part, b"" if it has none.
    """
    if commit:
        detail = {**detail, "commit": binascii.b2a_base64(commit, newline=False).decode()}
    return f"{ACT}\n{campaign}\n{kind}\n{at_ms}\n-\n{_canonical(dict(sorted(detail.items())))}\n".encode()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf taken apart. `detail` is empty for a message; `commit` for an act without a private part.

    `selections` are what a message tells everybody, or what an act says are a message's from now on; None
    where ballots are sealed, and for every other act.
    """

    campaign: str
    kind: str
    at_ms: int
    event: str
    commit: bytes
    detail: Mapping[str, Any]
    is_message: bool
    selections: Selected | None = None


def read_leaf(leaf: bytes) -> Leaf:
    """Take a leaf apart. Raises `BadEntry`."""
    try:
        version, campaign, kind, at, event, last, *told, end = leaf.decode().split("\n")
        if end or len(told) != (version == OPEN_MESSAGE) or version not in (MESSAGE, OPEN_MESSAGE, ACT):
            raise BadEntry("not a leaf")
        if version == ACT:
            detail = json.loads(last)
            commit = _commit(detail["commit"]) if "commit" in detail else b""
            now = selected(detail["selections"]) if "selections" in detail else None
            return Leaf(campaign, kind, int(at), event, commit, detail, is_message=False, selections=now)
        chosen = _chosen(told[0]) if told else None
        return Leaf(campaign, kind, int(at), event, _commit(last), {}, is_message=True, selections=chosen)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadEntry("not a leaf") from error


def _chosen(told: str) -> Selected:
    chosen = selected(json.loads(told))
    if _canonical(chosen) != told:
        raise BadEntry("its selections are not as they are written")
    return chosen


def _commit(text: str) -> bytes:
    commit = base64.b64decode(text, validate=True)
    if len(commit) != 32:
        raise BadEntry("the commitment is not 32 bytes")
    return commit
