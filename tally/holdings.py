"""What callers hold: which uses of the caps their messages have made, and which marks void their votes.

Most callers send one message, and no act is about it. Of these only its kind and entry are kept, by the
caller's pseudonym: some 180 bytes a caller. All about a caller is worked out once there is more to say.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from tally.bulk import Ending
from tally.count import TotalKey, Totals
from tally.rules import Rules

#: A use of a cap but for whose it is: contest ("" over all contests), cap, period, how manieth, candidate,
#: channel.
Use = tuple[str, str, str, int, str, str]

#: Where a message stands: node and entry.
Where = tuple[str, int]

#: A lone message is kept as its kind's number and, in the bits below, its entry.
_ENTRY_BITS: Final = 40
_ENTRY: Final = (1 << _ENTRY_BITS) - 1


@dataclass(frozen=True, slots=True)
class Kind:
    """What messages have in common that end alike, on one node, by one channel, on one day.

    `counted` are (contest, candidate). A message is quiet if its caller has used nothing by it; lawful if it
    has votes, and nothing is wrong with it as its caller's only one: then it makes these `uses`.
    """

    number: int
    node: str
    channel: str
    ended: Ending
    counted: tuple[tuple[str, str], ...]
    uses: tuple[Use, ...]
    is_quiet: bool
    is_lawful: bool


class Vote(NamedTuple):
    """One counted selection of a caller in a contest. `use` says what became of its uses of the caps."""

    node: str
    seq: int
    channel: str
    candidate: str
    day: str
    counted: bool = True
    use: Literal["held", "muted", "free"] = "held"


@dataclass(slots=True)
class Holdings:
    """Held to the caps by counters of its own.

    `totals` and `faults` are the recount's: what a mark voids moves in the one, and what breaks a cap goes
    into the other as a sentence. `claims` is how many uses of caps, and void marks, there are.
    """

    rules: Rules
    totals: Totals
    faults: list[str]
    claims: int = 0
    _kinds: dict[tuple[str, str, Ending], Kind] = field(default_factory=dict)
    _by_number: dict[int, Kind] = field(default_factory=dict)
    _by_vote: dict[tuple[str, str, str], list[tuple[str, str, str, int]]] = field(default_factory=dict)
    _lone: dict[bytes, int] = field(default_factory=dict)
    _known: set[bytes] = field(default_factory=set)
    _used: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _votes: dict[tuple[str, str], list[Vote]] = field(default_factory=dict)
    _marks: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    # ---- messages -------------------------------------------------------------------------------------

    def kind(self, node: str, channel: str, ended: Ending) -> Kind:
        """The kind of such messages."""
        kind = self._kinds.get((node, channel, ended))
        if kind is None:
            kind = self._new_kind(node, channel, ended)
            self._kinds[node, channel, ended] = self._by_number[kind.number] = kind
        return kind

    def _new_kind(self, node: str, channel: str, ended: Ending) -> Kind:
        counted = tuple(one[:2] for one in ended.selections if one[2] == "counted")
        sound = bool(counted) == (ended.outcome == "counted") and self.rules.candidates.issuperset(counted)
        uses, held, lawful = list[Use](), Counter[tuple[str, str, str]](), sound and not ended.voids
        for contest, candidate in counted if lawful else ():
            for where, per, period, votes in self._caps(contest, candidate, ended.day):
                held[where, per, period] += 1
                uses.append((where, per, period, held[where, per, period], candidate, channel))
                lawful = lawful and held[where, per, period] <= votes
        number = len(self._kinds) << _ENTRY_BITS
        quiet = sound and not counted and not ended.voids
        return Kind(number, node, channel, ended, counted, tuple(uses), quiet, lawful and not quiet)

    def take_run(self, first: int, voters: Sequence[bytes], kinds: Iterable[Kind]) -> None:
        """What messages from entry `first` on are to their callers, none of which an act is about."""
        several = self._several(voters)
        for seq, (voter, kind) in enumerate(zip(voters, kinds, strict=True), first):
            if kind.is_lawful and voter not in several:
                self._lone[voter] = kind.number + seq
                self.claims += len(kind.uses)
            elif not kind.is_quiet:
                self.take(kind, voter.decode(), seq)

    def _several(self, voters: Sequence[bytes]) -> Set[bytes]:
        """Callers of these messages that have another one, before or among these."""
        twice = {voter for voter, messages in Counter(voters).items() if messages > 1}
        return twice | (self._lone.keys() & voters) | self._known.intersection(voters)

    def take(self, kind: Kind, voter: str, seq: int) -> None:
        """What a message is to its caller."""
        if kind.is_quiet:
            return
        self.learn(voter)
        for contest in kind.ended.voids:
            self.void(voter, contest, kind.channel, seq)
        self._cast(kind, voter, seq)
        outcome = kind.ended.outcome
        if bool(kind.counted) != (outcome == "counted"):
            self.faults.append(f"entry {seq}: outcome {outcome} with {len(kind.counted)} counted selections")

    def learn(self, voter: str) -> None:
        """From now on all about this caller is kept."""
        name = voter.encode()
        self._known.add(name)
        lone = self._lone.pop(name, None)
        if lone is not None:
            kind = self._by_number[lone & ~_ENTRY]
            self.claims -= len(kind.uses)
            self._cast(kind, voter, lone & _ENTRY)

    def _cast(self, kind: Kind, voter: str, seq: int) -> None:
        for contest, candidate in kind.counted:
            self.count(contest, voter, Vote(kind.node, seq, kind.channel, candidate, kind.ended.day))

    # ---- votes ----------------------------------------------------------------------------------------

    def count(self, contest: str, voter: str, vote: Vote) -> None:
        """A vote of a caller of whom all is kept, who uses the caps by it."""
        if (contest, vote.candidate) not in self.rules.candidates:
            self.faults.append(f"entry {vote.seq}: no candidate {vote.candidate} in contest {contest}")
            return
        self._votes.setdefault((voter, contest), []).append(vote)
        for where, per, period, votes in self._caps(contest, vote.candidate, vote.day):
            used = voter, f"{where} {per}", period
            self._used[used] += 1
            self.claims += 1
            if self._used[used] > votes:
                of = where or "the campaign"
                self.faults.append(f"entry {vote.seq}: a caller has over {votes} votes per {per} in {of}")
        if (voter, contest) in self._marks:  # it came first, in another node's log
            self._turn(voter, contest, counted=False)

    def void(self, voter: str, contest: str, channel: str, seq: int) -> None:
        """A vote over the cap voids the caller's votes in a contest: the `void_all` rule."""
        self.claims += 1
        self._marks[voter, contest] = channel, seq
        self._turn(voter, contest, counted=False)

    def take_back(self, place: Where, voter: str, contests: Iterable[str], *, mute: bool) -> None:
        """What a message's votes have used comes free, or stays used with no vote behind it (`mute`)."""
        for contest in contests:
            votes = self._votes.get((voter, contest), [])
            for at, vote in enumerate(votes):
                if (vote.node, vote.seq) == place:
                    muted = vote._replace(use="muted" if vote.use == "held" else vote.use)
                    votes[at] = (muted if mute else self._free(contest, voter, vote))._replace(counted=False)

    def unmark(self, voter: str, contests: Iterable[str]) -> None:
        """The message that voided a caller's votes in these contests is taken back: they count again."""
        for contest in contests:
            self.claims -= 1
            self._marks.pop((voter, contest), None)
            self._turn(voter, contest, counted=True)

    def free_candidate(self, contest: str, candidate: str) -> None:
        """Whoever voted for a candidate gets the votes back."""
        of = {number for number, kind in self._by_number.items() if (contest, candidate) in kind.counted}
        for name in [name for name, lone in self._lone.items() if lone & ~_ENTRY in of]:
            self.learn(name.decode())
        for (voter, where), votes in self._votes.items():
            if where == contest:
                votes[:] = [
                    self._free(contest, voter, vote) if vote.candidate == candidate and vote.counted else vote
                    for vote in votes
                ]

    def stands(self, place: Where, voter: str, contest: str, code: str) -> bool:
        """Whether a message's vote for a candidate still counts."""
        votes = self._votes.get((voter, contest), ())
        return any(
            (vote.node, vote.seq) == place and vote.candidate == code and vote.counted for vote in votes
        )

    def _free(self, contest: str, voter: str, vote: Vote) -> Vote:
        """Give back what a vote has used."""
        if vote.use != "free":
            for where, per, period, _ in self._caps(contest, vote.candidate, vote.day):
                self._used[voter, f"{where} {per}", period] -= 1
                self.claims -= 1
        return vote._replace(use="free")

    def _turn(self, voter: str, contest: str, *, counted: bool) -> None:
        """Take the votes in a contest that caps still hold out of the count, or back into it."""
        was, now = ("voided", "counted") if counted else ("counted", "voided")
        votes = self._votes.get((voter, contest), [])
        for place, vote in enumerate(votes):
            if vote.use == "held" and vote.counted is not counted:
                self.totals[TotalKey("selection", vote.channel, contest, vote.candidate, was)] -= 1
                self.totals[TotalKey("selection", vote.channel, contest, vote.candidate, now)] += 1
                votes[place] = vote._replace(counted=counted)

    def _caps(self, contest: str, candidate: str, day: str) -> list[tuple[str, str, str, int]]:
        """The caps that a counted vote uses: contest ("" over all contests), cap, period, and its votes."""
        known = self._by_vote.get((contest, candidate, day))
        if known is None:
            periods = {"campaign": "", "day": day, "candidate": f"{contest}/{candidate}"}
            caps = [(contest, *cap) for cap in self.rules.caps[contest]]
            caps += [("", *cap) for cap in self.rules.total]
            known = [(where, per, periods[per], votes) for where, per, votes in caps]
            self._by_vote[contest, candidate, day] = known
        return known

    # ---- what there is --------------------------------------------------------------------------------

    @property
    def voters(self) -> int:
        """How many callers have a vote that counts, those erased left out."""
        several = {voter for (voter, _), votes in self._votes.items() if any(one.counted for one in votes)}
        return len(self._lone) + len(several)

    def overridden(self) -> Iterator[tuple[str, int, str, str]]:
        """The votes that a later message of their caller has voided: node, entry, contest, candidate."""
        for (_, contest), votes in self._votes.items():
            for vote in votes:
                if vote.use == "held" and not vote.counted:
                    yield vote.node, vote.seq, contest, vote.candidate

    def alone(self, voter: str) -> tuple[Sequence[Use], int]:
        """The uses that a caller's only message makes, and its entry; none of a caller of several."""
        lone = self._lone.get(voter.encode())
        return ((), -1) if lone is None else (self._by_number[lone & ~_ENTRY].uses, lone & _ENTRY)

    def is_alone(self, voter: str, use: Use, seq: int) -> bool:
        """Whether a caller's only message is this entry, and makes that use."""
        lone = self._lone.get(voter.encode())
        return lone is not None and lone & _ENTRY == seq and use in self._by_number[lone & ~_ENTRY].uses

    def held(self, *, lone: bool = True) -> Iterator[tuple[str, str, str, str, str, str, int]]:
        """Every use of a cap, and void mark, that the ledger implies: voter, contest ("" over all contests),
        cap, period, candidate, channel ("" if no vote stands behind it any more), entry of the message.

        Without those of `lone` messages, if asked: see `is_alone`.
        """
        for name in self._lone if lone else ():
            uses, seq = self.alone(voter := name.decode())
            for where, per, period, _, candidate, channel in uses:
                yield voter, where, per, period, candidate, channel, seq
        for (voter, contest), votes in self._votes.items():
            for vote in votes:
                channel = "" if vote.use == "muted" else vote.channel
                if vote.use != "free":
                    for where, per, period, _ in self._caps(contest, vote.candidate, vote.day):
                        yield voter, where, per, period, vote.candidate, channel, vote.seq
        for (voter, contest), (channel, seq) in self._marks.items():
            yield voter, contest, "void", "", "", channel, seq
