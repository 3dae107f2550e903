"""The count again, from the ledger alone, by code that had no part in writing it (RULES §2, R20).

It trusts no projection: it adds up the outcomes in the openings, follows every ruling, applies the
`void_all` marks, and holds every caller to the caps with its own simple counters.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, Literal, NamedTuple

from tally import bulk, certification
from tally.acts import REVISIONS
from tally.bulk import Ending, Said
from tally.certification import NotAllowed, Progress
from tally.count import ACTS, TotalKey, Totals
from tally.entry import Leaf, Opening, Selected
from tally.outcome import Selection
from tally.verify import Checked

#: By node and entry of a message: its outcome and selections now, and the entry of the last ruling on it.
Endings = dict[tuple[str, int], tuple[str, Selected, int]]

#: What becomes of a selection when a message is taken back, voided, or ruled against.
_GONE: Final = {"counted": "voided", "pending": "rejected"}
_UNDO_MS: Final = 120_000


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules as plain values: contest id -> ((per, votes), ...), and the caps over all contests.

    `candidates` are the (contest, code) pairs that exist, `pending` the outcomes that wait for a person;
    `releases` says whether a withdrawal gives votes back, `adjudicators` how many people rule. `judged` has
    the most points and their step, by contest and criterion; `judges` is how many hand in a sheet.
    """

    caps: Mapping[str, Sequence[tuple[str, int]]]
    total: Sequence[tuple[str, int]]
    candidates: frozenset[tuple[str, str]]
    pending: frozenset[str] = frozenset()
    releases: bool = False
    adjudicators: int = 1
    judged: Mapping[str, Mapping[str, tuple[Fraction, Fraction]]] = field(default_factory=dict)
    judges: int = 0


#: A use of a cap but for whose it is: contest ("" over all contests), cap, period, how manieth, candidate,
#: channel.
Use = tuple[str, str, str, int, str, str]

#: A lone message is kept as its kind's number and, in the bits below, its entry.
_ENTRY_BITS: Final = 40
_ENTRY: Final = (1 << _ENTRY_BITS) - 1


@dataclass(frozen=True, slots=True)
class _Kind:
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


class _Vote(NamedTuple):
    """One counted selection of a caller in a contest. `use` says what became of its uses of the caps."""

    node: str
    seq: int
    channel: str
    candidate: str
    day: str
    counted: bool = True
    use: Literal["held", "muted", "free"] = "held"


@dataclass(slots=True)
class _Message:
    """A message on which somebody has ruled, as it stands."""

    opening: Opening
    voter: str
    outcome: str
    selections: Selected
    voids: tuple[str, ...]
    waits: bool


@dataclass(slots=True)
class Recount:
    """Feed every entry in order; then read `totals`, `claims` and `faults`.

    Most callers send one message, and no act is about it. Of these only its kind and entry are kept, by the
    caller's pseudonym: some 180 bytes a caller. All about a caller is worked out once there is more to say.

    `targets` are the messages that acts are about, as (node, seq): only these are kept in memory.
    `claims` is how many uses of caps, and void marks, the ledger implies. `faults` are sentences.
    `endings` has how each message ended on which somebody has ruled, and the entry of the last ruling.
    `erased` is how many messages an `erase` act has taken the place of: it tells what they came to together.
    `progress` is how far the result has come. `sheets` are the contests and judges of score sheets.
    """

    rules: Rules
    targets: frozenset[tuple[str, int]] = frozenset()
    totals: Totals = field(default_factory=Counter)
    claims: int = 0
    faults: list[str] = field(default_factory=list)
    endings: Endings = field(default_factory=dict)
    erased: int = 0
    progress: Progress = field(default_factory=Progress)
    sheets: set[tuple[str, str]] = field(default_factory=set)
    _gone: dict[str, list[list[int]]] = field(default_factory=dict)
    _explained: dict[str, list[list[int]]] = field(default_factory=dict)
    _kinds: dict[tuple[str, str, Ending], _Kind] = field(default_factory=dict)
    _lone: dict[bytes, int] = field(default_factory=dict)
    _by_number: dict[int, _Kind] = field(default_factory=dict)
    _by_vote: dict[tuple[str, str, str], list[tuple[str, str, str, int]]] = field(default_factory=dict)
    _known: set[bytes] = field(default_factory=set)
    _used: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _votes: dict[tuple[str, str], list[_Vote]] = field(default_factory=dict)
    _messages: dict[tuple[str, int], _Message] = field(default_factory=dict)
    _marks: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def message(self, seq: int, opening: Opening, node: str = "") -> None:
        """Count one message."""
        ended = Ending(opening.day, opening.outcome, opening.selections, opening.voids)
        kind = self._kind(node, opening.channel, ended)
        self._total(kind, 1)
        self._caller(kind, opening.voter, seq)
        if (node, seq) in self.targets:
            waits = opening.outcome in self.rules.pending
            self._messages[node, seq] = _Message(
                opening, opening.voter, opening.outcome, opening.selections, opening.voids, waits
            )

    def messages(self, first: int, said: Said, node: str = "") -> None:
        """Count a run of messages from entry `first` on, none of which an act is about."""
        ends = list(zip(said.channels, said.endings, strict=True))
        kinds: dict[tuple[bytes, bytes], _Kind] = {}
        for (channel, ended), messages in Counter(ends).items():
            kind = kinds[channel, ended] = self._kind(node, channel.decode(), bulk.ending(ended))
            self._total(kind, messages)
        several = self._several(said.voters)
        for seq, (voter, end) in enumerate(zip(said.voters, ends, strict=True), first):
            kind = kinds[end]
            if kind.is_lawful and voter not in several:
                self._lone[voter] = kind.number + seq
                self.claims += len(kind.uses)
            elif not kind.is_quiet:
                self._caller(kind, voter.decode(), seq)

    def _several(self, voters: Sequence[bytes]) -> Set[bytes]:
        """Callers of these messages that have another one, before or among these."""
        twice = {voter for voter, messages in Counter(voters).items() if messages > 1}
        return twice | (self._lone.keys() & voters) | self._known.intersection(voters)

    def _kind(self, node: str, channel: str, ended: Ending) -> _Kind:
        kind = self._kinds.get((node, channel, ended))
        if kind is None:
            kind = self._new_kind(node, channel, ended)
            self._kinds[node, channel, ended] = self._by_number[kind.number] = kind
        return kind

    def _new_kind(self, node: str, channel: str, ended: Ending) -> _Kind:
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
        return _Kind(number, node, channel, ended, counted, tuple(uses), quiet, lawful and not quiet)

    def _total(self, kind: _Kind, messages: int) -> None:
        totals, channel, outcome = self.totals, kind.channel, kind.ended.outcome
        totals[TotalKey("received", channel, "", "", "")] += messages
        totals[TotalKey("message", channel, "", "", outcome)] += messages
        if outcome in self.rules.pending:
            totals[TotalKey("waiting", channel, "", "", outcome)] += messages
        for contest, candidate, ended in kind.ended.selections:
            totals[TotalKey("made", channel, "", "", "")] += messages
            totals[TotalKey("selection", channel, contest, candidate, ended)] += messages

    def _caller(self, kind: _Kind, voter: str, seq: int) -> None:
        """What a message is to its caller."""
        if kind.is_quiet:
            return
        self._learn(voter)
        for contest in kind.ended.voids:
            self._void(voter, contest, kind.channel, seq)
        self._cast(kind, voter, seq)
        outcome = kind.ended.outcome
        if bool(kind.counted) != (outcome == "counted"):
            self.faults.append(f"entry {seq}: outcome {outcome} with {len(kind.counted)} counted selections")

    def _cast(self, kind: _Kind, voter: str, seq: int) -> None:
        for contest, candidate in kind.counted:
            self._count(contest, voter, _Vote(kind.node, seq, kind.channel, candidate, kind.ended.day))

    def _learn(self, voter: str) -> None:
        """From now on all about this caller is kept."""
        name = voter.encode()
        self._known.add(name)
        lone = self._lone.pop(name, None)
        if lone is not None:
            kind = self._by_number[lone & ~_ENTRY]
            self.claims -= len(kind.uses)
            self._cast(kind, voter, lone & _ENTRY)

    def alone(self, voter: str) -> tuple[Sequence[Use], int]:
        """The uses that a caller's only message makes, and its entry; none of a caller of several."""
        lone = self._lone.get(voter.encode())
        return ((), -1) if lone is None else (self._by_number[lone & ~_ENTRY].uses, lone & _ENTRY)

    def gone(self, seq: int, node: str = "") -> None:
        """An entry that commits to something, and nothing is there to be opened."""
        spans = self._gone.setdefault(node, [])
        if spans and spans[-1][1] == seq - 1:
            spans[-1][1] = seq
        else:
            spans.append([seq, seq])

    def overridden(self) -> Iterator[tuple[str, int, str, str]]:
        """The votes that a later message of their caller has voided: node, entry, contest, candidate."""
        for (_, contest), votes in self._votes.items():
            for vote in votes:
                if vote.use == "held" and not vote.counted:
                    yield vote.node, vote.seq, contest, vote.candidate

    @property
    def voters(self) -> int:
        """How many callers have a vote that counts, those erased left out."""
        several = {voter for (voter, _), votes in self._votes.items() if any(one.counted for one in votes)}
        return len(self._lone) + len(several)

    def finish(self) -> None:
        """When every entry was fed: whatever is gone must be what an act says was erased."""
        for node, spans in self._gone.items():
            explained = sorted(self._explained.get(node, []))
            for first, last in spans:
                for low, high in explained:
                    if low <= first <= high:
                        first = high + 1
                if first <= last:
                    self.faults.append(f"entry {first}: what it said is gone, and no act says it was erased")

    def held(self, *, lone: bool = True) -> Iterator[tuple[str, str, str, str, str, str, int]]:
        """Every use of a cap, and void mark, that the ledger implies: voter, contest ("" over all contests),
        cap, period, candidate, channel ("" if no vote stands behind it any more), entry of the message.

        Without those of `lone` messages, if asked: see `alone`.
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

    def act(self, act: Checked, node: str = "") -> None:
        """Count an entry that is an act, and follow what it changes."""
        self.totals[ACTS] += 1
        detail = act.leaf.detail
        self._follow(act)
        if act.leaf.kind in ("score", "lot"):
            self._judged(act)
        if act.leaf.kind == "erase":
            self._erase(act)
        elif act.leaf.commit and not act.private:
            self.gone(act.seq, node)
        if act.leaf.kind in REVISIONS and act.private:
            message = self._messages.get((detail["node"], detail["entry"]))
            if message is None:
                self._fault(act, f"rules on entry {detail['entry']}, which cannot be followed")
            else:
                self._revise(act, message)
        elif act.leaf.kind == "withdraw":
            if detail["release"] != self.rules.releases:
                self._fault(act, "gives votes back, or not, against the rules")
            if detail["release"]:
                self._free_candidate(detail["contest"], detail["candidate"])

    def _follow(self, act: Checked) -> None:
        """How far the result has come: by the declared edges alone, and by two where two must agree."""
        kind, detail = act.leaf.kind, act.leaf.detail
        if self.progress.status == "certified" and kind not in certification.AFTER_CERTIFICATION:
            self._fault(act, "after the result was certified")
        two = certification.needs_two(kind, detail.get("verdict", ""))
        if two and detail.get("second", "") in ("", detail["by"]):
            self._fault(act, "needs two people")
        try:
            self.progress = certification.after(self.progress, kind, detail, act.leaf.at_ms)
        except NotAllowed:
            self._fault(act, f"is not allowed of a result that is {self.progress.status}")

    def _judged(self, act: Checked) -> None:
        """One sheet a judge and contest, of whole and possible marks; lots among candidates of one
        contest."""
        contest, by = act.leaf.detail["contest"], act.leaf.detail["by"]
        criteria = self.rules.judged.get(contest)
        if criteria is None:
            self._fault(act, "is of a contest that is not judged")
            return
        if act.leaf.kind == "lot":
            order = act.leaf.detail["order"]
            if len(set(order)) < len(order) or any(
                (contest, one) not in self.rules.candidates for one in order
            ):
                self._fault(act, "names candidates twice, or none of the contest")
            return
        if (contest, by) in self.sheets:
            self._fault(act, "is a second sheet of the same judge")
        self.sheets.add((contest, by))
        if sum(one == contest for one, _ in self.sheets) > self.rules.judges:
            self._fault(act, f"is one sheet more than the {self.rules.judges} of the rules")
        for code, marks in act.private["marks"].items() if act.private else ():
            if (contest, code) not in self.rules.candidates or not _possible(criteria, marks):
                self._fault(act, f"has marks for {code} that cannot be")

    def _erase(self, act: Checked) -> None:
        """Take what the erased messages came to, together, for themselves."""
        if not act.private:
            self._fault(act, "has lost what the erased messages came to")
            return
        for *key, n in act.private["totals"]:
            self.totals[TotalKey(*key)] += n
        self.erased += act.private["messages"]
        for node, spans in act.leaf.detail["entries"].items():
            self._explained.setdefault(node, []).extend(spans)

    def _fault(self, act: Checked, what: str) -> None:
        self.faults.append(f"entry {act.seq}: {act.leaf.kind} {what}")

    def _count(self, contest: str, voter: str, vote: _Vote) -> None:
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

    def _free(self, contest: str, voter: str, vote: _Vote) -> _Vote:
        """Give back what a vote has used."""
        if vote.use != "free":
            for where, per, period, _ in self._caps(contest, vote.candidate, vote.day):
                self._used[voter, f"{where} {per}", period] -= 1
                self.claims -= 1
        return vote._replace(use="free")

    def _void(self, voter: str, contest: str, channel: str, seq: int) -> None:
        """A vote over the cap voids the caller's votes in a contest: the `void_all` rule."""
        self.claims += 1
        self._marks[voter, contest] = channel, seq
        self._turn(voter, contest, counted=False)

    def _turn(self, voter: str, contest: str, *, counted: bool) -> None:
        """Take the votes in a contest that caps still hold out of the count, or back into it."""
        was, now = ("voided", "counted") if counted else ("counted", "voided")
        votes = self._votes.get((voter, contest), [])
        for place, vote in enumerate(votes):
            if vote.use == "held" and vote.counted is not counted:
                self.totals[TotalKey("selection", vote.channel, contest, vote.candidate, was)] -= 1
                self.totals[TotalKey("selection", vote.channel, contest, vote.candidate, now)] += 1
                votes[place] = vote._replace(counted=counted)

    def _free_candidate(self, contest: str, candidate: str) -> None:
        of = {number for number, kind in self._by_number.items() if (contest, candidate) in kind.counted}
        for name in [name for name, lone in self._lone.items() if lone & ~_ENTRY in of]:
            self._learn(name.decode())
        for (voter, where), votes in self._votes.items():
            if where == contest:
                votes[:] = [
                    self._free(contest, voter, vote) if vote.candidate == candidate and vote.counted else vote
                    for vote in votes
                ]

    # ---- rulings --------------------------------------------------------------------------------------

    def _revise(self, act: Checked, message: _Message) -> None:
        leaf, private = act.leaf, act.private
        self._learn(message.voter)
        self._learn(private["voter"])
        was, now = ending(private["was"]), ending(private["now"])
        place = (leaf.detail["node"], leaf.detail["entry"])
        standing = self._standing(place, message) if _changes(leaf) else message.selections
        if was != (message.outcome, message.selections):
            self._fault(act, "does not begin with what the message had come to")
        for fault in _unlawful(self.rules, leaf, message):
            self._fault(act, fault)
        if _changes(leaf):
            self._take_back(place, message, mute=leaf.kind == "void" and not leaf.detail["release"])
        counting = leaf.detail.get("verdict") == "count"
        if not _follows(leaf, standing, now[1]):
            self._fault(act, "gives selections an outcome that it cannot give")
        message.voter = private["voter"]
        if counting:
            for contest in private["now"]["voids"]:
                self._void(message.voter, contest, message.opening.channel, place[1])
        self._move(leaf, message, (was[0], standing), now)
        if counting:
            self._count_again(place, message, now[1])
        message.outcome, message.selections = now
        message.voids = tuple(private["now"]["voids"])
        self.endings[place] = (*now, act.seq)

    def _standing(self, place: tuple[str, int], message: _Message) -> Selected:
        """The selections, those shown as voided that a later vote of the caller has voided."""
        return tuple(
            (
                contest,
                code,
                ended if ended != "counted" or self._stands(place, message, contest, code) else "voided",
            )
            for contest, code, ended in message.selections
        )

    def _stands(self, place: tuple[str, int], message: _Message, contest: str, code: str) -> bool:
        votes = self._votes.get((message.voter, contest), ())
        return any(
            (vote.node, vote.seq) == place and vote.candidate == code and vote.counted for vote in votes
        )

    def _take_back(self, place: tuple[str, int], message: _Message, *, mute: bool) -> None:
        """What the message's votes have used comes free, or stays used with no vote behind it."""
        for contest in {contest for contest, *_ in message.selections}:
            votes = self._votes.get((message.voter, contest), [])
            for at, vote in enumerate(votes):
                if (vote.node, vote.seq) != place:
                    continue
                done = (
                    vote._replace(use="muted" if vote.use == "held" else vote.use)
                    if mute
                    else (self._free(contest, message.voter, vote))
                )
                votes[at] = done._replace(counted=False)
        if not mute:
            for contest in message.voids:
                self.claims -= 1
                self._marks.pop((message.voter, contest), None)
                self._turn(message.voter, contest, counted=True)

    def _move(
        self, leaf: Leaf, message: _Message, was: tuple[str, Selected], now: tuple[str, Selected]
    ) -> None:
        totals, channel = self.totals, message.opening.channel
        for sign, (outcome, selections) in ((-1, was), (1, now)):
            totals[TotalKey("message", channel, "", "", outcome)] += sign
            totals[TotalKey("made", channel, "", "", "")] += sign * len(selections)
            for contest, code, ended in selections:
                totals[TotalKey("selection", channel, contest, code, ended)] += sign
        waits = leaf.kind == "dispute"
        totals[TotalKey("waiting", channel, "", "", message.outcome)] += waits - message.waits
        message.waits = waits

    def _count_again(self, place: tuple[str, int], message: _Message, selections: Selected) -> None:
        for contest, code, ended in selections:
            if ended == "counted":
                vote = _Vote(*place, message.opening.channel, code, message.opening.day)
                self._count(contest, message.voter, vote)


def ending(told: Mapping[str, Any]) -> tuple[str, Selected]:
    """An outcome and selections, as an act's private part tells them."""
    return told["outcome"], tuple((contest, code, ended) for contest, code, ended in told["selections"])


def voided(selections: Selected, over: frozenset[Selection]) -> Selected:
    """Selections as they stand once a later message of the caller has voided some: see `overridden`."""
    return tuple(
        (contest, code, "voided" if ended == "counted" and Selection(contest, code) in over else ended)
        for contest, code, ended in selections
    )


def _changes(leaf: Leaf) -> bool:
    """Whether what the message had come to is taken back before anything else."""
    return leaf.kind in ("undo", "void") or leaf.detail.get("verdict") in ("count", "reject")


def _unlawful(rules: Rules, leaf: Leaf, message: _Message) -> Iterator[str]:
    """What RULES §7 forbids of it."""
    detail, second = leaf.detail, leaf.detail.get("second", "")
    two = leaf.kind == "void" or (leaf.kind == "adjudicate" and rules.adjudicators == 2)
    if two and second in ("", detail["by"]):
        yield "needs two people"
    if leaf.kind == "adjudicate" and not message.waits:
        yield "rules on a message that does not wait"
    if leaf.kind == "undo" and not message.opening.message_id.startswith(f"{detail['by']}/"):
        yield "takes back another operator's call"
    if leaf.kind == "undo" and leaf.at_ms - message.opening.received_ms > _UNDO_MS:
        yield "comes too late"


def _follows(leaf: Leaf, standing: Selected, now: Selected) -> bool:
    """Whether these selections can come of those by such an act."""
    if not _changes(leaf):
        return now == standing
    gone = tuple((contest, code, _GONE.get(ended, ended)) for contest, code, ended in standing)
    if leaf.detail.get("verdict") != "count":
        return now == gone
    judged = {"counted", "over_cap", "same_candidate", "withdrawn"}
    named = {one[:2] for one in now}
    return {one[:2] for one in gone} <= named and all(one in gone or one[2] in judged for one in now)


def _possible(criteria: Mapping[str, tuple[Fraction, Fraction]], marks: Mapping[str, str] | None) -> bool:
    """Whether marks are of all criteria, from nothing to the most, in steps; None is a recusal."""
    if marks is None:
        return True
    if set(marks) != set(criteria):
        return False
    given = [(Fraction(text), *criteria[name]) for name, text in marks.items()]
    return all(0 <= points <= most and (points / step).denominator == 1 for points, most, step in given)
