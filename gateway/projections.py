"""Whether what is kept beside the ledger says what the ledger says: acts, cases, and what callers have used.

All of it follows from the entries. Who changes it changes no entry, but what is counted next, and what people
are shown: so it is made again, and compared.
"""

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from dedup import keys
from gateway.intake.inbound import Form
from gateway.intake.running import Running
from gateway.storage.reader import CaseKept, ClaimKept, Reader
from tally import bulk
from tally.acts import REVISIONS
from tally.bulk import Said
from tally.recount import Recount
from tally.verify import Checked, Tampered

#: A claim without its ordinal: voter in hex, contest, cap, period, candidate, channel, entry.
Use = tuple[str, str, str, str, str, str, int]
_Place = tuple[str, int]
_DIGEST_BYTES: Final = 16
_MODULUS: Final = 1 << 8 * _DIGEST_BYTES


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
        columns = zip(said.voters, said.sources, said.message_ids, strict=True)
        named = [
            (voter.decode(), keys.message_key(key, source.decode(), bulk.text(message_id)))
            for voter, source, message_id in columns
        ]
        ids = [self._digest(voter, name, seq) for seq, (voter, name) in enumerate(named, first)]
        self._ids = (self._ids + sum(ids)) % _MODULUS
        pending = {text for text in set(said.endings) if bulk.ending(text).outcome in self._running.pending}
        for at, text in enumerate(said.endings) if pending else ():
            if text in pending:
                unread = said.forms[at].decode() == Form.UNPARSED
                words = said.raw_sha256[at].decode() if unread else bulk.text(said.texts[at])
                self._cases[node, first + at] = _Case("waiting", keys.text_key(key, words))

    def _digest(self, voter: str, message_key: object, seq: int) -> int:
        """A number of an id kept: they are compared by the sum of theirs, so that none need be remembered.

        Its key is drawn anew for each verification: nobody can have made two sums alike.
        """
        row = f"{voter} {message_key} {seq}".encode("utf-8", "replace")
        return int.from_bytes(blake2b(row, digest_size=_DIGEST_BYTES, key=self._key).digest())

    def _see_message(self, place: _Place, checked: Checked) -> None:
        opening, pending = checked.opening, checked.leaf.kind in self._running.pending
        if opening is not None:
            self._ids = (self._ids + self._digest(*self._id(checked))) % _MODULUS
        if pending and opening is not None:
            words = opening.raw_sha256 if opening.form == Form.UNPARSED else opening.text
            self._cases[place] = _Case("waiting", keys.text_key(self._running.keys.message, words))
        elif pending:
            self._cases[place] = _Case("waiting", None)

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
        async with aclosing(reader.every_claim(self._running.id)) as claims:
            async for claim in claims:
                if not claim.has_log or not _is_ordinal(claim, votes) or not _is_bare(claim):
                    return _named([("", claim.seq)], "a use of a cap")
                if claim.cap == "message":
                    ids += self._digest(claim.voter, claim.period, claim.seq)
                elif _is_of_lone(claim, counting):
                    lone += 1
                else:
                    uses[_use(claim)] += 1
        # No two claims are alike but in what is not of the key, so each use was met once at most.
        holdings = counting.holdings
        held = Counter(holdings.held(lone=False))
        if held != uses or lone + held.total() != holdings.claims:
            held, uses = Counter(holdings.held()), await self._every(reader, lambda cap: cap != "message")
            if rows := [*(held - uses), *(uses - held)]:
                return _named([("", row[6]) for row in rows], "a use of a cap")
        if ids % _MODULUS == self._ids:
            return None
        left = await self._every(reader, lambda cap: cap == "message")
        lacking = []
        async for checked in again:
            if checked.opening is not None:
                voter, name, seq = self._id(checked)
                use = voter, "", "message", name, "", "", seq
                if left[use] > 0:
                    left[use] -= 1
                else:
                    lacking.append(("", seq))
        lacking += [("", use[6]) for use, count in left.items() if count > 0]
        return _named(lacking or [("", 0)], "the id kept")

    async def _every(self, reader: Reader, is_asked: Callable[[str], bool]) -> Counter[Use]:
        """All claims whose cap is asked for: much memory, where something is wrong."""
        found = Counter[Use]()
        async for claim in reader.every_claim(self._running.id):
            if is_asked(claim.cap):
                found[_use(claim)] += 1
        return found


def _is_of_lone(claim: ClaimKept, counting: Recount) -> bool:
    """Whether it is a use that its caller's only message makes."""
    uses, seq = counting.holdings.alone(claim.voter)
    return seq == claim.seq and claim[1:7] in uses


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


def _is_ordinal(claim: ClaimKept, votes: dict[tuple[str, str], int]) -> bool:
    most = 1 if claim.cap in ("message", "void") else votes.get((claim.contest, claim.cap), 0)
    return claim.ordinal in range(1, most + 1)


def _is_bare(claim: ClaimKept) -> bool:
    """Whether the id of a message stands alone: what it was for stands with its uses."""
    return claim.cap != "message" or (claim.contest, claim.candidate, claim.channel) == ("", "", "")


def _use(claim: ClaimKept) -> Use:
    return claim.voter, claim.contest, claim.cap, claim.period, claim.candidate, claim.channel, claim.seq


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
