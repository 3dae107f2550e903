"""Messages in bulk: a run of entries checked and read together, where every one is as we write them.

One by one, most of the time goes into calls and into objects that nobody looks at. Here a step is done for
all entries of a run before the next, on columns. It never says what is wrong: of a run in which anything is
unlike the rest it knows nothing, and `Verifier.check` looks at each of its entries.
"""

import binascii
import hmac
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple

from tally import entry, merkle
from tally.entry import Selected
from tally.verify import Stored, Verifier

#: A field of ours, and a text of somebody's, as `entry.pack` writes them. Nothing is tried twice ("*+").
_OURS: Final = rb'"[^"\\]*+"'
_TEXT: Final = rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_TRIPLE: Final = rb"\[%b,%b,%b\]" % (_OURS, _OURS, _OURS)
_LIST: Final = rb"\[(?:%b(?:,%b)*+)?\]"


def _asked(field: bytes) -> bytes:
    """The field as a group, without its quotation marks."""
    return b'"(' + field[1:-1] + b')"'


_OPENING: Final = re.compile(
    rb'^\["opening/v1",%b\]$'
    % b",".join(
        [
            _asked(_OURS),  # channel
            _asked(_OURS),  # source
            _asked(_TEXT),  # message_id
            _TEXT,  # line
            _TEXT,  # given
            rb'"([0-9a-f]{32})"',  # voter
            _asked(_TEXT),  # text
            _asked(_OURS),  # form
            rb"([0-9]++)",  # received_ms
            rb"(?:null|-?[0-9]++)",  # sent_ms
            _TEXT,  # decided_by
            b"(%b)"  # day, outcome, selections, voids
            % b",".join([_OURS, _OURS, _LIST % (_TRIPLE, _TRIPLE), _LIST % (_OURS, _OURS)]),
            _TEXT,  # note
            _asked(_OURS),  # raw_sha256
            _TEXT,  # raw
        ]
    ),
    re.MULTILINE,
)


class Said(NamedTuple):
    """What openings say, in columns, as their canonical JSON has it between quotation marks: bytes.

    `endings` are what `ending` takes apart; `told` says whether the leaves tell the selections, too.
    """

    channels: tuple[bytes, ...]
    sources: tuple[bytes, ...]
    message_ids: tuple[bytes, ...]
    voters: tuple[bytes, ...]
    texts: tuple[bytes, ...]
    forms: tuple[bytes, ...]
    received_ms: tuple[bytes, ...]
    endings: tuple[bytes, ...]
    raw_sha256: tuple[bytes, ...]
    told: bool


class Ending(NamedTuple):
    """How a message ended, and on which day; the fields are an opening's."""

    day: str
    outcome: str
    selections: Selected
    voids: tuple[str, ...]


@lru_cache(maxsize=1 << 16)
def ending(said: bytes) -> Ending:
    """One of `Said.endings`: few differ."""
    day, outcome, selections, voids = json.loads(b"[%b]" % said)
    return Ending(day, outcome, entry.selected(selections), tuple(voids))


def text(said: bytes) -> str:
    """One of `Said.message_ids` or `Said.texts`."""
    words: str = json.loads(b'"%b"' % said) if b"\\" in said else said.decode()
    return words


def check(verifier: Verifier, rows: Sequence[Stored]) -> Said | None:
    """What the openings of a run of messages say, once all was checked that `Verifier.check` checks, with
    the verifier moved past them; None, and it has not moved, if one of them must be looked at by itself."""
    if verifier.sealer is None:
        return None
    seqs, kinds, leaves, hashes, sealed = zip(*rows, strict=True)
    columns = ((seqs, int), (kinds, str), (leaves, bytes), (hashes, bytes), (sealed, bytes))
    if any(set(map(type, column)) != {kind} for column, kind in columns):
        return None
    if seqs != tuple(range(verifier.size, verifier.size + len(rows))):
        return None
    if tuple([sha256(b"\x00" + leaf).digest() for leaf in leaves]) != hashes:
        return None
    try:
        opened = list(map(verifier.sealer.open, seqs, sealed))
    except entry.BadEntry:
        return None
    said = read([opening for _, opening in opened])
    if said is None:
        return None
    commits = [binascii.b2a_base64(hmac.digest(*pair, "sha256"), newline=False) for pair in opened]
    lines = _lines(leaves)
    if not lines:
        return None
    width = len(lines) // len(leaves)
    ends = list(map(ending, said.endings))
    told = width == _OPEN_LINES
    if (
        lines[0::width] != [_VERSIONS[told]] * len(leaves)
        or lines[1::width] != [verifier.campaign.encode()] * len(leaves)
        or lines[2::width] != [kind.encode() for kind in kinds]
        or list(kinds) != [one.outcome for one in ends]
        or lines[3::width] != list(said.received_ms)
        or lines[5::width] != commits
        or (told and lines[6::width] != [_listed(one.selections) for one in ends])
    ):
        return None
    verifier.size, verifier.frontier = merkle.extend(verifier.size, verifier.frontier, hashes)
    verifier.last_ms = int(said.received_ms[-1])
    return said._replace(told=told)


def read(openings: Sequence[bytes]) -> Said | None:
    """What openings say, None if one of them is not in our own words.

    No line break is in any of ours: as many lines that match as there are openings are these.
    """
    found = _OPENING.findall(b"\n".join(openings))
    if len(found) != len(openings) or any(b"\n" in one for one in openings):
        return None
    return Said._make([*zip(*found, strict=True), False])


_CLOSED_LINES: Final = 6
_OPEN_LINES: Final = 7
_VERSIONS: Final = (entry.MESSAGE.encode(), entry.OPEN_MESSAGE.encode())


def _lines(leaves: Sequence[bytes]) -> list[bytes]:
    """The lines of all leaves, if they have as many each as a message's leaf has; else none."""
    counts = {leaf.count(b"\n") for leaf in leaves}
    if counts not in ({_CLOSED_LINES}, {_OPEN_LINES}):
        return []
    *lines, rest = b"".join(leaves).split(b"\n")
    return [] if rest else lines


@lru_cache(maxsize=4096)
def _listed(selections: Selected) -> bytes:
    return json.dumps(selections, separators=(",", ":")).encode()
