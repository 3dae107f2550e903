"""What is found out about entries, and about claims, from themselves alone: many at a time, in any order.

It is most of the work of a verification, and needs nothing that came before: so it can be done in other
processes (`gateway/checking/sharing.py`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import groupby
from typing import Final, NamedTuple

from dedup import keys
from gateway.intake.inbound import Form
from gateway.storage.reader import ClaimsKept
from gateway.storage.store import MINUTE_MS, Minute
from tally import bulk, entry, holdings, receipt
from tally.bulk import Columns, Said, Words
from tally.entry import Opening
from tally.outcome import MessageOutcome
from tally.seal import Sealer

_OUTCOMES: Final = frozenset(outcome.value for outcome in MessageOutcome)


class Asked(NamedTuple):
    """Entries of a node's log, which are to begin with `first`."""

    node: str
    first: int
    columns: Columns


class Beside(NamedTuple):
    """What must stand beside the ledger for a run of messages: the sum of their ids; of those that wait the
    entry and the key of the text; how many came when and how; the sum of their receipts. `last` is the number
    of the last."""

    ids: int
    waiting: list[tuple[int, str]]
    came: Counter[Minute]
    receipts: int
    last: int


class Run(NamedTuple):
    """Neighbours among entries: if all are messages as most are, what they say; `beside` if it was asked for.
    Else each must be looked at by itself."""

    length: int
    said: Said | None = None
    beside: Beside | None = None


class Claimed(NamedTuple):
    """What some claims are: the entries of such that no entry can have made (if there are any, no more is
    told); the sum of the ids; and the uses, with caller and entry."""

    unlawful: list[int]
    ids: int
    uses: list[tuple[str, int, holdings.Use]]


@dataclass(frozen=True, slots=True, repr=False)
class Looking:
    """What must be known to look at entries of one campaign.

    `apart` are the messages that acts are about, by node; `pending` the outcomes that wait for a person;
    `votes` how often each cap may be used: contest ("" over all contests) and cap; `has_receipts` whether
    messages have receipts. `salt` is drawn anew for each verification, and empty where nothing beside the
    ledger is asked for.
    """

    campaign: str
    sealing: bytes
    message: bytes
    apart: Mapping[str, frozenset[int]]
    pending: frozenset[str]
    votes: Mapping[tuple[str, str], int]
    has_receipts: bool
    salt: bytes = b""

    def entries(self, asked: Asked) -> list[Run]:
        """Entries, as runs of those that are alike."""
        node, first, (seqs, kinds, _, _, sealed) = asked
        apart = self.apart.get(node, frozenset())
        # Like most: a message that is there, and no act is about it.
        alike = [
            blob is not None and kind in _OUTCOMES and seq not in apart
            for seq, kind, blob in zip(seqs, kinds, sealed, strict=True)
        ]
        at, runs = 0, list[Run]()
        for is_alike, some in groupby(alike):
            end = at + len(list(some))
            columns = Columns._make(column[at:end] for column in asked.columns)
            runs.append(self._run(node, first + at, columns) if is_alike else Run(end - at))
            at = end
        return runs

    def _run(self, node: str, first: int, columns: Columns) -> Run:
        length, sealer = len(columns.seqs), _sealer(self.sealing, f"{self.campaign}/{node}")
        found = bulk.look(self.campaign, sealer, first, columns)
        if found is None:
            return Run(length)
        return Run(length, found[0], self._beside(first, columns.hashes, *found) if self.salt else None)

    def _beside(self, first: int, hashes: Sequence[bytes], said: Said, words: Words) -> Beside:
        messages = zip(map(bytes.decode, words.sources), map(bulk.text, words.message_ids), strict=True)
        names = keys.message_keys(self.message, messages)
        ids = zip(map(bytes.decode, said.voters), names, range(first, first + len(names)), strict=True)
        outcomes = {manner: bulk.ending(manner[1]).outcome for manner in said.by_manner}
        waits = {manner for manner, outcome in outcomes.items() if outcome in self.pending}
        waiting = [
            (first + at, self.text_key(entry.unpack(words.openings[at])))
            for at, manner in enumerate(said.manners if waits else ())
            if manner in waits
        ]
        minutes = [int(one) // MINUTE_MS for one in words.received_ms]
        came = Counter[Minute]()
        for (minute, source, manner), times in Counter(
            zip(minutes, words.sources, said.manners, strict=True)
        ).items():
            is_counted = outcomes[manner] == MessageOutcome.COUNTED
            came[Minute(minute * MINUTE_MS, source.decode(), is_counted)] += times
        return Beside(self.sum(ids), waiting, came, self.receipts(first, hashes), first + len(hashes) - 1)

    def text_key(self, opening: Opening) -> str:
        """What a message that waits has in common with those of the same text."""
        return keys.text_key(
            self.message, opening.raw_sha256 if opening.form == Form.UNPARSED else opening.text
        )

    def name(self, opening: Opening) -> str:
        """The key of a message's id."""
        return keys.message_key(self.message, opening.source, opening.message_id)

    def sum(self, ids: Iterable[tuple[str, object, int]]) -> int:
        """A number of ids kept (voter, key of the message, entry), in any order: they are compared by the sum
        of their hashes, so that none need be remembered.

        Nobody can have made two sums alike, who does not know the salt.
        """
        rows = [f"{voter} {name} {seq}".encode("utf-8", "replace") for voter, name, seq in ids]
        return sum(map(int.from_bytes, [sha256(self.salt + row).digest() for row in rows]))

    def receipts(self, first: int, hashes: Iterable[bytes]) -> int:
        """The same for the receipts of messages, from entry `first` on; 0 where none are given."""
        numbers = map(receipt.number, hashes) if self.has_receipts else ()
        return sum(self.receipt(seq, number) for seq, number in enumerate(numbers, first))

    def receipt(self, seq: int, number: int) -> int:
        """The same for one receipt."""
        return self.sum([("receipt", number, seq)])

    def claims(self, claims: ClaimsKept) -> Claimed:
        """What some claims are."""
        if unlawful := self._unlawful(claims):
            return Claimed(unlawful, 0, [])
        named, others = list[tuple[str, str, int]](), list[tuple[str, int, holdings.Use]]()
        own = dict[holdings.Use, holdings.Use]()  # few differ: to another process each goes once
        for voter, seq, use in uses(claims):
            if use[1] == "message":
                named.append((voter, use[2], seq))
            else:
                others.append((voter, seq, own.setdefault(use, use)))
        return Claimed([], self.sum(named), others)

    def _unlawful(self, claims: ClaimsKept) -> list[int]:
        """The entries of claims that no entry can have made, whatever it says. Few differ in what tells
        that."""
        _, contests, caps, _, ordinals, candidates, channels, seqs, have_log = claims
        shapes = [*zip(have_log, contests, caps, ordinals, candidates, channels, strict=True)]
        unlawful = {shape for shape in set(shapes) if not self._is_lawful(*shape)}
        found = zip(shapes, seqs, strict=True) if unlawful else ()
        return [seq for shape, seq in found if shape in unlawful]

    def _is_lawful(
        self, has_log: bool, contest: str, cap: str, ordinal: int, candidate: str, channel: str
    ) -> bool:
        """Whether there can be such claims: of an ordinal that the cap allows, and where they are the id of a
        message, of that alone, for what it was for stands with its uses."""
        most = 1 if cap in ("message", "void") else self.votes.get((contest, cap), 0)
        is_bare = cap != "message" or (contest, candidate, channel) == ("", "", "")
        return bool(has_log) and is_bare and ordinal in range(1, most + 1)


def uses(claims: ClaimsKept) -> Iterator[tuple[str, int, holdings.Use]]:
    """The caller, the entry and the use of each claim."""
    voters, contests, caps, periods, ordinals, candidates, channels, seqs, _ = claims
    found = zip(contests, caps, periods, ordinals, candidates, channels, strict=True)
    return zip(voters, seqs, found, strict=True)


@lru_cache(maxsize=16)
def _sealer(key: bytes, log: str) -> Sealer:
    return Sealer(key, log)
