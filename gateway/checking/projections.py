"""Whether what is kept beside the ledger says what the ledger says: acts, cases, and what callers have used.

All of it follows from the entries. Who changes it changes no entry, but what is counted next, and what people
are shown: so it is made again, and compared.
"""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import Any, NamedTuple

from gateway.checking import looking
from gateway.checking.looking import Beside, Looking
from gateway.checking.sharing import Shares
from gateway.intake.running import Running
from gateway.storage.reader import CaseKept, ClaimsKept, Reader
from tally import holdings
from tally.acts import REVISIONS
from tally.recount import Recount
from tally.verify import Checked, Tampered

#: A claim without its ordinal: voter in hex, contest, cap, period, candidate, channel, entry.
Use = tuple[str, str, str, str, str, str, int]
_Place = tuple[str, int]


class _Case(NamedTuple):
    state: str
    text_key: str | None


class Projections:
    """Feed every entry with `see`, in order, or what a run of them was found to be with `take`; then ask."""

    def __init__(self, running: Running, looking: Looking) -> None:
        self._running, self._looking = running, looking
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

    def take(self, node: str, beside: Beside) -> None:
        """A run of messages of a node's log, none of which an act is about."""
        self._ids += beside.ids
        for seq, text_key in beside.waiting:
            self._cases[node, seq] = _Case("waiting", text_key)

    def _see_message(self, place: _Place, checked: Checked) -> None:
        opening, pending = checked.opening, checked.leaf.kind in self._running.pending
        if opening is not None:
            self._ids += self._looking.sum([self._id(checked)])
        if pending:
            self._cases[place] = _Case(
                "waiting", None if opening is None else self._looking.text_key(opening)
            )

    def _id(self, checked: Checked) -> tuple[str, str, int]:
        opening = checked.opening
        assert opening is not None
        return opening.voter, self._looking.name(opening), checked.seq

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
        self, reader: Reader, shares: Shares[Looking], counting: Recount, again: AsyncIterator[Checked]
    ) -> Tampered | None:
        """The first entry by which something else is used up. `again` gives the entries once more."""
        ids, uses, lone = 0, Counter[Use](), 0
        async with aclosing(shares.each(Looking.claims, self._every_claim(reader))) as chunks:
            async for _, claimed in chunks:
                if claimed.unlawful:
                    return _named([("", claimed.unlawful[0])], "a use of a cap")
                ids += claimed.ids
                for voter, seq, use in claimed.uses:
                    if counting.holdings.is_alone(voter, use, seq):
                        lone += 1
                    else:
                        uses[_without_ordinal(voter, use, seq)] += 1
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

    async def _every_claim(self, reader: Reader) -> AsyncGenerator[tuple[None, ClaimsKept], None]:
        async with aclosing(reader.every_claim(self._running.id)) as chunks:
            async for claims in chunks:
                yield None, claims

    async def _every(self, reader: Reader, is_asked: Callable[[str], bool]) -> Counter[Use]:
        """All claims whose cap is asked for: much memory, where something is wrong."""
        found = Counter[Use]()
        async for claims in reader.every_claim(self._running.id):
            for voter, seq, use in looking.uses(claims):
                if is_asked(use[1]):
                    found[_without_ordinal(voter, use, seq)] += 1
        return found


def _is_right(wanted: _Case | None, kept: CaseKept | None) -> bool:
    if wanted is None or kept is None:
        return wanted is None and kept is None
    # A database from before there were cases has no keys of texts; what was erased has none any more.
    return wanted.state == kept.state and kept.text_key in ("", wanted.text_key or "")


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
