"""Whether what is kept beside the ledger says what the ledger says: acts, cases, and what callers have used.

All of it follows from the entries. Who changes it changes no entry, but what is counted next, and what people
are shown: so it is made again, and compared.
"""

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing
from hashlib import sha256
from typing import Any, NamedTuple

from dedup import keys
from gateway.intake.inbound import Form
from gateway.intake.running import Running
from gateway.storage.reader import CaseKept, ClaimsKept, Reader
from tally import bulk, entry, holdings
from tally.acts import REVISIONS
from tally.bulk import Said
from tally.entry import Opening
from tally.recount import Recount
from tally.verify import Checked, Tampered

#: A claim without its ordinal: voter in hex, contest, cap, period, candidate, channel, entry.
Use = tuple[str, str, str, str, str, str, int]
_Place = tuple[str, int]


class _Case(NamedTuple):
    state: str
    text_key: str | None


class Projections:
    """Feed every entry with `see`, in order; then ask."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._acts: dict[_Place, _Place | None] = {}
        self._cases: dict[_Place, _Case] = {}
        self._ids = 0
        self._key = secrets.token_bytes(32)

    def see(self, node: str, checked: Checked) -> None:
        """One entry of a node's log."""
        place, leaf = (node, checked.seq), checked.leaf
        if leaf.is_message:
            self._see_message(place, checked)
            return
        about = (leaf.detail["node"], leaf.detail["entry"]) if leaf.kind in REVISIONS else None
        self._acts[place] = about
        if about is not None:
            state = "disputed" if leaf.kind == "dispute" else "ruled"
            self._cases[about] = self._cases.get(about, _Case("", ""))._replace(state=state)
        if leaf.kind == "erase":
            spans = leaf.detail["entries"]
            for of, seq in self._cases:
                if any(first <= seq <= last for first, last in spans.get(of, ())):
                    self._cases[of, seq] = _Case("ruled", "")

    def messages(self, node: str, first: int, said: Said) -> None:
        """A run of messages from entry `first` on, none of which an act is about."""
        key = self._running.keys.message
        messages = zip(map(bytes.decode, said.sources), map(bulk.text, said.message_ids), strict=True)
        names = keys.message_keys(key, messages)
        ids = zip(map(bytes.decode, said.voters), names, range(first, first + len(names)), strict=True)
        self._ids += self._sum(ids)
        waiting = {
            manner for manner in said.by_manner if bulk.ending(manner[1]).outcome in self._running.pending
        }
        for at, manner in enumerate(said.manners) if waiting else ():
            if manner in waiting:
                self._wait((node, first + at), entry.unpack(said.openings[at]))

    def _sum(self, ids: Iterable[tuple[str, object, int]]) -> int:
        """A number of ids kept (voter, key of the message, entry), in any order: they are compared by the sum
        of their hashes, so that none need be remembered.

        Their key is drawn anew for each verification: nobody can have made two sums alike.
        """
        key = self._key
        rows = [f"{voter} {name} {seq}".encode("utf-8", "replace") for voter, name, seq in ids]
        return sum(map(int.from_bytes, [sha256(key + row).digest() for row in rows]))

    def _see_message(self, place: _Place, checked: Checked) -> None:
        opening, pending = checked.opening, checked.leaf.kind in self._running.pending
        if opening is not None:
            self._ids += self._sum([self._id(checked)])
        if pending and opening is not None:
            self._wait(place, opening)
        elif pending:
            self._cases[place] = _Case("waiting", None)

    def _wait(self, place: _Place, opening: Opening) -> None:
        words = opening.raw_sha256 if opening.form == Form.UNPARSED else opening.text
        self._cases[place] = _Case("waiting", keys.text_key(self._running.keys.message, words))

    def _id(self, checked: Checked) -> tuple[str, str, int]:
        opening = checked.opening
        assert opening is not None
        name = keys.message_key(self._running.keys.message, opening.source, opening.message_id)
        return opening.voter, name, checked.seq

    async def acts_and_cases(self, reader: Reader) -> Tampered | None:
        """The first entry of which another act or case is kept. Raises `Unavailable`."""
        kept = {(node, seq): about for node, seq, about in await reader.every_act(self._running.id)}
        if fault := _first(self._acts, kept, "the act kept"):
            return fault
        cases = {(one.node, one.seq): one for one in await reader.every_case(self._running.id)}
        wrong = {
            place
            for place in self._cases.keys() | cases.keys()
            if not _is_right(self._cases.get(place), cases.get(place))
        }
        return _named(wrong, "the case kept") if wrong else None

    async def claims(
        self, reader: Reader, counting: Recount, again: AsyncIterator[Checked]
    ) -> Tampered | None:
        """The first entry by which something else is used up. `again` gives the entries once more."""
        ids, uses, lone, votes = 0, Counter[Use](), 0, _most(counting)
        async with aclosing(reader.every_claim(self._running.id)) as chunks:
            async for claims in chunks:
                if fault := _unlawful(claims, votes):
                    return fault
                named = []
                for voter, seq, use in _uses(claims):
                    _, cap, period, *_ = use
                    if cap == "message":
                        named.append((voter, period, seq))
                    elif counting.holdings.is_alone(voter, use, seq):
                        lone += 1
                    else:
                        uses[_without_ordinal(voter, use, seq)] += 1
                ids += self._sum(named)
        # No two claims are alike but in what is not of the key, so each use was met once at most.
        used = counting.holdings
        held = Counter(used.held(lone=False))
        if held != uses or lone + held.total() != used.claims:
            held, uses = Counter(used.held()), await self._every(reader, lambda cap: cap != "message")
            if rows := [*(held - uses), *(uses - held)]:
                return _named([("", row[6]) for row in rows], "a use of a cap")
        if ids == self._ids:
            return None
        left = await self._every(reader, lambda cap: cap == "message")
        lacking = []
        async for checked in again:
            if checked.opening is not None:
                voter, name, seq = self._id(checked)
                own = voter, "", "message", name, "", "", seq
                if left[own] > 0:
                    left[own] -= 1
                else:
                    lacking.append(("", seq))
        lacking += [("", one[6]) for one, count in left.items() if count > 0]
        return _named(lacking or [("", 0)], "the id kept")

    async def _every(self, reader: Reader, is_asked: Callable[[str], bool]) -> Counter[Use]:
        """All claims whose cap is asked for: much memory, where something is wrong."""
        found = Counter[Use]()
        async for claims in reader.every_claim(self._running.id):
            for voter, seq, use in _uses(claims):
                if is_asked(use[1]):
                    found[_without_ordinal(voter, use, seq)] += 1
        return found


def _is_right(wanted: _Case | None, kept: CaseKept | None) -> bool:
    if wanted is None or kept is None:
        return wanted is None and kept is None
    # A database from before there were cases has no keys of texts; what was erased has none any more.
    return wanted.state == kept.state and kept.text_key in ("", wanted.text_key or "")


def _most(counting: Recount) -> dict[tuple[str, str], int]:
    """How often each cap may be used: contest and cap, "" over all contests."""
    rules = counting.rules
    caps = [(contest, *cap) for contest, several in rules.caps.items() for cap in several]
    return {(where, per): votes for where, per, votes in [*caps, *(("", *cap) for cap in rules.total)]}


def _unlawful(claims: ClaimsKept, votes: dict[tuple[str, str], int]) -> Tampered | None:
    """The first claim that no entry can have made, whatever it says. Few differ in what tells that."""
    _, contests, caps, _, ordinals, candidates, channels, seqs, have_log = claims
    shapes = [*zip(have_log, contests, caps, ordinals, candidates, channels, strict=True)]
    unlawful = {shape for shape in set(shapes) if not _is_lawful(votes, *shape)}
    for shape, seq in zip(shapes, seqs, strict=True) if unlawful else ():
        if shape in unlawful:
            return _named([("", seq)], "a use of a cap")
    return None


def _is_lawful(
    votes: dict[tuple[str, str], int],
    has_log: bool,
    contest: str,
    cap: str,
    ordinal: int,
    candidate: str,
    channel: str,
) -> bool:
    """Whether there can be such claims: of an ordinal that the cap allows, and where they are the id of a
    message, of that alone, for what it was for stands with its uses."""
    most = 1 if cap in ("message", "void") else votes.get((contest, cap), 0)
    is_bare = cap != "message" or (contest, candidate, channel) == ("", "", "")
    return bool(has_log) and is_bare and ordinal in range(1, most + 1)


def _uses(claims: ClaimsKept) -> Iterator[tuple[str, int, holdings.Use]]:
    """The caller, the entry and the use of each claim."""
    voters, contests, caps, periods, ordinals, candidates, channels, seqs, _ = claims
    uses = zip(contests, caps, periods, ordinals, candidates, channels, strict=True)
    return zip(voters, seqs, uses, strict=True)


def _without_ordinal(voter: str, use: holdings.Use, seq: int) -> Use:
    contest, cap, period, _, candidate, channel = use
    return voter, contest, cap, period, candidate, channel, seq


def _first(
    wanted: dict[_Place, _Place | None], kept: dict[_Place, _Place | None], what: str
) -> Tampered | None:
    wrong = [
        place
        for place in wanted.keys() | kept.keys()
        if place not in wanted or place not in kept or wanted[place] != kept[place]
    ]
    return _named(wrong, what) if wrong else None


def _named(places: Iterable[_Place], what: str) -> Tampered:
    seq = min(_numbers(places), default=0)
    return Tampered(seq, f"{what} beside the ledger is not what the ledger says")


def _numbers(places: Iterable[tuple[Any, Any]]) -> Iterator[int]:
    """The entries, as far as what a damaged file has is one."""
    for _, seq in places:
        if isinstance(seq, int):
            yield seq
