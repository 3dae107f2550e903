"""Whether what is kept beside the ledger says what the ledger says: acts, cases, and what callers have used.

All of it follows from the entries. Who changes it changes no entry, but what is counted next, and what people
are shown: so it is made again, and compared.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, Final, NamedTuple

from dedup import keys
from gateway.intake.inbound import Form
from gateway.intake.running import Running
from gateway.storage.reader import CaseKept, ClaimKept, Reader
from tally.acts import REVISIONS
from tally.recount import Recount
from tally.verify import Checked, Tampered

#: A claim without its ordinal: voter in hex, contest, cap, period, candidate, channel, entry.
Use = tuple[str, str, str, str, str, str, int]
_Place = tuple[str, int]
_MODULUS: Final = 1 << 128


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

    def _see_message(self, place: _Place, checked: Checked) -> None:
        opening, pending = checked.opening, checked.leaf.kind in self._running.pending
        if opening is not None:
            self._ids = (self._ids + _digest(self._id(checked))) % _MODULUS
        if pending and opening is not None:
            words = opening.raw_sha256 if opening.form == Form.UNPARSED else opening.text
            self._cases[place] = _Case("waiting", keys.text_key(self._running.keys.message, words))
        elif pending:
            self._cases[place] = _Case("waiting", None)

    def _id(self, checked: Checked) -> Use:
        opening = checked.opening
        assert opening is not None
        key = keys.message_key(self._running.keys.message, opening.source, opening.message_id)
        return opening.voter, "", "message", key, "", "", checked.seq

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
        ids, uses, votes = 0, Counter[Use](), _most(counting)
        async for claim in reader.every_claim(self._running.id):
            use = _use(claim)
            if claim.cap == "message":
                ids = (ids + _digest(use)) % _MODULUS
            else:
                uses[use] += 1
            if not claim.has_log or not _is_ordinal(claim, votes):
                return _named([("", claim.seq)], "a use of a cap")
        held = Counter(counting.held())
        if held != uses:
            rows = [*(held - uses), *(uses - held)]
            return _named([("", row[6]) for row in rows], "a use of a cap")
        if ids == self._ids:
            return None
        left = Counter[Use]()
        async for claim in reader.every_claim(self._running.id):
            if claim.cap == "message":
                left[_use(claim)] += 1
        lacking = []
        async for checked in again:
            if checked.opening is not None:
                use = self._id(checked)
                if left[use] > 0:
                    left[use] -= 1
                else:
                    lacking.append(("", checked.seq))
        lacking += [("", use[6]) for use, count in left.items() if count > 0]
        return _named(lacking or [("", 0)], "the id kept")


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


def _use(claim: ClaimKept) -> Use:
    return claim.voter, claim.contest, claim.cap, claim.period, claim.candidate, claim.channel, claim.seq


def _digest(use: Use) -> int:
    """A number of a row: rows are compared by the sum of theirs, so that none need be remembered."""
    return int.from_bytes(keys.derive(b"televote", repr(use), 16))


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
