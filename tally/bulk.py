"""Messages in bulk: a run of entries checked and read together, where every one is as we write them.

One by one, most of the time goes into calls and into objects that nobody looks at. Here a step is done for
all entries of a run before the next, on columns. It never says what is wrong: of a run in which anything is
unlike the rest it knows nothing, and `Verifier.check` looks at each of its entries. Nothing that came before
the run is needed: runs may be looked at in any order, and anywhere.
"""

import binascii
import json
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, repeat
from typing import Final, NamedTuple, cast

from tally import entry, merkle
from tally.entry import Selected
from tally.verify import Opens


def _opening(ours: bytes, theirs: bytes) -> re.Pattern[bytes]:
    """What finds openings, each a line, as `entry.pack` writes them, given what a field of ours and a text
    of somebody's look like between quotation marks. The voter may be anything."""
    own, text = b'"%b"' % ours, b'"%b"' % theirs
    several = rb"\[(?:%b(?:,%b)*+)?\]"
    triple = rb"\[%b,%b,%b\]" % (own, own, own)
    fields = [
        b'"(%b)"' % ours,  # channel
        b'"(%b)"' % ours,  # source
        b'"(%b)"' % theirs,  # message_id
        text,  # line
        text,  # given
        b'"(%b)"' % ours,  # voter
        text,  # text
        own,  # form
        rb"([0-9]{1,18}+)",  # received_ms
        rb"(?:null|-?[0-9]++)",  # sent_ms
        text,  # decided_by
        b"(%b)"  # day, outcome, selections, voids
        % b",".join([own, own, several % (triple, triple), several % (own, own)]),
        text,  # note
        own,  # raw_sha256
        text,  # raw
    ]
    return re.compile(rb'^\["opening/v1",%b\]$' % b",".join(fields), re.MULTILINE)


#: Nothing is tried twice ("*+").
_ANY: Final = _opening(rb'[^"\\]*+', rb'[^"\\\n]*+(?:\\.[^"\\\n]*+)*+')
#: Where no quotation mark is escaped, every one of them begins or ends a string. To look for nothing else
#: takes a third of the time.
_PLAIN: Final = _opening(rb'[^"]*+', rb'[^"]*+')

#: What stands in no JSON but escaped; a line break tells openings apart.
_CONTROLS: Final = bytes(range(32)).replace(b"\n", b"")
#: What may be escaped in JSON, and how.
_ESCAPE: Final = re.compile(rb'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})')
_HEX: Final = b"0123456789abcdef"
_VOTER_DIGITS: Final = 32

#: What messages have in common that came by one channel and ended alike: the channel, and what `ending`
#: takes apart.
Manner = tuple[bytes, bytes]


class Said(NamedTuple):
    """What openings say that is counted, in columns, as their canonical JSON has it between quotation marks:
    bytes.

    `manners` are few; `by_manner` is how many messages have each. `latest_ms` is when the latest of them was
    received. `told` says whether the leaves tell the selections, too.
    """

    manners: tuple[Manner, ...]
    by_manner: Counter[Manner]
    voters: tuple[bytes, ...]
    latest_ms: int
    told: bool = False


class Words(NamedTuple):
    """The rest of what they say, in columns; `text` reads a message id."""

    sources: tuple[bytes, ...]
    message_ids: tuple[bytes, ...]
    received_ms: tuple[bytes, ...]
    openings: Sequence[bytes]


class Columns(NamedTuple):
    """Rows of a ledger in columns: see `verify.Stored`. What was changed may be of any type."""

    seqs: tuple[int, ...]
    kinds: tuple[str, ...]
    leaves: tuple[bytes, ...]
    hashes: tuple[bytes, ...]
    sealed: tuple[bytes | None, ...]


class Ending(NamedTuple):
    """How a message ended, and on which day; the fields are an opening's."""

    day: str
    outcome: str
    selections: Selected
    voids: tuple[str, ...]


@lru_cache(maxsize=1 << 16)
def ending(said: bytes) -> Ending:
    """How messages of a `Manner` ended: few differ."""
    day, outcome, selections, voids = json.loads(b"[%b]" % said)
    return Ending(day, outcome, entry.selected(selections), tuple(voids))


def text(said: bytes) -> str:
    """One of `Words.message_ids`."""
    words: str = json.loads(b'"%b"' % said) if b"\\" in said else said.decode()
    return words


def look(campaign: str, sealer: Opens, first: int, run: Columns) -> tuple[Said, Words] | None:
    """What the openings of a run of messages say that is to begin with entry `first`, once all was checked
    that `Verifier.check` checks; None if one of them must be looked at by itself."""
    seqs, kinds, leaves, hashes, sealed = run
    if any(set(map(type, column)) != {kind} for column, kind in zip(run, _TYPES, strict=True)):
        return None
    if seqs != tuple(range(first, first + len(seqs))):
        return None
    if tuple(merkle.leaf_hashes(leaves)) != hashes:
        return None
    try:
        opened = list(map(sealer.open, seqs, cast("tuple[bytes, ...]", sealed)))
    except entry.BadEntry:
        return None
    found = read([opening for _, opening in opened])
    lines = _lines(leaves)
    if found is None or not lines:
        return None
    said, words = found
    told = len(lines) == _OPEN_LINES
    versions, campaigns, outcomes, times, _, commits, *chosen = lines
    # Of these columns few rows differ: each is looked at once.
    for *leaf, kind, (_, ended) in set(
        zip(versions, campaigns, outcomes, *chosen, kinds, said.manners, strict=True)
    ):
        end = ending(ended)
        wanted = [_VERSIONS[told], campaign.encode(), end.outcome.encode()]
        if kind != end.outcome or leaf != wanted + [_listed(end.selections)] * told:
            return None
    if times != list(words.received_ms) or commits != _commits(opened):
        return None
    return said._replace(told=told), words


def read(openings: Sequence[bytes]) -> tuple[Said, Words] | None:
    """What openings say, None if one of them is not in our own words.

    No line break is in any of ours: as many lines that match as there are openings are these.
    """
    lines = b"\n".join(openings)
    if not lines.isascii() or len(lines.translate(None, _CONTROLS)) != len(lines):
        return None
    is_unescaped = b"\\" not in lines or b'\\"' not in lines
    found = (_PLAIN if is_unescaped else _ANY).findall(lines)
    if len(found) != len(openings) or lines.count(b"\n") != len(openings) - 1:
        return None
    channels, sources, message_ids, voters, received_ms, endings = zip(*found, strict=True)
    by_manner = Counter(zip(channels, endings, strict=True))
    # The same few objects again and again: to another process each goes once.
    own = {manner: manner for manner in by_manner}
    manners = tuple(map(own.__getitem__, zip(channels, endings, strict=True)))
    ours = [*chain.from_iterable(by_manner), *set(sources)]
    if not all(map(_is_plain, ours)):
        return None
    if set(map(len, voters)) != {_VOTER_DIGITS} or b"".join(voters).translate(None, _HEX):
        return None
    if b"\\" in lines and b"\\" in _ESCAPE.sub(b"", lines):
        return None
    said = Said(manners, by_manner, voters, max(map(int, received_ms)))
    return said, Words(sources, message_ids, received_ms, openings)


def _is_plain(words: bytes) -> bool:
    """Whether they stand for themselves: nothing in them is escaped, or would have to be."""
    return b"\\" not in words and words.isascii() and words.decode().isprintable()


def _commits(opened: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """The commitments to openings, under the key before each, as leaves have them."""
    return [binascii.b2a_base64(one, newline=False) for one in entry.commitments(opened)]


_TYPES: Final = (int, str, bytes, bytes, bytes)
_CLOSED_LINES: Final = 6
_OPEN_LINES: Final = 7
_VERSIONS: Final = (entry.MESSAGE.encode(), entry.OPEN_MESSAGE.encode())


def _lines(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The first lines of all leaves, their second lines and so on, if they have as many each as a message's
    leaf has, with nothing after the last; else none."""
    counts = set(map(bytes.count, leaves, repeat(b"\n")))
    if counts not in ({_CLOSED_LINES}, {_OPEN_LINES}):
        return []
    (width,) = counts
    pieces = b"\n".join(leaves).split(b"\n")  # of each its lines, and what comes after the last
    *lines, rest = (pieces[at :: width + 1] for at in range(width + 1))
    return [] if any(rest) else lines


@lru_cache(maxsize=4096)
def _listed(selections: Selected) -> bytes:
    return json.dumps(selections, separators=(",", ":")).encode()
